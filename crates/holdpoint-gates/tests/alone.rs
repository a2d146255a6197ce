//! What a gate decides alone: the control plane is away, and a signed snapshot is all there is.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

mod plane;

use std::collections::BTreeMap;
use std::time::Duration;

use holdpoint_api::v1::SnapshotV1;
use holdpoint_core::Timestamp;
use holdpoint_core::change::{Artefact, Change, Setting};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::permit::SnapshotHead;
use holdpoint_core::question::Answers;
use holdpoint_core::signed::Signed;
use holdpoint_gates::desk::{Proposed, Stopped};
use holdpoint_gates::passage::Seen;
use holdpoint_policy::Bundle;
use plane::{Key, Plane, Say, soon};

/// Long enough for a refused connection; whoever never answers is given up after it.
const PATIENCE: Duration = Duration::from_millis(100);

/// A gate sees one effect on a file.
fn sees(verb: Verb, name: &str, reversibility: Reversibility) -> Seen {
    let setting = Setting { directory: "/w".into(), variables: BTreeMap::new(), target: "host:t/uid:1".into() };
    let effect = Effect {
        verb,
        resource: Resource { kind: ResourceKind::File, name: name.into() },
        environment: Environment::Local,
        magnitude: Magnitude::at_most(1, Unit::Files),
        reversibility,
        certainty: Certainty::Exact,
        summary: String::new(),
        span: None,
        safer: None,
    };
    Seen {
        change: Change::seal(Artefact::Command { text: format!("{verb} {name}") }, setting, &Answers::default()).unwrap(),
        effects: Effects::found(vec![effect]),
        answers: Answers::default(),
        act: None,
        said: None,
    }
}

fn read() -> Seen {
    sees(Verb::Read, "/w/a", Reversibility::Lossless)
}

fn build() -> Seen {
    let seen = sees(Verb::Execute, "make", Reversibility::Lossless);
    let delegated = |effect: &Effect| Effect {
        certainty: Certainty::Delegated,
        resource: Resource { kind: ResourceKind::Program, name: "make".into() },
        ..effect.clone()
    };
    Seen { effects: Effects::found(seen.effects.iter().map(delegated).collect()), ..seen }
}

fn erase_home() -> Seen {
    sees(Verb::Delete, "/home/alice", Reversibility::Irreversible)
}

/// An installation whose control plane left a snapshot of the shipped policy behind and went away.
struct Left {
    plane: Plane,
    files: BTreeMap<String, String>,
    policy: Digest,
}

impl Left {
    fn behind() -> Self {
        let bundle = Bundle::shipped().unwrap();
        let text = |(path, bytes): (&String, &Vec<u8>)| (path.clone(), String::from_utf8(bytes.clone()).unwrap());
        let left = Self { plane: Plane::away(), files: bundle.files().iter().map(text).collect(), policy: bundle.digest() };
        left.write(&Key(1), 3, soon());
        left
    }

    /// The control plane comes back and accepts whatever is sent, but answers nothing.
    fn and_hangs(mut self) -> Self {
        self.plane.come_up(Box::new(|_, _| Say::Nothing));
        self
    }

    fn write(&self, key: &Key, revision: u64, not_after: Timestamp) {
        let head = SnapshotHead { revision, policy: self.policy, issued_at: Timestamp::now(), not_after };
        let head = Signed::sign(&head, key).unwrap().to_string();
        let snapshot = SnapshotV1 { head, files: self.files.clone() };
        std::fs::write(self.plane.home().snapshot(), serde_json::to_vec(&snapshot).unwrap()).unwrap();
    }

    /// Whether something passes, and if not, why.
    fn passes(&self, seen: &Seen) -> Result<(), String> {
        let desk = self.plane.desk_with("claude-code", PATIENCE);
        match desk.propose(seen).unwrap() {
            Proposed::Offered(offer) => desk.redeem(offer, seen).map(drop).map_err(|error| error.to_string()),
            Proposed::Stopped(Stopped::Away(away)) => Err(match away.decision {
                Some(decision) => decision.guardrails().iter().map(|held| held.id.clone()).collect::<Vec<_>>().join(" "),
                None => away.why,
            }),
            Proposed::Stopped(Stopped::Held(_)) => Err("somebody answered".into()),
        }
    }
}

#[test]
fn harmful_work_is_held_by_the_guardrails_of_the_snapshot() {
    let why = Left::behind().passes(&erase_home()).unwrap_err();
    assert_eq!(why, "file-loss-for-good");
}

#[test]
fn free_work_goes_on() {
    let left = Left::behind();
    assert_eq!(left.passes(&read()), Ok(()));
    assert_eq!(left.passes(&build()), Ok(()));
}

#[test]
fn free_work_goes_on_while_the_control_plane_accepts_and_never_answers() {
    let left = Left::behind().and_hangs();
    assert_eq!(left.passes(&read()), Ok(()));
    assert_eq!(left.passes(&build()), Ok(()));
    assert_eq!(left.passes(&erase_home()).unwrap_err(), "file-loss-for-good");
}

#[test]
fn past_its_time_only_harmless_work_goes_on() {
    let left = Left::behind();
    left.write(&Key(1), 3, Timestamp::from_second(1_000_000_000).unwrap());
    assert_eq!(left.passes(&read()), Ok(()));
    assert_eq!(left.passes(&sees(Verb::Delete, "/w/a", Reversibility::Git)), Ok(()));
    let why = left.passes(&build()).unwrap_err();
    assert!(why.contains("was good until 2001-09-09"), "{why}");
}

#[test]
fn a_snapshot_that_was_tampered_with_lets_nothing_through() {
    let mut left = Left::behind();
    for text in left.files.values_mut() {
        text.push_str("\n// nothing to see here\n");
    }
    left.write(&Key(1), 3, soon());
    assert!(left.passes(&read()).unwrap_err().contains("not the ones that were signed"));
}

#[test]
fn a_snapshot_that_another_key_signed_lets_nothing_through() {
    let left = Left::behind();
    left.write(&Key(2), 3, soon());
    assert!(left.passes(&read()).unwrap_err().contains("the signature is not that of this installation"));
}

#[test]
fn an_older_snapshot_than_one_seen_lets_nothing_through() {
    let left = Left::behind();
    assert_eq!(left.passes(&read()), Ok(()));
    left.write(&Key(1), 2, soon());
    assert!(left.passes(&read()).unwrap_err().contains("revision 2, but 3 was seen before"));
}

#[test]
fn without_a_snapshot_nothing_passes() {
    let left = Left::behind();
    std::fs::remove_file(left.plane.home().snapshot()).unwrap();
    assert!(left.passes(&read()).is_err());
}
