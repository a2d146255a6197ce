//! What a batch of commands needs to know, and how it is brought together from any backend.
//!
//! [`load`] follows the few references there are (a permit's change, a change's permit and payloads, what is due) in a fixed
//! order, so that a plan never has to ask again. A backend offers rows by key: see [`Rows`].

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::actor::{AgentId, GateId, PermitId};
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_log::commitment::Salt;
use holdpoint_log::entry::Link;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::command::{Command, Outcome, RetryKey, Submission};
use super::entry;
use super::plan::Rejection;
use super::record::{
    ChangeRecord, CodeRecord, CredentialRecord, PayloadId, PermitRecord, PolicyRecord, SessionRecord, StatementRecord,
};
use holdpoint_core::approval::Proof;

/// Most things that one sweep ends. What is left is for the next.
pub const SWEPT_MAX: usize = 256;

/// Rows by key, as they are committed: what a backend must be able to tell while it holds the head of the log.
pub trait Rows {
    /// Why a row cannot be read. The store stops then.
    type Error;

    /// A change.
    fn change(&mut self, digest: &Digest) -> Result<Option<ChangeRecord>, Self::Error>;
    /// A permit.
    fn permit(&mut self, id: &PermitId) -> Result<Option<PermitRecord>, Self::Error>;
    /// A statement.
    fn statement(&mut self, nonce: &Base64Bytes) -> Result<Option<StatementRecord>, Self::Error>;
    /// A key.
    fn credential(&mut self, id: &Base64Bytes) -> Result<Option<CredentialRecord>, Self::Error>;
    /// A single-use code.
    fn code(&mut self, hash: &Digest) -> Result<Option<CodeRecord>, Self::Error>;
    /// An agent session.
    fn session(&mut self, id: &AgentId) -> Result<Option<SessionRecord>, Self::Error>;
    /// The last number a gate gave to free work.
    fn gate(&mut self, id: &GateId) -> Result<Option<u64>, Self::Error>;
    /// The policy bundle loaded last.
    fn policy(&mut self) -> Result<Option<PolicyRecord>, Self::Error>;
    /// Whether a payload is there.
    fn payload(&mut self, id: &PayloadId) -> Result<Option<PayloadState>, Self::Error>;
    /// What a client was told under this key.
    fn retry(&mut self, key: &RetryKey) -> Result<Option<RetryRecord>, Self::Error>;
    /// The last entry of a subject.
    fn chain(&mut self, subject: &str) -> Result<Option<Chain>, Self::Error>;
    /// What has run out of time, at most `limit` of each kind.
    fn due(&mut self, bounds: &DueBounds, limit: usize) -> Result<Due, Self::Error>;
}

/// Brings together all that a batch needs.
///
/// # Errors
/// As the rows do.
pub fn load<R: Rows>(rows: &mut R, submissions: &[Submission], now: Timestamp) -> Result<Loaded, R::Error> {
    let mut keys = Keys::of(submissions);
    let mut loaded = Loaded::default();
    if let Some(lost_if_begun_before) = keys.sweep {
        loaded.due = rows.due(&DueBounds { now, lost_if_begun_before }, SWEPT_MAX)?;
        keys.permits.extend(loaded.due.permits_expired.iter().chain(&loaded.due.permits_lost).cloned());
        keys.changes.extend(&loaded.due.changes_expired);
    }
    loaded.permits.fill(keys.permits, |id| rows.permit(id))?;
    keys.changes.extend(loaded.permits.values().map(|permit| permit.grant.change));
    loaded.changes.fill(keys.changes.clone(), |digest| rows.change(digest))?;
    let current: BTreeSet<_> = loaded.changes.values().filter_map(|change| change.permit.clone()).collect();
    loaded.permits.fill(current, |id| rows.permit(id))?;
    keys.payloads.extend(loaded.changes.values().flat_map(|change| [change.proposal, change.answers]));
    keys.subjects.extend(keys.changes.iter().map(entry::change_subject));

    loaded.statements.fill(keys.statements, |nonce| rows.statement(nonce))?;
    loaded.credentials.fill(keys.credentials, |id| rows.credential(id))?;
    loaded.codes.fill(keys.codes, |hash| rows.code(hash))?;
    loaded.sessions.fill(keys.sessions, |id| rows.session(id))?;
    loaded.gates.fill(keys.gates, |id| rows.gate(id))?;
    loaded.payloads.fill(keys.payloads, |id| rows.payload(id))?;
    loaded.retries.fill(keys.retries, |key| rows.retry(key))?;
    loaded.chains.fill(keys.subjects, |subject| rows.chain(subject))?;
    if keys.policy {
        loaded.policy.fill([()].into(), |()| rows.policy())?;
    }
    Ok(loaded)
}

