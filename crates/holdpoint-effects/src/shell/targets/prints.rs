//! What a command of a recipe prints, where the text tells: one value, several where conditions choose, or something unknown.

use std::collections::BTreeMap;

use super::super::expand::Expander;
use super::super::reader::Reader;
use super::super::syntax::{Command, Form, Item, List, Word};
use super::super::value::{Piece, Shape, Value};
use super::super::walker::Walker;
use crate::recipe::{PLAIN, SCRATCH, UNDETERMINED};
use crate::world::absolute;

/// Most values that are told apart.
const VALUES_MAX: usize = 8;

/// What a text may print.
pub(super) fn prints(walker: &Walker<'_>, text: &str, directory: &str) -> Vec<String> {
    if !walker.budget.read_bytes(text.len()) {
        return vec![UNDETERMINED.to_owned()];
    }
    let outline = Reader::new(text, walker.depth, walker.budget, Some(0..0)).outline();
    if !outline.faults.is_empty() {
        return vec![UNDETERMINED.to_owned()];
    }
    let choices = BTreeMap::new();
    let printer = Printer { walker, expander: walker.expander(&choices, Some(directory)), directory };
    let mut printed = Vec::new();
    for value in printer.list(&outline.list) {
        let text = text_of(&value);
        if !printed.contains(&text) {
            printed.push(text);
        }
    }
    if printed.len() > VALUES_MAX || printed.is_empty() { vec![UNDETERMINED.to_owned()] } else { printed }
}

/// A value as text in which what is not known stands as such.
pub(super) fn text_of(value: &Value) -> String {
    let text = |piece: &Piece| match piece {
        Piece::Text(text) | Piece::Pattern(text) => text.clone(),
        Piece::Any { shape: Shape::Plain, .. } => PLAIN.to_owned(),
        Piece::Any { shape: Shape::Scratch, .. } => SCRATCH.to_owned(),
        Piece::Any { .. } => UNDETERMINED.to_owned(),
    };
    value.pieces.iter().map(text).collect()
}

struct Printer<'a, 'w> {
    walker: &'a Walker<'w>,
    expander: Expander<'a>,
    directory: &'a str,
}

impl Printer<'_, '_> {
    fn list(&self, list: &List) -> Vec<Value> {
        match list.items.as_slice() {
            [] => vec![Value::text("")],
            [item] => self.item(item),
            _ => vec![Value::unknown()],
        }
    }

    /// An and-or chain prints what some of its commands print. Where each is one that only tells, that is the first or a later one.
    fn item(&self, item: &Item) -> Vec<Value> {
        let mut values = self.command(&item.first);
        for (_, command) in &item.rest {
            for value in self.command(command) {
                if value.known().as_deref() != Some("") && !values.contains(&value) {
                    values.push(value);
                }
            }
        }
        values
    }

    fn command(&self, command: &Command) -> Vec<Value> {
        let quiet = command.redirections.iter().all(|one| one.descriptor.as_deref() == Some("2"));
        match &command.form {
            Form::Group(list) | Form::Subshell(list) if quiet => self.list(list),
            Form::If { branches, otherwise } => {
                let mut values: Vec<Value> = branches.iter().flat_map(|(_, body)| self.list(body)).collect();
                values.extend(otherwise.as_ref().map_or_else(|| vec![Value::text("")], |list| self.list(list)));
                values
            }
            Form::Pipeline(stages) => match stages.as_slice() {
                [only] => self.command(only),
                [.., last] => vec![self.counted(last)],
                [] => vec![Value::unknown()],
            },
            Form::Simple(simple) if simple.assignments.is_empty() => {
                let words: Vec<Value> = simple.words.iter().flat_map(|word: &Word| self.expander.fields(word)).collect();
                let to_nowhere = command.redirections.iter().any(|one| matches!(one.descriptor.as_deref(), None | Some("1")));
                if to_nowhere { vec![Value::text("")] } else { vec![self.simple(command, &words)] }
            }
            Form::Test(_) | Form::Arithmetic(_) => vec![Value::text("")],
            _ => vec![Value::unknown()],
        }
    }

    fn simple(&self, command: &Command, words: &[Value]) -> Value {
        let known: Option<Vec<String>> = words.iter().map(Value::known).collect();
        let known: Vec<String> = known.unwrap_or_default();
        match known.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            // The name of a program runs what its path would.
            ["command", "-v", name] | ["which" | "type", name] | ["type", "-p" | "-P", name] | ["which", "-a", name] => {
                Value::text(*name)
            }
            ["cat", file] => {
                let path = absolute(file, self.directory);
                let text = self.walker.world.file_text(&path).filter(|_| !self.walker.is_rewritten(&path));
                text.map_or_else(Value::unknown, |text| Value::text(text.trim_end_matches('\n')))
            }
            ["true" | "false" | ":" | "test" | "[" | "mkdir" | "touch" | "cd", ..] => Value::text(""),
            _ => self.expander.output_of(command),
        }
    }

    /// What counts or hashes prints a plain word, whatever it is given.
    fn counted(&self, last: &Command) -> Value {
        let Form::Simple(simple) = &last.form else { return Value::unknown() };
        match simple.words.first().and_then(Word::plain) {
            Some("wc" | "md5sum" | "sha1sum" | "sha256sum" | "nproc") => Value::any(Shape::Plain),
            _ => Value::unknown(),
        }
    }
}
