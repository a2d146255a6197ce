//! C2SP checkpoints: a tree head, signed by its log (<https://c2sp.org/tlog-checkpoint>).
//!
//! ```text
//! holdpoint.example/acme                           origin: which log
//! 70000                                            size
//! ghz1z8q7852d1N1c+1RoXLglXBI9vsNsWhE+StpOPp4=     root
//!
//! — holdpoint.example/acme sauvqYhk…               signature of the log, then those of witnesses
//! ```
//!
//! In scope: writing, signing, reading and verifying checkpoints.
//!
//! Out of scope: *when* to sign. A log signs only a head that is already durable and extends the last it signed;
//! that is the store's duty.
//!
//! Extension lines are neither written nor accepted: nobody can audit them, and newer signature types do not cover
//! them.

use std::fmt;
use std::str::FromStr;

use crate::armor;
use crate::note::{self, Note, Signer, Verifier};
use crate::tree::{MAX_SIZE, TreeHead};

/// What a log says of itself at one size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: Origin,
    /// Its size and root.
    pub head: TreeHead,
}

impl Checkpoint {
    /// Signs the checkpoint. The key must carry the origin as its name, as the specification recommends.
    ///
    /// Ed25519 is deterministic and a checkpoint holds no time: signing the same head again gives the same bytes.
    ///
    /// # Errors
    /// When the key has another name or did not sign.
    pub fn sign(self, signer: &dyn Signer) -> Result<SignedCheckpoint, Error> {
        let key_name = signer.verifier().name().as_str();
        if key_name != self.origin.as_str() {
            return Err(Error::OtherKeyName { origin: self.origin, key_name: key_name.to_owned() });
        }
        let note = Note::sign(self.to_text(), signer)?;
        Ok(SignedCheckpoint { checkpoint: self, note })
    }

    /// The text that is signed: three lines.
    #[must_use]
    pub fn to_text(&self) -> String {
        format!("{}\n{}\n{}\n", self.origin, self.head.size, self.head.root)
    }

    fn parse(text: &str) -> Result<Self, Error> {
        let mut lines = text.split_terminator('\n');
        let mut line = || lines.next().ok_or(Error::MissingLine);
        let (origin, size, root) = (line()?, line()?, line()?);
        if lines.next().is_some() {
            return Err(Error::ExtensionLine);
        }
        let origin = origin.parse()?;
        let size = armor::decimal(size).filter(|size| *size <= MAX_SIZE).ok_or(Error::Size)?;
        let root = root.parse().map_err(|_| Error::Root)?;
        Ok(Self { origin, head: TreeHead { size, root } })
    }
}

/// A checkpoint whose signature was made or verified here: the only ways to get one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    // INVARIANT: what the text of `note` says.
    checkpoint: Checkpoint,
    // INVARIANT: carries a good signature of the log.
    note: Note,
}

impl SignedCheckpoint {
    /// Reads a signed checkpoint and verifies that it is of this log.
    ///
    /// # Errors
    /// When it is not a checkpoint, of another log, or not signed by the log's key.
    pub fn open(bytes: &[u8], log: &LogKey) -> Result<Self, Error> {
        Self::verify(Note::parse(bytes)?, log)
    }

    /// Verifies a note that was read already.
    ///
    /// # Errors
    /// As [`SignedCheckpoint::open`].
    pub fn verify(note: Note, log: &LogKey) -> Result<Self, Error> {
        note.verify(&log.verifier)?;
        let checkpoint = Checkpoint::parse(note.text())?;
        if checkpoint.origin != log.origin {
            return Err(Error::OtherOrigin { expected: log.origin.clone(), got: checkpoint.origin });
        }
        Ok(Self { checkpoint, note })
    }

    /// Which log.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.checkpoint.origin
    }

    /// Its size and root.
    #[must_use]
    pub fn head(&self) -> &TreeHead {
        &self.checkpoint.head
    }

    /// The note with all its signatures.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Writes the note, as it is published under `checkpoint`.
    #[must_use]
    pub fn to_text(&self) -> String {
        self.note.to_text()
    }
}

/// What one must know of a log to verify it: its origin and the key it signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogKey {
    /// The first line of its checkpoints.
    pub origin: Origin,
    /// The key.
    pub verifier: Verifier,
}

impl LogKey {
    /// Describes a log whose origin is the name of its key, as ours is.
    ///
    /// # Errors
    /// When the name of the key cannot be an origin.
    pub fn named_by(verifier: Verifier) -> Result<Self, Error> {
        Ok(Self { origin: verifier.name().as_str().parse()?, verifier })
    }
}

/// The first line of a checkpoint: which log it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Origin(String);

