//! Rows of the tables: one by one for a plan to work on, and back again.

use holdpoint_core::actor::{AgentId, GateId, PermitId};
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::PermitState;
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_log::commitment::Salt;
use holdpoint_log::tile::Layer;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _, Params, Transaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::command::RetryKey;
use super::super::load::{Chain, Due, DueBounds, PayloadState, RetryRecord, Rows};
use super::super::plan::{Row, WritePlan};
use super::super::record::{
    ChangeRecord, ChangeState, CodeRecord, CredentialRecord, PayloadId, PermitRecord, PolicyRecord, SessionRecord,
    StatementRecord,
};
use super::error::Error;

/// A connection, to be read from.
pub(super) struct Sql<'c>(pub(super) &'c Connection);

impl Sql<'_> {
    /// One record, where there is one.
    pub(super) fn record<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Option<T>, Error> {
        let doc: Option<String> = self.0.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()?;
        Ok(doc.map(|doc| serde_json::from_str(&doc)).transpose()?)
    }

    /// All records that a query finds.
    pub(super) fn records<T: DeserializeOwned>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        let docs = statement.query_map(params, |row| row.get::<_, String>(0))?;
        docs.map(|doc| Ok(serde_json::from_str(&doc?)?)).collect()
    }

    /// Identifiers that a query finds.
    fn names<T: TryFrom<String>>(&self, sql: &str, params: impl Params) -> Result<Vec<T>, Error> {
        let mut statement = self.0.prepare_cached(sql)?;
        let names = statement.query_map(params, |row| row.get::<_, String>(0))?;
        names.map(|name| T::try_from(name?).map_err(|_| Error::Damaged { what: "an identifier" })).collect()
    }
}

impl Rows for Sql<'_> {
    type Error = Error;

    fn change(&mut self, digest: &Digest) -> Result<Option<ChangeRecord>, Error> {
        self.record("SELECT doc FROM change WHERE digest = ?1", [digest.to_string()])
    }

    fn permit(&mut self, id: &PermitId) -> Result<Option<PermitRecord>, Error> {
        self.record("SELECT doc FROM permit WHERE id = ?1", [id.as_str()])
    }

    fn statement(&mut self, nonce: &Base64Bytes) -> Result<Option<StatementRecord>, Error> {
        self.record("SELECT doc FROM statement WHERE nonce = ?1", [&nonce.0])
    }

    fn credential(&mut self, id: &Base64Bytes) -> Result<Option<CredentialRecord>, Error> {
        self.record("SELECT doc FROM credential WHERE id = ?1", [&id.0])
    }

    fn code(&mut self, hash: &Digest) -> Result<Option<CodeRecord>, Error> {
        self.record("SELECT doc FROM code WHERE hash = ?1", [hash.to_string()])
    }

    fn session(&mut self, id: &AgentId) -> Result<Option<SessionRecord>, Error> {
        self.record("SELECT doc FROM session WHERE id = ?1", [id.as_str()])
    }

    fn gate(&mut self, id: &GateId) -> Result<Option<u64>, Error> {
        let mut statement = self.0.prepare_cached("SELECT last FROM gate WHERE id = ?1")?;
        Ok(statement.query_row([id.as_str()], |row| row.get(0)).optional()?)
    }

    fn policy(&mut self) -> Result<Option<PolicyRecord>, Error> {
        self.record("SELECT doc FROM policy", [])
    }

    fn payload(&mut self, id: &PayloadId) -> Result<Option<PayloadState>, Error> {
        let mut statement = self.0.prepare_cached("SELECT salt, redacted_idx FROM payload WHERE id = ?1")?;
        let found = statement
            .query_row([String::from(*id)], |row| Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<u64>>(1)?)))
            .optional()?;
        let Some((salt, redacted)) = found else { return Ok(None) };
        let salt = salt.and_then(|salt: Vec<u8>| salt.try_into().ok()).map(Salt);
        match (salt, redacted) {
            (Some(salt), None) => Ok(Some(PayloadState::Here(salt))),
            (None, Some(index)) => Ok(Some(PayloadState::Redacted { index })),
            _ => Err(Error::Damaged { what: "a payload" }),
        }
    }

    fn retry(&mut self, key: &RetryKey) -> Result<Option<RetryRecord>, Error> {
        self.record("SELECT doc FROM retry WHERE owner = ?1 AND name = ?2", (&key.owner, &key.name))
    }

    fn chain(&mut self, subject: &str) -> Result<Option<Chain>, Error> {
        let mut statement = self.0.prepare_cached("SELECT last, seq FROM chain WHERE subject = ?1")?;
        Ok(statement.query_row([subject], |row| Ok(Chain { last: row.get(0)?, seq: row.get(1)? })).optional()?)
    }

    fn due(&mut self, bounds: &DueBounds, limit: usize) -> Result<Due, Error> {
        let now = bounds.now.as_microsecond();
        let changes = "SELECT digest FROM change WHERE state = 'held' AND waits_until < ?1 LIMIT ?2";
        let permits = "SELECT id FROM permit WHERE state = 'issued' AND not_after < ?1 LIMIT ?2";
        let lost = "SELECT id FROM permit WHERE state = 'started' AND spent_at < ?1 LIMIT ?2";
        Ok(Due {
            changes_expired: self.names(changes, (now, limit))?,
            permits_expired: self.names(permits, (now, limit))?,
            permits_lost: match bounds.lost_if_begun_before {
                Some(before) => self.names(lost, (before.as_microsecond(), limit))?,
                None => Vec::new(),
            },
        })
    }
}

