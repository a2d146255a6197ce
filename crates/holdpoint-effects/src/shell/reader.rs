//! The cursor that words and grammar share: position, depth, faults, and how offsets become spans.

use super::budget::{Budget, DEPTH_MAX};
use super::syntax::{Body, List, Part, Span};

/// Why a text, or a part of it, was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) why: &'static str,
    pub(crate) span: Span,
    /// Whether reading on behind it is pointless (a bound was reached).
    pub(crate) last: bool,
}

pub(crate) type Read<T> = Result<T, Fault>;

/// What reading a text gives: what was understood, and what was not.
#[derive(Debug)]
pub(crate) struct Outline {
    pub(crate) list: List,
    pub(crate) faults: Vec<Fault>,
    /// Where each command's name starts, for comparison with the structural parser.
    pub(crate) names: Vec<usize>,
    /// Regions that were re-read from unescaped text, where offsets cannot be compared.
    pub(crate) reread: Vec<Span>,
    pub(crate) here_documents: usize,
    /// Where each `<<<` stands: the structural parser knows it in fewer places than bash.
    pub(crate) here_strings: Vec<usize>,
    /// Whether `name[` stands where the structural parser takes it for a subscript, and no assignment follows.
    pub(crate) odd_bracket: bool,
}

/// Reads one text.
pub(crate) struct Reader<'t> {
    pub(super) text: &'t str,
    pub(super) at: usize,
    pub(super) depth: usize,
    pub(super) budget: &'t Budget,
    /// The span that everything in this text has, where the text is not a piece of the artefact.
    pub(super) within: Option<Span>,
    /// Whether offsets are those of the text that the structural parser reads too.
    pub(super) comparable: bool,
    /// What to add to an offset to have its place in the artefact.
    pub(super) base: usize,
    /// Whether the next command's name stands behind `time`, which the structural parser takes for a command.
    pub(super) timed: bool,
    pub(super) pending: Vec<Pending>,
    pub(super) names: Vec<usize>,
    pub(super) reread: Vec<Span>,
    pub(super) here_documents: usize,
    pub(super) here_strings: Vec<usize>,
    pub(super) odd_bracket: bool,
    /// Whether the last word read has a `name[` that nothing closes.
    pub(super) unclosed_subscript: bool,
}

/// A here-document whose body has not begun yet.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(super) delimiter: String,
    pub(super) quoted: bool,
    pub(super) strip_tabs: bool,
    pub(super) body: Body,
}

impl<'t> Reader<'t> {
    /// A reader of `text`, `depth` levels down. Everything in it has the span `within`, if that is given.
    pub(crate) fn new(text: &'t str, depth: usize, budget: &'t Budget, within: Option<Span>) -> Self {
        Self {
            text,
            at: 0,
            depth,
            budget,
            within,
            comparable: true,
            base: 0,
            timed: false,
            pending: Vec::new(),
            names: Vec::new(),
            reread: Vec::new(),
            here_documents: 0,
            here_strings: Vec::new(),
            odd_bracket: false,
            unclosed_subscript: false,
        }
    }

    /// Reads a text that was unescaped from this one (back quotes).
    /// Where the text stands here is noted in `reread` by the caller.
    pub(super) fn reread(&mut self, text: &str, span: Span) -> Read<List> {
        if !self.budget.read_bytes(text.len()) {
            return Err(self.bound("it leads to more text than is read"));
        }
        self.enter()?;
        let mut inner = Reader::new(text, self.depth, self.budget, Some(span.clone()));
        inner.comparable = false;
        let list = inner.whole();
        self.here_documents += inner.here_documents;
        self.odd_bracket |= inner.odd_bracket;
        self.leave();
        list
    }

    /// Reads the expansions in a piece of this text as if it stood in double quotes (a here-document's body).
    pub(super) fn reread_body(&mut self, start: usize, end: usize) -> Read<Vec<Part>> {
        let body = self.text.get(start..end).unwrap_or_default();
        self.enter()?;
        let mut inner = Reader::new(body, self.depth, self.budget, self.within.clone());
        inner.comparable = self.comparable;
        inner.base = self.base + start;
        let parts = inner.quoted_until_end();
        self.names.append(&mut inner.names);
        self.here_strings.append(&mut inner.here_strings);
        self.reread.append(&mut inner.reread);
        self.here_documents += inner.here_documents;
        self.odd_bracket |= inner.odd_bracket;
        self.leave();
        parts
    }

    pub(super) fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    pub(super) fn byte_after(&self, offset: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + offset).copied()
    }

    pub(super) fn looking_at(&self, text: &str) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(text.as_bytes()))
    }

    /// Steps over `text` if it stands here.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let here = self.looking_at(text);
        if here {
            self.at += text.len();
        }
        here
    }

    pub(super) fn slice(&self, start: usize, end: usize) -> &'t str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// Takes the character that stands here, which may be several bytes long.
    pub(super) fn take_char(&mut self) -> &'t str {
        let start = self.at;
        let taken = self.text.get(start..).and_then(|rest| rest.chars().next());
        self.at += taken.map_or(0, char::len_utf8);
        self.slice(start, self.at)
    }

    /// Takes the character that stands here and what follows it up to a byte that `ends` the run; that byte is a character of its
    /// own.
    pub(super) fn take_run(&mut self, ends: impl Fn(u8) -> bool) -> &'t str {
        let start = self.at;
        let rest = self.text.as_bytes().get(start + 1..).unwrap_or_default();
        self.at = rest.iter().position(|byte| ends(*byte)).map_or(self.text.len(), |length| start + 1 + length);
        self.slice(start, self.at)
    }

    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        self.within.clone().unwrap_or(self.base + start..self.base + end)
    }

    pub(super) fn fault(&self, why: &'static str) -> Fault {
        Fault { why, span: self.span(self.at.min(self.text.len()), self.text.len()), last: false }
    }

    pub(super) fn bound(&self, why: &'static str) -> Fault {
        Fault { last: true, ..self.fault(why) }
    }

    pub(super) fn step(&self) -> Read<()> {
        if self.budget.read_step() { Ok(()) } else { Err(self.bound("it has more parts than are read")) }
    }

    /// Goes one level deeper.
    pub(super) fn enter(&mut self) -> Read<()> {
        self.step()?;
        if self.depth >= DEPTH_MAX {
            return Err(self.bound("it is nested more deeply than is read"));
        }
        self.depth += 1;
        Ok(())
    }

    pub(super) fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// Steps over blanks, line continuations and a comment. Only for use between tokens.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'\\') if self.byte_after(1) == Some(b'\n') => self.at += 2,
                Some(b'#') => {
                    while self.byte().is_some_and(|byte| byte != b'\n') {
                        self.at += 1;
                    }
                }
                _ => return,
            }
        }
    }
}

/// Whether a byte ends an unquoted word.
pub(super) const fn is_meta(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'<' | b'>')
}

pub(super) const fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_'
}

pub(super) const fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}
