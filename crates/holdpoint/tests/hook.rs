//! The hook as a host runs it: a process behind a shell, with a real socket on the other side.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

#[path = "../../holdpoint-gates/tests/plane/mod.rs"]
mod plane;

use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use holdpoint_api::v1::{SessionV1, path};
use holdpoint_core::actor::{AgentId, PersonId};
use plane::{Plane, Say, free, held, seen};
use serde_json::{Value, json};

const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");

fn session() -> SessionV1 {
    let (id, on_behalf_of) = (AgentId::parse("claude-code/1").unwrap(), PersonId::parse("alice").unwrap());
    SessionV1 { id, on_behalf_of, secret: "s".into() }
}

/// A control plane that opens sessions, holds whatever says `rm`, and lets the rest through.
fn cautious() -> Plane {
    Plane::start(|asked, body| match asked {
        path::SESSIONS => Say::ok(session()),
        path::PROPOSALS => {
            let seen = seen(&body);
            Say::ok(if seen.change.artefact().text().contains("rm ") { held(&seen) } else { free(&seen) })
        }
        _ => Say::ok(json!({})),
    })
}

/// The program with a home of its own and nothing from this machine.
fn holdpoint(plane: &Plane, home: &Path) -> Command {
    copy_of_holdpoint(Path::new(PROGRAM), plane, home)
}

fn copy_of_holdpoint(program: &Path, plane: &Plane, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").arg("--data").arg(plane.directory.path());
    command.current_dir(home).stdin(Stdio::null());
    command
}

fn with_session(plane: &Plane) {
    let path = plane.home().session("claude-code");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, serde_json::to_vec(&session()).unwrap()).unwrap();
}

fn proposes(command: &str) -> Vec<u8> {
    let message = json!({
        "session_id": "s", "cwd": "/", "permission_mode": "default", "hook_event_name": "PreToolUse",
        "tool_name": "Bash", "tool_input": {"command": command}, "tool_use_id": "toolu_01",
    });
    message.to_string().into_bytes()
}

/// Runs a command, gives it this input, and waits for its end.
fn fed(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input);
    child.wait_with_output().unwrap()
}

fn denied(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["hookSpecificOutput"]["permissionDecision"], "deny");
    json["hookSpecificOutput"]["permissionDecisionReason"].as_str().unwrap().to_owned()
}

#[test]
fn a_held_call_is_denied_and_a_free_one_is_answered_with_silence() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    with_session(&plane);
    let hook = |input: &[u8]| fed(holdpoint(&plane, home.path()).args(["hook", "claude-code"]), input);
    assert!(denied(&hook(&proposes("rm -rf ~"))).contains("holdpoint change wait sha256:"));
    let free = hook(&proposes("ls"));
    assert_eq!((free.status.code(), free.stdout.len()), (Some(0), 0), "{free:?}");
}

#[test]
fn input_that_never_ends_is_denied_at_the_deadline() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    with_session(&plane);
    let mut command = holdpoint(&plane, home.path());
    command.args(["hook", "claude-code"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(&proposes("ls")).unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(said.contains("\"deny\"") && said.contains("within 1000 ms"), "{said}");
    assert_eq!(child.wait().unwrap().code(), Some(0));
    drop(input);
}

#[test]
fn a_control_plane_that_never_answers_is_denied_in_time() {
    let (plane, home) = (Plane::start(|_, _| Say::Nothing), tempfile::tempdir().unwrap());
    with_session(&plane);
    let output = fed(holdpoint(&plane, home.path()).args(["hook", "claude-code"]), &proposes("rm -rf ~"));
    assert!(denied(&output).contains("did not answer in time"));
}

#[test]
fn an_answer_that_nobody_can_hear_is_a_denial() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    with_session(&plane);
    let mut command = holdpoint(&plane, home.path());
    let mut child = command.args(["hook", "claude-code"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(&proposes("rm -rf ~")).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2));
}

#[test]
fn a_hook_that_runs_out_of_memory_denies_one_way_or_the_other() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    with_session(&plane);
    let data = plane.directory.path().display().to_string();
    let hook = holdpoint_gates::agent::hook::crash_proof(PROGRAM, &format!("hook claude-code --data {data}"));
    let mut crashes = 0;
    for kilobytes in [16_000, 30_000, 60_000, 120_000] {
        let mut shell = Command::new("sh");
        shell.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin");
        let output = fed(shell.arg("-c").arg(format!("ulimit -v {kilobytes}; {hook}")), &proposes("rm -rf ~"));
        let said = String::from_utf8_lossy(&output.stdout);
        let crashed = output.status.code() == Some(2);
        assert!(crashed || said.contains("\"permissionDecision\":\"deny\""), "with {kilobytes} kB: {output:?}");
        crashes += usize::from(crashed);
    }
    assert!(crashes > 0, "no limit was low enough to crash it, so the shell around it was not tested");
}

