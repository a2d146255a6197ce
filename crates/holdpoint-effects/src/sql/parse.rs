//! PostgreSQL's own parser, with bounds on what it is given.

use super::tree::{self, Tree};

/// Longest SQL text that is read, in bytes; a longer one is opaque. At this size the parser takes tens of milliseconds.
pub const SQL_MAX_BYTES: usize = 128 * 1024;

/// Longest run of operator signs that is given to the parser. Its lexer looks at such a run anew from every sign in it, so
/// that 16 KiB of `/*/*/*…` take it a second; an operator has at most 63 signs, and ornamental comments stay well below.
const OPERATOR_RUN_MAX: usize = 256;

/// The statements of a text, or why there are none.
pub(super) fn parsed(sql: &str) -> Result<Vec<Tree>, String> {
    if sql.len() > SQL_MAX_BYTES {
        return Err(format!("it has {} bytes where {SQL_MAX_BYTES} are read", sql.len()));
    }
    let mut runs = sql.split(|mark: char| !OPERATOR_SIGNS.contains(mark));
    if runs.any(|run| run.len() > OPERATOR_RUN_MAX) {
        return Err(format!("more than {OPERATOR_RUN_MAX} operator signs follow each other in it"));
    }
    // The crate looks into what it parsed with code that may panic; that must not take the caller along.
    let result = std::panic::catch_unwind(|| pg_query::parse(sql, 0)).map_err(|_| "the parser failed on it".to_owned())?;
    match result {
        Ok(result) => Ok(result.protobuf.stmts.iter().filter_map(|raw| raw.stmt.as_ref()).map(tree::of).collect()),
        Err(pg_query::Error::Decode(_)) => Err("it is nested too deeply".to_owned()),
        Err(pg_query::Error::Parse(why)) => Err(format!("PostgreSQL does not read it ({why})")),
        Err(_) => Err("PostgreSQL does not read it".to_owned()),
    }
}

/// The signs that PostgreSQL builds operators from.
const OPERATOR_SIGNS: &str = "~!@#^&|`?+-*/%<>=";
