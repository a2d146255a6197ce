//! The concrete tree of a program, by tree-sitter. A text in which anything is not understood is not read at all.

use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree};

use super::syntax::Unreadable;

/// Most times that the parser looks whether it should go on; it does so every hundred steps.
const CHECKS_MAX: u32 = 20_000;
/// The text is not one of the language, as far as its grammar is known here.
pub(crate) const STRUCTURE: Unreadable = Unreadable("its structure is not understood");
/// Deepest nesting of the tree that is followed. Every level costs a few stack frames.
pub(super) const DEPTH_MAX: usize = 96;

/// The tree of a text without errors. The parser's recovery can take minutes where its reading takes milliseconds: the first
/// error ends it.
pub(super) fn tree(language: Language, text: &str) -> Result<Tree, Unreadable> {
    let mut parser = Parser::new();
    parser.set_language(&language).map_err(|_| Unreadable("its parser is not usable"))?;
    let mut checks = 0_u32;
    let mut give_up = |state: &ParseState| {
        checks += 1;
        if state.has_error() || checks > CHECKS_MAX { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let mut rest = |at: usize, _| text.as_bytes().get(at..).unwrap_or_default();
    let options = ParseOptions::new().progress_callback(&mut give_up);
    let tree = parser.parse_with_options(&mut rest, None, Some(options));
    tree.filter(|tree| !tree.root_node().has_error()).ok_or(STRUCTURE)
}

/// A text and how deep in its tree the reading is.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    depth: usize,
}

impl<'t> Source<'t> {
    pub(super) const fn new(text: &'t str) -> Self {
        Self { text, depth: 0 }
    }

    pub(super) fn text_of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Goes one level deeper.
    pub(super) fn enter(&mut self) -> Result<(), Unreadable> {
        if self.depth >= DEPTH_MAX {
            return Err(Unreadable("it is nested more deeply than is read"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }
}

/// The named children of a node without comments.
pub(super) fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !matches!(child.kind(), "comment" | "html_comment" | "line_continuation"))
        .collect()
}

/// The children of a node that a field names.
pub(super) fn fields<'n>(node: Node<'n>, name: &str) -> Vec<Node<'n>> {
    let mut cursor = node.walk();
    node.children_by_field_name(name, &mut cursor).filter(Node::is_named).collect()
}

/// What a backslash and the letters behind it stand for, in either language; nothing where that is not known here.
pub(super) fn unescaped(sequence: &str) -> Option<String> {
    let rest = sequence.strip_prefix('\\')?;
    let code = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    let first = rest.chars().next()?;
    let letter = match first {
        '\n' | '\r' => return Some(String::new()),
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        '0'..='7' => code(rest, 8)?,
        'x' | 'u' | 'U' => {
            let digits = rest.get(1..)?.trim_start_matches('{').trim_end_matches('}');
            // A byte above the ASCII ones is another letter in a text of bytes.
            code(digits, 16).filter(|_| first != 'x' || code(digits, 16).is_some_and(|letter| letter.is_ascii()))?
        }
        'N' => return None,
        other if other.is_ascii_alphanumeric() => return None,
        other => other,
    };
    Some(letter.to_string())
}
