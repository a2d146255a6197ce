//! Which languages are read, and what a program finds around it.

use crate::shell::budget::Budget;
use crate::shell::value::Value;

/// A language whose programs are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    JavaScript,
    Python,
}

/// What a program finds around it.
pub(crate) struct Around<'a> {
    pub(crate) directory: Option<&'a str>,
    pub(crate) home: Option<&'a str>,
    /// The file it stands in, where it stands in one.
    pub(crate) file: Option<&'a str>,
    /// The words behind it on the command line.
    pub(crate) arguments: &'a [Value],
    /// What a variable of the environment holds.
    pub(crate) variable: &'a dyn Fn(&str) -> Option<Value>,
    /// What all programs of the artefact may spend together.
    pub(crate) budget: &'a Budget,
}
