//! What some functions and properties of the libraries give, where the rest hangs on it: paths, lists, variables, decoded texts.
//!
//! *Out of scope:* what they do (`languages/*.toml`).

mod javascript;
mod python;
mod texts;

use super::bind::{Bind, Choices, List, some_name};
use super::evaluate::{Evaluator, Given};
use super::language::Language;
use crate::shell::leak::is_secret_name;
use crate::shell::value::{Shape, Value};
use crate::world::absolute;

impl Evaluator<'_> {
    /// What a call gives, where more is known of it than the data say.
    pub(super) fn special(&mut self, name: &str, given: &Given) -> Option<Choices> {
        match self.language {
            Language::JavaScript => self.javascript_call(name, given),
            Language::Python => self.python_call(name, given),
        }
    }

    /// What a property of a library is, where it is a value.
    pub(super) fn property(&mut self, name: &str) -> Option<Choices> {
        match self.language {
            Language::JavaScript => self.javascript_property(name),
            Language::Python => self.python_property(name),
        }
    }

    /// What a name stands for that the program does not define.
    pub(super) fn global(&mut self, name: &str) -> Option<Choices> {
        match self.language {
            Language::JavaScript => self.javascript_global(name),
            Language::Python => self.python_global(name),
        }
    }

    /// What a method of a value gives.
    pub(super) fn method(&mut self, bind: &Bind, method: &str, on: &Given) -> Option<Choices> {
        match (bind, self.language) {
            (Bind::Text(text), _) => texts::method(text, method, on),
            (Bind::Path(path), Language::Python) => self.path_method(path, method, on),
            (_, Language::JavaScript) => self.promise_method(bind, method, on),
            _ => None,
        }
    }

    /// What a variable of the environment holds.
    pub(super) fn variable(&self, name: &str) -> Choices {
        let known = if name == "HOME" { self.around.home.map(Value::text) } else { None };
        let value = (self.around.variable)(name).or(known);
        match value {
            Some(value) => Bind::Text(value).into(),
            None if is_secret_name(name) => Bind::Text(Value::any(Shape::Secret)).into(),
            None => Choices::data(),
        }
    }

    /// What is made of the whole environment, or of what has a secret in it, has one in it.
    pub(super) fn made_of_secrets(&self, given: &Given) -> Option<Choices> {
        let whole = |bind: &Bind| bind.library_name().is_some_and(|name| self.library.is_environment(name));
        let items = given.items.items.iter().chain(given.named.values());
        let secret = items.flat_map(Choices::iter).any(|bind| whole(bind) || bind.has_secret());
        secret.then(|| Bind::Text(Value::any(Shape::Secret)).into())
    }

    pub(super) fn home(&self) -> Value {
        self.around.home.map_or_else(Value::unknown, Value::text)
    }

    pub(super) fn here(&self) -> Value {
        self.around.directory.map_or_else(Value::unknown, Value::text)
    }

    /// The path made absolute, where the directory is known.
    fn resolved(&self, path: &Value) -> Value {
        match (path.known(), self.around.directory) {
            (Some(path), Some(directory)) => Value::text(absolute(&path, directory)),
            (Some(path), None) if path.starts_with('/') => Value::text(path),
            (Some(_), None) => Value::unknown(),
            (None, _) => path.clone(),
        }
    }

    /// The words behind the program, with what stands in front of them.
    fn words_given(&self, before: Vec<Value>) -> Choices {
        let words = before.into_iter().chain(self.around.arguments.iter().cloned());
        let items = words.map(|word| Bind::Text(word).into()).collect();
        Bind::List(List { items, more: None }).into()
    }

    fn tilde_expanded(&self, path: &Value) -> Value {
        let head = path.head().to_owned();
        let Some(rest) = head.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
            return path.clone();
        };
        let mut expanded = self.home();
        expanded.append(Value::text(rest));
        expanded.append(Value { pieces: path.pieces.iter().skip(1).cloned().collect() });
        expanded
    }
}

/// The directory that holds a path.
fn parent(path: &Value) -> Value {
    let Some(text) = path.known() else {
        // Behind the last slash stands one name, whatever it is.
        let mut pieces = path.pieces.clone();
        while let Some(piece) = pieces.pop() {
            if let crate::shell::value::Piece::Text(text) = piece
                && let Some((before, _)) = text.rsplit_once('/')
            {
                pieces.push(crate::shell::value::Piece::Text(before.to_owned()));
                return Value { pieces };
            }
        }
        return Value::unknown();
    };
    let trimmed = text.trim_end_matches('/');
    Value::text(match trimmed.rsplit_once('/') {
        Some(("", _)) => "/",
        Some((before, _)) => before,
        None => ".",
    })
}

/// The last name of a path.
fn base(path: &Value) -> Value {
    path.known().map_or_else(
        || Value::any(Shape::Plain),
        |text| Value::text(text.trim_end_matches('/').rsplit('/').next().unwrap_or_default()),
    )
}

fn scratch() -> Choices {
    Bind::Text(Value::any(Shape::Scratch)).into()
}

fn names_list() -> Choices {
    Bind::List(List::of(some_name())).into()
}

/// For each text that the first argument may be.
fn each_text(given: &Given, of: &[&str], make: impl Fn(&Value) -> Choices) -> Choices {
    let texts = given.pick(of).map(|texts| texts.values()).unwrap_or_default();
    texts.iter().map(make).reduce(Choices::or).unwrap_or_else(Choices::data)
}

/// Arguments put together to one path by `join`.
fn joined_path(given: &Given, join: impl Fn(&Value, &Value) -> Value) -> Value {
    let mut parts = given.items.items.iter().map(Choices::value);
    let Some(first) = parts.next() else { return if given.items.more.is_some() { Value::unknown() } else { Value::text("") } };
    let path = parts.fold(first, |path, part| join(&path, &part));
    if given.items.more.is_some() { join(&path, &Value::unknown()) } else { path }
}

/// As [`joined_path`], for every combination where only one argument may be several things.
fn joined_paths(given: &Given, join: impl Fn(&Value, &Value) -> Value + Copy) -> Vec<Value> {
    let several: Vec<usize> =
        given.items.items.iter().enumerate().filter(|(_, item)| item.only().is_none()).map(|(at, _)| at).collect();
    let [at] = several.as_slice() else { return vec![joined_path(given, join)] };
    let Some(item) = given.items.items.get(*at) else { return Vec::new() };
    let one = |bind: &Bind| {
        let mut given = given.clone();
        if let Some(slot) = given.items.items.get_mut(*at) {
            *slot = bind.clone().into();
        }
        joined_path(&given, join)
    };
    item.iter().map(one).collect()
}

fn texts_of(values: Vec<Value>) -> Choices {
    values.into_iter().map(|value| Choices::from(Bind::Text(value))).reduce(Choices::or).unwrap_or_else(Choices::data)
}

/// The texts that the first argument stands for.
fn decoded(given: &Given, decode: impl Fn(&str) -> Option<String>) -> Choices {
    each_text(given, &["0"], |text| {
        let text = text.known().and_then(|text| decode(&text));
        Bind::Text(text.map_or_else(Value::unknown, Value::text)).into()
    })
}
