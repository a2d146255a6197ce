//! Changes: proposed, spoken on, expired.

use std::collections::BTreeMap;

use holdpoint_core::approval::{Proof, Ruling};
use holdpoint_core::decision::Decision;
use holdpoint_core::mask::mask;
use holdpoint_core::permit::PermitState;
use serde_json::{Value, json};

use super::super::command::{At, Outcome, Propose, Speak, Swept};
use super::super::entry::{self, Draft};
use super::super::load::SWEPT_MAX;
use super::super::record::{ChangeRecord, ChangeState, PayloadId, Proposal, WordRecord};
use super::Thing;
use super::{Planner, REMEMBERED_FOR, Rejection, json as payload_json};

/// Most guardrails that an entry names. All of them are in the record; an entry has 4 KiB.
const NAMED_GUARDRAILS_MAX: usize = 16;
/// How much of a guardrail's name an entry repeats.
const NAMED_GUARDRAIL_CHARS: usize = 64;

impl Planner {
    /// Records a proposal. The identical change is the same record; once a round is over, the next begins with nobody's word.
    pub(super) fn propose(&mut self, propose: &Propose) -> Result<Outcome, Rejection> {
        let decided = match propose.decision {
            Decision::Allow => return Err(Rejection::NothingHolds),
            Decision::Hold { .. } => ChangeState::Held,
            Decision::Refuse { .. } => ChangeState::Refused,
        };
        let before = self.loaded.changes.get(&propose.change.digest()).cloned();
        if let Some(record) = before.as_ref().filter(|record| decided == ChangeState::Held && self.is_anothers(record, propose)) {
            return self.note_asked(record, propose);
        }
        let going_on = before.as_ref().filter(|record| self.goes_on(record));
        let state = match going_on {
            Some(record) if record.state == ChangeState::Rejected => ChangeState::Rejected,
            _ => decided,
        };
        let proposal = Proposal {
            artefact: propose.change.artefact().clone(),
            setting: propose.change.setting().clone(),
            effects: propose.effects.clone(),
            said: propose.said.as_deref().map(mask),
        };
        let proposal = self.keep_or_reuse(before.as_ref().map(|record| record.proposal), payload_json(&proposal)?);
        let answers = self.keep_or_reuse(before.as_ref().map(|record| record.answers), payload_json(&propose.answers)?);
        let mut record = ChangeRecord {
            change: propose.change.digest(),
            round: going_on.map_or_else(|| before.as_ref().map_or(1, |last| last.round + 1), |record| record.round),
            state,
            requester: propose.requester.clone(),
            gate: propose.gate.clone(),
            decision: propose.decision.clone(),
            policy: propose.policy,
            proposal,
            answers,
            proposed_at: going_on.map_or(self.now, |record| record.proposed_at),
            last_proposed_at: self.now,
            times_proposed: going_on.map_or(1, |record| record.times_proposed.saturating_add(1)),
            waits_until: going_on.map_or(propose.waits_until, |record| record.waits_until),
            spoken: going_on.map_or_else(BTreeMap::new, |record| record.spoken.clone()),
            permit: None,
            index: 0,
        };
        record.index = self.append(proposed(&record)?)?;
        // A change that is decided again and held is no longer released: its permit must not outlive the decision.
        let index = match before.as_ref().and_then(|record| record.permit.clone()) {
            Some(permit) => self.end_unspent(&permit, "server", "proposed-again")?.unwrap_or(record.index),
            None => record.index,
        };
        record.index = index;
        self.loaded.changes.put(record.change, record.clone());
        Ok(Outcome::Change(At { index: record.index, value: record }))
    }