/// Writes all of a plan inside a transaction.
pub(super) fn write(transaction: &Transaction<'_>, plan: &WritePlan) -> Result<(), Error> {
    write_log(transaction, plan)?;
    write_payloads(transaction, plan)?;
    put(transaction, &plan.rows)?;
    if let Some(before) = plan.forget_before {
        let before = before.as_microsecond();
        transaction.execute("DELETE FROM retry WHERE at < ?1", [before])?;
        transaction.execute("DELETE FROM statement WHERE expires_at < ?1", [before])?;
    }
    Ok(())
}

fn write_log(transaction: &Transaction<'_>, plan: &WritePlan) -> Result<(), Error> {
    let mut insert =
        transaction.prepare_cached("INSERT INTO log_entry (idx, leaf, body, kind, subject) VALUES (?1, ?2, ?3, ?4, ?5)")?;
    for (entry, index) in plan.entries.iter().zip(plan.first_index..) {
        insert.execute((index, entry.leaf.as_bytes().as_slice(), &entry.bytes, entry.kind, &entry.subject))?;
    }
    let mut insert = transaction.prepare_cached("INSERT INTO tile (level, n, data) VALUES (?1, ?2, ?3)")?;
    for tile in &plan.tiles {
        let Layer::Hashes(level) = tile.path.layer() else { return Err(Error::Damaged { what: "a new tile" }) };
        insert.execute((level, tile.path.index(), &tile.bytes))?;
    }
    let frontier = &plan.tree.frontier;
    let mut update = transaction.prepare_cached("UPDATE log_head SET size = ?1, root = ?2, frontier = ?3 WHERE size = ?4")?;
    let root = frontier.root();
    let updated = update.execute((frontier.size(), root.as_bytes().as_slice(), frontier.to_bytes(), plan.first_index))?;
    if updated == 1 { Ok(()) } else { Err(Error::HeadMoved) }
}

fn write_payloads(transaction: &Transaction<'_>, plan: &WritePlan) -> Result<(), Error> {
    let mut insert = transaction.prepare_cached("INSERT INTO payload (id, salt, body) VALUES (?1, ?2, ?3)")?;
    for payload in &plan.payloads {
        insert.execute((String::from(payload.id), payload.salt.0.as_slice(), &payload.body))?;
    }
    let mut redact =
        transaction.prepare_cached("UPDATE payload SET salt = NULL, body = NULL, redacted_idx = ?2 WHERE id = ?1")?;
    for (id, index) in &plan.redactions {
        redact.execute((String::from(*id), index))?;
    }
    Ok(())
}

/// Writes rows of state.
pub(super) fn put(transaction: &Transaction<'_>, rows: &[Row]) -> Result<(), Error> {
    let mut writing = Writing { transaction, statement: None };
    rows.iter().try_for_each(|row| put_row(&mut writing, row))
}

