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
pub(super) fn looks_evaluated(text: &str) -> bool {
    text.match_indices('[').any(|(at, _)| {
        let name = text.get(..at).unwrap_or_default();
        let named = name.bytes().last().is_some_and(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let inside = subscript(text.get(at + 1..).unwrap_or_default());
        named && (inside.contains("$(") || inside.contains('`'))
    })
}

/// The text up to the bracket that closes a subscript. Where quotes may hide that bracket it is all of the text.
fn subscript(rest: &str) -> &str {
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
    if inside.contains(['"', '\'', '\\']) { rest } else { inside }
}
