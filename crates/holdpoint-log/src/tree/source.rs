//! Where the prover finds hashes, and how it puts ranges together from them.

use crate::hash::{Hash, node_hash};

use super::{Error, MAX_SIZE};

/// A store of tree hashes that can answer for any full subtree: leaves in memory, tiles on a disk.
pub trait HashSource {
    /// Why a hash could not be had.
    type Error;

    /// Returns the root of a full subtree.
    ///
    /// # Errors
    /// When the hash cannot be read; the prover passes the error on.
    fn subtree(&mut self, subtree: Subtree) -> Result<Hash, Self::Error>;
}

/// A full subtree: the leaves from `index << height` up to but not including `(index + 1) << height`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    /// How many levels of nodes lie above its leaves.
    pub height: u32,
    /// Which of the subtrees of this height it is, counted from the left.
    pub index: u64,
}

/// Leaf hashes held in memory: the simplest source, for small trees and tests.
#[derive(Debug, Clone, Copy)]
pub struct Leaves<'a>(pub &'a [Hash]);

impl HashSource for Leaves<'_> {
    type Error = MissingLeaves;

    fn subtree(&mut self, subtree: Subtree) -> Result<Hash, MissingLeaves> {
        let missing = MissingLeaves { subtree, held: self.0.len() };
        let width = 1usize.checked_shl(subtree.height).ok_or(missing.clone())?;
        let start = usize::try_from(subtree.index).ok().and_then(|index| index.checked_mul(width));
        let range = start.and_then(|start| Some(start..start.checked_add(width)?));
        let leaves = range.and_then(|range| self.0.get(range)).ok_or(missing)?;
        Ok(super::root_of(leaves.iter().copied()))
    }
}

/// A subtree was asked for that the leaves in memory do not cover.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("only {held} leaves are held, which do not cover {subtree:?}")]
pub struct MissingLeaves {
    subtree: Subtree,
    held: usize,
}

/// Why a proof could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProveError<E> {
    /// What was asked for does not exist.
    #[error(transparent)]
    Range(#[from] Error),
    /// A hash could not be read.
    #[error("a tree hash could not be read")]
    Source(#[source] E),
}

/// A run of leaves whose hash is a step of a proof.
///
/// INVARIANT: `start` is a multiple of the largest power of two in `end - start`, as RFC 6962 splits trees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Span {
    pub(super) fn whole(size: u64) -> Result<Self, Error> {
        if size > MAX_SIZE {
            return Err(Error::TooLarge { size });
        }
        Ok(Self { start: 0, end: size })
    }

    pub(super) fn len(self) -> u64 {
        self.end - self.start
    }

    /// Splits as RFC 6962 §2.1 does: left the largest power of two smaller than the length. For two leaves or more.
    pub(super) fn split(self) -> (Self, Self) {
        let left_len = 1 << (self.len() - 1).ilog2();
        let middle = self.start + left_len;
        (Self { start: self.start, end: middle }, Self { start: middle, end: self.end })
    }

    /// Its Merkle tree hash, joined from the full subtrees it consists of.
    pub(super) fn hash<S: HashSource>(self, source: &mut S) -> Result<Hash, ProveError<S::Error>> {
        let mut hashes = Vec::new();
        let mut start = self.start;
        while start < self.end {
            let height = (self.end - start).ilog2();
            let subtree = Subtree { height, index: start >> height };
            hashes.push(source.subtree(subtree).map_err(ProveError::Source)?);
            start += 1 << height;
        }
        let mut smallest_first = hashes.into_iter().rev();
        let last = smallest_first.next().unwrap_or_else(crate::hash::empty_root);
        Ok(smallest_first.fold(last, |right, left| node_hash(&left, &right)))
    }
}
