//! Takes a policy file apart into its statements, so that each is parsed on its own: every error is found in one pass, and
//! each knows its line.
//!
//! Only text between statements is skipped, and every statement must parse as a whole, so whatever is taken apart wrongly
//! here is refused rather than lost.

/// Longest statement in bytes.
pub(crate) const STATEMENT_MAX_BYTES: usize = 16 * 1024;
/// Deepest nesting of brackets and conditionals in one statement. The parser walks it by recursion, and checks no stack.
pub(crate) const STATEMENT_MAX_DEPTH: usize = 32;
/// Most operators in one statement. A chain of them becomes a tree as deep as it is long.
pub(crate) const STATEMENT_MAX_OPERATORS: usize = 512;

/// One statement with the line on which it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Statement<'a> {
    pub(crate) text: &'a str,
    pub(crate) line: usize,
    /// How deep brackets and conditionals can nest in it at most.
    pub(crate) depth: usize,
    /// How many bytes of operators stand in it.
    pub(crate) operators: usize,
}

/// The statements of a file. The last one may lack its semicolon; the parser refuses it then.
pub(crate) fn statements(text: &str) -> Vec<Statement<'_>> {
    let mut found = Vec::new();
    let mut scanner = Scanner { text, at: 0 };
    loop {
        scanner.skip_blank();
        let start = scanner.at;
        let Size { depth, operators, .. } = scanner.skip_statement();
        let Some(text) = text.get(start..scanner.at).filter(|text| !text.is_empty()) else { return found };
        found.push(Statement { text, line: line_at(scanner.text, start), depth, operators });
    }
}

/// The line, counted from 1, on which a byte stands.
pub(crate) fn line_at(text: &str, at: usize) -> usize {
    1 + text.bytes().take(at).filter(|byte| *byte == b'\n').count()
}

/// How large a statement is, as far as that makes work for a parser.
#[derive(Default)]
struct Size {
    open: usize,
    conditionals: usize,
    depth: usize,
    operators: usize,
}

impl Size {
    fn count(&mut self, byte: u8, conditional: bool) {
        self.conditionals += usize::from(conditional);
        self.operators += usize::from(b"&|!+-*.<>=".contains(&byte));
        match byte {
            b'(' | b'[' | b'{' => self.open += 1,
            b')' | b']' | b'}' => self.open = self.open.saturating_sub(1),
            _ => {}
        }
        self.depth = self.depth.max(self.open + self.conditionals);
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn at_comment(&self) -> bool {
        self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(b"//"))
    }

    /// Skips white space and comments.
    fn skip_blank(&mut self) {
        loop {
            match self.peek() {
                Some(byte) if byte.is_ascii_whitespace() => self.at += 1,
                Some(_) if self.at_comment() => self.skip_while(|byte| byte != b'\n'),
                _ => return,
            }
        }
    }

    /// Skips to the semicolon that ends the statement.
    fn skip_statement(&mut self) -> Size {
        let mut size = Size::default();
        while let Some(byte) = self.peek() {
            match byte {
                b';' => {
                    self.at += 1;
                    break;
                }
                b'"' => self.skip_string(),
                _ if self.at_comment() => self.skip_while(|byte| byte != b'\n'),
                _ => {
                    // Every conditional has its `then`, with or without brackets.
                    size.count(byte, self.text.as_bytes().get(self.at..).is_some_and(|rest| rest.starts_with(b"then")));
                    self.at += 1;
                }
            }
        }
        size
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                break;
            }
        }
        self.at = self.at.min(self.text.len());
    }

    fn skip_while(&mut self, wanted: impl Fn(u8) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_ends_a_statement_only_outside_strings_and_comments() {
        let text = "// one; two\n@id(\"a;\\\";\")\nforbid (principal, action, resource) // ; no\n;\n\npermit;  // end;\n";
        let found: Vec<_> = statements(text).into_iter().map(|statement| (statement.line, statement.text)).collect();
        assert_eq!(found, [(2, "@id(\"a;\\\";\")\nforbid (principal, action, resource) // ; no\n;"), (6, "permit;")]);
    }

    #[test]
    fn nothing_is_lost_when_the_text_is_broken() {
        for (text, count) in [("", 0), ("  // only words", 0), ("forbid", 1), ("\"", 1), ("\"\\", 1), (";;", 2), ("a; \u{e9}", 2)]
        {
            assert_eq!(statements(text).len(), count, "{text:?}");
        }
    }
}