fn put_row(writing: &mut Writing<'_>, row: &Row) -> Result<(), Error> {
    match row {
        Row::Chain(subject, chain) => writing.execute(
            "INSERT INTO chain (subject, last, seq) VALUES (?1, ?2, ?3)
             ON CONFLICT (subject) DO UPDATE SET last = ?2, seq = ?3",
            (subject, chain.last, chain.seq),
        ),
        Row::Change(change) => put_change(writing, change),
        Row::Code(code) => writing.execute(
            "INSERT INTO code (hash, doc) VALUES (?1, ?2) ON CONFLICT (hash) DO UPDATE SET doc = ?2",
            (code.hash.to_string(), doc(code)?),
        ),
        Row::Credential(key) => writing.execute(
            "INSERT INTO credential (id, idx, doc) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET idx = ?2, doc = ?3",
            (&key.credential.id.0, key.index, doc(key)?),
        ),
        Row::Gate(gate, last) => writing.execute(
            "INSERT INTO gate (id, last) VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET last = ?2",
            (gate.as_str(), last),
        ),
        Row::Permit(permit) => put_permit(writing, permit),
        Row::Policy(policy) => {
            writing.execute("INSERT INTO policy (id, doc) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET doc = ?1", [doc(policy)?])
        }
        Row::Retry(key, retry) => writing.execute(
            "INSERT INTO retry (owner, name, at, doc) VALUES (?1, ?2, ?3, ?4)",
            (&key.owner, &key.name, retry.at.as_microsecond(), doc(retry)?),
        ),
        Row::Session(session) => writing.execute(
            "INSERT INTO session (id, open, doc) VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET open = ?2, doc = ?3",
            (session.id.as_str(), session.closed_at.is_none(), doc(session)?),
        ),
        Row::Statement(statement) => writing.execute(
            "INSERT INTO statement (nonce, expires_at, doc) VALUES (?1, ?2, ?3) ON CONFLICT (nonce) DO UPDATE SET doc = ?3",
            (&statement.nonce.0, statement.expires_at.as_microsecond(), doc(statement)?),
        ),
        Row::Word(word) => writing.execute(
            "INSERT INTO word (idx, change, round, doc) VALUES (?1, ?2, ?3, ?4)",
            (word.index, word.change.to_string(), word.round, doc(word)?),
        ),
    }
}

fn put_change(writing: &mut Writing<'_>, change: &ChangeRecord) -> Result<(), Error> {
    writing.execute(
        include_str!("../sql/put_change.sql"),
        (
            change.change.to_string(),
            change.state.as_str(),
            change.requester.accountable().map(|person| person.as_str()),
            change.waits_until.as_microsecond(),
            change.index,
            doc(change)?,
        ),
    )
}

fn put_permit(writing: &mut Writing<'_>, permit: &PermitRecord) -> Result<(), Error> {
    let spent = permit.spent.as_ref();
    writing.execute(
        include_str!("../sql/put_permit.sql"),
        (
            permit.grant.permit.as_str(),
            permit.grant.change.to_string(),
            permit.state.as_str(),
            permit.grant.not_after.as_microsecond(),
            permit.index,
            spent.map(|spent| spent.at.as_microsecond()),
            spent.map(|spent| spent.index),
            doc(permit)?,
        ),
    )
}

/// A transaction with the statement that wrote the last row: rows of one table come one after the other.
struct Writing<'t> {
    transaction: &'t Transaction<'t>,
    statement: Option<(&'static str, CachedStatement<'t>)>,
}

impl Writing<'_> {
    fn execute(&mut self, sql: &'static str, params: impl Params) -> Result<(), Error> {
        let (_, statement) = match self.statement.take_if(|(last, _)| *last == sql) {
            Some(same) => self.statement.insert(same),
            None => self.statement.insert((sql, self.transaction.prepare_cached(sql)?)),
        };
        statement.execute(params)?;
        Ok(())
    }
}

fn doc(record: &impl Serialize) -> Result<String, Error> {
    Ok(serde_json::to_string(record)?)
}

/// How many rows of a table are in each state.
pub(super) fn count_changes(sql: &Sql<'_>) -> Result<Vec<(ChangeState, u64)>, Error> {
    ChangeState::ALL.into_iter().map(|state| Ok((state, count(sql, "change", state.as_str())?))).collect()
}

/// How many permits are in each state.
pub(super) fn count_permits(sql: &Sql<'_>) -> Result<Vec<(PermitState, u64)>, Error> {
    let states = super::super::PERMIT_STATES;
    states.into_iter().map(|state| Ok((state, count(sql, "permit", state.as_str())?))).collect()
}

fn count(sql: &Sql<'_>, table: &'static str, state: &str) -> Result<u64, Error> {
    let mut statement = sql.0.prepare_cached(&format!("SELECT count(*) FROM {table} WHERE state = ?1"))?;
    Ok(statement.query_row([state], |row| row.get(0))?)
}
