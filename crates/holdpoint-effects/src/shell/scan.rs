//! What a piece of syntax mentions without being followed: the variables it expands, the names it assigns.

use std::collections::BTreeSet;

use super::budget::COMBINATIONS_MAX;
use super::syntax::{Command, Form, Item, List, Operation, Part};
use super::value::Value;

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
                Operation::Alternative { word, .. }
                | Operation::Changed { word, .. }
                | Operation::Default { word, .. }
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

/// The variables that the words of a command expand, those of the commands inside it included.
pub(super) fn names_in_command(command: &Command, names: &mut BTreeSet<String>) {
    let mut lists = |lists: &[&List]| {
        let items = lists.iter().flat_map(|list| &list.items);
        let commands = items.flat_map(|item| std::iter::once(&item.first).chain(item.rest.iter().map(|(_, next)| next)));
        commands.for_each(|command| names_in_command(command, names));
    };
    match &command.form {
        Form::Case { arms, .. } => lists(&arms.iter().map(|(_, body)| body).collect::<Vec<_>>()),
        Form::For { body, .. } | Form::Group(body) | Form::Subshell(body) => lists(&[body]),
        Form::If { branches, otherwise } => {
            let branches = branches.iter().flat_map(|(condition, body)| [condition, body]);
            lists(&branches.chain(otherwise.as_ref()).collect::<Vec<_>>());
        }
        Form::Loop { condition, body, .. } => lists(&[condition, body]),
        Form::Pipeline(stages) => stages.iter().for_each(|stage| names_in_command(stage, names)),
        Form::Simple(simple) => {
            simple.words.iter().flat_map(|word| &word.parts).for_each(|part| collect_names(part, names));
        }
        Form::Test(words) => words.iter().flat_map(|word| &word.parts).for_each(|part| collect_names(part, names)),
        Form::Arithmetic(_) | Form::Coprocess(_) | Form::Function { .. } => {}
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
