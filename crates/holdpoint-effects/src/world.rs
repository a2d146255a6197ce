//! The world as a reader may know it: the setting it was given, the answers it has, and the questions it still has.

use std::cell::RefCell;
use std::collections::BTreeSet;

use holdpoint_core::change::Setting;
use holdpoint_core::question::{ANSWERS_MAX, Answer, Answers, PathFacts, Question, RepositoryFacts};

use crate::paths::Own;

/// Setting, answers and open questions of one reading.
#[derive(Debug)]
pub(crate) struct World<'a> {
    setting: &'a Setting,
    answers: &'a Answers,
    open: RefCell<BTreeSet<Question>>,
}

impl<'a> World<'a> {
    pub(crate) fn new(setting: &'a Setting, answers: &'a Answers) -> Self {
        Self { setting, answers, open: RefCell::new(BTreeSet::new()) }
    }

    /// The questions that have not been put to the gate yet.
    pub(crate) fn into_questions(self) -> Vec<Question> {
        self.open.into_inner().into_iter().collect()
    }

    pub(crate) fn directory(&self) -> &'a str {
        &self.setting.directory
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&'a str> {
        self.setting.variables.get(name).map(String::as_str)
    }

    pub(crate) fn home(&self) -> Option<&'a str> {
        self.own().home
    }

    /// Where the person's and Holdpoint's own things lie.
    pub(crate) fn own(&self) -> Own<'a> {
        Own::of(self.setting)
    }

    /// What is at an absolute path.
    pub(crate) fn path(&self, path: &str) -> Option<&'a PathFacts> {
        match self.ask(Question::Path { path: path.to_owned() })? {
            Answer::Path { facts } => Some(facts),
            _ => None,
        }
    }

    /// The paths that match a pattern, where all of them are known.
    pub(crate) fn matches(&self, pattern: &str) -> Option<&'a [String]> {
        match self.ask(Question::Glob { pattern: pattern.to_owned() })? {
            Answer::Matches { paths, complete: true } => Some(paths),
            _ => None,
        }
    }

    /// The text of a file, where it is known.
    pub(crate) fn file_text(&self, path: &str) -> Option<&'a str> {
        match self.content(path) {
            Content::Text(text) => Some(text),
            Content::Program | Content::Unread => None,
        }
    }

    /// What a file holds that would be run.
    pub(crate) fn content(&self, path: &str) -> Content<'a> {
        match self.ask(Question::FileText { path: path.to_owned() }) {
            Some(Answer::FileText { text }) => Content::Text(text),
            Some(Answer::NotText {}) => Content::Program,
            _ => Content::Unread,
        }
    }

    /// The repository a directory is in; the outer nothing means that it is not known.
    pub(crate) fn repository(&self, directory: &str) -> Option<Option<&'a RepositoryFacts>> {
        match self.ask(Question::Repository { directory: directory.to_owned() })? {
            Answer::Repository { facts } => Some(facts.as_ref()),
            _ => None,
        }
    }

    /// A name that the answer to `question` gives; the outer nothing means that it is not known.
    pub(crate) fn name(&self, question: Question) -> Option<Option<&'a str>> {
        match self.ask(question)? {
            Answer::Name { name } => Some(name.as_deref()),
            _ => None,
        }
    }

    /// Where the program lies that a name runs; the outer nothing means that it is not known.
    pub(crate) fn program(&self, name: &str) -> Option<Option<&'a str>> {
        match self.ask(Question::Program { name: name.to_owned() })? {
            Answer::Program { path } => Some(path.as_deref()),
            _ => None,
        }
    }

    fn ask(&self, question: Question) -> Option<&'a Answer> {
        if self.answers.holds(&question) {
            return self.answers.to(&question);
        }
        let mut open = self.open.borrow_mut();
        if open.len() < ANSWERS_MAX {
            open.insert(question);
        }
        None
    }
}

/// What is known of a file that would be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content<'a> {
    /// A compiled program.
    Program,
    Text(&'a str),
    /// It may be anything, a script included.
    Unread,
}

/// Makes a path absolute and lexically normal.
pub(crate) fn absolute(path: &str, directory: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let from = if path.starts_with('/') { "" } else { directory };
    for part in from.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_become_absolute_and_normal() {
        assert_eq!(absolute("../b//c/.", "/a/x"), "/a/b/c");
        assert_eq!(absolute("/../..", "/a"), "/");
        assert_eq!(absolute("", "/a/"), "/a");
    }
}
