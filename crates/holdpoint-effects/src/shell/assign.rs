//! Assignments: what variables and arrays hold after them, and what a command finds in its environment.

use std::collections::BTreeMap;

use super::arithmetic;
use super::budget::VALUE_BYTES_PER_STEP;
use super::expand::inherited;
use super::parameter::may_be_several;
use super::scan::{combined, looks_evaluated, names_in};
use super::syntax::{Assigned, Assignment, Part, Span, Word};
use super::value::{Field, Piece, Shape, Value};
use super::walker::Walker;

/// Builtins in front of which assignments outlive the command in a POSIX shell (POSIX, "Special Built-In Utilities").
const SPECIAL_BUILTINS: [&str; 15] = [
    ".", ":", "break", "continue", "eval", "exec", "exit", "export", "readonly", "return", "set", "shift", "times", "trap",
    "unset",
];

impl Walker<'_> {
    pub(super) fn visit_assignment(&mut self, assignment: &Assignment) {
        if let Some(subscript) = &assignment.subscript {
            self.visit_all(subscript);
            self.evaluates_subscript(&assignment.name, subscript);
        }
        match &assignment.value {
            Assigned::Array(words) => words.iter().for_each(|word| self.visit(word)),
            Assigned::Scalar(word) => self.visit(word),
        }
    }

    pub(super) fn assign(&mut self, assignment: &Assignment, span: &Span) {
        self.dangerous_variable(assignment, span);
        let name = assignment.name.as_str();
        match &assignment.value {
            Assigned::Array(words) => self.assign_array(name, words, assignment.append, span),
            Assigned::Scalar(word) => match &assignment.subscript {
                Some(subscript) => self.assign_element(assignment, subscript, word, span),
                None => self.assign_scalar(assignment, word, span),
            },
        }
    }

    /// `a=(…)`. Elements that say their own place, and globs, leave the places of all unknown.
    pub(super) fn assign_array(&mut self, name: &str, words: &[Word], append: bool, span: &Span) {
        let mut values = self.values_of(words);
        values.iter().for_each(|value| self.evaluated_later(value, span));
        let placed =
            |word: &Word| matches!(word.parts.first(), Some(Part::Text { text, quoted: false }) if text.starts_with('['));
        let before = match (append, self.state.arrays.get(name)) {
            (false, _) => Vec::new(),
            (true, Some(elements)) => elements.clone(),
            (true, None) => vec![Value::loose()],
        };
        if self.several_combinations(words) || words.iter().any(placed) || before == [Value::loose()] {
            values = vec![Value::loose()];
        } else {
            values.splice(0..0, before);
        }
        let foreign = words.iter().any(|word| self.is_foreign(&word.parts)) || (append && self.state.foreign.contains(name));
        self.state.set_array(name, values);
        self.foreign_name(name, foreign);
    }

    fn assign_element(&mut self, assignment: &Assignment, subscript: &[Part], word: &Word, span: &Span) {
        let values = self.single(word);
        values.iter().for_each(|value| self.evaluated_later(value, span));
        let choices = BTreeMap::new();
        let index = self.expander(&choices, self.directory().as_deref()).parts(subscript).known();
        let index = index.and_then(|index| index.parse::<usize>().ok());
        let mut elements = self.state.arrays.get(&assignment.name).cloned().unwrap_or_else(|| vec![Value::loose()]);
        let several = elements.iter().any(may_be_several) || self.state.altered.contains(&assignment.name);
        match (index.and_then(|index| elements.get_mut(index)), values.as_slice()) {
            (Some(element), [value]) if !several && !assignment.append => *element = value.clone(),
            _ => elements = vec![Value::loose()],
        }
        let foreign = self.is_foreign(&word.parts) || self.state.foreign.contains(&assignment.name);
        self.state.set_array(&assignment.name, elements);
        self.foreign_name(&assignment.name, foreign);
    }

    fn assign_scalar(&mut self, assignment: &Assignment, word: &Word, span: &Span) {
        let mut values = self.single(word);
        if assignment.append {
            let before = self.state.variables.get(&assignment.name).cloned();
            let before = before.unwrap_or_else(|| vec![inherited(&assignment.name, self.world, None)]);
            values = combined(&before, &values);
        }
        values.iter().for_each(|value| self.evaluated_later(value, span));
        let copied: usize = values.iter().map(Value::len).sum();
        if !self.budget.walk_steps(copied / VALUE_BYTES_PER_STEP) {
            return self.stop(span.clone());
        }
        // What is assigned to an array goes into its first element.
        if self.state.arrays.contains_key(&assignment.name) {
            return self.state.set_array(&assignment.name, vec![Value::loose()]);
        }
        let foreign = self.is_foreign(&word.parts) || (assignment.append && self.state.foreign.contains(&assignment.name));
        self.state.set(&assignment.name, values);
        self.foreign_name(&assignment.name, foreign);
    }

    /// Whether words come to something else with each value that a variable may have.
    fn several_combinations(&self, words: &[Word]) -> bool {
        let parts: Vec<&Part> = words.iter().flat_map(|word| &word.parts).collect();
        self.combinations(&names_in(&parts)).is_none_or(|combinations| combinations.len() > 1)
    }

    /// The names that an arithmetic expression assigns hold some number from now on.
    pub(super) fn assigned_by_arithmetic(&mut self, text: &str) {
        if let Some((name, sum)) = arithmetic::assignment(text).filter(|(name, _)| !self.state.arrays.contains_key(*name)) {
            let choices = BTreeMap::new();
            let expander = self.expander(&choices, None);
            let value = arithmetic::value(&sum, &|name| expander.variable(name).known());
            let value = value.map_or_else(|| Value::any(Shape::Plain), |value| Value::text(value.to_string()));
            return self.state.set(name, vec![value]);
        }
        for name in arithmetic::assigned(text) {
            if self.state.arrays.contains_key(name) {
                self.state.set_array(name, vec![Value::loose()]);
            } else {
                let before = self.state.variables.get(name).cloned().unwrap_or_else(|| vec![inherited(name, self.world, None)]);
                self.state.set(name, before.into_iter().chain([Value::any(Shape::Plain)]).collect());
            }
        }
    }

    /// Arithmetic, tests and subscripts run the substitution in a value such as `a[$(…)]`. Where that may happen later is not
    /// followed: a variable that is given such a value counts.
    pub(super) fn evaluated_later(&mut self, value: &Value, span: &Span) {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) | Piece::Pattern(text) => text.clone(),
            Piece::Any { .. } => String::new(),
        };
        if looks_evaluated(&value.pieces.iter().map(text).collect::<String>()) {
            self.opaque(&value.shown(), "a value is code where arithmetic evaluates it", span.clone());
        }
    }

    /// Sets the variables in front of a command; gives what they hid, to be put back behind it.
    pub(super) fn assign_for_command(&mut self, assignments: &[Assignment]) -> Vec<(String, Option<Vec<Value>>)> {
        let mut hidden = Vec::new();
        for assignment in assignments {
            if let Assigned::Scalar(word) = &assignment.value {
                let values = self.single(word).into_iter().map(Value::present).collect();
                hidden.push((assignment.name.clone(), self.state.variables.insert(assignment.name.clone(), values)));
            }
        }
        hidden.reverse();
        hidden
    }

    /// Puts back what the variables in front of a command hid. In front of a special builtin they stay where the shell is POSIX's.
    pub(super) fn put_back(&mut self, hidden: Vec<(String, Option<Vec<Value>>)>, fields: &[Field]) {
        let special = fields.first().and_then(Field::known).is_some_and(|name| SPECIAL_BUILTINS.contains(&name.as_str()));
        for (name, values) in hidden {
            let given = self.state.variables.get(&name).cloned().unwrap_or_default();
            match values {
                Some(values) if special => self.state.set(&name, values.into_iter().chain(given).collect()),
                Some(values) => {
                    self.state.variables.insert(name, values);
                }
                None if special => {
                    let before = inherited(&name, self.world, None);
                    self.state.set(&name, given.into_iter().chain([before]).collect());
                }
                None => {
                    self.state.variables.remove(&name);
                }
            }
        }
    }
}
