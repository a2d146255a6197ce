//! Redirections: files that are created, overwritten or appended to, and what a command reads.

use std::collections::BTreeMap;

use super::budget::PATH_STEPS;
use super::files::{APPENDS, Target};
use super::syntax::{Redirection, RedirectionKind, Word};
use super::value::{Field, Shape, Value};
use super::walker::{Input, Walker};

impl Walker<'_> {
    /// Follows the redirections of a command, in their order; leaves what the command reads in `self.input`.
    pub(crate) fn redirections(&mut self, redirections: &[Redirection]) {
        for redirection in redirections {
            if !self.budget.walk_steps(PATH_STEPS) {
                return self.stop(0..0);
            }
            self.redirection(redirection);
        }
    }

    fn redirection(&mut self, redirection: &Redirection) {
        match &redirection.kind {
            RedirectionKind::Append(word) => {
                for (directory, field) in self.operands(word) {
                    self.modify(&field, directory.as_deref(), APPENDS);
                }
            }
            RedirectionKind::Duplicate { word, input } => {
                self.visit(word);
                let read = self.read_by(word);
                self.opened(redirection.descriptor.as_deref(), *input, read);
            }
            RedirectionKind::HereDocument(body) => {
                let Some(parts) = body.get() else { return };
                self.visit_all(parts);
                let choices = BTreeMap::new();
                let value = self.expander(&choices, self.directory().as_deref()).parts(parts);
                self.input_is_foreign(self.is_foreign(parts));
                self.opened(redirection.descriptor.as_deref(), true, Input::Text(value));
            }
            RedirectionKind::HereString(word) => {
                self.visit(word);
                let values = self.single(word);
                self.input_is_foreign(self.is_foreign(&word.parts));
                let value = if let [value] = values.as_slice() { value.clone() } else { Value::unknown() };
                self.opened(redirection.descriptor.as_deref(), true, Input::Text(value));
            }
            RedirectionKind::Read(word) => {
                let operands = self.operands(word);
                for (directory, field) in &operands {
                    if let Target::Exactly(path) = self.target(&field.value, directory.as_deref()) {
                        self.is_stream(&path, &field.span);
                    }
                    self.look(field, directory.as_deref());
                }
                let read = match operands.as_slice() {
                    [(directory, field)] => self.readable(field, directory.as_deref()),
                    _ => Input::Piped,
                };
                self.opened(redirection.descriptor.as_deref(), true, read);
            }
            RedirectionKind::ReadWrite(word) => {
                for (directory, field) in self.operands(word) {
                    self.modify(&field, directory.as_deref(), "Opens for writing");
                }
                self.opened(redirection.descriptor.as_deref(), true, Input::Piped);
            }
            RedirectionKind::Write(word) => {
                for (directory, field) in self.operands(word) {
                    self.overwrite(&field, directory.as_deref());
                }
            }
        }
        // `{fd}> file` puts the number of the descriptor into a variable.
        if let Some(name) = redirection.descriptor.as_deref().and_then(|name| name.strip_prefix('{')) {
            self.state.set(name.trim_end_matches('}'), vec![Value::any(Shape::Plain)]);
        }
    }

    /// Takes note of what a descriptor reads from now on; without one it is the standard input or output.
    fn opened(&mut self, descriptor: Option<&str>, input: bool, read: Input) {
        match (descriptor, input) {
            (Some("0"), _) | (None, true) => {
                self.input = read;
                self.commands_at_input = self.commands;
            }
            (Some(number), _) => {
                self.descriptors.insert(number.to_owned(), read);
            }
            (None, false) => {}
        }
    }

    /// What a descriptor that a word names reads.
    fn read_by(&self, word: &Word) -> Input {
        let values = self.single(word);
        match values.as_slice() {
            [value] => match value.known().as_deref().map(|number| number.trim_end_matches('-')) {
                Some("0") => self.input.clone(),
                Some("") => Input::Text(Value::text("")),
                Some(number) => self.descriptors.get(number).cloned().unwrap_or(Input::Piped),
                None => Input::Piped,
            },
            _ => Input::Piped,
        }
    }

    fn readable(&self, field: &Field, directory: Option<&str>) -> Input {
        match self.target(&field.value, directory) {
            Target::Exactly(path) if path == "/dev/null" => Input::Text(Value::text("")),
            Target::Exactly(path) if !path.starts_with("/dev/") => Input::File(path),
            _ => Input::Piped,
        }
    }

    /// The values of a redirection's word, each with the directory it is relative to.
    fn operands(&mut self, word: &Word) -> Vec<(Option<String>, Field)> {
        self.visit(word);
        let span = self.within.clone().unwrap_or_else(|| word.span.clone());
        let directories = self.state.directories.clone();
        let values = self.redirected(word);
        let with = |directory: &Option<String>| {
            values.iter().map(|value| (directory.clone(), Field::new(value.clone(), span.clone()))).collect::<Vec<_>>()
        };
        directories.iter().flat_map(with).collect()
    }
}
