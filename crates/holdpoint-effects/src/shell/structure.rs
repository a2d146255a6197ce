//! The second opinion on a text's structure: tree-sitter-bash must read it without an error and see the same commands.
//!
//! Two readings that were written apart and agree are worth more than one. Where they differ the text counts as unread.

use std::borrow::Cow;
use std::cell::RefCell;
use std::ops::ControlFlow;

use tree_sitter::{Language, Node, ParseOptions, ParseState, Parser, Tree, TreeCursor};

use super::budget::{Budget, HERE_DOCUMENTS_MAX, piece};
use super::reader::Outline;

/// Why the structure of a text is not certain; nothing where both readings agree.
pub(crate) fn disagreement(text: &str, outline: &Outline, budget: &Budget) -> Option<&'static str> {
    if outline.here_documents > HERE_DOCUMENTS_MAX {
        return Some("it has more here-documents than are read");
    }
    // The structural parser takes it for a subscript, errs at each word behind it, and tries all that could be missing each time.
    if outline.odd_bracket && text.len() > ODD_TEXT_MAX_BYTES {
        return Some(UNCERTAIN);
    }
    let text = readable(text, &outline.here_strings);
    let names = STRUCTURAL.with_borrow_mut(|structural| structural.as_mut().map_or(Err(UNCERTAIN), |it| it.names(&text, budget)));
    let mut seen = match names {
        Ok(seen) => seen,
        Err(why) => return Some(why),
    };
    let mut reread = outline.reread.clone();
    reread.sort_unstable_by_key(|region| region.start);
    // The regions are apart from each other: what was re-read is not looked into again.
    let region_at =
        |at: usize| reread.partition_point(|region| region.start <= at).checked_sub(1).and_then(|last| reread.get(last));
    seen.retain(|at| !region_at(*at).is_some_and(|region| region.contains(at)));
    seen.sort_unstable();
    seen.dedup();
    // A command whose name is given in back-quotes begins where they do, in a region that is read apart.
    let mut own = outline.names.clone();
    own.retain(|at| !outline.reread.iter().any(|region| region.start == *at));
    own.sort_unstable();
    own.dedup();
    (seen != own).then_some("two readings of its structure differ")
}

thread_local! {
    /// Each thread has its own: making one costs as much as reading a short text, and none remembers what it read before.
    static STRUCTURAL: RefCell<Option<Structural>> = RefCell::new(Structural::new());
}

const UNCERTAIN: &str = "its structure is not certain";
/// Longest text that the structural parser is asked about although it errs in it.
const ODD_TEXT_MAX_BYTES: usize = 256;
/// Bytes that the structural parser is given at once. It may look ahead from each word to the end of the text, which shows only
/// in how often it asks for more.
const CHUNK_BYTES: usize = 32;

/// The structural parser.
struct Structural {
    parser: Parser,
    /// The kinds of nodes that are a command's name, or begin with one.
    named: [u16; 3],
    test: u16,
}

impl Structural {
    /// Nothing where the grammar is not of the library's version.
    fn new() -> Option<Self> {
        let language: Language = tree_sitter_bash::LANGUAGE.into();
        let mut parser = Parser::new();
        parser.set_language(&language).ok()?;
        let kind = |name| language.id_for_node_kind(name, true);
        let named = ["command_name", "declaration_command", "unset_command"].map(kind);
        Some(Self { parser, named, test: kind("test_command") })
    }

