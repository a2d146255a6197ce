//! Expands words as far as the line determines them: variables, tilde, splitting, globs, what substitutions print.
//!
//! Out of scope: what programs print (`outputs.rs`), what runs in the substitutions (the walk visits those before it expands),
//! and braces (`braces.rs`).

use std::collections::BTreeMap;

use super::braces::{Token, alternatives};
use super::budget::VALUE_MAX_BYTES;
use super::outputs::{printed, trimmed};
use super::state::State;
use super::syntax::{Command, Form, List, Operation, Parameter, Part, RedirectionKind, Simple, Word};
use super::value::{Piece, Shape, Value};
use crate::world::World;

/// Expands under one choice among the values that variables may have.
#[derive(Clone, Copy)]
pub(crate) struct Expander<'w> {
    pub(crate) state: &'w State,
    pub(crate) world: &'w World<'w>,
    pub(crate) choices: &'w BTreeMap<String, usize>,
    /// The directory the shell is in, under this choice.
    pub(crate) directory: Option<&'w str>,
}

impl Expander<'_> {
    /// Expands a word to the fields it becomes.
    pub(crate) fn fields(&self, word: &Word) -> Vec<Value> {
        let Some(alternatives) = alternatives(&word.parts) else {
            return vec![Value::loose()];
        };
        let mut fields = Vec::new();
        for tokens in alternatives {
            let mut building = Building::new(self.separators());
            self.tokens(&tokens, &mut building);
            fields.extend(building.finish());
        }
        fields
    }

    /// Expands a word that is not split: an assignment's value, a redirection's target, a pattern.
    pub(crate) fn single(&self, word: &Word) -> Value {
        self.parts(&word.parts)
    }

    /// Expands parts to one value, as in double quotes.
    pub(crate) fn parts(&self, parts: &[Part]) -> Value {
        let mut value = Value::default();
        for (index, part) in parts.iter().enumerate() {
            match part {
                Part::Text { text, quoted: false } if index == 0 && text.starts_with('~') => {
                    self.tilde(text, &mut value, &mut |value, text| {
                        value.push(Piece::Text(text.to_owned()));
                    })
                }
                Part::Text { text, .. } => value.push(Piece::Text(text.clone())),
                part => {
                    let mut values = self.part(part).into_iter();
                    value.append(values.next().unwrap_or_default());
                    for more in values {
                        value.push(Piece::Text(" ".to_owned()));
                        value.append(more);
                    }
                }
            }
            if value.len() > VALUE_MAX_BYTES {
                return Value::unknown();
            }
        }
        value
    }

    fn tokens(&self, tokens: &[Token<'_>], building: &mut Building) {
        for (index, token) in tokens.iter().enumerate() {
            match token {
                Token::Text(text) if index == 0 && text.starts_with('~') => self.leading_tilde(text, building),
                Token::Part(Part::Text { text, quoted: false }) if index == 0 && text.starts_with('~') => {
                    self.leading_tilde(text, building);
                }
                Token::Text(text) => building.globbing(text),
                Token::Part(Part::Text { text, quoted: true }) => building.quoted(Value::text(text.as_str())),
                Token::Part(Part::Text { text, quoted: false }) => building.globbing(text),
                Token::Part(part) => building.expansion(self.part(part), is_quoted(part), is_list(part)),
            }
        }
    }

    fn leading_tilde(&self, text: &str, building: &mut Building) {
        let mut value = Value::default();
        let mut rest = String::new();
        self.tilde(text, &mut value, &mut |_, text| rest.push_str(text));
        building.quoted(value);
        building.globbing(&rest);
    }

    /// Expands a leading tilde into `value` and hands what follows it to `rest`.
    fn tilde(&self, text: &str, value: &mut Value, rest: &mut dyn FnMut(&mut Value, &str)) {
        let end = text.find('/').unwrap_or(text.len());
        let (user, below) = text.split_at_checked(end).unwrap_or((text, ""));
        match user {
            "~" => value.append(self.variable("HOME")),
            "~+" => value.append(self.variable("PWD")),
            _ => value.append(Value::unknown()),
        }
        rest(value, below);
    }

    /// The values of one part that is not text; several only for lists such as `"$@"`.
    fn part(&self, part: &Part) -> Vec<Value> {
        match part {
            Part::Arithmetic { .. } => vec![Value::any(Shape::Plain)],
            Part::Command { list, .. } => vec![self.output(list)],
            Part::Parameter { parameter, .. } => self.parameter(parameter),
            Part::Process { .. } => vec![Value::text("/dev/fd/63")],
            Part::Text { text, .. } => vec![Value::text(text.as_str())],
        }
    }

    /// What a list prints; unknown for everything but one command of a few.
    fn output(&self, list: &List) -> Value {
        match list.items.as_slice() {
            [item] if item.rest.is_empty() => self.output_of(&item.first),
            _ => Value::unknown(),
        }
    }

    /// What one command prints.
    pub(crate) fn output_of(&self, command: &Command) -> Value {
        let Form::Simple(simple) = &command.form else { return Value::unknown() };
        if !simple.assignments.is_empty() {
            return Value::unknown();
        }
        let fields: Vec<Value> = simple.words.iter().flat_map(|word| self.fields(word)).collect();
        let name = fields.first().and_then(Value::known).unwrap_or_default();
        if self.state.functions.contains_key(&name) {
            return Value::unknown();
        }
        let arguments = fields.get(1..).unwrap_or_default();
        match command.redirections.as_slice() {
            [] => self.program(&name, arguments),
            [redirection] if name == "cat" && is_bare(simple) => match &redirection.kind {
                RedirectionKind::HereDocument(body) => body.get().map_or_else(Value::unknown, |body| trimmed(self.parts(body))),
                RedirectionKind::HereString(word) => trimmed(self.single(word)),
                _ => Value::unknown(),
            },
            // Errors thrown away do not change what is printed.
            [redirection] if redirection.descriptor.as_deref() == Some("2") => self.program(&name, arguments),
            _ => Value::unknown(),
        }
    }

    fn program(&self, name: &str, arguments: &[Value]) -> Value {
        match name {
            "pwd" => self.variable("PWD"),
            _ => printed(name, arguments, self.directory, self.world),
        }
    }

    fn parameter(&self, parameter: &Parameter) -> Vec<Value> {
        let Parameter { name, subscript, operation } = parameter;
        let values = match (name.as_str(), subscript) {
            ("@" | "*", None) => self.state.positional.clone(),
            (_, Some(subscript)) => self.element(name, subscript),
            _ => vec![self.variable(name)],
        };
        match operation {
            Operation::Plain => values,
            Operation::Default { word, .. } => match values.as_slice() {
                [value] if value.known().is_some_and(|text| text.is_empty()) => vec![self.parts(word)],
                [] => vec![self.parts(word)],
                _ => values,
            },
            Operation::Alternative(word) => match values.as_slice() {
                [value] if value.known().is_some_and(|text| text.is_empty()) => Vec::new(),
                [value] if value.known().is_some() => vec![self.parts(word)],
                [] => Vec::new(),
                _ => vec![Value::unknown()],
            },
            Operation::Other(words) => vec![Value::any(if words.is_empty() { Shape::Plain } else { Shape::Anything })],
            Operation::Reread(_) => vec![Value::unknown()],
        }
    }

    fn element(&self, name: &str, subscript: &[Part]) -> Vec<Value> {
        let Some(elements) = self.state.arrays.get(name) else { return vec![Value::unknown()] };
        match self.parts(subscript).known().as_deref() {
            Some("@" | "*") => elements.clone(),
            Some(index) => {
                vec![index.parse().ok().and_then(|index: usize| elements.get(index)).cloned().unwrap_or_else(Value::unknown)]
            }
            None => vec![Value::unknown()],
        }
    }

    /// The value of a variable or special parameter under the current choice.
    pub(crate) fn variable(&self, name: &str) -> Value {
        if let Ok(number) = name.parse::<usize>() {
            return match number {
                0 => self.state.name.clone(),
                number => self.state.positional.get(number - 1).cloned().unwrap_or_else(|| Value::text("")),
            };
        }
        if let Some(values) = self.state.variables.get(name) {
            let chosen = match values.as_slice() {
                [only] => Some(only),
                _ => self.choices.get(name).and_then(|choice| values.get(*choice)),
            };
            return chosen.cloned().unwrap_or_else(Value::unknown);
        }
        if let Some(first) = self.state.arrays.get(name).map(|elements| elements.first()) {
            return first.cloned().unwrap_or_else(|| Value::text(""));
        }
        inherited(name, self.world, self.directory)
    }

    /// The characters at which unquoted expansions are split; nothing when they are not known.
    fn separators(&self) -> Option<String> {
        match self.state.variables.get("IFS") {
            None => Some(" \t\n".to_owned()),
            Some(_) => self.variable("IFS").known(),
        }
    }
}

