//! The desk where a gate asks: propose, redeem, settle.
//!
//! ```text
//!                      ┌─ answers ──▶ verified against the pinned key ──▶ offer or stop
//!  propose ──▶ control plane
//!                      └─ away ─────▶ the signed snapshot, alone ───────▶ free work, or stop
//! ```
//!
//! **In scope**: one question with a deadline, what its answer proves, what a gate decides alone, and keeping outcomes until
//! they are heard. **Out of scope**: who the gate is and what it reads ([`crate::passage`]).
//!
//! Nothing the control plane says is believed for its own sake: an answer must be about the change that was asked about, a
//! receipt and a snapshot must carry the signature of the key that was pinned when Holdpoint was set up.

mod alone;
mod asker;
mod error;
mod file;
mod outbox;
mod pinned;

use std::fmt;

use holdpoint_api::client::{self, Client};
use holdpoint_api::home::Home;
use holdpoint_api::v1::{AnswerV1, JudgementV1, OutcomeV1, ProposalV1, RedeemedV1, RedemptionV1, ResultV1, VerdictV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::GateId;
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::{Basis, Grant, Receipt, Snapshot, SnapshotHead, Warrant};
use holdpoint_core::signed::Signed;

use crate::seen::Seen;
use outbox::{Outbox, Told};
use pinned::Pinned;

pub use asker::Asker;
pub use error::Error;
pub(crate) use file::replace;

/// Where a gate asks.
#[derive(Debug)]
pub struct Desk {
    gate: GateId,
    home: Home,
    asker: Asker,
    client: Client,
    pinned: Pinned,
    outbox: Outbox,
}

impl Desk {
    /// Opens the desk of an installation for one gate, which asks by this client.
    ///
    /// # Errors
    /// Fails where the installation's key cannot be read: without it nothing can be verified.
    pub fn open(gate: GateId, home: &Home, client: Client, asker: Asker) -> Result<Self, Error> {
        let client = match &asker {
            Asker::Agent(session) => client.with_session(session.secret.clone()),
            Asker::For(uid) => client.acting_for(*uid),
            Asker::Person => client,
        };
        Ok(Self { pinned: Pinned::open(home, &gate)?, outbox: Outbox::at(home), home: home.clone(), gate, asker, client })
    }

    /// The head of the snapshot that the control plane left for times when it is away.
    ///
    /// # Errors
    /// Fails where there is none that a gate could decide with.
    pub fn snapshot_left(&self) -> Result<SnapshotHead, Error> {
        let left = alone::read(&self.home)?;
        Ok(self.pinned.snapshot(&left.head)?.head().clone())
    }

    /// Proposes what the gate sees.
    ///
    /// # Errors
    /// Fails where the control plane will not answer this asker, or its answer is about something else or is not proved.
    pub fn propose(&self, seen: &Seen) -> Result<Proposed, Error> {
        let answer: AnswerV1 = match self.client.post(path::PROPOSALS, &self.proposal(seen)) {
            Ok(answer) => answer,
            Err(error) if is_away(&error) => return Ok(self.decide_alone(seen, &error)),
            Err(error) => return Err(error.into()),
        };
        self.outbox.send_kept(|kept| self.send(kept));
        if answer.change != seen.change.digest() {
            return Err(Error::OtherChange { asked: seen.change.digest(), answered: answer.change });
        }
        self.weigh(answer)
    }

    /// What may happen with nobody to ask: free work, under the snapshot that was left behind.
    ///
    /// A snapshot past its time still serves reads and losses that git can bring back; the warrant sees to that. Whoever comes
    /// with harmful work then hears why it is held, instead of failing at the redemption.
    fn decide_alone(&self, seen: &Seen, error: &client::Error) -> Proposed {
        let away = |decision, why| {
            let (change, effects) = (seen.change.digest(), seen.effects.clone());
            Proposed::Stopped(Stopped::Away(Away { change, effects, decision, why }))
        };
        match alone::decide_alone(&self.home, &self.pinned, &self.asker, seen) {
            Err(no_snapshot) => away(None, format!("{error}, and {no_snapshot}")),
            Ok((snapshot, Decision::Allow)) if snapshot.head().not_after < Timestamp::now() && !seen.effects.harmless() => {
                away(None, format!("{error}, and what it left behind was good until {:.0}", snapshot.head().not_after))
            }
            Ok((snapshot, decision @ Decision::Allow)) => {
                Proposed::Offered(Offer::Free(Box::new(FreeOffer { snapshot, decision })))
            }
            Ok((_, decision)) => away(Some(decision), error.to_string()),
        }
    }

    /// What an answer about the right change amounts to.
    fn weigh(&self, answer: AnswerV1) -> Result<Proposed, Error> {
        if let Some(token) = &answer.permit {
            let token = Signed::<Grant>::parse(token)?;
            return Ok(Proposed::Offered(Offer::Permit(PermitOffer { token })));
        }
        // Work that was ever held is never free: without a permit it is held still, whatever the verdict says.
        if answer.decision != VerdictV1::Allow || answer.progress.is_some() {
            return Ok(Proposed::Stopped(Stopped::Held(Box::new(answer))));
        }
        let snapshot = self.pinned.snapshot(&answer.snapshot)?;
        Ok(Proposed::Offered(Offer::Free(Box::new(FreeOffer { snapshot, decision: answer.to_decision() }))))
    }

    /// Turns an offer into the warrant for what the gate sees now. A permit is spent by that, whatever happens next.
    ///
    /// # Errors
    /// Fails where there is no warrant. Nothing has happened, and where a permit may have been spent the control plane is told so.
    pub fn redeem(&self, offer: Offer, seen: &Seen) -> Result<Warrant, Error> {
        let now = Timestamp::now();
        match offer {
            Offer::Free(free) => Ok(Warrant::free(&free.snapshot, &free.decision, &seen.effects, &seen.change, now)?),
            Offer::Permit(permit) => self.spend(&permit, seen),
        }
    }

    fn spend(&self, permit: &PermitOffer, seen: &Seen) -> Result<Warrant, Error> {
        let grant = permit.token.open(self.pinned.key())?;
        let redemption = RedemptionV1 { permit: permit.token.to_string(), seen: self.proposal(seen) };
        let warrant = self.client.post(path::REDEMPTIONS, &redemption).map_err(Error::from).and_then(|redeemed| {
            let RedeemedV1 { receipt, .. } = redeemed;
            let receipt = Signed::<Receipt>::parse(&receipt)?;
            let warrant = Warrant::redeemed(&receipt, self.pinned.key(), &self.gate, &seen.change, Timestamp::now())?;
            Ok(warrant.ending(grant.not_after))
        });
        if let Err(error) = &warrant
            && error.may_have_arrived()
        {
            let why = format!("the gate did not begin: {error}");
            self.tell(OutcomeV1 {
                permit: grant.permit,
                act: seen.act.clone(),
                gate: self.gate.clone(),
                result: ResultV1::NotStarted { why },
            });
        }
        warrant
    }

    /// Tells the control plane what came of an act that the gate carried out. Free work is settled by its proposal.
    pub fn settle(&self, basis: &Basis, result: &ResultV1) -> Settled {
        match basis {
            Basis::Free { .. } => Settled::Free,
            Basis::Permit { id, .. } => {
                self.tell(OutcomeV1 { permit: id.clone(), act: None, gate: self.gate.clone(), result: result.clone() })
            }
        }
    }

    /// Notes that the host was let act with a permit, so that its later report finds the permit again. An act the host does not
    /// name leaves no note: its permit ends as indeterminate.
    ///
    /// # Errors
    /// Fails where the note cannot be kept. The host must then be told not to act, and the control plane is told that it was.
    pub fn expect_outcome(&self, act: Option<&str>, warrant: &Warrant) -> Result<(), Error> {
        let (Some(act), Basis::Permit { id, .. }) = (act, warrant.basis()) else { return Ok(()) };
        self.outbox.expect(act, id).inspect_err(|error| {
            self.tell(OutcomeV1 {
                permit: id.clone(),
                act: Some(act.to_owned()),
                gate: self.gate.clone(),
                result: ResultV1::NotStarted { why: format!("the gate could not note the act: {error}") },
            });
        })?;
        Ok(())
    }

    /// Takes in what a host reports about an act of its own. Acts that spent no permit are of no interest here.
    pub fn observe(&self, act: &str, result: ResultV1) -> Settled {
        let Some(permit) = self.outbox.expected(act) else { return Settled::Free };
        let outcome = OutcomeV1 { permit, act: Some(act.to_owned()), gate: self.gate.clone(), result };
        let settled = self.tell(outcome);
        self.outbox.forget(act);
        settled
    }

    /// Sends one outcome; what cannot be sent now is kept and sent with a later one.
    fn tell(&self, outcome: OutcomeV1) -> Settled {
        match self.send(&outcome) {
            Ok(_) => {
                self.outbox.send_kept(|kept| self.send(kept));
                Settled::Told
            }
            Err(_) => match self.outbox.keep(&outcome) {
                Ok(()) => Settled::Kept,
                Err(source) => Settled::Lost(source),
            },
        }
    }

    /// Posts one outcome. A control plane that has heard it and has objections has heard it.
    fn send(&self, outcome: &OutcomeV1) -> Result<Told, client::Error> {
        match self.client.exchange_bytes("POST", path::OUTCOMES, &serde_json::to_vec(outcome).unwrap_or_default()) {
            Ok((403, _)) => Ok(Told::ByAnother),
            Ok((status, _)) if status < 500 => Ok(Told::Heard),
            Ok(_) => Err(client::Error::Unreadable("the control plane could not take the outcome")),
            Err(error) => Err(error),
        }
    }

    fn proposal(&self, seen: &Seen) -> ProposalV1 {
        ProposalV1 {
            gate: self.gate.clone(),
            artefact: seen.change.artefact().clone(),
            setting: seen.change.setting().clone(),
            answers: seen.answers.clone(),
            act: seen.act.clone(),
            said: seen.said.clone(),
        }
    }
}

/// Whether nobody sensible is there to ask. A control plane that answers and says no is not away.
const fn is_away(error: &client::Error) -> bool {
    match error {
        client::Error::Answered { status, .. } => *status >= 500,
        client::Error::Away { .. } | client::Error::Broken { .. } | client::Error::Late | client::Error::Unreadable(_) => true,
    }
}

/// What came of a proposal.
#[derive(Debug)]
pub enum Proposed {
    /// It may happen, once the offer is redeemed.
    Offered(Offer),
    /// It may not happen now.
    Stopped(Stopped),
}

/// The right to act, not yet taken up.
#[derive(Debug)]
#[must_use]
pub enum Offer {
    /// No guardrail holds it.
    Free(Box<FreeOffer>),
    /// It was released, once.
    Permit(PermitOffer),
}

/// Free work, and the snapshot under which it is free.
#[derive(Debug)]
pub struct FreeOffer {
    snapshot: Snapshot,
    decision: Decision,
}

/// A permit that has not been spent.
pub struct PermitOffer {
    token: Signed<Grant>,
}

impl fmt::Debug for PermitOffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PermitOffer(a token)")
    }
}

