//! One answer, in time, whatever happens: the watchdog of a hook process.
//!
//! Hosts let a call proceed when a hook fails in a way they do not know, so silence must never be an accident:
//!
//! | what happens | who answers |
//! |---|---|
//! | an answer | the worker |
//! | a panic, or no thread for the worker | the watchdog: *deny* |
//! | the deadline passes: input that never ends, a stuck disk, a slow control plane | the watchdog: *deny* |
//! | stack overflow, abort, out of memory, a kill, a missing program | the shell around the hook, see [`crash_proof`] |
//!
//! The last row cannot be answered from inside: a process that lost its stack has nothing to stand on. Hosts start hooks
//! through a shell anyway, and that shell is the parent that supervises.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

/// How long a hook may take, from its first instruction to its answer.
pub const DEADLINE: Duration = Duration::from_secs(1);
/// The worker's stack. Parsers bound their own depth; this is room to spare, and costs nothing until it is touched.
const WORKER_STACK_BYTES: usize = 64 * 1024 * 1024;

/// Does the work on a thread of its own and gives its result, if there is one before the deadline.
///
/// The worker is not stopped when the deadline passes: the caller answers and ends the process.
///
/// # Errors
/// Says why there is no result.
pub fn in_time<R: Send + 'static>(deadline: Duration, work: impl FnOnce() -> R + Send + 'static) -> Result<R, Unanswered> {
    let (sender, receiver) = mpsc::channel();
    let worker = std::thread::Builder::new().name("hook".to_owned()).stack_size(WORKER_STACK_BYTES);
    worker.spawn(move || drop(sender.send(work()))).map_err(|error| Unanswered::NoWorker(error.to_string()))?;
    receiver.recv_timeout(deadline).map_err(|error| match error {
        RecvTimeoutError::Disconnected => Unanswered::Crashed,
        RecvTimeoutError::Timeout => Unanswered::Late { deadline },
    })
}

/// Writes the shell command that runs `program` as a hook and denies when it dies instead of answering.
///
/// Exit status 2 is the one that hosts take for a denial; the program itself always exits with 0.
pub fn crash_proof(program: &str, arguments: &str) -> String {
    let program = format!("'{}'", program.replace('\'', r"'\''"));
    format!("{program} {arguments} || {{ echo '{LAST_WORDS}' >&2; exit 2; }}")
}

/// What the shell says when the hook cannot.
const LAST_WORDS: &str =
    "Holdpoint could not answer, so this call is held. Ask the person you work for to run `holdpoint doctor`.";

/// Why a hook has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The worker panicked.
    #[error("Holdpoint crashed while it read this call")]
    Crashed,
    /// The deadline passed.
    #[error("Holdpoint could not decide within {} ms", deadline.as_millis())]
    Late {
        /// The deadline.
        deadline: Duration,
    },
    /// There is no thread to work on.
    #[error("Holdpoint could not start its work: {0}")]
    NoWorker(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_panic_is_not_an_answer() {
        let answer: Result<(), _> = in_time(Duration::from_secs(20), || panic!("on purpose"));
        assert_eq!(answer, Err(Unanswered::Crashed));
    }

    #[test]
    fn work_that_never_ends_is_late() {
        let (keep_open, never) = mpsc::channel::<()>();
        let deadline = Duration::from_millis(20);
        let answer = in_time(deadline, move || never.recv().is_ok());
        assert_eq!(answer, Err(Unanswered::Late { deadline }));
        drop(keep_open);
    }

    #[test]
    fn an_answer_is_passed_on() {
        assert_eq!(in_time(Duration::from_secs(20), || 7), Ok(7));
    }

    /// Runs what a host would run, and gives its exit status.
    fn hosted(program: &str, arguments: &str) -> Option<i32> {
        let command = crash_proof(program, arguments);
        Command::new("sh").args(["-c", &command]).stdin(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
    }

    #[test]
    fn a_hook_that_dies_of_a_signal_denies() {
        for signal in ["SEGV", "ABRT", "KILL"] {
            assert_eq!(hosted("sh", &format!("-c 'kill -{signal} $$'")), Some(2), "{signal}");
        }
    }

    #[test]
    fn a_hook_that_is_gone_denies() {
        assert_eq!(hosted("/nonexistent/it's gone/holdpoint", "hook claude-code"), Some(2));
    }

    #[test]
    fn a_hook_that_answers_is_left_alone() {
        assert_eq!(hosted("true", ""), Some(0));
    }
}
