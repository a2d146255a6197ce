//! From a recorded decision to the right to act, once.
//!
//! ```text
//!  store commits          issue              redeem (decides again, once)       at the gate
//!  Recorded<Grant> ────▶ Permit ──token──▶ Recorded<Redemption> ──receipt──▶ Warrant ──▶ run
//! ```
//!
//! Each arrow is the only way to the type at its right. A [`Warrant`] is taken by value where something happens, so the
//! compiler shows every place where something can happen, and that each has asked.
//!
//! **In scope**: what these things say, and which may follow which. **Out of scope**: where they are stored and how exactly
//! once is kept under concurrency (`holdpoint-server::store`).

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::{Actor, GateId, PermitId};
use crate::change::Change;
use crate::decision::Decision;
use crate::digest::Digest;
use crate::effect::Effects;
use crate::signed::{self, Signed, Signer, Statement, VerifyingKey};

/// A value that the store has committed, with its place in the log: written before spoken.
#[derive(Debug)]
#[must_use]
pub struct Recorded<T> {
    value: T,
    index: u64,
}

impl<T> Recorded<T> {
    /// Asserts that the store has committed `value` at `index` of the log.
    ///
    /// This is the one way to a `Recorded`, and `clippy.toml` bans it everywhere but in the store.
    pub const fn assertion(value: T, index: u64) -> Self {
        Self { value, index }
    }

    /// What was recorded.
    pub const fn value(&self) -> &T {
        &self.value
    }

    /// Its place in the log.
    pub const fn index(&self) -> u64 {
        self.index
    }
}

/// What was released: exactly one change, for one gate and one actor, for a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// The permit that this grant gives.
    pub permit: PermitId,
    /// The change that was released.
    pub change: Digest,
    /// The gate it was proposed at.
    pub gate: GateId,
    /// Who may carry it out.
    pub actor: Actor,
    /// The policy bundle that was in force.
    pub policy: Digest,
    /// When the permit begins: after the hold that follows a receipt.
    pub not_before: Timestamp,
    /// When it ends.
    pub not_after: Timestamp,
}

impl Statement for Grant {
    const DOMAIN: &'static str = "holdpoint-permit-v1";
}

/// The right to carry out one change once. It exists only because a [`Grant`] was recorded, and cannot be copied.
#[derive(Debug)]
#[must_use]
pub struct Permit {
    grant: Grant,
}

impl Permit {
    /// Issues the permit that a recorded grant gives.
    pub fn issue(grant: Recorded<Grant>) -> Self {
        Self { grant: grant.value }
    }

    /// What it is for.
    pub const fn grant(&self) -> &Grant {
        &self.grant
    }

    /// Turns the permit into the token that a gate brings back to redeem it.
    ///
    /// # Errors
    /// Fails as [`Signed::sign`] does.
    pub fn into_token(self, signer: &dyn Signer) -> Result<Signed<Grant>, signed::Error> {
        Signed::sign(&self.grant, signer)
    }
}

/// That a permit was spent: recorded before any gate hears of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redemption {
    /// The permit.
    pub permit: PermitId,
    /// The change that the gate saw when it asked.
    pub change: Digest,
    /// The gate.
    pub gate: GateId,
    /// Until when the gate may begin.
    pub not_after: Timestamp,
}

/// What the control plane tells a gate about a redemption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// What was redeemed.
    pub redemption: Redemption,
    /// Where the log says so.
    pub index: u64,
}

impl Statement for Receipt {
    const DOMAIN: &'static str = "holdpoint-receipt-v1";
}

impl Receipt {
    /// Signs the receipt of a recorded redemption.
    ///
    /// # Errors
    /// Fails as [`Signed::sign`] does.
    pub fn sign(redemption: Recorded<Redemption>, signer: &dyn Signer) -> Result<Signed<Self>, signed::Error> {
        Signed::sign(&Self { redemption: redemption.value, index: redemption.index }, signer)
    }
}

/// What the control plane tells gates about itself, so that they can let free work through: which policy is in force, until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SnapshotHead {
    /// Grows with every change of policy, estate or freeze; a gate never goes back.
    pub revision: u64,
    /// The policy bundle in force.
    pub policy: Digest,
    /// When it was made.
    pub issued_at: Timestamp,
    /// Until when a gate may rely on it alone.
    pub not_after: Timestamp,
}

