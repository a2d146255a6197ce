//! What the store can be asked to do. One command is one step of the flow; it happens wholly or not at all.
//!
//! Each command is a struct of its own and names the [`Act::Answer`] it gives, so a caller never picks through outcomes.
//!
//! **In scope**: the commands, what is bounded in them, their answers. **Out of scope**: what each does ([`super::plan`]).

use holdpoint_core::actor::{Actor, AgentId, GateId, PermitId, PersonId};
use holdpoint_core::approval::{self, ApprovalRecord, Assurance, Statement, VerifiedApproval};
use holdpoint_core::change::Change;
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::Effects;
use holdpoint_core::permit::{Grant, PermitState, Recorded, Redemption};
use holdpoint_core::question::Answers;
use holdpoint_core::webauthn::{Base64Bytes, Credential};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::record::{
    ActOutcome, ChangeRecord, CodePurpose, CodeRecord, CredentialRecord, FreeWork, PayloadId, PolicyRecord, SessionRecord,
    StatementRecord, WordRecord,
};

/// Most acts that one batch of free work may hold.
pub const FREE_WORK_MAX: usize = 256;
/// Longest text of a label, a reason or a name of a tool call, in bytes. Longer ones are refused.
pub const LABEL_MAX_BYTES: usize = 256;

/// One command, with the key under which a client may send it again.
#[derive(Debug, Clone)]
pub struct Submission {
    /// What to do.
    pub command: Command,
    /// The key, where the client gave one.
    pub retry: Option<Retry>,
}

/// Under what a client may repeat a command whose answer it did not hear: the same key with the same request gets the same
/// answer, with another request it is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retry {
    /// Whose key it is. Keys of different actors never meet.
    pub key: RetryKey,
    /// The digest of the request as it came.
    pub request: Digest,
}

/// A client's name for one of its requests.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RetryKey {
    /// The identifier of the client: an agent session, a person, a gate.
    pub owner: String,
    /// The name.
    pub name: String,
}

/// A command that knows its answer.
pub trait Act: Into<Command> + Send {
    /// What a caller hears once it is committed.
    type Answer: Send;

    /// Reads the answer out of a committed outcome. `Recorded` values come into being here and nowhere else, which is why
    /// only the store calls this: an [`Outcome`] that was not committed says nothing.
    fn answer(outcome: Outcome) -> Option<Self::Answer>;
}

