//! Which file a bare name runs, where the search path leads through places that anybody who works here can write to.
//!
//! A name is believed where only the usual directories are searched: the system's, and those in which people keep their tools.
//! Elsewhere a file of that name runs instead of what the name says, so the file is judged, as if the line had spelled it out.

use holdpoint_core::effect::{Certainty, Verb};
use holdpoint_core::question::Place;

use super::destroyers::PROGRAM_DIRECTORIES;
use super::interpreter::is_interpreter;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use super::wrappers::is_shell;
use crate::families;
use crate::world::{Content, absolute};
use crate::{CREDENTIAL, SITE};

/// What a bare name turns out to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Lookup {
    /// The program that the name says, or that the file is a link to or a copy of.
    Named(String),
    /// A file that is judged by itself.
    File(String),
    /// Nobody could tell.
    Unknown,
}

impl Walker<'_> {
    /// What a bare name runs.
    pub(super) fn look_up(&self, name: &str) -> Lookup {
        let named = || Lookup::Named(name.to_owned());
        if self.site != Site::Here || self.searches_only_usual_places() {
            return named();
        }
        match self.world.program(name) {
            None => Lookup::Unknown,
            Some(None) => named(),
            Some(Some(path)) => match system_program(path) {
                Some(program) => Lookup::Named(program.to_owned()),
                None if self.is_usual(path) => named(),
                None => Lookup::File(path.to_owned()),
            },
        }
    }

    /// The program of the system that a compiled file is a link to or a copy of; the outer nothing means that it is not known.
    pub(super) fn system_program_at(&self, path: &str) -> Option<Option<&str>> {
        self.world.program(path).map(|found| found.and_then(system_program))
    }

    /// Judges a file that a bare name runs, and what its name says: a tool that a project brings along is both. Where the name says
    /// already that it runs the project's code, it does not matter which file of an installation starts that.
    pub(super) fn run_as_file_and_name(
        &mut self,
        path: String,
        name: &Field,
        program: &str,
        arguments: &[Field],
        directory: Option<&str>,
        span: &Span,
    ) {
        let before = self.noted();
        self.program_of_system(program, arguments, directory, span);
        let named = self.take_noted(before);
        let delegated = named.iter().any(|effect| effect.verb == Verb::Execute && effect.certainty == Certainty::Delegated);
        named.into_iter().for_each(|effect| self.note(effect));
        let installed = path.rsplit_once('/').is_some_and(|(place, _)| INSTALLED.iter().any(|bin| place.ends_with(bin)));
        if !(delegated && installed) {
            self.run_found(path, name, arguments, directory);
        }
    }

    /// Judges a file that a bare name runs.
    pub(super) fn run_found(&mut self, path: String, name: &Field, arguments: &[Field], directory: Option<&str>) {
        let file = Field::new(Value::text(path), name.span.clone());
        self.script(&file, arguments, directory, "itself");
    }

    fn searches_only_usual_places(&self) -> bool {
        // A gate that holds rights of its own runs only what root alone can exchange, from directories that root names.
        let holds_rights = [CREDENTIAL, SITE].iter().any(|name| self.world.variable(name).is_some());
        let Some(search) = self.world.variable("PATH").filter(|_| !holds_rights) else { return true };
        search.split(':').all(|entry| entry.starts_with('/') && self.is_tool_directory(entry))
    }

    /// Whether a path is that of a tool with a known name in a directory where this person's or the machine's tools lie: what stands
    /// for it there when a version manager chooses is taken at its word, as it is when it is called by its name.
    pub(super) fn is_kept_tool(&self, path: &str, place: &str, base: &str) -> bool {
        let of_tools = ["/bin", "/shims"].iter().any(|end| place.ends_with(end)) && place.starts_with('/');
        of_tools
            && self.site == Site::Here
            && self.is_tool_directory(place)
            // Any hidden directory may be called so; these are where version managers put what they choose.
            && (!self.is_in_tools_of_home(place) || CHOSEN.iter().any(|chosen| place.ends_with(chosen)))
            && !self.is_rewritten(path)
            && !is_shell(base)
            && (is_interpreter(base) || families::command(base).is_some())
    }

    /// Whether a directory is, by its name alone, one of the system's or one where this person keeps tools.
    fn is_tool_directory(&self, directory: &str) -> bool {
        let directory = format!("{}/", absolute(directory, "/"));
        SYSTEM.iter().any(|system| directory.starts_with(system)) || self.is_in_tools_of_home(&directory)
    }

    /// Hidden directories of the home, and the few others by convention; never the one that is worked in.
    pub(super) fn is_in_tools_of_home(&self, path: &str) -> bool {
        let Some(home) = self.world.home() else { return false };
        let first_below = |path: &str| {
            let below = path.strip_prefix(home)?.strip_prefix('/')?;
            below.split('/').next().filter(|name| !name.is_empty()).map(str::to_owned)
        };
        let tools = first_below(path).filter(|name| name.starts_with('.') || TOOLS_OF_HOME.contains(&name.as_str()));
        tools.is_some_and(|name| first_below(self.world.directory()).is_none_or(|here| here != name))
    }

    /// Whether what a file at this path does is what its name says.
    fn is_usual(&self, path: &str) -> bool {
        if self.is_tool_directory(path) {
            return true;
        }
        let here = self.world.directory().trim_end_matches('/');
        if path.strip_prefix(here).is_some_and(|below| below.starts_with('/')) {
            return false;
        }
        match self.world.path(path).map(|facts| facts.place) {
            Some(Place::Elsewhere | Place::MountRoot) => !self.is_shell_script(path),
            Some(Place::GitDirectory | Place::Home | Place::Scratch | Place::WorkTree) | None => false,
        }
    }

    fn is_shell_script(&self, path: &str) -> bool {
        let Content::Text(text) = self.world.content(path) else { return false };
        let Some(words) = shebang(text) else { return true };
        words.iter().flat_map(|word| word.split([' ', '/'])).any(is_shell)
    }
}

