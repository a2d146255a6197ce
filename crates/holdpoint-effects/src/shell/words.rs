//! Reads words: quoting, expansions, substitutions. The rules are bash's (its manual, "Shell Operation" and "Quoting").

use super::reader::{Read, Reader, is_meta, is_name, is_name_start};
use super::syntax::{Part, Word};

/// Where an expansion stands: it decides what quotes mean inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// In double quotes or in a here-document's body.
    Double,
    Unquoted,
}

impl Quoting {
    pub(super) fn is_quoted(self) -> bool {
        self == Self::Double
    }
}

/// Collects parts, joining neighbouring text of the same quoting.
#[derive(Debug, Default)]
pub(super) struct Parts {
    parts: Vec<Part>,
}

impl Parts {
    pub(super) fn text(&mut self, more: &str, quoted: bool) {
        match self.parts.last_mut() {
            Some(Part::Text { text, quoted: last }) if *last == quoted => text.push_str(more),
            _ => self.parts.push(Part::literal(more, quoted)),
        }
    }

    pub(super) fn push(&mut self, part: Part) {
        self.parts.push(part);
    }

    pub(super) fn finish(self) -> Vec<Part> {
        self.parts
    }

    /// The text so far where it is all unquoted.
    fn plain(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text { text, quoted: false }] => Some(text),
            _ => None,
        }
    }

    /// Whether what was read so far is `name[` with its bracket still open.
    fn opens_subscript(&self) -> bool {
        let plain = self.plain().and_then(|text| text.strip_suffix('['));
        // From the end: an earlier bracket ends the look at once, so that a word of brackets is read in one pass.
        plain.is_some_and(|name| name.bytes().rev().all(is_name) && name.bytes().next().is_some_and(is_name_start))
    }
}

