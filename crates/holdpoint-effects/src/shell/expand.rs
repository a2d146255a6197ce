//! Expands words as far as the line determines them: variables, tilde, splitting, globs, what substitutions print.
//!
//! Out of scope: what programs print (`outputs.rs`), what runs in the substitutions (the walk visits those before it expands),
//! and braces (`braces.rs`).

use std::collections::BTreeMap;

use super::arithmetic;
use super::braces::{Token, alternatives};
use super::budget::{Budget, VALUE_BYTES_PER_STEP, VALUE_MAX_BYTES};
use super::dialect::{Dialect, is_taken_along};
use super::filters::filtered;
use super::outputs::{printed, trimmed};
use super::reader::{is_name, is_name_start};
use super::state::State;
use super::syntax::{Command, Form, List, Parameter, Part, Redirection, RedirectionKind, Simple, Word};
use super::value::{PIPE, Piece, Shape, Value};
use crate::world::World;

/// Expands under one choice among the values that variables may have.
#[derive(Clone, Copy)]
pub(crate) struct Expander<'w> {
    pub(crate) state: &'w State,
    pub(crate) world: &'w World<'w>,
    pub(crate) budget: &'w Budget,
    pub(crate) choices: &'w BTreeMap<String, usize>,
    /// The directory the shell is in, under this choice.
    pub(crate) directory: Option<&'w str>,
}