impl Statement for SnapshotHead {
    const DOMAIN: &'static str = "holdpoint-snapshot-v1";
}

/// A snapshot whose signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    // INVARIANT: opened with the installation's key.
    head: SnapshotHead,
}

impl Snapshot {
    /// Opens a signed snapshot.
    ///
    /// # Errors
    /// Refuses one that this installation did not sign, and one older than the newest revision the gate has seen.
    pub fn open(signed: &Signed<SnapshotHead>, key: &VerifyingKey, newest_seen: u64) -> Result<Self, NoWarrant> {
        let head = signed.open(key)?;
        if head.revision < newest_seen {
            return Err(NoWarrant::RolledBack { revision: head.revision, newest_seen });
        }
        Ok(Self { head })
    }

    /// What it says.
    pub const fn head(&self) -> &SnapshotHead {
        &self.head
    }
}

/// The right to do, here and now, exactly the change that was seen here. Taken by value where something happens.
#[derive(Debug)]
#[must_use]
pub struct Warrant {
    change: Digest,
    basis: Basis,
    not_after: Option<Timestamp>,
}

/// What a warrant rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Basis {
    /// Free work: no guardrail holds it.
    Free {
        /// The revision of the snapshot that says so.
        revision: u64,
    },
    /// A permit that was spent for it.
    Permit {
        /// The permit.
        id: PermitId,
        /// Where the log says so.
        index: u64,
    },
}

impl Warrant {
    /// Gives the warrant for a redeemed permit.
    ///
    /// # Errors
    /// Refuses a receipt that this installation did not sign, that is for another gate or another change than the one seen, or
    /// that has expired.
    pub fn redeemed(
        receipt: &Signed<Receipt>,
        key: &VerifyingKey,
        gate: &GateId,
        seen: &Change,
        now: Timestamp,
    ) -> Result<Self, NoWarrant> {
        let Receipt { redemption, index } = receipt.open(key)?;
        if redemption.change != seen.digest() {
            return Err(NoWarrant::OtherChange { released: redemption.change, seen: seen.digest() });
        }
        if redemption.gate != *gate {
            return Err(NoWarrant::OtherGate { released: redemption.gate });
        }
        if now > redemption.not_after {
            return Err(NoWarrant::Expired { not_after: redemption.not_after });
        }
        Ok(Self { change: seen.digest(), basis: Basis::Permit { id: redemption.permit, index }, not_after: None })
    }

    /// Gives the warrant for free work: a decision that allows, made under the snapshot's policy about the change seen.
    ///
    /// Past the snapshot's expiry only what can do no harm passes: see [`Effects::harmless`].
    ///
    /// # Errors
    /// Refuses when the decision does not allow, and when the snapshot has expired and the work could do harm.
    pub fn free(
        snapshot: &Snapshot,
        decision: &Decision,
        effects: &Effects,
        seen: &Change,
        now: Timestamp,
    ) -> Result<Self, NoWarrant> {
        if *decision != Decision::Allow {
            return Err(NoWarrant::NotFree);
        }
        if now > snapshot.head.not_after && !effects.harmless() {
            return Err(NoWarrant::Expired { not_after: snapshot.head.not_after });
        }
        Ok(Self { change: seen.digest(), basis: Basis::Free { revision: snapshot.head.revision }, not_after: None })
    }

    /// Ends the right to act when its permit does. A gate that can stop the act does so then.
    pub fn ending(self, not_after: Timestamp) -> Self {
        Self { not_after: Some(not_after), ..self }
    }

    /// Until when the act may go on, where it has an end.
    pub const fn not_after(&self) -> Option<Timestamp> {
        self.not_after
    }

    /// The change that may happen.
    pub const fn change(&self) -> Digest {
        self.change
    }

    /// What the warrant rests on.
    pub const fn basis(&self) -> &Basis {
        &self.basis
    }
}

