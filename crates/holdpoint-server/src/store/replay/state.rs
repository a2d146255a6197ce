//! What the replay holds: rows, as far as entries tell them, and what is asked of the rows that are there.

use std::collections::BTreeMap;

use holdpoint_core::actor::{AgentId, GateId, PermitId};
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::Credential;
use jiff::Timestamp;

use super::super::entry;
use super::super::load::Chain;
use super::super::record::{
    ActOutcome, ChangeRecord, CodePurpose, CodeRecord, CredentialRecord, PayloadId, PermitRecord, PolicyRecord, SessionRecord,
    WordRecord,
};

/// The state after the entries taken so far.
#[derive(Debug, Default)]
pub(in crate::store) struct Replay {
    pub(super) changes: BTreeMap<Digest, Change>,
    pub(super) words: Vec<WordRecord>,
    pub(super) permits: BTreeMap<PermitId, Permit>,
    pub(super) keys: BTreeMap<String, Key>,
    pub(super) codes: BTreeMap<String, Code>,
    pub(super) sessions: BTreeMap<AgentId, Session>,
    pub(super) gates: BTreeMap<GateId, u64>,
    pub(super) policy: Option<PolicyRecord>,
    pub(super) chains: BTreeMap<String, Chain>,
    /// Each payload that an entry commits to, with the first that does.
    pub(in crate::store) named: BTreeMap<PayloadId, u64>,
    /// Each payload that was taken back, with the entry that says so.
    pub(in crate::store) redacted: BTreeMap<PayloadId, u64>,
}

/// What rows say of themselves where the log has only a hash, or no more than that.
#[derive(Debug, Default)]
pub(in crate::store) struct Claims {
    pub(in crate::store) changes: BTreeMap<Digest, ChangeRecord>,
    pub(in crate::store) permits: BTreeMap<PermitId, PermitRecord>,
    pub(in crate::store) sessions: BTreeMap<AgentId, SessionRecord>,
    /// By the subject that the key is in the log.
    pub(in crate::store) keys: BTreeMap<String, CredentialRecord>,
    /// By the subject that the code is in the log.
    pub(in crate::store) codes: BTreeMap<String, CodeRecord>,
}

/// A row that must be there, and of which the log does not tell enough to write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Missing {
    pub(in crate::store) table: &'static str,
    pub(in crate::store) subject: String,
}

#[derive(Debug)]
pub(super) struct Change {
    /// As it is, but for its decision.
    pub(super) record: ChangeRecord,
    pub(super) decided: Digest,
}

#[derive(Debug)]
pub(super) struct Permit {
    /// As it is, but for the tool call's name, and for a reason that was taken back.
    pub(super) record: PermitRecord,
    pub(super) tool_use: Option<Digest>,
    pub(super) reason_gone: bool,
}

#[derive(Debug)]
pub(super) struct Key {
    /// Nothing where it was taken back.
    pub(super) credential: Option<Credential>,
    pub(super) label: Option<String>,
    pub(super) enrolled_at: Timestamp,
    pub(super) revoked_at: Option<Timestamp>,
    pub(super) index: u64,
}

#[derive(Debug)]
pub(super) struct Code {
    pub(super) purpose: CodePurpose,
    pub(super) label: Option<String>,
    pub(super) expires_at: Timestamp,
    pub(super) used_at: Option<Timestamp>,
}

#[derive(Debug)]
pub(super) struct Session {
    /// As it is, but for its secret.
    pub(super) record: SessionRecord,
    pub(super) secret: Digest,
}

impl Change {
    pub(super) fn into_record(self, claims: &Claims) -> ChangeRecord {
        let claimed = claims.changes.get(&self.record.change).map(|claimed| &claimed.decision);
        let fits = |decision: &&Decision| entry::decided(decision).is_ok_and(|decided| decided == self.decided);
        ChangeRecord { decision: claimed.filter(fits).cloned().unwrap_or(Decision::Allow), ..self.record }
    }
}

impl Permit {
    pub(super) fn into_record(self, claims: &Claims) -> PermitRecord {
        let Self { mut record, tool_use, reason_gone } = self;
        let claimed = claims.permits.get(&record.grant.permit);
        if let (Some(spent), Some(tool_use)) = (&mut record.spent, tool_use) {
            let name = claimed.and_then(|claimed| claimed.spent.as_ref()?.tool_use.clone());
            spent.tool_use = name.filter(|name| entry::tool_use(name) == tool_use);
        }
        if let (Some(settled), true) = (&mut record.settled, reason_gone) {
            let outcome = claimed.and_then(|claimed| claimed.settled.as_ref()).map(|settled| &settled.outcome);
            match (&mut settled.outcome, outcome) {
                (ActOutcome::Indeterminate { why }, Some(ActOutcome::Indeterminate { why: claimed }))
                | (ActOutcome::NotStarted { why }, Some(ActOutcome::NotStarted { why: claimed })) => why.clone_from(claimed),
                _ => {}
            }
        }
        record
    }
}

impl Key {
    pub(super) fn into_record(self, claimed: Option<&CredentialRecord>) -> Option<CredentialRecord> {
        let credential = self.credential.or_else(|| claimed.map(|claimed| claimed.credential.clone()))?;
        Some(CredentialRecord {
            credential: Credential { revoked_at: self.revoked_at, ..credential },
            label: self.label.or_else(|| claimed.map(|claimed| claimed.label.clone())).unwrap_or_default(),
            enrolled_at: self.enrolled_at,
            index: self.index,
        })
    }
}

impl Code {
    /// The log holds a hash of the hash under which the code is kept, so only the row knows its own name.
    pub(super) fn into_record(self, claimed: Option<&CodeRecord>) -> Option<CodeRecord> {
        let claimed = claimed?;
        let label = self.label.unwrap_or_else(|| claimed.label.clone());
        Some(CodeRecord { hash: claimed.hash, purpose: self.purpose, label, expires_at: self.expires_at, used_at: self.used_at })
    }
}

impl Session {
    pub(super) fn into_record(self, claims: &Claims) -> SessionRecord {
        let Self { mut record, secret } = self;
        let claimed = claims.sessions.get(&record.id).map(|claimed| claimed.secret);
        if let Some(claimed) = claimed.filter(|claimed| entry::secret(claimed) == secret) {
            record.secret = claimed;
        }
        record
    }
}
