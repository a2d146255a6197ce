//! The state that the log adds up to, worked out from the log: what an auditor compares the tables with.
//!
//! A second reading on purpose. [`super::plan`] decides what may follow what and writes entries and rows together; this one
//! sees entries alone and must arrive at the same rows. The suite of the store holds the two together.
//!
//! **In scope**: every table of which the log speaks. **Out of scope**: tables of which it does not: statements (nothing is
//! decided by asking) and retries. Where an entry carries only a hash (a decision, a session's secret) or where a payload was
//! taken back, the row itself is asked: [`Claims`]. What it claims must fit the hash; behind a redaction nothing can be known.

mod people;
mod permit;
mod state;
mod step;

use holdpoint_core::actor::{Actor, GateId, PersonId};
use holdpoint_core::approval::{Assurance, Ruling};
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_log::entry::Envelope;
use jiff::Timestamp;
use serde::Deserialize;

use super::load::Chain;
use super::plan::Row;
use super::record::{ChangeRecord, ChangeState, PayloadId, PolicyRecord, WordRecord};
use state::Change;
pub(super) use state::{Claims, Missing, Replay};
use step::Step;
pub(super) use step::{Bodies, Unclear};

impl Replay {
    /// Takes the next entry.
    pub(super) fn take(&mut self, index: u64, envelope: &Envelope, bodies: Bodies<'_>) -> Result<(), Unclear> {
        let step = Step::new(index, envelope);
        self.chains.insert(envelope.subject.to_string(), Chain { last: index, seq: envelope.link.seq() });
        for commitment in &envelope.payload {
            self.named.entry(PayloadId(*commitment)).or_insert(index);
        }
        match envelope.kind.as_str() {
            "change.held" => self.propose(&step, ChangeState::Held),
            "change.refused" => self.propose(&step, ChangeState::Refused),
            "change.stopped" => self.propose(&step, ChangeState::Rejected),
            "change.approved" => self.speak(&step, Ruling::Approve),
            "change.confirmed" => self.speak(&step, Ruling::Confirm),
            "change.rejected" => self.speak(&step, Ruling::Reject),
            "change.expired" => self.expire_change(&step),
            "permit.granted" => self.grant(&step),
            "permit.redeemed" => self.redeem(&step),
            "permit.settled" => self.settle(&step, bodies),
            "permit.expired" => self.expire_permit(&step),
            "permit.revoked" => self.revoke(&step),
            "key.enrolled" => self.enrol_key(&step, bodies),
            "key.revoked" => self.revoke_key(&step),
            "code.minted" => self.mint_code(&step, bodies),
            "session.opened" => self.open_session(&step),
            "session.closed" => self.close_session(&step),
            "work.noted" => self.note_free_work(&step),
            "policy.loaded" => self.load_policy(&step),
            "payload.redacted" => self.redact(&step),
            "change.asked" | "permit.refused" | "server.started" | "server.stopped" => Ok(()),
            _ => Err(Unclear::Kind { kind: step.kind() }),
        }
    }

    /// The rows that the tables must have, no more and no less.
    pub(super) fn into_rows(self, claims: &Claims) -> (Vec<Row>, Vec<Missing>) {
        let mut missing = Vec::new();
        let mut rows: Vec<Row> = self.chains.into_iter().map(|(subject, chain)| Row::Chain(subject, chain)).collect();
        rows.extend(self.changes.into_values().map(|change| Row::Change(change.into_record(claims))));
        rows.extend(self.words.into_iter().map(Row::Word));
        rows.extend(self.permits.into_values().map(|permit| Row::Permit(permit.into_record(claims))));
        rows.extend(self.sessions.into_values().map(|session| Row::Session(session.into_record(claims))));
        rows.extend(self.gates.into_iter().map(|(gate, last)| Row::Gate(gate, last)));
        rows.extend(self.policy.map(Row::Policy));
        for (subject, key) in self.keys {
            match key.into_record(claims.keys.get(&subject)) {
                Some(record) => rows.push(Row::Credential(record)),
                None => missing.push(Missing { table: "credential", subject }),
            }
        }
        for (subject, code) in self.codes {
            match code.into_record(claims.codes.get(&subject)) {
                Some(record) => rows.push(Row::Code(record)),
                None => missing.push(Missing { table: "code", subject }),
            }
        }
        (rows, missing)
    }

