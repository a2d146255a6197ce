//! The caller's end: asks the runner, hands over the files it asks for, shows what comes back, and sends signals on.

use std::collections::BTreeMap;
use std::io::{self, Read as _};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use holdpoint_api::unix;
use holdpoint_core::question::FILE_TEXT_MAX_BYTES;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;

use super::frame::{self, Kind};
use super::message::{PASSED_ON, Request};

pub use super::message::End;

/// How long the runner may take to take up a conversation.
const CONNECTING_MAX: Duration = Duration::from_secs(10);

/// With what the runner is asked to run a command. Where nothing is said, it looks which credential is for the program.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Means {
    /// A credential, by name.
    pub credential: Option<String>,
    /// A site, by name.
    pub site: Option<String>,
}

/// Has the runner run a command, and gives what came of it. Output goes where ours goes.
///
/// # Errors
/// [`Away`] where there is no runner, and nothing ran; anything else means that nobody can tell.
///
/// [`Away`]: Error::Away
pub fn run(socket: &Path, argv: Vec<String>, directory: &Path, means: Means) -> Result<End, Error> {
    let stream = unix::connect(socket, CONNECTING_MAX).map_err(Error::Away)?;
    let directory = directory.canonicalize().map_err(Error::Away)?;
    let directory = directory.into_os_string().into_string().map_err(|_| Error::Away(io::ErrorKind::InvalidFilename.into()))?;
    let set = |name: &&str| std::env::var(name).ok().map(|value| ((*name).to_owned(), value));
    let variables: BTreeMap<_, _> = PASSED_ON.iter().filter_map(set).collect();
    let request = Request { argv, directory, variables, credential: means.credential, site: means.site };
    frame::send(&mut &stream, Kind::Request, &request).map_err(Error::Away)?;
    converse(&stream).map_err(Error::Broken)
}

fn converse(stream: &UnixStream) -> io::Result<End> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM])?;
    let handle = signals.handle();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            for signal in signals.forever() {
                let signal = u8::try_from(signal).unwrap_or_default();
                let _ = frame::write(&mut &*stream, Kind::Signal, &[signal]);
            }
        });
        let end = listen(stream);
        handle.close();
        // Should output have nowhere to go, the runner hears that we are gone.
        let _ = stream.shutdown(Shutdown::Both);
        end
    })
}

fn listen(mut stream: &UnixStream) -> io::Result<End> {
    loop {
        let frame = frame::read(&mut stream)?.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        match frame.kind {
            Kind::Output => show(&mut io::stdout().lock(), &frame.payload)?,
            Kind::Errors => show(&mut io::stderr().lock(), &frame.payload)?,
            Kind::Need => frame::send(&mut stream, Kind::File, &handed_over(&frame.payload))?,
            _ => return frame.message(Kind::End),
        }
    }
}

fn show(to: &mut impl io::Write, bytes: &[u8]) -> io::Result<()> {
    to.write_all(bytes)?;
    to.flush()
}

/// The text of a file, read with the caller's own rights.
fn handed_over(path: &[u8]) -> Option<String> {
    let path = std::str::from_utf8(path).ok()?;
    let mut text = String::new();
    let limit = FILE_TEXT_MAX_BYTES as u64 + 1;
    std::fs::File::open(path).ok()?.take(limit).read_to_string(&mut text).ok()?;
    (text.len() <= FILE_TEXT_MAX_BYTES).then_some(text)
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no runner to ask. Nothing ran.
    #[error("the runner is away")]
    Away(#[source] io::Error),
    /// The conversation broke. It may have run.
    #[error("the conversation with the runner broke, and nobody here can tell how far it came")]
    Broken(#[source] io::Error),
}