macro_rules! commands {
    ($($(#[$doc:meta])* $act:ident => $answer:ty, $outcome:pat => $read:expr;)*) => {
        /// Everything the store can be asked to do.
        #[derive(Debug, Clone)]
        pub enum Command {
            $($(#[$doc])* $act($act),)*
        }

        $(
            impl From<$act> for Command {
                fn from(act: $act) -> Self {
                    Self::$act(act)
                }
            }

            impl Act for $act {
                type Answer = $answer;

                fn answer(outcome: Outcome) -> Option<$answer> {
                    match outcome {
                        $outcome => Some($read),
                        _ => None,
                    }
                }
            }
        )*
    };
}

commands! {
    /// Keeps a statement that a person is about to be asked to sign.
    Ask => Asked, Outcome::Asked { statement } => Asked { statement };
    /// Ends an agent session.
    CloseSession => Recorded<SessionRecord>, Outcome::Session(at) => at.recorded();
    /// Enrols a person's key.
    EnrolKey => Recorded<CredentialRecord>, Outcome::Key(at) => at.recorded();
    /// Notes that a policy bundle is in force.
    LoadPolicy => Recorded<PolicyRecord>, Outcome::Policy(at) => at.recorded();
    /// Mints a single-use code.
    MintCode => Recorded<CodeRecord>, Outcome::Code(at) => at.recorded();
    /// Notes a batch of acts that no guardrail held.
    NoteFreeWork => Noted, Outcome::Noted { missing } => Noted { missing };
    /// Opens an agent session.
    OpenSession => Recorded<SessionRecord>, Outcome::Session(at) => at.recorded();
    /// Records that a proposed change is held or refused.
    Propose => Recorded<ChangeRecord>, Outcome::Change(at) => at.recorded();
    /// Spends a permit.
    Redeem => Recorded<Redemption>, Outcome::Redeemed(at) => at.recorded();
    /// Takes a payload back.
    Redact => Redacted, Outcome::Redacted { index } => Redacted { index };
    /// Releases a held change: grants its permit.
    Release => Recorded<Grant>, Outcome::Granted(at) => at.recorded();
    /// Takes a permit back before it is used.
    Revoke => Recorded<PermitState>, Outcome::Permit(at) => at.recorded();
    /// Takes a person's key out of use.
    RevokeKey => Recorded<CredentialRecord>, Outcome::Key(at) => at.recorded();
    /// Records what came of an act.
    Settle => Recorded<PermitState>, Outcome::Permit(at) => at.recorded();
    /// Records a person's word on a change.
    Speak => Recorded<WordRecord>, Outcome::Word(at) => at.recorded();
    /// Notes that the server started.
    StartServer => Recorded<()>, Outcome::Server(at) => at.recorded();
    /// Notes that the server is about to stop.
    StopServer => Recorded<()>, Outcome::Server(at) => at.recorded();
    /// Ends what has run out of time.
    Sweep => Swept, Outcome::Swept(swept) => swept;
}

/// What a committed command came to, as it is kept for a client that asks again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// A statement is kept.
    Asked {
        /// It.
        statement: StatementRecord,
    },
    /// What has become of a change.
    Change(At<ChangeRecord>),
    /// A code was minted.
    Code(At<CodeRecord>),
    /// A permit was granted.
    Granted(At<Grant>),
    /// A key was enrolled or revoked.
    Key(At<CredentialRecord>),
    /// Free work was noted.
    Noted {
        /// How many acts the gate never reported.
        missing: u64,
    },
    /// What has become of a permit.
    Permit(At<PermitState>),
    /// A policy bundle was loaded.
    Policy(At<PolicyRecord>),
    /// A payload was taken back.
    Redacted {
        /// Where the log says so.
        index: u64,
    },
    /// A permit was spent.
    Redeemed(At<Redemption>),
    /// A session was opened or closed.
    Session(At<SessionRecord>),
    /// The server started or stops.
    Server(At<()>),
    /// What has run out of time.
    Swept(Swept),
    /// A person spoke.
    Word(At<WordRecord>),
}

/// A value and where the log speaks of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its place in the log.
    pub index: u64,
}

impl<T> At<T> {
    fn recorded(self) -> Recorded<T> {
        #[expect(clippy::disallowed_methods, reason = "this is the store, and the outcome it reads was committed")]
        Recorded::assertion(self.value, self.index)
    }
}

/// Keeps a statement that a person is about to be asked to sign, so that their answer can be matched to it. Not in the log:
/// nothing is decided yet.
#[derive(Debug, Clone)]
pub struct Ask {
    // INVARIANT: what `bytes` say.
    pub(super) statement: Statement,
    pub(super) bytes: Base64Bytes,
}

impl Ask {
    /// Takes the exact bytes of a statement.
    ///
    /// # Errors
    /// As [`Statement::read`].
    pub fn new(bytes: Vec<u8>) -> Result<Self, approval::Error> {
        Ok(Self { statement: Statement::read(&bytes)?, bytes: Base64Bytes(bytes) })
    }
}

/// A statement is kept until it is answered or expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// It.
    pub statement: StatementRecord,
}

/// Ends an agent session. What it proposed stays; nothing new can be proposed in it.
#[derive(Debug, Clone)]
pub struct CloseSession {
    /// The session.
    pub session: AgentId,
    /// Why, in a few words.
    pub reason: String,
}

/// Enrols a person's key.
#[derive(Debug, Clone)]
pub struct EnrolKey {
    /// The key.
    pub credential: Credential,
    /// What its owner calls it.
    pub label: String,
    /// The hash of the single-use code that entitles to it. Used up with the same commit.
    pub code: Digest,
}

/// Notes that a policy bundle is in force. The revision only grows.
#[derive(Debug, Clone)]
pub struct LoadPolicy {
    /// The bundle.
    pub digest: Digest,
    /// Its revision.
    pub revision: u64,
}

/// Mints a single-use code. The code itself never reaches the store.
#[derive(Debug, Clone)]
pub struct MintCode {
    /// The hash of the code.
    pub hash: Digest,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// What it is minted for, in words.
    pub label: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
}

/// Notes a batch of acts that a gate let through because no guardrail held them. Nobody waits for this.
#[derive(Debug, Clone)]
pub struct NoteFreeWork {
    /// The gate.
    pub gate: GateId,
    /// The number of the first act, counted by the gate from 1: a gap shows what was never reported.
    pub first: u64,
    /// The acts, at least one and at most [`FREE_WORK_MAX`].
    pub works: Vec<FreeWork>,
}

/// A batch of free work is noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noted {
    /// How many acts before it the gate never reported.
    pub missing: u64,
}

/// Opens an agent session. `on_behalf_of` comes from the code that a person minted, never from the agent.
#[derive(Debug, Clone)]
pub struct OpenSession {
    /// The session.
    pub session: AgentId,
    /// The agent's kind, such as `claude-code`.
    pub agent: String,
    /// The person behind it.
    pub on_behalf_of: PersonId,
    /// The hash of the session's secret.
    pub secret: Digest,
    /// The hash of the single-use code that entitles to it, where one is asked for. Used up with the same commit.
    pub code: Option<Digest>,
}

