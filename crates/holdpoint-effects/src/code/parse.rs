//! The concrete tree of a program, by tree-sitter. A text in which anything is not understood is not read at all.

use std::cell::{Cell, RefCell};
use std::ops::ControlFlow;
use std::rc::Rc;

use tree_sitter::{LogType, Node, ParseOptions, ParseState, Parser, Tree};

use super::language::Language;
use super::syntax::Unreadable;
use crate::shell::budget::{Budget, piece};

/// The text is not one of the language, as far as its grammar is known here.
pub(crate) const STRUCTURE: Unreadable = Unreadable("its structure is not understood");
/// More is written in it, or in all programs of the artefact together, than is read.
pub(super) const TOO_LONG: Unreadable = Unreadable("it is longer than is read");
/// Deepest nesting of the tree that is followed. Every level costs a few stack frames.
pub(super) const DEPTH_MAX: usize = 96;
/// Looks after which the parser is watched. It looks whether it should go on every hundred steps.
const UNWATCHED_CHECKS: usize = 8;
/// What the parser does between two looks costs, in steps; more where it is watched, and most where it errs and repairs.
const CHECK_STEPS: usize = 120;
const WATCHED_CHECK_STEPS: usize = 320;
const ERRING_CHECK_STEPS: usize = 3_500;
/// What giving the parser one more piece of the text costs, in steps; more where it is watched, as it tells of each letter. It may look
/// ahead from each word to the end of the text, which shows only in how often it asks for more.
const CHUNK_STEPS: usize = 3;
const WATCHED_CHUNK_STEPS: usize = 66;
const CHUNK_BYTES: usize = 64;
/// What reading one part of the tree costs, in steps.
const PART_STEPS: usize = 4;

thread_local! {
    /// Each thread has its own: making one costs as much as reading a short text, and none remembers what it read before.
    static JAVASCRIPT: RefCell<Option<Parser>> = RefCell::new(parser(&tree_sitter_javascript::LANGUAGE.into()));
    static PYTHON: RefCell<Option<Parser>> = RefCell::new(parser(&tree_sitter_python::LANGUAGE.into()));
}

fn parser(language: &tree_sitter::Language) -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(language).ok()?;
    Some(parser)
}

/// The tree of a text without errors.
pub(super) fn tree(language: Language, text: &str, budget: &Budget) -> Result<Tree, Unreadable> {
    let parsers = match language {
        Language::JavaScript => &JAVASCRIPT,
        Language::Python => &PYTHON,
    };
    parsers.with_borrow_mut(|parser| {
        let parser = parser.as_mut().ok_or(Unreadable("its parser is not usable"))?;
        let parsed = Parsing { text, budget, checks: 0, cut: Cell::new(false), end: None }.run(parser);
        parser.set_logger(None);
        if parsed.is_err() {
            // It would go on with this text when it is given the next.
            parser.reset();
        }
        parsed
    })
}

/// One run of the parser, up to the first error: its repairs take many times as long as its reading, and it says that it errs only
/// where it skips something, not where it puts something in. So a longer text is watched: what the parser tells of its steps names
/// every repair. That costs four times as much, so the first steps go without.
struct Parsing<'t> {
    text: &'t str,
    budget: &'t Budget,
    checks: usize,
    /// Whether it was not given all of the text.
    cut: Cell<bool>,
    end: Option<Unreadable>,
}

impl Parsing<'_> {
    fn run(mut self, parser: &mut Parser) -> Result<Tree, Unreadable> {
        let repairs = Rc::new(Cell::new(false));
        loop {
            let tree = self.go_on(parser, &repairs);
            let is_wrong = repairs.get() || tree.as_ref().is_some_and(|tree| tree.root_node().has_error());
            match (tree, self.end) {
                (_, end) if self.cut.get() || end == Some(TOO_LONG) => return Err(TOO_LONG),
                (_, end) if is_wrong || end.is_some() => {
                    self.budget.code_steps(ERRING_CHECK_STEPS * (self.checks.min(UNWATCHED_CHECKS) + 1));
                    return Err(STRUCTURE);
                }
                (Some(tree), _) => return Ok(tree),
                (None, _) => {
                    let repairs = Rc::clone(&repairs);
                    let watch = move |kind, message: &str| {
                        let repaired = message.starts_with("recover") || message.starts_with("skip_token");
                        repairs.set(repairs.get() || (kind == LogType::Parse && repaired));
                    };
                    parser.set_logger(Some(Box::new(watch)));
                }
            }
        }
    }

    /// Parses on; nothing where the parser is to be watched from here, or where it ends.
    fn go_on(&mut self, parser: &mut Parser, repairs: &Cell<bool>) -> Option<Tree> {
        let (text, budget) = (self.text, self.budget);
        let watched = self.checks >= UNWATCHED_CHECKS;
        let mut look = |state: &ParseState| {
            self.checks += 1;
            if state.has_error() || repairs.get() {
                self.end = Some(STRUCTURE);
            } else if !budget.code_steps(if watched { WATCHED_CHECK_STEPS } else { CHECK_STEPS }) {
                self.end = Some(TOO_LONG);
            }
            let goes_on = self.end.is_none() && self.checks != UNWATCHED_CHECKS;
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let mut chunk = |at: usize, _| {
            self.cut.set(self.cut.get() || !budget.code_steps(if watched { WATCHED_CHUNK_STEPS } else { CHUNK_STEPS }));
            if self.cut.get() { &[] } else { piece(text, at, CHUNK_BYTES) }
        };
        parser.parse_with_options(&mut chunk, None, Some(ParseOptions::new().progress_callback(&mut look)))
    }
}

/// A text, how deep in its tree the reading is, and what is left to spend on it.
pub(super) struct Source<'t> {
    pub(super) text: &'t str,
    depth: usize,
    budget: &'t Budget,
}

impl<'t> Source<'t> {
    pub(super) const fn new(text: &'t str, budget: &'t Budget) -> Self {
        Self { text, depth: 0, budget }
    }

    pub(super) fn text_of(&self, node: Node<'_>) -> &'t str {
        self.text.get(node.byte_range()).unwrap_or_default()
    }

    /// Goes one level deeper.
    pub(super) fn enter(&mut self) -> Result<(), Unreadable> {
        if self.depth >= DEPTH_MAX {
            return Err(Unreadable("it is nested more deeply than is read"));
        }
        self.spend(PART_STEPS)?;
        self.depth += 1;
        Ok(())
    }

    pub(super) const fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Takes steps for something that is read.
    pub(super) fn spend(&self, steps: usize) -> Result<(), Unreadable> {
        if self.budget.code_steps(steps) { Ok(()) } else { Err(TOO_LONG) }
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