#[test]
fn without_a_session_or_an_installation_calls_are_denied_with_the_way_out() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let hook = |plane: &Plane| fed(holdpoint(plane, home.path()).args(["hook", "claude-code"]), &proposes("ls"));
    assert!(denied(&hook(&plane)).contains("holdpoint install claude-code"));
    std::fs::remove_file(plane.home().verifying_key()).unwrap();
    with_session(&plane);
    assert!(denied(&hook(&plane)).contains("not set up"));
}

#[test]
fn install_adds_verifies_and_undoes_without_losing_a_byte() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let settings = home.path().join(".claude/settings.json");
    let before = "{\n    \"model\": \"opus\",\n    \"hooks\": {\"Stop\": [ {\"hooks\": []} ]}\n}\n";
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, before).unwrap();
    let install = |more: &[&str]| holdpoint(&plane, home.path()).args(["install", "claude-code"]).args(more).output().unwrap();
    let shown = |output: &Output| String::from_utf8_lossy(&output.stdout).into_owned();

    let dry = install(&["--dry-run"]);
    assert!(dry.status.success() && shown(&dry).contains("PreToolUse"), "{dry:?}");
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), before);

    let first = install(&[]);
    assert!(first.status.success(), "{first:?}");
    assert!(shown(&first).contains("attribution, not proof") && shown(&first).contains("verified"), "{first:?}");
    let installed = std::fs::read_to_string(&settings).unwrap();
    let again = install(&[]);
    assert!(again.status.success() && !shown(&again).contains("  + "), "{again:?}");
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), installed);

    assert!(install(&["--undo"]).status.success());
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), before);
}

#[test]
fn undo_leaves_exactly_what_was_there_be_it_nothing_or_blank() {
    for before in [None, Some(""), Some(" \n"), Some("{\"hooks\": {\"Stop\":[] },   \"model\":\"opus\"}")] {
        let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
        let directory = home.path().join(".claude");
        std::fs::create_dir_all(&directory).unwrap();
        let settings = directory.join("settings.json");
        before.into_iter().for_each(|text| std::fs::write(&settings, text).unwrap());
        for more in [[].as_slice(), &["--undo"]] {
            assert!(holdpoint(&plane, home.path()).args(["install", "claude-code"]).args(more).status().unwrap().success());
        }
        assert_eq!(std::fs::read_to_string(&settings).ok().as_deref(), before);
        let left = std::fs::read_dir(&directory).unwrap().count();
        assert_eq!(left, usize::from(before.is_some()), "no copy is left behind");
    }
}

#[test]
fn settings_behind_a_link_to_nowhere_stay_behind_it_and_what_others_added_stays() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let (directory, target) = (home.path().join(".claude"), home.path().join("dotfiles/claude.json"));
    std::fs::create_dir_all(&directory).unwrap();
    let settings = directory.join("settings.json");
    std::os::unix::fs::symlink("../dotfiles/claude.json", &settings).unwrap();
    let install =
        |more: &[&str]| holdpoint(&plane, home.path()).args(["install", "claude-code"]).args(more).status().unwrap().success();
    assert!(install(&[]) && settings.is_symlink() && target.is_file());
    assert!(install(&["--undo"]) && settings.is_symlink() && !target.exists());
    assert!(install(&[]));
    let changed = std::fs::read_to_string(&target).unwrap().replacen('{', "{\n  \"model\": 1.50,", 1);
    std::fs::write(&target, changed).unwrap();
    assert!(install(&["--undo"]));
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "{\n  \"model\": 1.50\n}\n");
}

