//! The second opinion on a text's structure: tree-sitter-bash must read it without an error and see the same commands.
//!
//! Two readings that were written apart and agree are worth more than one. Where they differ the text counts as unread.

use std::ops::ControlFlow;

use tree_sitter::{Node, ParseOptions, ParseState, Parser, TreeCursor};

use super::budget::HERE_DOCUMENTS_MAX;
use super::reader::Outline;

/// Most times that the parser looks whether it should go on; it does so every hundred steps.
const CHECKS_MAX: u32 = 20_000;

/// Why the structure of a text is not certain; nothing where both readings agree.
pub(crate) fn disagreement(text: &str, outline: &Outline) -> Option<&'static str> {
    if outline.here_documents > HERE_DOCUMENTS_MAX {
        return Some("it has more here-documents than are read");
    }
    let mut parser = Parser::new();
    if parser.set_language(&tree_sitter_bash::LANGUAGE.into()).is_err() {
        return Some("the structural parser is not usable");
    }
    // The parser's recovery from errors can take minutes where its reading takes milliseconds: the first error ends it.
    let mut checks = 0_u32;
    let mut give_up = |state: &ParseState| {
        checks += 1;
        if state.has_error() || checks > CHECKS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let text = without_here_strings(text, &outline.here_strings);
    let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let options = ParseOptions::new().progress_callback(&mut give_up);
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    let Some(tree) = tree else { return Some("its structure is not certain") };
    if tree.root_node().has_error() {
        return Some("its structure is not certain");
    }
    let mut seen = names(tree.walk());
    seen.retain(|at| !outline.reread.iter().any(|region| region.contains(at)));
    seen.sort_unstable();
    seen.dedup();
    // A command whose name is given in back-quotes begins where they do, in a region that is read apart.
    let mut own = outline.names.clone();
    own.retain(|at| !outline.reread.iter().any(|region| region.start == *at));
    own.sort_unstable();
    own.dedup();
    (seen != own).then_some("two readings of its structure differ")
}

/// The text with `<` and blanks for each `<<<`, at the same length: both take one word, and the structural parser errs where a
/// here-string stands behind another redirection.
fn without_here_strings(text: &str, places: &[usize]) -> String {
    let mut text = text.to_owned();
    for at in places {
        if text.get(*at..*at + 3) == Some("<<<") {
            text.replace_range(*at..*at + 3, "<  ");
        }
    }
    text
}

/// Where the tree has the names of commands.
fn names(mut cursor: TreeCursor<'_>) -> Vec<usize> {
    let mut found = Vec::new();
    loop {
        if let Some(at) = name(&cursor.node()) {
            found.push(at);
        }
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return found;
            }
        }
    }
}

fn name(node: &Node<'_>) -> Option<usize> {
    match node.kind() {
        "command_name" | "declaration_command" | "unset_command" => Some(node.start_byte()),
        // `[ … ]` is a command by name, `[[ … ]]` is syntax.
        "test_command" if node.child(0).is_some_and(|bracket| bracket.kind() == "[") => Some(node.start_byte()),
        _ => None,
    }
}
