//! The house itself: policy, the server's own comings and goings, free work, and payloads taken back.

use serde_json::json;

use super::super::command::{At, FREE_WORK_MAX, LoadPolicy, NoteFreeWork, Outcome, Redact, StartServer, StopServer};
use super::super::entry::{self, Draft, INSTALLATION};
use super::super::load::PayloadState;
use super::super::record::PolicyRecord;
use super::Thing;
use super::{Planner, Rejection, bounded, json as payload_json};

impl Planner {
    /// Notes the bundle in force. Its revision only grows: an older one would let work through that a newer one holds.
    pub(super) fn load_policy(&mut self, load: &LoadPolicy) -> Result<Outcome, Rejection> {
        if let Some(known) = self.loaded.policy.get(&()) {
            if known.digest == load.digest && known.revision == load.revision {
                return Ok(Outcome::Policy(At { value: known.clone(), index: known.index }));
            }
            if load.revision <= known.revision {
                return Err(Rejection::RolledBack { newest: known.revision });
            }
        }
        let body = json!({ "policy": load.digest, "revision": load.revision });
        let index = self.append(installation("policy.loaded", body))?;
        let policy = PolicyRecord { digest: load.digest, revision: load.revision, index };
        self.loaded.policy.put((), policy.clone());
        Ok(Outcome::Policy(At { value: policy, index }))
    }

    pub(super) fn start_server(&mut self, start: &StartServer) -> Result<Outcome, Rejection> {
        bounded(&start.version)?;
        bounded(&start.mode)?;
        let body = json!({ "mode": start.mode, "version": start.version });
        let index = self.append(installation("server.started", body))?;
        Ok(Outcome::Server(At { value: (), index }))
    }

    pub(super) fn stop_server(&mut self, stop: &StopServer) -> Result<Outcome, Rejection> {
        let reason = self.keep_words(&stop.reason)?;
        let index = self.append(Draft { payload: vec![reason.0], ..installation("server.stopped", json!({})) })?;
        Ok(Outcome::Server(At { value: (), index }))
    }

    /// Notes a batch of free work: one entry for all of it. Acts that the gate counted and never reported show as a gap.
    pub(super) fn note_free_work(&mut self, note: &NoteFreeWork) -> Result<Outcome, Rejection> {
        let count = u64::try_from(note.works.len()).unwrap_or(u64::MAX);
        if note.works.is_empty() || note.works.len() > FREE_WORK_MAX || note.first == 0 {
            return Err(Rejection::TooLarge);
        }
        let noted = self.loaded.gates.get(&note.gate).copied().unwrap_or(0);
        if note.first <= noted {
            return Err(Rejection::Noted { last: noted });
        }
        let missing = note.first - noted - 1;
        let last = note.first.saturating_add(count - 1);
        let payload = self.keep(payload_json(&note.works)?);
        self.append(Draft {
            kind: "work.noted",
            subject: entry::gate_subject(&note.gate),
            actor: entry::gate_subject(&note.gate),
            payload: vec![payload.0],
            body: json!({ "count": count, "first": note.first, "last": last, "missing": missing }),
        })?;
        self.loaded.gates.put(note.gate.clone(), last);
        Ok(Outcome::Noted { missing })
    }

    /// Takes a payload back. The entries that commit to it stay as they are; only what they commit to is gone.
    pub(super) fn redact(&mut self, redact: &Redact) -> Result<Outcome, Rejection> {
        match self.loaded.payloads.get(&redact.payload) {
            None => return Err(Rejection::Unknown { what: Thing::Payload }),
            Some(PayloadState::Redacted { index }) => return Ok(Outcome::Redacted { index: *index }),
            Some(PayloadState::Here(_)) => {}
        }
        let reason = self.keep_words(&redact.reason)?;
        let index = self.append(Draft {
            kind: "payload.redacted",
            subject: String::from(redact.payload),
            actor: format!("person:{}", redact.by),
            payload: vec![reason.0],
            body: json!({}),
        })?;
        self.loaded.payloads.put(redact.payload, PayloadState::Redacted { index });
        self.redactions.push((redact.payload, index));
        Ok(Outcome::Redacted { index })
    }
}

fn installation(kind: &'static str, body: serde_json::Value) -> Draft {
    Draft { kind, subject: INSTALLATION.to_owned(), actor: "server".to_owned(), payload: Vec::new(), body }
}
