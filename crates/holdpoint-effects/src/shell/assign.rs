//! Assignments: what variables and arrays hold after them, and what a command finds in its environment.

use std::collections::BTreeSet;

use super::budget::VALUE_BYTES_PER_STEP;
use super::expand::inherited;
use super::scan::{assigned_in, combined, looks_evaluated};
use super::syntax::{Assigned, Assignment, List, Span};
use super::value::{Piece, Value};
use super::walker::Walker;

impl Walker<'_> {
    pub(super) fn visit_assignment(&mut self, assignment: &Assignment) {
        if let Some(subscript) = &assignment.subscript {
            self.visit_all(subscript);
        }
        match &assignment.value {
            Assigned::Array(words) => words.iter().for_each(|word| self.visit(word)),
            Assigned::Scalar(word) => self.visit(word),
        }
    }

    pub(super) fn assign(&mut self, assignment: &Assignment, span: &Span) {
        self.dangerous_variable(assignment, span);
        match &assignment.value {
            Assigned::Array(words) => {
                let values = self.values_of(words);
                values.iter().for_each(|value| self.evaluated_later(value, span));
                self.state.variables.remove(&assignment.name);
                let elements = self.state.arrays.entry(assignment.name.clone()).or_default();
                if !assignment.append {
                    elements.clear();
                }
                elements.extend(values);
            }
            Assigned::Scalar(_) if assignment.subscript.is_some() => {
                if let Assigned::Scalar(word) = &assignment.value {
                    self.single(word).iter().for_each(|value| self.evaluated_later(value, span));
                }
                self.state.variables.remove(&assignment.name);
                self.state.arrays.insert(assignment.name.clone(), vec![Value::loose()]);
            }
            Assigned::Scalar(word) => {
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
                self.state.set(&assignment.name, values);
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
                let values = self.single(word);
                hidden.push((assignment.name.clone(), self.state.variables.insert(assignment.name.clone(), values)));
            }
        }
        hidden.reverse();
        hidden
    }

    /// A loop's body may have run before: what it assigns is not known when it begins.
    pub(super) fn forget_assigned(&mut self, body: &List) {
        let mut names = BTreeSet::new();
        let mut moves = false;
        assigned_in(body, &mut names, &mut moves);
        for name in names {
            if self.state.variables.contains_key(&name) || self.state.arrays.contains_key(&name) {
                self.state.set(&name, vec![Value::unknown()]);
            }
        }
        if moves {
            self.state.directories = vec![None];
        }
    }
}
