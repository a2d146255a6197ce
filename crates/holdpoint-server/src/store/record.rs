//! What the store keeps: the state that the log's entries add up to.
//!
//! ```text
//!             ┌────────── proposed anew (next round) ──────────┐
//!             ▼                                                │
//!  Refused ◀─▶ Held ──release──▶ Released ──redeem──▶ Spent ───┤
//!             │  ▲ ◀──revoke──────┘│  ▲────not started──┘      │
//!             │  └─────────────────┼───────────────────────────┤
//!             ├──reject──▶ Rejected ───────────────────────────┤
//!             └──time────▶ Expired ────────────────────────────┘
//! ```
//!
//! Text that somebody may have to take back (artefacts, answers, effects, signed statements) is not in these records. It lies
//! in a payload of its own behind a salted commitment, and reads as [`Kept`].
//!
//! **In scope**: the shapes. **Out of scope**: which may follow which ([`super::plan`]), and tables ([`super::sqlite`]).

use std::collections::BTreeMap;

use holdpoint_core::actor::{Actor, AgentId, GateId, PermitId, PersonId};
use holdpoint_core::approval::{ApprovalRecord, Assurance, Ruling};
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::Effects;
use holdpoint_core::permit::{Grant, PermitState, Recorded, Redemption};
use holdpoint_core::webauthn::{Base64Bytes, Credential};
use holdpoint_log::commitment::Commitment;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Names a payload: the salted commitment to it, as the log's entries carry it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct PayloadId(pub Commitment);

impl From<PayloadId> for String {
    fn from(id: PayloadId) -> Self {
        id.0.to_string()
    }
}

impl TryFrom<String> for PayloadId {
    type Error = holdpoint_log::commitment::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse().map(Self)
    }
}

/// A payload as it reads today.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kept<T> {
    /// It is there, and fits the commitment in the log.
    Here(T),
    /// It was taken back: its salt and body are gone for good.
    Redacted {
        /// Where the log says so.
        index: u64,
    },
}

impl<T> Kept<T> {
    /// The payload, where it is still there.
    pub fn here(self) -> Option<T> {
        match self {
            Self::Here(payload) => Some(payload),
            Self::Redacted { .. } => None,
        }
    }

    /// Reads the payload further.
    ///
    /// # Errors
    /// As `read` does.
    pub fn try_map<U, E>(self, read: impl FnOnce(T) -> Result<U, E>) -> Result<Kept<U>, E> {
        Ok(match self {
            Self::Here(payload) => Kept::Here(read(payload)?),
            Self::Redacted { index } => Kept::Redacted { index },
        })
    }
}

/// What was proposed, in the words of whoever proposed it: one payload of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The exact artefact.
    pub artefact: Artefact,
    /// Where it would act.
    pub setting: Setting,
    /// What it would do.
    pub effects: Effects,
    /// What the agent says about it, masked; unverified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<String>,
}

/// What has become of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangeState {
    /// Nobody answered, or the permit ran out, in time.
    Expired,
    /// It waits for people or evidence.
    Held,
    /// Nothing would release it as it is.
    Refused,
    /// A person stopped it.
    Rejected,
    /// A permit for it can be redeemed.
    Released,
    /// Its permit was redeemed.
    Spent,
}

impl ChangeState {
    /// All states.
    pub const ALL: [Self; 6] = [Self::Expired, Self::Held, Self::Refused, Self::Rejected, Self::Released, Self::Spent];

    /// The state as it is spelled in JSON and tables.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::Held => "held",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Released => "released",
            Self::Spent => "spent",
        }
    }
}

/// A change that was held or refused at least once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeRecord {
    /// Its digest: its only name.
    pub change: Digest,
    /// How often it was proposed from scratch. What people said in one round does not count in the next.
    pub round: u32,
    /// What has become of it.
    pub state: ChangeState,
    /// Who proposed it last.
    pub requester: Actor,
    /// At which gate.
    pub gate: GateId,
    /// What was decided last.
    pub decision: Decision,
    /// The policy bundle that was in force then.
    pub policy: Digest,
    /// The payload that holds the [`Proposal`] as it was last decided.
    pub proposal: PayloadId,
    /// The payload that holds what the gate answered.
    pub answers: PayloadId,
    /// When this round began.
    pub proposed_at: Timestamp,
    /// When it was proposed last.
    pub last_proposed_at: Timestamp,
    /// How often it was proposed in this round.
    pub times_proposed: u32,
    /// Until when it waits, or stays rejected.
    pub waits_until: Timestamp,
    /// Who has said what in this round.
    pub spoken: BTreeMap<PersonId, Ruling>,
    /// The permit of this round that can be redeemed or was.
    pub permit: Option<PermitId>,
    /// Where the log speaks of it last.
    pub index: u64,
}

