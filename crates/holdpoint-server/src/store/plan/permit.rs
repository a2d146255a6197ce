//! Permits: granted, redeemed exactly once, settled, taken back.

use holdpoint_core::actor::{Actor, PermitId};
use holdpoint_core::permit::{PermitEvent, PermitState, Redemption};
use serde_json::json;

use super::super::command::{At, Outcome, Redeem, Release, Revoke, Settle};
use super::super::entry::{self, Draft};
use super::super::record::{ActOutcome, ChangeRecord, ChangeState, PayloadId, PermitRecord, Settled, Spent, UNREPORTED};
use super::Thing;
use super::{BEGIN_WITHIN, Planner, Rejection, bounded};

impl Planner {
    /// Grants the permit of a held change.
    pub(super) fn release(&mut self, release: &Release) -> Result<Outcome, Rejection> {
        let grant = &release.grant;
        if let Some(known) = self.loaded.permits.get(&grant.permit) {
            return if known.grant == *grant {
                Ok(Outcome::Granted(At { value: grant.clone(), index: known.index }))
            } else {
                Err(Rejection::AlreadyThere { what: Thing::Permit })
            };
        }
        let mut change = self.check_release(release)?;
        let permit = PermitRecord {
            grant: grant.clone(),
            round: change.round,
            state: PermitState::Issued,
            index: 0,
            spent: None,
            settled: None,
        };
        let body = json!({
            "gate": grant.gate, "not_after": grant.not_after, "not_before": grant.not_before,
            "on_behalf_of": grant.actor.accountable(), "permit": grant.permit, "policy": grant.policy, "round": change.round,
        });
        let actor = entry::actor_token(&grant.actor);
        let index = self.append(permit_entry("permit.granted", &permit, actor, None, body))?;
        change.state = ChangeState::Released;
        change.permit = Some(grant.permit.clone());
        change.index = index;
        self.loaded.changes.put(change.change, change);
        self.loaded.permits.put(grant.permit.clone(), PermitRecord { index, ..permit });
        Ok(Outcome::Granted(At { value: grant.clone(), index }))
    }

    fn check_release(&self, release: &Release) -> Result<ChangeRecord, Rejection> {
        let grant = &release.grant;
        let change = self.loaded.changes.get(&grant.change).ok_or(Rejection::Unknown { what: Thing::Change })?;
        match (change.state, &change.permit) {
            (ChangeState::Held, _) => {}
            (ChangeState::Released, Some(permit)) => return Err(Rejection::AlreadyGranted { permit: permit.clone() }),
            (state, _) => return Err(Rejection::NotHeld { state }),
        }
        if change.gate != grant.gate {
            return Err(Rejection::OtherGate { gate: change.gate.clone() });
        }
        if !same_owner(&change.requester, &grant.actor) {
            return Err(Rejection::OtherOwner);
        }
        if self.now > grant.not_after || grant.not_before > grant.not_after {
            return Err(Rejection::Expired { what: Thing::Permit, at: grant.not_after });
        }
        Ok(change.clone())
    }

    /// Spends a permit. Every refused attempt leaves an entry.
    pub(super) fn redeem(&mut self, redeem: &Redeem) -> Result<Outcome, Rejection> {
        match self.check_redeem(redeem) {
            Ok(Redeemable::Now(permit)) => self.spend(redeem, *permit),
            Ok(Redeemable::Again(at)) => Ok(Outcome::Redeemed(at)),
            Err(rejection) => {
                self.append(refused(redeem, &rejection))?;
                Err(rejection)
            }
        }
    }

    fn check_redeem(&self, redeem: &Redeem) -> Result<Redeemable, Rejection> {
        redeem.tool_use.as_deref().map_or(Ok(()), bounded)?;
        let permit = self.loaded.permits.get(&redeem.permit).ok_or(Rejection::Unknown { what: Thing::Permit })?;
        let grant = &permit.grant;
        if grant.change != redeem.change {
            return Err(Rejection::OtherChange { released: grant.change, seen: redeem.change });
        }
        if grant.gate != redeem.gate {
            return Err(Rejection::OtherGate { gate: grant.gate.clone() });
        }
        if !same_owner(&grant.actor, &redeem.actor) {
            return Err(Rejection::OtherOwner);
        }
        if let (PermitState::Started, Some(spent)) = (permit.state, &permit.spent) {
            return self.check_again(redeem, spent);
        }
        if permit.state != PermitState::Issued {
            return Err(Rejection::PermitState { state: permit.state });
        }
        if self.now < grant.not_before {
            return Err(Rejection::NotYet { not_before: grant.not_before });
        }
        if self.now > grant.not_after {
            return Err(Rejection::Expired { what: Thing::Permit, at: grant.not_after });
        }
        Ok(Redeemable::Now(Box::new(permit.clone())))
    }

    /// The host may have lost our answer: the same tool call, while its redemption lasts, hears it again.
    fn check_again(&self, redeem: &Redeem, spent: &Spent) -> Result<Redeemable, Rejection> {
        let same_call = redeem.tool_use.is_some() && redeem.tool_use == spent.tool_use && redeem.actor == spent.actor;
        if same_call && self.now <= spent.redemption.not_after {
            Ok(Redeemable::Again(At { value: spent.redemption.clone(), index: spent.index }))
        } else {
            Err(Rejection::AlreadyUsed { what: Thing::Permit })
        }
    }

