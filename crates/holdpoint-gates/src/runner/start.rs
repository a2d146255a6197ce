//! What a process that is to become a program hears, and how it says that it could not: of an act that never began the permit lives
//! on, so that nobody but the process itself may say so, and only for as long as it is not yet the program.
//!
//! ```text
//!  who starts it ──what is to be run──▶ its standard input, a socket
//!        ◀────why it did not become it──┘   closed by exec(2): the program cannot say it any more
//! ```
//!
//! **Out of scope**: a process that is killed on its way. It counts as begun: nobody can tell.

use std::io::{self, Read as _, Write as _};
use std::net::Shutdown;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::time::Duration;

/// Longest reason that is listened to.
const WHY_MAX_BYTES: u64 = 4 * 1024;
/// How long a reason may take that was said already.
const LISTENING_MAX: Duration = Duration::from_secs(2);

/// The end of who starts a process.
#[derive(Debug)]
pub(super) struct Starting(UnixStream);

impl Starting {
    /// This end, and what the process gets as its standard input.
    pub(super) fn pair() -> io::Result<(Self, Stdio)> {
        let (own, given) = UnixStream::pair()?;
        Ok((Self(own), Stdio::from(OwnedFd::from(given))))
    }

    /// Says what is to be run, all of it. A process that ended already hears nothing.
    pub(super) fn say(&self, what: &[u8]) {
        let _ = (&self.0).write_all(what);
        self.finish();
    }

    /// The stream, for what is said bit by bit.
    pub(super) fn stream(&self) -> &UnixStream {
        &self.0
    }

    /// Says that nothing more is said.
    pub(super) fn finish(&self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }

    /// Why the process did not become the program; nothing where it did. To be asked when it has ended.
    pub(super) fn why_not(&self) -> Option<String> {
        let mut why = Vec::new();
        let _ = self.0.set_read_timeout(Some(LISTENING_MAX));
        // What came before an error came.
        let _ = (&self.0).take(WHY_MAX_BYTES).read_to_end(&mut why);
        (!why.is_empty()).then(|| String::from_utf8_lossy(&why).into_owned())
    }
}

/// The end of the process that is to become a program.
#[derive(Debug)]
pub struct Excuse(UnixStream);

impl Excuse {
    /// Holds on to standard input, which the program will not have.
    ///
    /// # Errors
    /// Where standard input is closed.
    pub fn of_stdin() -> io::Result<Self> {
        // A copy is closed by exec(2), as everything is that the standard library opens.
        Ok(Self(UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?)))
    }

    /// Says why this process does not become the program.
    pub fn give(&self, why: &str) {
        let _ = (&self.0).write_all(why.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn who_became_the_program_has_nothing_more_to_say() {
        let (starting, stdin) = Starting::pair().unwrap();
        let mut child = Command::new("sh").args(["-c", "cat >/dev/null; exit 127"]).stdin(stdin).spawn().unwrap();
        starting.say(b"words");
        assert_eq!(child.wait().unwrap().code(), Some(127));
        assert_eq!(starting.why_not(), None, "a program's own status is no excuse");
    }

    #[test]
    fn an_excuse_is_heard() {
        let (own, other) = UnixStream::pair().unwrap();
        let starting = Starting(own);
        starting.say(b"words");
        let excuse = Excuse(other);
        excuse.give("no space left on device");
        drop(excuse);
        assert_eq!(starting.why_not().as_deref(), Some("no space left on device"));
    }
}
