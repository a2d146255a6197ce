//! What commands do: pure, the same for every backend.
//!
//! ```text
//!  plan(tree, loaded rows, submissions, now, seed) ──▶ WritePlan { entries, rows, payloads, tiles, tree, answers }
//! ```
//!
//! A plan leaves no choice to whoever executes it: the backend writes all of it in one transaction or nothing. Commands of
//! one batch see each other's effects in the order in which they came.
//!
//! **In scope**: every rule about what may follow what. **Out of scope**: reading rows ([`super::load`]), writing them (the
//! backends), deciding whether a change *should* be released (the engine).

mod change;
mod house;
mod people;
mod permit;
mod rejection;

use holdpoint_core::digest::{Digest, FieldHasher, hex};
use holdpoint_log::commitment::{Salt, commit};
use holdpoint_log::entry::Link;
use holdpoint_log::hash::Hash;
use holdpoint_log::tile::{HashTile, Tiler};
use holdpoint_log::tree::Frontier;
use jiff::{SignedDuration, Timestamp};
use ring::hmac;
use serde::Serialize;

use super::command::{Command, LABEL_MAX_BYTES, Outcome, Retry, RetryKey, Submission};
use super::entry::{self, Draft, Place};
use super::load::{Answered, Chain, Loaded, PayloadState, RetryRecord};
use super::record::{
    ChangeRecord, CodeRecord, CredentialRecord, PayloadId, PermitRecord, PolicyRecord, SessionRecord, StatementRecord, WordRecord,
};
pub use rejection::{Rejection, Thing};

/// How long after its redemption a gate may begin to act, and ask again for the same tool call.
pub const BEGIN_WITHIN: SignedDuration = SignedDuration::from_secs(60);
/// How long a client may ask again under the same retry key, and how long statements that were not answered are kept.
pub const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The growing end of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree {
    /// The roots of its full subtrees.
    pub frontier: Frontier,
    /// Its tiles that are not full yet.
    pub tiler: Tiler,
}

/// All that one transaction writes.
#[derive(Debug)]
pub struct WritePlan {
    /// The index of the first entry.
    pub first_index: u64,
    /// The entries, in the order in which they stand in the log.
    pub entries: Vec<PlannedEntry>,
    /// Tiles that are full now.
    pub tiles: Vec<HashTile>,
    /// The log after them.
    pub tree: Tree,
    /// New payloads.
    pub payloads: Vec<PlannedPayload>,
    /// Payloads whose salt and body go, and where the log says so.
    pub redactions: Vec<(PayloadId, u64)>,
    /// Rows to insert, or to replace where they are there.
    pub rows: Vec<Row>,
    /// Retries and statements older than this go.
    pub forget_before: Option<Timestamp>,
    /// The answer to each submission, to be given once all this is durable.
    pub answers: Vec<Result<Outcome, Rejection>>,
}

impl WritePlan {
    /// Whether there is anything to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.rows.is_empty() && self.forget_before.is_none()
    }
}

/// An entry with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedEntry {
    /// The exact bytes.
    pub bytes: Vec<u8>,
    /// Their hash.
    pub leaf: Hash,
    /// What happened.
    pub kind: &'static str,
    /// To what.
    pub subject: String,
}

/// A payload to keep beside the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPayload {
    /// What entries call it.
    pub id: PayloadId,
    /// What keeps it from being guessed.
    pub salt: Salt,
    /// It.
    pub body: Vec<u8>,
}

/// One row of the state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The last entry of a subject.
    Chain(String, Chain),
    /// A change.
    Change(ChangeRecord),
    /// A single-use code.
    Code(CodeRecord),
    /// A key.
    Credential(CredentialRecord),
    /// The last number a gate gave to free work.
    Gate(holdpoint_core::actor::GateId, u64),
    /// A permit.
    Permit(PermitRecord),
    /// The policy bundle in force.
    Policy(PolicyRecord),
    /// What a client was told.
    Retry(RetryKey, RetryRecord),
    /// An agent session.
    Session(SessionRecord),
    /// A statement that a person was asked to sign.
    Statement(StatementRecord),
    /// A person's word. Never replaced.
    Word(WordRecord),
}

/// Room for most payloads without asking for more.
const USUAL_PAYLOAD_BYTES: usize = 2048;

