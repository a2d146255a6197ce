//! C2SP tlog-proof, version 1: one file that proves offline that an entry is in a log
//! (<https://c2sp.org/tlog-proof>; file suffix `.tlog-proof`).
//!
//! ```text
//! c2sp.org/tlog-proof@v1
//! index 12345
//! t0nebXD1o0rZ6Ku8XTZ4X2iCADRgwoxJdZWapV9sV78=     siblings, from the leaf upwards
//! …
//!
//! holdpoint.example/acme                           the checkpoint, with all its signatures
//! …
//! ```
//!
//! In scope: writing, reading and verifying such a file.
//!
//! Out of scope: making the path ([`crate::tree::inclusion::prove`]); the `extra` line, which nothing authenticates:
//! it is neither written nor accepted.

use crate::armor;
use crate::checkpoint::{self, LogKey, SignedCheckpoint};
use crate::hash::Hash;
use crate::note::{self, MAX_NOTE_BYTES, Note};
use crate::tree::{self, MAX_INCLUSION_HASHES, inclusion};

/// A claim that some entry has this index in a log. Nothing is proved before [`LogProof::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogProof {
    index: u64,
    path: Vec<Hash>,
    checkpoint: Note,
}

impl LogProof {
    /// Puts a proof together.
    ///
    /// # Errors
    /// When the path does not lead from `leaf` to the root of the checkpoint: such a proof is not worth handing out.
    pub fn new(leaf: &Hash, index: u64, path: Vec<Hash>, checkpoint: &SignedCheckpoint) -> Result<Self, Error> {
        inclusion::verify(checkpoint.head(), index, leaf, &path)?;
        Ok(Self { index, path, checkpoint: checkpoint.note().clone() })
    }

    /// Reads a proof. Its limits apply before anything is decoded.
    ///
    /// # Errors
    /// When it is too large or not exactly of the form of a proof.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() > MAX_PROOF_BYTES {
            return Err(Error::TooLarge { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| Error::NotUtf8)?;
        let (head, checkpoint) = text.split_once("\n\n").ok_or(Error::NoCheckpoint)?;
        let mut lines = head.split('\n');
        if lines.next() != Some(MAGIC) {
            return Err(Error::Magic);
        }
        let index = lines.next().and_then(|line| line.strip_prefix(INDEX_PREFIX)).ok_or(Error::Index)?;
        let index = armor::decimal(index).ok_or(Error::Index)?;
        let path = parse_path(lines)?;
        Ok(Self { index, path, checkpoint: Note::parse(checkpoint.as_bytes())? })
    }

    /// Verifies that `leaf` is in the log, and returns the verified checkpoint, whose cosignatures one may check next.
    ///
    /// # Errors
    /// When the checkpoint is not of this log or the path does not lead from the leaf to its root.
    pub fn verify(&self, leaf: &Hash, log: &LogKey) -> Result<SignedCheckpoint, Error> {
        let checkpoint = SignedCheckpoint::verify(self.checkpoint.clone(), log)?;
        inclusion::verify(checkpoint.head(), self.index, leaf, &self.path)?;
        Ok(checkpoint)
    }

    /// The index the entry is said to have.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Writes the proof: what was read, byte for byte.
    #[must_use]
    pub fn to_text(&self) -> String {
        let path: String = self.path.iter().map(|hash| format!("{hash}\n")).collect();
        format!("{MAGIC}\n{INDEX_PREFIX}{}\n{path}\n{}", self.index, self.checkpoint.to_text())
    }
}

fn parse_path<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Vec<Hash>, Error> {
    let mut path = Vec::new();
    for line in lines {
        if path.len() == MAX_INCLUSION_HASHES {
            return Err(Error::TooManyHashes);
        }
        path.push(line.parse().map_err(|_| Error::PathLine { number: path.len() + 1 })?);
    }
    Ok(path)
}

/// The largest proof that is read: a full path, its head and the largest note.
pub const MAX_PROOF_BYTES: usize = MAX_NOTE_BYTES + 4096;

const MAGIC: &str = "c2sp.org/tlog-proof@v1";
const INDEX_PREFIX: &str = "index ";

