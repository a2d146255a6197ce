//! People and their agents: what they are asked, their keys, codes and sessions.

use holdpoint_core::digest::Digest;
use serde_json::json;

use super::super::command::{Ask, At, CloseSession, EnrolKey, MintCode, OpenSession, Outcome, RevokeKey};
use super::super::entry::{self, Draft};
use super::super::record::{CodePurpose, CodeRecord, CredentialRecord, SessionRecord, StatementRecord};
use super::Thing;
use super::{Planner, Rejection, bounded, json as payload_json};

impl Planner {
    /// Keeps a statement until it is answered. No entry: nothing is decided by asking.
    pub(super) fn ask(&mut self, ask: &Ask) -> Result<Outcome, Rejection> {
        let Ask { statement, bytes } = ask;
        if self.loaded.statements.get(&statement.nonce).is_some() {
            return Err(Rejection::AlreadyThere { what: Thing::Statement });
        }
        if self.loaded.changes.get(&statement.change).is_none() {
            return Err(Rejection::Unknown { what: Thing::Change });
        }
        let asked = StatementRecord {
            nonce: statement.nonce.clone(),
            bytes: bytes.clone(),
            change: statement.change,
            expires_at: statement.expires_at,
            answered_at: None,
        };
        self.loaded.statements.put(asked.nonce.clone(), asked.clone());
        Ok(Outcome::Asked { statement: asked })
    }

    pub(super) fn mint_code(&mut self, mint: &MintCode) -> Result<Outcome, Rejection> {
        if self.loaded.codes.get(&mint.hash).is_some() {
            return Err(Rejection::AlreadyThere { what: Thing::Code });
        }
        let label = self.keep_words(&mint.label)?;
        let (purpose, person) = match &mint.purpose {
            CodePurpose::EnrolKey { person } => ("enrol-key", person),
            CodePurpose::OpenSession { on_behalf_of } => ("open-session", on_behalf_of),
        };
        let index = self.append(Draft {
            kind: "code.minted",
            subject: entry::code_subject(&mint.hash),
            actor: "server".to_owned(),
            payload: vec![label.0],
            body: json!({ "expires_at": mint.expires_at, "person": person, "purpose": purpose }),
        })?;
        let code = CodeRecord {
            hash: mint.hash,
            purpose: mint.purpose.clone(),
            label: mint.label.clone(),
            expires_at: mint.expires_at,
            used_at: None,
        };
        self.loaded.codes.put(mint.hash, code.clone());
        Ok(Outcome::Code(At { value: code, index }))
    }

    pub(super) fn enrol_key(&mut self, enrol: &EnrolKey) -> Result<Outcome, Rejection> {
        let credential = &enrol.credential;
        let code = self.check_code(&enrol.code, &CodePurpose::EnrolKey { person: credential.person.clone() })?;
        if self.loaded.credentials.get(&credential.id).is_some() {
            return Err(Rejection::AlreadyThere { what: Thing::Key });
        }
        let payload = self.keep(payload_json(credential)?);
        let label = self.keep_words(&enrol.label)?;
        let index = self.append(Draft {
            kind: "key.enrolled",
            subject: entry::key_subject(&credential.id),
            actor: format!("person:{}", credential.person),
            payload: vec![payload.0, label.0],
            body: json!({
                "attested": credential.attested, "backup_eligible": credential.backup_eligible,
                "code": entry::code_subject(&enrol.code), "person": credential.person,
                "relying_party": Digest::of(credential.relying_party.as_bytes()), "usable_from": credential.usable_from,
            }),
        })?;
        self.use_code(code);
        let key = CredentialRecord { credential: credential.clone(), label: enrol.label.clone(), enrolled_at: self.now, index };
        self.loaded.credentials.put(credential.id.clone(), key.clone());
        Ok(Outcome::Key(At { value: key, index }))
    }

    pub(super) fn revoke_key(&mut self, revoke: &RevokeKey) -> Result<Outcome, Rejection> {
        let known = self.loaded.credentials.get(&revoke.credential).cloned();
        let mut key = known.ok_or(Rejection::Unknown { what: Thing::Key })?;
        if key.credential.revoked_at.is_some() {
            return Ok(Outcome::Key(At { index: key.index, value: key }));
        }
        let reason = self.keep_words(&revoke.reason)?;
        key.index = self.append(Draft {
            kind: "key.revoked",
            subject: entry::key_subject(&revoke.credential),
            actor: "server".to_owned(),
            payload: vec![reason.0],
            body: json!({ "person": key.credential.person }),
        })?;
        key.credential.revoked_at = Some(self.now);
        self.loaded.credentials.put(revoke.credential.clone(), key.clone());
        Ok(Outcome::Key(At { index: key.index, value: key }))
    }

    pub(super) fn open_session(&mut self, open: &OpenSession) -> Result<Outcome, Rejection> {
        bounded(&open.agent)?;
        let purpose = CodePurpose::OpenSession { on_behalf_of: open.on_behalf_of.clone() };
        let code = open.code.as_ref().map(|code| self.check_code(code, &purpose)).transpose()?;
        if self.loaded.sessions.get(&open.session).is_some() {
            return Err(Rejection::AlreadyThere { what: Thing::Session });
        }
        let index = self.append(Draft {
            kind: "session.opened",
            subject: entry::session_subject(&open.session),
            actor: format!("agent:{}", open.session),
            payload: Vec::new(),
            body: json!({
                "agent": open.agent, "code": open.code.as_ref().map(entry::code_subject), "on_behalf_of": open.on_behalf_of,
                "secret": entry::secret(&open.secret),
            }),
        })?;
        if let Some(code) = code {
            self.use_code(code);
        }
        let session = SessionRecord {
            id: open.session.clone(),
            agent: open.agent.clone(),
            on_behalf_of: open.on_behalf_of.clone(),
            secret: open.secret,
            opened_at: self.now,
            closed_at: None,
            index,
        };
        self.loaded.sessions.put(open.session.clone(), session.clone());
        Ok(Outcome::Session(At { value: session, index }))
    }

    pub(super) fn close_session(&mut self, close: &CloseSession) -> Result<Outcome, Rejection> {
        let known = self.loaded.sessions.get(&close.session).cloned();
        let mut session = known.ok_or(Rejection::Unknown { what: Thing::Session })?;
        if session.closed_at.is_some() {
            return Ok(Outcome::Session(At { index: session.index, value: session }));
        }
        let reason = self.keep_words(&close.reason)?;
        session.index = self.append(Draft {
            kind: "session.closed",
            subject: entry::session_subject(&close.session),
            actor: "server".to_owned(),
            payload: vec![reason.0],
            body: json!({}),
        })?;
        session.closed_at = Some(self.now);
        self.loaded.sessions.put(close.session.clone(), session.clone());
        Ok(Outcome::Session(At { index: session.index, value: session }))
    }

    fn check_code(&self, hash: &Digest, purpose: &CodePurpose) -> Result<CodeRecord, Rejection> {
        let code = self.loaded.codes.get(hash).ok_or(Rejection::Unknown { what: Thing::Code })?;
        if code.used_at.is_some() {
            return Err(Rejection::AlreadyUsed { what: Thing::Code });
        }
        if self.now > code.expires_at {
            return Err(Rejection::Expired { what: Thing::Code, at: code.expires_at });
        }
        if code.purpose == *purpose { Ok(code.clone()) } else { Err(Rejection::OtherPurpose) }
    }

    fn use_code(&mut self, mut code: CodeRecord) {
        code.used_at = Some(self.now);
        self.loaded.codes.put(code.hash, code);
    }
}
