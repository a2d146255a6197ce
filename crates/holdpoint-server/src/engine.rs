//! ★ Read first. What happens to a proposal: resolve effects → gather facts → decide → log → answer.
//!
//! ```text
//! propose ──▶ free ─────────────────────────────▶ allow
//!    │ held                                         ▲
//!    ▼                                              │ receipt
//! Propose recorded ──▶ rule (a person) ──▶ Release recorded ──▶ propose again: permit ──▶ redeem ──▶ settle
//! ```
//!
//! Nothing is said before it is written: each answer that lets something happen is made from a `Recorded` value. Redeeming
//! decides again, with the policy, the approvals and the effects of that moment.
//!
//! **In scope**: the order of the steps. **Out of scope**: who is asking ([`crate::identity`]), what is true
//! (`facts`), what is decided (`holdpoint-policy`), what is kept ([`crate::store`]), how a person is asked
//! ([`crate::approvals`]).

use std::sync::Arc;
use std::time::{Duration, Instant};

use holdpoint_api::v1::{
    AnswerV1, ChangeV1, GuardrailV1, ModeV1, OutcomeV1, ProgressV1, ProposalV1, RUNNER_GATE, RedeemedV1, RedemptionV1, ResultV1,
    VerdictV1,
};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, GateId, PermitId, PersonId, Strength};
use holdpoint_core::approval::{self, ApprovalRecord, Ruling};
use holdpoint_core::change::{Change, TooLarge};
use holdpoint_core::decision::{Decision, Severity};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::Effects;
use holdpoint_core::permit::{Grant, Permit, Receipt};
use holdpoint_core::question::Answers;
use holdpoint_core::quorum::Dossier;
use holdpoint_core::signed::{self, Signed, Signer as _};
use holdpoint_core::webauthn::RelyingParty;
use holdpoint_policy::case::{Case, Freezes, Surroundings, environments_in_reach};
use holdpoint_policy::decide;
use tracing::{info, warn};

use crate::approvals::notify::Notifier;
use crate::clock::{NoRandomness, World, fresh_id};
use crate::facts;
use crate::free_work::FreeWorkLog;
use crate::identity::{Caller, Locals};
use crate::in_force::{InForce, PolicyInForce};
use crate::keys::InstallationKey;
use crate::standing;
use crate::store::command::{Propose, Redeem, Release, Revoke, Settle, Speak};
use crate::store::record::{ActOutcome, ChangeRecord, ChangeState, Kept, PermitRecord, StoredChange};
use crate::store::{CommitError, ReadError, Record as _, Rejection, Store, credentials_of};
use crate::telemetry::Metrics;

/// What an installation is, as far as deciding needs it.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose installation it is.
    pub owner: PersonId,
    /// Who may ask on this machine.
    pub locals: Locals,
    /// The console's address, without a closing slash.
    pub console: String,
    /// For whom people sign.
    pub party: RelyingParty,
    /// Whether it runs as the user it guards.
    pub mode: ModeV1,
    /// Why.
    pub mode_reason: String,
    /// How long things wait and last.
    pub times: Times,
    /// Who hands receipts on, where the operator named a program for it.
    pub notifier: Option<Notifier>,
}

/// How long things wait and last.
#[derive(Debug, Clone, Copy)]
pub struct Times {
    /// How long a held change waits for people.
    pub change_waits: Duration,
    /// How long a released change can be carried out.
    pub permit_lasts: Duration,
    /// How long after an approval the permit begins: time to object to a receipt.
    pub receipt_hold: Duration,
    /// The same for what is critical.
    pub critical_receipt_hold: Duration,
}

impl Default for Times {
    fn default() -> Self {
        let minutes = |count: u64| Duration::from_secs(count * 60);
        Self {
            change_waits: minutes(4 * 60),
            permit_lasts: minutes(30),
            receipt_hold: minutes(1),
            critical_receipt_hold: minutes(5),
        }
    }
}

/// Decides about proposals and keeps what was decided.
pub struct Engine {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) world: Arc<dyn World>,
    pub(crate) key: Arc<InstallationKey>,
    pub(crate) policy: PolicyInForce,
    pub(crate) settings: Settings,
    pub(crate) metrics: Metrics,
    pub(crate) free_work: FreeWorkLog,
}

/// A proposal that was sealed and read: what it is, and what it would do.
struct Seen {
    change: Change,
    effects: Effects,
    answers: Answers,
    gate: GateId,
    act: Option<String>,
    said: Option<String>,
}