impl Reader<'_> {
    /// Reads the word that starts here. It may be empty only in the sense of `''`.
    pub(super) fn word(&mut self) -> Read<Word> {
        self.step()?;
        let start = self.at;
        let mut parts = Parts::default();
        while let Some(byte) = self.byte() {
            match byte {
                b'<' | b'>' if self.byte_after(1) == Some(b'(') => {
                    self.at += 2;
                    let list = self.list_until_parenthesis()?;
                    parts.push(Part::Process { list });
                }
                _ if is_meta(byte) => break,
                _ => self.word_piece(byte, &mut parts)?,
            }
        }
        if self.at == start {
            return Err(self.fault("a word was expected"));
        }
        Ok(Word { parts: parts.finish(), span: self.span(start, self.at) })
    }

    /// Reads one piece of an unquoted word.
    fn word_piece(&mut self, byte: u8, parts: &mut Parts) -> Read<()> {
        match byte {
            b'\\' => {
                self.at += 1;
                match self.byte() {
                    Some(b'\n') => self.at += 1,
                    Some(_) => parts.text(self.take_char(), true),
                    None => parts.text("\\", true),
                }
            }
            b'\'' => parts.text(self.single_quoted()?, true),
            b'"' => {
                self.at += 1;
                self.double_quoted(parts)?;
            }
            b'$' => self.dollar(Quoting::Unquoted, parts)?,
            b'`' => self.back_quoted(Quoting::Unquoted, parts)?,
            b'[' => {
                parts.text(self.take_char(), false);
                if parts.opens_subscript() {
                    self.subscript_of_assignment(parts)?;
                }
            }
            _ => parts
                .text(self.take_run(|byte| is_meta(byte) || matches!(byte, b'\\' | b'\'' | b'"' | b'$' | b'`' | b'[')), false),
        }
        Ok(())
    }

    /// Reads on in `name[…` up to the closing bracket when an assignment follows, since blanks do not end the word there.
    fn subscript_of_assignment(&mut self, parts: &mut Parts) -> Read<()> {
        let Some(end) = self.matching(b'[', b']')? else {
            self.odd_bracket = true;
            self.unclosed_subscript = true;
            return Ok(());
        };
        let assigns = matches!(self.text.as_bytes().get(end + 1..), Some([b'=', ..] | [b'+', b'=', ..]));
        if !assigns || self.slice(self.at, end).contains('\n') {
            return Ok(());
        }
        for part in self.expansions_until(end)? {
            parts.push(part);
        }
        parts.text("]", false);
        self.at = end + 1;
        Ok(())
    }

    fn single_quoted(&mut self) -> Read<&str> {
        let start = self.at + 1;
        let length = self.text.as_bytes().get(start..).and_then(|rest| rest.iter().position(|byte| *byte == b'\''));
        let Some(length) = length else { return Err(self.fault("a single quote is not closed")) };
        self.at = start + length + 1;
        Ok(self.slice(start, start + length))
    }

    /// Reads up to the closing double quote; the opening one is behind us.
    pub(super) fn double_quoted(&mut self, parts: &mut Parts) -> Read<()> {
        self.enter()?;
        parts.push(Part::literal("", true));
        loop {
            match self.byte() {
                None => return Err(self.fault("a double quote is not closed")),
                Some(b'"') => break,
                Some(byte) => self.quoted_piece(byte, parts)?,
            }
        }
        self.at += 1;
        self.leave();
        Ok(())
    }

    /// Reads one piece of double-quoted text.
    fn quoted_piece(&mut self, byte: u8, parts: &mut Parts) -> Read<()> {
        match byte {
            b'\\' => {
                self.at += 1;
                match self.byte() {
                    Some(b'\n') => self.at += 1,
                    Some(b'$' | b'`' | b'"' | b'\\') => parts.text(self.take_char(), true),
                    _ => parts.text("\\", true),
                }
            }
            b'$' => self.dollar(Quoting::Double, parts)?,
            b'`' => self.back_quoted(Quoting::Double, parts)?,
            _ => parts.text(self.take_run(|byte| matches!(byte, b'\\' | b'"' | b'$' | b'`')), true),
        }
        Ok(())
    }

    /// Reads the whole text as a here-document's body: as in double quotes, but a double quote means itself.
    pub(super) fn quoted_until_end(&mut self) -> Read<Vec<Part>> {
        let mut parts = Parts::default();
        while let Some(byte) = self.byte() {
            if byte == b'\\' && self.byte_after(1) == Some(b'"') {
                self.at += 2;
                parts.text("\\\"", true);
            } else {
                self.quoted_piece(byte, &mut parts)?;
            }
        }
        Ok(parts.finish())
    }

    /// Reads back quotes. Their text is unescaped once and then read as a text of its own, as bash does.
    pub(super) fn back_quoted(&mut self, quoting: Quoting, parts: &mut Parts) -> Read<()> {
        let start = self.at;
        self.at += 1;
        let mut inner = String::new();
        loop {
            match self.byte() {
                None => return Err(self.fault("a back quote is not closed")),
                Some(b'`') => break,
                Some(b'\\') => {
                    self.at += 1;
                    match self.byte() {
                        Some(b'`' | b'\\' | b'$') => inner.push_str(self.take_char()),
                        Some(b'"') if quoting.is_quoted() => inner.push_str(self.take_char()),
                        _ => inner.push('\\'),
                    }
                }
                Some(_) => inner.push_str(self.take_char()),
            }
        }
        self.at += 1;
        self.reread.push(self.base + start..self.base + self.at);
        let list = self.reread(&inner, self.span(start, self.at))?;
        parts.push(Part::Command { list, quoted: quoting.is_quoted() });
        Ok(())
    }

    /// Reads what is between here and `end` for its expansions only: arithmetic and subscripts, where quotes go away.
    pub(super) fn expansions_until(&mut self, end: usize) -> Read<Vec<Part>> {
        self.enter()?;
        let mut parts = Parts::default();
        while self.at < end {
            match self.byte() {
                Some(b'"') => self.at += 1,
                Some(byte @ (b'\\' | b'$' | b'`')) => self.quoted_piece(byte, &mut parts)?,
                Some(_) => parts.text(self.take_char(), true),
                None => break,
            }
        }
        if self.at != end {
            return Err(self.fault("an expression does not end where its brackets do"));
        }
        self.leave();
        Ok(parts.finish())
    }

    /// The place of the closing bracket that matches an opening one just behind us; quotes and escapes are respected.
    pub(super) fn matching(&self, open: u8, close: u8) -> Read<Option<usize>> {
        let found = self.closing(open, close);
        // What is read ahead is read again, and without a closing bracket that is all of the text each time.
        let ahead = found.unwrap_or(self.text.len()).saturating_sub(self.at);
        if self.budget.read_ahead(ahead) { Ok(found) } else { Err(self.bound("it has more brackets than are read")) }
    }

    fn closing(&self, open: u8, close: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let (mut at, mut nesting, mut quote) = (self.at, 1_usize, None);
        while let Some(&byte) = bytes.get(at) {
            match (quote, byte) {
                (Some(b'\''), b'\'') => quote = None,
                (Some(b'\''), _) => {}
                (_, b'\\') => at += 1,
                (Some(open_quote), _) if open_quote == byte => quote = None,
                (None, b'\'' | b'"' | b'`') => quote = Some(byte),
                (None, _) if byte == open => nesting += 1,
                (None, _) if byte == close => {
                    nesting -= 1;
                    if nesting == 0 {
                        return Some(at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        None
    }
}