/// What a batch names.
#[derive(Default)]
struct Keys {
    changes: BTreeSet<Digest>,
    permits: BTreeSet<PermitId>,
    statements: BTreeSet<Base64Bytes>,
    credentials: BTreeSet<Base64Bytes>,
    codes: BTreeSet<Digest>,
    sessions: BTreeSet<AgentId>,
    gates: BTreeSet<GateId>,
    payloads: BTreeSet<PayloadId>,
    retries: BTreeSet<RetryKey>,
    subjects: BTreeSet<String>,
    policy: bool,
    /// The latest bound that any sweep of the batch gives for lost acts.
    sweep: Option<Option<Timestamp>>,
}

impl Keys {
    fn of(submissions: &[Submission]) -> Self {
        let mut keys = Self::default();
        for submission in submissions {
            keys.retries.extend(submission.retry.iter().map(|retry| retry.key.clone()));
            keys.add(&submission.command);
        }
        keys
    }

    fn add(&mut self, command: &Command) {
        match command {
            Command::Ask(ask) => {
                self.statements.insert(ask.statement.nonce.clone());
                self.changes.insert(ask.statement.change);
            }
            Command::CloseSession(close) => self.add_session(&close.session),
            Command::EnrolKey(enrol) => {
                self.add_credential(&enrol.credential.id);
                self.add_code(&enrol.code);
            }
            Command::LoadPolicy(_) => {
                self.policy = true;
                self.subjects.insert(entry::INSTALLATION.to_owned());
            }
            Command::MintCode(mint) => self.add_code(&mint.hash),
            Command::NoteFreeWork(note) => {
                self.gates.insert(note.gate.clone());
                self.subjects.insert(entry::gate_subject(&note.gate));
            }
            Command::OpenSession(open) => {
                self.add_session(&open.session);
                open.code.iter().for_each(|code| self.add_code(code));
            }
            Command::Propose(propose) => {
                self.changes.insert(propose.change.digest());
            }
            Command::Redeem(redeem) => {
                self.permits.insert(redeem.permit.clone());
                self.changes.insert(redeem.change);
            }
            Command::Redact(redact) => {
                self.payloads.insert(redact.payload);
                self.subjects.insert(String::from(redact.payload));
            }
            Command::Release(release) => {
                self.permits.insert(release.grant.permit.clone());
                self.changes.insert(release.grant.change);
            }
            Command::Revoke(revoke) => {
                self.permits.insert(revoke.permit.clone());
            }
            Command::RevokeKey(revoke) => self.add_credential(&revoke.credential),
            Command::Settle(settle) => {
                self.permits.insert(settle.permit.clone());
            }
            Command::Speak(speak) => {
                self.statements.insert(speak.statement.nonce.clone());
                self.changes.insert(speak.statement.change);
                if let Proof::WebauthnV1 { assertion } = &speak.record.proof {
                    self.add_credential(&assertion.credential_id);
                }
            }
            Command::StartServer(_) | Command::StopServer(_) => {
                self.subjects.insert(entry::INSTALLATION.to_owned());
            }
            Command::Sweep(sweep) => {
                let bound = self.sweep.flatten().max(sweep.lost_if_begun_before);
                self.sweep = Some(bound);
            }
        }
    }

    fn add_session(&mut self, id: &AgentId) {
        self.sessions.insert(id.clone());
        self.subjects.insert(entry::session_subject(id));
    }

    fn add_credential(&mut self, id: &Base64Bytes) {
        self.credentials.insert(id.clone());
        self.subjects.insert(entry::key_subject(id));
    }

    fn add_code(&mut self, hash: &Digest) {
        self.codes.insert(*hash);
        self.subjects.insert(entry::code_subject(hash));
    }
}

