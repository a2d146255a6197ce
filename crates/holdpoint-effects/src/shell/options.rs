//! Takes a command line apart: options, their values, operands.

use super::value::{Field, Piece};
use crate::families::{Command, Sub};

/// A command line taken apart.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) options: Vec<Given>,
    pub(crate) operands: Vec<Field>,
    /// Whether a word that the line does not determine may be an option as well.
    pub(crate) uncertain: bool,
}

/// An option that was given.
#[derive(Debug)]
pub(crate) struct Given {
    /// `-x`, `--name` or, with one dash, `-name`.
    pub(crate) name: String,
    pub(crate) value: Option<Field>,
}

impl Line {
    /// Whether an option was given, abbreviated long options included.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|given| given.is(name))
    }

    /// Whether an option was given exactly so: for what makes a command harmless.
    pub(crate) fn has_exactly(&self, name: &str) -> bool {
        self.options.iter().any(|given| given.name == name)
    }

    /// Whether an option that makes a command a rehearsal was given, and each time without a value that takes it back:
    /// `--dry-run`, `--dry-run=server`, but not `--dry-run=none`.
    pub(crate) fn rehearses(&self, name: &str) -> bool {
        let confirms = |value: &Field| value.known().is_some_and(|value| CONFIRMING.contains(&value.as_str()));
        let mut given = self.options.iter().filter(|given| given.name == name).peekable();
        given.peek().is_some() && given.all(|given| given.value.as_ref().is_none_or(confirms))
    }

    /// Whether an option that takes a value was given in a spelling that hides which word that is.
    pub(crate) fn hides_value(&self, name: &str) -> bool {
        self.options.iter().any(|given| given.is(name) && given.value.is_none())
    }

    /// The values of an option.
    pub(crate) fn values<'l>(&'l self, name: &'l str) -> impl Iterator<Item = &'l Field> {
        self.options.iter().filter(move |given| given.is(name)).filter_map(|given| given.value.as_ref())
    }
}

impl Given {
    /// An option may be written `--force=x`, abbreviated where it has two dashes, and is spelled `--name=value` in rules on values.
    pub(crate) fn is(&self, name: &str) -> bool {
        match name.split_once('=') {
            Some((name, value)) => {
                self.is(name) && self.value.as_ref().is_some_and(|given| given.known().is_none_or(|given| given == value))
            }
            None => {
                self.name == name || (self.name.starts_with("--") && self.name.len() > 3 && name.starts_with(self.name.as_str()))
            }
        }
    }
}

/// Values with which a rehearsal is one.
const CONFIRMING: [&str; 5] = ["1", "client", "server", "true", "yes"];

/// How the options of a command are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style<'s> {
    pub(crate) valued: [&'s [String]; 2],
    /// Options whose value is attached to them where they have one.
    pub(crate) attached: &'s [String],
    /// Options of several letters behind one dash that take no value.
    pub(crate) whole: &'s [String],
    pub(crate) long_with_one_dash: bool,
    /// Whether its operands are addresses.
    pub(crate) addresses: bool,
    /// Whether the first operand ends the options.
    pub(crate) stops_at_operand: bool,
    /// Whether `--split` may stand for `--split-string`, as GNU's programs have it.
    pub(crate) abbreviates: bool,
}

impl Style<'_> {
    pub(crate) fn takes_value(&self, name: &str) -> bool {
        let short = |valued: &str| self.abbreviates && name.len() > 3 && name.starts_with("--") && valued.starts_with(name);
        self.valued.iter().any(|names| names.iter().any(|valued| valued == name || short(valued)))
    }

    /// Whether a word behind one dash is one option and not one for each letter: `gcc -wrapper`.
    fn is_whole(&self, word: &str) -> bool {
        let name = word.split_once('=').map_or(word, |(name, _)| name);
        let listed = |names: &[String]| names.iter().any(|known| known == name);
        self.long_with_one_dash || (name.len() > 2 && (listed(self.whole) || self.valued.iter().any(|names| listed(names))))
    }
}

pub(crate) fn style<'s>(command: &'s Command, sub: Option<&'s Sub>) -> Style<'s> {
    let of_sub = sub.map_or(&[][..], |sub| &sub.valued);
    Style {
        valued: [&command.valued, of_sub],
        attached: &command.attached,
        whole: &command.whole,
        long_with_one_dash: command.long_with_one_dash,
        addresses: command.addresses,
        ..Style::default()
    }
}

/// Takes words apart. With `stops_at_operand`, gives how many words were options as well.
pub(crate) fn parse(words: &[Field], style: Style<'_>) -> (Line, usize) {
    let mut line = Line::default();
    let mut at = 0;
    while let Some(word) = words.get(at) {
        let head = word.value.head();
        if head == "--" && word.known().is_some() {
            at += 1;
            line.options.push(Given { name: "--".to_owned(), value: None });
            if !style.stops_at_operand {
                line.operands.extend(words.get(at..).unwrap_or_default().iter().cloned());
            }
            break;
        }
        if !head.starts_with('-') || head == "-" {
            if style.stops_at_operand {
                break;
            }
            line.uncertain |= word.value.starts_unknown() && !(style.addresses && has_a_path_behind(word));
            line.operands.push(word.clone());
            at += 1;
            continue;
        }
        at += 1;
        let next = words.get(at);
        if option(word, next, style, &mut line) {
            at += 1;
        }
    }
    (line, at)
}

/// Reads one option; gives whether it took the next word.
fn option(word: &Field, next: Option<&Field>, style: Style<'_>, line: &mut Line) -> bool {
    let shown = word.shown();
    let value = |text: &str| Some(Field::new(remainder(word, text), word.span.clone()));
    if shown.starts_with("--") || style.is_whole(&shown) {
        return match shown.split_once('=') {
            Some((name, _)) => {
                line.options.push(Given { name: name.to_owned(), value: value(&format!("{name}=")) });
                false
            }
            None => {
                let takes = style.takes_value(&shown);
                line.options.push(Given { name: shown, value: next.filter(|_| takes).cloned() });
                takes
            }
        };
    }
    // `-abc`: three options, up to the first that takes a value.
    let mut prefix = String::from("-");
    for letter in shown.chars().skip(1) {
        prefix.push(letter);
        let name = format!("-{letter}");
        let attached = shown.len() > prefix.len() || (word.value.len() > prefix.len());
        if attached && style.attached.contains(&name) {
            line.options.push(Given { name, value: value(&prefix) });
            return false;
        }
        if !style.takes_value(&name) {
            line.options.push(Given { name, value: None });
            continue;
        }
        let taken = if attached { value(&prefix) } else { next.cloned() };
        line.options.push(Given { name, value: taken });
        return !attached;
    }
    line.uncertain |= word.value.has_unknown();
    false
}

/// Whether a word is one thing that the line does not determine with a path behind it: `"$BASE_URL/users"`.
fn has_a_path_behind(word: &Field) -> bool {
    let path = |piece: &Piece| matches!(piece, Piece::Text(text) if text.starts_with('/'));
    matches!(word.value.pieces.as_slice(), [Piece::Any { loose: false, .. }, next, ..] if path(next))
}

/// What is left of a word behind a known beginning.
fn remainder(word: &Field, prefix: &str) -> super::value::Value {
    let mut value = word.value.clone();
    if let Some(Piece::Text(text)) = value.pieces.first_mut() {
        *text = text.get(prefix.len()..).unwrap_or_default().to_owned();
    }
    value
}
