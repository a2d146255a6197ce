//! Functions and classes that the program defines, and what they are called with.

use std::collections::hash_map::Entry;
use std::rc::Rc;

use super::{Evaluator, Given};
use crate::code::bind::{Bind, Choices, Defined, List};
use crate::code::language::Language;
use crate::code::names::named;
use crate::code::syntax::{Expression, Function, Parameter, Pattern, Statement};

/// Deepest nesting of calls of functions that the program defines.
const CALLS_MAX: usize = 6;

impl Evaluator<'_> {
    /// Functions are known in front of their definition.
    pub(super) fn hoist(&mut self, statements: &[Statement]) {
        if self.language != Language::JavaScript {
            return;
        }
        for statement in statements {
            if let Statement::Define { name, function } = statement {
                let function = self.define(function.clone());
                self.names.insert(name.clone(), Bind::Function(function).into());
            }
        }
    }

    pub(super) fn define(&mut self, function: Defined) -> usize {
        let at = self.functions.len();
        match self.defined.entry(Rc::as_ptr(&function)) {
            Entry::Occupied(known) => return *known.get(),
            Entry::Vacant(free) => free.insert(at),
        };
        self.functions.push(function.clone());
        // Python works defaults out here, JavaScript when it calls.
        for default in function.parameters.iter().filter_map(|parameter| parameter.default.as_ref()) {
            self.perhaps(|evaluator| evaluator.value(default));
        }
        at
    }

    /// A call of a class calls its constructor.
    pub(super) fn class(&mut self, name: &str, bases: &[Expression], body: &[Statement]) {
        for base in bases {
            self.value(base);
        }
        let mut made: Choices = Bind::Unknown.into();
        for statement in body {
            match statement {
                Statement::Define { name: method, function } => {
                    let function = self.define(function.clone());
                    self.methods.entry(method.clone()).or_default().push(function);
                    if matches!(method.as_str(), "__init__" | "constructor") {
                        made = Bind::Function(function).into();
                    }
                }
                Statement::Assign { target, value } => {
                    let value = self.value(value);
                    self.escape(&value);
                    self.perhaps(|evaluator| evaluator.assign(target, value));
                }
                other => self.perhaps(|evaluator| evaluator.statement(other)),
            }
        }
        self.bind(name, made);
    }

    /// Follows a function that something else may call, with anything.
    pub(in crate::code) fn called_elsewhere(&mut self, at: usize) {
        self.apart += 1;
        self.perhaps(|evaluator| evaluator.call_function(at, &Given::unknown()));
        self.apart -= 1;
    }

    /// Follows a function of the program with what it is given; gives what it may return.
    pub(in crate::code) fn call_function(&mut self, at: usize, given: &Given) -> Choices {
        self.called.insert(at);
        let Some(function) = self.functions.get(at).cloned() else { return Choices::unknown() };
        if self.calling.contains(&at) || self.calling.len() >= CALLS_MAX || !self.step() {
            if !self.calling.contains(&at) {
                self.unseen("functions that call one another more deeply than is followed");
            }
            return Choices::unknown();
        }
        let mut own = function.locals.clone();
        function.parameters.iter().for_each(|parameter| named(&parameter.pattern, &mut own));
        let outer: Vec<(String, Option<Choices>)> =
            own.into_iter().map(|name| (name.clone(), self.names.remove(&name))).collect();
        self.spend(outer.len());
        self.calling.push(at);
        self.returned.push(None);
        self.take_parameters(&function, given);
        self.hoist(&function.body);
        self.body(&function.body);
        let returned = self.returned.pop().flatten();
        // A function that is given out keeps what it knows of this call, which is forgotten below.
        let inner = returned
            .iter()
            .flat_map(Choices::iter)
            .filter_map(|bind| if let Bind::Function(inner) = bind { Some(*inner) } else { None });
        for inner in inner.collect::<Vec<_>>() {
            self.called_elsewhere(inner);
        }
        self.calling.pop();
        for (name, value) in outer {
            match value {
                Some(value) => self.names.insert(name, value),
                None => self.names.remove(&name),
            };
        }
        returned.unwrap_or_else(|| if self.language == Language::JavaScript { Choices::unknown() } else { Choices::data() })
    }

    pub(super) fn take_parameters(&mut self, function: &Function, given: &Given) {
        let object = |parameter: &Parameter| matches!(&parameter.pattern, Pattern::Name(name) if matches!(name.as_str(), "self" | "cls" | "this"));
        let mut at = 0;
        for parameter in &function.parameters {
            if object(parameter) {
                self.assign(&parameter.pattern, Choices::unknown());
                continue;
            }
            let by_name = match &parameter.pattern {
                Pattern::Name(name) => given.named.get(name).cloned(),
                _ => None,
            };
            let value = if parameter.rest {
                Bind::List(List::of(given.items.any().or(Choices::unknown()))).into()
            } else {
                by_name.or_else(|| given.item(at)).unwrap_or_else(|| match &parameter.default {
                    Some(default) => self.value(default),
                    None => Choices::unknown(),
                })
            };
            at += 1;
            self.assign(&parameter.pattern, value);
        }
    }

    /// Functions of classes that have this name.
    pub(in crate::code) fn methods_named(&self, name: &str) -> Vec<usize> {
        self.methods.get(name).cloned().unwrap_or_default()
    }
}