/// The value of a variable that the text did not set.
pub(crate) fn inherited(name: &str, world: &World<'_>, directory: Option<&str>) -> Value {
    match name {
        "#" | "?" | "$" | "!" | "-" | "RANDOM" | "SECONDS" | "UID" | "EUID" | "PPID" | "BASHPID" | "LINENO" | "SHLVL"
        | "EPOCHSECONDS" => Value::any(Shape::Plain),
        "PWD" => directory.map_or_else(Value::unknown, Value::text),
        _ => world.variable(name).map_or_else(Value::unknown, Value::text),
    }
}

/// Whether a command has no argument.
fn is_bare(simple: &Simple) -> bool {
    simple.words.len() == 1
}

fn is_quoted(part: &Part) -> bool {
    match part {
        Part::Arithmetic { quoted, .. }
        | Part::Command { quoted, .. }
        | Part::Parameter { quoted, .. }
        | Part::Text { quoted, .. } => *quoted,
        Part::Process { .. } => true,
    }
}

/// Whether a quoted expansion still becomes several fields: `"$@"`, `"${a[@]}"`.
fn is_list(part: &Part) -> bool {
    match part {
        Part::Parameter { parameter, .. } => {
            let at = |part: &Part| matches!(part, Part::Text { text, .. } if text == "@");
            parameter.name == "@" || parameter.subscript.as_deref().is_some_and(|subscript| subscript.iter().any(at))
        }
        _ => false,
    }
}

