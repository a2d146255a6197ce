//! What options of programs that are described tell by their names: `--output-file ~/x` writes there, `--pager 'sh x'` runs that.
//!
//! Nobody describes every option of every program. A name that says that a file is written, or a command run, is believed, and what
//! stands behind it is followed at its worst. What is written in the work tree is its own affair, as what a build writes there.
//!
//! *Out of scope:* options that data describe, which say more (`families/*.toml`), and programs of which nothing is known (`stranger.rs`).

use holdpoint_core::effect::{Certainty, ResourceKind};
use holdpoint_core::question::{FileKind, PathFacts, Place};

use super::apply::behind;
use super::budget::PATH_STEPS;
use super::files::Target;
use super::syntax::Span;
use super::value::Field;
use super::walker::{Site, Walker};
use crate::families::{self, Otherwise};
use crate::recover::kind_of;

/// Parts of names that say that a file is written.
const WRITES: [&str; 13] = [
    "dest",
    "destination",
    "dump",
    "junitxml",
    "log",
    "logfile",
    "out",
    "outfile",
    "output",
    "outputfile",
    "report",
    "save",
    "write",
];
/// Parts of names that say that a command is run.
const RUNS: [&str; 12] =
    ["cmd", "command", "debugger", "editor", "exec", "hook", "interpreter", "pager", "program", "runner", "shell", "wrapper"];
/// Parts of names that say that it is about how and not what.
const TELLS_HOW: [&str; 28] = [
    "buffer",
    "charset",
    "color",
    "colour",
    "columns",
    "count",
    "delay",
    "delimiter",
    "dir",
    "directory",
    "encoding",
    "fields",
    "folder",
    "format",
    "id",
    "interval",
    "level",
    "limit",
    "mode",
    "name",
    "prefix",
    "size",
    "style",
    "template",
    "timeout",
    "type",
    "url",
    "width",
];

/// What the name of an option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tells {
    Nothing,
    Runs,
    Writes,
}

impl Walker<'_> {
    /// Follows what stands behind options that tell by their names what they do with it.
    pub(super) fn told_by_options(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        // A program of which nothing is known is looked at closer (`stranger.rs`), and what is not known of one waits already.
        let described = families::command(program).is_some_and(|command| command.otherwise != Otherwise::Unknown);
        if self.site != Site::Here || !described {
            return;
        }
        for (at, word) in arguments.iter().enumerate() {
            let head = word.value.head();
            if head == "--" {
                return;
            }
            let (name, attached) = head.split_once('=').map_or((head, false), |(name, _)| (name, true));
            let value = match tells(name) {
                Tells::Nothing => continue,
                _ if !self.budget.walk_steps(PATH_STEPS) => return self.stop(span.clone()),
                _ if attached => behind(word, &format!("{name}=")),
                // Without a `=` the word behind it may be no value of it: `lynx -dump ADDRESS`.
                Tells::Writes if !takes_a_file(name) => None,
                _ => arguments.get(at + 1).filter(|next| !next.value.head().starts_with('-')).cloned(),
            };
            match (tells(name), value) {
                (Tells::Runs, Some(text)) if text.known().is_some_and(|text| text.contains([' ', '/'])) => {
                    self.followed_if_text(&text, span);
                }
                (Tells::Writes, Some(file)) if file.known().is_some_and(|file| file.contains('/') && !file.contains("://")) => {
                    self.written_elsewhere(&file, directory);
                }
                _ => {}
            }
        }
    }

    /// Follows what may be a command. What is no text for a shell is something else: a query, a template.
    fn followed_if_text(&mut self, text: &Field, span: &Span) {
        let before = self.noted();
        self.at_worst(|walker| walker.inner_text(&text.value, span.clone()));
        let noted = self.take_noted(before);
        if !noted.iter().any(|effect| effect.certainty == Certainty::Opaque && effect.resource.name.is_empty()) {
            noted.into_iter().for_each(|effect| self.note(effect));
        }
    }

    /// Writes over a file, and leaves out what is the work tree's own.
    fn written_elsewhere(&mut self, file: &Field, directory: Option<&str>) {
        let Target::Exactly(path) = self.target(&file.value, directory) else { return };
        let own = |facts: &PathFacts| {
            let inside = matches!(facts.place, Place::Scratch | Place::WorkTree);
            let nothing_there = facts.kind == FileKind::Missing || facts.kind == FileKind::Directory;
            (inside || nothing_there)
                && matches!(kind_of(self.world, &path, Some(facts)), ResourceKind::File | ResourceKind::GitWork)
        };
        if !self.world.path(&path).is_some_and(own) {
            self.overwrite(file, directory);
        }
    }
}

/// What an option tells by its name. Only names of several letters tell anything.
fn tells(option: &str) -> Tells {
    let name = option.trim_start_matches('-');
    if option.len() == name.len() || name.len() < 3 || name.len() > NAME_MAX_BYTES {
        return Tells::Nothing;
    }
    let parts = parts(name);
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    match () {
        () if has(&TELLS_HOW) || parts.first().is_some_and(|part| part == "no" || part == "input") => Tells::Nothing,
        () if has(&RUNS) => Tells::Runs,
        () if has(&WRITES) => Tells::Writes,
        () => Tells::Nothing,
    }
}

/// Whether an option that writes is called as those that take the file for their value.
fn takes_a_file(option: &str) -> bool {
    const TAKES: [&str; 10] = ["bin", "dest", "destination", "file", "junitxml", "logfile", "out", "outfile", "output", "path"];
    parts(option.trim_start_matches('-')).iter().any(|part| TAKES.contains(&part.as_str()))
}

/// The parts of a name, in lower case: `log-file`, `outputFile`, `export_path`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for sign in name.chars() {
        let parted = matches!(sign, '-' | '_' | '.' | ':');
        if parted || sign.is_ascii_uppercase() {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| !parted) {
            last.push(sign.to_ascii_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Names that are longer are no names.
const NAME_MAX_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_written_and_what_is_run() {
        for name in ["--output", "--output-file", "--outputFile", "--report-path", "-out", "--dump_file", "--junitxml"] {
            assert_eq!(tells(name), Tells::Writes, "{name}");
        }
        for name in ["--pager", "--exec", "--diff-cmd", "--pre-hook", "--rustc-wrapper"] {
            assert_eq!(tells(name), Tells::Runs, "{name}");
        }
        for name in [
            "-o",
            "--output-format",
            "--outdir",
            "--no-output",
            "--input",
            "--log-level",
            "output",
            "--",
            "--outline",
            "--hook-type",
        ] {
            assert_eq!(tells(name), Tells::Nothing, "{name}");
        }
    }
}
