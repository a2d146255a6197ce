//! The store: what was decided, kept so that nothing acknowledged is ever lost and nothing released is ever unsaid.
//!
//! ```text
//!  command ──▶ queue ──▶ sequencer: drain ▸ load ▸ plan (pure) ▸ write, one transaction ▸ sign ▸ answer ──▶ Recorded<T>
//!                                    │                             │
//!                              Rows of a backend            entries + state + head, or nothing
//! ```
//!
//! One contract, command by command, with the sequencer in it. Backends differ in how they load and write, never in what a
//! command means: that is decided in [`plan`], which knows neither clock nor disk.
//!
//! **What an answer means.** A command is answered only when it is durable *and* covered by a signed checkpoint. An error
//! says what the caller must do: see [`CommitError`]. When the database fails to commit, nobody can tell what it kept; the
//! store then stops for good, says why through its `fatal` callback, and the process ends.
//!
//! **In scope**: commands, the log they write, reading back, recovery. **Out of scope**: deciding (`engine`), verifying
//! people's signatures (`holdpoint-core::approval`), tree and checkpoint formats (`holdpoint-log`).

pub mod command;
mod entry;
pub mod load;
pub mod memory;
pub mod plan;
pub mod record;
mod replay;
mod sequencer;
pub mod sqlite;

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use holdpoint_core::actor::{AgentId, PermitId, PersonId};
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::PermitState;
use holdpoint_core::question::Answers;
use holdpoint_core::webauthn::{Base64Bytes, Credential};
use holdpoint_log::checkpoint::SignedCheckpoint;
use jiff::Timestamp;
use tokio::sync::watch;

use command::{Act, Outcome, Retry, Submission};
pub use plan::Rejection;
use record::{
    ChangeState, CodeRecord, CredentialRecord, Kept, PayloadId, PermitRecord, PolicyRecord, SessionRecord, StatementRecord,
    StoredChange, StoredWord,
};

/// Keeps what was decided. Usable as `Arc<dyn Store>`; [`Record`] gives each command its own answer.
pub trait Store: Send + Sync {
    /// Commits one command. Once asked, it happens whether or not anybody waits for the answer.
    fn commit(&self, submission: Submission) -> Commit<'_>;

    /// The newest checkpoint that was released. Everything answered so far is in it.
    fn checkpoint(&self) -> Arc<SignedCheckpoint>;

    /// Wakes whoever waits: the size of the log, each time it has grown and been released.
    fn watch(&self) -> watch::Receiver<u64>;

    /// The change with this digest.
    fn change(&self, digest: Digest) -> Read<'_, Option<StoredChange>>;

    /// What the gate answered when the change was last decided.
    fn answers(&self, digest: Digest) -> Read<'_, Option<Kept<Answers>>>;

    /// The changes whose digest begins so, at most two: one is an answer, two are an ambiguity.
    fn changes_beginning(&self, hex: &str) -> Read<'_, Vec<StoredChange>>;

    /// Changes, the one the log spoke of last first.
    fn changes(&self, filter: ChangeFilter) -> Read<'_, Vec<StoredChange>>;

    /// What people said of a change in its present round, in the order in which they spoke.
    fn words(&self, digest: Digest) -> Read<'_, Vec<StoredWord>>;

    /// One permit.
    fn permit(&self, id: PermitId) -> Read<'_, Option<PermitRecord>>;

    /// All permits ever granted for a change, the oldest first.
    fn permits(&self, digest: Digest) -> Read<'_, Vec<PermitRecord>>;

    /// A statement that a person was asked to sign, by its nonce.
    fn statement(&self, nonce: Base64Bytes) -> Read<'_, Option<StatementRecord>>;

    /// All keys ever enrolled, the revoked ones included.
    fn credentials(&self) -> Read<'_, Vec<CredentialRecord>>;

    /// A single-use code, by its hash.
    fn code(&self, hash: Digest) -> Read<'_, Option<CodeRecord>>;

    /// One agent session.
    fn session(&self, id: AgentId) -> Read<'_, Option<SessionRecord>>;

    /// All agent sessions that are open.
    fn open_sessions(&self) -> Read<'_, Vec<SessionRecord>>;

    /// The policy bundle that was loaded last.
    fn policy(&self) -> Read<'_, Option<PolicyRecord>>;

    /// The last number that a gate gave to free work.
    fn free_work(&self, gate: holdpoint_core::actor::GateId) -> Read<'_, u64>;

    /// The exact bytes of released entries, at most [`ENTRIES_MAX`] from the start of the range.
    fn entries(&self, range: Range<u64>) -> Read<'_, Vec<Vec<u8>>>;

    /// One payload, which fits the commitment that names it.
    fn payload(&self, id: PayloadId) -> Read<'_, Option<Kept<Vec<u8>>>>;

    /// Figures for metrics.
    fn counters(&self) -> Read<'_, Counters>;
}

/// Gives each command its own answer.
pub trait Record: Store {
    /// Commits a command and hears its answer.
    ///
    /// # Errors
    /// As [`CommitError`] says.
    fn record<A: Act>(&self, act: A) -> impl Future<Output = Result<A::Answer, CommitError>> + Send;

