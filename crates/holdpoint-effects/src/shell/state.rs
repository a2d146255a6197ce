//! What the shell holds while a line runs: variables, functions, directories. Every branch is followed, so each holds several values.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::budget::{VALUE_BYTES_PER_STEP, VALUES_MAX};
use super::stirred::Stirred;
use super::syntax::Command;
use super::value::Value;

/// The state of one shell at one point of the text.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The values a variable may have, for those that the text set. Never an empty list.
    pub(crate) variables: BTreeMap<String, Vec<Value>>,
    /// The elements of arrays that the text set.
    pub(crate) arrays: BTreeMap<String, Vec<Value>>,
    pub(crate) functions: BTreeMap<String, Vec<Rc<Command>>>,
    /// The directories the shell may be in; nothing stands for "anywhere".
    pub(crate) directories: Vec<Option<String>>,
    /// `$0` and the positional parameters.
    pub(crate) name: Value,
    pub(crate) positional: Vec<Value>,
    /// Paths that the line itself brings into being, so that what is there now says nothing about them.
    pub(crate) made: BTreeSet<String>,
    /// Paths to which the line moves or links something that was there before.
    pub(crate) moved: BTreeSet<String>,
    /// Paths whose content the line itself writes, so that what they hold now is not what would run.
    pub(crate) written: BTreeSet<String>,
    /// Paths of programs that the line itself compiles.
    pub(crate) built: BTreeSet<String>,
    /// Names of git's remotes that the line adds or changes, so that nobody knows where they lead.
    pub(crate) remotes: BTreeSet<String>,
    /// What the line did to what git keeps.
    pub(crate) stirred: Stirred,
    /// Whether the text can still be running here.
    pub(crate) alive: bool,
}

impl State {
    pub(crate) fn new(directory: String) -> Self {
        Self {
            variables: BTreeMap::new(),
            arrays: BTreeMap::new(),
            functions: BTreeMap::new(),
            directories: vec![Some(directory)],
            name: Value::text("bash"),
            positional: Vec::new(),
            made: BTreeSet::new(),
            moved: BTreeSet::new(),
            written: BTreeSet::new(),
            built: BTreeSet::new(),
            remotes: BTreeSet::new(),
            stirred: Stirred::Nothing,
            alive: true,
        }
    }

    /// How much there is to copy; the walk pays for it.
    pub(crate) fn size(&self) -> usize {
        let size = |value: &Value| 1 + value.len() / VALUE_BYTES_PER_STEP;
        let values = self.variables.values().chain(self.arrays.values()).flatten();
        1 + values.chain(&self.positional).map(size).sum::<usize>()
            + self.functions.len()
            + self.made.len()
            + self.moved.len()
            + self.written.len()
            + self.built.len()
            + self.remotes.len()
    }

    pub(crate) fn set(&mut self, name: &str, values: Vec<Value>) {
        self.arrays.remove(name);
        self.variables.insert(name.to_owned(), bounded(values));
    }

    /// The state after one of two ways was taken. `inherited` gives the value of a variable that the text did not set.
    pub(crate) fn join(mut self, other: Self, inherited: &dyn Fn(&str) -> Value) -> Self {
        if !self.alive {
            return other;
        }
        if !other.alive {
            return self;
        }
        let names: BTreeSet<String> = self.variables.keys().chain(other.variables.keys()).cloned().collect();
        for name in names {
            let side = |state: &Self| state.variables.get(&name).cloned().unwrap_or_else(|| vec![inherited(&name)]);
            let mut values = side(&self);
            let more = side(&other);
            if values != more {
                values.extend(more);
                self.set(&name, values);
            } else {
                self.variables.insert(name, values);
            }
        }
        for (name, elements) in other.arrays {
            if self.arrays.get(&name).is_none_or(|own| *own != elements) {
                self.arrays.insert(name, vec![Value::loose()]);
            }
        }
        for (name, bodies) in other.functions {
            let known = self.functions.entry(name).or_default();
            for body in bodies {
                if !known.iter().any(|other| Rc::ptr_eq(other, &body)) {
                    known.push(body);
                }
            }
        }
        for directory in other.directories {
            if !self.directories.contains(&directory) {
                self.directories.push(directory);
            }
        }
        if self.directories.len() > VALUES_MAX || self.directories.contains(&None) {
            self.directories = vec![None];
        }
        if self.positional != other.positional {
            self.positional = vec![Value::unknown(); self.positional.len().max(other.positional.len())];
        }
        self.made = self.made.intersection(&other.made).cloned().collect();
        self.moved.extend(other.moved);
        self.written.extend(other.written);
        self.built.extend(other.built);
        self.remotes.extend(other.remotes);
        self.stirred = self.stirred.max(other.stirred);
        self
    }
}

/// Distinct values, or one that is unknown when there are too many to follow.
pub(crate) fn bounded(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_unstable();
    values.dedup();
    if values.is_empty() || values.len() > VALUES_MAX { vec![Value::unknown()] } else { values }
}
