//! The tables of state beside those that the log adds up to, row by row.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::types::Value;
use rusqlite::{Connection, Rows};
use serde::de::DeserializeOwned;

use super::super::super::entry;
use super::super::super::record::{ChangeRecord, CodeRecord, CredentialRecord, PermitRecord, SessionRecord};
use super::super::super::replay::{Claims, Replay};
use super::super::MIGRATIONS;
use super::super::rows::put;
use super::fault::{Error, Fault, Faults, RowFault};

/// The tables that follow from the log, each with what names a row. `sqlite_schema` comes first: a trigger or a constraint
/// that is gone is a lie about what follows.
const TABLES: [(&str, &str); 10] = [
    ("sqlite_schema", "name"),
    ("chain", "subject"),
    ("change", "digest"),
    ("code", "hash"),
    ("credential", "id"),
    ("gate", "id"),
    ("permit", "id"),
    ("policy", "id"),
    ("session", "id"),
    ("word", "idx"),
];
/// Longest value that a fault repeats. Columns beside `doc` hold states, numbers and identifiers.
const SHOWN_CHARS: usize = 80;

/// Compares every table with what the log adds up to. Returns how many rows there are.
pub(super) fn compare(stored: &Connection, replay: Replay, faults: &mut Faults) -> Result<Option<u64>, Error> {
    let damage: String = stored.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if damage != "ok" {
        faults.add(Fault::Damaged { what: damage });
    }
    let (rows, missing) = replay.into_rows(&claims(stored)?);
    for missing in missing {
        faults.add(Fault::Row { table: missing.table, row: missing.subject, what: RowFault::Missing });
    }
    // SQLite's own name for a database that is gone when it is closed, and on a disk where it grows large.
    let mut expected = Connection::open("")?;
    for step in MIGRATIONS {
        expected.execute_batch(step)?;
    }
    let writing = expected.transaction()?;
    if let Err(error) = put(&writing, &rows) {
        faults.add(Fault::Rows { why: error.to_string() });
        return Ok(None);
    }
    writing.commit()?;
    let mut compared = 0;
    for (table, key) in TABLES {
        compared += Comparison { table, key }.run(stored, &expected, faults)?;
    }
    Ok(Some(compared))
}

/// What the rows say of themselves. What cannot be read claims nothing, and is found when it is compared.
fn claims(stored: &Connection) -> Result<Claims, Error> {
    Ok(Claims {
        changes: by(records(stored, "change")?, |change: &ChangeRecord| change.change),
        permits: by(records(stored, "permit")?, |permit: &PermitRecord| permit.grant.permit.clone()),
        sessions: by(records(stored, "session")?, |session: &SessionRecord| session.id.clone()),
        keys: by(records(stored, "credential")?, |key: &CredentialRecord| entry::key_subject(&key.credential.id)),
        codes: by(records(stored, "code")?, |code: &CodeRecord| entry::code_subject(&code.hash)),
    })
}

fn by<K: Ord, T>(records: Vec<T>, key: impl Fn(&T) -> K) -> BTreeMap<K, T> {
    records.into_iter().map(|record| (key(&record), record)).collect()
}

fn records<T: DeserializeOwned>(stored: &Connection, table: &str) -> Result<Vec<T>, Error> {
    let mut statement = stored.prepare(&format!("SELECT doc FROM {table}"))?;
    let docs = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    Ok(docs.iter().filter_map(|doc| serde_json::from_str(doc).ok()).collect())
}

/// One table beside the one it must be.
struct Comparison {
    table: &'static str,
    key: &'static str,
}