    /// Records a person's word. Whose it is was verified; that it answers what was asked, once, in time, is seen to here.
    pub(super) fn speak(&mut self, speak: &Speak) -> Result<Outcome, Rejection> {
        let mut record = self.check_word(speak)?;
        let Speak { record: signed, statement, assurance } = speak;
        let payload = self.keep(payload_json(signed)?);
        let kind = match statement.ruling {
            Ruling::Approve => "change.approved",
            Ruling::Confirm => "change.confirmed",
            Ruling::Reject => "change.rejected",
        };
        let body = json!({
            "assurance": assurance.as_str(), "policy": statement.policy, "round": record.round, "shown": statement.shown,
        });
        let index = self.append(Draft {
            kind,
            subject: entry::change_subject(&record.change),
            actor: format!("person:{}", statement.approver),
            payload: vec![payload.0],
            body,
        })?;
        self.use_statement(speak);
        let word = WordRecord {
            change: record.change,
            round: record.round,
            approver: statement.approver.clone(),
            ruling: statement.ruling,
            assurance: *assurance,
            payload,
            proposal: record.proposal,
            spoken_at: self.now,
            index,
        };
        record.spoken.insert(statement.approver.clone(), statement.ruling);
        record.index = index;
        if statement.ruling == Ruling::Reject {
            if let Some(permit) = record.permit.take() {
                let ended = self.end_unspent(&permit, statement.approver.as_str(), "rejected")?;
                record.index = ended.unwrap_or(index);
            }
            record.state = ChangeState::Rejected;
        }
        self.loaded.changes.put(record.change, record);
        self.words.push(word.clone());
        Ok(Outcome::Word(At { value: word, index }))
    }

    /// Whether a proposal now belongs to the record's present round.
    fn goes_on(&self, record: &ChangeRecord) -> bool {
        match record.state {
            ChangeState::Held | ChangeState::Refused | ChangeState::Rejected => self.now <= record.waits_until,
            ChangeState::Released => {
                let permit = record.permit.as_ref().and_then(|id| self.loaded.permits.get(id));
                permit.is_some_and(|permit| self.now <= permit.grant.not_after)
            }
            ChangeState::Expired | ChangeState::Spent => false,
        }
    }

    /// Whether the change is released for somebody else, who can still carry it out.
    fn is_anothers(&self, record: &ChangeRecord, propose: &Propose) -> bool {
        let permit = record.permit.as_ref().and_then(|id| self.loaded.permits.get(id));
        record.state == ChangeState::Released
            && permit.is_some_and(|permit| {
                let theirs = permit.grant.actor != propose.requester || permit.grant.gate != propose.gate;
                theirs && permit.state == PermitState::Issued && self.now <= permit.grant.not_after
            })
    }

    /// Notes that somebody else asked for what is released. It changes nothing: asking takes nobody's permit away.
    fn note_asked(&mut self, record: &ChangeRecord, propose: &Propose) -> Result<Outcome, Rejection> {
        let index = self.append(Draft {
            kind: "change.asked",
            subject: entry::change_subject(&record.change),
            actor: entry::actor_token(&propose.requester),
            payload: Vec::new(),
            body: json!({
                "gate": propose.gate, "on_behalf_of": propose.requester.accountable(), "round": record.round,
            }),
        })?;
        Ok(Outcome::Change(At { index, value: record.clone() }))
    }

    fn check_word(&self, speak: &Speak) -> Result<ChangeRecord, Rejection> {
        let statement = &speak.statement;
        let asked = self.loaded.statements.get(&statement.nonce).ok_or(Rejection::Unknown { what: Thing::Statement })?;
        if asked.bytes != speak.record.statement {
            return Err(Rejection::OtherStatement);
        }
        if asked.answered_at.is_some() {
            return Err(Rejection::AlreadyUsed { what: Thing::Statement });
        }
        if self.now > asked.expires_at {
            return Err(Rejection::Expired { what: Thing::Statement, at: asked.expires_at });
        }
        self.check_key(speak)?;
        let record = self.loaded.changes.get(&statement.change).ok_or(Rejection::Unknown { what: Thing::Change })?;
        let own = record.requester.accountable() == Some(&statement.approver);
        match (statement.ruling, record.state) {
            (Ruling::Approve, ChangeState::Held) if own => Err(Rejection::SelfApproval),
            (Ruling::Confirm, ChangeState::Held) if !own => Err(Rejection::NotTheirs),
            (Ruling::Approve | Ruling::Confirm, ChangeState::Held) if record.spoken.contains_key(&statement.approver) => {
                Err(Rejection::AlreadySpoken { person: statement.approver.clone() })
            }
            (Ruling::Approve | Ruling::Confirm, ChangeState::Held) => Ok(record.clone()),
            (Ruling::Reject, ChangeState::Held | ChangeState::Refused | ChangeState::Released) => Ok(record.clone()),
            (_, state) => Err(Rejection::NotHeld { state }),
        }
    }

