//! Where values come from, as far as arithmetic asks: bash evaluates what a name holds there, subscripts and the commands in them
//! included, so that a text which others wrote is code (`x=$(cat /tmp/f); ((x))`).
//!
//! *In scope:* the contents of files and what an address answers, handed on as they are by `cat`, `curl`, `$(< file)` and `read`.
//! A file of the work tree that can be read counts by what it holds, one of the kernel's is a number. *Out of scope:* what other programs
//! print: counts, dates and states are numbers, and whoever takes a field out of a table takes a number (`wc`, `jq`, `awk`).

use holdpoint_core::question::Place;

use super::files::Target;
use super::operators::LENGTH;
use super::scan::looks_evaluated;
use super::state::CONTENTS;
use super::syntax::{Command, Form, List, Operation, Part, RedirectionKind, Word};
use super::walker::{Input, Site, Walker};

/// Programs that print what is in the files that they are given, or hand on what they read.
const HAND_ON: [&str; 10] = ["bat", "cat", "head", "less", "more", "sort", "tac", "tail", "tee", "uniq"];
/// Programs that print what an address answers.
const FETCH: [&str; 8] = ["curl", "curlie", "http", "https", "nc", "ncat", "wget", "xh"];
/// The last positional parameter that one word is followed into.
const POSITIONAL_MAX: usize = 9;
/// Where the kernel tells numbers.
const KERNEL: [&str; 2] = ["/proc/", "/sys/"];

