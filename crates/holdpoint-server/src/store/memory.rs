//! The store in memory: for tests, with the faults that disks have.
//!
//! A [`Disk`] outlives the store opened on it, as files outlive a process, so a test can stop a store and open the next one
//! on what was kept. [`Faults`] are set for the next commit: it fails, it *fails but was kept*, or it stalls.
//!
//! **In scope**: the same plans as any backend, the same sequencer. **Out of scope**: durability.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::future::ready;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc};

use holdpoint_core::actor::{AgentId, GateId, PermitId};
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::PermitState;
use holdpoint_core::question::Answers;
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_log::checkpoint::SignedCheckpoint;
use holdpoint_log::commitment::Salt;
use jiff::Timestamp;
use tokio::sync::watch;

use super::command::{RetryKey, Submission};
use super::load::{Chain, Due, DueBounds, Loaded, PayloadState, RetryRecord, Rows, load};
use super::plan::{Row, Tree, WritePlan};
use super::record::{
    ChangeRecord, ChangeState, CodeRecord, CredentialRecord, Kept, PayloadId, PermitRecord, PolicyRecord, Proposal,
    SessionRecord, StatementRecord, StoredChange, StoredWord, WordRecord,
};
use super::sequencer::{Backend, Sequencer, StartError};
use super::{ChangeFilter, Commit, Counters, ENTRIES_MAX, LISTED_MAX, Read, ReadError, Store, Surroundings};

/// The store in memory.
pub struct MemoryStore {
    sequencer: Sequencer,
    disk: Disk,
}

impl MemoryStore {
    /// Opens a store on what a disk holds.
    ///
    /// # Errors
    /// When the end of the log cannot be signed.
    pub fn open(disk: &Disk, faults: &Faults, surroundings: Surroundings) -> Result<Self, StartError> {
        let tree = disk.tables().tree.clone();
        let backend = Memory { disk: disk.clone(), faults: faults.clone() };
        Ok(Self { sequencer: Sequencer::start(backend, tree, surroundings)?, disk: disk.clone() })
    }

    fn read<T: Send + 'static>(&self, read: impl FnOnce(&Tables) -> Result<T, ReadError>) -> Read<'_, T> {
        Box::pin(ready(read(&self.disk.tables())))
    }

    fn find<T: Send + 'static>(&self, find: impl FnOnce(&Tables) -> T) -> Read<'_, T> {
        self.read(|tables| Ok(find(tables)))
    }
}

/// What stays when a store is closed.
#[derive(Clone, Default)]
pub struct Disk(Arc<Mutex<Tables>>);

impl Disk {
    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A reader that panicked has changed nothing.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The faults that the next commits meet, in order. Without any, commits succeed.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<Fault>>>);

/// What happens to one commit.
enum Fault {
    Fails,
    FailsButPersists,
    Stalls(mpsc::Receiver<()>),
    Succeeds,
}

impl Faults {
    /// The next commit goes well.
    pub fn then_succeed(&self) -> &Self {
        self.add(Fault::Succeeds)
    }

    /// The next commit fails, and nothing of it is kept.
    pub fn then_fail(&self) -> &Self {
        self.add(Fault::Fails)
    }

    /// The next commit is kept, but is said to have failed: the case that everybody forgets.
    pub fn then_fail_but_persist(&self) -> &Self {
        self.add(Fault::FailsButPersists)
    }

    /// The next commit does not return before the answer to this is dropped.
    pub fn then_stall(&self) -> Stalled {
        let (resume, resumed) = mpsc::channel();
        self.add(Fault::Stalls(resumed));
        Stalled { _resume: resume }
    }

    fn add(&self, fault: Fault) -> &Self {
        self.queue().push_back(fault);
        self
    }

    fn next(&self) -> Fault {
        self.queue().pop_front().unwrap_or(Fault::Succeeds)
    }