    fn spend(&mut self, redeem: &Redeem, mut permit: PermitRecord) -> Result<Outcome, Rejection> {
        permit.state = moved(&permit, PermitEvent::Redeem)?;
        let begin_before = self.now.checked_add(BEGIN_WITHIN).unwrap_or(permit.grant.not_after);
        let redemption = Redemption {
            permit: redeem.permit.clone(),
            change: redeem.change,
            gate: redeem.gate.clone(),
            not_after: begin_before.min(permit.grant.not_after),
        };
        let body = json!({
            "gate": redeem.gate, "not_after": redemption.not_after, "permit": redeem.permit, "round": permit.round,
            "tool_use": redeem.tool_use.as_deref().map(entry::tool_use),
        });
        let actor = entry::actor_token(&redeem.actor);
        let index = self.append(permit_entry("permit.redeemed", &permit, actor, None, body))?;
        permit.settled = None;
        permit.spent = Some(Spent {
            redemption: redemption.clone(),
            actor: redeem.actor.clone(),
            tool_use: redeem.tool_use.clone(),
            at: self.now,
            index,
        });
        self.move_change(&permit, ChangeState::Released, ChangeState::Spent, index);
        self.loaded.permits.put(redeem.permit.clone(), permit);
        Ok(Outcome::Redeemed(At { value: redemption, index }))
    }

    /// Records what came of an act.
    pub(super) fn settle(&mut self, settle: &Settle) -> Result<Outcome, Rejection> {
        let permit = self.loaded.permits.get(&settle.permit).ok_or(Rejection::Unknown { what: Thing::Permit })?.clone();
        if permit.grant.gate != settle.gate {
            return Err(Rejection::OtherGate { gate: permit.grant.gate });
        }
        if let Some(settled) = permit.settled.as_ref().filter(|settled| settled.outcome == settle.outcome) {
            return Ok(Outcome::Permit(At { value: permit.state, index: settled.index }));
        }
        let payload = match &settle.outcome {
            ActOutcome::Done { .. } => None,
            ActOutcome::Indeterminate { why } | ActOutcome::NotStarted { why } => Some(self.keep_words(why)?),
        };
        let (state, index) = self.end_act(permit, &settle.outcome, format!("gate:{}", settle.gate), payload)?;
        Ok(Outcome::Permit(At { value: state, index }))
    }

    fn end_act(
        &mut self,
        mut permit: PermitRecord,
        outcome: &ActOutcome,
        actor: String,
        payload: Option<PayloadId>,
    ) -> Result<(PermitState, u64), Rejection> {
        let (event, body) = match outcome {
            ActOutcome::Done { exit_status } => (PermitEvent::Finish, json!({ "outcome": "done", "exit_status": exit_status })),
            ActOutcome::Indeterminate { .. } => (PermitEvent::Lose, json!({ "outcome": "indeterminate" })),
            ActOutcome::NotStarted { .. } => (PermitEvent::NotStarted, json!({ "outcome": "not-started" })),
        };
        permit.state = moved(&permit, event)?;
        let index = self.append(permit_entry("permit.settled", &permit, actor, payload, body))?;
        permit.settled = Some(Settled { outcome: outcome.clone(), at: self.now, index });
        let id = permit.grant.permit.clone();
        if permit.state == PermitState::Issued {
            permit.spent = None;
            self.revive(&permit, index)?;
        } else {
            self.touch_change(&permit, index);
            self.loaded.permits.put(id.clone(), permit);
        }
        let state = self.loaded.permits.get(&id).map_or(PermitState::Revoked, |permit| permit.state);
        Ok((state, index))
    }

    /// A permit whose act did not begin lives on, unless its change has moved on to another round.
    fn revive(&mut self, permit: &PermitRecord, index: u64) -> Result<(), Rejection> {
        let id = permit.grant.permit.clone();
        self.loaded.permits.put(id.clone(), permit.clone());
        if self.move_change(permit, ChangeState::Spent, ChangeState::Released, index) {
            return Ok(());
        }
        self.end_unspent(&id, "server", "superseded").map(|_| ())
    }

    /// Takes a permit back; its change waits again.
    pub(super) fn revoke(&mut self, revoke: &Revoke) -> Result<Outcome, Rejection> {
        bounded(&revoke.by)?;
        let permit = self.loaded.permits.get(&revoke.permit).ok_or(Rejection::Unknown { what: Thing::Permit })?.clone();
        if permit.state == PermitState::Revoked {
            return Ok(Outcome::Permit(At { value: permit.state, index: permit.index }));
        }
        moved(&permit, PermitEvent::Revoke)?;
        let reason = self.keep_words(&revoke.reason)?;
        let index = self.end_permit(permit.clone(), PermitEvent::Revoke, revoke.by.clone(), Some(reason), "revoked")?;
        self.move_change(&permit, ChangeState::Released, ChangeState::Held, index);
        Ok(Outcome::Permit(At { value: PermitState::Revoked, index }))
    }