/// Why there is no warrant. Nothing has happened, and nothing may.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoWarrant {
    /// The time in which it could be used is over.
    #[error("it expired at {not_after}")]
    Expired {
        /// When.
        not_after: Timestamp,
    },
    /// The decision does not let the change through.
    #[error("the decision does not let it through")]
    NotFree,
    /// Another change was released.
    #[error("the change released is {released}, the one here is {seen}")]
    OtherChange {
        /// What was released.
        released: Digest,
        /// What the gate saw.
        seen: Digest,
    },
    /// It was released for another gate.
    #[error("it was released for the gate `{released}`")]
    OtherGate {
        /// That gate.
        released: GateId,
    },
    /// A snapshot older than one already seen.
    #[error("the snapshot has revision {revision}, but {newest_seen} was seen before")]
    RolledBack {
        /// The snapshot's revision.
        revision: u64,
        /// The newest seen.
        newest_seen: u64,
    },
    /// The signature does not hold.
    #[error(transparent)]
    Unsigned(#[from] signed::Error),
}

/// What has become of a permit.
///
/// ```text
/// issued ──▶ started ──▶ done
///   │  ▲        ├──────▶ indeterminate   (alarm)
///   │  └────────┘ not started, proved: it lives on until it expires
///   ├──▶ expired
///   └──▶ revoked
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermitState {
    /// The act is over, and what came of it is known.
    Done,
    /// Its time passed before it was used.
    Expired,
    /// It was spent, and nobody can tell what came of it.
    Indeterminate,
    /// It can be redeemed.
    Issued,
    /// It was taken back before it was used.
    Revoked,
    /// It was redeemed: the act may be happening.
    Started,
}

/// What can happen to a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PermitEvent {
    /// Its time passed.
    Expire,
    /// The act ended.
    Finish,
    /// Nobody can tell what came of the act.
    Lose,
    /// The act was proved not to have begun.
    NotStarted,
    /// A gate redeems it.
    Redeem,
    /// A person, a freeze or a rejection takes it back.
    Revoke,
}

impl PermitState {
    /// The state after an event, or nothing where the event cannot happen in this state.
    pub const fn after(self, event: PermitEvent) -> Option<Self> {
        match (self, event) {
            (Self::Issued, PermitEvent::Expire) => Some(Self::Expired),
            (Self::Issued, PermitEvent::Redeem) => Some(Self::Started),
            (Self::Issued, PermitEvent::Revoke) => Some(Self::Revoked),
            (Self::Started, PermitEvent::Finish) => Some(Self::Done),
            (Self::Started, PermitEvent::Lose) => Some(Self::Indeterminate),
            (Self::Started, PermitEvent::NotStarted) => Some(Self::Issued),
            _ => None,
        }
    }

    /// The state as it is spelled in the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Expired => "expired",
            Self::Indeterminate => "indeterminate",
            Self::Issued => "issued",
            Self::Revoked => "revoked",
            Self::Started => "started",
        }
    }
}

