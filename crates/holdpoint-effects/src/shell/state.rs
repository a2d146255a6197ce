//! What the shell holds while a line runs: variables, functions, directories. Every branch is followed, so each holds several values.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::budget::{VALUE_BYTES_PER_STEP, VALUES_MAX};
use super::dialect::Dialect;
use super::stirred::Stirred;
use super::syntax::{Command, Span};
use super::value::Value;

/// The standard input among the names whose value others wrote; no variable is called so.
pub(super) const CONTENTS: &str = "standard input";

/// Which branch of the repository is checked out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Branch {
    /// The one that the gate answers.
    #[default]
    AsAsked,
    /// The line checked this one out; nothing stands for one that nobody knows.
    Now(Option<String>),
}

/// The state of one shell at one point of the text.
#[derive(Debug, Clone)]
pub(crate) struct State {
    /// The values a variable may have, for those that the text set. Never an empty list.
    pub(crate) variables: BTreeMap<String, Vec<Value>>,
    /// The elements of arrays that the text set.
    pub(crate) arrays: BTreeMap<String, Vec<Value>>,
    pub(crate) functions: BTreeMap<String, Function>,
    /// Whose rules hold.
    pub(crate) dialect: Dialect,
    /// Names whose value is not followed: those that stand for another, and those whose values bash changes on the way in.
    pub(crate) altered: BTreeSet<String>,
    /// Names whose value others wrote: the contents of a file, or what an address answered.
    pub(crate) foreign: BTreeSet<String>,
    /// Arrays with names as their keys.
    pub(crate) maps: BTreeSet<String>,
    /// Names that were made read-only: an assignment may fail.
    pub(crate) kept: BTreeSet<String>,
    /// Names that the text hands on to the programs it starts; a function's with `()` behind it.
    pub(crate) exported: BTreeSet<String>,
    /// Every value since a `trap` was registered, which may run at any time.
    pub(crate) past: Option<Rc<RefCell<Past>>>,
    /// The directories the shell may be in; nothing stands for "anywhere".
    pub(crate) directories: Vec<Option<String>>,
    /// `$0` and the positional parameters.
    pub(crate) name: Value,
    pub(crate) positional: Vec<Value>,
    /// Paths that the line itself brings into being, so that what is there now says nothing about them.
    pub(crate) made: BTreeSet<String>,
    /// Paths to which the line moves or links something that was there before.
    pub(crate) moved: BTreeSet<String>,
    /// Links that the line makes, and where each may lead; the empty text stands for anywhere.
    pub(crate) links: BTreeMap<String, BTreeSet<String>>,
    /// Paths whose content the line itself writes, so that what they hold now is not what would run.
    pub(crate) written: BTreeSet<String>,
    /// What some of them hold, where the line determines it.
    pub(crate) held: BTreeMap<String, Held>,
    /// Paths of programs that the line itself compiles.
    pub(crate) built: BTreeSet<String>,
    /// Files and directories into which the line brings what others wrote and nobody reads.
    pub(crate) brought: BTreeSet<String>,
    /// Names of git's remotes that the line adds or changes, so that nobody knows where they lead.
    pub(crate) remotes: BTreeSet<String>,
    /// The branch that is checked out, as far as the line says.
    pub(crate) branch: Branch,
    /// What the line did to what git keeps.
    pub(crate) stirred: Stirred,
    /// Whether the text can still be running here.
    pub(crate) alive: bool,
}

/// What the line has written to a file, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) text: String,
    pub(crate) span: Span,
}

/// What a name calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Function {
    pub(crate) bodies: Vec<Rc<Command>>,
    /// Whether there may be no function of this name, so that it calls what it called before.
    pub(crate) perhaps: bool,
}

/// The values that there were at some time.
#[derive(Debug, Default)]
pub(crate) struct Past {
    pub(crate) variables: BTreeMap<String, Vec<Value>>,
    pub(crate) directories: Vec<Option<String>>,
}

