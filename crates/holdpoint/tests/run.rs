//! `holdpoint run` as a person or a script meets it.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

#[path = "../../holdpoint-gates/tests/plane/mod.rs"]
mod plane;

use std::path::Path;
use std::process::{Command, Stdio};

use holdpoint_api::v1::{AnswerV1, VerdictV1, path};
use holdpoint_gates::passage::Seen;
use plane::{Key, Plane, Say, free, held, proposed, seen};
use serde_json::{Value, json};

fn answers(answer: fn(&Seen) -> AnswerV1) -> Plane {
    Plane::start(move |asked, body| match asked {
        path::PROPOSALS => Say::ok(answer(&seen(&body))),
        path::REDEMPTIONS => Say::ok(Key(1).redeemed(proposed(&body["seen"]), "command")),
        _ => Say::ok(json!({})),
    })
}

fn refused(seen: &Seen) -> AnswerV1 {
    AnswerV1 { decision: VerdictV1::Refuse, needs: Vec::new(), ..held(seen) }
}

fn released(seen: &Seen) -> AnswerV1 {
    AnswerV1 { permit: Some(Key(1).token(seen.change.digest(), "command")), ..held(seen) }
}

struct Ran {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

fn run(plane: &Plane, directory: &Path, arguments: &[&str]) -> Ran {
    run_with(&[], plane, directory, arguments)
}

fn run_with(variables: &[(&str, &str)], plane: &Plane, directory: &Path, arguments: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    command.env_clear().env("HOME", directory).env("PATH", "/usr/bin:/bin").arg("--data").arg(plane.directory.path());
    command.envs(variables.iter().copied());
    let output = command.arg("run").args(arguments).current_dir(directory).stdin(Stdio::null()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn what_is_held_or_refused_does_not_run_and_the_status_says_which() {
    let directory = tempfile::tempdir().unwrap();
    for (plane, status) in [(answers(held), 123), (answers(refused), 124), (Plane::away(), 123)] {
        let ran = run(&plane, directory.path(), &["--", "touch", "happened"]);
        assert_eq!(ran.status, Some(status), "{}", ran.stderr);
        assert!(ran.stderr.contains("Nothing was run"), "{}", ran.stderr);
        assert!(!directory.path().join("happened").exists());
    }
}

#[test]
fn free_work_runs_with_its_own_output_and_status() {
    let directory = tempfile::tempdir().unwrap();
    let plane = answers(free);
    let ran = run(&plane, directory.path(), &["--", "sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert_eq!((ran.status, ran.stdout.as_str(), ran.stderr.as_str()), (Some(7), "out\n", "err\n"));
    let ran = run(&plane, directory.path(), &["--shell", "kill -TERM $$"]);
    assert_eq!(ran.status, Some(143), "{}", ran.stderr);
    assert!(plane.outcomes().is_empty(), "free work spends no permit");
}

#[test]
fn a_released_command_runs_once_and_its_outcome_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let plane = answers(released);
    let ran = run(&plane, directory.path(), &["--shell", "echo x >> happened; exit 3"]);
    assert_eq!(ran.status, Some(3), "{}", ran.stderr);
    assert_eq!(std::fs::read_to_string(directory.path().join("happened")).unwrap(), "x\n");
    assert_eq!(plane.asked(), [path::PROPOSALS, path::REDEMPTIONS, path::OUTCOMES]);
    assert_eq!(plane.outcomes()[0]["result"], json!({"kind": "done", "status": 3}));
}

#[test]
fn a_command_line_that_cannot_be_understood_is_122_and_what_is_not_there_121() {
    let directory = tempfile::tempdir().unwrap();
    let plane = answers(free);
    assert_eq!(run(&plane, directory.path(), &[]).status, Some(122));
    assert_eq!(run(&plane, directory.path(), &["--shell", "a", "b"]).status, Some(122));
    assert_eq!(run(&plane, directory.path(), &["--", "no-such-program"]).status, Some(121));
    assert!(plane.asked().is_empty(), "nothing was proposed");
}

#[test]
fn json_says_what_was_decided_in_one_object() {
    let directory = tempfile::tempdir().unwrap();
    let ran = run(&answers(held), directory.path(), &["--json", "--", "rm", "-rf", "old"]);
    let json: Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!((ran.status, &json["decision"]), (Some(123), &json!("hold")));
    assert_eq!(json["guardrails"][0]["id"], "loss-outside-work-tree");
}

#[test]
fn no_variable_puts_other_code_in_the_place_of_what_was_decided() {
    let directory = tempfile::tempdir().unwrap();
    let elsewhere = directory.path().join("elsewhere");
    std::fs::write(&elsewhere, "touch happened").unwrap();
    let variables =
        [("BASH_ENV", elsewhere.to_str().unwrap()), ("BASH_FUNC_ls%%", "() { touch happened; }"), ("LD_PRELOAD", "x.so")];
    for words in [["--shell", "ls"].as_slice(), &["--", "bash", "-c", "ls"]] {
        let ran = run_with(&variables, &answers(free), directory.path(), words);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "elsewhere\n"), "{}", ran.stderr);
        assert!(ran.stderr.contains("other code: BASH_ENV, BASH_FUNC_ls%%, LD_PRELOAD"), "{}", ran.stderr);
    }
}

#[test]
fn text_is_run_by_the_systems_bash_whatever_the_search_path_says() {
    let directory = tempfile::tempdir().unwrap();
    let bash = directory.path().join("bash");
    std::fs::write(&bash, "#!/bin/sh\ntouch happened\n").unwrap();
    std::fs::set_permissions(&bash, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let search_path = format!("{}:/usr/bin:/bin", directory.path().display());
    let ran = run_with(&[("PATH", &search_path)], &answers(free), directory.path(), &["--shell", "echo $BASH"]);
    assert_eq!((ran.status, ran.stdout.trim_end().ends_with("/bin/bash")), (Some(0), true), "{}", ran.stdout);
    assert!(!directory.path().join("happened").exists());
}

#[test]
fn an_estate_that_never_ends_is_no_estate() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("long"), vec![b' '; 1024 * 1024 + 1]).unwrap();
    for (estate, why) in [("/dev/zero", "no regular file"), ("long", "longer than")] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        command.env_clear().env("HOME", directory.path()).args(["check", "command", "ls", "--estate", estate]);
        let output = command.current_dir(directory.path()).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(why)), (Some(1), true), "{said}");
    }
}
