//! Files that the line itself writes before it runs them: what they hold then stands in the line.
//!
//! ```text
//! cat > t.py <<'E' … E     what the command prints, and where to ──► held ──► python3 t.py reads it as a program of the line
//! ```
//!
//! *In scope:* text that the line determines, put there by a redirection or by `tee`. Whatever else may write to the path makes it
//! unknown again. *Out of scope:* whether the write succeeds: where something lies at the path already, that is judged as well.

use super::files::Target;
use super::state::Held;
use super::syntax::{Command, Form, Redirection, RedirectionKind, Simple, Word};
use super::value::Value;
use super::walker::{Input, Site, Walker};
use crate::recover::holds;

/// Longest text of a file that is kept, in bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;

impl Walker<'_> {
    /// What a file holds that the line has written, where the line determines it.
    pub(super) fn held(&self, path: &str) -> Option<&Held> {
        // What came to lie at the path itself is held since then.
        let moved = || self.state.moved.iter().any(|moved| moved != path && holds(moved, path));
        self.state.held.get(path).filter(|_| !moved())
    }

    /// The file that a command is about to write, and what it will hold.
    pub(super) fn about_to_write(&self, command: &Command) -> Option<(String, Held)> {
        let Form::Simple(simple) = &command.form else { return None };
        let (inputs, outputs): (Vec<&Redirection>, Vec<&Redirection>) =
            command.redirections.iter().partition(|redirection| !writes(redirection));
        let (word, text, appends) = match outputs.as_slice() {
            [] if !is_tee(simple) => return self.about_to_bring(simple, self.within.as_ref().unwrap_or(&command.span)),
            [] | [_] if is_tee(simple) => (simple.words.get(1)?, self.given_to_tee(&inputs, &outputs)?, false),
            [redirection] if matches!(redirection.descriptor.as_deref(), None | Some("1")) => match &redirection.kind {
                RedirectionKind::Append(word) => (word, self.printed_by(simple, &inputs), true),
                RedirectionKind::Write(word) => (word, self.printed_by(simple, &inputs), false),
                _ => return None,
            },
            _ => return None,
        };
        let path = self.only_path(word)?;
        let text = text.known().or_else(|| self.recipe_printed(simple, &path)).filter(|_| self.site == Site::Here)?;
        let before = self.state.held.get(&path);
        let whole = match appends {
            false => format!("{text}\n"),
            true => {
                let before = before.map(|held| held.text.clone()).or_else(|| self.recipe_before(&path))?;
                format!("{}\n{text}\n", before.trim_end_matches('\n'))
            }
        };
        // Something that runs beside this command may write there once more.
        let by_others = before.is_none() && self.is_rewritten(&path);
        let span = self.within.clone().unwrap_or_else(|| command.span.clone());
        (!by_others && whole.len() <= TEXT_MAX_BYTES).then_some((path, Held { text: whole, span }))
    }

    /// Takes note of what a command has written.
    pub(super) fn hold(&mut self, written: Option<(String, Held)>, command: &Command) {
        if let (None, Form::Simple(simple)) = (&written, &command.form) {
            self.brings_unread(simple);
        }
        if let Some((path, held)) = written.filter(|(path, _)| self.is_rewritten(path)) {
            self.state.held.insert(path, held);
        }
    }

    fn printed_by(&self, simple: &Simple, inputs: &[&Redirection]) -> Value {
        let choices = std::collections::BTreeMap::new();
        self.expander(&choices, self.directory().as_deref()).printed_by(simple, inputs, None)
    }

    /// `tee FILE` writes what it reads, and prints it: to nowhere, or where it does not matter.
    fn given_to_tee(&self, inputs: &[&Redirection], outputs: &[&Redirection]) -> Option<Value> {
        let nowhere = |redirection: &&Redirection| match &redirection.kind {
            RedirectionKind::Write(word) => word.plain() == Some("/dev/null"),
            _ => false,
        };
        let choices = std::collections::BTreeMap::new();
        let expander = self.expander(&choices, None);
        let text = match inputs {
            [] => match &self.input {
                Input::Text(text) => text.clone(),
                _ => return None,
            },
            [input] => expander.given_by(input)?,
            _ => return None,
        };
        outputs.iter().all(nowhere).then_some(text)
    }

    pub(super) fn only_path(&self, word: &Word) -> Option<String> {
        let directory = self.directory();
        match self.redirected(word).as_slice() {
            [value] => match self.target(value, directory.as_deref()) {
                Target::Exactly(path) if !path.starts_with("/dev/") => Some(path),
                _ => None,
            },
            _ => None,
        }
    }
}

fn writes(redirection: &Redirection) -> bool {
    let errors = redirection.descriptor.as_deref() == Some("2");
    !errors && matches!(redirection.kind, RedirectionKind::Append(_) | RedirectionKind::ReadWrite(_) | RedirectionKind::Write(_))
}

/// Whether a command has no assignments of its own in front.
pub(super) fn is_alone(simple: &Simple) -> bool {
    simple.assignments.is_empty()
}

fn is_tee(simple: &Simple) -> bool {
    let option = |word: &Word| word.plain().is_some_and(|text| text.starts_with('-'));
    matches!(simple.words.as_slice(), [name, file] if name.plain() == Some("tee") && !option(file)) && is_alone(simple)
}
