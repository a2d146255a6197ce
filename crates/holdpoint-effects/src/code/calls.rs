//! Names behind a dot, keys in brackets, and calls: of functions of the program, of libraries, and of what is not known.

use super::act::Does;
use super::bind::{Bind, Choices, LOST, List};
use super::evaluate::{Evaluator, Given};
use super::language::Language;
use super::library::{Known, is_inner};
use super::statements;
use super::syntax::{Argument, Expression};

/// Longest name of a library's that is followed, in bytes.
const NAME_MAX_BYTES: usize = 256;
/// What looking a name of a library up costs, in steps.
const LOOK_UP_STEPS: usize = 8;
/// Most programs in programs.
const CODES_MAX: usize = 4;

/// Attributes by which Python reaches what nothing names.
const HIDDEN: [&str; 14] = [
    "__base__",
    "__bases__",
    "__builtins__",
    "__closure__",
    "__code__",
    "__getattribute__",
    "__globals__",
    "__import__",
    "__loader__",
    "__mro__",
    "__reduce__",
    "__spec__",
    "__subclasses__",
    "f_globals",
];

impl Evaluator<'_> {
    pub(super) fn attribute(&mut self, object: &Choices, name: &str) -> Choices {
        if self.language == Language::Python && HIDDEN.contains(&name) {
            self.unseen(format!("what is behind `{name}`"));
            return Choices::unknown();
        }
        // The constructor of a function makes functions of texts.
        if self.language == Language::JavaScript && name == "constructor" {
            return Choices::library("Function");
        }
        object.map(|bind| self.attribute_of(bind, name))
    }

    fn attribute_of(&mut self, bind: &Bind, name: &str) -> Choices {
        match bind {
            Bind::Library { name: of, .. } if **of == *LOST || of.len() + name.len() > NAME_MAX_BYTES => Choices::library(LOST),
            Bind::Library { name: of, about } => {
                if !self.spend(LOOK_UP_STEPS) {
                    return Choices::unknown();
                }
                if let Some(value) = self.property(&format!("{of}.{name}")) {
                    return value;
                }
                // `glob.os` is `os`.
                if self.library.is_closed_module(name) && self.language == Language::Python {
                    return Choices::library(name);
                }
                let full = self.library.same(&format!("{of}.{name}"));
                if self.library.is_plain(&full) && !self.library.is_closed_module(of) && !is_inner(&full) {
                    return Choices::library(full);
                }
                Bind::Library { name: full.into(), about: about.clone() }.into()
            }
            Bind::Path(path) => self.path_property(path, name),
            Bind::Record(fields) => fields.get(name).cloned().unwrap_or_else(Choices::unknown),
            Bind::Text(_) if name == "buffer" => bind.clone().into(),
            Bind::Data | Bind::Number(_) | Bind::Text(_) | Bind::Truth(_) => Choices::data(),
            Bind::List(_) if name == "length" => Choices::data(),
            Bind::Function(_) | Bind::List(_) | Bind::Unknown => Choices::unknown(),
        }
    }

    pub(super) fn index(&mut self, object: &Choices, key: &Choices) -> Choices {
        object.map(|bind| match (bind, key.only()) {
            (Bind::List(list), Some(Bind::Number(at))) => {
                let at = if *at < 0 {
                    list.items.len().checked_add_signed(isize::try_from(*at).unwrap_or(isize::MIN))
                } else {
                    usize::try_from(*at).ok()
                };
                at.and_then(|at| list.items.get(at)).cloned().unwrap_or_else(|| list.any())
            }
            // A part of a list holds some of its elements.
            (Bind::List(list), Some(Bind::Data)) => Choices::from(Bind::List(List::of(list.any()))).or(list.any()),
            (Bind::List(list), _) => list.any().or(Choices::data()),
            (Bind::Record(_), Some(Bind::Text(text))) if text.known().is_some() => {
                self.attribute_of(bind, &text.known().unwrap_or_default())
            }
            (Bind::Record(fields), _) => {
                fields.values().cloned().reduce(Choices::or).unwrap_or_else(Choices::unknown).or(Choices::unknown())
            }
            (Bind::Library { name, .. }, _) if self.library.is_environment(name) => match key.known() {
                Some(variable) => self.variable(&variable),
                None => Choices::data(),
            },
            (Bind::Library { name, .. }, _) => match (key.known(), self.library.call(name)) {
                (Some(key), _) => self.attribute_of(bind, &key),
                (None, Known::Harmless) if !self.library.is_closed_module(name) => Choices::data(),
                // A part of what a call gave.
                (None, _) if name.ends_with("()") => Choices::from(bind.clone()).element(),
                (None, _) => {
                    self.unseen(format!("a function of `{name}` that it names while it runs"));
                    Choices::unknown()
                }
            },
            (Bind::Text(text), _) if text.has_secret() => bind.clone().into(),
            (Bind::Text(_) | Bind::Data | Bind::Number(_) | Bind::Truth(_), _) => Choices::data(),
            (Bind::Function(_) | Bind::Path(_) | Bind::Unknown, _) => Choices::unknown(),
        })
    }

    pub(super) fn call_expression(&mut self, callee: &Expression, arguments: &[Argument]) -> Choices {
        let Expression::Attribute(object, method) = callee else {
            let called = self.value(callee);
            let given = self.given(arguments, None);
            return self.call(&called, &given);
        };
        let receiver = self.value(object);
        let given = self.given(arguments, None);
        if let Expression::Name(name) = object.as_ref()
            && receiver.iter().any(|bind| matches!(bind, Bind::List(_)))
        {
            self.change_list(name, method, &given);
        }
        if self.language == Language::Python && HIDDEN.contains(&method.as_str()) {
            self.unseen(format!("what is behind `{method}`"));
        }
        if self.language == Language::JavaScript && method == "constructor" {
            return self.call(&Choices::library("Function"), &given);
        }
        receiver.map(|bind| self.call_method(bind, method, &given))
    }

    /// Methods by which a list becomes another one.
    fn change_list(&mut self, name: &str, method: &str, given: &Given) {
        let added = given.items.any();
        match method {
            "append" | "push" | "add" if self.is_certain() => {
                let before = self.value(&Expression::Name(name.to_owned()));
                let changed = before.map(|bind| match bind {
                    Bind::List(list) => {
                        let mut list = list.clone();
                        given.items.items.iter().for_each(|item| list.push(item.clone()));
                        Bind::List(list).into()
                    }
                    other => other.clone().into(),
                });
                self.exchange(&before, &changed);
            }
            "append" | "push" | "add" | "insert" | "unshift" | "splice" | "fill" => self.change(name, None, &added),
            "extend" | "concat" => self.change(name, None, &added.element().or(Choices::unknown())),
            "sort" | "reverse" | "pop" | "shift" | "clear" | "remove" => self.change(name, None, &Choices::data()),
            _ => {}
        }
    }

    fn call_method(&mut self, bind: &Bind, method: &str, given: &Given) -> Choices {
        if !self.spend(given.weight() + bind.weight()) {
            return Choices::unknown();
        }
        let on = Given { receiver: Some(bind.clone()), ..given.clone() };
        match bind {
            // A module that is loaded while the program runs is what its promise comes to.
            Bind::Library { name, .. }
                if self.language == Language::JavaScript
                    && method == "then"
                    && !name.contains("()")
                    && self.library.knows(name) =>
            {
                self.method(bind, method, &on).unwrap_or_else(Choices::unknown)
            }
            Bind::Library { .. } => {
                let called = self.attribute_of(bind, method);
                called.map(|called| match called {
                    Bind::Library { .. } => self.call_one(called, &on),
                    other => self.call_method_of_value(other, method, &on),
                })
            }
            Bind::Record(fields) if fields.contains_key(method) => {
                let called = fields.get(method).cloned().unwrap_or_else(Choices::unknown);
                self.call(&called, given)
            }
            Bind::Function(_) if matches!(method, "call" | "apply" | "bind") => self.call_one(bind, &Given::unknown()),
            _ => self.call_method_of_value(bind, method, &on),
        }
    }

    fn call_method_of_value(&mut self, bind: &Bind, method: &str, on: &Given) -> Choices {
        if let Some(value) = self.method(bind, method, on) {
            return value;
        }
        match bind {
            Bind::Path(_) => {
                let name = format!("pathlib.Path.{method}");
                match self.library.call(&name) {
                    Known::Acts(entry) => self.act(entry, &name, on),
                    _ => {
                        self.escape_given(on);
                        Choices::data()
                    }
                }
            }
            Bind::Unknown | Bind::Function(_) => {
                let own = self.methods_named(method);
                for at in &own {
                    self.call_function(*at, on);
                }
                match self.library.of_anything(method) {
                    Some(entry) if own.is_empty() => self.act(entry, method, on),
                    _ => {
                        self.call_with_elements(&Choices::unknown(), on);
                        Choices::unknown()
                    }
                }
            }
            Bind::List(list) => {
                let list = list.clone();
                self.call_with_elements(&list.any(), on);
                match method {
                    "map" | "flatMap" | "then" => Bind::List(List::of(Choices::unknown())).into(),
                    "concat" | "flat" => Bind::List(List::of(list.any().or(on.items.any()))).into(),
                    // These give no element that was not there.
                    "filter" | "slice" | "reverse" | "sort" | "copy" | "values" | "toSorted" | "toReversed" => {
                        Bind::List(List::of(list.any())).into()
                    }
                    "find" | "pop" | "shift" | "at" => list.any(),
                    _ => Choices::data(),
                }
            }
            Bind::Record(_) if matches!(method, "items" | "values" | "keys" | "get" | "pop" | "copy" | "setdefault") => {
                Choices::unknown()
            }
            Bind::Data | Bind::Number(_) | Bind::Text(_) | Bind::Truth(_) => {
                // A table or a picture is data, and is written to the file that it is given the name of.
                match self.library.of_anything(method).filter(|entry| entry.writes_given() && *bind == Bind::Data) {
                    Some(entry) => return self.act(entry, method, on),
                    None => self.call_with_elements(&Choices::data(), on),
                }
                Choices::data()
            }
            Bind::Library { .. } | Bind::Record(_) => {
                self.escape_given(on);
                Choices::unknown()
            }
        }
    }

    pub(super) fn call(&mut self, called: &Choices, given: &Given) -> Choices {
        called.map(|bind| self.call_one(bind, given))
    }

    fn call_one(&mut self, called: &Bind, given: &Given) -> Choices {
        match called {
            Bind::Function(at) => self.call_function(*at, given),
            Bind::Library { name, .. } => {
                let name = name.clone();
                self.call_library(called, &name, given)
            }
            Bind::Unknown => {
                self.escape_given(given);
                Choices::unknown()
            }
            Bind::Data | Bind::List(_) | Bind::Number(_) | Bind::Path(_) | Bind::Record(_) | Bind::Text(_) | Bind::Truth(_) => {
                self.escape_given(given);
                Choices::data()
            }
        }
    }

    fn call_library(&mut self, called: &Bind, name: &str, given: &Given) -> Choices {
        if !self.spend(LOOK_UP_STEPS + given.weight()) {
            return Choices::unknown();
        }
        let shows_values = matches!(name, "Object.entries" | "Object.values" | "String" | "builtins.str" | "builtins.repr");
        if let Some(secret) = self.made_of_secrets(given).filter(|_| shows_values) {
            return secret;
        }
        if let Some(value) = self.special(name, given) {
            return value;
        }
        if self.library.only_looks(name) {
            return self.made_of_secrets(given).unwrap_or_else(Choices::data);
        }
        match self.library.call(name) {
            Known::Acts(entry) => self.act(entry, name, given),
            Known::Harmless => {
                self.escape_given(given);
                if let Some(secret) = self.made_of_secrets(given).filter(|_| self.library.is_plain(name)) {
                    return secret;
                }
                if self.library.is_plain(name) { Choices::data() } else { self.made(called, name, given) }
            }
            Known::Foreign => {
                let last = name.rsplit('.').next().unwrap_or_default();
                if let Some(entry) = self.library.of_anything(last).filter(|entry| entry.does == Does::Instruct) {
                    self.act(entry, name, given);
                }
                self.escape_given(given);
                self.made(called, name, given)
            }
            Known::Untold => {
                let last = name.rsplit('.').next().unwrap_or_default();
                match self
                    .library
                    .of_anything(last)
                    .filter(|_| !self.library.is_closed_module(name.split('.').next().unwrap_or_default()))
                {
                    Some(entry) => self.act(entry, name, given),
                    None => {
                        self.unseen(format!("`{name}`, of which nothing is known"));
                        Choices::unknown()
                    }
                }
            }
        }
    }

    /// What a call gives that makes an object: it is known by how it was made.
    pub(super) fn made(&mut self, called: &Bind, name: &str, given: &Given) -> Choices {
        let Bind::Library { about, .. } = called else { return Choices::unknown() };
        let first = given.items.items.first().map(Choices::value).filter(|value| !value.has_unknown());
        let named =
            ["dsn", "database", "host", "base_url", "baseURL"].iter().find_map(|name| given.named.get(*name)).map(Choices::value);
        let about = about.clone().or_else(|| first.or(named).map(Into::into));
        let made = if name.matches("()").count() < 4 { format!("{name}()") } else { name.to_owned() };
        Bind::Library { name: made.into(), about }.into()
    }

    /// Functions that are handed to something are called by it, with anything.
    pub(super) fn escape_given(&mut self, given: &Given) {
        for value in given.items.items.iter().chain(&given.items.more).chain(given.named.values()) {
            self.escape(value);
        }
    }

    pub(super) fn escape(&mut self, value: &Choices) {
        if !self.copies(value) {
            return;
        }
        for bind in value.iter() {
            match bind {
                Bind::Library { name, .. } if self.library.is_closed_module(name) => {
                    self.unseen(format!("whatever gets `{name}` as a whole"));
                }
                _ => self.escape_functions(&bind.clone().into()),
            }
        }
    }

    /// Functions in a value are called with anything.
    pub(super) fn escape_functions(&mut self, value: &Choices) {
        for bind in value.iter() {
            match bind {
                Bind::Function(at) => self.called_elsewhere(*at),
                Bind::Library { name, .. } if self.library.only_looks(name) || !self.spend(LOOK_UP_STEPS) => {}
                Bind::Library { name, .. } => match self.library.call(name) {
                    Known::Acts(_) => {
                        self.perhaps(|evaluator| evaluator.call_one(bind, &Given::unknown()));
                    }
                    Known::Untold if !self.library.is_closed_module(name) => {
                        self.unseen(format!("`{name}`, which it hands to something else"));
                    }
                    Known::Foreign | Known::Harmless | Known::Untold => {}
                },
                Bind::List(list) => list.items.iter().chain(&list.more).for_each(|item| self.escape_functions(item)),
                Bind::Record(fields) => fields.values().for_each(|field| self.escape_functions(field)),
                Bind::Data | Bind::Number(_) | Bind::Path(_) | Bind::Text(_) | Bind::Truth(_) | Bind::Unknown => {}
            }
        }
    }

    /// Functions that are handed to a method of a list or of data are called with its elements.
    pub(super) fn call_with_elements(&mut self, element: &Choices, given: &Given) {
        let values: Vec<Choices> =
            given.items.items.iter().chain(&given.items.more).chain(given.named.values()).cloned().collect();
        for value in values.iter().filter(|value| value.could_act()) {
            let each = Given { items: List { items: vec![element.clone()], more: Some(Choices::unknown()) }, ..Given::default() };
            if value.iter().all(|bind| matches!(bind, Bind::Function(_) | Bind::Library { .. })) {
                self.perhaps(|evaluator| evaluator.call(value, &each));
            } else {
                self.escape(value);
            }
        }
    }

    /// Follows a text as a program of the same language.
    pub(super) fn code(&mut self, text: &Choices) {
        for value in text.values() {
            let Some(text) = value.known() else {
                self.unseen("code that is put together while it runs");
                continue;
            };
            self.codes += 1;
            match statements::of(self.language, text.trim(), self.around.budget) {
                Ok(statements) if self.codes <= CODES_MAX => self.perhaps(|evaluator| evaluator.program(&statements)),
                Ok(_) => self.unseen("programs in programs"),
                Err(why) => self.unseen(format!("code that is not read: {}", why.0)),
            }
        }
    }

    /// Loads a module by a name that the program gives while it runs.
    pub(super) fn load(&mut self, name: &Choices) -> Choices {
        let names: Vec<Option<String>> = name.values().iter().map(crate::shell::value::Value::known).collect();
        let mut loaded: Option<Choices> = None;
        for name in names {
            let one = match name {
                Some(name) => {
                    let name = self.library.same(&name);
                    if !self.library.knows(&name) {
                        self.note_load(&name);
                    }
                    self.library_name(&name)
                }
                None => {
                    self.unseen("a module whose name is put together while it runs");
                    Choices::unknown()
                }
            };
            loaded = Some(Choices::joined(loaded, one));
        }
        loaded.unwrap_or_else(Choices::unknown)
    }
}