#[test]
fn settings_that_are_not_json_are_left_alone() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let settings = home.path().join(".claude/settings.json");
    std::fs::create_dir_all(settings.parent().unwrap()).unwrap();
    std::fs::write(&settings, "// mine\n{}").unwrap();
    let output = holdpoint(&plane, home.path()).args(["install", "claude-code"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert_eq!(std::fs::read_to_string(&settings).unwrap(), "// mine\n{}");
    assert!(plane.asked().is_empty(), "no session was opened for nothing");
}

#[test]
fn doctor_finds_a_hook_that_was_changed() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let installed = holdpoint(&plane, home.path()).args(["install", "claude-code"]).output().unwrap();
    assert!(installed.status.success(), "{installed:?}");
    let doctor = || {
        let output = holdpoint(&plane, home.path()).args(["doctor", "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let bad = report["findings"].as_array().unwrap().iter().filter(|finding| finding["verdict"] == "bad");
        (output.status.code(), bad.map(|finding| finding["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>())
    };
    // The scripted control plane has no status and left no snapshot; the hooks are in order.
    let (status, bad) = doctor();
    assert_eq!((status, bad.contains(&"hooks".to_owned())), (Some(3), false), "{bad:?}");
    assert!(!bad.iter().any(|what| what.ends_with("call")), "{bad:?}");
    let settings = home.path().join(".claude/settings.json");
    let installed = std::fs::read_to_string(&settings).unwrap();
    for (from, to) in
        [("exit 2", "exit 0"), ("\"timeout\":10", "\"timeout\":0.001"), ("\"matcher\":\"*\"", "\"matcher\":\"Read\"")]
    {
        std::fs::write(&settings, installed.replacen(from, to, 1)).unwrap();
        assert!(doctor().1.contains(&"hooks".to_owned()), "{to}");
    }
}

#[test]
fn doctor_of_another_build_says_which_program_is_the_installed_one() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let installed = holdpoint(&plane, home.path()).args(["install", "claude-code"]).output().unwrap();
    assert!(installed.status.success(), "{installed:?}");
    let copy = home.path().join("holdpoint-of-today");
    std::fs::copy(env!("CARGO_BIN_EXE_holdpoint"), &copy).unwrap();
    let doctor = || {
        let asked = copy_of_holdpoint(&copy, &plane, home.path()).args(["doctor", "--json"]).output().unwrap();
        let report: Value = serde_json::from_slice(&asked.stdout).unwrap();
        let hooks = report["findings"].as_array().unwrap().iter().find(|finding| finding["what"] == "hooks").unwrap().clone();
        (hooks["verdict"].as_str().unwrap().to_owned(), hooks["says"].as_str().unwrap().to_owned())
    };
    let (verdict, says) = doctor();
    assert_eq!(verdict, "note", "{says}");
    assert!(says.contains("the same byte for byte") && says.contains(env!("CARGO_BIN_EXE_holdpoint")), "{says}");
    std::io::Write::write_all(&mut std::fs::OpenOptions::new().append(true).open(&copy).unwrap(), b"newer").unwrap();
    let (verdict, says) = doctor();
    assert_eq!(verdict, "bad", "{says}");
    assert!(says.contains("this is another build") && says.contains("holdpoint-of-today"), "{says}");
}

#[test]
fn doctor_reads_every_settings_file_that_the_host_reads() {
    let (plane, home) = (cautious(), tempfile::tempdir().unwrap());
    let project = home.path().join("shop");
    std::fs::create_dir_all(project.join(".claude")).unwrap();
    let run = |arguments: &[&str]| holdpoint(&plane, home.path()).current_dir(&project).args(arguments).output().unwrap();
    assert!(run(&["install", "claude-code"]).status.success());
    let findings = || {
        let report: Value = serde_json::from_slice(&run(&["doctor", "--json"]).stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter();
        let shown = |finding: &Value| format!("{} {}: {}", finding["verdict"], finding["what"], finding["says"]).replace('"', "");
        findings
            .map(shown)
            // What an administrator has put on this very machine is no matter of this test.
            .filter(|shown| !shown.contains("the managed settings"))
            .filter(|shown| [" hooks: ", " unasked: ", " other hook: "].iter().any(|what| shown.contains(what)))
            .collect::<Vec<_>>()
    };
    assert_eq!(findings(), ["good hooks: in your settings, at every event"]);
    let local = project.join(".claude/settings.local.json");
    let theirs =
        r#"{"permissions":{"allow":["Bash(*)"]},"hooks":{"PreToolUse":[{"hooks":[{"type":"command","command":"theirs"}]}]}}"#;
    std::fs::write(&local, theirs).unwrap();
    insta::assert_snapshot!(findings().join("\n"));
    std::fs::write(&local, r#"{"disableAllHooks":true}"#).unwrap();
    insta::assert_snapshot!(findings().join("\n"));
}