impl Seen {
    fn read(proposal: ProposalV1) -> Result<Self, TooLarge> {
        let ProposalV1 { gate, artefact, setting, answers, act, said } = proposal;
        let change = Change::seal(artefact, setting, &answers)?;
        let effects = holdpoint_effects::read(change.artefact(), change.setting(), &answers).effects;
        Ok(Self { change, effects, answers, gate, act, said })
    }
}

impl Engine {
    /// Answers one proposal.
    ///
    /// # Errors
    /// Says why nothing was decided. Nothing may happen then.
    pub async fn propose(&self, caller: &Caller, proposal: ProposalV1) -> Result<AnswerV1, Error> {
        let began = Instant::now();
        self.speaks_for(caller, &proposal.gate)?;
        let seen = Seen::read(proposal)?;
        let in_force = self.policy.now();
        let alone = self.judge(&in_force, caller.actor(), &seen, Dossier::default());
        self.metrics.decided(seen.gate.as_str(), &alone, began.elapsed());
        match alone {
            Decision::Allow => {
                self.free_work.note(caller.actor(), &seen.gate, &seen.change, &seen.effects, self.world.now());
                Ok(self.answer(&in_force, &seen, &Decision::Allow))
            }
            held => self.propose_held(caller, seen, held, &in_force).await,
        }
    }

    /// Goes on with a change that waits for people: they may have spoken already.
    async fn propose_held(&self, caller: &Caller, seen: Seen, held: Decision, in_force: &InForce) -> Result<AnswerV1, Error> {
        let digest = seen.change.digest();
        let known = self.store.change(digest).await?;
        if let Some(known) = &known
            && let Some(answer) = self.answer_released(caller, &seen, &known.record, in_force).await?
        {
            return Ok(answer);
        }
        if let Some(rejected) = known.as_ref().filter(|known| self.still_rejected(&known.record)) {
            let refusal = Decision::of(vec![standing::rejection(&rejected.record)]);
            return Ok(self.with_progress(self.answer(in_force, &seen, &refusal), &rejected.record, None));
        }
        let so_far = self.judge_now(in_force, caller.actor(), &seen).await?;
        if let Some(waiting) = known.filter(|known| so_far == Decision::Allow && known.record.state == ChangeState::Held) {
            return self.answer_no_longer_held(&seen, &waiting, &held, in_force).await;
        }
        // What people said about a permit that is spent or has run out does not count again: a new round begins without it.
        let waiting = if so_far == Decision::Allow { held } else { so_far };
        let record = self.record_held(caller, &seen, waiting.clone(), in_force).await?;
        if record.state == ChangeState::Released {
            return Ok(self.answer(in_force, &seen, &standing::released_for_another(&waiting)));
        }
        info!(change = %digest, gate = %seen.gate, guardrails = ?standing::names(&waiting), decision = waiting.as_str(), "held");
        Ok(self.with_progress(self.answer(in_force, &seen, &waiting), &record, None))
    }

    /// A change waited, people spoke, and the policy has since become one that their word satisfies: it is released now.
    async fn answer_no_longer_held(
        &self,
        seen: &Seen,
        waiting: &StoredChange,
        held: &Decision,
        in_force: &InForce,
    ) -> Result<AnswerV1, Error> {
        self.release_if_nothing_holds(waiting).await?;
        let now = self.store.change(seen.change.digest()).await?.ok_or(Error::NotFound)?;
        Ok(self.with_progress(self.answer(in_force, seen, held), &now.record, None))
    }

    async fn record_held(
        &self,
        caller: &Caller,
        seen: &Seen,
        decision: Decision,
        in_force: &InForce,
    ) -> Result<ChangeRecord, Error> {
        let recorded = self.store.record(Propose {
            change: seen.change.clone(),
            answers: seen.answers.clone(),
            effects: seen.effects.clone(),
            decision,
            policy: in_force.digest(),
            requester: caller.actor().clone(),
            gate: seen.gate.clone(),
            said: seen.said.clone(),
            waits_until: self.world.now() + self.waits(&seen.change),
        });
        Ok(recorded.await?.value().clone())
    }

    /// How long a held change waits for people. A canary is over at the next sweep: recorded like any other, and on nobody's list.
    fn waits(&self, change: &Change) -> Duration {
        if change.artefact().is_canary() { Duration::ZERO } else { self.settings.times.change_waits }
    }