/// Plans a batch. `seed` is 32 fresh random bytes, from which salts and entry names are derived; it is not kept.
pub fn plan(tree: Tree, loaded: Loaded, submissions: &[Submission], now: Timestamp, seed: [u8; 32]) -> WritePlan {
    let mut planner = Planner::new(tree, loaded, now, seed);
    let answers = submissions.iter().map(|submission| planner.answer(submission)).collect();
    planner.finish(answers)
}

/// The state of a batch while its commands are planned one after the other.
struct Planner {
    now: Timestamp,
    seed: hmac::Key,
    drawn: u64,
    cause: Option<Digest>,
    first_index: u64,
    tree: Tree,
    loaded: Loaded,
    entries: Vec<PlannedEntry>,
    tiles: Vec<HashTile>,
    payloads: Vec<PlannedPayload>,
    redactions: Vec<(PayloadId, u64)>,
    words: Vec<WordRecord>,
    forget_before: Option<Timestamp>,
}

impl Planner {
    fn new(tree: Tree, loaded: Loaded, now: Timestamp, seed: [u8; 32]) -> Self {
        Self {
            now,
            seed: hmac::Key::new(hmac::HMAC_SHA256, &seed),
            drawn: 0,
            cause: None,
            first_index: tree.frontier.size(),
            tree,
            loaded,
            entries: Vec::new(),
            tiles: Vec::new(),
            payloads: Vec::new(),
            redactions: Vec::new(),
            words: Vec::new(),
            forget_before: None,
        }
    }

    /// Answers one submission: what a client was told before under the same key, or what the command comes to now.
    fn answer(&mut self, submission: &Submission) -> Result<Outcome, Rejection> {
        let Some(retry) = &submission.retry else { return self.attempt(&submission.command) };
        if retry.key.owner.len() > LABEL_MAX_BYTES || retry.key.name.len() > LABEL_MAX_BYTES {
            return Err(Rejection::TooLarge);
        }
        if let Some(known) = self.loaded.retries.get(&retry.key) {
            return if known.request == retry.request { known.answer.clone().into() } else { Err(Rejection::OtherRequest) };
        }
        self.cause = Some(cause(retry));
        let answer = self.attempt(&submission.command);
        self.cause = None;
        let kept = answer.clone().map_or_else(Answered::Rejected, |outcome| Answered::Done(Box::new(outcome)));
        self.loaded.retries.put(retry.key.clone(), RetryRecord { request: retry.request, at: self.now, answer: kept });
        answer
    }

    /// Executes a command. One that is refused leaves no payload that no entry names.
    fn attempt(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        let (entries, payloads) = (self.entries.len(), self.payloads.len());
        let answer = self.execute(command);
        if answer.is_err() && self.entries.len() == entries {
            self.payloads.truncate(payloads);
        }
        answer
    }

    fn execute(&mut self, command: &Command) -> Result<Outcome, Rejection> {
        match command {
            Command::Ask(ask) => self.ask(ask),
            Command::CloseSession(close) => self.close_session(close),
            Command::EnrolKey(enrol) => self.enrol_key(enrol),
            Command::LoadPolicy(load) => self.load_policy(load),
            Command::MintCode(mint) => self.mint_code(mint),
            Command::NoteFreeWork(note) => self.note_free_work(note),
            Command::OpenSession(open) => self.open_session(open),
            Command::Propose(propose) => self.propose(propose),
            Command::Redact(redact) => self.redact(redact),
            Command::Redeem(redeem) => self.redeem(redeem),
            Command::Release(release) => self.release(release),
            Command::Revoke(revoke) => self.revoke(revoke),
            Command::RevokeKey(revoke) => self.revoke_key(revoke),
            Command::Settle(settle) => self.settle(settle),
            Command::Speak(speak) => self.speak(speak),
            Command::StartServer(start) => self.start_server(start),
            Command::StopServer(stop) => self.stop_server(stop),
            Command::Sweep(_) => self.sweep(),
        }
    }

    /// Adds an entry at the end of the log and of its subject's chain.
    fn append(&mut self, draft: Draft) -> Result<u64, Rejection> {
        let chain = self.loaded.chains.get(&draft.subject).copied();
        let (kind, subject) = (draft.kind, draft.subject.clone());
        let place = Place { id: self.draw_name(), link: chain.map_or(Link::First, Chain::next), at: self.now, cause: self.cause };
        let sealed = entry::seal(draft, place).map_err(|_| Rejection::TooLarge)?;
        let leaf = sealed.leaf_hash();
        let index = self.tree.frontier.push(leaf);
        self.tree.tiler.push(leaf, &mut self.tiles);
        self.loaded.chains.put(subject.clone(), Chain { last: index, seq: chain.map_or(1, |chain| chain.seq + 1) });
        self.entries.push(PlannedEntry { bytes: sealed.into_bytes(), leaf, kind, subject });
        Ok(index)
    }

