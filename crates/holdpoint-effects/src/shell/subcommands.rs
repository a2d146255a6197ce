//! Which subcommand the words of a line name: `git remote add`, `kubectl -n shop delete`.
//!
//! *Out of scope:* what it does (`apply.rs`).

use super::options::style;
use super::value::Field;
use crate::families::{Command, Sub};
use crate::paths::name_fits;

/// The subcommand that the words name, and the words without it. A star in a name stands for any run of characters in
/// one word. Of two names that fit, the longer wins, then the one with fewer stars, then the one whose last word is certain.
pub(crate) fn subcommand(command: &'static Command, arguments: &[Field]) -> (Option<(&'static Sub, &'static str)>, Vec<Field>) {
    let Some((sub, name, used)) = named_by(command, arguments) else { return (None, arguments.to_vec()) };
    let rest = arguments.iter().enumerate().filter(|(at, _)| !used.contains(at)).map(|(_, field)| field.clone());
    (Some((sub, name)), rest.collect())
}

/// The words behind the subcommand.
pub(crate) fn behind_subcommand(command: &'static Command, arguments: &[Field]) -> Vec<Field> {
    let last = named_by(command, arguments).and_then(|(_, _, used)| used.last().copied());
    last.and_then(|last| arguments.get(last + 1..)).unwrap_or_default().to_vec()
}

/// The words before the subcommand.
pub(crate) fn before_subcommand(command: &'static Command, arguments: &[Field]) -> Vec<Field> {
    let first = named_by(command, arguments).and_then(|(_, _, used)| used.first().copied());
    first.and_then(|first| arguments.get(..first)).unwrap_or_default().to_vec()
}

/// The subcommand, its name, and the places of the words that name it.
pub(super) fn named_by(command: &'static Command, arguments: &[Field]) -> Option<(&'static Sub, &'static str, Vec<usize>)> {
    if command.sub.is_empty() {
        return None;
    }
    let words = leading_words(command, arguments);
    let first = words.first()?.1.bytes().next();
    // Most names fall at their first byte: a program may have hundreds.
    let may_fit = |name: &&str| name.bytes().next().is_some_and(|byte| byte == b'*' || Some(byte) == first);
    let named = command.sub.iter().flat_map(|sub| {
        let names = sub.names.iter().map(String::as_str).filter(may_fit);
        names.map(move |name| (name, sub))
    });
    // A thing may be called `list`: where a star would take a verb that acts for a thing, nothing is only looked at.
    let acts = |word: &str| {
        let verbs = command.sub.iter().filter(|sub| !sub.effect.is_empty()).flat_map(|sub| &sub.names);
        verbs.filter_map(|name| name.rsplit(' ').next()).any(|verb| verb != "*" && name_fits(verb, word))
    };
    let best = named
        .filter_map(|(name, sub)| {
            let length = length_if_same(name, &words)?;
            let stars = name.split(' ').filter(|name| name.contains('*')).count();
            let taken = || name.split(' ').zip(&words).any(|(name, (_, word))| name == "*" && acts(word));
            let same = !(stars > 0 && sub.effect.is_empty() && taken());
            let verb_is_certain = name.rsplit(' ').next().is_some_and(|verb| !verb.contains('*'));
            same.then_some(((length, std::cmp::Reverse(stars), verb_is_certain), sub, name))
        })
        .max_by_key(|(rank, ..)| *rank);
    best.map(|((length, ..), sub, name)| (sub, name, words.iter().take(length).map(|(at, _)| *at).collect()))
}

/// How many words the name of a subcommand has, where the first words of a line fit them.
fn length_if_same(name: &str, words: &[(usize, String)]) -> Option<usize> {
    let mut rest = words.iter();
    let same = name.split(' ').all(|name| rest.next().is_some_and(|(_, word)| name_fits(name, word)));
    same.then(|| words.len() - rest.len())
}

/// Most words that the name of a subcommand has.
const SUBCOMMAND_WORDS_MAX: usize = 5;

/// The first words that are no options, with their places. Between them only options may stand of which it is known whether
/// they take a value.
fn leading_words(command: &'static Command, arguments: &[Field]) -> Vec<(usize, String)> {
    let own = style(command, None);
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(field) = arguments.get(at).filter(|_| words.len() < SUBCOMMAND_WORDS_MAX) {
        let head = field.value.head();
        if head.starts_with('-') && head.len() > 1 {
            let takes = own.takes_value(&field.shown());
            if !takes && !head.contains('=') && !words.is_empty() {
                break;
            }
            at += if takes { 2 } else { 1 };
            continue;
        }
        let Some(word) = field.known() else { break };
        words.push((at, word));
        at += 1;
    }
    words
}
