//! Reads simple commands: assignments, words and redirections.

use super::reader::{Read, Reader, is_meta, is_name, is_name_start};
use super::syntax::{Assigned, Assignment, Command, Form, Part, Redirection, RedirectionKind, Simple, Word};

impl Reader<'_> {
    pub(super) fn simple(&mut self, start: usize) -> Read<Command> {
        let mut simple = Simple::default();
        let mut redirections = Vec::new();
        loop {
            self.skip_blanks();
            if let Some(redirection) = self.redirection()? {
                redirections.push(redirection);
                continue;
            }
            match self.byte() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')') => break,
                Some(b'(') => {
                    if self
                        .at
                        .checked_sub(1)
                        .and_then(|at| self.text.as_bytes().get(at))
                        .is_some_and(|byte| b"?*+@!".contains(byte))
                    {
                        return Err(self.fault("an extended glob is not read: spell out which files are meant"));
                    }
                    let name = simple.words.first().filter(|_| simple.words.len() == 1 && redirections.is_empty());
                    let Some(name) = name.and_then(Word::plain).map(str::to_owned) else {
                        return Err(self.fault("a parenthesis stands where none can"));
                    };
                    self.at += 1;
                    self.skip_blanks();
                    if !self.take(")") {
                        return Err(self.fault("a parenthesis stands where none can"));
                    }
                    self.forget_name(start);
                    let form = self.function_body(name)?;
                    return Ok(self.command_of(form, start));
                }
                Some(_) => self.simple_word(&mut simple)?,
            }
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && redirections.is_empty() {
            return Err(self.fault("a command was expected"));
        }
        Ok(Command { form: Form::Simple(simple), redirections, span: self.span(start, self.at) })
    }

    fn simple_word(&mut self, simple: &mut Simple) -> Read<()> {
        let start = self.at;
        self.unclosed_subscript = false;
        let word = self.word()?;
        if simple.words.is_empty() {
            // Where an assignment may stand bash reads on to the bracket that closes its subscript, whatever comes.
            if std::mem::take(&mut self.unclosed_subscript) && begins_with_subscript(&word) {
                return Err(self.fault("a subscript is not closed"));
            }
            match assignment(word) {
                Ok(mut assignment) => {
                    if self.byte() == Some(b'(') && is_empty(&assignment.value) {
                        assignment.value = Assigned::Array(self.array()?);
                    }
                    simple.assignments.push(assignment);
                    return Ok(());
                }
                Err(word) => {
                    self.odd_bracket |= begins_with_subscript(&word);
                    if self.comparable && !std::mem::take(&mut self.timed) {
                        self.names.push(self.base + start);
                    }
                    simple.words.push(word);
                    return Ok(());
                }
            }
        }
        // `declare a=(…)`: the elements are words of the declaration.
        let declares = simple.words.first().and_then(Word::plain).is_some_and(is_declaration);
        self.odd_bracket |= declares && begins_with_subscript(&word) && !assigns_element(&word);
        let opens = self.byte() == Some(b'(') && declares && word.plain().is_some_and(|text| text.ends_with('='));
        let name = word.plain().map(|text| text.trim_end_matches(['=', '+']).to_owned()).unwrap_or_default();
        simple.words.push(word);
        if opens {
            let elements = self.array()?;
            simple.arrays.push((name, elements));
        }
        Ok(())
    }

    /// A function's name was noted as a command's name.
    fn forget_name(&mut self, start: usize) {
        if self.comparable && self.names.last() == Some(&(self.base + start)) {
            self.names.pop();
        }
    }

    fn array(&mut self) -> Read<Vec<Word>> {
        self.enter()?;
        self.at += 1;
        let mut words = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take(")") {
                self.leave();
                // What follows without a blank belongs to the same word.
                if self.byte().is_some_and(|byte| !is_meta(byte)) {
                    return Err(self.fault("something stands right behind the elements of an array"));
                }
                return Ok(words);
            }
            // Bash reads on to the bracket that closes it, over blanks and parentheses.
            if self.byte() == Some(b'[') {
                let start = self.at;
                self.at += 1;
                let closes = self.matching(b'[', b']')?.is_some();
                self.at = start;
                if !closes {
                    return Err(self.fault("a subscript is not closed"));
                }
            }
            let word = self.word()?;
            words.push(word);
        }
    }

    /// Reads a redirection if one starts here.
    pub(super) fn redirection(&mut self) -> Read<Option<Redirection>> {
        let start = self.at;
        if !matches!(self.byte(), Some(b'<' | b'>' | b'&' | b'{' | b'0'..=b'9')) {
            return Ok(None);
        }
        let descriptor = self.descriptor();
        let operators = ["<<<", "<<-", "<<", "<&", "<>", "<", "&>>", "&>", ">>", ">&", ">|", ">"];
        let process = (self.looking_at("<(") || self.looking_at(">(")) && descriptor.is_none();
        let operator = operators.into_iter().find(|operator| !process && self.looking_at(operator));
        let Some(operator) = operator.filter(|operator| descriptor.is_none() || !operator.starts_with('&')) else {
            self.at = start;
            return Ok(None);
        };
        self.step()?;
        if operator == "<<<" && self.comparable {
            self.here_strings.push(self.base + self.at);
        }
        self.at += operator.len();
        self.skip_blanks();
        // Digits before another operator are its descriptor, wherever they stand; only `>&3>x` takes them for its own.
        if !matches!(operator, "<&" | ">&") && self.descriptor().is_some() {
            return Err(self.fault("a redirection lacks its file"));
        }
        if let "<<" | "<<-" = operator {
            let body = self.here_document(operator == "<<-")?;
            return Ok(Some(Redirection { descriptor, kind: RedirectionKind::HereDocument(body) }));
        }
        let word = self.word()?;
        let kind = match operator {
            "<<<" => RedirectionKind::HereString(word),
            "<" => RedirectionKind::Read(word),
            "<>" => RedirectionKind::ReadWrite(word),
            ">>" | "&>>" => RedirectionKind::Append(word),
            "<&" => RedirectionKind::Duplicate { word, input: true },
            ">&" if word.plain().is_some_and(is_descriptor) => RedirectionKind::Duplicate { word, input: false },
            _ => RedirectionKind::Write(word),
        };
        Ok(Some(Redirection { descriptor, kind }))
    }

    /// Takes digits or `{name}` directly before a redirection operator.
    fn descriptor(&mut self) -> Option<String> {
        let start = self.at;
        let rest = self.text.get(start..)?;
        let length = match rest.strip_prefix('{') {
            Some(inner) => {
                let name = inner.bytes().take_while(|byte| is_name(*byte)).count();
                (name > 0 && inner.as_bytes().get(name) == Some(&b'}')).then_some(name + 2)?
            }
            None => rest.bytes().take_while(u8::is_ascii_digit).count(),
        };
        let operator = matches!(rest.as_bytes().get(length), Some(b'<' | b'>'));
        if length == 0 || !operator {
            return None;
        }
        self.at += length;
        Some(self.slice(start, start + length).to_owned())
    }
}