/// The fields that a word becomes, while it is being expanded.
struct Building {
    fields: Vec<Value>,
    current: Option<Value>,
    separators: Option<String>,
}

impl Building {
    fn new(separators: Option<String>) -> Self {
        Self { fields: Vec::new(), current: None, separators }
    }

    fn finish(mut self) -> Vec<Value> {
        self.fields.extend(self.current);
        self.fields
    }

    fn current(&mut self) -> &mut Value {
        self.current.get_or_insert_default()
    }

    fn quoted(&mut self, value: Value) {
        self.current().append(value);
    }

    /// Adds unquoted text that is not split, whose globs are live.
    fn globbing(&mut self, text: &str) {
        let closing = text.contains(']');
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?', '[']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            if !before.is_empty() {
                self.current().push(Piece::Text(before.to_owned()));
            }
            // Without a closing bracket in sight there is nothing to look for, however many open.
            let length = if !from.starts_with('[') {
                Some(1)
            } else if closing {
                bracket(from)
            } else {
                None
            };
            let (glob, after) = from.split_at_checked(length.unwrap_or(1)).unwrap_or((from, ""));
            let piece = if length.is_some() { Piece::Pattern(glob.to_owned()) } else { Piece::Text(glob.to_owned()) };
            self.current().push(piece);
            rest = after;
        }
        if !rest.is_empty() || text.is_empty() {
            self.current().push(Piece::Text(rest.to_owned()));
        }
    }

    /// Adds the values of an expansion.
    fn expansion(&mut self, values: Vec<Value>, quoted: bool, list: bool) {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 && (list || !quoted) {
                self.fields.extend(self.current.take());
            } else if index > 0 {
                self.current().push(Piece::Text(" ".to_owned()));
            }
            if quoted {
                self.current().append(value);
            } else {
                self.split(value);
            }
        }
        if quoted && !list {
            self.current();
        }
    }

    /// Adds the value of an unquoted expansion: split into fields, globs live.
    fn split(&mut self, value: Value) {
        for piece in value.pieces {
            match piece {
                Piece::Any { shape, .. } => self.current().push(Piece::Any { shape, loose: shape == Shape::Anything }),
                Piece::Pattern(glob) => self.current().push(Piece::Pattern(glob)),
                Piece::Text(text) => match self.separators.clone() {
                    None => self.current().push(Piece::Any { shape: Shape::Anything, loose: true }),
                    Some(separators) => self.split_text(&text, &separators),
                },
            }
        }
    }

    fn split_text(&mut self, text: &str, separators: &str) {
        let is_separator = |character: char| separators.contains(character);
        let mut word = String::new();
        for character in text.chars() {
            if !is_separator(character) {
                word.push(character);
                continue;
            }
            if !word.is_empty() {
                self.globbing(&std::mem::take(&mut word));
            }
            self.fields.extend(self.current.take());
        }
        if !word.is_empty() {
            self.globbing(&word);
        }
    }
}

/// The length of the bracket expression that `text` begins with.
fn bracket(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('[')?;
    let skip = inner.chars().take_while(|character| matches!(character, '!' | '^')).map(char::len_utf8).sum::<usize>();
    let from = if inner.get(skip..)?.starts_with(']') { skip + 1 } else { skip };
    let end = inner.get(from..)?.find(']')?;
    let whole = 1 + from + end + 1;
    (!text.get(..whole)?.contains('/')).then_some(whole)
}