/// Why a proof was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The checkpoint is not in order or of another log.
    #[error(transparent)]
    Checkpoint(#[from] checkpoint::Error),
    /// The second line is not `index N`.
    #[error("the second line is not `index` and a decimal without leading zeros")]
    Index,
    /// The first line is another.
    #[error("the first line is not `{MAGIC}`")]
    Magic,
    /// There is no empty line with a checkpoint behind it.
    #[error("the proof has no checkpoint")]
    NoCheckpoint,
    /// The checkpoint is not a signed note.
    #[error(transparent)]
    Note(#[from] note::Error),
    /// Not UTF-8.
    #[error("the proof is not UTF-8")]
    NotUtf8,
    /// A line of the path is not a hash.
    #[error("hash {number} of the path is not the canonical base64 of 32 bytes")]
    PathLine {
        /// Which hash, counted from one.
        number: usize,
    },
    /// More than [`MAX_PROOF_BYTES`].
    #[error("a proof of {bytes} bytes is larger than {MAX_PROOF_BYTES}")]
    TooLarge {
        /// The size given.
        bytes: usize,
    },
    /// A longer path than any tree has.
    #[error("the path has more than {MAX_INCLUSION_HASHES} hashes")]
    TooManyHashes,
    /// The path does not lead from the leaf to the root.
    #[error(transparent)]
    Tree(#[from] tree::Error),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::hash::leaf_hash;
    use crate::note::{Ed25519Signer, Signer as _};
    use crate::tree::{Frontier, Leaves};
    use proptest::prelude::*;

    fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap()
    }

    fn log() -> LogKey {
        LogKey::named_by(signer().verifier().clone()).unwrap()
    }

    fn leaf(index: u64) -> Hash {
        leaf_hash(&index.to_be_bytes())
    }

    fn proof(size: u64, index: u64) -> LogProof {
        let leaves: Vec<Hash> = (0..size).map(leaf).collect();
        let mut frontier = Frontier::default();
        leaves.iter().for_each(|leaf| {
            frontier.push(*leaf);
        });
        let checkpoint = Checkpoint { origin: log().origin, head: frontier.head() }.sign(&signer()).unwrap();
        let path = inclusion::prove(&mut Leaves(&leaves), size, index).unwrap();
        LogProof::new(&leaf(index), index, path, &checkpoint).unwrap()
    }

    #[test]
    fn a_proof_of_another_entry_index_or_log_is_refused() {
        let good = proof(7, 5);
        assert!(good.verify(&leaf(5), &log()).is_ok());
        assert!(matches!(good.verify(&leaf(4), &log()), Err(Error::Tree(tree::Error::RootMismatch { .. }))));
        let other_log = LogKey { origin: "else.example".parse().unwrap(), ..log() };
        assert!(matches!(good.verify(&leaf(5), &other_log), Err(Error::Checkpoint(_))));
        let moved = LogProof { index: 4, ..good.clone() };
        assert!(matches!(moved.verify(&leaf(5), &log()), Err(Error::Tree(tree::Error::RootMismatch { .. }))));
        let beyond = LogProof { index: 7, ..good };
        assert!(matches!(beyond.verify(&leaf(5), &log()), Err(Error::Tree(tree::Error::IndexOutOfRange { .. }))));
    }

    #[test]
    fn a_proof_that_does_not_hold_is_not_made() {
        let good = proof(7, 5);
        let checkpoint = good.verify(&leaf(5), &log()).unwrap();
        assert!(LogProof::new(&leaf(4), 5, good.path, &checkpoint).is_err());
    }

    #[test]
    fn what_is_not_exactly_a_proof_is_refused() {
        let good = proof(3, 1).to_text();
        let hash = leaf(0).to_string();
        let cases = [
            (good.replace("@v1", "@v2"), Error::Magic),
            (good.replace("index 1", "extra AAAA\nindex 1"), Error::Index),
            (good.replace("index 1", "index 01"), Error::Index),
            (good.replace("index 1", "index"), Error::Index),
            (good.replace(&hash, "AAAA"), Error::PathLine { number: 1 }),
            (good.replace(&hash, &[hash.as_str(); MAX_INCLUSION_HASHES].join("\n")), Error::TooManyHashes),
            (good.replace("\n\n", "\n"), Error::NoCheckpoint),
            ("x".repeat(MAX_PROOF_BYTES + 1), Error::TooLarge { bytes: MAX_PROOF_BYTES + 1 }),
        ];
        for (text, error) in cases {
            assert_eq!(LogProof::parse(text.as_bytes()), Err(error), "{text:.80?}");
        }
        let longest = good.replace(&hash, &[hash.as_str(); MAX_INCLUSION_HASHES - 1].join("\n"));
        assert!(LogProof::parse(longest.as_bytes()).is_ok());
    }

    #[test]
    fn every_single_bit_flip_is_refused() {
        let good = proof(11, 6).to_text().into_bytes();
        for bit in 0..good.len() * 8 {
            let mut flipped = good.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let verdict = LogProof::parse(&flipped).and_then(|proof| proof.verify(&leaf(6), &log()));
            assert!(verdict.is_err(), "bit {bit}: {}", String::from_utf8_lossy(&flipped));
        }
    }

    proptest! {
        #[test]
        fn a_proof_reads_back_and_holds(size in 1u64..200, pick in any::<prop::sample::Index>()) {
            let index = pick.index(size as usize) as u64;
            let text = proof(size, index).to_text();
            let read = LogProof::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(read.to_text(), text);
            prop_assert_eq!(read.verify(&leaf(index), &log()).unwrap().head().size, size);
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = LogProof::parse(&bytes);
        }
    }
}