/// The name of a program where it lies in a directory whose programs are those that their names say.
fn system_program(path: &str) -> Option<&str> {
    let (place, base) = path.rsplit_once('/')?;
    PROGRAM_DIRECTORIES.contains(&place).then_some(base)
}

/// The words with which a file's first line says how it runs: the interpreter and, as one word, the rest of the line
/// (execve(2), "Interpreter scripts").
pub(super) fn shebang(text: &str) -> Option<Vec<&str>> {
    let line = text.strip_prefix("#!")?.lines().next()?.trim_matches([' ', '\t']);
    let (program, rest) = line.split_once([' ', '\t']).unwrap_or((line, ""));
    Some([program, rest.trim_start_matches([' ', '\t'])].into_iter().filter(|word| !word.is_empty()).collect())
}

/// Where package managers put a project's tools.
const INSTALLED: [&str; 3] = ["/.venv/bin", "/node_modules/.bin", "/venv/bin"];

/// Where version managers and installers of a language put programs in a home.
const CHOSEN: [&str; 10] = [
    "/.asdf/shims",
    "/.bun/bin",
    "/.cargo/bin",
    "/.deno/bin",
    "/.goenv/shims",
    "/.local/share/mise/shims",
    "/.nodenv/shims",
    "/.pyenv/shims",
    "/.rbenv/shims",
    "/.volta/bin",
];

/// Where administrators and package managers put programs.
const SYSTEM: [&str; 12] = [
    "/Applications/",
    "/Library/",
    "/System/",
    "/bin/",
    "/home/linuxbrew/.linuxbrew/",
    "/nix/",
    "/opt/",
    "/run/current-system/",
    "/sbin/",
    "/snap/",
    "/usr/",
    "/var/lib/",
];

/// Directories of a home in which people keep tools, besides the hidden ones.
const TOOLS_OF_HOME: [&str; 8] = ["Library", "anaconda3", "bin", "go", "mambaforge", "miniconda3", "miniforge3", "perl5"];
