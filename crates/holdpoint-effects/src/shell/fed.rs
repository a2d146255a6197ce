//! Files that the line has written and then hands to a program that runs code nobody here reads.
//!
//! ```text
//! echo 'execute_process(COMMAND rm -rf /x)' > CMakeLists.txt && cmake .       the file is found by itself: its commands count
//! echo 'system("frob")' > f && strange -c f                                    the file is named: what it calls counts as well
//! ```
//!
//! *In scope:* commands that destroy between the quotes and brackets of such a file, and, where nothing is known of the program, calls
//! of what acts. *Out of scope:* files of languages that are read (`held.rs`), and what lay there before.

use holdpoint_core::effect::Verb;

use super::budget::PATH_STEPS;
use super::files::Target;
use super::state::Held;
use super::stranger::{calls_an_act, commands_within};
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};

/// Most files of one line that are looked at for one program.
const FILES_MAX: usize = 4;
/// Most paths in one file that are looked at.
const PATHS_MAX: usize = 16;

impl Walker<'_> {
    /// Follows the commands in files that the line has written, which a program may run that runs code.
    pub(super) fn fed_by_the_line(&mut self) {
        if self.site != Site::Here {
            return;
        }
        let may_run = self.state.held.iter().filter(|(path, _)| !is_read_when_it_runs(path));
        let written: Vec<Held> = may_run.take(FILES_MAX).map(|(_, held)| held.clone()).collect();
        for held in written {
            if !self.budget.walk_steps(held.text.len().div_ceil(64)) {
                return;
            }
            for command in commands_within(&held.text) {
                self.at_worst(|walker| walker.inner_text(&Value::text(&command), held.span.clone()));
            }
            self.lost_by(&held);
        }
    }

    /// Loses, at worst, what stands between quotes beside a call of what acts: `os.remove("notes.txt")`.
    fn lost_by(&mut self, held: &Held) {
        let directory = self.directory();
        let acting = held.text.lines().filter(|line| calls_an_act(line) || line.contains("REMOVE"));
        let named: Vec<&str> =
            acting.flat_map(|line| line.split(['"', '\'', '`', ' ', ')']).filter(|text| is_path(text))).collect();
        for name in named.into_iter().take(PATHS_MAX).take_while(|_| self.budget.walk_steps(PATH_STEPS)) {
            let field = Field::new(Value::text(name), held.span.clone());
            self.at_worst(|walker| walker.lose(&field, directory.as_deref(), Verb::Delete, "May delete"));
        }
    }

    /// Holds a program of which nothing is known where it is given a file of the line's that calls what acts.
    pub(super) fn fed_a_program(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        if self.site != Site::Here || self.state.held.is_empty() {
            return;
        }
        let acts = |walker: &Self, field: &Field| match walker.target(&field.value, directory) {
            Target::Exactly(path) => walker.held(&path).is_some_and(|held| calls_an_act(&held.text)),
            _ => false,
        };
        for field in arguments.iter().take_while(|_| self.budget.walk_steps(1)).cloned().collect::<Vec<_>>() {
            let behind = super::apply::behind(&field, "*=");
            if acts(self, &field) || behind.is_some_and(|behind| acts(self, &behind)) {
                return self.opaque(
                    program,
                    "it is given code that the line writes, in a language that is not read",
                    span.clone(),
                );
            }
        }
    }
}

/// Whether a text is spelled as a path is.
fn is_path(text: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || matches!(letter, '/' | '.' | '-' | '_' | '~');
    let has_ending = text.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && (1..=5).contains(&ending.len()));
    let rooted = text.strip_prefix('/').map(|rest| rest.split('/').next().unwrap_or_default());
    let is_named = match rooted {
        // Addresses of a service begin with a slash as well.
        Some(first) => ROOTS.contains(&first),
        None => text.contains('/') || has_ending,
    };
    text.len() > 2 && text.chars().all(plain) && is_named
}

/// Directories of the root in which something lies that is worth keeping.
const ROOTS: [&str; 12] = ["Users", "data", "etc", "home", "media", "mnt", "opt", "root", "srv", "usr", "var", "Volumes"];

/// Whether a file is a script, which is read when something runs it, or a text for people.
fn is_read_when_it_runs(path: &str) -> bool {
    const ENDS: [&str; 13] =
        [".adoc", ".bash", ".bats", ".csv", ".fish", ".html", ".json", ".log", ".md", ".rst", ".sh", ".txt", ".zsh"];
    const NAMES: [&str; 5] = ["Dockerfile", "GNUmakefile", "Makefile", "justfile", "makefile"];
    let name = path.rsplit('/').next().unwrap_or(path);
    name != "CMakeLists.txt" && (NAMES.contains(&name) || ENDS.iter().any(|end| name.ends_with(end)))
}
