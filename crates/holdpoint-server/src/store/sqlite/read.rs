//! Reading back what is committed.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use holdpoint_core::actor::{AgentId, GateId, PermitId};
use holdpoint_core::digest::Digest;
use holdpoint_core::question::Answers;
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_log::checkpoint::SignedCheckpoint;
use holdpoint_log::commitment::Salt;
use rusqlite::OptionalExtension as _;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use super::super::command::Submission;
use super::super::load::Rows as _;
use super::super::record::{
    ChangeRecord, CodeRecord, CredentialRecord, Kept, PayloadId, PermitRecord, PolicyRecord, SessionRecord, StatementRecord,
    StoredChange, StoredWord, WordRecord,
};
use super::super::{ChangeFilter, Commit, Counters, ENTRIES_MAX, LISTED_MAX, Read, Store, readable};
use super::SqliteStore;
use super::error::Error;
use super::rows::{Sql, count_changes, count_permits};

impl Store for SqliteStore {
    fn commit(&self, submission: Submission) -> Commit<'_> {
        self.sequencer.commit(submission)
    }

    fn checkpoint(&self) -> Arc<SignedCheckpoint> {
        self.sequencer.checkpoint()
    }

    fn watch(&self) -> watch::Receiver<u64> {
        self.sequencer.watch()
    }

    fn change(&self, digest: Digest) -> Read<'_, Option<StoredChange>> {
        self.read(move |sql| sql.change(&digest)?.map(|record| stored(sql, record)).transpose())
    }

    fn answers(&self, digest: Digest) -> Read<'_, Option<Kept<Answers>>> {
        self.read(move |sql| sql.change(&digest)?.map(|record| parsed(sql, &record.answers)).transpose())
    }

    fn changes_beginning(&self, hex: &str) -> Read<'_, Vec<StoredChange>> {
        let from = format!("sha256:{hex}");
        // `~` sorts after every digit, so this is the end of all that begin so.
        let to = format!("{from}~");
        self.read(move |sql| {
            let query = "SELECT doc FROM change WHERE digest >= ?1 AND digest < ?2 ORDER BY digest LIMIT 2";
            sql.records(query, (from, to))?.into_iter().map(|record| stored(sql, record)).collect()
        })
    }

    fn changes(&self, filter: ChangeFilter) -> Read<'_, Vec<StoredChange>> {
        self.read(move |sql| {
            let states: Vec<&str> = filter.states.iter().map(|state| state.as_str()).collect();
            let accountable = filter.accountable.as_ref().map(|person| person.as_str());
            let limit = filter.limit.min(LISTED_MAX);
            let params = (serde_json::to_string(&states)?, accountable, filter.before, limit);
            let records = sql.records(include_str!("../sql/list_changes.sql"), params)?;
            records.into_iter().map(|record| stored(sql, record)).collect()
        })
    }

    fn words(&self, digest: Digest) -> Read<'_, Vec<StoredWord>> {
        self.read(move |sql| {
            let Some(change) = sql.change(&digest)? else { return Ok(Vec::new()) };
            let query = "SELECT doc FROM word WHERE change = ?1 AND round = ?2 ORDER BY idx";
            let words: Vec<WordRecord> = sql.records(query, (digest.to_string(), change.round))?;
            let said = |word: WordRecord| Ok(StoredWord { record: parsed(sql, &word.payload)?, word });
            words.into_iter().map(said).collect()
        })
    }

    fn permit(&self, id: PermitId) -> Read<'_, Option<PermitRecord>> {
        self.read(move |sql| sql.permit(&id))
    }

    fn permits(&self, digest: Digest) -> Read<'_, Vec<PermitRecord>> {
        self.read(move |sql| sql.records("SELECT doc FROM permit WHERE change = ?1 ORDER BY idx", [digest.to_string()]))
    }

    fn statement(&self, nonce: Base64Bytes) -> Read<'_, Option<StatementRecord>> {
        self.read(move |sql| sql.statement(&nonce))
    }

    fn credentials(&self) -> Read<'_, Vec<CredentialRecord>> {
        self.read(|sql| sql.records("SELECT doc FROM credential ORDER BY id", []))
    }

    fn code(&self, hash: Digest) -> Read<'_, Option<CodeRecord>> {
        self.read(move |sql| sql.code(&hash))
    }

    fn session(&self, id: AgentId) -> Read<'_, Option<SessionRecord>> {
        self.read(move |sql| sql.session(&id))
    }

    fn open_sessions(&self) -> Read<'_, Vec<SessionRecord>> {
        self.read(|sql| sql.records("SELECT doc FROM session WHERE open = 1 ORDER BY id", []))
    }

    fn policy(&self) -> Read<'_, Option<PolicyRecord>> {
        self.read(|sql| sql.policy())
    }

    fn free_work(&self, gate: GateId) -> Read<'_, u64> {
        self.read(move |sql| Ok(sql.gate(&gate)?.unwrap_or(0)))
    }

    fn entries(&self, range: Range<u64>) -> Read<'_, Vec<Vec<u8>>> {
        let (start, end) = readable(range, self.sequencer.checkpoint().head().size, ENTRIES_MAX);
        self.read(move |sql| {
            let query = "SELECT body FROM log_entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx";
            let mut statement = sql.0.prepare_cached(query)?;
            let entries = statement.query_map((start, end), |row| row.get(0))?;
            Ok(entries.collect::<Result<_, _>>()?)
        })
    }

    fn payload(&self, id: PayloadId) -> Read<'_, Option<Kept<Vec<u8>>>> {
        self.read(move |sql| payload(sql, &id))
    }

    fn counters(&self) -> Read<'_, Counters> {
        let database = self.readers.path.clone();
        self.read(move |sql| {
            let wal = database.with_extension("db-wal");
            Ok(Counters {
                changes: count_changes(sql)?,
                permits: count_permits(sql)?,
                log_size: sql.0.query_row("SELECT size FROM log_head", [], |row| row.get(0))?,
                database_bytes: size_bytes(&database),
                wal_bytes: size_bytes(&wal),
            })
        })
    }
}

