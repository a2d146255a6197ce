//! Permits, from the grant to what came of the act.

use holdpoint_core::actor::{GateId, PermitId, PersonId};
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::{Grant, PermitEvent, PermitState, Redemption};
use jiff::Timestamp;
use serde::Deserialize;

use super::super::record::{ActOutcome, ChangeRecord, ChangeState, PermitRecord, Settled, Spent, UNREPORTED};
use super::state::{Permit, Replay};
use super::step::{Bodies, Step, Unclear};

impl Replay {
    pub(super) fn grant(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let granted: Granted = step.body()?;
        let grant = Grant {
            permit: granted.permit.clone(),
            change: step.change()?,
            gate: granted.gate,
            actor: step.actor(granted.on_behalf_of.as_ref())?,
            policy: granted.policy,
            not_before: granted.not_before,
            not_after: granted.not_after,
        };
        let change = self.change(step)?;
        change.state = ChangeState::Released;
        change.permit = Some(granted.permit.clone());
        change.index = step.index;
        let state = PermitState::Issued;
        let record = PermitRecord { grant, round: granted.round, state, index: step.index, spent: None, settled: None };
        let before = self.permits.insert(granted.permit, Permit { record, tool_use: None, reason_gone: false });
        if before.is_some() || granted.state != state { Err(step.out_of_turn()) } else { Ok(()) }
    }

    pub(super) fn redeem(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let redeemed: Redeemed = step.body()?;
        let permit = self.moved(step, PermitEvent::Redeem)?;
        let actor = step.actor(permit.record.grant.actor.accountable())?;
        let redemption =
            Redemption { permit: redeemed.permit, change: step.change()?, gate: redeemed.gate, not_after: redeemed.not_after };
        permit.record.settled = None;
        permit.record.spent = Some(Spent { redemption, actor, tool_use: None, at: step.at, index: step.index });
        permit.tool_use = redeemed.tool_use;
        let id = permit.record.grant.permit.clone();
        self.move_change(step, &id, ChangeState::Released, ChangeState::Spent)
    }

    pub(super) fn settle(&mut self, step: &Step<'_>, bodies: Bodies<'_>) -> Result<(), Unclear> {
        let told: Told = step.body()?;
        let reason = match step.payload(0) {
            Ok(payload) => bodies(&payload).and_then(|body| String::from_utf8(body).ok()),
            Err(_) => Some(UNREPORTED.to_owned()),
        };
        let reason_gone = reason.is_none();
        let why = reason.unwrap_or_default();
        let (event, outcome) = match told.outcome.as_str() {
            "done" => (PermitEvent::Finish, ActOutcome::Done { exit_status: told.exit_status }),
            "indeterminate" => (PermitEvent::Lose, ActOutcome::Indeterminate { why }),
            "not-started" => (PermitEvent::NotStarted, ActOutcome::NotStarted { why }),
            _ => return Err(step.body_says("no outcome")),
        };
        let permit = self.moved(step, event)?;
        permit.record.settled = Some(Settled { outcome, at: step.at, index: step.index });
        permit.reason_gone = reason_gone;
        let id = permit.record.grant.permit.clone();
        if event != PermitEvent::NotStarted {
            self.change(step)?.index = step.index;
            return Ok(());
        }
        permit.record.spent = None;
        permit.tool_use = None;
        self.move_change(step, &id, ChangeState::Spent, ChangeState::Released)
    }

    pub(super) fn expire_permit(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let id = self.moved(step, PermitEvent::Expire)?.record.grant.permit.clone();
        self.move_change(step, &id, ChangeState::Released, ChangeState::Expired)
    }

    pub(super) fn revoke(&mut self, step: &Step<'_>) -> Result<(), Unclear> {
        let ended: Ended = step.body()?;
        let id = self.moved(step, PermitEvent::Revoke)?.record.grant.permit.clone();
        match ended.why.as_str() {
            "revoked" => self.move_change(step, &id, ChangeState::Released, ChangeState::Held),
            // The entry before it moved the change.
            "proposed-again" | "rejected" => {
                self.change(step)?.index = step.index;
                Ok(())
            }
            // The change has gone on without this permit.
            "superseded" => Ok(()),
            _ => Err(step.body_says("no reason")),
        }
    }

    /// The permit of an entry in the state to which the entry says it has come.
    fn moved(&mut self, step: &Step<'_>, event: PermitEvent) -> Result<&mut Permit, Unclear> {
        let named: Named = step.body()?;
        let change = step.change()?;
        let permit = self.permits.get_mut(&named.permit).filter(|permit| permit.record.grant.change == change);
        let permit = permit.ok_or_else(|| step.out_of_turn())?;
        let next = permit.record.state.after(event).filter(|next| *next == named.state);
        permit.record.state = next.ok_or_else(|| step.out_of_turn())?;
        Ok(permit)
    }

    /// Moves the permit's change, where it is still about this permit.
    fn move_change(&mut self, step: &Step<'_>, permit: &PermitId, from: ChangeState, to: ChangeState) -> Result<(), Unclear> {
        let change = self.change(step)?;
        let about = |change: &ChangeRecord| change.permit.as_ref() == Some(permit) && change.state == from;
        if about(change) {
            change.state = to;
            change.index = step.index;
            if matches!(to, ChangeState::Held | ChangeState::Expired) {
                change.permit = None;
            }
        }
        Ok(())
    }
}

#[derive(Deserialize)]
struct Named {
    permit: PermitId,
    state: PermitState,
}

#[derive(Deserialize)]
struct Granted {
    gate: GateId,
    not_after: Timestamp,
    not_before: Timestamp,
    on_behalf_of: Option<PersonId>,
    permit: PermitId,
    policy: Digest,
    round: u32,
    state: PermitState,
}

#[derive(Deserialize)]
struct Redeemed {
    gate: GateId,
    not_after: Timestamp,
    permit: PermitId,
    tool_use: Option<Digest>,
}

#[derive(Deserialize)]
struct Told {
    outcome: String,
    exit_status: Option<i32>,
}

#[derive(Deserialize)]
struct Ended {
    why: String,
}
