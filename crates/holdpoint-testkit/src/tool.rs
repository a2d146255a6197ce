//! Programs that a test needs and a machine may lack: a browser, Go, strace.
//!
//! A missing program fails the test where nothing may be left out (`CI=true`). Elsewhere the test returns early, having said
//! so: `./x test` counts it as skipped and names it, with the reason, in its last lines.

use std::env;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

/// Names the file in which `./x test` wants to read what was not run.
const NOT_RUN: &str = "HOLDPOINT_NOT_RUN";

/// Finds the first of these programs on the path, on behalf of a test.
///
/// Returns nothing where none is there and something may be left out; the test then has nothing to do but return.
///
/// # Panics
/// Under `CI=true`, where a missing program is a failure.
///
/// ```no_run
/// use holdpoint_testkit::tool;
/// let Some(strace) = tool::find("hook_starts_one_process", &["strace"]) else { return };
/// ```
pub fn find(test: &str, any_of: &[&str]) -> Option<PathBuf> {
    let found = any_of.iter().find_map(|name| on_path(name));
    if found.is_none() {
        not_run(test, &format!("no {}", any_of.join(" or ")));
    }
    found
}

/// Says that a test was not run, and why. For what is missing but is no program on the path.
///
/// # Panics
/// Under `CI=true`, where nothing may be left out, and where the note cannot be written.
#[expect(clippy::panic, reason = "for tests only, and a test that may not be left out has failed")]
pub fn not_run(test: &str, why: &str) {
    if env::var_os("CI").is_some_and(|value| value == "true") {
        panic!("`{test}` could not run: {why}");
    }
    note(test, why);
}

/// Says that a test was not run because this machine's kernel does not let it, which no installing mends: that is counted as
/// left out under `CI=true` as well, not as a failure.
pub fn not_possible(test: &str, why: &str) {
    note(test, why);
}

#[expect(clippy::panic, reason = "for tests only, and a note that is lost would hide what was left out")]
fn note(test: &str, why: &str) {
    eprintln!("not run: {test} ({why})");
    let Some(notes) = env::var_os(NOT_RUN) else { return };
    // One write of one line: tests of several processes append to the same file.
    let noted =
        OpenOptions::new().append(true).open(&notes).and_then(|mut notes| notes.write_all(format!("{test}: {why}\n").as_bytes()));
    if let Err(error) = noted {
        panic!("cannot note that `{test}` was not run: {error}");
    }
}

fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_there_is_found() {
        assert_eq!(find("itself", &["no-such-program-anywhere", "sh"]), on_path("sh"));
        assert!(on_path("sh").is_some());
        assert_eq!(on_path("no-such-program-anywhere"), None);
    }
}
