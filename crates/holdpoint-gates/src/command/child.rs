//! The child process: it gets our terminal and our signals, and we say how it ended.

use std::io::IsTerminal as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Child, Command, ExitStatus};

use holdpoint_api::v1::ResultV1;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

/// To whom signals go.
#[derive(Debug, Clone, Copy)]
enum Group {
    /// The child has a process group of its own: signals are sent on to all of it.
    Own,
    /// The child shares ours, because both use the terminal. What the keyboard sends reaches it without us.
    Shared,
}

/// Runs a command to its end.
pub(super) fn run(command: &mut Command) -> ResultV1 {
    let not_started = |error: &dyn std::fmt::Display| ResultV1::NotStarted { why: error.to_string() };
    // Before the child starts, so that no signal falls between.
    let signals = match Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM]) {
        Ok(signals) => signals,
        Err(error) => return not_started(&error),
    };
    let group = if std::io::stdin().is_terminal() { Group::Shared } else { Group::Own };
    if matches!(group, Group::Own) {
        command.process_group(0);
    }
    match command.spawn() {
        Ok(child) => wait(child, group, signals),
        // The operating system says so before the program's first instruction.
        Err(error) => not_started(&error),
    }
}

fn wait(mut child: Child, group: Group, mut signals: Signals) -> ResultV1 {
    let (handle, id) = (signals.handle(), child.id());
    let status = std::thread::scope(|scope| {
        scope.spawn(move || signals.forever().for_each(|signal| pass_on(signal, id, group)));
        let status = child.wait();
        handle.close();
        status
    });
    match status {
        Ok(status) => ResultV1::Done { status: code(status) },
        Err(error) => ResultV1::Indeterminate { why: format!("the gate lost sight of the command: {error}") },
    }
}

/// Sends a signal on. Failing to is no news: the child may have ended.
fn pass_on(signal: i32, id: u32, group: Group) {
    let Some(pid) = i32::try_from(id).ok().and_then(Pid::from_raw) else { return };
    let Some(signal) = Signal::from_named_raw(signal) else { return };
    let _ = match group {
        Group::Own => kill_process_group(pid, signal),
        Group::Shared if signal == Signal::INT || signal == Signal::QUIT => Ok(()),
        Group::Shared => kill_process(pid, signal),
    };
}

/// The status as a shell would give it: 128 + the signal where a signal ended the child.
fn code(status: ExitStatus) -> Option<i32> {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(script: &str) -> ResultV1 {
        run(Command::new("sh").args(["-c", script]))
    }

    #[test]
    fn the_childs_own_status_is_passed_through_and_a_signal_is_told_as_a_shell_does() {
        assert_eq!(ran("exit 7"), ResultV1::Done { status: Some(7) });
        assert_eq!(ran("kill -TERM $$"), ResultV1::Done { status: Some(143) });
    }

    #[test]
    fn a_program_that_cannot_start_is_proved_not_to_have_begun() {
        assert!(matches!(run(&mut Command::new("/nonexistent/program")), ResultV1::NotStarted { .. }));
    }
}
