//! Here-documents: their delimiters, and their bodies, which begin on the line after.

use std::rc::Rc;

use super::reader::{Pending, Read, Reader, is_meta};
use super::syntax::{Body, Part};

impl Reader<'_> {
    /// Reads the delimiter behind `<<` or `<<-` and notes that a body follows.
    pub(super) fn here_document(&mut self, strip_tabs: bool) -> Read<Body> {
        self.skip_blanks();
        let start = self.at;
        let (mut delimiter, mut quoted) = (String::new(), false);
        while let Some(byte) = self.byte() {
            match byte {
                _ if is_meta(byte) => break,
                b'\\' => {
                    self.at += 1;
                    if !self.take("\n") {
                        quoted = true;
                        delimiter.push_str(self.take_char());
                    }
                }
                b'\'' | b'"' => {
                    quoted = true;
                    let end = self.text.get(self.at + 1..).and_then(|rest| rest.find(char::from(byte)));
                    let Some(length) = end else { return Err(self.fault("a quote is not closed")) };
                    let inner = self.slice(self.at + 1, self.at + 1 + length);
                    if byte == b'"' && inner.contains(['\\', '$', '`']) {
                        return Err(self.fault("a here-document's delimiter cannot be read"));
                    }
                    delimiter.push_str(inner);
                    self.at += length + 2;
                }
                b'$' | b'`' => return Err(self.fault("a here-document's delimiter cannot be read")),
                _ => delimiter.push_str(self.take_char()),
            }
        }
        if self.at == start || delimiter.contains('\n') {
            return Err(self.fault("a here-document's delimiter cannot be read"));
        }
        self.here_documents += 1;
        let body = Body::default();
        self.pending.push(Pending { delimiter, quoted, strip_tabs, body: Rc::clone(&body) });
        Ok(body)
    }

    /// Reads the bodies that begin here, just behind a line's end.
    pub(super) fn here_document_bodies(&mut self) -> Read<()> {
        for document in std::mem::take(&mut self.pending) {
            let body = self.here_document_body(&document)?;
            // A pending document is taken once, so its body is still empty.
            let _ = document.body.set(body);
        }
        Ok(())
    }

    fn here_document_body(&mut self, document: &Pending) -> Read<Vec<Part>> {
        self.step()?;
        let start = self.at;
        let Some(end) = self.find_delimiter(document) else {
            return Err(self.bound("a here-document does not end"));
        };
        if document.quoted {
            return Ok(vec![Part::literal(self.slice(start, end), true)]);
        }
        self.reread_body(start, end)
    }

    /// Moves behind the line that is the delimiter; gives where the body ends.
    fn find_delimiter(&mut self, document: &Pending) -> Option<usize> {
        while self.at < self.text.len() {
            let start = self.at;
            let mut line = String::new();
            loop {
                let rest = self.text.get(self.at..).unwrap_or_default();
                let physical = rest.split('\n').next().unwrap_or_default();
                self.at = (self.at + physical.len() + 1).min(self.text.len());
                let continued = !document.quoted && physical.len() < rest.len() && ends_in_continuation(physical);
                if !continued {
                    line.push_str(physical);
                    break;
                }
                line.push_str(physical.strip_suffix('\\').unwrap_or(physical));
            }
            let line = if document.strip_tabs { line.trim_start_matches('\t') } else { &line };
            if line == document.delimiter {
                return Some(start);
            }
        }
        None
    }
}

fn ends_in_continuation(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}
