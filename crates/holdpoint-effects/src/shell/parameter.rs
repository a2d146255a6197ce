//! Parameter expansion as far as the line determines it: what a name, an element or a list holds, and what operators choose.
//!
//! *Out of scope:* what the operators compute from a value that is known (`operators.rs`).

use super::arithmetic;
use super::dialect::Dialect;
use super::expand::{Building, Expander, inherited};
use super::operators::{LENGTH, SLICE, bounds, changed};
use super::syntax::{Operation, Parameter, Part};
use super::value::{Piece, Shape, Value};

/// What is known of whether an expansion gives something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    No,
    Perhaps,
    Yes,
}

impl Expander<'_> {
    pub(super) fn parameter(&self, parameter: &Parameter) -> Vec<Value> {
        let values = self.named(parameter);
        match &parameter.operation {
            Operation::Alternative { word, .. } | Operation::Default { word, .. } => match self.chooses(parameter, &values) {
                Some(true) => vec![self.parts(word)],
                Some(false) if matches!(parameter.operation, Operation::Alternative { .. }) => Vec::new(),
                Some(false) => values,
                None => vec![Value::loose()],
            },
            Operation::Changed { operator, word } => self.changed(parameter, operator, word, values),
            Operation::Plain => values,
            Operation::Reread(word) => match values.as_slice() {
                [value] if word.is_empty() => vec![value.known().map_or_else(Value::unknown, |name| self.referred(&name))],
                _ => vec![Value::loose()],
            },
        }
    }

    /// The word that stands for an expansion, where it is certain that it does: `${a:-word}` of an empty `a`.
    pub(super) fn chosen<'p>(&self, parameter: &'p Parameter) -> Option<&'p [Part]> {
        let (Operation::Alternative { word, .. } | Operation::Default { word, .. }) = &parameter.operation else { return None };
        (self.chooses(parameter, &self.named(parameter)) == Some(true)).then_some(word)
    }

    /// Whether an operator chooses its word; nothing where that is not certain.
    fn chooses(&self, parameter: &Parameter, values: &[Value]) -> Option<bool> {
        let (null, alternative) = match &parameter.operation {
            Operation::Alternative { null, .. } => (*null, true),
            Operation::Default { null, .. } => (*null, false),
            _ => return None,
        };
        if !alternative && null && self.stands_for_scratch(parameter) {
            return Some(true);
        }
        match (given(values, null), alternative) {
            (Given::Perhaps, _) => None,
            (Given::Yes, alternative) => Some(alternative),
            (Given::No, alternative) => Some(!alternative),
        }
    }

    /// `${TMPDIR:-/tmp}`: a line that does not set it means the place for scratch, wherever the person has it.
    fn stands_for_scratch(&self, parameter: &Parameter) -> bool {
        let Operation::Default { word, .. } = &parameter.operation else { return false };
        let is_scratch =
            matches!(word.as_slice(), [Part::Text { text, .. }] if matches!(text.trim_end_matches('/'), "/tmp" | "/var/tmp"));
        let untouched = !self.state.variables.contains_key("TMPDIR") && self.world.variable("TMPDIR").is_none();
        parameter.name == "TMPDIR" && parameter.subscript.is_none() && is_scratch && untouched
    }

    fn named(&self, parameter: &Parameter) -> Vec<Value> {
        match (parameter.name.as_str(), &parameter.subscript) {
            ("@" | "*", None) => self.state.positional.clone(),
            (name, Some(subscript)) => self.element(name, subscript),
            (name, None) => vec![self.variable(name)],
        }
    }

    fn changed(&self, parameter: &Parameter, operator: &str, word: &[Part], values: Vec<Value>) -> Vec<Value> {
        let list = is_whole(parameter);
        if operator == LENGTH && (list || matches!(parameter.name.as_str(), "@" | "*")) {
            let certain = !values.iter().any(may_be_several);
            return vec![if certain { Value::text(values.len().to_string()) } else { Value::any(Shape::Plain) }];
        }
        if list && operator == SLICE {
            return self.sliced_list(parameter, word, values);
        }
        let (pattern, replacement) = match operator.starts_with('/') {
            true => at_slash(word),
            false => (word.to_vec(), Vec::new()),
        };
        let pattern = if operator == SLICE { self.computed_bounds(word) } else { self.pattern_of(&pattern) };
        let replacement = self.parts(&replacement);
        // What a name that brace expansion or `*` gives stands for is not followed.
        values.iter().map(|value| changed(operator, value, &pattern, &replacement)).collect()
    }

    fn sliced_list(&self, parameter: &Parameter, word: &[Part], values: Vec<Value>) -> Vec<Value> {
        if values.iter().any(may_be_several) {
            return vec![Value::loose()];
        }
        // The first of the positional parameters is number one; in front of it stands `$0`.
        let mut all = values;
        if parameter.subscript.is_none() {
            all.insert(0, self.state.name.clone());
        }
        let found = bounds(&self.computed_bounds(word), all.len()).and_then(|(from, to)| all.get(from..to));
        found.map_or_else(|| vec![Value::loose()], <[Value]>::to_vec)
    }

    /// The offset and length of a slice, computed.
    fn computed_bounds(&self, word: &[Part]) -> Value {
        let text = self.parts(word).known();
        let numbers = text.and_then(|text| {
            let numbers: Option<Vec<String>> = text
                .split(':')
                .map(|part| arithmetic::value(part, &|name| self.variable(name).known()).map(|number| number.to_string()))
                .collect();
            Some(numbers?.join(":"))
        });
        numbers.map_or_else(Value::unknown, Value::text)
    }

    /// The value of a pattern: its globs live, what is quoted as text.
    fn pattern_of(&self, word: &[Part]) -> Value {
        let mut building = Building::new(Some(String::new()));
        for part in word {
            match part {
                Part::Text { text, quoted: false } => building.globbing(text),
                part => building.quoted(self.parts(std::slice::from_ref(part))),
            }
        }
        building.finish().into_iter().next().unwrap_or_default()
    }

    /// The value to which `${!name}` leads.
    fn referred(&self, name: &str) -> Value {
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') && !name.is_empty();
        if plain { self.variable(name) } else { Value::unknown() }
    }

    fn element(&self, name: &str, subscript: &[Part]) -> Vec<Value> {
        let index = self.parts(subscript).known();
        let whole = matches!(index.as_deref(), Some("@" | "*"));
        let unknown = || vec![if whole { Value::loose() } else { Value::unknown() }];
        if self.state.altered.contains(name) || is_shells_own(name) {
            return unknown();
        }
        let Some(elements) = self.state.arrays.get(name) else {
            // The first element of what is no array is its value.
            return match self.state.variables.get(name) {
                Some(values) if values.iter().all(Value::is_unset) => Vec::new(),
                Some(_) if whole || index.as_deref() == Some("0") => vec![self.variable(name)],
                _ => unknown(),
            };
        };
        if whole {
            return elements.clone();
        }
        // There the first element is number one.
        if self.state.dialect == Dialect::Zsh {
            return unknown();
        }
        let Some(index) = index.and_then(|index| arithmetic::value(&index, &|name| self.variable(name).known())) else {
            return unknown();
        };
        // Of what stands behind something that may be several words nobody knows the place.
        if elements.iter().any(may_be_several) {
            return unknown();
        }
        let length = i64::try_from(elements.len()).unwrap_or(i64::MAX);
        let place = usize::try_from(if index < 0 { index + length } else { index }).ok();
        vec![place.and_then(|place| elements.get(place)).cloned().unwrap_or_else(Value::unset)]
    }

    /// The value of a variable or special parameter under the current choice.
    pub(crate) fn variable(&self, name: &str) -> Value {
        if let Ok(number) = name.parse::<usize>() {
            return match number {
                0 => self.state.name.clone(),
                number => self.positional(number),
            };
        }
        if self.state.altered.contains(name) || is_shells_own(name) {
            return Value::unknown();
        }
        if name == "#" && !self.state.positional.iter().any(may_be_several) {
            return Value::text(self.state.positional.len().to_string());
        }
        if let Some(values) = self.state.variables.get(name) {
            let chosen = match values.as_slice() {
                [only] => Some(only),
                _ => self.choices.get(name).and_then(|choice| values.get(*choice)),
            };
            return chosen.cloned().unwrap_or_else(Value::unknown);
        }
        if self.state.dialect == Dialect::Zsh && self.state.arrays.contains_key(name) {
            return Value::loose();
        }
        if let Some(first) = self.state.arrays.get(name).map(|elements| elements.first()) {
            return match first {
                Some(first) if first.is_loose() => Value::unknown(),
                Some(first) => first.clone(),
                None => Value::unset(),
            };
        }
        inherited(name, self.world, self.directory)
    }

    fn positional(&self, number: usize) -> Value {
        let before = self.state.positional.iter().take(number - 1);
        match self.state.positional.get(number - 1) {
            _ if before.clone().any(may_be_several) => Value::unknown(),
            Some(value) if value.is_loose() => Value::unknown(),
            Some(value) => value.clone(),
            None => Value::unset(),
        }
    }
}