    fn queue(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Keeps a commit from returning while it lives.
#[must_use]
pub struct Stalled {
    _resume: mpsc::Sender<()>,
}

/// A fault that was set.
#[derive(Debug, thiserror::Error)]
#[error("the commit was made to fail")]
pub(super) struct MadeToFail;

struct Memory {
    disk: Disk,
    faults: Faults,
}

impl Backend for Memory {
    type Error = MadeToFail;

    fn load(&mut self, submissions: &[Submission], now: Timestamp) -> Result<Loaded, MadeToFail> {
        let Ok(loaded) = load(&mut *self.disk.tables(), submissions, now);
        Ok(loaded)
    }

    fn write(&mut self, plan: &WritePlan) -> Result<(), MadeToFail> {
        match self.faults.next() {
            Fault::Fails => return Err(MadeToFail),
            Fault::FailsButPersists => {
                self.disk.tables().apply(plan);
                return Err(MadeToFail);
            }
            Fault::Stalls(resumed) => {
                let _ = resumed.recv();
            }
            Fault::Succeeds => {}
        }
        self.disk.tables().apply(plan);
        Ok(())
    }

    fn remember(&mut self, _: &SignedCheckpoint) -> Result<(), MadeToFail> {
        Ok(())
    }
}

#[derive(Default)]
struct Tables {
    tree: Tree,
    entries: Vec<Vec<u8>>,
    payloads: BTreeMap<PayloadId, Kept<(Salt, Vec<u8>)>>,
    changes: BTreeMap<Digest, ChangeRecord>,
    words: Vec<WordRecord>,
    permits: BTreeMap<PermitId, PermitRecord>,
    statements: BTreeMap<Base64Bytes, StatementRecord>,
    credentials: BTreeMap<Base64Bytes, CredentialRecord>,
    codes: BTreeMap<Digest, CodeRecord>,
    sessions: BTreeMap<AgentId, SessionRecord>,
    gates: BTreeMap<GateId, u64>,
    policy: Option<PolicyRecord>,
    retries: BTreeMap<RetryKey, RetryRecord>,
    chains: BTreeMap<String, Chain>,
}

impl Tables {
    fn apply(&mut self, plan: &WritePlan) {
        self.tree = plan.tree.clone();
        self.entries.extend(plan.entries.iter().map(|entry| entry.bytes.clone()));
        for payload in &plan.payloads {
            self.payloads.insert(payload.id, Kept::Here((payload.salt, payload.body.clone())));
        }
        for (id, index) in &plan.redactions {
            self.payloads.insert(*id, Kept::Redacted { index: *index });
        }
        for row in plan.rows.iter().cloned() {
            self.put(row);
        }
        if let Some(before) = plan.forget_before {
            self.retries.retain(|_, retry| retry.at >= before);
            self.statements.retain(|_, statement| statement.expires_at >= before);
        }
    }

    fn put(&mut self, row: Row) {
        match row {
            Row::Chain(subject, chain) => drop(self.chains.insert(subject, chain)),
            Row::Change(row) => drop(self.changes.insert(row.change, row)),
            Row::Code(row) => drop(self.codes.insert(row.hash, row)),
            Row::Credential(row) => drop(self.credentials.insert(row.credential.id.clone(), row)),
            Row::Gate(gate, last) => drop(self.gates.insert(gate, last)),
            Row::Permit(row) => drop(self.permits.insert(row.grant.permit.clone(), row)),
            Row::Policy(row) => self.policy = Some(row),
            Row::Retry(key, row) => drop(self.retries.insert(key, row)),
            Row::Session(row) => drop(self.sessions.insert(row.id.clone(), row)),
            Row::Statement(row) => drop(self.statements.insert(row.nonce.clone(), row)),
            Row::Word(row) => self.words.push(row),
        }
    }

    fn payload(&self, id: &PayloadId) -> Option<Kept<Vec<u8>>> {
        Some(match self.payloads.get(id)? {
            Kept::Here((_, body)) => Kept::Here(body.clone()),
            Kept::Redacted { index } => Kept::Redacted { index: *index },
        })
    }

    fn parsed<T: serde::de::DeserializeOwned>(&self, id: &PayloadId) -> Result<Kept<T>, ReadError> {
        let payload = self.payload(id).ok_or_else(|| ReadError::new("a payload is missing"))?;
        payload.try_map(|body| serde_json::from_slice(&body).map_err(ReadError::new))
    }

    fn stored(&self, record: &ChangeRecord) -> Result<StoredChange, ReadError> {
        let proposal: Kept<Proposal> = self.parsed(&record.proposal)?;
        Ok(StoredChange { record: record.clone(), proposal })
    }
}

impl Rows for Tables {
    type Error = Infallible;

    fn change(&mut self, digest: &Digest) -> Result<Option<ChangeRecord>, Infallible> {
        Ok(self.changes.get(digest).cloned())
    }

    fn permit(&mut self, id: &PermitId) -> Result<Option<PermitRecord>, Infallible> {
        Ok(self.permits.get(id).cloned())
    }

    fn statement(&mut self, nonce: &Base64Bytes) -> Result<Option<StatementRecord>, Infallible> {
        Ok(self.statements.get(nonce).cloned())
    }

    fn credential(&mut self, id: &Base64Bytes) -> Result<Option<CredentialRecord>, Infallible> {
        Ok(self.credentials.get(id).cloned())
    }

    fn code(&mut self, hash: &Digest) -> Result<Option<CodeRecord>, Infallible> {
        Ok(self.codes.get(hash).cloned())
    }

    fn session(&mut self, id: &AgentId) -> Result<Option<SessionRecord>, Infallible> {
        Ok(self.sessions.get(id).cloned())
    }

    fn gate(&mut self, id: &GateId) -> Result<Option<u64>, Infallible> {
        Ok(self.gates.get(id).copied())
    }

    fn policy(&mut self) -> Result<Option<PolicyRecord>, Infallible> {
        Ok(self.policy.clone())
    }

    fn payload(&mut self, id: &PayloadId) -> Result<Option<PayloadState>, Infallible> {
        Ok(self.payloads.get(id).map(|payload| match payload {
            Kept::Here((salt, _)) => PayloadState::Here(*salt),
            Kept::Redacted { index } => PayloadState::Redacted { index: *index },
        }))
    }

    fn retry(&mut self, key: &RetryKey) -> Result<Option<RetryRecord>, Infallible> {
        Ok(self.retries.get(key).cloned())
    }

    fn chain(&mut self, subject: &str) -> Result<Option<Chain>, Infallible> {
        Ok(self.chains.get(subject).copied())
    }

    fn due(&mut self, bounds: &DueBounds, limit: usize) -> Result<Due, Infallible> {
        let unused = |permit: &&PermitRecord| permit.state == PermitState::Issued && bounds.now > permit.grant.not_after;
        let lost = |permit: &&PermitRecord| {
            permit.state == PermitState::Started
                && permit.spent.as_ref().zip(bounds.lost_if_begun_before).is_some_and(|(spent, before)| spent.at < before)
        };
        let unanswered = |change: &&ChangeRecord| change.state == ChangeState::Held && bounds.now > change.waits_until;
        let id = |permit: &PermitRecord| permit.grant.permit.clone();
        Ok(Due {
            changes_expired: self.changes.values().filter(unanswered).take(limit).map(|change| change.change).collect(),
            permits_expired: self.permits.values().filter(unused).take(limit).map(id).collect(),
            permits_lost: self.permits.values().filter(lost).take(limit).map(id).collect(),
        })
    }
}

impl Store for MemoryStore {
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
        self.read(|tables| tables.changes.get(&digest).map(|record| tables.stored(record)).transpose())
    }

    fn answers(&self, digest: Digest) -> Read<'_, Option<Kept<Answers>>> {
        self.read(|tables| tables.changes.get(&digest).map(|record| tables.parsed(&record.answers)).transpose())
    }

