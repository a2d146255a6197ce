//! Which values names get: by assignments, imports and changes of what they stand for.

use std::collections::BTreeSet;

use super::Evaluator;
use crate::code::act::Act;
use crate::code::bind::{Bind, Choices, List};
use crate::code::names::named;
use crate::code::syntax::{Expression, Import, Pattern, Taken};

impl Evaluator<'_> {
    pub(super) fn import(&mut self, import: &Import) {
        let module = self.library.same(&import.module);
        if !self.library.knows(&module) {
            self.note_load(&module);
        }
        let of_module = |name: &str| if name == "default" { module.clone() } else { format!("{module}.{name}") };
        match &import.takes {
            Taken::All if self.open_modules.contains(&module) => {}
            Taken::All => self.open_modules.push(module),
            Taken::Names(names) => {
                for (name, alias) in names {
                    let found = self.library_name(&of_module(name));
                    self.bind(alias, found);
                }
            }
            Taken::Whole(name) => {
                let module = self.library_name(&module);
                self.bind(name, module);
            }
        }
    }

    /// A module that is none of the language's own; what an address answers nobody has seen.
    pub(in crate::code) fn note_load(&mut self, module: &str) {
        match module.contains("://") {
            true => self.unseen("a module that the network holds"),
            false => self.note(Act::Load(module.to_owned())),
        }
    }

    /// Something of a library by its full name, which may be a value that is known.
    pub(in crate::code) fn library_name(&mut self, name: &str) -> Choices {
        let name = self.library.same(name);
        self.property(&name).unwrap_or_else(|| Choices::library(name.as_str()))
    }

    pub(in crate::code) fn bind(&mut self, name: &str, value: Choices) {
        let before = if self.conditions > 0 { self.names.remove(name) } else { None };
        self.names.insert(name.to_owned(), Choices::joined(before, value).bounded());
    }

    pub(in crate::code) fn assign(&mut self, target: &Pattern, value: Choices) {
        match target {
            Pattern::Each(patterns) => {
                for (at, pattern) in patterns.iter().enumerate() {
                    let element = value.map(|bind| match bind {
                        Bind::List(list) => list.items.get(at).cloned().unwrap_or_else(|| list.any()),
                        other => Choices::from(other.clone()).element(),
                    });
                    self.assign(pattern, element);
                }
            }
            Pattern::Elsewhere(place) => self.assign_elsewhere(place, value),
            Pattern::Fields(fields) => {
                for (name, pattern) in fields {
                    let field = match name {
                        Some(name) => self.attribute(&value, name),
                        None => value.clone(),
                    };
                    self.assign(pattern, field);
                }
            }
            Pattern::Name(name) => self.bind(name, value),
            Pattern::Nothing => {}
        }
    }

    pub(super) fn assign_elsewhere(&mut self, place: &Expression, value: Choices) {
        let (object, name) = match place {
            Expression::Attribute(object, name) => (self.value(object), Some(name.clone())),
            Expression::Index(object, key) => {
                let object = self.value(object);
                (object, self.value(key).known())
            }
            other => {
                self.value(other);
                return self.escape(&value);
            }
        };
        if object.iter().any(|bind| bind.library_name().is_some_and(|name| self.library.is_environment(name))) {
            return self.set_variable(name, &value);
        }
        if object.iter().any(|bind| match bind.library_name() {
            Some("sys") => name.as_deref() == Some("path"),
            of => of == Some("sys.path"),
        }) {
            value.each_path().into_iter().for_each(|place| self.note(Act::Seek(place)));
        }
        if value.could_act() {
            // Whoever calls it there gets it called.
            self.escape(&value);
        }
        if let Some(root) = root_of(place) {
            self.change(root, name.as_deref(), &value);
        }
        if let Some(name) = name {
            let kept = Choices::joined(self.kept.remove(&name), value);
            self.kept.insert(name, kept.bounded());
        }
    }

    /// Something in what a name stands for becomes `value`; whatever else stands for the same changes with it.
    pub(in crate::code) fn change(&mut self, root: &str, field: Option<&str>, value: &Choices) {
        let Some(before) = self.names.get(root).cloned() else { return };
        if !before.iter().any(|bind| matches!(bind, Bind::List(_) | Bind::Record(_))) {
            return;
        }
        let changed = before.map(|bind| match (bind, field) {
            (Bind::List(list), _) => Bind::List(List::of(list.any().or(value.clone()).or(Choices::unknown()))).into(),
            (Bind::Record(fields), Some(field)) => {
                let mut fields = fields.clone();
                let known = Choices::joined(fields.remove(field), value.clone());
                fields.insert(field.to_owned(), known);
                Bind::Record(fields).into()
            }
            (Bind::Record(_), None) => Choices::unknown(),
            (other, _) => other.clone().into(),
        });
        self.exchange(&before, &changed);
    }

    /// Gives a new value to every name that stands for an old one.
    pub(in crate::code) fn exchange(&mut self, before: &Choices, changed: &Choices) {
        if !self.spend(self.names.len()) {
            return;
        }
        let changed = &changed.clone().bounded();
        for value in self.names.values_mut().chain(self.kept.values_mut()).filter(|value| *value == before) {
            *value = changed.clone();
        }
    }

    pub(in crate::code) fn set_variable(&mut self, name: Option<String>, value: &Choices) {
        match name {
            Some(name) => value.values().into_iter().for_each(|value| self.note(Act::Set { name: name.clone(), value })),
            None => self.unseen("an environment that it puts together while it runs"),
        }
    }

    /// The variable of a loop holds what the loop gives it, and not what it held before.
    pub(super) fn forget(&mut self, target: &Pattern) {
        let mut names = BTreeSet::new();
        named(target, &mut names);
        names.iter().for_each(|name| {
            self.names.remove(name);
        });
    }
}

/// The name at the bottom of a place: `a` of `a.b[c]`.
fn root_of(place: &Expression) -> Option<&str> {
    match place {
        Expression::Attribute(object, _) | Expression::Index(object, _) => root_of(object),
        Expression::Name(name) => Some(name),
        _ => None,
    }
}