impl fmt::Display for PermitState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actor::{AgentId, PersonId};
    use crate::change::{Artefact, Setting};
    use crate::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
    use crate::question::Answers;
    use crate::signed::tests::TestSigner;

    const NOON: &str = "2026-11-20T12:00:00Z";

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn change(text: &str) -> Change {
        let setting = Setting { directory: "/w".into(), variables: Default::default(), target: "host:t".into() };
        Change::seal(Artefact::Command { text: text.into() }, setting, &Answers::default()).unwrap()
    }

    fn gate(name: &str) -> GateId {
        GateId::parse(name).unwrap()
    }

    fn receipt(seen: &Change, signer: &TestSigner) -> Signed<Receipt> {
        let redemption = Redemption {
            permit: PermitId::parse("prm-1").unwrap(),
            change: seen.digest(),
            gate: gate("claude-code"),
            not_after: at("2026-11-20T12:01:00Z"),
        };
        #[expect(clippy::disallowed_methods, reason = "the test stands in for the store")]
        Receipt::sign(Recorded::assertion(redemption, 7), signer).unwrap()
    }

    fn effects(verb: Verb, reversibility: Reversibility) -> Effects {
        Effects::found(vec![Effect {
            verb,
            resource: Resource { kind: ResourceKind::File, name: "/w/a".into() },
            environment: Environment::Local,
            magnitude: Magnitude::at_most(1, Unit::Files),
            reversibility,
            certainty: Certainty::Exact,
            summary: String::new(),
            span: None,
            safer: None,
        }])
    }

    #[test]
    fn a_receipt_is_good_for_one_change_at_one_gate_until_it_expires() {
        let signer = TestSigner::new(1);
        let key = signer.verifying_key();
        let seen = change("rm -rf target");
        let receipt = receipt(&seen, &signer);
        let warrant = |seen: &Change, gate_name, now| Warrant::redeemed(&receipt, &key, &gate(gate_name), seen, at(now));
        assert!(matches!(warrant(&change("rm -rf /"), "claude-code", NOON), Err(NoWarrant::OtherChange { .. })));
        assert!(matches!(warrant(&seen, "command", NOON), Err(NoWarrant::OtherGate { .. })));
        assert!(matches!(warrant(&seen, "claude-code", "2026-11-20T12:01:00.000001Z"), Err(NoWarrant::Expired { .. })));
        let other_key = TestSigner::new(2).verifying_key();
        let forged = Warrant::redeemed(&receipt, &other_key, &gate("claude-code"), &seen, at(NOON));
        assert!(matches!(forged, Err(NoWarrant::Unsigned(_))));
        let good = warrant(&seen, "claude-code", NOON).unwrap();
        assert_eq!(
            (good.change(), good.basis()),
            (seen.digest(), &Basis::Permit { id: PermitId::parse("prm-1").unwrap(), index: 7 })
        );
    }

    #[test]
    fn past_the_snapshot_only_what_does_no_harm_is_free() {
        let signer = TestSigner::new(1);
        let head =
            SnapshotHead { revision: 4, policy: Digest::of(b"p"), issued_at: at(NOON), not_after: at("2026-11-20T12:15:00Z") };
        let signed = Signed::sign(&head, &signer).unwrap();
        assert!(matches!(Snapshot::open(&signed, &signer.verifying_key(), 5), Err(NoWarrant::RolledBack { .. })));
        let snapshot = Snapshot::open(&signed, &signer.verifying_key(), 4).unwrap();
        let seen = change("ls");
        let free =
            |decision: &Decision, effects: &Effects, now| Warrant::free(&snapshot, decision, effects, &seen, at(now)).is_ok();
        let deletion = effects(Verb::Delete, Reversibility::Irreversible);
        let recoverable = effects(Verb::Delete, Reversibility::Git);
        assert!(free(&Decision::Allow, &deletion, NOON));
        assert!(!free(&Decision::of(vec![]), &deletion, "2026-11-20T12:15:01Z"));
        assert!(free(&Decision::Allow, &recoverable, "2026-11-20T12:15:01Z"));
        assert!(!free(&Decision::Refuse { guardrails: vec![] }, &recoverable, NOON));
    }

    #[test]
    fn a_permit_comes_from_a_recorded_grant_and_says_what_it_says() {
        let signer = TestSigner::new(1);
        let grant = Grant {
            permit: PermitId::parse("prm-1").unwrap(),
            change: change("ls").digest(),
            gate: gate("claude-code"),
            actor: Actor::Agent { id: AgentId::parse("a").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() },
            policy: Digest::of(b"p"),
            not_before: at(NOON),
            not_after: at("2026-11-20T12:30:00Z"),
        };
        #[expect(clippy::disallowed_methods, reason = "the test stands in for the store")]
        let permit = Permit::issue(Recorded::assertion(grant.clone(), 3));
        let token = permit.into_token(&signer).unwrap().to_string();
        assert_eq!(Signed::<Grant>::parse(&token).unwrap().open(&signer.verifying_key()), Ok(grant));
    }

    #[test]
    fn a_permit_is_spent_once_and_lives_on_only_when_nothing_began() {
        use PermitEvent::{Expire, Finish, Lose, NotStarted, Redeem, Revoke};
        let walk = |events: &[PermitEvent]| events.iter().try_fold(PermitState::Issued, |state, event| state.after(*event));
        assert_eq!(walk(&[Redeem, Finish]), Some(PermitState::Done));
        assert_eq!(walk(&[Redeem, NotStarted, Redeem, Lose]), Some(PermitState::Indeterminate));
        assert_eq!(walk(&[Redeem, Redeem]), None);
        assert_eq!(walk(&[Redeem, Finish, Redeem]), None);
        assert_eq!(walk(&[Expire, Redeem]), None);
        assert_eq!(walk(&[Revoke, Redeem]), None);
        assert_eq!(walk(&[Redeem, Lose, NotStarted]), None, "what may have happened is never declared undone");
    }
}
