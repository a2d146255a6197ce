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

mod psql;
mod statement;
mod table;
mod tree;

use std::ops::Range;

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};

use self::statement::Walk;
use self::tree::Tree;

/// Longest SQL text that is read, in bytes; a longer one is opaque. At this size the parser takes tens of milliseconds.
pub const SQL_MAX_BYTES: usize = 128 * 1024;

/// Longest run of operator signs that is given to the parser. Its lexer looks at such a run anew from every sign in it, so
/// that 16 KiB of `/*/*/*…` take it a second; an operator has at most 63 signs, and ornamental comments stay well below.
const OPERATOR_RUN_MAX: usize = 256;

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

/// Reads a script as `psql` would: SQL with its backslash commands, some of which run programs or write files.
pub fn read_psql(script: &str, environment: &Environment, origin_span: Option<Range<usize>>) -> Vec<Effect> {
    psql::read(script, &Origin { environment, span: origin_span })
}

/// Where some SQL text comes from and goes to.
struct Origin<'a> {
    environment: &'a Environment,
    span: Option<Range<usize>>,
}

impl Origin<'_> {
    /// An effect on one thing, known exactly.
    fn effect(&self, verb: Verb, kind: ResourceKind, name: &str, reversibility: Reversibility, summary: String) -> Effect {
        Effect {
            verb,
            resource: Resource { kind, name: name.to_owned() },
            environment: self.environment.clone(),
            magnitude: Magnitude::at_most(1, Unit::Items),
            reversibility,
            certainty: Certainty::Exact,
            summary,
            span: self.span.clone(),
        }
    }

    /// The effect of what could not be read.
    fn opaque(&self, why: &str) -> Effect {
        let summary = format!("Does something to the database that cannot be read: {why}");
        Effect {
            certainty: Certainty::Opaque,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..self.effect(Verb::Execute, ResourceKind::Database, "", Reversibility::Irreversible, summary)
        }
    }
}

/// The statements of a text, or why there are none.
fn parsed(sql: &str) -> Result<Vec<Tree>, String> {
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
