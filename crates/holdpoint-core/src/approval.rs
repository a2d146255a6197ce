//! A person's word on a change: exactly what they were shown and asked, signed by a key of theirs.
//!
//! The statement's exact bytes are kept and hashed; they are never written again to be verified. The challenge that the
//! authenticator signs is `SHA-256("holdpoint.approval.v1" ‖ 0 ‖ u64be(length) ‖ statement bytes)`. The nonce inside keeps it
//! unpredictable and single-use, as WebAuthn §13.4.3 asks.
//!
//! No trusted display exists: a page that an agent controls can show one thing and have another signed. That is why a receipt
//! goes out on another channel and a short hold follows an approval, and why [`Assurance`] is recorded with each.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::PersonId;
use crate::digest::Digest;
use crate::webauthn::{self, Assertion, Base64Bytes, Credential, RelyingParty};

/// The type of statement, and the domain of its challenge.
pub const DOMAIN: &str = "holdpoint.approval.v1";
/// Longest statement in bytes, applied before it is parsed.
pub const STATEMENT_MAX_BYTES: usize = 4096;

/// What a person says about a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ruling {
    /// Let it through: the word of somebody other than the requester.
    Approve,
    /// Release the change of one's own agent. Never counts as an approval.
    Confirm,
    /// Stop it.
    Reject,
}

impl Ruling {
    /// The ruling as it is spelled in statements and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Confirm => "confirm",
            Self::Reject => "reject",
        }
    }
}

/// What a person signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// [`DOMAIN`].
    pub r#type: String,
    /// The change.
    pub change: Digest,
    /// What they say about it. Inside the signature, so a rejection cannot be relabelled.
    pub ruling: Ruling,
    /// The policy bundle in force when they were asked.
    pub policy: Digest,
    /// The card they were shown.
    pub shown: Digest,
    /// Who proposed the change.
    pub requester: String,
    /// The person behind the requester, where there is one.
    pub on_behalf_of: Option<PersonId>,
    /// Who speaks.
    pub approver: PersonId,
    /// When they were asked.
    pub issued_at: Timestamp,
    /// Until when their answer is accepted.
    pub expires_at: Timestamp,
    /// 32 random bytes, used once.
    pub nonce: Base64Bytes,
}

impl Statement {
    /// Reads a statement from the exact bytes that were signed.
    ///
    /// # Errors
    /// Refuses what is too long, is of another type, lacks a field, or holds one that is unknown or twice there.
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > STATEMENT_MAX_BYTES {
            return Err(Error::Malformed);
        }
        let statement: Self = serde_json::from_slice(bytes).map_err(|_| Error::Malformed)?;
        let whole = statement.r#type == DOMAIN && statement.nonce.0.len() == 32;
        if whole { Ok(statement) } else { Err(Error::Malformed) }
    }
}

/// The challenge that an authenticator signs for these exact bytes.
pub fn challenge(statement: &[u8]) -> Digest {
    let mut message = Vec::with_capacity(DOMAIN.len() + 9 + statement.len());
    message.extend_from_slice(DOMAIN.as_bytes());
    message.push(0);
    message.extend_from_slice(&(statement.len() as u64).to_be_bytes());
    message.extend_from_slice(statement);
    Digest::of(&message)
}

/// How sure one can be that the person themselves spoke. The order is from weak to strong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Assurance {
    /// P0: a click. Enough to reject, never to release.
    Click,
    /// P0-local: a passkey at `localhost`, on a machine whose user the agent shares.
    Local,
    /// P1: a passkey with the person verified; it may be copied between devices.
    Passkey,
    /// P2: a key attested never to leave its device.
    Attested,
}

impl Assurance {
    /// The level as it is shown to people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Click => "P0",
            Self::Local => "P0-local",
            Self::Passkey => "P1",
            Self::Attested => "P2",
        }
    }
}

/// What backs a person's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Proof {
    /// Nothing but a click: enough to reject. Braces, because serde lets unknown fields pass beside a unit variant.
    Click {},
    /// A WebAuthn assertion over the statement's challenge.
    WebauthnV1 {
        /// The assertion.
        assertion: Assertion,
    },
}

/// A person's word as it is stored and handed to auditors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApprovalRecord {
    /// When it arrived, by the log's clock. Old records stay valid; what expires is the time to answer.
    pub recorded_at: Timestamp,
    /// The exact bytes of the [`Statement`].
    pub statement: Base64Bytes,
    /// What backs it.
    pub proof: Proof,
}