impl State {
    pub(crate) fn new(directory: String) -> Self {
        Self {
            variables: BTreeMap::new(),
            arrays: BTreeMap::new(),
            functions: BTreeMap::new(),
            dialect: Dialect::Bash,
            altered: BTreeSet::new(),
            foreign: BTreeSet::new(),
            maps: BTreeSet::new(),
            kept: BTreeSet::new(),
            exported: BTreeSet::new(),
            past: None,
            directories: vec![Some(directory)],
            name: Value::text("bash"),
            positional: Vec::new(),
            made: BTreeSet::new(),
            moved: BTreeSet::new(),
            links: BTreeMap::new(),
            written: BTreeSet::new(),
            held: BTreeMap::new(),
            built: BTreeSet::new(),
            brought: BTreeSet::new(),
            remotes: BTreeSet::new(),
            branch: Branch::AsAsked,
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
            + self.altered.len()
            + self.foreign.len()
            + self.maps.len()
            + self.exported.len()
            + self.made.len()
            + self.moved.len()
            + self.links.len()
            + self.written.len()
            + self.held.values().map(|held| 1 + held.text.len() / VALUE_BYTES_PER_STEP).sum::<usize>()
            + self.built.len()
            + self.brought.len()
            + self.remotes.len()
    }

    pub(crate) fn set(&mut self, name: &str, values: Vec<Value>) {
        let mut values: Vec<Value> = values.into_iter().map(Value::present).collect();
        if self.kept.contains(name) {
            values.extend(self.variables.get(name).into_iter().flatten().cloned());
        }
        self.put(name, values);
    }

    /// Something writes to a path: what it holds now is not what would run, and not what the line wrote there before.
    pub(crate) fn write(&mut self, path: &str) {
        self.held.remove(path);
        self.written.insert(path.to_owned());
    }

    /// Takes a name's value away.
    pub(crate) fn unset(&mut self, name: &str) {
        if self.kept.contains(name) {
            return;
        }
        self.put(name, vec![Value::unset()]);
    }

    fn put(&mut self, name: &str, values: Vec<Value>) {
        self.arrays.remove(name);
        self.foreign.remove(name);
        let values = bounded(values);
        if let Some(past) = &self.past {
            past.borrow_mut().variables.entry(name.to_owned()).or_default().extend(values.iter().cloned());
        }
        self.variables.insert(name.to_owned(), values);
    }

    /// Makes a name an array of these elements.
    pub(crate) fn set_array(&mut self, name: &str, elements: Vec<Value>) {
        if let Some(past) = &self.past {
            past.borrow_mut().variables.entry(name.to_owned()).or_default().push(Value::unknown());
        }
        self.variables.remove(name);
        self.foreign.remove(name);
        self.arrays.insert(name.to_owned(), elements.into_iter().map(Value::present).collect());
    }

    pub(crate) fn move_to(&mut self, directories: Vec<Option<String>>) {
        if let Some(past) = &self.past {
            past.borrow_mut().directories.extend(directories.iter().cloned());
        }
        // The shell says itself where it is.
        self.variables.remove("PWD");
        self.directories = directories;
    }

    pub(crate) fn set_positional(&mut self, values: impl IntoIterator<Item = Value>) {
        self.positional = values.into_iter().map(Value::present).collect();
    }

    /// Keeps every value from now on.
    pub(crate) fn remember(&mut self) {
        if self.past.is_none() {
            let past = Past { variables: self.variables.clone(), directories: self.directories.clone() };
            self.past = Some(Rc::new(RefCell::new(past)));
        }
    }

    /// Takes every value for possible that there was since it began to remember.
    pub(crate) fn recall(&mut self) {
        let Some(past) = self.past.take() else { return };
        let past = past.borrow();
        for (name, values) in &past.variables {
            let now = self.variables.get(name).cloned().unwrap_or_else(|| vec![Value::unknown()]);
            self.variables.insert(name.clone(), bounded(values.iter().cloned().chain(now).collect()));
        }
        let mut directories = past.directories.clone();
        directories.append(&mut self.directories);
        self.directories = some_directories(directories);
    }

    /// What a shell that this one starts finds: the variables that were handed on, and of the others nobody knows whether they are.
    pub(crate) fn for_child(&mut self, is_handed_on: impl Fn(&str) -> bool) {
        let exported = std::mem::take(&mut self.exported);
        self.functions.retain(|name, _| exported.contains(&format!("{name}()")));
        let arrays: Vec<String> = std::mem::take(&mut self.arrays).into_keys().collect();
        for name in arrays {
            self.variables.insert(name, vec![Value::unset()]);
        }
        for name in std::mem::take(&mut self.altered) {
            self.variables.insert(name, vec![Value::unknown()]);
        }
        for (name, values) in &mut self.variables {
            if !exported.contains(name) && !is_handed_on(name) {
                values.push(Value::unset());
                *values = bounded(std::mem::take(values));
            }
        }
        self.kept.clear();
        self.past = None;
        self.exported = exported;
    }

    /// Whether whatever may be in `other` may be here as well: what runs here again does nothing new.
    pub(crate) fn covers(&self, other: &Self, inherited: &dyn Fn(&str) -> Value) -> bool {
        let values = |name: &str, values: &Vec<Value>| {
            let own = self.variables.get(name).cloned().unwrap_or_else(|| vec![inherited(name)]);
            own == [Value::unknown()] || values.iter().all(|value| own.contains(value))
        };
        let arrays = self.arrays.len() == other.arrays.len()
            && other
                .arrays
                .iter()
                .all(|(name, elements)| self.arrays.get(name).is_some_and(|own| own == elements || *own == [Value::loose()]));
        let functions = other.functions.iter().all(|(name, function)| {
            self.functions.get(name).is_some_and(|own| {
                let known = |body: &Rc<Command>| own.bodies.iter().any(|other| Rc::ptr_eq(other, body));
                function.bodies.iter().all(known) && (own.perhaps || !function.perhaps)
            })
        }) && self.functions.iter().all(|(name, own)| own.perhaps || other.functions.contains_key(name));
        let directories = self.directories == [None] || other.directories.iter().all(|place| self.directories.contains(place));
        let positional = self.positional == other.positional || self.positional == [Value::loose()];
        other.variables.iter().all(|(name, these)| values(name, these))
            && arrays
            && functions
            && directories
            && positional
            && other.altered.is_subset(&self.altered)
            && other.foreign.is_subset(&self.foreign)
    }

    /// The state at the head of a loop that also comes from its end: what grows there is not counted up.
    pub(crate) fn widened(self, end: &Self, grows: bool, inherited: &dyn Fn(&str) -> Value) -> Self {
        let before = self.clone();
        let mut state = self.join(end.clone(), inherited);
        for (name, values) in &mut state.variables {
            if before.variables.get(name) == Some(values) {
                continue;
            }
            let numeric = |value: &Value| {
                *value == Value::any(super::value::Shape::Plain) || value.known().is_some_and(|text| is_number(&text))
            };
            if values.iter().all(numeric) {
                *values = vec![Value::any(super::value::Shape::Plain)];
            } else if grows {
                *values = vec![Value::unknown()];
            }
        }
        if grows && state.directories != before.directories {
            state.directories = vec![None];
        }
        state
    }

    fn join_functions(&mut self, others: BTreeMap<String, Function>) {
        for (name, function) in &mut self.functions {
            function.perhaps |= !others.contains_key(name);
        }
        for (name, other) in others {
            let is_new = !self.functions.contains_key(&name);
            let known = self.functions.entry(name).or_default();
            known.perhaps |= is_new || other.perhaps;
            for body in other.bodies {
                if !known.bodies.iter().any(|own| Rc::ptr_eq(own, &body)) {
                    known.bodies.push(body);
                }
            }
        }
    }

    /// The state after one of two ways was taken. `inherited` gives the value of a variable that the text did not set.
    pub(crate) fn join(mut self, other: Self, inherited: &dyn Fn(&str) -> Value) -> Self {
        if !self.alive {
            return other;
        }
        if !other.alive {
            return self;
        }
        self.join_variables(&other.variables, inherited);
        let arrays: BTreeSet<String> = self.arrays.keys().chain(other.arrays.keys()).cloned().collect();
        for name in arrays {
            if self.arrays.get(&name) != other.arrays.get(&name) {
                self.arrays.insert(name, vec![Value::loose()]);
            }
        }
        self.join_functions(other.functions);
        self.altered.extend(other.altered);
        self.foreign.extend(other.foreign);
        self.maps.extend(other.maps);
        self.kept.extend(other.kept);
        self.exported.extend(other.exported);
        self.past = self.past.or(other.past);
        let directories = self.directories.iter().cloned().chain(other.directories).collect();
        self.directories = some_directories(directories);
        if self.positional != other.positional {
            self.positional = vec![Value::loose()];
        }
        self.made = self.made.intersection(&other.made).cloned().collect();
        self.moved.extend(other.moved);
        for (path, leads) in other.links {
            self.links.entry(path).or_default().extend(leads);
        }
        self.written.extend(other.written);
        self.held.retain(|path, text| other.held.get(path) == Some(text));
        self.built.extend(other.built);
        self.brought.extend(other.brought);
        self.remotes.extend(other.remotes);
        self.stirred = self.stirred.max(other.stirred);
        if self.branch != other.branch {
            self.branch = Branch::Now(None);
        }
        self
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.len() < 10 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Distinct directories, or anywhere when there are too many to follow.
fn some_directories(directories: Vec<Option<String>>) -> Vec<Option<String>> {
    let mut some: Vec<Option<String>> = Vec::new();
    for directory in directories {
        if !some.contains(&directory) {
            some.push(directory);
        }
    }
    if some.len() > VALUES_MAX || some.contains(&None) { vec![None] } else { some }
}

impl State {
    /// What differs is both; what is the same on both sides, which is most, is not copied.
    fn join_variables(&mut self, others: &BTreeMap<String, Vec<Value>>, inherited: &dyn Fn(&str) -> Value) {
        let mut differ = Vec::new();
        for (name, more) in others {
            match self.variables.get(name) {
                Some(values) if values == more => {}
                Some(values) => differ.push((name.clone(), [values.as_slice(), more].concat())),
                None => {
                    let values = vec![inherited(name)];
                    if values == *more {
                        self.variables.insert(name.clone(), values);
                    } else {
                        differ.push((name.clone(), [values.as_slice(), more].concat()));
                    }
                }
            }
        }
        for (name, values) in self.variables.iter().filter(|(name, _)| !others.contains_key(*name)) {
            let more = [inherited(name)];
            if *values != more {
                differ.push((name.clone(), [values.as_slice(), &more].concat()));
            }
        }
        for (name, values) in differ {
            self.put(&name, values);
        }
    }
}

/// Distinct values, or one that is unknown when there are too many to follow.
pub(crate) fn bounded(mut values: Vec<Value>) -> Vec<Value> {
    values.sort_unstable();
    values.dedup();
    if values.is_empty() || values.len() > VALUES_MAX { vec![Value::unknown()] } else { values }
}
