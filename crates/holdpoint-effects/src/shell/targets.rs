//! Targets of task files: `make clean`, `npm run build`, `just test`, `task lint`, `deno task x`, `composer run x`, aliases of cargo.
//!
//! What a target runs is the work tree's own code, as a build is. It is read for what it certainly does; what hangs on values that
//! the file does not say, what it writes in the work tree and what it clears away there that git ignores are delegated.
//!
//! *Out of scope:* the files' formats ([`recipe`](crate::recipe)).

use holdpoint_core::effect::{Certainty, Effect, ResourceKind, Verb};
use holdpoint_core::question::{GitKeeping, PathFacts, Place};

use super::options::Line;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use super::wrapper::leading;
use crate::recipe::justfile::{self, Run};
use crate::recipe::makefile::Makefile;
use crate::recipe::{scripts, taskfile};
use crate::world::{Content, absolute};

/// What a package manager calls its own scripts with, and those that are not scripts when they stand alone.
const MANAGERS: [&str; 4] = ["bun", "npm", "pnpm", "yarn"];
/// Scripts that npm and its like run by their bare name.
const BARE: [&str; 6] = ["restart", "start", "stop", "t", "test", "tst"];
/// Options of make that take a value.
const MAKE_VALUED: [&str; 16] = [
    "-C",
    "--directory",
    "-f",
    "--file",
    "--makefile",
    "-I",
    "--include-dir",
    "-o",
    "--old-file",
    "-W",
    "--what-if",
    "-l",
    "--load-average",
    "-E",
    "--eval",
    "--jobserver-auth",
];

