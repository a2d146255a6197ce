//! Assignments: what variables and arrays hold after them, and what a command finds in its environment.

use std::collections::BTreeSet;

use super::budget::VALUE_BYTES_PER_STEP;
use super::expand::inherited;
use super::scan::{assigned_in, combined};
use super::syntax::{Assigned, Assignment, List, Span};
use super::value::Value;
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
                self.state.variables.remove(&assignment.name);
                let elements = self.state.arrays.entry(assignment.name.clone()).or_default();
                if !assignment.append {
                    elements.clear();
                }
                elements.extend(values);
            }
            Assigned::Scalar(_) if assignment.subscript.is_some() => {
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
                let copied: usize = values.iter().map(Value::len).sum();
                if !self.budget.walk_steps(copied / VALUE_BYTES_PER_STEP) {
                    return self.stop(span.clone());
                }
                self.state.set(&assignment.name, values);
            }
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
