//! Why a command did not happen.

use holdpoint_core::actor::{GateId, PermitId, PersonId};
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::PermitState;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::super::record::ChangeState;

/// Why a command did not happen. A refusal is a value: asking again changes nothing unless the world does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "rejection", rename_all = "kebab-case")]
pub enum Rejection {
    /// The change has a permit that can be used already.
    #[error("the permit {permit} for this change can be used already")]
    AlreadyGranted {
        /// That permit.
        permit: PermitId,
    },
    /// The person has spoken on this change.
    #[error("{person} has spoken on this change already")]
    AlreadySpoken {
        /// The person.
        person: PersonId,
    },
    /// There is something of this name already.
    #[error("there is a {what} of this name already")]
    AlreadyThere {
        /// What.
        what: Thing,
    },
    /// What is good for one use was used.
    #[error("the {what} was used already")]
    AlreadyUsed {
        /// What.
        what: Thing,
    },
    /// Its time is over.
    #[error("the {what} expired at {at}")]
    Expired {
        /// What.
        what: Thing,
        /// When.
        at: Timestamp,
    },
    /// The code is good for something else.
    #[error("the code is good for something else")]
    OtherPurpose,
    /// No guardrail holds the change, so there is nothing to hold or refuse.
    #[error("no guardrail holds the change")]
    NothingHolds,
    /// The change is not held.
    #[error("the change is {}, not held", state.as_str())]
    NotHeld {
        /// What it is.
        state: ChangeState,
    },
    /// Its time has not come.
    #[error("the permit can be used from {not_before} on")]
    NotYet {
        /// From when.
        not_before: Timestamp,
    },
    /// Acts overlap with those that were noted before.
    #[error("acts up to {last} were noted before")]
    Noted {
        /// The last act noted.
        last: u64,
    },
    /// Only the person behind the agent confirms its change.
    #[error("only the person behind the agent can confirm its change")]
    NotTheirs,
    /// The permit is for another change.
    #[error("the permit is for {released}, the gate sees {seen}")]
    OtherChange {
        /// What it is for.
        released: Digest,
        /// What the gate sees.
        seen: Digest,
    },
    /// It belongs to another gate.
    #[error("it belongs to the gate `{gate}`")]
    OtherGate {
        /// That gate.
        gate: GateId,
    },
    /// It belongs to somebody else.
    #[error("it belongs to somebody else")]
    OtherOwner,
    /// The same retry key was used for another request.
    #[error("the same key was used for another request")]
    OtherRequest,
    /// The signed bytes are not those that were asked for.
    #[error("the statement is not the one that was asked for")]
    OtherStatement,
    /// The permit's state does not allow it.
    #[error("the permit is {state}")]
    PermitState {
        /// What it is.
        state: PermitState,
    },
    /// The key is revoked.
    #[error("the key is revoked")]
    Revoked,
    /// A newer bundle was in force.
    #[error(
        "a policy of revision {newest} was in force and is gone: put its files back below `policy/` in the data directory, \
         or sign a newer one (`holdpoint policy sign --revision`)"
    )]
    RolledBack {
        /// The newest revision.
        newest: u64,
    },
    /// Nobody approves their own change.
    #[error("nobody approves their own change, nor their own agent's")]
    SelfApproval,
    /// It is larger than what is kept, or empty.
    #[error("it is empty or larger than what is kept")]
    TooLarge,
    /// There is no such thing.
    #[error("there is no such {what}")]
    Unknown {
        /// What.
        what: Thing,
    },
}

impl Rejection {
    /// The word for it in the log.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::AlreadyGranted { .. } => "already-granted",
            Self::AlreadySpoken { .. } => "already-spoken",
            Self::AlreadyThere { .. } => "already-there",
            Self::AlreadyUsed { .. } => "already-used",
            Self::Expired { .. } => "expired",
            Self::OtherPurpose => "other-purpose",
            Self::NothingHolds => "nothing-holds",
            Self::NotHeld { .. } => "not-held",
            Self::NotYet { .. } => "not-yet",
            Self::Noted { .. } => "noted",
            Self::NotTheirs => "not-theirs",
            Self::OtherChange { .. } => "other-change",
            Self::OtherGate { .. } => "other-gate",
            Self::OtherOwner => "other-owner",
            Self::OtherRequest => "other-request",
            Self::OtherStatement => "other-statement",
            Self::PermitState { .. } => "permit-state",
            Self::Revoked => "revoked",
            Self::RolledBack { .. } => "rolled-back",
            Self::SelfApproval => "self-approval",
            Self::TooLarge => "too-large",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// What a rejection speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Thing {
    /// A change.
    Change,
    /// A single-use code.
    Code,
    /// A person's key.
    Key,
    /// A payload.
    Payload,
    /// A permit.
    Permit,
    /// An agent session.
    Session,
    /// A statement.
    Statement,
}

impl std::fmt::Display for Thing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Change => "change",
            Self::Code => "code",
            Self::Key => "key",
            Self::Payload => "payload",
            Self::Permit => "permit",
            Self::Session => "session",
            Self::Statement => "statement",
        })
    }
}
