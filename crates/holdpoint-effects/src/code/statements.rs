//! The statements of a text.

use super::language::Language;
use super::syntax::{Statement, Unreadable};
use super::{javascript, python};
use crate::shell::budget::Budget;

/// Longest program that is read, in bytes.
const TEXT_MAX_BYTES: usize = 64 * 1024;

/// The statements of a text, in the forms that both languages share.
pub(super) fn of(language: Language, text: &str, budget: &Budget) -> Result<Vec<Statement>, Unreadable> {
    if text.len() > TEXT_MAX_BYTES || text.contains('\0') {
        return Err(Unreadable("it is longer than is read, or holds a NUL byte"));
    }
    match language {
        Language::JavaScript => javascript::read(text, budget),
        Language::Python => python::read(text, budget),
    }
}