    /// Takes back a permit that can still be redeemed; nothing where it cannot. Its change is the caller's to move.
    pub(super) fn end_unspent(&mut self, id: &PermitId, by: &str, why: &'static str) -> Result<Option<u64>, Rejection> {
        let issued = self.loaded.permits.get(id).filter(|permit| permit.state == PermitState::Issued).cloned();
        issued.map(|permit| self.end_permit(permit, PermitEvent::Revoke, by.to_owned(), None, why)).transpose()
    }

    /// Ends a permit whose time has passed. Returns whether it did.
    pub(super) fn expire_permit(&mut self, id: &PermitId) -> Result<bool, Rejection> {
        let Some(permit) = self.loaded.permits.get(id).cloned() else { return Ok(false) };
        if permit.state != PermitState::Issued || self.now <= permit.grant.not_after {
            return Ok(false);
        }
        let index = self.end_permit(permit.clone(), PermitEvent::Expire, "server".to_owned(), None, "time")?;
        self.move_change(&permit, ChangeState::Released, ChangeState::Expired, index);
        Ok(true)
    }

    /// Gives up on an act that nobody reported. Returns whether it did.
    pub(super) fn lose_permit(&mut self, id: &PermitId) -> Result<bool, Rejection> {
        let Some(permit) = self.loaded.permits.get(id).filter(|permit| permit.state == PermitState::Started).cloned() else {
            return Ok(false);
        };
        let outcome = ActOutcome::Indeterminate { why: UNREPORTED.to_owned() };
        self.end_act(permit, &outcome, "server".to_owned(), None)?;
        Ok(true)
    }

    fn end_permit(
        &mut self,
        mut permit: PermitRecord,
        event: PermitEvent,
        by: String,
        payload: Option<PayloadId>,
        why: &'static str,
    ) -> Result<u64, Rejection> {
        permit.state = moved(&permit, event)?;
        let kind = if event == PermitEvent::Expire { "permit.expired" } else { "permit.revoked" };
        let index = self.append(permit_entry(kind, &permit, by, payload, json!({ "why": why })))?;
        self.loaded.permits.put(permit.grant.permit.clone(), permit);
        Ok(index)
    }

    /// Moves the permit's change, where it is still about this permit. Returns whether it is.
    fn move_change(&mut self, permit: &PermitRecord, from: ChangeState, to: ChangeState, index: u64) -> bool {
        let change = self.loaded.changes.get(&permit.grant.change).cloned();
        let about = |change: &ChangeRecord| change.permit.as_ref() == Some(&permit.grant.permit) && change.state == from;
        let Some(mut change) = change.filter(about) else { return false };
        change.state = to;
        change.index = index;
        if matches!(to, ChangeState::Held | ChangeState::Expired) {
            change.permit = None;
        }
        self.loaded.changes.put(change.change, change);
        true
    }

    /// The log has spoken of the permit's change, whose state stays.
    fn touch_change(&mut self, permit: &PermitRecord, index: u64) {
        if let Some(mut change) = self.loaded.changes.get(&permit.grant.change).cloned() {
            change.index = index;
            self.loaded.changes.put(change.change, change);
        }
    }
}

enum Redeemable {
    Again(At<Redemption>),
    Now(Box<PermitRecord>),
}

fn moved(permit: &PermitRecord, event: PermitEvent) -> Result<PermitState, Rejection> {
    permit.state.after(event).ok_or(Rejection::PermitState { state: permit.state })
}

/// Whether two actors are of one kind and answer to the same person: an agent's next session is still that person's agent.
fn same_owner(one: &Actor, other: &Actor) -> bool {
    match (one, other) {
        (Actor::Agent { on_behalf_of: one, .. }, Actor::Agent { on_behalf_of: other, .. }) => one == other,
        (Actor::Person { id: one }, Actor::Person { id: other }) => one == other,
        (Actor::Service { id: one }, Actor::Service { id: other }) => one == other,
        (Actor::Agent { .. } | Actor::Person { .. } | Actor::Service { .. }, _) => false,
    }
}

fn permit_entry(
    kind: &'static str,
    permit: &PermitRecord,
    actor: String,
    payload: Option<PayloadId>,
    mut body: serde_json::Value,
) -> Draft {
    if let Some(body) = body.as_object_mut() {
        body.insert("permit".to_owned(), permit.grant.permit.as_str().into());
        body.insert("state".to_owned(), permit.state.as_str().into());
    }
    Draft {
        kind,
        subject: entry::change_subject(&permit.grant.change),
        actor,
        payload: payload.into_iter().map(|id| id.0).collect(),
        body,
    }
}

fn refused(redeem: &Redeem, rejection: &Rejection) -> Draft {
    Draft {
        kind: "permit.refused",
        subject: entry::change_subject(&redeem.change),
        actor: entry::actor_token(&redeem.actor),
        payload: Vec::new(),
        body: json!({ "gate": redeem.gate, "permit": redeem.permit, "why": rejection.as_str() }),
    }
}
