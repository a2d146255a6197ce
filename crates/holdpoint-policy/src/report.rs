//! What is wrong with a set of policy files, so that their author can put it right.

use std::fmt;

use serde::Serialize;

/// Everything found in one pass over a set of files.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// What must be put right, in the order of files and lines.
    pub problems: Vec<Problem>,
    /// How many guardrails were read.
    pub guardrails: usize,
    /// How many examples were run.
    pub examples: usize,
}

impl Report {
    /// Whether there is nothing to put right.
    pub fn sound(&self) -> bool {
        self.problems.is_empty()
    }

    pub(crate) fn of(mut problems: Vec<Problem>) -> Self {
        problems.sort();
        Self { problems, ..Self::default() }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        write!(f, "{} guardrails, {} examples, {} problems", self.guardrails, self.examples, self.problems.len())
    }
}

impl std::error::Error for Report {}

/// One thing to put right.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// The file.
    pub file: String,
    /// The line, counted from 1, where there is one to point at.
    pub line: Option<usize>,
    /// The guardrail, where one is concerned.
    pub guardrail: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Problem {
    pub(crate) fn in_file(file: &str, message: impl Into<String>) -> Self {
        Self { file: file.to_owned(), message: message.into(), ..Self::default() }
    }

    pub(crate) fn at(place: &Place, message: impl Into<String>) -> Self {
        Self { line: Some(place.line), ..Self::in_file(&place.file, message) }
    }

    pub(crate) fn guardrail(self, id: &str) -> Self {
        Self { guardrail: Some(id.to_owned()), ..self }
    }

    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(id) = &self.guardrail {
            write!(f, ": guardrail `{id}`")?;
        }
        write!(f, ": {}", self.message)?;
        self.hint.as_ref().map_or(Ok(()), |hint| write!(f, "\n  {hint}"))
    }
}

/// Where in the files something stands.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Place {
    /// The file.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
}
