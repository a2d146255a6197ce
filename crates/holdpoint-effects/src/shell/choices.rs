//! The values of words where variables may hold several: under every combination of them, as far as those are few.

use std::collections::{BTreeMap, BTreeSet};

use super::budget::COMBINATIONS_MAX;
use super::expand::Expander;
use super::scan::names_in;
use super::syntax::{Part, Simple, Word};
use super::value::{Field, Value};
use super::walker::Walker;

/// The directory the shell may be in, and for each variable with several values which of them it has.
pub(super) type Combination = (Option<String>, BTreeMap<String, usize>);

impl Walker<'_> {
    /// Every combination of directory and values of the named variables; nothing when there are too many.
    pub(super) fn combinations(&self, names: &BTreeSet<String>) -> Option<Vec<Combination>> {
        let mut combinations: Vec<_> =
            self.state.directories.iter().map(|directory| (directory.clone(), BTreeMap::new())).collect();
        for name in names {
            let count = self.state.variables.get(name).map_or(1, Vec::len);
            if count < 2 {
                continue;
            }
            if combinations.len() * count > COMBINATIONS_MAX {
                return None;
            }
            let with = |(directory, choices): &Combination, choice: usize| {
                let mut choices = choices.clone();
                choices.insert(name.clone(), choice);
                (directory.clone(), choices)
            };
            combinations = combinations.iter().flat_map(|one| (0..count).map(move |choice| with(one, choice))).collect();
        }
        Some(combinations)
    }

    pub(crate) fn expander<'e>(&'e self, choices: &'e BTreeMap<String, usize>, directory: Option<&'e str>) -> Expander<'e> {
        Expander { state: &self.state, world: self.world, budget: self.budget, choices, directory }
    }

    /// The directory the shell is in, where there is only one possibility.
    pub(crate) fn directory(&self) -> Option<String> {
        match self.state.directories.as_slice() {
            [only] => only.clone(),
            _ => None,
        }
    }

    /// The values of words under every combination.
    pub(super) fn values_of(&self, words: &[Word]) -> Vec<Value> {
        let parts: Vec<&Part> = words.iter().flat_map(|word| &word.parts).collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else { return vec![Value::unknown()] };
        let mut values = Vec::new();
        for (directory, choices) in &combinations {
            let expander = self.expander(choices, directory.as_deref());
            for word in words {
                values.extend(expander.fields(word));
                if !self.affords(values.len()) {
                    return vec![Value::unknown()];
                }
            }
        }
        values
    }

    /// The value of a word that is not split, where the line determines one.
    pub(crate) fn single(&self, word: &Word) -> Vec<Value> {
        let parts: Vec<&Part> = word.parts.iter().collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else { return vec![Value::unknown()] };
        combinations.iter().map(|(directory, choices)| self.expander(choices, directory.as_deref()).single(word)).collect()
    }

    /// The value of a redirection's word, which is one file: its globs are live, and bash refuses several matches.
    pub(super) fn redirected(&self, word: &Word) -> Vec<Value> {
        let parts: Vec<&Part> = word.parts.iter().collect();
        let Some(combinations) = self.combinations(&names_in(&parts)) else { return vec![Value::unknown()] };
        let one = |(directory, choices): &(Option<String>, BTreeMap<String, usize>)| {
            let expander = self.expander(choices, directory.as_deref());
            match expander.fields(word).as_slice() {
                [value] if value.has_pattern() => value.clone(),
                _ => expander.single(word),
            }
        };
        combinations.iter().map(one).collect()
    }

    pub(super) fn fields(&self, simple: &Simple, choices: &BTreeMap<String, usize>, directory: Option<&str>) -> Vec<Field> {
        let expander = self.expander(choices, directory);
        let mut fields = Vec::new();
        for word in &simple.words {
            let span = self.within.clone().unwrap_or_else(|| word.span.clone());
            fields.extend(expander.fields(word).into_iter().map(|value| Field::new(value, span.clone())));
            // Whoever runs them pays for each: what is too much for that is not made.
            if !self.affords(fields.len()) {
                break;
            }
        }
        fields
    }

    /// Whether so many words can be followed; if not, the budget counts as spent.
    fn affords(&self, count: usize) -> bool {
        self.budget.affords_walk(count) || self.budget.walk_steps(count)
    }
}