/// Parts of a word after which its length is looked at: each may be as long as a value may be.
const PARTS_BETWEEN_LOOKS: usize = 32;

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
        let copied: usize = fields.iter().map(Value::len).sum();
        if self.budget.walk_steps(copied / VALUE_BYTES_PER_STEP) { fields } else { vec![Value::loose()] }
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
                Part::Text { text, quoted: false } if index == 0 && tilde_ends(text, parts.len() == 1) => {
                    self.tilde(text, &mut value, &mut |value, text| {
                        value.push(Piece::Text(text.to_owned()));
                    })
                }
                // In an assignment a tilde expands behind every colon as well.
                Part::Text { text, quoted: false } if text.contains(":~") => value.append(Value::unknown()),
                Part::Text { text, .. } => value.push(Piece::Text(text.clone())),
                part => value.append(joined(self.part(part), self.joiner(part).as_deref())),
            }
            // How long it is takes a look at each piece, so it is not asked behind each.
            if (index + 1).is_multiple_of(PARTS_BETWEEN_LOOKS) && value.len() > VALUE_MAX_BYTES {
                return Value::unknown();
            }
        }
        if value.len() > VALUE_MAX_BYTES { Value::unknown() } else { value }
    }

    fn tokens(&self, tokens: &[Token<'_>], building: &mut Building) {
        for (index, token) in tokens.iter().enumerate() {
            if index > 0 && self.is_taken_along(tokens.get(index - 1), token) {
                building.quoted(Value::unknown());
                continue;
            }
            match token {
                Token::Text(text) if index == 0 && tilde_ends(text, tokens.len() == 1) => self.leading_tilde(text, building),
                Token::Part(Part::Text { text, quoted: false }) if index == 0 && tilde_ends(text, tokens.len() == 1) => {
                    self.leading_tilde(text, building);
                }
                Token::Text(text) | Token::Part(Part::Text { text, quoted: false })
                    if index == 0 && tilde_of_assignment(text, tokens.len() == 1).is_some() =>
                {
                    let Some((name, path)) = tilde_of_assignment(text, tokens.len() == 1) else { continue };
                    building.globbing(name);
                    self.leading_tilde(path, building);
                }
                Token::Text(text) => building.globbing(text),
                Token::Part(Part::Text { text, quoted: true }) => building.quoted(Value::text(text.as_str())),
                Token::Part(Part::Text { text, quoted: false }) => building.globbing(text),
                Token::Part(part) => self.expansion(part, building),
            }
        }
    }

    /// Whether zsh takes this text for a subscript or a modifier of the parameter in front of it.
    fn is_taken_along(&self, before: Option<&Token<'_>>, token: &Token<'_>) -> bool {
        let bare = matches!(before, Some(Token::Part(Part::Parameter { parameter, .. })) if !parameter.braced);
        let text = match token {
            Token::Part(Part::Text { text, .. }) | Token::Text(text) => text,
            Token::Part(_) => return false,
        };
        self.state.dialect == Dialect::Zsh && bare && is_taken_along(text)
    }

    /// Expands a part that is not text.
    fn expansion(&self, part: &Part, building: &mut Building) {
        if let Part::Parameter { parameter, quoted: false } = part
            && let Some(word) = self.chosen(parameter)
        {
            // What is quoted in the word stays together, the rest is split.
            for part in word {
                match part {
                    Part::Text { text, quoted: true } => building.quoted(Value::text(text.as_str())),
                    Part::Text { text, quoted: false } => building.split(Value::text(text.as_str())),
                    part => building.expansion(self.part(part), is_quoted(part), is_list(part), self.joiner(part)),
                }
            }
            return;
        }
        building.expansion(self.part(part), is_quoted(part), is_list(part), self.joiner(part));
    }

    /// What stands between the values of a list that becomes one word; nothing where that is not known.
    fn joiner(&self, part: &Part) -> Option<String> {
        match part {
            Part::Parameter { parameter, .. } if is_list_of_one(parameter) => {
                self.separators().map(|separators| separators.chars().next().map(String::from).unwrap_or_default())
            }
            _ => Some(" ".to_owned()),
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
            "~" => value.append(self.home()),
            "~+" => value.append(self.variable("PWD")),
            _ => value.append(Value::unknown()),
        }
        rest(value, below);
    }

    /// Where a tilde leads: to `HOME`, and to what the system knows of the person where that is not set.
    pub(super) fn home(&self) -> Value {
        let home = self.variable("HOME");
        if home.is_unset() { Value::unknown() } else { home }
    }

    /// The values of one part that is not text; several only for lists such as `"$@"`.
    fn part(&self, part: &Part) -> Vec<Value> {
        match part {
            Part::Arithmetic { parts, .. } => vec![self.computed(parts)],
            Part::Command { list, .. } => vec![self.output(list)],
            Part::Parameter { parameter, .. } => self.parameter(parameter),
            Part::Process { .. } => vec![Value::text(PIPE)],
            Part::Text { text, .. } => vec![Value::text(text.as_str())],
        }
    }

    /// The value of an arithmetic expression.
    fn computed(&self, parts: &[Part]) -> Value {
        let text = self.parts(parts).known();
        let number = text.and_then(|text| arithmetic::value(&text, &|name| self.variable(name).known()));
        number.map_or_else(|| Value::any(Shape::Plain), |number| Value::text(number.to_string()))
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
        let Form::Pipeline(stages) = &command.form else { return self.stage(command, None) };
        let follow = |input: Option<Value>, stage| Some(self.stage(stage, input.as_ref()));
        stages.iter().fold(None, follow).unwrap_or_else(Value::unknown)
    }

    /// What one command prints that finds this on its standard input.
    pub(crate) fn stage(&self, command: &Command, input: Option<&Value>) -> Value {
        let Form::Simple(simple) = &command.form else { return Value::unknown() };
        self.printed_by(simple, &command.redirections.iter().collect::<Vec<_>>(), input)
    }

    /// What a program or builtin prints, with the redirections that matter to it and what it finds on its standard input.
    pub(super) fn printed_by(&self, simple: &Simple, redirections: &[&Redirection], input: Option<&Value>) -> Value {
        if !simple.assignments.is_empty() {
            return Value::unknown();
        }
        let fields: Vec<Value> = simple.words.iter().flat_map(|word| self.fields(word)).collect();
        let name = fields.first().and_then(Value::known).unwrap_or_default();
        if self.state.functions.contains_key(&name) {
            return Value::unknown();
        }
        let arguments = fields.get(1..).unwrap_or_default();
        // Errors thrown away do not change what is printed.
        let mut redirections = redirections.iter().filter(|one| one.descriptor.as_deref() != Some("2"));
        let given = match (redirections.next(), redirections.next()) {
            (None, _) => return self.given(&name, arguments, input),
            (Some(redirection), None) => self.given_by(redirection).map(trimmed),
            _ => None,
        };
        // Text that holds what is not known is handed on as it is, and no further.
        match given {
            Some(given) if name == "cat" && is_bare(simple) => given,
            Some(given) => self.given(&name, arguments, Some(&given)),
            None => Value::unknown(),
        }
    }

    /// What a program prints that is given a text, or nothing.
    fn given(&self, name: &str, arguments: &[Value], input: Option<&Value>) -> Value {
        let words: Option<Vec<String>> = arguments.iter().map(Value::known).collect();
        let words = words.unwrap_or_default();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let text = input.and_then(Value::known).filter(|_| words.len() == arguments.len());
        match text.and_then(|text| filtered(name, &words, &text)) {
            Some(text) => trimmed(Value::text(text)),
            None => self.program(name, arguments),
        }
    }

    /// The text that a redirection gives a command to read, where it stands in the line.
    pub(super) fn given_by(&self, redirection: &Redirection) -> Option<Value> {
        match &redirection.kind {
            RedirectionKind::HereDocument(body) => body.get().map(|body| self.parts(body)),
            RedirectionKind::HereString(word) => Some(self.single(word)),
            _ => None,
        }
    }

    fn program(&self, name: &str, arguments: &[Value]) -> Value {
        match name {
            "pwd" if arguments.is_empty() => self.directory.map_or_else(Value::unknown, Value::text),
            _ => printed(name, arguments, self.directory, self.world),
        }
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

/// Values as one, with something between them.
fn joined(values: Vec<Value>, joiner: Option<&str>) -> Value {
    let mut whole = Value::default();
    for (index, mut value) in values.into_iter().enumerate() {
        match joiner {
            Some(joiner) if index > 0 => whole.push(Piece::Text(joiner.to_owned())),
            None if index > 0 => whole.append(Value::unknown()),
            _ => {}
        }
        value.settle();
        whole.append(value);
    }
    whole
}

/// Bash expands the tilde in a command's word as well where the word could be an assignment: `dd of=~/disk.img`.
fn tilde_of_assignment(text: &str, alone: bool) -> Option<(&str, &str)> {
    let at = text.find("=~")? + 1;
    let (name, path) = text.split_at_checked(at)?;
    let is_name = name.trim_end_matches('=').bytes().all(is_name) && name.bytes().next().is_some_and(is_name_start);
    (is_name && tilde_ends(path, alone)).then_some((name, path))
}

/// Whether the name behind a leading tilde ends in this text: at a slash, or with the word. Quotes in it make it a plain sign.
fn tilde_ends(text: &str, alone: bool) -> bool {
    text.starts_with('~') && (alone || text.contains('/'))
}

/// Whether a quoted expansion joins all values to one word: `"$*"`, `"${a[*]}"`.
fn is_list_of_one(parameter: &Parameter) -> bool {
    let star = |part: &Part| matches!(part, Part::Text { text, .. } if text == "*");
    parameter.name == "*" || parameter.subscript.as_deref().is_some_and(|subscript| subscript.iter().any(star))
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
pub(super) struct Building {
    fields: Vec<Value>,
    current: Option<Value>,
    separators: Option<String>,
}

impl Building {
    pub(super) fn new(separators: Option<String>) -> Self {
        Self { fields: Vec::new(), current: None, separators }
    }

    pub(super) fn finish(mut self) -> Vec<Value> {
        self.fields.extend(self.current);
        self.fields
    }

    fn current(&mut self) -> &mut Value {
        self.current.get_or_insert_default()
    }

    pub(super) fn quoted(&mut self, value: Value) {
        self.current().append(value);
    }

    /// Adds unquoted text that is not split, whose globs are live.
    pub(super) fn globbing(&mut self, text: &str) {
        let closing = text.rfind(']').unwrap_or_default();
        let mut rest = text;
        while let Some(at) = rest.find(['*', '?', '[']) {
            let (before, from) = rest.split_at_checked(at).unwrap_or((rest, ""));
            if !before.is_empty() {
                self.current().push(Piece::Text(before.to_owned()));
            }
            // Without a closing bracket in sight there is nothing to look for, however many open.
            let length = if !from.starts_with('[') {
                Some(1)
            } else if text.len() - from.len() < closing {
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
    fn expansion(&mut self, values: Vec<Value>, quoted: bool, list: bool, joiner: Option<String>) {
        for (index, value) in values.into_iter().enumerate() {
            if index > 0 && (list || !quoted) {
                self.fields.extend(self.current.take());
            } else if index > 0 {
                let piece = joiner.clone().map_or(Piece::Any { shape: Shape::Anything, loose: false }, Piece::Text);
                self.current().push(piece);
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
                Piece::Any { shape, .. } => self.current().push(Piece::Any { shape, loose: shape.is_open() }),
                Piece::Pattern(glob) => self.current().push(Piece::Pattern(glob)),
                Piece::Text(text) => match self.separators.clone() {
                    None => self.current().push(Piece::Any { shape: Shape::Anything, loose: true }),
                    Some(separators) => self.split_text(&text, &separators),
                },
            }
        }
    }

    /// Splits text at the separators, of which blanks count only between words (bash's manual, "Word Splitting").
    fn split_text(&mut self, text: &str, separators: &str) {
        let mut word = String::new();
        let mut behind_blank = false;
        for character in text.chars() {
            if !separators.contains(character) {
                word.push(character);
                behind_blank = false;
                continue;
            }
            if !word.is_empty() {
                self.globbing(&std::mem::take(&mut word));
            }
            let blank = matches!(character, ' ' | '\t' | '\n');
            match self.current.take() {
                Some(field) => self.fields.push(field),
                None if blank || behind_blank => {}
                None => self.fields.push(Value::text("")),
            }
            behind_blank = blank && !self.fields.is_empty();
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