fn stored(sql: &Sql<'_>, record: ChangeRecord) -> Result<StoredChange, Error> {
    Ok(StoredChange { proposal: parsed(sql, &record.proposal)?, record })
}

fn parsed<T: DeserializeOwned>(sql: &Sql<'_>, id: &PayloadId) -> Result<Kept<T>, Error> {
    let payload = payload(sql, id)?.ok_or(Error::Damaged { what: "a payload" })?;
    payload.try_map(|body| Ok(serde_json::from_slice(&body)?))
}

/// A payload, checked against the commitment that names it: what the database says is believed only as far as the log goes.
pub(super) fn payload(sql: &Sql<'_>, id: &PayloadId) -> Result<Option<Kept<Vec<u8>>>, Error> {
    let mut statement = sql.0.prepare_cached("SELECT salt, body, redacted_idx FROM payload WHERE id = ?1")?;
    let found = statement
        .query_row([String::from(*id)], |row| {
            Ok((row.get::<_, Option<Vec<u8>>>(0)?, row.get::<_, Option<Vec<u8>>>(1)?, row.get::<_, Option<u64>>(2)?))
        })
        .optional()?;
    let Some((salt, body, redacted)) = found else { return Ok(None) };
    if let Some(index) = redacted {
        return Ok(Some(Kept::Redacted { index }));
    }
    let salt = salt.and_then(|salt: Vec<u8>| salt.try_into().ok()).map(Salt);
    match salt.zip(body) {
        Some((salt, body)) if id.0.verify(&salt, &body).is_ok() => Ok(Some(Kept::Here(body))),
        _ => Err(Error::Damaged { what: "a payload" }),
    }
}

/// The size of a file; nothing where there is none, as the write-ahead log after a clean stop.
fn size_bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}