    fn propose(&mut self, step: &Step<'_>, state: ChangeState) -> Result<(), Unclear> {
        let said: Proposed = step.body()?;
        let change = step.change()?;
        // The first proposal of a round leaves nothing of the round before.
        let before = self.changes.remove(&change).map(|before| before.record).filter(|_| said.times > 1);
        let record = ChangeRecord {
            change,
            round: said.round,
            state,
            requester: step.actor(said.on_behalf_of.as_ref())?,
            gate: said.gate,
            decision: Decision::Allow,
            policy: said.policy,
            proposal: step.payload(0)?,
            answers: step.payload(1)?,
            proposed_at: before.as_ref().map_or(step.at, |before| before.proposed_at),
            last_proposed_at: step.at,
            times_proposed: said.times,
            waits_until: said.waits_until,
            spoken: before.map(|before| before.spoken).unwrap_or_default(),
            permit: None,
            index: step.index,
        };
        self.changes.insert(change, Change { record, decided: said.decided });
        Ok(())
    }

    fn speak(&mut self, step: &Step<'_>, ruling: Ruling) -> Result<(), Unclear> {
        let said: Spoken = step.body()?;
        let assurance = assurance(&said.assurance).ok_or_else(|| step.body_says("no assurance"))?;
        let Actor::Person { id: approver } = step.actor(None)? else { return Err(Unclear::Actor) };
        let payload = step.payload(0)?;
        let change = self.change(step)?;
        let word = WordRecord {
            change: change.change,
            round: said.round,
            approver: approver.clone(),
            ruling,
            assurance,
            payload,
            proposal: change.proposal,
            spoken_at: step.at,
            index: step.index,
        };
        change.spoken.insert(approver, ruling);
        change.index = step.index;
        if ruling == Ruling::Reject {
            change.state = ChangeState::Rejected;
            change.permit = None;
        }
        self.words.push(word);
        Ok(())
    }

    fn expire_change(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let change = self.change(step)?;
        change.state = ChangeState::Expired;
        change.index = step.index;
        Ok(())
    }

    fn note_free_work(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let noted: Noted = step.body()?;
        self.gates.insert(step.named("gate:", GateId::parse)?, noted.last);
        Ok(())
    }

    fn load_policy(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let loaded: Loaded = step.body()?;
        self.policy = Some(PolicyRecord { digest: loaded.policy, revision: loaded.revision, index: step.index });
        Ok(())
    }

    fn redact(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let payload = step.named("", PayloadId::try_from)?;
        self.redacted.insert(payload, step.index);
        Ok(())
    }

    /// The change that an entry is about, which must have been proposed.
    fn change(&mut self, step: &Step<'_>) -> Result<&mut ChangeRecord, Unclear> {
        let change = self.changes.get_mut(&step.change()?);
        change.map(|change| &mut change.record).ok_or_else(|| step.out_of_turn())
    }
}

#[derive(Deserialize)]
struct Proposed {
    decided: Digest,
    gate: GateId,
    on_behalf_of: Option<PersonId>,
    policy: Digest,
    round: u32,
    times: u32,
    waits_until: Timestamp,
}

#[derive(Deserialize)]
struct Spoken {
    assurance: String,
    round: u32,
}

#[derive(Deserialize)]
struct Noted {
    last: u64,
}

#[derive(Deserialize)]
struct Loaded {
    policy: Digest,
    revision: u64,
}

fn assurance(word: &str) -> Option<Assurance> {
    let all = [Assurance::Attested, Assurance::Click, Assurance::Local, Assurance::Passkey];
    all.into_iter().find(|assurance| assurance.as_str() == word)
}