impl Walker<'_> {
    /// Follows what a target runs, where its file can be read. Whatever it finds, the families say the rest.
    pub(super) fn targets(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let directory = directory.to_owned();
        match program {
            "make" | "gmake" => self.make_targets(program, arguments, &directory, span),
            "just" => self.just_targets(arguments, &directory, span),
            "task" | "go-task" => self.task_targets(program, arguments, &directory, span),
            "composer" => self.composer_scripts(arguments, &directory, span),
            _ if MANAGERS.contains(&program) => self.package_scripts(program, arguments, &directory, span),
            _ => {}
        }
    }

    fn make_targets(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, goals) = make_line(arguments);
        if ["-n", "--dry-run", "--just-print", "--recon", "-v", "--version", "-h", "--help", "-q"]
            .iter()
            .any(|name| line.has_exactly(name))
        {
            return;
        }
        let mut inside = directory.to_owned();
        for moved in line.values("-C").chain(line.values("--directory")) {
            let Some(moved) = moved.known() else { return };
            inside = absolute(&moved, &inside);
        }
        let named: Vec<String> =
            ["-f", "--file", "--makefile"].iter().flat_map(|name| line.values(name)).filter_map(Field::known).collect();
        let usual = ["GNUmakefile", "makefile", "Makefile"].map(str::to_owned);
        let files = if named.is_empty() { usual.as_slice() } else { named.as_slice() };
        let Some((path, text)) = self.first_text(files, &inside) else { return };
        let (given, goals): (Vec<String>, Vec<String>) = goals.into_iter().partition(|word| word.contains('='));
        let mut makefile = Makefile::default();
        makefile.read(&text, &|name| self.world.file_text(&absolute(name, &inside)).map(str::to_owned));
        for (name, value) in
            [("MAKE", "make"), ("RM", "rm -f"), ("CURDIR", inside.as_str()), ("SHELL", "/bin/sh"), ("CC", "cc"), ("CXX", "g++")]
        {
            makefile.inherit(name, value);
        }
        if let Some(home) = self.world.home() {
            makefile.inherit("HOME", home);
        }
        for (name, value) in given.iter().filter_map(|word| word.split_once('=')) {
            makefile.give(name.trim_end_matches(':'), value);
        }
        let goal = format!("{path} {}", goals.join(" "));
        self.recipes(&goal, &makefile.commands(&goals), program, &inside, span);
    }

    fn just_targets(&mut self, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) = leading(arguments, &["-f", "--justfile", "-d", "--working-directory", "--set", "--dotenv-path"]);
        if line.options.iter().any(|given| given.name.starts_with("--") && given.name != "--justfile")
            || line.has("-l")
            || line.has("-n")
        {
            return;
        }
        let named: Vec<String> = line.values("-f").chain(line.values("--justfile")).filter_map(Field::known).collect();
        let usual = ["justfile", "Justfile", ".justfile"].map(str::to_owned);
        let files = if named.is_empty() { usual.as_slice() } else { named.as_slice() };
        let words: Option<Vec<String>> = arguments.get(used..).unwrap_or_default().iter().map(Field::known).collect();
        let (Some(words), Some((path, text))) = (words, self.first_text(files, directory)) else { return };
        let words: Vec<String> = words.into_iter().filter(|word| !word.contains('=') || word.starts_with('-')).collect();
        let runs = justfile::commands(&text, &words).unwrap_or_default();
        let lines: Vec<String> =
            runs.iter().filter_map(|run| if let Run::Line(line) = run { Some(line.clone()) } else { None }).collect();
        self.recipes(&format!("{path} {}", words.join(" ")), &lines, "just", directory, span);
        for script in runs.iter().filter_map(|run| if let Run::Script(text) = run { Some(text) } else { None }) {
            let first = script.lines().next().unwrap_or_default();
            if ["bash", "/sh", " sh", "zsh"].iter().any(|shell| first.contains(shell)) {
                self.recipes(&format!("{path} {}", words.join(" ")), std::slice::from_ref(script), "just", directory, span);
            }
        }
    }

    fn task_targets(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) = leading(arguments, &["-t", "--taskfile", "-d", "--dir"]);
        if line.has("-l") || line.has("--list") || line.has("--dry") || line.has("-n") || line.has("--summary") {
            return;
        }
        let usual = ["Taskfile.yml", "Taskfile.yaml", "taskfile.yml"].map(str::to_owned);
        let words: Vec<String> = arguments.get(used..).unwrap_or_default().iter().filter_map(Field::known).collect();
        let names: Vec<String> = words.into_iter().take_while(|word| word != "--").filter(|word| !word.contains('=')).collect();
        let Some((path, text)) = self.first_text(&usual, directory) else { return };
        let lines = taskfile::commands(&text, &names).unwrap_or_default();
        self.recipes(&format!("{path} {}", names.join(" ")), &lines, program, directory, span);
    }

    fn composer_scripts(&mut self, arguments: &[Field], directory: &str, span: &Span) {
        let words: Vec<String> = arguments.iter().filter_map(Field::known).filter(|word| !word.starts_with('-')).collect();
        let name = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["run" | "run-script", name, ..] | [name, ..] => (*name).to_owned(),
            [] => return,
        };
        let Some((path, text)) = self.first_text(&["composer.json".to_owned()], directory) else { return };
        let lines = scripts::composer(&text, &name).unwrap_or_default();
        self.recipes(&format!("{path} {name}"), &lines, "composer", directory, span);
    }

    /// `npm run NAME`, `yarn NAME`, `npm test`, `npm install`.
    fn package_scripts(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) = leading(arguments, &["--prefix", "-C", "--dir", "--cwd", "--loglevel"]);
        let mut inside = directory.to_owned();
        for moved in ["--prefix", "-C", "--dir", "--cwd"].iter().flat_map(|name| line.values(name)) {
            let Some(moved) = moved.known() else { return };
            inside = absolute(&moved, &inside);
        }
        let words: Vec<Field> = arguments.get(used..).unwrap_or_default().to_vec();
        let known = |at: usize| words.get(at).and_then(Field::known);
        let (name, behind) = match known(0).as_deref() {
            Some("run" | "run-script") => match words.iter().skip(1).position(|word| !word.value.head().starts_with('-')) {
                Some(at) => (known(at + 1), at + 2),
                None => return,
            },
            Some("install" | "i" | "ci" | "add") => (None, 1),
            Some("t" | "tst") => (Some("test".to_owned()), 1),
            Some(word) if BARE.contains(&word) || !matches!(program, "npm") => (Some(word.to_owned()), 1),
            None if program == "yarn" => (None, 0),
            _ => return,
        };
        let Some((path, text)) = self.first_text(&["package.json".to_owned()], &inside) else { return };
        let Some(name) = name else {
            return self.recipes(&format!("{path} install"), &scripts::package_installs(&text), program, &inside, span);
        };
        let Some(mut lines) = scripts::package(&text, &name) else { return };
        let more: Vec<String> =
            words.get(behind..).unwrap_or_default().iter().map(Field::shown).filter(|word| word != "--").collect();
        if let [line] = lines.as_mut_slice()
            && !more.is_empty()
        {
            let quoted = more.iter().map(|word| format!(" '{}'", word.replace('\'', "'\\''")));
            line.extend(quoted.collect::<Vec<_>>());
        }
        self.recipes(&format!("{path} {name}"), &lines, program, &inside, span);
    }

    /// `deno task NAME`.
    pub(super) fn deno_task(&mut self, name: &str, directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let directory = directory.to_owned();
        let Some((path, text)) = self.first_text(&["deno.json".to_owned(), "deno.jsonc".to_owned()], &directory) else { return };
        let lines = scripts::deno(&text, name).unwrap_or_default();
        self.recipes(&format!("{path} {name}"), &lines, "deno", &directory, span);
    }

    /// `cargo NAME` where that is an alias of the project; `false` where it is none.
    pub(super) fn cargo_alias(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return false };
        let Some((first, rest)) = arguments.split_first() else { return false };
        let Some(name) =
            first.known().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
        else {
            return false;
        };
        let path = absolute(".cargo/config.toml", directory);
        if self.is_rewritten(&path) || self.reading.contains(&path) {
            return false;
        }
        let Some(words) = self.world.file_text(&path).and_then(|text| scripts::cargo_alias(text, &name)) else { return false };
        let words = words.into_iter().map(|word| Field::new(Value::text(word), first.span.clone()));
        let cargo = Field::new(Value::text("cargo"), first.span.clone());
        let words: Vec<Field> = std::iter::once(cargo).chain(words).chain(rest.iter().cloned()).collect();
        self.reading.insert(path.clone());
        self.run_words(&words, Some(directory), span);
        self.reading.remove(&path);
        true
    }

    /// The first of these files that can be read.
    fn first_text(&self, names: &[String], directory: &str) -> Option<(String, String)> {
        // All are asked about at once: a gate answers in few rounds.
        let texts: Vec<(String, Content<'_>)> = names
            .iter()
            .map(|name| absolute(name, directory))
            .map(|path| {
                let content = self.world.content(&path);
                (path, content)
            })
            .collect();
        texts.into_iter().find_map(|(path, content)| match content {
            Content::Text(text) if !self.is_rewritten(&path) => Some((path, text.to_owned())),
            _ => None,
        })
    }

    /// Follows the texts that a target runs, each in a shell of its own.
    fn recipes(&mut self, name: &str, lines: &[String], program: &str, directory: &str, span: &Span) {
        if lines.is_empty() || self.reading.contains(name) || !self.deeper(span) {
            return;
        }
        self.reading.insert(name.to_owned());
        for line in lines {
            let before = self.noted();
            self.apart(|walker| {
                walker.state.functions.clear();
                walker.state.directories = vec![Some(directory.to_owned())];
                walker.inner_text(&Value::text(line.as_str()), span.clone());
            });
            // What is fetched and run is nobody's own.
            let fetched = ["curl", "wget", "http"].iter().any(|word| line.contains(word));
            self.forgive_own(before, fetched);
        }
        self.reading.remove(name);
        self.depth -= 1;
        self.note_delegated(program, format!("Runs `{}`, whose recipe was read", name.trim_end()), span);
    }

    /// Of what the work tree's own code does, leaves out what is its own affair: what cannot be read, unless that is said to count,
    /// what hangs on values that nobody knows yet, what it writes in the work tree, and what it clears away there that git ignores. Says
    /// whether there was any of that.
    pub(super) fn forgive_own(&mut self, before: usize, unread_counts: bool) -> bool {
        let taken = self.take_noted(before);
        let all = taken.len();
        let unread = |effect: &Effect| effect.certainty == Certainty::Opaque && !unread_counts;
        let undetermined = |effect: &Effect| effect.certainty == Certainty::Worst && effect.resource.name == "/";
        let own = |effect: &Effect| self.site == Site::Here && self.is_own_affair(effect);
        let kept: Vec<Effect> =
            taken.into_iter().filter(|effect| !unread(effect) && !undetermined(effect) && !own(effect)).collect();
        let forgave = kept.len() < all;
        kept.into_iter().for_each(|effect| self.note(effect));
        forgave
    }

    fn is_own_affair(&self, effect: &Effect) -> bool {
        let facts = |here: &dyn Fn(&PathFacts) -> bool| {
            self.world.path(&effect.resource.name).is_some_and(|facts| facts.place == Place::WorkTree && here(facts))
        };
        let ignored = |git: &GitKeeping| git.untracked == 0 && git.modified == 0 && git.tracked == 0;
        let file = matches!(effect.resource.kind, ResourceKind::File | ResourceKind::GitWork);
        match effect.verb {
            Verb::Delete if file && effect.resource.name.contains(['*', '?']) => {
                self.is_pattern_of_results(&effect.resource.name)
            }
            Verb::Delete if file => facts(&|facts| facts.git.as_ref().is_some_and(ignored)),
            Verb::Modify | Verb::Overwrite if file => facts(&|_| true),
            Verb::Read => effect.resource.kind == ResourceKind::Credential && facts(&|_| true),
            _ => false,
        }
    }

    /// Whether a pattern names files by their ending, in the work tree.
    fn is_pattern_of_results(&self, pattern: &str) -> bool {
        let Some((place, name)) = pattern.rsplit_once('/') else { return false };
        let ending = name.strip_prefix('*').is_some_and(|ending| ending.starts_with('.') && !ending.contains('*'));
        ending && self.world.path(place).is_some_and(|facts| facts.place == Place::WorkTree)
    }
}

/// The options of make, and the other words.
fn make_line(arguments: &[Field]) -> (Line, Vec<String>) {
    let mut rest = arguments;
    let (mut whole, mut goals) = (Line::default(), Vec::new());
    while !rest.is_empty() {
        let (line, used) = leading(rest, &MAKE_VALUED);
        whole.options.extend(line.options);
        let Some((goal, behind)) = rest.get(used..).and_then(<[Field]>::split_first) else { break };
        goals.push(goal.known().unwrap_or_default());
        rest = behind;
    }
    (whole, goals)
}
