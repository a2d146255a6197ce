//! Reads lists, pipelines and compound commands, as bash's own grammar has them (its manual, "Shell Commands").
//!
//! Out of scope, and a fault where it would matter: extended globs, and what bash would refuse as well.

use std::rc::Rc;

use super::reader::{Outline, Read, Reader};
use super::syntax::{Chain, Command, Form, Item, List, Word};

/// Most places behind a fault from which reading goes on.
const RESUMES_MAX: usize = 8;

/// Words that end a list where a command is expected.
const CLOSERS: [&str; 9] = ["then", "do", "done", "fi", "else", "elif", "esac", "}", "in"];

/// All words that mean something where a command is expected.
const RESERVED: [&str; 22] = [
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in", "select",
    "then", "time", "until", "while", "{", "}",
];
/// The longest of them.
const RESERVED_MAX_BYTES: usize = 8;

impl Reader<'_> {
    /// Reads the whole text. Behind what cannot be read it goes on with the next line, so that what follows is seen as well.
    pub(crate) fn outline(mut self) -> Outline {
        let (mut list, mut faults) = (List::default(), Vec::new());
        loop {
            match self.list(&mut list) {
                Ok(()) if self.at >= self.text.len() => break,
                Ok(()) => faults.push(self.fault("something stands where no command can")),
                Err(fault) => faults.push(fault),
            }
            if faults.last().is_some_and(|fault| fault.last) || faults.len() >= RESUMES_MAX || !self.resume() {
                break;
            }
        }
        if !self.pending.is_empty() {
            faults.push(self.fault("a here-document does not end"));
        }
        let Self { names, reread, here_documents, here_strings, odd_bracket, .. } = self;
        Outline { list, faults, names, reread, here_documents, here_strings, odd_bracket }
    }

    /// Reads a text that must be readable as a whole.
    pub(super) fn whole(&mut self) -> Read<List> {
        let mut list = List::default();
        self.list(&mut list)?;
        if self.at < self.text.len() {
            return Err(self.fault("something stands where no command can"));
        }
        if !self.pending.is_empty() {
            return Err(self.fault("a here-document does not end"));
        }
        Ok(list)
    }

    /// Moves to the start of the next line behind a fault.
    fn resume(&mut self) -> bool {
        self.pending.clear();
        let rest = self.text.get(self.at..).unwrap_or_default();
        match rest.find('\n') {
            Some(end) => {
                self.at += end + 1;
                true
            }
            None => false,
        }
    }

    /// Reads up to and with the parenthesis that closes a substitution; the opening one is behind us.
    pub(super) fn list_until_parenthesis(&mut self) -> Read<List> {
        self.enter()?;
        let outer = std::mem::take(&mut self.pending);
        let mut list = List::default();
        self.list(&mut list)?;
        if !self.take(")") {
            return Err(self.fault("a parenthesis is not closed"));
        }
        if !self.pending.is_empty() {
            return Err(self.fault("a here-document does not end inside its parentheses"));
        }
        self.pending = outer;
        self.leave();
        Ok(list)
    }

    /// Reads commands until something that cannot start one.
    fn list(&mut self, list: &mut List) -> Read<()> {
        loop {
            self.skip_newlines()?;
            if self.at_list_end() {
                return Ok(());
            }
            let item = self.item()?;
            list.items.push(item);
            self.skip_blanks();
            match self.byte() {
                Some(b';') if self.byte_after(1) != Some(b';') && self.byte_after(1) != Some(b'&') => self.at += 1,
                Some(b'&') => {
                    self.at += 1;
                    if let Some(last) = list.items.last_mut() {
                        last.background = true;
                    }
                }
                Some(b'\n') => {}
                _ => return Ok(()),
            }
        }
    }

    fn at_list_end(&mut self) -> bool {
        match self.byte() {
            None | Some(b')' | b';') => true,
            _ => self.reserved().is_some_and(|word| CLOSERS.contains(&word) && word != "in"),
        }
    }

    /// The reserved word that stands here, without moving.
    fn reserved(&self) -> Option<&'static str> {
        let rest = self.text.as_bytes().get(self.at..)?;
        // Only what begins like a reserved word is worth reading ahead.
        if !matches!(rest.first()?, b'a'..=b'z' | b'{' | b'}' | b'!' | b'[' | b']' | b'\\') {
            return None;
        }
        let (mut word, mut length, mut at) = ([0; RESERVED_MAX_BYTES], 0, 0);
        while let Some(byte) = rest.get(at) {
            if rest.get(at..).is_some_and(|rest| rest.starts_with(b"\\\n")) {
                at += 2;
            } else if super::reader::is_meta(*byte) {
                break;
            } else {
                // A longer word is none.
                *word.get_mut(length)? = *byte;
                (length, at) = (length + 1, at + 1);
            }
        }
        let word = word.get(..length)?;
        RESERVED.into_iter().find(|reserved| reserved.as_bytes() == word)
    }

    /// Takes a reserved word if it stands here.
    fn take_reserved(&mut self, expected: &str) -> bool {
        let here = self.reserved() == Some(expected);
        if here {
            let mut left = expected.len();
            while left > 0 {
                if self.byte() == Some(b'\\') {
                    self.at += 2;
                } else {
                    self.at += 1;
                    left -= 1;
                }
            }
        }
        here
    }

    fn expect_reserved(&mut self, expected: &'static str) -> Read<()> {
        self.skip_newlines()?;
        if self.take_reserved(expected) { Ok(()) } else { Err(self.fault("a compound command lacks one of its words")) }
    }

    pub(super) fn skip_newlines(&mut self) -> Read<()> {
        loop {
            self.skip_blanks();
            if !self.take("\n") {
                return Ok(());
            }
            if !self.pending.is_empty() {
                self.here_document_bodies()?;
            }
        }
    }

    fn item(&mut self) -> Read<Item> {
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        loop {
            self.skip_blanks();
            let chain = if self.take("&&") {
                Chain::And
            } else if self.take("||") {
                Chain::Or
            } else {
                return Ok(Item { first, rest, background: false });
            };
            self.skip_newlines()?;
            rest.push((chain, self.pipeline()?));
        }
    }

    fn pipeline(&mut self) -> Read<Command> {
        let start = self.at;
        let mut prefixed = false;
        loop {
            self.skip_blanks();
            if self.take_reserved("!") {
                prefixed = true;
            } else if self.reserved() == Some("time") {
                if self.comparable && !self.timed {
                    self.names.push(self.base + self.at);
                }
                self.take_reserved("time");
                self.timed = true;
                prefixed = true;
                self.skip_blanks();
                if self.looking_at("-p") && self.byte_after(2).is_none_or(super::reader::is_meta) {
                    self.at += 2;
                    self.skip_blanks();
                }
                if self.looking_at("--") && self.byte_after(2).is_none_or(super::reader::is_meta) {
                    self.at += 2;
                }
            } else {
                break;
            }
        }
        // The structural parser takes `time` for the command only where no compound command follows.
        self.timed &= self.byte() != Some(b'(') && !self.starts_compound();
        let ends_here = matches!(self.byte(), None | Some(b'\n' | b';' | b'&' | b'|' | b')'));
        if prefixed && ends_here {
            return Ok(self.command_of(Form::Pipeline(Vec::new()), start));
        }
        let first = self.command()?;
        let mut stages = vec![first];
        loop {
            self.skip_blanks();
            let pipe = self.byte() == Some(b'|') && self.byte_after(1) != Some(b'|');
            if !pipe {
                break;
            }
            self.at += 1;
            self.take("&");
            self.skip_newlines()?;
            stages.push(self.command()?);
        }
        match (stages.len(), prefixed) {
            (1, false) => stages.pop().ok_or_else(|| self.fault("a command was expected")),
            _ => Ok(self.command_of(Form::Pipeline(stages), start)),
        }
    }

    pub(super) fn command_of(&self, form: Form, start: usize) -> Command {
        Command { form, redirections: Vec::new(), span: self.span(start, self.at) }
    }

    fn command(&mut self) -> Read<Command> {
        self.enter()?;
        self.skip_blanks();
        let start = self.at;
        let form = match self.compound()? {
            Some(form) => form,
            None => {
                let command = self.simple(start)?;
                self.leave();
                return Ok(command);
            }
        };
        let mut redirections = Vec::new();
        loop {
            self.skip_blanks();
            match self.redirection()? {
                Some(redirection) => redirections.push(redirection),
                None => break,
            }
        }
        self.leave();
        Ok(Command { form, redirections, span: self.span(start, self.at) })
    }

    /// Reads a compound command if one starts here.
    fn compound(&mut self) -> Read<Option<Form>> {
        if self.byte() == Some(b'(') {
            return self.parenthesis().map(Some);
        }
        let Some(word) = self.reserved() else { return Ok(None) };
        let form = match word {
            "{" => {
                self.take_reserved("{");
                let list = self.body(&["}"])?;
                Form::Group(list)
            }
            "[[" => {
                self.take_reserved("[[");
                self.test()?
            }
            "case" => self.case()?,
            "coproc" => self.coprocess()?,
            "for" | "select" => self.for_loop(word)?,
            "function" => self.function_keyword()?,
            "if" => self.if_command()?,
            "while" | "until" => {
                self.take_reserved(word);
                let condition = self.body(&["do"])?;
                let body = self.body(&["done"])?;
                Form::Loop { head: Vec::new(), condition, body }
            }
            _ if CLOSERS.contains(&word) || word == "]]" => return Err(self.fault("a word stands where no command can")),
            _ => return Ok(None),
        };
        Ok(Some(form))
    }

    /// Reads a list that ends with the reserved word, and takes that word.
    fn body(&mut self, until: &[&'static str]) -> Read<List> {
        let mut list = List::default();
        self.list(&mut list)?;
        match until.iter().find(|word| self.reserved() == Some(**word)) {
            Some(word) => {
                self.take_reserved(word);
                Ok(list)
            }
            None => Err(self.fault("a compound command lacks one of its words")),
        }
    }

    /// `((…))` when its brackets close together, otherwise a subshell.
    fn parenthesis(&mut self) -> Read<Form> {
        let start = self.at;
        if self.take("((") {
            if let Some(end) = self.matching(b'(', b')')?.filter(|end| self.text.as_bytes().get(end + 1) == Some(&b')')) {
                let parts = self.expansions_until(end)?;
                self.at = end + 2;
                return Ok(Form::Arithmetic(parts));
            }
            self.at = start;
        }
        self.at += 1;
        let mut list = List::default();
        self.list(&mut list)?;
        if self.take(")") { Ok(Form::Subshell(list)) } else { Err(self.fault("a parenthesis is not closed")) }
    }

    fn if_command(&mut self) -> Read<Form> {
        self.take_reserved("if");
        let mut branches = Vec::new();
        loop {
            let condition = self.body(&["then"])?;
            let mut body = List::default();
            self.list(&mut body)?;
            branches.push((condition, body));
            if self.take_reserved("elif") {
                continue;
            }
            let otherwise = if self.take_reserved("else") { Some(self.body(&["fi"])?) } else { None };
            if otherwise.is_none() {
                self.expect_reserved("fi")?;
            }
            return Ok(Form::If { branches, otherwise });
        }
    }

    fn for_loop(&mut self, keyword: &str) -> Read<Form> {
        self.take_reserved(keyword);
        self.skip_blanks();
        if keyword == "for" && self.take("((") {
            let end = self.matching(b'(', b')')?.ok_or_else(|| self.fault("a parenthesis is not closed"))?;
            let head = self.expansions_until(end)?;
            self.at = end;
            if !self.take("))") {
                return Err(self.fault("a parenthesis is not closed"));
            }
            self.skip_blanks();
            self.take(";");
            let body = self.loop_body()?;
            return Ok(Form::Loop { head, condition: List::default(), body });
        }
        let variable = self.word()?.plain().map(str::to_owned).ok_or_else(|| self.fault("a loop has no variable"))?;
        self.skip_newlines()?;
        let mut words = None;
        if self.take_reserved("in") {
            words = Some(self.words_of_line()?);
        }
        self.skip_blanks();
        self.take(";");
        let body = self.loop_body()?;
        Ok(Form::For { variable, words, body })
    }

    fn loop_body(&mut self) -> Read<List> {
        self.skip_newlines()?;
        if self.take_reserved("do") {
            return self.body(&["done"]);
        }
        if self.take_reserved("{") {
            return self.body(&["}"]);
        }
        Err(self.fault("a loop has no body"))
    }

    fn words_of_line(&mut self) -> Read<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            match self.byte() {
                None | Some(b'\n' | b';' | b'&' | b'|' | b')') => return Ok(words),
                _ => words.push(self.word()?),
            }
        }
    }

    fn case(&mut self) -> Read<Form> {
        self.take_reserved("case");
        self.skip_blanks();
        let subject = self.word()?;
        self.expect_reserved("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_newlines()?;
            if self.take_reserved("esac") {
                return Ok(Form::Case { subject, arms });
            }
            self.take("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                patterns.push(self.word()?);
                self.skip_blanks();
                if self.take(")") {
                    break;
                }
                if !self.take("|") {
                    return Err(self.fault("a case pattern does not end"));
                }
            }
            let mut body = List::default();
            self.list(&mut body)?;
            arms.push((patterns, body));
            if !(self.take(";;&") || self.take(";;") || self.take(";&")) && self.reserved() != Some("esac") {
                return Err(self.fault("a case branch does not end"));
            }
        }
    }

    fn coprocess(&mut self) -> Read<Form> {
        self.take_reserved("coproc");
        self.skip_blanks();
        let start = self.at;
        let first_is_compound = self.byte() == Some(b'(') || self.starts_compound();
        if !first_is_compound {
            let named = self.word().is_ok_and(|word| word.plain().is_some()) && {
                self.skip_blanks();
                self.byte() == Some(b'(') || self.starts_compound()
            };
            if !named {
                self.at = start;
            }
        }
        Ok(Form::Coprocess(Box::new(self.command()?)))
    }

    fn starts_compound(&mut self) -> bool {
        let opening = ["{", "[[", "case", "for", "select", "if", "while", "until"];
        self.reserved().is_some_and(|word| opening.contains(&word))
    }

    fn function_keyword(&mut self) -> Read<Form> {
        self.take_reserved("function");
        self.skip_blanks();
        let name = self.word()?.plain().map(str::to_owned).ok_or_else(|| self.fault("a function has no name"))?;
        self.skip_blanks();
        if self.take("(") {
            self.skip_blanks();
            if !self.take(")") {
                return Err(self.fault("a parenthesis is not closed"));
            }
        }
        self.function_body(name)
    }

    pub(super) fn function_body(&mut self, name: String) -> Read<Form> {
        self.skip_newlines()?;
        let body = self.command()?;
        if matches!(body.form, Form::Simple(_) | Form::Pipeline(_)) {
            return Err(self.fault("a function has no body"));
        }
        Ok(Form::Function { name, body: Rc::new(body) })
    }

    /// Reads `[[ … ]]`; the opening brackets are behind us.
    fn test(&mut self) -> Read<Form> {
        let mut words = Vec::new();
        // Groups of the test and of a regular expression alike. What is still open at the end bash refuses.
        let mut open = 0_usize;
        loop {
            self.skip_newlines()?;
            match self.byte() {
                None | Some(b';') => return Err(self.fault("a test is not closed")),
                Some(b'<' | b'>') if self.byte_after(1) == Some(b'(') => words.push(self.word()?),
                Some(byte @ (b'(' | b')' | b'<' | b'>' | b'&' | b'|')) => {
                    open = match byte {
                        b'(' => open + 1,
                        b')' => open.saturating_sub(1),
                        _ => open,
                    };
                    self.at += 1;
                }
                Some(_) => {
                    let word = self.word()?;
                    match word.plain() {
                        Some("]]") if open > 0 => return Err(self.fault("a parenthesis in a test is not closed")),
                        Some("]]") => return Ok(Form::Test(words)),
                        _ => {}
                    }
                    words.push(word);
                }
            }
        }
    }
}