    /// The answer to the retry of a change that was released: its permit, if this caller may have it and it has begun.
    async fn answer_released(
        &self,
        caller: &Caller,
        seen: &Seen,
        record: &ChangeRecord,
        in_force: &InForce,
    ) -> Result<Option<AnswerV1>, Error> {
        let Some(permit) = self.live_permit(record, caller, seen).await? else { return Ok(None) };
        let decision = self.judge_now(in_force, caller.actor(), seen).await?;
        if decision != Decision::Allow {
            return Ok(None);
        }
        let grant = permit.grant.clone();
        if self.world.now() < grant.not_before {
            let mut answer = self.answer(in_force, seen, &record.decision);
            answer.decision = VerdictV1::Hold;
            return Ok(Some(self.with_progress(answer, record, Some(&grant))));
        }
        let token = Permit::issue(permit.granted()).into_token(self.key.as_ref())?;
        let mut answer = self.answer(in_force, seen, &Decision::Allow);
        answer.permit = Some(token.to_string());
        Ok(Some(self.with_progress(answer, record, Some(&grant))))
    }

    /// The change's permit, where this caller can still use it: unspent, or spent for this very act a moment ago.
    async fn live_permit(&self, record: &ChangeRecord, caller: &Caller, seen: &Seen) -> Result<Option<PermitRecord>, Error> {
        let Some(id) = record.permit.clone() else { return Ok(None) };
        let Some(permit) = self.store.permit(id).await? else { return Ok(None) };
        let now = self.world.now();
        let usable = match &permit.spent {
            None => record.state == ChangeState::Released && now <= permit.grant.not_after,
            Some(spent) => seen.act.is_some() && spent.tool_use == seen.act && now <= spent.redemption.not_after,
        };
        let theirs = permit.grant.actor == *caller.actor() && permit.grant.gate == seen.gate;
        Ok((usable && theirs).then_some(permit))
    }

    /// Takes a person's word on a change, and releases the change when nothing holds it any more.
    ///
    /// This is the one way to a permit. It takes a signed statement and nothing else: whoever carries it here has no say.
    ///
    /// # Errors
    /// Says why their word does not count.
    pub async fn rule(&self, record: ApprovalRecord) -> Result<ChangeV1, Error> {
        let credentials = credentials_of(&self.store.credentials().await?);
        let verified =
            approval::verify(&record, &credentials, &self.settings.party).map_err(|why| Error::Forbidden(why.to_string()))?;
        let (change, ruling, approver) = (verified.change(), verified.ruling(), verified.approver().clone());
        let speak = Speak::new(record, &verified).map_err(|why| Error::Forbidden(why.to_string()))?;
        let word = self.store.record(speak).await?;
        self.metrics.ruled(ruling);
        info!(%change, %approver, ruling = ruling.as_str(), assurance = verified.assurance().as_str(), index = word.index(), "ruled");
        let stored = self.store.change(change).await?.ok_or(Error::NotFound)?;
        if ruling != Ruling::Reject && stored.record.state == ChangeState::Held {
            self.release_if_nothing_holds(&stored).await?;
        }
        self.view(change).await
    }

    /// Decides again about a held change from what is kept of it, and grants its permit when nothing holds it any more.
    async fn release_if_nothing_holds(&self, stored: &StoredChange) -> Result<(), Error> {
        let record = &stored.record;
        let Kept::Here(proposal) = &stored.proposal else {
            return Err(Error::NotReleased("what was proposed was redacted".into()));
        };
        let answers = self.store.answers(record.change).await?.and_then(Kept::here).unwrap_or_default();
        let change = Change::seal(proposal.artefact.clone(), proposal.setting.clone(), &answers)?;
        let effects = proposal.effects.clone();
        let seen = Seen { change, effects, answers, gate: record.gate.clone(), act: None, said: None };
        let in_force = self.policy.now();
        if self.judge_now(&in_force, &record.requester, &seen).await? != Decision::Allow {
            return Ok(());
        }
        let now = self.world.now();
        let not_before = now + self.hold_after(record);
        let grant = Grant {
            permit: PermitId::parse(fresh_id(self.world.as_ref(), "prm")?).map_err(|_| NoRandomness)?,
            change: record.change,
            gate: record.gate.clone(),
            actor: record.requester.clone(),
            policy: in_force.digest(),
            not_before,
            not_after: not_before + self.settings.times.permit_lasts,
        };
        let granted = self.store.record(Release { grant }).await?;
        self.metrics.permit("granted");
        info!(change = %record.change, permit = %granted.value().permit, %not_before, index = granted.index(), "released");
        Ok(())
    }

