//! Follows what runs while words are expanded: substitutions, and values that are themselves read as code.

use std::collections::{BTreeMap, BTreeSet};

use super::expand::inherited;
use super::operators::SLICE;
use super::scan::{looks_evaluated, names_in};
use super::syntax::{List, Operation, Part, Word};
use super::value::{Piece, Value};
use super::walker::{Input, Walker};

impl Walker<'_> {
    /// Follows the substitutions in a word.
    pub(crate) fn visit(&mut self, word: &Word) {
        self.visit_all(&word.parts);
    }

    pub(crate) fn visit_all(&mut self, parts: &[Part]) {
        for part in parts {
            self.visit_part(part);
        }
    }

    fn visit_part(&mut self, part: &Part) {
        match part {
            Part::Arithmetic { parts, .. } => self.visit_arithmetic(parts),
            Part::Command { list, .. } => self.substitution(list, None),
            Part::Process { list } => self.substitution(list, Some(Input::Piped)),
            Part::Parameter { parameter, .. } => {
                if let Some(subscript) = &parameter.subscript {
                    self.visit_all(subscript);
                    self.evaluates_subscript(&parameter.name, subscript);
                }
                match &parameter.operation {
                    Operation::Alternative { word, .. } => self.visit_all(word),
                    Operation::Changed { word, operator } => {
                        self.visit_all(word);
                        if *operator == SLICE {
                            self.evaluates(word);
                        }
                    }
                    Operation::Default { word, assign, .. } => {
                        self.visit_all(word);
                        if *assign {
                            let choices = BTreeMap::new();
                            let value = self.expander(&choices, self.directory().as_deref()).parts(word);
                            self.evaluated_later(&value, &(0..0));
                            let before = self.state.variables.get(&parameter.name).cloned();
                            let before = before.unwrap_or_else(|| vec![inherited(&parameter.name, self.world, None)]);
                            let set =
                                before.into_iter().filter(|value| !value.is_unset() && value.known().as_deref() != Some(""));
                            self.state.set(&parameter.name, set.chain([value]).collect());
                        }
                    }
                    Operation::Plain => {}
                    Operation::Reread(word) => {
                        self.visit_all(word);
                        self.reread(&parameter.name);
                    }
                }
            }
            Part::Text { .. } => {}
        }
    }

    /// Follows an arithmetic expression: what it runs, and what it assigns.
    pub(super) fn visit_arithmetic(&mut self, parts: &[Part]) {
        self.visit_all(parts);
        self.evaluated_variables(parts);
        self.evaluates(parts);
        let text = |part: &Part| if let Part::Text { text, .. } = part { text.clone() } else { " ".to_owned() };
        self.assigned_by_arithmetic(&parts.iter().map(text).collect::<String>());
    }

    fn substitution(&mut self, list: &List, input: Option<Input>) {
        if !self.deeper(&(0..0)) {
            return;
        }
        self.apart(|walker| {
            walker.input = input.unwrap_or(Input::Inherited);
            walker.list(list);
        });
        self.depth -= 1;
    }

    /// A value that is itself read as an expansion: harmless only where it is known and holds none.
    fn reread(&mut self, name: &str) {
        let values = self.state.variables.get(name).cloned().unwrap_or_else(|| vec![inherited(name, self.world, None)]);
        let harmless = |value: &Value| value.known().is_some_and(|text| !text.contains(['$', '`', '[']));
        if self.state.variables.contains_key(name) && !values.iter().all(harmless) {
            self.opaque(name, "the value of a variable is read as code", 0..0);
        }
    }

    /// Arithmetic evaluates the values of the variables in it, subscripts and their substitutions included.
    pub(super) fn evaluated_variables(&mut self, parts: &[Part]) {
        let mut names: BTreeSet<String> = names_in(&parts.iter().collect::<Vec<_>>());
        for part in parts {
            if let Part::Text { text, .. } = part {
                names.extend(
                    text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '_')).map(str::to_owned),
                );
            }
        }
        let runs = |value: &Value| value.pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if text.contains('[')));
        let evaluated = names.iter().filter_map(|name| self.state.variables.get(name)).flatten().any(runs);
        if evaluated {
            self.opaque("", "an arithmetic expression evaluates a variable that holds a subscript", 0..0);
        }
    }

    /// `test -v 'a[…]'` and `[[ a[…] -eq 1 ]]` evaluate a quoted subscript.
    pub(crate) fn evaluated_subscript(&mut self, word: &Word) {
        let text: String = word
            .parts
            .iter()
            .filter_map(|part| if let Part::Text { text, .. } = part { Some(text.as_str()) } else { None })
            .collect();
        if looks_evaluated(&text) {
            self.opaque(&text, "a subscript is evaluated as code", word.span.clone());
        }
        if let [Part::Text { text, .. }] = word.parts.as_slice() {
            self.evaluated_variables(&[Part::literal(text.as_str(), true)]);
        }
    }
}