impl Origin {
    /// Lends the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        if text.is_empty() || text.len() > MAX_ORIGIN_BYTES || text.contains(char::is_control) {
            return Err(Error::Origin { origin: text.chars().take(MAX_ORIGIN_BYTES).collect() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The longest origin, as newer signature types bound it.
pub const MAX_ORIGIN_BYTES: usize = 255;

/// Why a checkpoint was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is a fourth line.
    #[error("the checkpoint has extension lines, which are not accepted")]
    ExtensionLine,
    /// There are fewer than three lines.
    #[error("the checkpoint has fewer than three lines")]
    MissingLine,
    /// The signed note is not in order.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// Not an origin.
    #[error("`{origin}` is not an origin: 1 to {MAX_ORIGIN_BYTES} bytes without control characters")]
    Origin {
        /// The text, cut to a bearable length.
        origin: String,
    },
    /// The key carries another name than the log it would sign for.
    #[error("a key named `{key_name}` does not sign for origin `{origin}`")]
    OtherKeyName {
        /// The log.
        origin: Origin,
        /// The key.
        key_name: String,
    },
    /// A good checkpoint, of another log.
    #[error("the checkpoint is of `{got}`, not of `{expected}`")]
    OtherOrigin {
        /// The log asked for.
        expected: Origin,
        /// The log it is of.
        got: Origin,
    },
    /// The third line is not a hash.
    #[error("the root is not the canonical base64 of 32 bytes")]
    Root,
    /// The second line is not a size.
    #[error("the size is not a decimal of at most {MAX_SIZE} without leading zeros")]
    Size,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::empty_root;
    use crate::note::Ed25519Signer;
    use proptest::prelude::*;

    fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap()
    }

    fn log() -> LogKey {
        LogKey::named_by(signer().verifier().clone()).unwrap()
    }

    fn checkpoint() -> Checkpoint {
        Checkpoint { origin: "log.example".parse().unwrap(), head: TreeHead { size: 0, root: empty_root() } }
    }

    fn open_signed_text(text: &str) -> Result<SignedCheckpoint, Error> {
        SignedCheckpoint::verify(Note::sign(text.to_owned(), &signer()).unwrap(), &log())
    }

    #[test]
    fn a_signed_checkpoint_opens_and_is_the_same_every_time() {
        let signed = checkpoint().sign(&signer()).unwrap();
        assert_eq!(SignedCheckpoint::open(signed.to_text().as_bytes(), &log()), Ok(signed.clone()));
        assert_eq!(checkpoint().sign(&signer()).unwrap().to_text(), signed.to_text());
    }

    #[test]
    fn a_well_signed_text_that_is_no_checkpoint_is_refused() {
        let root = empty_root();
        let cases = [
            ("log.example\n0\n".to_owned(), Error::MissingLine),
            (format!("log.example\n0\n{root}\nextension\n"), Error::ExtensionLine),
            (format!("log.example\n0\n{root}\n\n"), Error::ExtensionLine),
            (format!("log.example\n00\n{root}\n"), Error::Size),
            (format!("log.example\n-1\n{root}\n"), Error::Size),
            (format!("log.example\n9223372036854775808\n{root}\n"), Error::Size),
            ("log.example\n0\nAAAA\n".to_owned(), Error::Root),
            (format!("log.example\n0\n{}\n", root.to_string().trim_end_matches('=')), Error::Root),
            (format!("\n0\n{root}\n"), Error::Origin { origin: String::new() }),
            (
                format!("else.example\n0\n{root}\n"),
                Error::OtherOrigin { expected: "log.example".parse().unwrap(), got: "else.example".parse().unwrap() },
            ),
        ];
        for (text, error) in cases {
            assert_eq!(open_signed_text(&text), Err(error), "{text:?}");
        }
    }

    /// `tlog_tiles` 0.2 accepts an origin with a newline in it and so lets a caller inject lines.
    #[test]
    fn an_origin_with_a_line_break_is_refused() {
        for origin in ["", "a\nb", "a\rb", "a\u{85}b", &"o".repeat(256)] {
            assert!(matches!(origin.parse::<Origin>(), Err(Error::Origin { .. })), "{origin:?}");
        }
    }

    #[test]
    fn a_key_signs_only_for_the_log_it_is_named_after() {
        let other = Checkpoint { origin: "else.example".parse().unwrap(), ..checkpoint() };
        assert!(matches!(other.sign(&signer()), Err(Error::OtherKeyName { .. })));
    }

    proptest! {
        #[test]
        fn every_head_reads_back(size in 0..=MAX_SIZE, root in any::<[u8; 32]>()) {
            let checkpoint = Checkpoint { head: TreeHead { size, root: crate::hash::Hash(root) }, ..checkpoint() };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
        }

        #[test]
        fn arbitrary_text_does_not_panic(text in any::<String>()) {
            let _ = Checkpoint::parse(&text);
        }
    }
}
