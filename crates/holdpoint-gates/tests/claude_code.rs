//! Conversations with Claude Code: every file in `tests/claude_code/` is one message, where it is from, and how it is read.
//! Then what the host hears, against a control plane that holds, releases, stalls, dies and talks nonsense.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

mod plane;

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use holdpoint_api::v1::{AnswerV1, ResultV1, path};
use holdpoint_core::change::Artefact;
use holdpoint_gates::agent::claude_code::message::{self, Call, Event, MESSAGE_MAX_BYTES, Report};
use holdpoint_gates::agent::claude_code::{NAME, Reply, answer};
use holdpoint_gates::passage::Seen;
use holdpoint_gates::setting::Surroundings;
use plane::{Key, Plane, Say, free, held, proposed, seen};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Golden<'a> {
    origin: String,
    #[serde(borrow)]
    message: &'a serde_json::value::RawValue,
    reads_as: String,
}

#[test]
fn every_message_is_read_as_its_file_says() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/claude_code");
    let mut wrong = String::new();
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let golden: Golden<'_> = serde_json::from_str(&text).unwrap();
        assert!(!golden.origin.is_empty(), "{}", path.display());
        // The host sends one line, without the spaces that make the file readable.
        let value: Value = serde_json::from_str(golden.message.get()).unwrap();
        assert_eq!(value.as_object().map(serde_json::Map::is_empty), Some(false), "{}", path.display());
        let read = in_words(message::read(compact(golden.message.get()).as_bytes()));
        if read != golden.reads_as {
            let _ = writeln!(wrong, "{}:\n  expected {}\n  read as  {read}", path.display(), golden.reads_as);
        }
        count += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count > 20, "only {count} messages");
}

/// Takes the white space between tokens away and keeps the order of keys.
fn compact(json: &str) -> String {
    let (mut text, mut in_string, mut escaped) = (String::new(), false, false);
    for c in json.chars() {
        if in_string || !c.is_whitespace() {
            text.push(c);
        }
        in_string ^= c == '"' && !escaped;
        escaped = in_string && c == '\\' && !escaped;
    }
    text
}

fn in_words(event: Result<Event, message::Unreadable>) -> String {
    match event {
        Ok(Event::Idle) => "idle".into(),
        Ok(Event::After(Report { act, result })) => match result {
            ResultV1::Done { status: Some(status) } => format!("after: {act} done with status {status}"),
            ResultV1::Done { status: None } => format!("after: {act} done with an unknown status"),
            ResultV1::Indeterminate { .. } => format!("after: {act} indeterminate"),
            ResultV1::NotStarted { .. } => format!("after: {act} not started"),
        },
        Ok(Event::Before(Call { artefact, directory, act, said })) => {
            let what = match &artefact {
                Artefact::Command { text } => format!("`{text}`"),
                other => other.text(),
            };
            let act = act.map(|act| format!(", act {act}")).unwrap_or_default();
            let said = said.map(|said| format!(", said `{said}`")).unwrap_or_default();
            format!("before: {what} in {}{act}{said}", directory.display())
        }
        Err(why) => format!("refused: {why}"),
    }
}

/// A message that proposes a command in a directory that is there.
fn proposes(command: &str) -> Vec<u8> {
    let message = json!({
        "session_id": "s", "cwd": "/", "permission_mode": "default", "hook_event_name": "PreToolUse",
        "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "toolu_01",
    });
    message.to_string().into_bytes()
}

fn surroundings() -> Surroundings {
    Surroundings::new(|name| (name == "HOME").then_some("/home/alice"), "host:t/uid:1".into()).unwrap()
}

fn hears(plane: &Plane, message: &[u8]) -> Reply {
    answer(message, || Ok(plane.desk_with(NAME, Duration::from_millis(500))), &surroundings())
}

/// A control plane that answers a proposal in this way, and grants every redemption.
fn answers(answer: fn(&Seen) -> AnswerV1) -> Plane {
    Plane::start(move |asked, body| match asked {
        path::PROPOSALS => Say::ok(answer(&seen(&body))),
        path::REDEMPTIONS => Say::ok(Key(1).redeemed(proposed(&body["seen"]), NAME)),
        _ => Say::ok(json!({})),
    })
}

fn released(seen: &Seen) -> AnswerV1 {
    AnswerV1 { permit: Some(Key(1).token(seen.change.digest(), NAME)), ..held(seen) }
}

/// Asserts that a reply denies, and gives the reason that the agent reads.
fn denied(reply: &Reply) -> String {
    let json: Value = serde_json::from_str(&reply.to_json()).unwrap();
    let output = &json["hookSpecificOutput"];
    assert_eq!((&output["hookEventName"], &output["permissionDecision"]), (&json!("PreToolUse"), &json!("deny")));
    assert_eq!((json.as_object().unwrap().len(), output.as_object().unwrap().len()), (1, 3), "one object, no stray field");
    output["permissionDecisionReason"].as_str().unwrap().to_owned()
}

#[test]
fn a_hold_says_what_why_what_is_missing_what_else_and_how_to_wait() {
    let reason = denied(&hears(&answers(held), &proposes("rm -rf ~/old")));
    insta::assert_snapshot!(reason);
}