impl Comparison {
    /// Walks through both in the order of their key.
    fn run(&self, stored: &Connection, expected: &Connection, faults: &mut Faults) -> Result<u64, Error> {
        // What SQLite makes by itself (the index behind a constraint) has no text.
        let only = if self.table == "sqlite_schema" { "type, name, tbl_name, sql" } else { "*" };
        let query = format!("SELECT {only} FROM {} ORDER BY {}", self.table, self.key);
        let (mut stored, mut expected) = (stored.prepare(&query)?, expected.prepare(&query)?);
        let columns: Vec<String> = expected.column_names().map(str::to_owned).collect();
        let at = columns.iter().position(|column| column == self.key).unwrap_or_default();
        let (mut theirs, mut ours) = (stored.query([])?, expected.query([])?);
        let (mut their, mut our) = (next(&mut theirs)?, next(&mut ours)?);
        let mut compared = 0;
        loop {
            let order = match (&their, &our) {
                (None, None) => return Ok(compared),
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(their), Some(our)) => in_order(their.get(at), our.get(at)),
            };
            compared += 1;
            let (row, what) = match order {
                Ordering::Less => (named(&their, at), Some(RowFault::Strange)),
                Ordering::Greater => (named(&our, at), Some(RowFault::Missing)),
                Ordering::Equal => (named(&our, at), differs(&columns, &their, &our)),
            };
            if let Some(what) = what {
                faults.add(Fault::Row { table: self.table, row, what });
            }
            if order.is_le() {
                their = next(&mut theirs)?;
            }
            if order.is_ge() {
                our = next(&mut ours)?;
            }
        }
    }
}

type Record = Option<Vec<Value>>;

fn next(rows: &mut Rows<'_>) -> Result<Record, Error> {
    let Some(row) = rows.next()? else { return Ok(None) };
    let width = row.as_ref().column_count();
    Ok(Some((0..width).map(|column| row.get(column)).collect::<Result<_, _>>()?))
}

/// The order in which SQLite gives keys of one type.
fn in_order(one: Option<&Value>, other: Option<&Value>) -> Ordering {
    match (one, other) {
        (Some(Value::Integer(one)), Some(Value::Integer(other))) => one.cmp(other),
        (Some(Value::Text(one)), Some(Value::Text(other))) => one.as_bytes().cmp(other.as_bytes()),
        (Some(Value::Blob(one)), Some(Value::Blob(other))) => one.cmp(other),
        // The tables are strict: a key of another type is in no table of ours.
        _ => Ordering::Less,
    }
}

fn named(record: &Record, at: usize) -> String {
    record.as_ref().and_then(|record| record.get(at)).map_or_else(String::new, shown)
}

fn shown(value: &Value) -> String {
    match value {
        Value::Blob(bytes) => URL_SAFE_NO_PAD.encode(bytes),
        Value::Integer(number) => number.to_string(),
        Value::Null => "nothing".to_owned(),
        Value::Real(number) => number.to_string(),
        Value::Text(text) => text.chars().take(SHOWN_CHARS).collect(),
    }
}

fn differs(columns: &[String], their: &Record, our: &Record) -> Option<RowFault> {
    let (their, our) = (their.iter().flatten(), our.iter().flatten());
    let pairs = columns.iter().zip(their.zip(our)).filter(|(_, (their, our))| their != our);
    let columns: Vec<String> = pairs.filter_map(|(column, (their, our))| told(column, their, our)).collect();
    if columns.is_empty() { None } else { Some(RowFault::Differs { columns }) }
}

/// In what a column differs. A record is not repeated: it may hold what somebody typed.
fn told(column: &str, their: &Value, our: &Value) -> Option<String> {
    match (column, their, our) {
        ("doc", Value::Text(their), Value::Text(our)) => told_of_records(their, our),
        ("sql", _, _) => Some("it is not the schema of this version".to_owned()),
        _ => Some(format!("`{column}` is {}, the log says {}", shown(their), shown(our))),
    }
}

fn told_of_records(their: &str, our: &str) -> Option<String> {
    let read = |doc: &str| serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(doc);
    let written = their;
    let (Ok(their), Ok(our)) = (read(their), read(our)) else { return Some("its record is no record".to_owned()) };
    // A name that stands twice is one to whoever takes the last, and two to the server, which refuses it.
    if serde_json::to_string(&their).is_ok_and(|plainly| plainly.len() != written.len()) {
        return Some("its record is not written as the server writes it: a name stands in it twice, or blanks do".to_owned());
    }
    let names = their.keys().chain(our.keys().filter(|name| !their.contains_key(*name)));
    let differing: Vec<String> =
        names.filter(|name| their.get(*name) != our.get(*name)).map(|name| format!("`{name}`")).collect();
    if differing.is_empty() {
        None
    } else {
        Some(format!("in its record the log says something else for {}", differing.join(", ")))
    }
}