impl Walker<'_> {
    /// Whether parts are, or name, what others wrote.
    pub(super) fn is_foreign(&self, parts: &[Part]) -> bool {
        parts.iter().any(|part| match part {
            Part::Command { list, .. } => self.hands_on(list),
            Part::Parameter { parameter, .. } => {
                let counts = matches!(&parameter.operation, Operation::Changed { operator, .. } if *operator == LENGTH);
                self.state.foreign.contains(&parameter.name) && !counts
            }
            Part::Arithmetic { .. } | Part::Process { .. } | Part::Text { .. } => false,
        })
    }

    /// Whether what a list prints last is the contents of something that others wrote.
    fn hands_on(&self, list: &List) -> bool {
        let last = list.items.last().map(|item| item.rest.last().map_or(&item.first, |(_, command)| command));
        last.is_some_and(|command| self.prints_contents(command))
    }

    /// Whether a command prints the contents of something that others wrote.
    pub(super) fn prints_contents(&self, command: &Command) -> bool {
        match &command.form {
            Form::Pipeline(stages) => {
                let mut foreign = false;
                for stage in stages {
                    foreign = self.stage_prints(stage, foreign);
                }
                foreign
            }
            _ => self.stage_prints(command, false),
        }
    }

    fn stage_prints(&self, command: &Command, before: bool) -> bool {
        let Form::Simple(simple) = &command.form else { return false };
        let read = command.redirections.iter().find_map(|redirection| match &redirection.kind {
            RedirectionKind::Read(word) => Some(word),
            _ => None,
        });
        match simple.words.split_first() {
            // `$(< file)`.
            None => read.is_some_and(|word| self.is_foreign_file(word)),
            Some((name, words)) => match name.plain() {
                Some(name) if FETCH.contains(&name) => !tells_only_how_it_went(words),
                Some(name) if HAND_ON.contains(&name) => {
                    let mut files = words.iter().filter(|word| !is_option(word)).chain(read).peekable();
                    if files.peek().is_none() { before } else { files.any(|word| self.is_foreign_file(word)) }
                }
                _ => false,
            },
        }
    }

    fn is_foreign_file(&self, word: &Word) -> bool {
        // The count behind `-n` is no file.
        if word.plain().is_some_and(|text| text.bytes().all(|byte| byte.is_ascii_digit())) {
            return false;
        }
        let directory = self.directory();
        let several = self.single(word);
        several.iter().any(|value| match self.target(value, directory.as_deref()) {
            Target::Exactly(path) => self.holds_what_others_wrote(&path),
            Target::Matching(pattern) | Target::Below(pattern, _) => directory
                .as_deref()
                .is_none_or(|directory| !pattern.starts_with(&format!("{}/", directory.trim_end_matches('/')))),
            Target::Nothing => false,
            _ => true,
        })
    }

    /// A file of the work tree counts by what it holds, and so does one that the line itself writes.
    fn holds_what_others_wrote(&self, path: &str) -> bool {
        if KERNEL.iter().any(|kernel| path.starts_with(kernel)) || path == "/dev/null" {
            return false;
        }
        if let Some(held) = self.held(path) {
            return looks_evaluated(&held.text);
        }
        if self.site != Site::Here || self.is_rewritten(path) {
            return true;
        }
        let own = self.world.path(path).is_some_and(|facts| facts.place == Place::WorkTree);
        !own || self.world.file_text(path).is_some_and(looks_evaluated)
    }

    /// Whether what a command finds on its standard input was written by others.
    pub(super) fn reads_foreign(&self) -> bool {
        match &self.input {
            Input::File(path) => self.holds_what_others_wrote(path),
            Input::Piped | Input::Text(_) => self.state.foreign.contains(CONTENTS),
            Input::Inherited | Input::Listed(_) => false,
        }
    }

    /// Says of the next input whether others wrote it.
    pub(super) fn input_is_foreign(&mut self, foreign: bool) {
        self.foreign_name(CONTENTS, foreign);
    }

    /// Says of a name whether others wrote what it holds.
    pub(super) fn foreign_name(&mut self, name: &str, foreign: bool) {
        if foreign {
            self.state.foreign.insert(name.to_owned());
        } else {
            self.state.foreign.remove(name);
        }
    }

    /// Says of the positional parameters which of them others wrote; gives the names of those that were before.
    pub(super) fn foreign_positional(&mut self, words: &[&Word]) -> Vec<String> {
        let foreign: Vec<bool> = words.iter().map(|word| self.is_foreign(&word.parts)).collect();
        let before: Vec<String> = self.state.foreign.iter().filter(|name| is_positional(name)).cloned().collect();
        self.positional_again(Vec::new());
        for (at, _) in foreign.iter().enumerate().filter(|(_, foreign)| **foreign) {
            // Unquoted, it may become several words.
            let splits = words.get(at).is_some_and(|word| {
                let split =
                    |part: &Part| matches!(part, Part::Command { quoted: false, .. } | Part::Parameter { quoted: false, .. });
                word.parts.iter().any(split)
            });
            let last = if splits { POSITIONAL_MAX } else { at + 1 };
            let names = (at + 1..=last).map(|at| at.to_string()).chain(["@", "*"].map(str::to_owned));
            self.state.foreign.extend(names);
        }
        before
    }

    /// Gives the positional parameters back where they came from.
    pub(super) fn positional_again(&mut self, before: Vec<String>) {
        self.state.foreign.retain(|name| !is_positional(name));
        self.state.foreign.extend(before);
    }

    /// What `shift` leaves may stand anywhere among them.
    pub(super) fn shift_foreign(&mut self) {
        if self.state.foreign.iter().any(|name| is_positional(name)) {
            self.state.foreign.extend((1..=POSITIONAL_MAX).map(|at| at.to_string()));
        }
    }

    /// What `set` makes the positional parameters.
    pub(super) fn set_foreign(&mut self, words: &[&Word]) {
        let operands = words.get(1..).unwrap_or_default();
        let dashes = operands.iter().position(|word| word.plain() == Some("--"));
        let given = match dashes {
            Some(at) => operands.get(at + 1..),
            None => Some(operands).filter(|words| words.first().is_some_and(|word| !is_option(word))),
        };
        if let Some(words) = given {
            self.foreign_positional(words);
        }
    }

    /// Arithmetic on what others wrote runs the commands in it.
    pub(super) fn evaluates(&mut self, parts: &[Part]) {
        let in_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
        let mut texts = parts.iter().filter_map(|part| if let Part::Text { text, .. } = part { Some(text) } else { None });
        let named = texts.any(|text| text.split(|letter| !in_name(letter)).any(|name| self.state.foreign.contains(name)));
        if named || self.is_foreign(parts) {
            let why = "arithmetic runs what a text holds that comes from a file or an address: check first that it is a number";
            self.opaque("", why, self.at.clone());
        }
    }

    /// The subscript of what is not known to be an array with names as its keys.
    pub(super) fn evaluates_subscript(&mut self, name: &str, subscript: &[Part]) {
        if !self.state.maps.contains(name) {
            self.evaluates(subscript);
        }
    }
}

/// Whether a request prints how it went and puts what was answered elsewhere: `curl -o /dev/null -w '%{http_code}'`.
fn tells_only_how_it_went(words: &[Word]) -> bool {
    words.iter().filter_map(Word::plain).any(|word| {
        let letters = word.strip_prefix('-').filter(|letters| !letters.starts_with('-'));
        word.starts_with("--write-out") || letters.is_some_and(|letters| letters.contains('w'))
    })
}

/// Whether a name is that of positional parameters.
fn is_positional(name: &str) -> bool {
    matches!(name, "@" | "*") || name.starts_with(|letter: char| letter.is_ascii_digit())
}

fn is_option(word: &&Word) -> bool {
    matches!(word.parts.first(), Some(Part::Text { text, .. }) if text.starts_with('-') && text.len() > 1)
}
