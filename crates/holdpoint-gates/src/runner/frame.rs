//! What goes over the runner's sockets: a byte that says what it is, a length, and that many bytes.
//!
//! Output travels in frames so that the runner can mask what is secret in it before anybody reads it. Whoever writes waits until
//! the other side has read: nothing is kept beyond one frame and the socket's own buffer.

use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Longest frame in bytes: the longest change with the longest answers, written as JSON.
pub(super) const FRAME_MAX_BYTES: u32 = 2 * 1024 * 1024;
/// How much output is read at once.
pub(super) const CHUNK_BYTES: usize = 16 * 1024;

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of the conversation, and what came of it.
    End,
    /// Standard error.
    Errors,
    /// The text of a file that was asked for, or nothing where it cannot be had.
    File,
    /// What is wanted to be known of a site.
    Look,
    /// The path of a file that is wanted.
    Need,
    /// Standard output.
    Output,
    /// What is asked: always the first frame.
    Request,
    /// A signal for what runs.
    Signal,
    /// The name of a site, ahead of what is asked of it.
    Site,
}

impl Kind {
    const ALL: [Self; 9] =
        [Self::End, Self::Errors, Self::File, Self::Look, Self::Need, Self::Output, Self::Request, Self::Signal, Self::Site];

    const fn letter(self) -> u8 {
        match self {
            Self::End => b'z',
            Self::Errors => b'e',
            Self::File => b'f',
            Self::Look => b'l',
            Self::Need => b'n',
            Self::Output => b'o',
            Self::Request => b'r',
            Self::Signal => b's',
            Self::Site => b'p',
        }
    }
}

/// One frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// What it is.
    pub(super) kind: Kind,
    /// Its bytes.
    pub(super) payload: Vec<u8>,
}

impl Frame {
    /// Reads a message of this kind.
    ///
    /// # Errors
    /// Fails where it is of another kind or shape.
    pub(super) fn message<M: DeserializeOwned>(&self, kind: Kind) -> io::Result<M> {
        if self.kind != kind {
            return Err(strange("a message came out of turn"));
        }
        serde_json::from_slice(&self.payload).map_err(|_| strange("a message is not of the expected shape"))
    }
}

impl Frame {
    /// The signal that it brings, where it is one of those that are sent on. Whoever wants a program ended for good goes away.
    pub(super) fn signal(&self) -> Option<Signal> {
        let named = self.payload.first().and_then(|signal| Signal::from_named_raw(i32::from(*signal)));
        named.filter(|signal| [Signal::HUP, Signal::INT, Signal::QUIT, Signal::TERM].contains(signal))
    }
}

/// Writes one frame.
///
/// # Errors
/// As the operating system says; and where it would be too long.
pub(super) fn write(to: &mut impl Write, kind: Kind, payload: &[u8]) -> io::Result<()> {
    let length = u32::try_from(payload.len()).ok().filter(|length| *length <= FRAME_MAX_BYTES);
    let length = length.ok_or_else(|| strange("a frame is too long"))?;
    write_head(to, kind, length)?;
    to.write_all(payload)?;
    to.flush()
}

fn write_head(to: &mut impl Write, kind: Kind, length: u32) -> io::Result<()> {
    let mut head = vec![kind.letter()];
    head.extend_from_slice(&length.to_be_bytes());
    to.write_all(&head)
}

/// Writes a message as a frame.
///
/// # Errors
/// As [`write`].
pub(super) fn send(to: &mut impl Write, kind: Kind, message: &impl Serialize) -> io::Result<()> {
    write(to, kind, &serde_json::to_vec(message)?)
}

/// A stream that is read until a moment and no longer: however little comes at a time, a message has come by then or never.
pub(super) struct Until<'a> {
    stream: &'a UnixStream,
    moment: Instant,
}

impl<'a> Until<'a> {
    /// Reads for so long from now.
    pub(super) fn after(stream: &'a UnixStream, patience: Duration) -> Self {
        Self { stream, moment: Instant::now() + patience }
    }
}

impl Read for Until<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.moment.saturating_duration_since(Instant::now());
        // The operating system takes a time-out of zero for none at all.
        self.stream.set_read_timeout(Some(left.max(Duration::from_millis(1))))?;
        let mut stream = self.stream;
        let read = stream.read(buffer)?;
        if self.moment <= Instant::now() { Err(ErrorKind::TimedOut.into()) } else { Ok(read) }
    }
}

/// Reads one frame; nothing where the other side has closed in good order.
///
/// # Errors
/// As the operating system says; and where what comes is no frame.
pub(super) fn read(from: &mut impl Read) -> io::Result<Option<Frame>> {
    let mut letter = [0];
    if from.read(&mut letter)? == 0 {
        return Ok(None);
    }
    let kind = Kind::ALL.into_iter().find(|kind| [kind.letter()] == letter).ok_or_else(|| strange("what came is no frame"))?;
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = u32::from_be_bytes(length);
    if length > FRAME_MAX_BYTES {
        return Err(strange("a frame is too long"));
    }
    let mut payload = Vec::new();
    from.take(u64::from(length)).read_to_end(&mut payload)?;
    if payload.len() as u64 != u64::from(length) {
        return Err(strange("a frame ends too early"));
    }
    Ok(Some(Frame { kind, payload }))
}

fn strange(what: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_not_a_whole_frame_is_an_error() {
        for bytes in [&b"x\0\0\0\0"[..], b"o", b"o\0\0", b"o\0\0\0\x05abc", b"o\xff\xff\xff\xff"] {
            assert!(read(&mut &bytes[..]).is_err(), "{bytes:?}");
        }
        assert_eq!(read(&mut &b""[..]).unwrap(), None);
    }

    #[test]
    fn whoever_sends_a_message_bit_by_bit_is_not_waited_for() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let slow = std::thread::spawn(move || {
            let mut theirs = theirs;
            // As fast as it is read: the frame is long, and its bytes come one at a time.
            write_head(&mut theirs, Kind::Request, FRAME_MAX_BYTES).and_then(|()| {
                loop {
                    theirs.write_all(b" ")?;
                }
            })
        });
        let read = read(&mut Until::after(&ours, Duration::from_millis(5)));
        drop(ours);
        assert!(matches!(read.unwrap_err().kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock));
        let _: io::Result<()> = slow.join().unwrap();
    }

    #[test]
    fn a_frame_comes_out_as_it_went_in_and_every_kind_has_its_letter() {
        for kind in Kind::ALL {
            let mut bytes = Vec::new();
            write(&mut bytes, kind, b"abc").unwrap();
            assert_eq!(read(&mut &bytes[..]).unwrap(), Some(Frame { kind, payload: b"abc".to_vec() }));
        }
        assert!(write(&mut Vec::new(), Kind::Output, &vec![0; FRAME_MAX_BYTES as usize + 1]).is_err());
    }
}
