//! Programs that are asked and stopped at the deadline.

use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

use super::deadline::Deadline;

/// Most bytes that are read from one program.
const OUTPUT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// Runs programs beside each other and returns what each wrote, in their order; nothing for one that failed, wrote too much
/// or was not done in time. None outlives this call.
pub(super) fn outputs<const N: usize>(commands: [Command; N], deadline: &Deadline) -> [Option<Vec<u8>>; N] {
    // All are started before the first is waited for.
    let started = commands.map(Running::start);
    started.map(|running| running?.output(deadline))
}

/// A program in a process group of its own. Dropped, it is killed with whatever it started.
struct Running {
    child: Child,
    output: ChildStdout,
}

impl Running {
    fn start(mut command: Command) -> Option<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).process_group(0);
        let mut child = command.spawn().ok()?;
        let output = child.stdout.take()?;
        Some(Self { child, output })
    }

    fn output(mut self, deadline: &Deadline) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut part = [0; 64 * 1024];
        loop {
            let left = Timespec::try_from(deadline.remaining()?).ok()?;
            if poll(&mut [PollFd::new(&self.output.as_fd(), PollFlags::IN)], Some(&left)).ok()? == 0 {
                return None;
            }
            let size = self.output.read(&mut part).ok()?;
            let Some(read) = part.get(..size).filter(|read| !read.is_empty()) else { break };
            bytes.extend_from_slice(read);
            if bytes.len() > OUTPUT_MAX_BYTES {
                return None;
            }
        }
        // Its output is closed: it is done, or has nothing more to say and is stopped with its group.
        let done = self.child.wait_unless_late(deadline)?;
        done.then_some(bytes)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended meanwhile; then nobody is left to signal.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = self.child.wait();
        }
    }
}

trait WaitUnlessLate {
    /// Whether the program ended well; nothing where it still ran at the deadline.
    fn wait_unless_late(&mut self, deadline: &Deadline) -> Option<bool>;
}

impl WaitUnlessLate for Child {
    fn wait_unless_late(&mut self, deadline: &Deadline) -> Option<bool> {
        loop {
            if let Some(status) = self.try_wait().ok()? {
                return Some(status.success());
            }
            deadline.remaining()?;
            // Nothing wakes us when a child ends; half a millisecond of patience costs less than a thread or a signal.
            poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 500_000 })).ok()?;
        }
    }
}
