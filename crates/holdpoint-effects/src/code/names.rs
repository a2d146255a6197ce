//! Which names a body gives values to.

use std::collections::BTreeSet;

use tree_sitter::Node;

use super::parse::Source;
use super::syntax::{Expression, Pattern, Statement, Taken, Unreadable};

/// Collects the names that statements give values to, those of inner functions aside.
pub(super) fn assigned(body: &[Statement], into: &mut BTreeSet<String>) {
    for statement in body {
        match statement {
            Statement::Assign { target, value } => {
                named(target, into);
                assigned_in(value, into);
            }
            Statement::Branches(bodies) => bodies.iter().for_each(|body| assigned(body, into)),
            Statement::Class { name, .. } | Statement::Define { name, .. } => {
                into.insert(name.clone());
            }
            Statement::Expression(value) | Statement::Return(value) => assigned_in(value, into),
            Statement::Import(import) => match &import.takes {
                Taken::All => {}
                Taken::Names(names) => into.extend(names.iter().map(|(_, name)| name.clone())),
                Taken::Whole(name) => {
                    into.insert(name.clone());
                }
            },
            Statement::Loop { each, body } => {
                if let Some((target, _)) = each {
                    named(target, into);
                }
                assigned(body, into);
            }
        }
    }
}

fn assigned_in(value: &Expression, into: &mut BTreeSet<String>) {
    match value {
        Expression::Block(body) => assigned(body, into),
        Expression::Choice(values) | Expression::Other(values) => values.iter().for_each(|value| assigned_in(value, into)),
        _ => {}
    }
}

/// Collects the names in a pattern.
pub(super) fn named(pattern: &Pattern, into: &mut BTreeSet<String>) {
    match pattern {
        Pattern::Each(patterns) => patterns.iter().for_each(|pattern| named(pattern, into)),
        Pattern::Elsewhere(_) | Pattern::Nothing => {}
        Pattern::Fields(fields) => fields.iter().for_each(|(_, pattern)| named(pattern, into)),
        Pattern::Name(name) => {
            into.insert(name.clone());
        }
    }
}

/// Collects the names that a JavaScript body declares, those of inner functions aside.
pub(super) fn declared(body: Node<'_>, source: &Source<'_>, into: &mut BTreeSet<String>) -> Result<(), Unreadable> {
    let mut cursor = body.walk();
    loop {
        source.spend(1)?;
        let node = cursor.node();
        let inner = node.id() != body.id() && (node.kind().contains("function") || node.kind().contains("class"));
        if node.kind() == "variable_declarator"
            && let Some(name) = node.child_by_field_name("name")
        {
            into.extend(identifiers(source.text_of(name)));
        }
        if !inner && cursor.goto_first_child() {
            continue;
        }
        loop {
            if cursor.node().id() == body.id() {
                return Ok(());
            }
            if cursor.goto_next_sibling() {
                break;
            }
            if !cursor.goto_parent() {
                return Ok(());
            }
        }
    }
}

fn identifiers(pattern: &str) -> impl Iterator<Item = String> {
    let words = pattern.split(|letter: char| !(letter.is_alphanumeric() || matches!(letter, '_' | '$')));
    words.filter(|word| !word.is_empty()).map(str::to_owned)
}