/// A change that was not let through. Nothing happened.
#[derive(Debug, Clone)]
pub enum Stopped {
    /// There is nobody to ask, and it is not work that a gate may let through alone.
    Away(Away),
    /// The control plane holds or refuses it.
    Held(Box<AnswerV1>),
}

impl Stopped {
    /// What was decided, in the shape in which decisions are shown.
    pub fn judgement(&self) -> JudgementV1 {
        match self {
            Self::Away(away) => away.judgement(),
            Self::Held(answer) => answer.judgement(),
        }
    }

    /// Whether people can still release it.
    pub fn waits(&self) -> bool {
        matches!(self, Self::Held(answer) if answer.decision == VerdictV1::Hold)
    }
}

/// What a gate knows of a change that it could ask nobody about.
#[derive(Debug, Clone)]
pub struct Away {
    /// The change.
    pub change: Digest,
    /// What it would do.
    pub effects: holdpoint_core::effect::Effects,
    /// What the policy of the snapshot says, where there is a usable one.
    pub decision: Option<Decision>,
    /// Why nobody could be asked.
    pub why: String,
}

impl Away {
    /// What is known, in the shape in which decisions are shown.
    pub fn judgement(&self) -> JudgementV1 {
        let held = Decision::Hold { guardrails: Vec::new() };
        JudgementV1::new(self.change, &self.effects, self.decision.as_ref().unwrap_or(&held))
    }
}

/// What the control plane knows of an outcome.
#[derive(Debug)]
pub enum Settled {
    /// There was nothing to tell.
    Free,
    /// It is away; the outcome is kept and sent later.
    Kept,
    /// It is away, and the outcome could not be kept either. The permit ends as indeterminate.
    Lost(std::io::Error),
    /// It was told.
    Told,
}

impl Settled {
    /// What whoever asked should know about it, if anything.
    pub fn remark(&self) -> Option<String> {
        match self {
            Self::Free | Self::Told => None,
            Self::Kept => Some("the control plane is away; the outcome is kept and told with the next call".to_owned()),
            Self::Lost(error) => Some(format!("the outcome could be neither told nor kept: {error}")),
        }
    }
}
