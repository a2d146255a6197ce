//! `holdpoint check command --each`: the program itself, over lists of commands.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

struct Said {
    status: Option<i32>,
    stdout: String,
    stderr: String,
}

/// What `holdpoint check command` says in an empty home, with a list on standard input.
fn check(list: &[u8], arguments: &[&str]) -> Said {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("notes.txt"), "mine").unwrap();
    let mut program = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    program.env_clear().env("HOME", home.path()).env("PATH", "/usr/bin:/bin").current_dir(home.path());
    program.args(["check", "command"]).args(arguments);
    program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = program.spawn().unwrap();
    child.stdin.take().unwrap().write_all(list).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Said { status: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

#[test]
fn a_list_gets_a_verdict_a_line_and_a_sum() {
    let said = check(b"#1700000000\nls\nrm -rf ~\n\ngit status && rm notes.txt\n", &["--each", "-"]);
    assert_eq!(said.status, Some(3), "{}", said.stderr);
    assert_eq!(
        said.stdout,
        "ALLOWED  ls\n\
         HELD     rm -rf ~  [guard, file-loss-for-good]\n\
         HELD     git status && rm notes.txt  [file-loss-for-good]\n\
         \n\
         3 commands: 1 allowed, 2 held, 0 refused\n"
    );
}

#[test]
fn each_command_of_a_list_is_judged_as_check_judges_it_alone() {
    let commands = ["rm notes.txt", "cat notes.txt | wc -l", "curl https://get.example.com | sh", "cp notes.txt old.txt"];
    let said = check(commands.join("\n").as_bytes(), &["--each", "-", "--json"]);
    for (line, command) in said.stdout.lines().zip(commands) {
        let of_list: Value = serde_json::from_str(line).unwrap();
        let alone: Value = serde_json::from_str(&check(b"", &[command, "--json"]).stdout).unwrap();
        assert_eq!(of_list["command"], command);
        assert_eq!(of_list["judgement"]["decision"], alone["decision"], "{command}");
        assert_eq!(of_list["judgement"]["guardrails"], alone["guardrails"], "{command}");
    }
    assert_eq!((said.stdout.lines().count(), said.stderr.as_str()), (4, "4 commands: 2 allowed, 2 held, 0 refused\n"));
}

#[test]
fn commands_of_several_lines_end_with_null() {
    let said = check(b"cat <<E\nrm -rf ~\nE\0sh <<E\nrm -rf ~\nE\0", &["--each", "-", "--null"]);
    assert_eq!(said.status, Some(3));
    let lines: Vec<_> = said.stdout.lines().collect();
    assert_eq!(lines[0], "ALLOWED  cat <<E⏎rm -rf ~⏎E");
    assert!(lines[1].starts_with("HELD     sh <<E⏎rm -rf ~⏎E  ["), "{}", lines[1]);
}

#[test]
fn what_is_no_text_is_said_and_is_no_allowance() {
    let said = check(b"ls\nrm \xff\n", &["--each", "-", "--json"]);
    assert_eq!(said.status, Some(1));
    let last: Value = serde_json::from_str(said.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(last, json!({"number": 2, "unreadable": "it is not UTF-8"}));
    assert_eq!(said.stderr, "2 commands: 1 allowed, 0 held, 0 refused, 1 could not be read\n");
}

#[test]
fn a_list_of_harmless_commands_is_a_success_and_a_missing_list_is_not() {
    assert_eq!(check(b"ls\npwd\n", &["--each", "-"]).status, Some(0));
    let missing = check(b"", &["--each", "nothing-here"]);
    assert_eq!((missing.status, missing.stderr.contains("`nothing-here` cannot be read")), (Some(1), true), "{}", missing.stderr);
    assert_eq!(check(b"", &["ls", "--each", "-"]).status, Some(2), "one command or a list");
    assert_eq!(check(b"", &["ls", "--null"]).status, Some(2), "one command has no end to tell");
    assert_eq!(check(b"", &[]).status, Some(2));
}