/// A person's word that was verified. Only [`verify`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedApproval {
    // INVARIANT: the record's proof holds for exactly this statement.
    statement: Statement,
    assurance: Assurance,
}

impl VerifiedApproval {
    /// The change it speaks of.
    pub const fn change(&self) -> Digest {
        self.statement.change
    }

    /// Who spoke.
    pub const fn approver(&self) -> &PersonId {
        &self.statement.approver
    }

    /// What they said.
    pub const fn ruling(&self) -> Ruling {
        self.statement.ruling
    }

    /// The whole statement.
    pub const fn statement(&self) -> &Statement {
        &self.statement
    }

    /// How sure one can be that it was they.
    pub const fn assurance(&self) -> Assurance {
        self.assurance
    }
}

/// Verifies a person's word: the same code online and offline.
///
/// # Errors
/// Names the first thing that does not hold. A click is believed only when it rejects.
pub fn verify(record: &ApprovalRecord, credentials: &[Credential], party: &RelyingParty) -> Result<VerifiedApproval, Error> {
    let statement = Statement::read(&record.statement.0)?;
    if !(statement.issued_at <= record.recorded_at && record.recorded_at <= statement.expires_at) {
        return Err(Error::OutOfTime { issued_at: statement.issued_at, expires_at: statement.expires_at });
    }
    check_roles(&statement)?;
    let assurance = match &record.proof {
        Proof::Click {} if statement.ruling == Ruling::Reject => Assurance::Click,
        Proof::Click {} => return Err(Error::ClickOnly),
        Proof::WebauthnV1 { assertion } => {
            let known = credentials.iter().find(|credential| credential.id == assertion.credential_id);
            let credential = known.ok_or(Error::UnknownCredential)?;
            if credential.person != statement.approver {
                return Err(Error::OtherPerson { owner: credential.person.clone(), approver: statement.approver });
            }
            let challenge = challenge(&record.statement.0);
            let presence = webauthn::verify(&challenge, assertion, credential, party, record.recorded_at)?;
            assurance(credential, &presence, party)?
        }
    };
    Ok(VerifiedApproval { statement, assurance })
}

/// Keeps approving and confirming apart: one's own agent's change can be confirmed but not approved, another's the reverse.
fn check_roles(statement: &Statement) -> Result<(), Error> {
    let own = statement.on_behalf_of.as_ref() == Some(&statement.approver) || statement.requester == statement.approver.as_str();
    match statement.ruling {
        Ruling::Approve if own => Err(Error::SelfApproval),
        Ruling::Confirm if statement.on_behalf_of.as_ref() != Some(&statement.approver) => Err(Error::NotTheirs),
        Ruling::Approve | Ruling::Confirm | Ruling::Reject => Ok(()),
    }
}

fn assurance(credential: &Credential, presence: &webauthn::Presence, party: &RelyingParty) -> Result<Assurance, Error> {
    if !presence.user_verified {
        return Err(Error::PersonNotVerified);
    }
    // `localhost` as a relying party is not bound to a port or a machine's user: any local process can ask for assertions.
    Ok(match (party.id.as_str(), credential.attested && !credential.backup_eligible) {
        ("localhost", _) => Assurance::Local,
        (_, true) => Assurance::Attested,
        (_, false) => Assurance::Passkey,
    })
}

/// Why a person's word is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A click can only reject.
    #[error("a click can reject a change but never release one")]
    ClickOnly,
    /// The statement is not one.
    #[error("the statement is malformed")]
    Malformed,
    /// They confirm a change that is not their own agent's.
    #[error("only the person behind the agent can confirm its change")]
    NotTheirs,
    /// The key belongs to somebody else.
    #[error("the key is {owner}'s, but the statement names {approver}")]
    OtherPerson {
        /// Whose key it is.
        owner: PersonId,
        /// Whom the statement names.
        approver: PersonId,
    },
    /// It arrived before it was asked for or after it expired.
    #[error("the answer was accepted from {issued_at} to {expires_at}")]
    OutOfTime {
        /// From when.
        issued_at: Timestamp,
        /// Until when.
        expires_at: Timestamp,
    },
    /// The authenticator did not verify the person.
    #[error("the authenticator did not verify who touched it")]
    PersonNotVerified,
    /// They approve their own change, or their own agent's.
    #[error("nobody approves their own change, nor their own agent's")]
    SelfApproval,
    /// The key is not enrolled.
    #[error("the key is not enrolled")]
    UnknownCredential,
    /// The assertion does not hold.
    #[error(transparent)]
    Assertion(#[from] webauthn::Error),
}
