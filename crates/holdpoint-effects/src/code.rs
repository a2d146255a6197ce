//! Programs of other languages: what they do beyond themselves.
//!
//! ```text
//! text ──► parse (tree-sitter) ──► python, javascript ──► syntax ──► evaluate ─┬► library (languages/*.toml) ──► acts
//!                                                                             └► functions of the program, followed
//! ```
//!
//! *In scope:* Python and JavaScript: every call of a library that reaches files, processes or the network, with what it is
//! given as far as the program determines it. A text with an error in it is not read.
//! *Out of scope:* what an act means for the machine (`shell/perform.rs`), and what a program computes.

mod act;
pub(crate) mod alike;
pub(crate) mod awk;
mod bind;
mod calls;
mod emit;
mod evaluate;
mod javascript;
mod language;
mod library;
mod names;
mod parse;
mod python;
mod specials;
mod statements;
mod syntax;
pub(crate) mod words;

pub(crate) use self::act::Act;
use self::evaluate::Evaluator;
pub(crate) use self::evaluate::Noted;
pub(crate) use self::language::{Around, Language};
pub(crate) use self::parse::STRUCTURE;
pub(crate) use self::syntax::Unreadable;

/// Reads what a program does, in the order of its text.
pub(crate) fn read(language: Language, text: &str, around: &Around<'_>) -> Result<Vec<Noted>, Unreadable> {
    let statements = statements::of(language, text, around.budget)?;
    let mut evaluator = Evaluator::new(language, around);
    evaluator.program(&statements);
    Ok(evaluator.acts)
}
