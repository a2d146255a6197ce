//! What SQL text would do to a PostgreSQL database: coarse effects, by PostgreSQL's own parser.
//!
//! *In scope:* the text. *Out of scope:* what only the server knows: triggers, cascades, what is behind a view, how many rows
//! a condition meets, what a function of the database's own does. Such a function is delegated; a count that only the server
//! can know is left open.
//!
//! Effects on rows count rows, effects on the shape of tables count items: `CREATE TABLE` and `INSERT` both create in a
//! table, and that tells them apart.
//!
//! Whatever is not read wholly is opaque: text that the parser refuses, a kind of statement or node that is not known here,
//! text that is too long or too deeply nested.

mod key;
mod origin;
mod parse;
mod psql;
mod statement;
mod table;
mod tree;

use std::ops::Range;

use holdpoint_core::effect::{Effect, Environment};

use self::origin::Origin;
pub use self::parse::SQL_MAX_BYTES;
use self::parse::parsed;
use self::statement::Walk;

/// Reads SQL text that a server would run in `environment`. `origin_span` is where the text stands in the artefact.
pub fn read(sql: &str, environment: &Environment, origin_span: Option<Range<usize>>) -> Vec<Effect> {
    let origin = Origin { environment, span: origin_span };
    match parsed(sql) {
        Ok(statements) => {
            let mut walk = Walk::new(&origin);
            statements.iter().for_each(|statement| walk.statement(statement));
            walk.finish()
        }
        Err(why) => vec![origin.opaque(&why)],
    }
}

/// Whether a text reads as a statement, and not as a sentence that begins with the same word.
pub(crate) fn is_statement(text: &str) -> bool {
    let first = text.split(|letter: char| !letter.is_ascii_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    let verb = VERBS.iter().any(|verb| first.eq_ignore_ascii_case(verb));
    verb && (first.bytes().all(|byte| byte.is_ascii_uppercase()) || parsed(text).is_ok_and(|statements| !statements.is_empty()))
}

/// The words with which statements begin that programs send.
const VERBS: [&str; 14] = [
    "alter", "call", "copy", "create", "delete", "drop", "grant", "insert", "merge", "revoke", "select", "truncate", "update",
    "with",
];

/// What reading a text costs, as far as a look tells, in eighths of a microsecond: it grows with its words and signs, and with its
/// statements.
pub(crate) fn cost(sql: &str) -> usize {
    const WORD: usize = 5;
    const STATEMENT: usize = 20;
    let in_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || !byte.is_ascii();
    let begins = |(before, byte): (u8, u8)| !(byte.is_ascii_whitespace() || (in_word(before) && in_word(byte)));
    let words = std::iter::once(b' ').chain(sql.bytes()).zip(sql.bytes()).filter(|pair| begins(*pair)).count();
    words * WORD + sql.matches([';', '\\']).count() * STATEMENT
}

/// Reads a script as `psql` would: SQL with its backslash commands, some of which run programs or write files.
pub fn read_psql(script: &str, environment: &Environment, origin_span: Option<Range<usize>>) -> Vec<Effect> {
    let origin = Origin { environment, span: origin_span };
    // A line ends for `psql` at such a byte, and goes on for nobody else.
    if script.contains('\0') { vec![origin.opaque("it has a null byte")] } else { psql::read(script, &origin) }
}
