//! The outline of a long run: one titled step after the other, each timed, all of them run even
//! when one fails, and an end that says in a few lines what happened.

use crate::cargo::Tally;
use anyhow::{Error, Result};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A run of steps and what became of them.
pub(crate) struct Steps {
    began: Instant,
    done: Vec<Done>,
    tests: Tally,
    not_run: Vec<NotRun>,
}

/// Something that was left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NotRun {
    pub(crate) what: String,
    pub(crate) why: String,
}

struct Done {
    title: &'static str,
    took: Duration,
    outcome: Outcome,
}

#[derive(PartialEq, Eq)]
enum Outcome {
    Failed,
    /// Some tests failed; they are counted one by one.
    FailedTests,
    Passed,
}

impl Steps {
    pub(crate) fn begin() -> Self {
        Self { began: Instant::now(), done: Vec::new(), tests: Tally::default(), not_run: Vec::new() }
    }

    /// Runs one step. What it returns is there for later steps; its failure is remembered, not fatal.
    pub(crate) fn run<T>(&mut self, title: &'static str, step: impl FnOnce() -> Result<T>) -> Option<T> {
        let began = self.announce(title);
        let (value, outcome) = match step() {
            Ok(value) => (Some(value), Outcome::Passed),
            Err(error) => {
                complain(title, &error);
                (None, Outcome::Failed)
            }
        };
        self.close(title, began, outcome);
        value
    }

    /// Runs a step that counts tests: its tally, and whether the run as a whole was content.
    pub(crate) fn run_tests(&mut self, title: &'static str, step: impl FnOnce() -> Result<(Tally, bool)>) {
        let began = self.announce(title);
        let outcome = match step() {
            Ok((tally, content)) => {
                self.tests.passed += tally.passed;
                self.tests.failed += tally.failed;
                self.tests.skipped += tally.skipped;
                match (content, tally.failed) {
                    (true, 0) => Outcome::Passed,
                    (_, 1..) => Outcome::FailedTests,
                    (false, 0) => Outcome::Failed,
                }
            }
            Err(error) => {
                complain(title, &error);
                Outcome::Failed
            }
        };
        self.close(title, began, outcome);
    }

    /// Remembers tests that returned early because something is missing: they did not pass.
    pub(crate) fn tests_not_run(&mut self, not_run: Vec<NotRun>) {
        let count = u64::try_from(not_run.len()).unwrap_or(u64::MAX);
        self.tests.passed = self.tests.passed.saturating_sub(count);
        self.tests.skipped += count;
        self.not_run.extend(not_run);
    }

    /// Remembers whole steps that were left out.
    pub(crate) fn not_run(&mut self, not_run: impl IntoIterator<Item = NotRun>) {
        self.not_run.extend(not_run);
    }

    /// Prints the summary and turns it into an exit status. The closing line stands alone, so that
    /// programs can read it; a failed step counts as one failure beside the failed tests.
    pub(crate) fn finish(self) -> ExitCode {
        let (text, failed) = self.summary();
        println!("{text}");
        if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }

    fn summary(&self) -> (String, u64) {
        let mut text = String::from("\n");
        for done in &self.done {
            let mark = if done.outcome == Outcome::Passed { "ok    " } else { "FAILED" };
            text += &format!("{mark} {:<22} {:>5} s\n", done.title, done.took.as_secs());
        }
        text += &format!("all in {} s\n", self.began.elapsed().as_secs());
        for NotRun { what, why } in &self.not_run {
            text += &format!("not run: {what} ({why})\n");
        }
        let steps = self.done.iter().filter(|done| done.outcome == Outcome::Failed).count();
        let failed = self.tests.failed + u64::try_from(steps).unwrap_or(u64::MAX);
        let Tally { passed, skipped, .. } = self.tests;
        text += &format!("{passed} passed, {failed} failed, {skipped} skipped");
        (text, failed)
    }

    fn announce(&self, title: &str) -> Instant {
        println!("── {title} (at {} s)", self.began.elapsed().as_secs());
        Instant::now()
    }

    fn close(&mut self, title: &'static str, began: Instant, outcome: Outcome) {
        let took = began.elapsed();
        let word = if outcome == Outcome::Passed { "ok" } else { "FAILED" };
        println!("── {title}: {word} in {} s", took.as_secs());
        self.done.push(Done { title, took, outcome });
    }
}

fn complain(title: &str, error: &Error) {
    eprintln!("{title}: {error:#}");
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::bail;

    fn closing_line(steps: &Steps) -> String {
        steps.summary().0.lines().last().unwrap().to_owned()
    }

    #[test]
    fn a_failed_step_does_not_stop_the_next_and_fails_the_run() {
        let mut steps = Steps::begin();
        assert_eq!(steps.run("one", || -> Result<u8> { bail!("no") }), None);
        assert_eq!(steps.run("two", || Ok(2)), Some(2));
        assert_eq!(closing_line(&steps), "0 passed, 1 failed, 0 skipped");
        assert_eq!(steps.finish(), ExitCode::FAILURE);
    }

    #[test]
    fn failed_tests_are_counted_once_and_a_failed_build_is_not_lost() {
        let mut steps = Steps::begin();
        let tally = Tally { passed: 7, failed: 2, skipped: 1 };
        steps.run_tests("tests", || Ok((tally, false)));
        assert_eq!(closing_line(&steps), "7 passed, 2 failed, 1 skipped");
        steps.run_tests("more", || Ok((Tally::default(), false)));
        assert_eq!(closing_line(&steps), "7 passed, 3 failed, 1 skipped");
    }

    #[test]
    fn a_test_that_was_not_run_did_not_pass() {
        let mut steps = Steps::begin();
        steps.run_tests("tests", || Ok((Tally { passed: 7, ..Tally::default() }, true)));
        steps.tests_not_run(vec![NotRun { what: "enrolment".into(), why: "no chromium".into() }]);
        assert_eq!(closing_line(&steps), "6 passed, 0 failed, 1 skipped");
        assert!(steps.summary().0.contains("not run: enrolment (no chromium)\n"));
        assert_eq!(steps.finish(), ExitCode::SUCCESS);
    }
}