    /// Keeps a payload beside the log and returns its name.
    fn keep(&mut self, body: Vec<u8>) -> PayloadId {
        let salt = Salt(self.draw("salt"));
        let id = PayloadId(commit(&salt, &body));
        self.loaded.payloads.put(id, PayloadState::Here(salt));
        self.payloads.push(PlannedPayload { id, salt, body });
        id
    }

    /// Keeps a payload, or goes on using the one that says exactly the same.
    fn keep_or_reuse(&mut self, known: Option<PayloadId>, body: Vec<u8>) -> PayloadId {
        let same = known.filter(|id| match self.loaded.payloads.get(id) {
            Some(PayloadState::Here(salt)) => id.0.verify(salt, &body).is_ok(),
            Some(PayloadState::Redacted { .. }) | None => false,
        });
        same.unwrap_or_else(|| self.keep(body))
    }

    /// Keeps a few words that somebody gave as a reason.
    fn keep_words(&mut self, text: &str) -> Result<PayloadId, Rejection> {
        bounded(text)?;
        Ok(self.keep(text.as_bytes().to_vec()))
    }

    /// Draws the name of an entry: 16 bytes as hex.
    fn draw_name(&mut self) -> String {
        let mut name = format!("e-{}", hex(&self.draw("entry")));
        name.truncate("e-".len() + 32);
        name
    }

    /// Derives 32 bytes that nobody can tell without the seed, and that are not used twice.
    fn draw(&mut self, purpose: &str) -> [u8; 32] {
        self.drawn += 1;
        let mut drawing = hmac::Context::with_key(&self.seed);
        drawing.update(&self.drawn.to_be_bytes());
        drawing.update(purpose.as_bytes());
        let mut drawn = [0; 32];
        drawn.copy_from_slice(drawing.sign().as_ref());
        drawn
    }

    fn finish(self, answers: Vec<Result<Outcome, Rejection>>) -> WritePlan {
        let loaded = self.loaded;
        let mut rows: Vec<Row> = Vec::new();
        rows.extend(loaded.chains.into_written().map(|(subject, chain)| Row::Chain(subject, chain)));
        rows.extend(loaded.changes.into_written().map(|(_, row)| Row::Change(row)));
        rows.extend(loaded.permits.into_written().map(|(_, row)| Row::Permit(row)));
        rows.extend(loaded.statements.into_written().map(|(_, row)| Row::Statement(row)));
        rows.extend(loaded.credentials.into_written().map(|(_, row)| Row::Credential(row)));
        rows.extend(loaded.codes.into_written().map(|(_, row)| Row::Code(row)));
        rows.extend(loaded.sessions.into_written().map(|(_, row)| Row::Session(row)));
        rows.extend(loaded.gates.into_written().map(|(gate, last)| Row::Gate(gate, last)));
        rows.extend(loaded.policy.into_written().map(|((), row)| Row::Policy(row)));
        rows.extend(loaded.retries.into_written().map(|(key, row)| Row::Retry(key, row)));
        rows.extend(self.words.into_iter().map(Row::Word));
        WritePlan {
            first_index: self.first_index,
            entries: self.entries,
            tiles: self.tiles,
            tree: self.tree,
            payloads: self.payloads,
            redactions: self.redactions,
            rows,
            forget_before: self.forget_before,
            answers,
        }
    }
}

/// What an entry says of the request that caused it.
fn cause(retry: &Retry) -> Digest {
    let mut hasher = FieldHasher::new("holdpoint.retry.v1");
    hasher.text(&retry.key.owner).text(&retry.key.name).field(retry.request.as_bytes());
    hasher.finish()
}

/// Writes a payload. What cannot be written is refused like what is too large: it cannot be kept.
fn json(value: &impl Serialize) -> Result<Vec<u8>, Rejection> {
    let mut json = Vec::with_capacity(USUAL_PAYLOAD_BYTES);
    serde_json::to_writer(&mut json, value).map_err(|_| Rejection::TooLarge)?;
    Ok(json)
}

fn bounded(text: &str) -> Result<(), Rejection> {
    if text.len() > LABEL_MAX_BYTES { Err(Rejection::TooLarge) } else { Ok(()) }
}
