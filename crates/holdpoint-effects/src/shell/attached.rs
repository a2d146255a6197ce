//! Processes that a line reaches by their number: it ends the one whose number a file holds, or attaches to one that runs.
//!
//! *Out of scope:* what ending a process means (`families/files.toml`), and numbers that a program prints (`processes.rs`).

use holdpoint_core::effect::{Effect, ResourceKind, Reversibility, Verb};

use super::effect::plain;
use super::options::Line;
use super::processes::named;
use super::syntax::{Command, Form, List, Part, RedirectionKind, Span, Word};
use super::value::{Field, Value};
use super::walker::Walker;

impl Walker<'_> {
    /// `kill $(cat /run/nginx.pid)`: what the file holds is not known, but by its name whose number it is.
    pub(super) fn ends_by_file(
        &mut self,
        program: &str,
        arguments: &[Field],
        words: &[&Word],
        directory: Option<&str>,
        span: &Span,
    ) {
        let ends = |word: &&Word| word.plain() == Some("kill");
        if !matches!(program, "doas" | "kill" | "sudo") || !words.iter().any(ends) {
            return;
        }
        let files = words.iter().flat_map(|word| &word.parts).filter_map(printed_file);
        let processes: Vec<Value> = files.filter_map(|file| named(file.strip_suffix(".pid")?)).collect();
        if processes.is_empty() {
            return;
        }
        let options = arguments.iter().filter(|field| field.value.head().starts_with('-')).cloned();
        let words = options.chain(processes.into_iter().map(|value| Field::new(value, span.clone())));
        let words: Vec<Field> = words.collect();
        self.at_worst(|walker| walker.program_of_system("kill", &words, directory, span));
    }

    /// A program that attaches to a process sees and may change all that it does: Holdpoint's is the guard.
    pub(super) fn attaches(&mut self, program: &str, line: &Line, span: &Span) {
        let guard = |field: &Field| field.shown().split([',', ' ']).any(|process| process.starts_with("holdpoint"));
        if ["-p", "--pid", "--attach"].iter().flat_map(|name| line.values(name)).any(guard) {
            let summary = format!("Attaches `{program}` to Holdpoint itself");
            let effect = plain(Verb::Modify, ResourceKind::Guard, "holdpoint", summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
    }
}

/// The file whose text a substitution becomes: `$(cat FILE)`, `$(< FILE)`.
fn printed_file(part: &Part) -> Option<&str> {
    let Part::Command { list: List { items, .. }, .. } = part else { return None };
    let [item] = items.as_slice() else { return None };
    let Command { form: Form::Simple(simple), redirections, .. } = &item.first else { return None };
    match (simple.words.as_slice(), redirections.as_slice()) {
        ([program, .., file], _) if program.plain().is_some_and(|name| matches!(name, "cat" | "head" | "tail")) => file.plain(),
        ([], [redirection, ..]) => match &redirection.kind {
            RedirectionKind::Read(file) => file.plain(),
            _ => None,
        },
        _ => None,
    }
}