    /// Where a text has the names of commands, or why that is not certain.
    fn names(&mut self, text: &str, budget: &Budget) -> Result<Vec<usize>, &'static str> {
        let tree = self.tree(text, budget);
        if budget.is_structure_spent() {
            return Err("it is too long for its structure to be certain");
        }
        let tree = tree.filter(|tree| !tree.root_node().has_error()).ok_or(UNCERTAIN)?;
        let (mut found, mut cursor) = (Vec::new(), tree.walk());
        loop {
            found.extend(self.name(&cursor.node()));
            if !(cursor.goto_first_child() || next(&mut cursor)) {
                return Ok(found);
            }
        }
    }

    fn tree(&mut self, text: &str, budget: &Budget) -> Option<Tree> {
        // The parser's recovery from errors can take minutes where its reading takes milliseconds: the first error ends it.
        let mut give_up = |state: &ParseState| {
            let goes_on = !state.has_error() && budget.structure_check();
            if goes_on { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let mut chunk = |at: usize, _| if budget.structure_chunk() { piece(text, at, CHUNK_BYTES) } else { &[] };
        let tree = self.parser.parse_with_options(&mut chunk, None, Some(ParseOptions::new().progress_callback(&mut give_up)));
        if tree.is_none() {
            // It would go on with this text when it is given the next.
            self.parser.reset();
        }
        tree
    }

    fn name(&self, node: &Node<'_>) -> Option<usize> {
        let kind = node.kind_id();
        // `[ … ]` is a command by name, `[[ … ]]` is syntax.
        let brackets = || kind == self.test && node.child(0).is_some_and(|bracket| bracket.kind() == "[");
        (self.named.contains(&kind) || brackets()).then(|| node.start_byte())
    }
}

/// Moves to the next node that is not below this one; `false` at the end.
fn next(cursor: &mut TreeCursor<'_>) -> bool {
    while !cursor.goto_next_sibling() {
        if !cursor.goto_parent() {
            return false;
        }
    }
    true
}

/// The text as the structural parser can read it, at the same length: with `<` and blanks for each `<<<`, because both take one word
/// and the parser errs where a here-string stands behind another redirection; and with no character behind `{` that it cannot bear.
fn readable<'t>(text: &'t str, here_strings: &[usize]) -> Cow<'t, str> {
    let unbearable = unbearable(text);
    if here_strings.is_empty() && unbearable.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut bytes = text.as_bytes().to_vec();
    let mut put = |at: usize, other: &[u8]| {
        if let Some(place) = bytes.get_mut(at..at + other.len()) {
            place.copy_from_slice(other);
        }
    };
    here_strings.iter().filter(|at| text.get(**at..**at + 3) == Some("<<<")).for_each(|at| put(*at, b"<  "));
    for (at, length) in unbearable {
        put(at, format!("é{}", "x".repeat(length.saturating_sub(2))).as_bytes());
    }
    // Whole characters were put in place of whole characters.
    String::from_utf8(bytes).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Where characters stand, and how long they are, for which the parser's scanner of `{1..9}` asks C's `isdigit`: that is defined for
/// the first 256 characters only (`tree-sitter-bash` 0.25, `scanner.c`), and reads far outside its table for others.
fn unbearable(text: &str) -> Vec<(usize, usize)> {
    let bytes = text.as_bytes();
    let behind_digits = |from: usize| {
        let digits = bytes.iter().skip(from).take_while(|byte| byte.is_ascii_digit()).count();
        from + digits
    };
    let asked_about = text.match_indices('{').flat_map(|(brace, _)| {
        let first = behind_digits(brace + 1);
        let dots = bytes.get(first..).is_some_and(|rest| rest.starts_with(b".."));
        [Some(first), dots.then(|| behind_digits(first + 2))].into_iter().flatten()
    });
    let outside = |at: usize| {
        let character = text.get(at..)?.chars().next().filter(|character| *character > 'ÿ')?;
        Some((at, character.len_utf8()))
    };
    let mut found: Vec<_> = asked_about.filter_map(outside).collect();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_behind_a_brace_are_exchanged_where_the_parser_cannot_bear_them() {
        assert_eq!(readable("echo {1..\u{e01df}} {é {12日 {3. {a日", &[]), "echo {1..éxx} {é {12éx {3. {a日");
        assert_eq!(readable("{ls; }", &[]), "{ls; }");
    }
}
