//! The two shapes of a gate against a control plane that answers, lies, stalls and dies.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

mod plane;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use holdpoint_api::v1::{AnswerV1, ResultV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::Strength;
use holdpoint_core::change::{Artefact, Change, Setting};
use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::permit::{Basis, NoWarrant, Warrant};
use holdpoint_core::question::{Answer, Answers, Question};
use holdpoint_gates::desk::{self, Settled, Stopped};
use holdpoint_gates::passage::{Admit, Error, Execute, Executed, Gate, Seen, Unreadable, admit, execute};
use plane::{Key, Plane, Say, free, held, permit, proposed};

/// A gate that sees what it is told to see, one thing after the other, and counts its acts.
struct Probe {
    sees: Vec<Seen>,
    reads: usize,
    acts: Vec<Basis>,
}

impl Probe {
    fn sees(sees: Vec<Seen>) -> Self {
        Self { sees, reads: 0, acts: Vec::new() }
    }

    fn one() -> Self {
        Self::sees(vec![seen("ls", 1)])
    }
}

impl Gate for Probe {
    const STRENGTH: Strength = Strength::Advises;

    fn read(&mut self) -> Result<Seen, Unreadable> {
        let now = self.sees.get(self.reads).or(self.sees.last()).cloned();
        self.reads += 1;
        now.ok_or_else(|| Unreadable::because("there is nothing to see"))
    }
}

impl Execute for Probe {
    fn run(&mut self, warrant: Warrant) -> ResultV1 {
        self.acts.push(warrant.basis().clone());
        ResultV1::Done { status: Some(0) }
    }
}

impl Admit for Probe {
    type Reply = String;

    fn admit(&self, warrant: Warrant) -> String {
        match warrant.basis() {
            Basis::Free { revision } => format!("free under revision {revision}"),
            Basis::Permit { id, .. } => format!("allowed with {id}"),
        }
    }