/// Records that a proposed change is held or refused. The identical change proposed again is the same record.
#[derive(Debug, Clone)]
pub struct Propose {
    /// The change.
    pub change: Change,
    /// What the gate answered.
    pub answers: Answers,
    /// What the change would do.
    pub effects: Effects,
    /// What was decided: anything but allow.
    pub decision: Decision,
    /// The policy bundle in force.
    pub policy: Digest,
    /// Who proposes it.
    pub requester: Actor,
    /// At which gate.
    pub gate: GateId,
    /// What the agent says about it; unverified.
    pub said: Option<String>,
    /// Until when it waits. Not moved by proposing it again.
    pub waits_until: Timestamp,
}

/// Takes a payload back: deletes its salt and body and says so in the log. No hash changes, every proof stays valid.
#[derive(Debug, Clone)]
pub struct Redact {
    /// The payload.
    pub payload: PayloadId,
    /// Who takes it back.
    pub by: PersonId,
    /// Why, in a few words.
    pub reason: String,
}

/// A payload is gone for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redacted {
    /// Where the log says so.
    pub index: u64,
}

/// Spends a permit, exactly once. A refused attempt is logged too.
///
/// The caller has decided again; the store sees to what only it can: state, time, digest, gate, owner, once. The same tool
/// call that asks again before its redemption expires gets the same redemption.
#[derive(Debug, Clone)]
pub struct Redeem {
    /// The permit.
    pub permit: PermitId,
    /// The change that the gate sees.
    pub change: Digest,
    /// The gate.
    pub gate: GateId,
    /// Who is about to act.
    pub actor: Actor,
    /// The host's name for the tool call, at a gate that admits.
    pub tool_use: Option<String>,
}

/// Releases a held change: grants its permit. One change has one live permit.
#[derive(Debug, Clone)]
pub struct Release {
    /// The grant.
    pub grant: Grant,
}

/// Takes a permit back before it is used; its change waits again.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// The permit.
    pub permit: PermitId,
    /// Who takes it back, such as a person or `freeze`.
    pub by: String,
    /// Why, in a few words.
    pub reason: String,
}

/// Takes a person's key out of use from now on. What it signed before stays signed.
#[derive(Debug, Clone)]
pub struct RevokeKey {
    /// The authenticator's name for the key.
    pub credential: Base64Bytes,
    /// Why, in a few words.
    pub reason: String,
}

/// Records what came of an act. Saying the same twice is saying it once.
#[derive(Debug, Clone)]
pub struct Settle {
    /// The permit under which it happened.
    pub permit: PermitId,
    /// The gate that says so.
    pub gate: GateId,
    /// What came of it.
    pub outcome: ActOutcome,
}

/// Records a person's word on a change. Its nonce is used up with the same commit; a rejection takes an unspent permit back.
#[derive(Debug, Clone)]
pub struct Speak {
    // INVARIANT: `statement` and `assurance` are what verifying `record` gave.
    pub(super) record: ApprovalRecord,
    pub(super) statement: Statement,
    pub(super) assurance: Assurance,
}

impl Speak {
    /// Takes a record that was verified.
    ///
    /// # Errors
    /// Refuses a verification of other bytes than those of the record.
    pub fn new(record: ApprovalRecord, verified: &VerifiedApproval) -> Result<Self, approval::Error> {
        let statement = Statement::read(&record.statement.0)?;
        if statement != *verified.statement() {
            return Err(approval::Error::Malformed);
        }
        Ok(Self { record, statement, assurance: verified.assurance() })
    }
}

/// Notes that the server started.
#[derive(Debug, Clone)]
pub struct StartServer {
    /// The version of the program.
    pub version: String,
    /// Whether it enforces or advises.
    pub mode: String,
}

/// Notes that the server is about to stop.
#[derive(Debug, Clone)]
pub struct StopServer {
    /// Why, in a few words.
    pub reason: String,
}

/// Ends what has run out of time: unused permits, changes nobody answered, acts nobody reported, old statements and retries.
#[derive(Debug, Clone, Default)]
pub struct Sweep {
    /// Acts that began before this and were never settled become indeterminate; nothing leaves them alone.
    pub lost_if_begun_before: Option<Timestamp>,
}

/// What a sweep ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swept {
    /// Changes that nobody answered in time.
    pub changes_expired: Vec<Digest>,
    /// Permits that were not used in time.
    pub permits_expired: Vec<PermitId>,
    /// Permits whose act nobody reported: an alarm.
    pub permits_lost: Vec<PermitId>,
    /// Whether there may be more.
    pub more: bool,
}
