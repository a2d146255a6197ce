//! Which languages are read, what a program finds around it, and its statements.

use super::syntax::{Statement, Unreadable};
use super::{javascript, python};
use crate::shell::value::Value;

/// Longest program that is read, in bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;

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
}

/// The statements of a text.
pub(super) fn statements(language: Language, text: &str) -> Result<Vec<Statement>, Unreadable> {
    if text.len() > TEXT_MAX_BYTES || text.contains('\0') {
        return Err(Unreadable("it is longer than is read, or holds a NUL byte"));
    }
    match language {
        Language::JavaScript => javascript::read(text),
        Language::Python => python::read(text),
    }
}
