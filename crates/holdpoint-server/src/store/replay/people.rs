//! People's keys, single-use codes and agents' sessions.

use holdpoint_core::actor::{AgentId, PersonId};
use holdpoint_core::digest::Digest;
use jiff::Timestamp;
use serde::Deserialize;

use super::super::record::{CodePurpose, PayloadId, SessionRecord};
use super::state::{Code, Key, Replay, Session};
use super::step::{Bodies, Step, Unclear};

impl Replay {
    pub(super) fn mint_code(&mut self, step: &Step<'_>, bodies: Bodies<'_>) -> Result<(), Unclear> {
        let minted: Minted = step.body()?;
        let purpose = match minted.purpose.as_str() {
            "enrol-key" => CodePurpose::EnrolKey { person: minted.person },
            "open-session" => CodePurpose::OpenSession { on_behalf_of: minted.person },
            _ => return Err(step.body_says("no purpose")),
        };
        let label = text(bodies, step.payload(0)?);
        let code = Code { purpose, label, expires_at: minted.expires_at, used_at: None };
        self.codes.insert(step.envelope.subject.to_string(), code);
        Ok(())
    }

    pub(super) fn enrol_key(&mut self, step: &Step<'_>, bodies: Bodies<'_>) -> Result<(), Unclear> {
        let enrolled: Enrolled = step.body()?;
        let credential = bodies(&step.payload(0)?).and_then(|body| serde_json::from_slice(&body).ok());
        let label = text(bodies, step.payload(1)?);
        let key = Key { credential, label, enrolled_at: step.at, revoked_at: None, index: step.index };
        self.keys.insert(step.envelope.subject.to_string(), key);
        self.use_code(step, &enrolled.code)
    }

    pub(super) fn revoke_key(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let key = self.keys.get_mut(step.envelope.subject.as_str()).ok_or_else(|| step.out_of_turn())?;
        key.revoked_at = Some(step.at);
        key.index = step.index;
        Ok(())
    }

    pub(super) fn open_session(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let opened: Opened = step.body()?;
        let record = SessionRecord {
            id: step.named("session:", AgentId::parse)?,
            agent: opened.agent,
            on_behalf_of: opened.on_behalf_of,
            secret: opened.secret,
            opened_at: step.at,
            closed_at: None,
            index: step.index,
        };
        self.sessions.insert(record.id.clone(), Session { record, secret: opened.secret });
        opened.code.map_or(Ok(()), |code| self.use_code(step, &code))
    }

    pub(super) fn close_session(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let session = self.sessions.get_mut(&step.named("session:", AgentId::parse)?).ok_or_else(|| step.out_of_turn())?;
        session.record.closed_at = Some(step.at);
        session.record.index = step.index;
        Ok(())
    }

    fn use_code(&mut self, step: &Step<'_>, subject: &str) -> Result<(), Unclear> {
        let code = self.codes.get_mut(subject).filter(|code| code.used_at.is_none());
        code.ok_or_else(|| step.out_of_turn())?.used_at = Some(step.at);
        Ok(())
    }
}

fn text(bodies: Bodies<'_>, payload: PayloadId) -> Option<String> {
    bodies(&payload).and_then(|body| String::from_utf8(body).ok())
}

#[derive(Deserialize)]
struct Minted {
    expires_at: Timestamp,
    person: PersonId,
    purpose: String,
}

#[derive(Deserialize)]
struct Enrolled {
    code: String,
}

#[derive(Deserialize)]
struct Opened {
    agent: String,
    code: Option<String>,
    on_behalf_of: PersonId,
    secret: Digest,
}