    fn stop(&self, stopped: &Stopped) -> String {
        holdpoint_gates::notice::of(stopped)
    }
}

/// A command that deletes one file, fed with a script that holds `script`.
fn seen(script: &str, files: u64) -> Seen {
    let mut answers = Answers::default();
    answers.insert(Question::FileText { path: "/w/clean.sh".into() }, Answer::FileText { text: script.into() });
    let setting = Setting { directory: "/w".into(), variables: Default::default(), target: "host:t/uid:1".into() };
    let effect = Effect {
        verb: Verb::Delete,
        resource: Resource { kind: ResourceKind::File, name: "/w/a".into() },
        environment: Environment::Local,
        magnitude: Magnitude::at_most(files, Unit::Files),
        reversibility: Reversibility::Irreversible,
        certainty: Certainty::Exact,
        summary: "Deletes /w/a".into(),
        span: None,
        safer: None,
    };
    Seen {
        change: Change::seal(Artefact::Command { text: "sh clean.sh".into() }, setting, &answers).unwrap(),
        effects: Effects::found(vec![effect]),
        answers,
        act: Some("toolu_01".into()),
        said: None,
    }
}

/// A control plane that always gives this answer to a proposal, and grants every redemption.
fn answers(answer: AnswerV1) -> Plane {
    Plane::start(move |asked, body| match asked {
        path::PROPOSALS => Say::ok(&answer),
        path::REDEMPTIONS => Say::ok(Key(1).redeemed(proposed(&body["seen"]), "probe")),
        _ => Say::ok(serde_json::json!({})),
    })
}

/// The answer that brings a permit.
fn released(seen: &Seen) -> AnswerV1 {
    AnswerV1 { permit: Some(Key(1).token(seen.change.digest(), "probe")), ..held(seen) }
}

#[test]
fn what_is_held_does_not_run() {
    let mut probe = Probe::one();
    let plane = answers(held(&probe.sees[0]));
    let executed = execute(&mut probe, &plane.desk("probe")).unwrap();
    assert!(matches!(executed, Executed::Stopped(Stopped::Held(_))));
    assert!(probe.acts.is_empty());
    assert_eq!(plane.asked(), [path::PROPOSALS]);
}

#[test]
fn an_allow_for_what_was_held_before_is_no_free_work() {
    let mut probe = Probe::one();
    let plane = answers(AnswerV1 { progress: held(&probe.sees[0]).progress, ..free(&probe.sees[0]) });
    assert!(matches!(execute(&mut probe, &plane.desk("probe")), Ok(Executed::Stopped(_))));
    assert!(probe.acts.is_empty());
}

#[test]
fn an_answer_about_another_change_is_no_answer() {
    let mut probe = Probe::one();
    let plane = answers(free(&seen("another script", 1)));
    let failed = execute(&mut probe, &plane.desk("probe"));
    assert!(matches!(failed, Err(Error::Desk(desk::Error::OtherChange { .. }))), "{failed:?}");
    assert!(probe.acts.is_empty());
}

#[test]
fn an_allow_that_another_key_signed_lets_nothing_through() {
    let mut probe = Probe::one();
    let plane = answers(AnswerV1 { snapshot: Key(2).snapshot(4, plane::soon()), ..free(&probe.sees[0]) });
    let failed = execute(&mut probe, &plane.desk("probe"));
    assert!(matches!(failed, Err(Error::Desk(desk::Error::NoWarrant(NoWarrant::Unsigned(_))))), "{failed:?}");
    assert!(probe.acts.is_empty());
}

#[test]
fn an_allow_under_an_expired_snapshot_lets_no_harm_through() {
    let mut probe = Probe::one();
    let expired = Key(1).snapshot(4, Timestamp::from_second(1_000_000_000).unwrap());
    let plane = answers(AnswerV1 { snapshot: expired, ..free(&probe.sees[0]) });
    let failed = execute(&mut probe, &plane.desk("probe"));
    assert!(matches!(failed, Err(Error::Desk(desk::Error::NoWarrant(NoWarrant::Expired { .. })))), "{failed:?}");
    assert!(probe.acts.is_empty());
}

#[test]
fn a_gate_never_goes_back_to_an_older_policy() {
    let mut probe = Probe::one();
    let mut revision = 5;
    let answer = free(&probe.sees[0]);
    let plane = Plane::start(move |_, _| {
        revision -= 1;
        Say::ok(AnswerV1 { snapshot: Key(1).snapshot(revision, plane::soon()), ..answer.clone() })
    });
    assert!(matches!(execute(&mut probe, &plane.desk("probe")), Ok(Executed::Ran { .. })));
    // Another process of the same gate: what was seen outlives it.
    let failed = execute(&mut probe, &plane.desk("probe"));
    assert!(matches!(failed, Err(Error::Desk(desk::Error::NoWarrant(NoWarrant::RolledBack { .. })))), "{failed:?}");
    assert_eq!(probe.acts, [Basis::Free { revision: 4 }]);
}

#[test]
fn an_input_that_changes_after_the_decision_stops_the_act_and_keeps_the_permit() {
    let mut probe = Probe::sees(vec![seen("ls", 1), seen("rm -rf ~", 1)]);
    let plane = answers(released(&probe.sees[0]));
    assert!(matches!(execute(&mut probe, &plane.desk("probe")), Err(Error::Moved(_))));
    assert!(probe.acts.is_empty());
    assert_eq!(plane.asked(), [path::PROPOSALS], "no permit was spent");
}

#[test]
fn an_act_that_would_meet_more_than_was_decided_is_stopped() {
    let mut probe = Probe::sees(vec![seen("ls", 1), seen("ls", 2)]);
    let plane = answers(released(&probe.sees[0]));
    assert!(matches!(execute(&mut probe, &plane.desk("probe")), Err(Error::Moved(_))));
    assert!(probe.acts.is_empty());
}

#[test]
fn a_receipt_for_something_else_starts_nothing_and_the_control_plane_hears_so() {
    for receipt in [
        Key(1).redeemed(seen("other", 1).change.digest(), "probe"),
        Key(1).redeemed(seen("ls", 1).change.digest(), "another-gate"),
        Key(2).redeemed(seen("ls", 1).change.digest(), "probe"),
        serde_json::json!({"permit": "prm-1", "receipt": "allow"}),
    ] {
        let mut probe = Probe::one();
        let answer = released(&probe.sees[0]);
        let plane = Plane::start(move |asked, _| match asked {
            path::PROPOSALS => Say::ok(&answer),
            path::REDEMPTIONS => Say::ok(&receipt),
            _ => Say::ok(serde_json::json!({})),
        });
        assert!(execute(&mut probe, &plane.desk("probe")).is_err());
        assert!(probe.acts.is_empty());
        let outcomes = plane.outcomes();
        assert_eq!(outcomes.len(), 1);
        assert_eq!((&outcomes[0]["permit"], &outcomes[0]["result"]["kind"]), (&"prm-1".into(), &"not-started".into()));
    }
}

#[test]
fn a_control_plane_that_dies_over_a_redemption_starts_nothing_and_hears_so_later() {
    let mut probe = Probe::one();
    let answer = released(&probe.sees[0]);
    let dead = Arc::new(AtomicBool::new(true));
    let dying = Arc::clone(&dead);
    let plane = Plane::start(move |asked, _| match asked {
        path::PROPOSALS => Say::ok(&answer),
        _ if dying.load(Ordering::SeqCst) => Say::Bytes(b"HTTP/1.1 200 OK\r\ncontent-le"),
        _ => Say::ok(serde_json::json!({})),
    });
    assert!(execute(&mut probe, &plane.desk("probe")).is_err());
    assert!(probe.acts.is_empty());
    dead.store(false, Ordering::SeqCst);
    assert!(plane.desk("probe").propose(&probe.sees[0]).is_ok());
    assert_eq!(plane.outcomes().last().unwrap()["result"]["kind"], "not-started");
}

#[test]
fn a_permit_is_redeemed_run_and_settled() {
    let mut probe = Probe::one();
    let plane = answers(released(&probe.sees[0]));
    let executed = execute(&mut probe, &plane.desk("probe")).unwrap();
    assert!(matches!(executed, Executed::Ran { result: ResultV1::Done { status: Some(0) }, settled: Settled::Told }));
    assert_eq!(probe.acts, [Basis::Permit { id: permit(), index: 7 }]);
    assert_eq!(plane.asked(), [path::PROPOSALS, path::REDEMPTIONS, path::OUTCOMES]);
    assert_eq!(plane.outcomes()[0]["result"], serde_json::json!({"kind": "done", "status": 0}));
}

#[test]
fn an_outcome_that_nobody_hears_is_kept_and_told_with_the_next_call() {
    let mut probe = Probe::one();
    let answer = released(&probe.sees[0]);
    let mut deaf = true;
    let plane = Plane::start(move |asked, body| match asked {
        path::PROPOSALS => Say::ok(&answer),
        path::REDEMPTIONS => Say::ok(Key(1).redeemed(proposed(&body["seen"]), "probe")),
        _ if std::mem::take(&mut deaf) => Say::Bytes(b""),
        _ => Say::ok(serde_json::json!({})),
    });
    let executed = execute(&mut probe, &plane.desk("probe")).unwrap();
    assert!(matches!(executed, Executed::Ran { settled: Settled::Kept, .. }), "{executed:?}");
    assert!(plane.desk("probe").propose(&probe.sees[0]).is_ok());
    let outcomes = plane.outcomes();
    assert_eq!(outcomes.len(), 2);
    assert_eq!(outcomes[0], outcomes[1]);
}

#[test]
fn with_nobody_to_ask_nothing_runs_however_they_are_away() {
    let mut probe = Probe::one();
    let away = Plane::away();
    assert!(matches!(execute(&mut probe, &away.desk("probe")), Ok(Executed::Stopped(Stopped::Away(_)))));
    for bytes in [
        &b""[..],
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        b"allow",
        b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"dec",
    ] {
        let plane = Plane::start(move |_, _| Say::Bytes(bytes));
        let executed = execute(&mut probe, &plane.desk("probe"));
        assert!(matches!(executed, Ok(Executed::Stopped(Stopped::Away(_)))), "{executed:?}");
    }
    let silent = Plane::start(|_, _| Say::Nothing);
    let executed = execute(&mut probe, &silent.desk_with("probe", Duration::from_millis(30)));
    assert!(matches!(executed, Ok(Executed::Stopped(Stopped::Away(_)))), "{executed:?}");
    assert!(probe.acts.is_empty());
}

#[test]
fn a_control_plane_that_says_no_is_not_away() {
    let mut probe = Probe::one();
    let no = serde_json::json!({"error": "forbidden", "message": "the session was revoked"});
    let plane = Plane::start(move |_, _| Say::Answer(403, no.clone()));
    let failed = execute(&mut probe, &plane.desk("probe"));
    assert_eq!(failed.map(|_| ()).unwrap_err().to_string(), "the session was revoked");
    assert!(probe.acts.is_empty());
}

#[test]
fn a_host_is_answered_once_for_free_work_and_reads_it_once() {
    let mut probe = Probe::one();
    let plane = answers(free(&probe.sees[0]));
    assert_eq!(admit(&mut probe, &plane.desk("probe")).unwrap(), "free under revision 4");
    assert_eq!((probe.reads, plane.asked()), (1, vec![path::PROPOSALS.to_owned()]));
}

#[test]
fn what_a_host_reports_later_settles_the_permit_once() {
    let mut probe = Probe::one();
    let plane = answers(released(&probe.sees[0]));
    assert_eq!(admit(&mut probe, &plane.desk("probe")).unwrap(), "allowed with prm-1");
    assert!(plane.outcomes().is_empty(), "answered is not happened");
    let desk = plane.desk("probe");
    assert!(matches!(desk.observe("toolu_other", ResultV1::Done { status: Some(0) }), Settled::Free));
    assert!(matches!(desk.observe("toolu_01", ResultV1::Done { status: Some(1) }), Settled::Told));
    assert!(matches!(desk.observe("toolu_01", ResultV1::Done { status: Some(1) }), Settled::Free));
    let expected = serde_json::json!({
        "permit": "prm-1", "act": "toolu_01", "gate": "probe", "result": {"kind": "done", "status": 1}
    });
    assert_eq!(plane.outcomes(), [expected]);
}

#[test]
fn a_host_is_told_no_when_the_act_cannot_be_noted() {
    let mut probe = Probe::one();
    let plane = answers(released(&probe.sees[0]));
    std::fs::write(plane.directory.path().join("acts"), "not a directory").unwrap();
    assert!(admit(&mut probe, &plane.desk("probe")).is_err());
    assert_eq!(plane.outcomes()[0]["result"]["kind"], "not-started");
}