/// Whether a word begins with `name[`.
fn begins_with_subscript(word: &Word) -> bool {
    let Some(Part::Text { text, quoted: false }) = word.parts.first() else { return false };
    let name = text.bytes().take_while(|byte| is_name(*byte)).count();
    name > 0 && text.as_bytes().get(name) == Some(&b'[')
}

/// Whether `]=` or `]+=` stands in a word.
fn assigns_element(word: &Word) -> bool {
    word.parts.iter().any(|part| matches!(part, Part::Text { text, .. } if text.contains("]=") || text.contains("]+=")))
}

fn is_empty(value: &Assigned) -> bool {
    matches!(value, Assigned::Scalar(word) if word.parts.is_empty())
}

fn is_descriptor(text: &str) -> bool {
    let digits = text.strip_suffix('-').unwrap_or(text);
    text == "-" || (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Whether a builtin takes assignments as its operands.
pub(super) fn is_declaration(name: &str) -> bool {
    matches!(name, "declare" | "typeset" | "local" | "readonly" | "export")
}

/// The word as an assignment, or the word itself where it is none.
pub(super) fn assignment(word: Word) -> Result<Assignment, Word> {
    let Some(Part::Text { text, quoted: false }) = word.parts.first() else { return Err(word) };
    let name: String = text.chars().take_while(|character| character.is_ascii_alphanumeric() || *character == '_').collect();
    if !name.bytes().next().is_some_and(is_name_start) {
        return Err(word);
    }
    let rest = text.get(name.len()..).unwrap_or_default();
    let plain = rest.strip_prefix("+=").map(|value| (value, true)).or_else(|| rest.strip_prefix('=').map(|value| (value, false)));
    if let Some((value, append)) = plain {
        let value = value.to_owned();
        let Word { mut parts, span } = word;
        match parts.first_mut() {
            Some(Part::Text { text, .. }) if !value.is_empty() => *text = value,
            _ => {
                parts.remove(0);
            }
        }
        return Ok(Assignment { name, append, subscript: None, value: Assigned::Scalar(Word { parts, span }) });
    }
    if rest.starts_with('[') {
        return subscripted(word, name);
    }
    Err(word)
}

/// `name[…]=value`: the closing bracket is in the first text or in one behind the subscript's expansions.
fn subscripted(word: Word, name: String) -> Result<Assignment, Word> {
    let closes = |part: &Part| match part {
        Part::Text { text, quoted: false } => {
            text.find("]=").map(|at| (at, 2, false)).or_else(|| text.find("]+=").map(|at| (at, 3, true)))
        }
        _ => None,
    };
    let Some((index, (at, length, append))) =
        word.parts.iter().enumerate().find_map(|(index, part)| Some((index, closes(part)?)))
    else {
        return Err(word);
    };
    let Word { mut parts, span } = word;
    let mut value = parts.split_off(index);
    if let Some(Part::Text { text, .. }) = value.first_mut() {
        *text = text.get(at + length..).unwrap_or_default().to_owned();
    }
    Ok(Assignment { name, append, subscript: Some(parts), value: Assigned::Scalar(Word { parts: value, span }) })
}