/// What a plan works on: rows as they are committed, then as they shall be.
#[derive(Debug, Default)]
pub struct Loaded {
    pub(super) changes: Table<Digest, ChangeRecord>,
    pub(super) permits: Table<PermitId, PermitRecord>,
    pub(super) statements: Table<Base64Bytes, StatementRecord>,
    pub(super) credentials: Table<Base64Bytes, CredentialRecord>,
    pub(super) codes: Table<Digest, CodeRecord>,
    pub(super) sessions: Table<AgentId, SessionRecord>,
    pub(super) gates: Table<GateId, u64>,
    pub(super) policy: Table<(), PolicyRecord>,
    pub(super) payloads: Table<PayloadId, PayloadState>,
    pub(super) retries: Table<RetryKey, RetryRecord>,
    pub(super) chains: Table<String, Chain>,
    pub(super) due: Due,
}

/// Rows of one kind, by key. Knows which were loaded, so that "was never asked for" is not mistaken for "is not there".
#[derive(Debug)]
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, Option<V>>,
    written: BTreeSet<K>,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self { rows: BTreeMap::new(), written: BTreeSet::new() }
    }
}

impl<K: Ord + Clone + std::fmt::Debug, V> Table<K, V> {
    fn fill<E>(&mut self, keys: BTreeSet<K>, mut row: impl FnMut(&K) -> Result<Option<V>, E>) -> Result<(), E> {
        for key in keys {
            if let Entry::Vacant(unknown) = self.rows.entry(key) {
                let found = row(unknown.key())?;
                unknown.insert(found);
            }
        }
        Ok(())
    }

    /// The row, as it was loaded or last put.
    pub(super) fn get(&self, key: &K) -> Option<&V> {
        debug_assert!(self.rows.contains_key(key), "{key:?} is asked for but was not loaded");
        self.rows.get(key)?.as_ref()
    }

    /// Sets the row; it is written with the batch.
    pub(super) fn put(&mut self, key: K, row: V) {
        self.written.insert(key.clone());
        self.rows.insert(key, Some(row));
    }

    fn values(&self) -> impl Iterator<Item = &V> {
        self.rows.values().flatten()
    }

    /// The rows that were put, with their keys.
    pub(super) fn into_written(mut self) -> impl Iterator<Item = (K, V)> {
        self.written.into_iter().filter_map(move |key| self.rows.remove(&key).flatten().map(|row| (key, row)))
    }
}

/// Whether a payload is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadState {
    /// It is, under this salt.
    Here(Salt),
    /// It was taken back.
    Redacted {
        /// Where the log says so.
        index: u64,
    },
}

/// What a client was told under a retry key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RetryRecord {
    /// The digest of its request.
    pub request: Digest,
    /// When.
    pub at: Timestamp,
    /// What it was told.
    pub answer: Answered,
}

/// The answer to a command, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answered {
    /// It happened.
    Done(Box<Outcome>),
    /// It was refused.
    Rejected(Rejection),
}

impl From<Answered> for Result<Outcome, Rejection> {
    fn from(answer: Answered) -> Self {
        match answer {
            Answered::Done(outcome) => Ok(*outcome),
            Answered::Rejected(rejection) => Err(rejection),
        }
    }
}

/// The last entry of a subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    /// Its place in the log.
    pub last: u64,
    /// Its number among the subject's entries, from 1.
    pub seq: u64,
}

impl Chain {
    /// The link of the entry that comes next.
    pub(super) const fn next(self) -> Link {
        Link::After { prev: self.last, seq: self.seq + 1 }
    }
}

/// What counts as out of time.
#[derive(Debug, Clone, Copy)]
pub struct DueBounds {
    /// The time it is.
    pub now: Timestamp,
    /// Acts that began before this and were not settled are lost.
    pub lost_if_begun_before: Option<Timestamp>,
}

/// What has run out of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Due {
    /// Changes that are held and should no longer be.
    pub changes_expired: Vec<Digest>,
    /// Permits that were not used.
    pub permits_expired: Vec<PermitId>,
    /// Permits whose act was not settled.
    pub permits_lost: Vec<PermitId>,
}