    fn changes_beginning(&self, hex: &str) -> Read<'_, Vec<StoredChange>> {
        let beginning = format!("sha256:{hex}");
        self.read(|tables| {
            let begins = |record: &&ChangeRecord| record.change.to_string().starts_with(&beginning);
            tables.changes.values().filter(begins).take(2).map(|record| tables.stored(record)).collect()
        })
    }

    fn changes(&self, filter: ChangeFilter) -> Read<'_, Vec<StoredChange>> {
        self.read(|tables| {
            let wanted = |record: &&ChangeRecord| {
                (filter.states.is_empty() || filter.states.contains(&record.state))
                    && filter.before.is_none_or(|before| record.index < before)
                    && filter.accountable.as_ref().is_none_or(|person| record.requester.accountable() == Some(person))
            };
            let mut found: Vec<_> = tables.changes.values().filter(wanted).collect();
            found.sort_by_key(|record| std::cmp::Reverse(record.index));
            found.into_iter().take(filter.limit.min(LISTED_MAX)).map(|record| tables.stored(record)).collect()
        })
    }

    fn words(&self, digest: Digest) -> Read<'_, Vec<StoredWord>> {
        self.read(|tables| {
            let Some(change) = tables.changes.get(&digest) else { return Ok(Vec::new()) };
            let said = tables.words.iter().filter(|word| word.change == digest && word.round == change.round);
            said.map(|word| Ok(StoredWord { word: word.clone(), record: tables.parsed(&word.payload)? })).collect()
        })
    }

    fn permit(&self, id: PermitId) -> Read<'_, Option<PermitRecord>> {
        self.find(|tables| tables.permits.get(&id).cloned())
    }

    fn permits(&self, digest: Digest) -> Read<'_, Vec<PermitRecord>> {
        self.find(|tables| {
            let mut permits: Vec<_> = tables.permits.values().filter(|permit| permit.grant.change == digest).cloned().collect();
            permits.sort_by_key(|permit| permit.index);
            permits
        })
    }

    fn statement(&self, nonce: Base64Bytes) -> Read<'_, Option<StatementRecord>> {
        self.find(|tables| tables.statements.get(&nonce).cloned())
    }

    fn credentials(&self) -> Read<'_, Vec<CredentialRecord>> {
        self.find(|tables| tables.credentials.values().cloned().collect())
    }

    fn code(&self, hash: Digest) -> Read<'_, Option<CodeRecord>> {
        self.find(|tables| tables.codes.get(&hash).cloned())
    }

    fn session(&self, id: AgentId) -> Read<'_, Option<SessionRecord>> {
        self.find(|tables| tables.sessions.get(&id).cloned())
    }

    fn open_sessions(&self) -> Read<'_, Vec<SessionRecord>> {
        self.find(|tables| tables.sessions.values().filter(|session| session.closed_at.is_none()).cloned().collect())
    }

    fn policy(&self) -> Read<'_, Option<PolicyRecord>> {
        self.find(|tables| tables.policy.clone())
    }

    fn free_work(&self, gate: GateId) -> Read<'_, u64> {
        self.find(|tables| tables.gates.get(&gate).copied().unwrap_or(0))
    }

    fn entries(&self, range: Range<u64>) -> Read<'_, Vec<Vec<u8>>> {
        let released = self.sequencer.checkpoint().head().size;
        let (start, end) = super::readable(range, released, ENTRIES_MAX);
        self.find(|tables| {
            let entries = tables.entries.iter().zip(0_u64..);
            entries.filter(|(_, index)| (start..end).contains(index)).map(|(entry, _)| entry.clone()).collect()
        })
    }

    fn payload(&self, id: PayloadId) -> Read<'_, Option<Kept<Vec<u8>>>> {
        self.find(|tables| tables.payload(&id))
    }

    fn counters(&self) -> Read<'_, Counters> {
        self.find(|tables| {
            let changes = |state| tables.changes.values().filter(|change| change.state == state).count() as u64;
            let permits = |state| tables.permits.values().filter(|permit| permit.state == state).count() as u64;
            Counters {
                changes: ChangeState::ALL.map(|state| (state, changes(state))).to_vec(),
                permits: super::PERMIT_STATES.map(|state| (state, permits(state))).to_vec(),
                log_size: tables.entries.len() as u64,
                ..Counters::default()
            }
        })
    }
}