/// A change with what was proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredChange {
    /// The record.
    pub record: ChangeRecord,
    /// What was proposed.
    pub proposal: Kept<Proposal>,
}

/// A person's word on a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordRecord {
    /// The change.
    pub change: Digest,
    /// In which of its rounds.
    pub round: u32,
    /// Who spoke.
    pub approver: PersonId,
    /// What they said.
    pub ruling: Ruling,
    /// How sure one can be that it was they.
    pub assurance: Assurance,
    /// The payload that holds the [`ApprovalRecord`].
    pub payload: PayloadId,
    /// The payload that holds the [`Proposal`] as it was when they spoke: effects must be no worse at the act.
    pub proposal: PayloadId,
    /// When.
    pub spoken_at: Timestamp,
    /// Where the log says so.
    pub index: u64,
}

/// A person's word with the bytes they signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredWord {
    /// The record.
    pub word: WordRecord,
    /// What they signed, to be verified again by whoever reads it.
    pub record: Kept<ApprovalRecord>,
}

/// A permit and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PermitRecord {
    /// What it is for.
    pub grant: Grant,
    /// The round of the change in which it was granted.
    pub round: u32,
    /// What has become of it.
    pub state: PermitState,
    /// Where the log says that it was granted.
    pub index: u64,
    /// How it was spent; nothing while it can be redeemed.
    pub spent: Option<Spent>,
    /// What came of the act, where that is known.
    pub settled: Option<Settled>,
}

impl PermitRecord {
    /// The grant as the store committed it, from which the permit is issued to a gate that asks.
    pub fn granted(&self) -> Recorded<Grant> {
        #[expect(clippy::disallowed_methods, reason = "this is the store, and the record it reads was committed")]
        Recorded::assertion(self.grant.clone(), self.index)
    }
}

/// How a permit was spent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// What the gate was told.
    pub redemption: Redemption,
    /// Who carries it out.
    pub actor: Actor,
    /// The host's name for the tool call, at a gate that admits: the same call may ask again.
    pub tool_use: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Where the log says so.
    pub index: u64,
}

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", deny_unknown_fields)]
pub enum ActOutcome {
    /// It ended.
    Done {
        /// The status it ended with, where there is one.
        exit_status: Option<i32>,
    },
    /// Nobody can tell.
    Indeterminate {
        /// Why not.
        why: String,
    },
    /// It was proved not to have begun.
    NotStarted {
        /// How that is known.
        why: String,
    },
}

/// Why it is not known what came of an act of which nobody said anything.
pub(super) const UNREPORTED: &str = "nobody reported what came of it";

/// What came of an act, and where the log says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// What came of it.
    pub outcome: ActOutcome,
    /// When that was recorded.
    pub at: Timestamp,
    /// Where the log says so.
    pub index: u64,
}

/// A statement that a person was asked to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StatementRecord {
    /// Its nonce.
    pub nonce: Base64Bytes,
    /// Its exact bytes.
    pub bytes: Base64Bytes,
    /// The change it speaks of.
    pub change: Digest,
    /// Until when the answer is accepted.
    pub expires_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

/// An enrolled key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialRecord {
    /// The key, with the time from which it is revoked.
    pub credential: Credential,
    /// What its owner calls it.
    pub label: String,
    /// When it was enrolled.
    pub enrolled_at: Timestamp,
    /// Where the log speaks of it last.
    pub index: u64,
}

/// What a single-use code lets its bearer do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "purpose", rename_all = "kebab-case", deny_unknown_fields)]
pub enum CodePurpose {
    /// Enrol a key for a person.
    EnrolKey {
        /// The person.
        person: PersonId,
    },
    /// Open an agent session.
    OpenSession {
        /// The person behind the agent.
        on_behalf_of: PersonId,
    },
}

/// A single-use code. Only its hash is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CodeRecord {
    /// The hash of the code.
    pub hash: Digest,
    /// What it is good for.
    pub purpose: CodePurpose,
    /// What it was minted for, in words.
    pub label: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// An agent session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// The session.
    pub id: AgentId,
    /// The agent's kind, such as `claude-code`.
    pub agent: String,
    /// The person behind it.
    pub on_behalf_of: PersonId,
    /// The hash of the session's secret.
    pub secret: Digest,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
    /// Where the log speaks of it last.
    pub index: u64,
}

/// The policy bundle that was loaded last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRecord {
    /// The bundle.
    pub digest: Digest,
    /// Its revision, which only grows.
    pub revision: u64,
    /// Where the log says so.
    pub index: u64,
}

/// One act that no guardrail held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeWork {
    /// What was done.
    pub change: Digest,
    /// By whom.
    pub actor: Actor,
    /// When.
    pub at: Timestamp,
    /// The artefact, masked.
    pub text: String,
    /// What it does.
    pub effects: Effects,
}