    /// The key may have been revoked since the signature was verified.
    fn check_key(&self, speak: &Speak) -> Result<(), Rejection> {
        let Proof::WebauthnV1 { assertion } = &speak.record.proof else { return Ok(()) };
        let key = self.loaded.credentials.get(&assertion.credential_id).ok_or(Rejection::Unknown { what: Thing::Key })?;
        if key.credential.person != speak.statement.approver {
            return Err(Rejection::OtherOwner);
        }
        if key.credential.revoked_at.is_some() { Err(Rejection::Revoked) } else { Ok(()) }
    }

    fn use_statement(&mut self, speak: &Speak) {
        if let Some(mut asked) = self.loaded.statements.get(&speak.statement.nonce).cloned() {
            asked.answered_at = Some(self.now);
            self.loaded.statements.put(asked.nonce.clone(), asked);
        }
    }

    /// Ends what has run out of time. Each row is looked at again: an earlier command of the batch may have moved it.
    pub(super) fn sweep(&mut self) -> Result<Outcome, Rejection> {
        let due = self.loaded.due.clone();
        let more = [due.changes_expired.len(), due.permits_expired.len(), due.permits_lost.len()].contains(&SWEPT_MAX);
        let mut swept = Swept { more, ..Swept::default() };
        for permit in due.permits_expired {
            if self.expire_permit(&permit)? {
                swept.permits_expired.push(permit);
            }
        }
        for permit in due.permits_lost {
            if self.lose_permit(&permit)? {
                swept.permits_lost.push(permit);
            }
        }
        for change in due.changes_expired {
            let Some(mut record) = self.loaded.changes.get(&change).cloned() else { continue };
            if record.state == ChangeState::Held && self.now > record.waits_until {
                record.index = self.append(expired(&record))?;
                record.state = ChangeState::Expired;
                self.loaded.changes.put(change, record);
                swept.changes_expired.push(change);
            }
        }
        self.forget_before = self.now.checked_sub(REMEMBERED_FOR).ok();
        Ok(Outcome::Swept(swept))
    }
}

fn proposed(record: &ChangeRecord) -> Result<Draft, Rejection> {
    let kind = match record.state {
        ChangeState::Rejected => "change.stopped",
        ChangeState::Refused => "change.refused",
        ChangeState::Expired | ChangeState::Held | ChangeState::Released | ChangeState::Spent => "change.held",
    };
    let guardrails = record.decision.guardrails();
    let name = |id: &str| Value::from(id.chars().take(NAMED_GUARDRAIL_CHARS).collect::<String>());
    let named: Vec<Value> = guardrails.iter().take(NAMED_GUARDRAILS_MAX).map(|held| name(&held.id)).collect();
    Ok(Draft {
        kind,
        subject: entry::change_subject(&record.change),
        actor: entry::actor_token(&record.requester),
        payload: payloads(record.proposal, record.answers),
        body: json!({
            "decided": entry::decided(&record.decision).map_err(|_| Rejection::TooLarge)?,
            "decision": record.decision.as_str(),
            "gate": record.gate,
            "guardrails": named,
            "guardrails_in_all": guardrails.len(),
            "on_behalf_of": record.requester.accountable(),
            "policy": record.policy,
            "round": record.round,
            "times": record.times_proposed,
            "waits_until": record.waits_until,
        }),
    })
}

fn payloads(proposal: PayloadId, answers: PayloadId) -> Vec<holdpoint_log::commitment::Commitment> {
    vec![proposal.0, answers.0]
}

fn expired(record: &ChangeRecord) -> Draft {
    Draft {
        kind: "change.expired",
        subject: entry::change_subject(&record.change),
        actor: "server".to_owned(),
        payload: Vec::new(),
        body: json!({ "round": record.round }),
    }
}