    /// The short hold in which an approver can object to a receipt, whoever spoke last. A release that rests on nothing but a
    /// confirm is about one's own agent and has none.
    fn hold_after(&self, record: &ChangeRecord) -> Duration {
        if !record.spoken.values().any(|ruling| *ruling == Ruling::Approve) {
            return Duration::ZERO;
        }
        match record.decision.severity() {
            Some(Severity::Critical) => self.settings.times.critical_receipt_hold,
            _ => self.settings.times.receipt_hold,
        }
    }

    /// Spends a permit: decides again about what the gate sees now, and answers with a receipt, once.
    ///
    /// # Errors
    /// Says why there is no such right any more. Nothing may happen then.
    pub async fn redeem(&self, caller: &Caller, redemption: RedemptionV1) -> Result<RedeemedV1, Error> {
        let RedemptionV1 { permit, seen } = redemption;
        let grant = Signed::<Grant>::parse(&permit)?.open(&self.key.verifying_key())?;
        if grant.actor != *caller.actor() {
            self.metrics.permit("refused");
            warn!(permit = %grant.permit, caller = %caller.actor(), "another's permit");
            return Err(Error::Forbidden("the permit is another agent's".into()));
        }
        self.speaks_for(caller, &seen.gate)?;
        let seen = Seen::read(seen)?;
        let in_force = self.policy.now();
        let decision = self.judge_now(&in_force, caller.actor(), &seen).await?;
        if decision != Decision::Allow {
            self.metrics.permit("refused");
            warn!(change = %seen.change.digest(), permit = %grant.permit, guardrails = ?standing::names(&decision), "redemption refused");
            return Err(Error::NotReleased(format!("held again by {}", standing::names(&decision).join(", "))));
        }
        let redeemed = self.store.record(Redeem {
            permit: grant.permit.clone(),
            change: seen.change.digest(),
            gate: seen.gate.clone(),
            actor: caller.actor().clone(),
            tool_use: seen.act.clone(),
        });
        let redeemed = redeemed.await.inspect_err(|_| self.metrics.permit("refused"))?;
        self.metrics.permit("redeemed");
        info!(change = %seen.change.digest(), permit = %grant.permit, index = redeemed.index(), "redeemed");
        // A crash here: the permit is spent and recorded, the gate hears nothing and does nothing; a retry of the same act is answered again.
        let receipt = Receipt::sign(redeemed, self.key.as_ref())?;
        Ok(RedeemedV1 { permit: grant.permit, receipt: receipt.to_string() })
    }

    /// Records what came of an act.
    ///
    /// # Errors
    /// Says why it was not recorded; the gate keeps it and tells it again.
    pub async fn settle(&self, caller: &Caller, outcome: OutcomeV1) -> Result<(), Error> {
        self.speaks_for(caller, &outcome.gate)?;
        let permit = self.store.permit(outcome.permit).await?.ok_or(Error::NotFound)?;
        // Whoever redeemed it tells how it went: another session's word would stand in the record in place of theirs.
        if permit.grant.actor != *caller.actor() || permit.grant.gate != outcome.gate {
            warn!(permit = %permit.grant.permit, caller = %caller.actor(), "another's act");
            return Err(Error::Forbidden("the act was another's".into()));
        }
        let what = self.proved(&outcome.gate, outcome.result);
        let event = if matches!(what, ActOutcome::Indeterminate { .. }) { "indeterminate" } else { "settled" };
        let settled =
            self.store.record(Settle { permit: permit.grant.permit.clone(), gate: outcome.gate, outcome: what }).await?;
        self.metrics.permit(event);
        info!(permit = %permit.grant.permit, state = %settled.value(), index = settled.index(), "settled");
        Ok(())
    }

    /// What an outcome may settle. That nothing began cannot be proved by a gate beside the agent: whoever can speak for it could
    /// have the permit back for a second act. There it counts as *nobody can tell*.
    fn proved(&self, gate: &GateId, result: ResultV1) -> ActOutcome {
        match (result, self.strength_of(gate)) {
            (ResultV1::NotStarted { why }, Strength::Advises) => {
                ActOutcome::Indeterminate { why: format!("reported as not begun, without proof: {why}") }
            }
            (result, _) => result.into(),
        }
    }

    /// Takes back a permit that was not used yet: the answer to a receipt for something one never approved.
    ///
    /// # Errors
    /// Fails where it was used or taken back already.
    pub async fn revoke(&self, permit: PermitId, by: String, reason: String) -> Result<(), Error> {
        let revoked = self.store.record(Revoke { permit: permit.clone(), by: by.clone(), reason }).await?;
        warn!(%permit, %by, state = %revoked.value(), index = revoked.index(), "permit taken back");
        Ok(())
    }