#[test]
fn free_work_is_answered_with_nothing_at_all() {
    let reply = hears(&answers(free), &proposes("ls"));
    assert_eq!((&reply, reply.to_json().as_str()), (&Reply::Silent, ""));
}

#[test]
fn an_allow_is_said_only_when_a_permit_was_spent_and_the_outcome_finds_it_again() {
    let plane = answers(released);
    let json: Value = serde_json::from_str(&hears(&plane, &proposes("rm -rf ~/old")).to_json()).unwrap();
    assert_eq!(json["hookSpecificOutput"]["permissionDecision"], "allow");
    let after = json!({
        "hook_event_name": "PostToolUseFailure", "tool_name": "Bash", "tool_input": {}, "tool_use_id": "toolu_01",
        "error": "Exit code 3\nno",
    });
    assert_eq!(hears(&plane, after.to_string().as_bytes()), Reply::Silent);
    assert_eq!(plane.asked(), [path::PROPOSALS, path::REDEMPTIONS, path::OUTCOMES]);
    assert_eq!(plane.outcomes()[0]["result"], json!({"kind": "done", "status": 3}));
}

#[test]
fn reports_of_free_work_cost_the_control_plane_nothing() {
    let plane = answers(free);
    let after = json!({"hook_event_name": "PostToolUse", "tool_name": "Bash", "tool_response": {}, "tool_use_id": "toolu_9"});
    assert_eq!(hears(&plane, after.to_string().as_bytes()), Reply::Silent);
    assert!(plane.asked().is_empty());
}

#[test]
fn whatever_cannot_be_read_is_denied_and_nobody_is_asked() {
    let plane = answers(free);
    let twice =
        br#"{"hook_event_name":"PreToolUse","cwd":"/","tool_name":"Bash","tool_input":{"command":"ls","command":"rm -rf ~"}}"#;
    let mut not_text = proposes("ls");
    not_text.push(0xff);
    let nested = [b"{\"hook_event_name\":".as_slice(), &b"[".repeat(5_000_000)].concat();
    let huge = vec![b' '; MESSAGE_MAX_BYTES + 1];
    let cut = &proposes("ls")[..40];
    for message in [&b""[..], b"{}", b"[]", b"null", b"ls", twice, &not_text, &nested, &huge, cut] {
        denied(&hears(&plane, message));
    }
    assert!(plane.asked().is_empty());
}

#[test]
fn a_command_beyond_the_bound_is_denied_and_never_cut() {
    let plane = answers(free);
    let reason = denied(&hears(&plane, &proposes(&format!("echo {}; rm -rf ~", "x".repeat(300_000)))));
    assert!(reason.contains("the artefact is 300"), "{reason}");
    assert!(plane.asked().is_empty());
}

#[test]
fn a_call_in_a_directory_that_cannot_be_named_is_denied() {
    let plane = answers(free);
    for cwd in ["", "src", "/nonexistent/directory"] {
        let mut message: Value = serde_json::from_slice(&proposes("ls")).unwrap();
        message["cwd"] = cwd.into();
        denied(&hears(&plane, message.to_string().as_bytes()));
    }
}

#[test]
fn with_no_control_plane_that_makes_sense_a_call_that_could_do_harm_is_denied_with_the_way_out() {
    let reason = denied(&hears(&Plane::away(), &proposes("rm -rf ~")));
    assert!(reason.contains("the control plane is away") && reason.contains("holdpoint up"), "{reason}");
    for bytes in [&b""[..], b"allow", b"HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"decision\":\"allow\"", b"\x16\x03\x01"] {
        denied(&hears(&Plane::start(move |_, _| Say::Bytes(bytes)), &proposes("rm -rf ~")));
    }
    let silent = Plane::start(|_, _| Say::Nothing);
    denied(&answer(&proposes("rm -rf ~"), || Ok(silent.desk_with(NAME, Duration::from_millis(30))), &surroundings()));
}

#[test]
fn a_control_plane_that_dies_between_decision_and_permit_denies() {
    let plane = Plane::start(|asked, body| match asked {
        path::PROPOSALS => Say::ok(released(&seen(&body))),
        _ => Say::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 400\r\n\r\n{\"permit\":\"prm-1\""),
    });
    denied(&hears(&plane, &proposes("rm -rf ~/old")));
}

#[test]
fn an_installation_that_is_not_there_denies_and_says_what_to_do() {
    let empty = tempfile::tempdir().unwrap();
    let home = holdpoint_api::home::Home::at(empty.path());
    let open = || {
        let gate = holdpoint_core::actor::GateId::parse(NAME).unwrap();
        let endpoint = holdpoint_api::client::Endpoint::Unix(home.socket());
        let client = holdpoint_api::client::Client::new(endpoint, Duration::from_secs(1));
        holdpoint_gates::desk::Desk::open(gate, &home, client, holdpoint_gates::desk::Asker::Person)
    };
    let reason = denied(&answer(&proposes("ls"), open, &surroundings()));
    assert!(reason.contains("Holdpoint is not set up here"), "{reason}");
}
