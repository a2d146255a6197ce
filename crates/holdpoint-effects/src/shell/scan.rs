//! What a piece of syntax mentions without being followed: the variables it expands, the names it assigns.

use std::collections::BTreeSet;

use super::budget::COMBINATIONS_MAX;
use super::syntax::{Command, Form, Item, List, Operation, Part, Word};
use super::value::Value;

/// Whether a command leaves the shell, the function or the loop.
pub(super) fn leaves(command: &Command) -> bool {
    let name = match &command.form {
        Form::Simple(simple) => simple.words.first().and_then(Word::fixed),
        _ => None,
    };
    name.is_some_and(|name| matches!(name.as_str(), "exit" | "return" | "break" | "continue" | "exec"))
}

/// The variables that parts expand, at any depth of words (not inside substitutions' own commands' state).
pub(super) fn names_in(parts: &[&Part]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for part in parts {
        collect_names(part, &mut names);
    }
    names
}

pub(super) fn collect_names(part: &Part, names: &mut BTreeSet<String>) {
    match part {
        Part::Arithmetic { parts, .. } => parts.iter().for_each(|part| collect_names(part, names)),
        Part::Parameter { parameter, .. } => {
            names.insert(parameter.name.clone());
            for part in parameter.subscript.iter().flatten() {
                collect_names(part, names);
            }
            match &parameter.operation {
                Operation::Alternative(word)
                | Operation::Default { word, .. }
                | Operation::Other(word)
                | Operation::Reread(word) => {
                    word.iter().for_each(|part| collect_names(part, names));
                }
                Operation::Plain => {}
            }
        }
        Part::Command { list, .. } => {
            // The output of one simple command may be known, and then depends on what its words expand.
            if let [Item { first: Command { form: Form::Simple(simple), .. }, .. }] = list.items.as_slice() {
                simple.words.iter().flat_map(|word| &word.parts).for_each(|part| collect_names(part, names));
            }
        }
        Part::Process { .. } | Part::Text { .. } => {}
    }
}

/// The names that a list assigns directly, and whether it changes the directory.
pub(super) fn assigned_in(list: &List, names: &mut BTreeSet<String>, moves: &mut bool) {
    for command in
        list.items.iter().flat_map(|item| std::iter::once(&item.first).chain(item.rest.iter().map(|(_, command)| command)))
    {
        assigned_by(command, names, moves);
    }
}

pub(super) fn assigned_by(command: &Command, names: &mut BTreeSet<String>, moves: &mut bool) {
    match &command.form {
        Form::Case { arms, .. } => arms.iter().for_each(|(_, body)| assigned_in(body, names, moves)),
        Form::For { variable, body, .. } => {
            names.insert(variable.clone());
            assigned_in(body, names, moves);
        }
        Form::Group(list) => assigned_in(list, names, moves),
        Form::If { branches, otherwise } => {
            for (condition, body) in branches {
                assigned_in(condition, names, moves);
                assigned_in(body, names, moves);
            }
            otherwise.iter().for_each(|body| assigned_in(body, names, moves));
        }
        Form::Loop { condition, body, .. } => {
            assigned_in(condition, names, moves);
            assigned_in(body, names, moves);
        }
        Form::Pipeline(stages) if stages.len() == 1 => stages.iter().for_each(|stage| assigned_by(stage, names, moves)),
        Form::Simple(simple) => {
            if simple.words.is_empty() {
                names.extend(simple.assignments.iter().map(|assignment| assignment.name.clone()));
            }
            let name = simple.words.first().and_then(Word::fixed);
            match name.as_deref() {
                Some("cd" | "pushd" | "popd") => *moves = true,
                Some("read" | "declare" | "local" | "export" | "readonly" | "typeset" | "printf" | "mapfile" | "readarray") => {
                    for word in simple.words.iter().skip(1).filter_map(Word::fixed) {
                        names.insert(word.split(['=', '+']).next().unwrap_or_default().to_owned());
                    }
                }
                _ => {}
            }
        }
        Form::Arithmetic(_)
        | Form::Coprocess(_)
        | Form::Function { .. }
        | Form::Pipeline(_)
        | Form::Subshell(_)
        | Form::Test(_) => {}
    }
}

pub(super) fn combined(before: &[Value], after: &[Value]) -> Vec<Value> {
    if before.len() * after.len() > COMBINATIONS_MAX {
        return vec![Value::unknown()];
    }
    let join = |one: &Value, other: &Value| {
        let mut value = one.clone();
        value.append(other.clone());
        value
    };
    before.iter().flat_map(|one| after.iter().map(move |other| join(one, other))).collect()
}

/// Whether text holds a subscript that arithmetic would evaluate as code: `a[$(…)]`, also inside quotes.
///
/// A subscript ends at the bracket that closes it; where quotes may hide that bracket it is all of the text behind it.
pub(super) fn looks_evaluated(text: &str) -> bool {
    let Some(last_code) = text.rfind("$(").max(text.rfind('`')) else { return false };
    let bytes = text.as_bytes();
    let is_named = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| bytes.get(before));
        before.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    let mut open: Vec<Subscript> = Vec::new();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'[' => open.push(Subscript { at, code: false, quote: false }),
            b']' => {
                let Some(closed) = open.pop() else { continue };
                if is_named(closed.at) && (closed.code || (closed.quote && last_code > at)) {
                    return true;
                }
                // What is in the inner one is in the outer one too.
                if let Some(outer) = open.last_mut() {
                    outer.code |= closed.code;
                    outer.quote |= closed.quote;
                }
            }
            _ => {
                if let Some(inner) = open.last_mut() {
                    inner.code |= *byte == b'`' || (*byte == b'$' && bytes.get(at + 1) == Some(&b'('));
                    inner.quote |= matches!(byte, b'"' | b'\'' | b'\\');
                }
            }
        }
    }
    open.iter().any(|unclosed| is_named(unclosed.at) && last_code > unclosed.at)
}

/// A subscript that is being read.
struct Subscript {
    /// Where its bracket opens.
    at: usize,
    /// Whether a substitution stands in it.
    code: bool,
    /// Whether something stands in it that quotes.
    quote: bool,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, each subscript looked at by itself.
    fn one_by_one(text: &str) -> bool {
        text.match_indices('[').any(|(at, _)| {
            let named = text.get(..at).unwrap().bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            let rest = text.get(at + 1..).unwrap();
            let mut open = 0_usize;
            let end = rest.find(|character| {
                match character {
                    '[' => open += 1,
                    ']' if open == 0 => return true,
                    ']' => open -= 1,
                    _ => {}
                }
                false
            });
            let inside = end.and_then(|end| rest.get(..end)).unwrap_or(rest);
            let inside = if inside.contains(['"', '\'', '\\']) { rest } else { inside };
            named && (inside.contains("$(") || inside.contains('`'))
        })
    }

    proptest! {
        #[test]
        fn subscripts_are_judged_as_each_by_itself(pieces in proptest::collection::vec(
            proptest::sample::select(vec!["a", "[", "]", "$", "(", "`", "'", "é", "_", " "]), 0..24,
        )) {
            let text = pieces.concat();
            prop_assert_eq!(looks_evaluated(&text), one_by_one(&text), "{}", text);
        }
    }
}