    /// Decides with what people have said so far.
    async fn judge_now(&self, in_force: &InForce, requester: &Actor, seen: &Seen) -> Result<Decision, Error> {
        let (store, party) = (self.store.as_ref(), &self.settings.party);
        let dossier = facts::dossier(store, party, in_force.estate(), requester, seen.change.digest(), &seen.effects).await?;
        Ok(self.judge(in_force, requester, seen, dossier))
    }

    fn judge(&self, in_force: &InForce, requester: &Actor, seen: &Seen, dossier: Dossier) -> Decision {
        let in_reach = environments_in_reach(seen.change.setting(), &seen.answers);
        let around = Surroundings {
            estate: in_force.estate(),
            freezes: &Freezes::none(),
            gate: self.strength_of(&seen.gate),
            in_reach: &in_reach,
            waived: &std::collections::BTreeSet::new(),
        };
        decide(in_force.policies(), &Case::assemble(requester.clone(), &seen.effects, dossier, &around))
    }

    /// What a gate can do about what goes around it: the runner has a user id of its own, every other gate that of the asker.
    fn strength_of(&self, gate: &GateId) -> Strength {
        let is_wall = self.settings.locals.have_a_runner() && gate.as_str() == RUNNER_GATE;
        if is_wall { Strength::Enforces } else { Strength::Advises }
    }

    /// Nobody speaks for the runner but the runner, and it for no other gate.
    fn speaks_for(&self, caller: &Caller, gate: &GateId) -> Result<(), Error> {
        match (caller.asks_through_the_runner(), gate.as_str() == RUNNER_GATE) {
            (true, true) | (false, false) => Ok(()),
            _ => Err(Error::Forbidden(format!("the caller does not speak for the gate `{gate}`"))),
        }
    }

    fn answer(&self, in_force: &InForce, seen: &Seen, decision: &Decision) -> AnswerV1 {
        AnswerV1 {
            decision: VerdictV1::from(decision),
            change: seen.change.digest(),
            effects: seen.effects.clone(),
            guardrails: decision.guardrails().iter().map(GuardrailV1::from).collect(),
            needs: decision.needs().into_iter().collect(),
            policy: in_force.digest(),
            snapshot: self.policy.snapshot_head(self.world.now()),
            permit: None,
            progress: None,
        }
    }

    fn with_progress(&self, mut answer: AnswerV1, record: &ChangeRecord, grant: Option<&Grant>) -> AnswerV1 {
        answer.progress = Some(ProgressV1 {
            state: standing::state(record, None),
            card: self.card(record.change),
            not_before: grant.map(|grant| grant.not_before),
            not_after: grant.map(|grant| grant.not_after),
        });
        answer
    }

    fn still_rejected(&self, record: &ChangeRecord) -> bool {
        record.state == ChangeState::Rejected && self.world.now() <= record.waits_until
    }

    /// The page on which a person decides about a change.
    pub fn card(&self, change: Digest) -> String {
        format!("{}/changes/{change}", self.settings.console)
    }

    /// Whose installation this is.
    pub const fn owner(&self) -> &PersonId {
        &self.settings.owner
    }

    /// Who may ask on this machine.
    pub const fn locals(&self) -> &Locals {
        &self.settings.locals
    }

    /// What is kept.
    pub fn store(&self) -> &dyn Store {
        self.store.as_ref()
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }
}

/// Why nothing was decided. Nothing has happened, and nothing may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The caller may not do that.
    #[error("{0}")]
    Forbidden(String),
    /// It cannot be read.
    #[error("{0}")]
    Malformed(String),
    /// There is no such thing.
    #[error("there is no such change or permit")]
    NotFound,
    /// There is no right to do it.
    #[error("it is not released: {0}")]
    NotReleased(String),
    /// It could not be found out or written down now.
    #[error("{0}")]
    Unavailable(String),
}

impl From<TooLarge> for Error {
    fn from(error: TooLarge) -> Self {
        Self::Malformed(error.to_string())
    }
}

impl From<NoRandomness> for Error {
    fn from(error: NoRandomness) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<signed::Error> for Error {
    fn from(error: signed::Error) -> Self {
        Self::NotReleased(error.to_string())
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Rejected(why) => why.into(),
            CommitError::OutcomeUnknown | CommitError::Stopped => Self::Unavailable(error.to_string()),
        }
    }
}

impl From<Rejection> for Error {
    fn from(why: Rejection) -> Self {
        Self::NotReleased(why.to_string())
    }
}

#[cfg(test)]
mod tests;