    /// Commits a command that the client may send again under the same key.
    ///
    /// # Errors
    /// As [`CommitError`] says.
    fn record_once<A: Act>(&self, act: A, retry: Retry) -> impl Future<Output = Result<A::Answer, CommitError>> + Send;
}

impl<S: Store + ?Sized> Record for S {
    fn record<A: Act>(&self, act: A) -> impl Future<Output = Result<A::Answer, CommitError>> + Send {
        answered::<A>(self.commit(Submission { command: act.into(), retry: None }))
    }

    fn record_once<A: Act>(&self, act: A, retry: Retry) -> impl Future<Output = Result<A::Answer, CommitError>> + Send {
        answered::<A>(self.commit(Submission { command: act.into(), retry: Some(retry) }))
    }
}

async fn answered<A: Act>(commit: Commit<'_>) -> Result<A::Answer, CommitError> {
    // A retry key that stands for a command of another kind is caught by the request's digest; should that ever fail, the
    // caller learns that this command has no outcome.
    A::answer(commit.await?.outcome).ok_or(CommitError::Rejected(Rejection::OtherRequest))
}

/// The answer to a command, when it comes.
pub type Commit<'a> = Pin<Box<dyn Future<Output = Result<Committed, CommitError>> + Send + 'a>>;

/// What was read, when it comes.
pub type Read<'a, T> = Pin<Box<dyn Future<Output = Result<T, ReadError>> + Send + 'a>>;

/// A command that is durable and covered by a signed checkpoint.
#[derive(Debug, Clone)]
pub struct Committed {
    /// What it came to.
    pub outcome: Outcome,
    /// A checkpoint that covers it.
    pub checkpoint: Arc<SignedCheckpoint>,
}

/// Why there is no answer, by what the caller must do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// Nobody can tell whether it happened. Ask again under the same key once the store is back; act on nothing.
    #[error("nobody can tell whether it was recorded")]
    OutcomeUnknown,
    /// It did not happen and will not: the reason is the answer.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It did not happen: the store had stopped before.
    #[error("the store has stopped")]
    Stopped,
}

/// Why nothing could be read. Says nothing about what is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store cannot be read: {why}")]
pub struct ReadError {
    /// Why, in the words of the backend.
    pub why: String,
}

impl ReadError {
    pub(super) fn new(why: impl ToString) -> Self {
        Self { why: why.to_string() }
    }
}

/// Which changes to list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeFilter {
    /// In these states; in any, when empty.
    pub states: Vec<ChangeState>,
    /// Proposed by this person or on their behalf.
    pub accountable: Option<PersonId>,
    /// Only those of which the log spoke last before this index: the next page.
    pub before: Option<u64>,
    /// At most so many, and never more than [`LISTED_MAX`].
    pub limit: usize,
}

impl Default for ChangeFilter {
    fn default() -> Self {
        Self { states: Vec::new(), accountable: None, before: None, limit: LISTED_MAX }
    }
}

/// Most changes on one page.
pub const LISTED_MAX: usize = 100;
/// Most entries that one read returns.
pub const ENTRIES_MAX: u64 = 1024;

/// Figures for metrics.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// How many changes are in each state.
    pub changes: Vec<(ChangeState, u64)>,
    /// How many permits are in each state.
    pub permits: Vec<(PermitState, u64)>,
    /// The size of the log in entries.
    pub log_size: u64,
    /// The size of the database in bytes, where it lies on a disk.
    pub database_bytes: u64,
    /// The size of what waits to be moved into it, in bytes.
    pub wal_bytes: u64,
}

/// What a store needs from the world.
#[derive(Clone)]
pub struct Surroundings {
    /// What time it is.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Signs checkpoints. Its name is the origin of the log.
    pub signer: Arc<dyn holdpoint_log::note::Signer>,
    /// Hears why the store has stopped for good. The binary ends the process here.
    pub fatal: Arc<dyn Fn(Fatal) + Send + Sync>,
}

/// Why the store has stopped for good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the store has stopped: {what}: {why}")]
pub struct Fatal {
    /// What was being done.
    pub what: &'static str,
    /// Why it failed, in the words of the backend.
    pub why: String,
}

/// The keys that may be used for an approval at some time: those enrolled, revoked ones included, as the verifier wants them.
pub fn credentials_of(records: &[CredentialRecord]) -> Vec<Credential> {
    records.iter().map(|record| record.credential.clone()).collect()
}

/// All states of a permit, for counting.
const PERMIT_STATES: [PermitState; 6] = [
    PermitState::Done,
    PermitState::Expired,
    PermitState::Indeterminate,
    PermitState::Issued,
    PermitState::Revoked,
    PermitState::Started,
];

/// The part of a range that was released and is read at once.
fn readable(range: Range<u64>, released: u64, limit: u64) -> (u64, u64) {
    let end = range.end.min(released).min(range.start.saturating_add(limit));
    (range.start, end.max(range.start))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_fits_behind_a_pointer() {
        fn takes(_: Option<Arc<dyn Store>>) {}
        takes(None);
    }
}