/// Whether values are there at all; under `null` an empty one is not.
fn given(values: &[Value], null: bool) -> Given {
    let certain = |piece: &Piece| match piece {
        Piece::Any { shape, .. } => !shape.is_open(),
        Piece::Pattern(_) => true,
        Piece::Text(text) => !text.is_empty(),
    };
    match values {
        [] => Given::No,
        [value] if value.is_unset() => Given::No,
        [value] if value.known().is_some_and(|text| text.is_empty()) => {
            if null {
                Given::No
            } else {
                Given::Yes
            }
        }
        values if values.iter().any(|value| value.pieces.iter().any(certain)) => Given::Yes,
        _ => Given::Perhaps,
    }
}

/// Whether a word may come to another number of words than one.
pub(super) fn may_be_several(value: &Value) -> bool {
    value.is_loose() || value.has_pattern()
}

/// Whether an expansion is of all elements: `$@`, `${a[*]}`.
fn is_whole(parameter: &Parameter) -> bool {
    let all = |part: &Part| matches!(part, Part::Text { text, .. } if text == "@" || text == "*");
    match &parameter.subscript {
        None => matches!(parameter.name.as_str(), "@" | "*"),
        Some(subscript) => subscript.iter().any(all),
    }
}

/// The pattern and the replacement of `${a/pattern/replacement}`.
fn at_slash(word: &[Part]) -> (Vec<Part>, Vec<Part>) {
    let found = word.iter().enumerate().find_map(|(index, part)| match part {
        Part::Text { text, quoted: false } => Some((index, text.split_once('/')?)),
        _ => None,
    });
    let Some((index, (before, behind))) = found else { return (word.to_vec(), Vec::new()) };
    let mut pattern: Vec<Part> = word.iter().take(index).cloned().collect();
    pattern.push(Part::literal(before, false));
    let rest = word.iter().skip(index + 1).cloned();
    (pattern, std::iter::once(Part::literal(behind, false)).chain(rest).collect())
}

/// Variables that bash sets by itself, whatever the text puts into them.
fn is_shells_own(name: &str) -> bool {
    matches!(
        name,
        "_" | "BASH_ARGV"
            | "BASH_COMMAND"
            | "BASH_REMATCH"
            | "BASH_SOURCE"
            | "COPROC"
            | "DIRSTACK"
            | "FUNCNAME"
            | "GROUPS"
            | "LINENO"
            | "OLDPWD"
            | "OPTARG"
            | "OPTIND"
            | "PIPESTATUS"
            | "SHELLOPTS"
            | "BASHOPTS"
    )
}
