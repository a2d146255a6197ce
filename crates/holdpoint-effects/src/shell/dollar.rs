//! Reads what a dollar sign begins.

use super::operators::{LENGTH, OPERATORS, SLICE};
use super::reader::{Read, Reader, is_name, is_name_start};
use super::syntax::{Operation, Parameter, Part};
use super::words::{Parts, Quoting};

impl Reader<'_> {
    pub(super) fn dollar(&mut self, quoting: Quoting, parts: &mut Parts) -> Read<()> {
        self.step()?;
        let quoted = quoting.is_quoted();
        match self.byte_after(1) {
            Some(b'(') if self.byte_after(2) == Some(b'(') => self.arithmetic_or_command(quoted, parts),
            Some(b'(') => {
                self.at += 2;
                let list = self.list_until_parenthesis()?;
                parts.push(Part::Command { list, quoted });
                Ok(())
            }
            Some(b'{') => {
                self.at += 2;
                let parameter = self.braced_parameter(quoting)?;
                parts.push(Part::Parameter { parameter: Box::new(parameter), quoted });
                Ok(())
            }
            Some(b'[') => {
                self.at += 2;
                let end = self.matching(b'[', b']')?.ok_or_else(|| self.fault("an arithmetic expression is not closed"))?;
                let inner = self.expansions_until(end)?;
                self.at = end + 1;
                parts.push(Part::Arithmetic { parts: inner, quoted });
                Ok(())
            }
            Some(b'\'') if !quoted => {
                self.at += 2;
                let text = self.ansi_quoted()?;
                parts.text(&text, true);
                Ok(())
            }
            Some(b'"') if !quoted => {
                self.at += 1;
                Ok(())
            }
            Some(b'\\') if self.byte_after(2) == Some(b'\n') => {
                Err(self.fault("a dollar sign is cut off by a line continuation"))
            }
            Some(byte) if is_name_start(byte) => {
                let start = self.at + 1;
                self.at = start;
                while self.byte().is_some_and(is_name) {
                    self.at += 1;
                }
                if self.byte() == Some(b'\\') && self.byte_after(1) == Some(b'\n') {
                    return Err(self.fault("a name is cut off by a line continuation"));
                }
                parts.push(plain(self.slice(start, self.at), quoted));
                Ok(())
            }
            Some(b'0'..=b'9' | b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => {
                self.at += 1;
                let name = self.take_char();
                parts.push(plain(name, quoted));
                Ok(())
            }
            // Brace expansion may put a name behind it.
            Some(b',' | b'}') if !quoted => Err(self.fault("a dollar sign stands where braces may give it a name")),
            _ => {
                self.at += 1;
                parts.text("$", true);
                Ok(())
            }
        }
    }

    /// `$((`: arithmetic when its brackets close together, otherwise a command substitution that starts with a subshell.
    fn arithmetic_or_command(&mut self, quoted: bool, parts: &mut Parts) -> Read<()> {
        let start = self.at;
        self.at += 3;
        if let Some(end) = self.matching(b'(', b')')?.filter(|end| self.text.as_bytes().get(end + 1) == Some(&b')')) {
            let inner = self.expansions_until(end)?;
            self.at = end + 2;
            parts.push(Part::Arithmetic { parts: inner, quoted });
            return Ok(());
        }
        self.at = start + 2;
        let list = self.list_until_parenthesis()?;
        parts.push(Part::Command { list, quoted });
        Ok(())
    }

    /// Reads `${…}`; the opening brace is behind us.
    fn braced_parameter(&mut self, quoting: Quoting) -> Read<Parameter> {
        self.enter()?;
        let length =
            self.byte() == Some(b'#') && self.byte_after(1).is_some_and(|next| next != b'}' && !b":-=+?%/#".contains(&next));
        let indirect =
            self.byte() == Some(b'!') && self.byte_after(1).is_some_and(|next| next != b'}' && !b":-=+?".contains(&next));
        if length || indirect {
            self.at += 1;
        }
        let name = self.parameter_name()?;
        let subscript = match self.byte() {
            Some(b'[') => {
                self.at += 1;
                let end = self.matching(b'[', b']')?.ok_or_else(|| self.fault("a subscript is not closed"))?;
                let parts = self.expansions_until(end)?;
                self.at = end + 1;
                Some(parts)
            }
            _ => None,
        };
        let operation = self.operation(quoting)?;
        self.leave();
        let operation = match operation {
            Operation::Plain if length => Operation::Changed { operator: LENGTH, word: Vec::new() },
            Operation::Plain if indirect => Operation::Reread(Vec::new()),
            Operation::Default { mut word, .. }
            | Operation::Alternative { mut word, .. }
            | Operation::Changed { mut word, .. }
                if indirect =>
            {
                // What the name leads to is not followed through a second operator.
                word.push(Part::literal("", true));
                Operation::Reread(word)
            }
            operation => operation,
        };
        Ok(Parameter { name, subscript, operation, braced: true })
    }

    fn parameter_name(&mut self) -> Read<String> {
        let start = self.at;
        match self.byte() {
            Some(byte) if is_name(byte) => {
                while self.byte().is_some_and(is_name) {
                    self.at += 1;
                }
            }
            Some(b'@' | b'*' | b'#' | b'?' | b'-' | b'$' | b'!') => self.at += 1,
            _ => return Err(self.fault("a parameter expansion has no name that can be read")),
        }
        Ok(self.slice(start, self.at).to_owned())
    }

    /// Reads from the operator up to and with the closing brace.
    fn operation(&mut self, quoting: Quoting) -> Read<Operation> {
        if self.take("}") {
            return Ok(Operation::Plain);
        }
        let start = self.at;
        let colon = self.take(":");
        let operator = self.byte();
        match operator {
            Some(b'-' | b'=' | b'?' | b'+') => {
                self.at += 1;
                let word = self.until_brace(quoting)?;
                Ok(match operator {
                    Some(b'+') => Operation::Alternative { word, null: colon },
                    _ => Operation::Default { word, assign: operator == Some(b'='), null: colon },
                })
            }
            _ if colon => Ok(Operation::Changed { operator: SLICE, word: self.until_brace(Quoting::Unquoted)? }),
            _ => {
                let rereads = self.looking_at("@P");
                let Some(operator) = OPERATORS.into_iter().find(|operator| self.take(operator)) else {
                    self.at = start;
                    return Err(self.fault("a parameter expansion has an operator that is not known"));
                };
                let word = self.until_brace(Quoting::Unquoted)?;
                Ok(if rereads { Operation::Reread(word) } else { Operation::Changed { operator, word } })
            }
        }
    }

    /// Reads the word of an operator up to and with the closing brace.
    fn until_brace(&mut self, quoting: Quoting) -> Read<Vec<Part>> {
        let mut parts = Parts::default();
        loop {
            match self.byte() {
                None => return Err(self.fault("a parameter expansion is not closed")),
                Some(b'}') => break,
                Some(b'"') => self.nested_quotes(&mut parts)?,
                Some(b'\'') if !quoting.is_quoted() => {
                    let start = self.at + 1;
                    let end = self.text.get(start..).and_then(|rest| rest.find('\''));
                    let Some(length) = end else { return Err(self.fault("a single quote is not closed")) };
                    parts.text(self.slice(start, start + length), true);
                    self.at = start + length + 1;
                }
                Some(b'\\') => {
                    self.at += 1;
                    if !self.take("\n") && self.byte().is_some() {
                        parts.text(self.take_char(), true);
                    }
                }
                Some(b'$') => self.dollar(quoting, &mut parts)?,
                Some(b'`') => self.back_quoted(quoting, &mut parts)?,
                Some(b'<' | b'>') if !quoting.is_quoted() && self.byte_after(1) == Some(b'(') => {
                    self.at += 2;
                    let list = self.list_until_parenthesis()?;
                    parts.push(Part::Process { list });
                }
                Some(_) => parts.text(self.take_char(), quoting.is_quoted()),
            }
        }
        self.at += 1;
        Ok(parts.finish())
    }

    /// Double quotes inside `${…}`.
    fn nested_quotes(&mut self, parts: &mut Parts) -> Read<()> {
        let word = {
            let start = self.at;
            self.at += 1;
            let mut inner = Parts::default();
            self.double_quoted(&mut inner)?;
            debug_assert!(self.at > start, "a closing quote was taken");
            inner.finish()
        };
        for part in word {
            parts.push(part);
        }
        Ok(())
    }

    /// Reads `$'…'`; the opening quote is behind us.
    fn ansi_quoted(&mut self) -> Read<String> {
        let mut text = String::new();
        loop {
            match self.byte() {
                None => return Err(self.fault("a quote is not closed")),
                Some(b'\'') => break,
                Some(b'\\') => {
                    self.at += 1;
                    self.ansi_escape(&mut text)?;
                }
                Some(_) => text.push_str(self.take_char()),
            }
        }
        self.at += 1;
        Ok(text)
    }

    fn ansi_escape(&mut self, text: &mut String) -> Read<()> {
        let Some(byte) = self.byte() else { return Err(self.fault("a quote is not closed")) };
        let simple = match byte {
            b'a' => Some('\u{7}'),
            b'b' => Some('\u{8}'),
            b'e' | b'E' => Some('\u{1b}'),
            b'f' => Some('\u{c}'),
            b'n' => Some('\n'),
            b'r' => Some('\r'),
            b't' => Some('\t'),
            b'v' => Some('\u{b}'),
            b'\\' | b'\'' | b'"' | b'?' => Some(char::from(byte)),
            _ => None,
        };
        if let Some(character) = simple {
            self.at += 1;
            text.push(character);
            return Ok(());
        }
        let (skip, radix, most) = match byte {
            b'x' => (1, 16, 2),
            b'u' => (1, 16, 4),
            b'U' => (1, 16, 8),
            b'0'..=b'7' => (0, 8, 3),
            b'c' => return Err(self.fault("a control escape is not read")),
            _ => {
                text.push('\\');
                return Ok(());
            }
        };
        let start = self.at + skip;
        let mut end = start;
        while end < start + most && self.text.as_bytes().get(end).is_some_and(|digit| char::from(*digit).is_digit(radix)) {
            end += 1;
        }
        let code = u32::from_str_radix(self.slice(start, end), radix).ok();
        // Bytes that are no character by themselves, and NUL, which ends the string in bash, are not followed.
        let limit = if matches!(byte, b'u' | b'U') { u32::MAX } else { 0x7f };
        let character = code.filter(|code| *code != 0 && *code <= limit).and_then(char::from_u32);
        let Some(character) = character else { return Err(self.fault("an escape in a quote is not read")) };
        text.push(character);
        self.at = end;
        Ok(())
    }
}

fn plain(name: &str, quoted: bool) -> Part {
    let parameter = Parameter { name: name.to_owned(), subscript: None, operation: Operation::Plain, braced: false };
    Part::Parameter { parameter: Box::new(parameter), quoted }
}
