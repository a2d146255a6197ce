//! `./x test`: what CI checks, in the order in which failures are cheapest to find.

use crate::cargo::{cargo, run, target_directory, test as cargo_test};
use crate::deny::Deny;
use crate::root::root;
use crate::steps::{NotRun, Steps};
use crate::tidy::tidy_up;
use crate::tools::{program, see_to_tools, under_ci};
use anyhow::{Context, Result};
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Runs everything CI checks and says at the end what became of it.
pub(crate) fn test() -> Result<ExitCode> {
    let mut steps = Steps::begin();
    check_all(&mut steps, &[]);
    Ok(steps.finish())
}

/// The steps of `test`, with further variables for the tests: `soak` runs the same with larger counts.
pub(crate) fn check_all(steps: &mut Steps, variables: &[(&str, OsString)]) {
    let deny = Deny::begin();
    let missing = steps.run("tools", see_to_tools).unwrap_or_default();
    steps.run("format", || run(cargo().args(["fmt", "--all", "--check", "--", "--files-with-diff"])));
    steps.run("tidy", tidy_up);
    if program("shellcheck").is_some() {
        steps.run("shell scripts", || {
            run(Command::new("shellcheck").current_dir(root()).args(["x", ".ci/run", "crates/holdpoint/tests/systemd/boot.sh"]))
        });
    }
    steps.run("clippy", || {
        let clippy = ["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"];
        run(quiet_build(cargo().args(clippy)))
    });
    steps.run("licences and bans", || deny.check());
    let left_out = run_tests(steps, variables);
    steps.run("documentation", || {
        let doc = ["doc", "--workspace", "--no-deps", "--locked"];
        run(quiet_build(cargo().args(doc).env("RUSTDOCFLAGS", "-D warnings")))
    });
    steps.not_run(missing);
    steps.tests_not_run(left_out);
}

/// Runs all tests, doc tests included. Returns those that found something missing and said so.
fn run_tests(steps: &mut Steps, variables: &[(&str, OsString)]) -> Vec<NotRun> {
    let mut left_out = Vec::new();
    steps.run_tests("tests", || {
        let notes = target_directory()?.join("not-run.txt");
        std::fs::write(&notes, "").context("cannot write the list of tests not run")?;
        let mut all = vec![("HOLDPOINT_NOT_RUN", notes.clone().into_os_string())];
        all.extend(variables.iter().cloned());
        if under_ci() {
            all.push(("CARGO_INCREMENTAL", "0".into()));
        }
        let outcome = cargo_test(&["--workspace", "--locked", "--no-fail-fast"], &all)?;
        left_out = read_notes(&notes)?;
        Ok(outcome)
    });
    left_out
}

/// Nothing is built twice from one checkout in CI, so what incremental builds would need is not kept.
fn quiet_build(command: &mut Command) -> &mut Command {
    if under_ci() { command.env("CARGO_INCREMENTAL", "0") } else { command }
}

/// Reads what tests left in the file that `HOLDPOINT_NOT_RUN` names: a line `what: why` for each.
fn read_notes(file: &Path) -> Result<Vec<NotRun>> {
    let text = std::fs::read_to_string(file).context("cannot read the list of tests not run")?;
    Ok(text.lines().map(note).collect())
}

fn note(line: &str) -> NotRun {
    let (what, why) = line.split_once(": ").unwrap_or((line, "no reason given"));
    NotRun { what: what.to_owned(), why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_names_the_test_and_the_reason() {
        let NotRun { what, why } = note("approve_in_a_browser: no chromium");
        assert_eq!((what.as_str(), why.as_str()), ("approve_in_a_browser", "no chromium"));
    }
}
