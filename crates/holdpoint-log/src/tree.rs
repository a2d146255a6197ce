//! The append-only Merkle tree of RFC 6962, without its leaves.
//!
//! ```text
//! size 7 = 0b111        frontier: the roots of the full subtrees, one per set bit
//!
//!            root
//!          /      \
//!        a          ·          a covers leaves 0‥3
//!      /   \      /   \        b covers leaves 4‥5
//!     ·     ·    b     c       c is leaf 6
//! ```
//!
//! In scope: growing a tree leaf by leaf with a [`Frontier`] of at most 63 hashes; [`inclusion`] and
//! [`consistency`] proofs, made from a [`HashSource`] and verified against a [`TreeHead`].
//!
//! Out of scope: keeping leaves and tiles (the store), cutting them into tiles ([`crate::tile`]), signing a head
//! ([`crate::checkpoint`]).

pub mod consistency;
pub mod inclusion;
mod source;

pub use source::{HashSource, Leaves, MissingLeaves, ProveError, Subtree};

use crate::hash::{self, Hash, node_hash};

/// How many leaves a tree had, and the hash that commits to all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TreeHead {
    /// The number of leaves.
    pub size: u64,
    /// The Merkle tree hash over them.
    pub root: Hash,
}

/// All that is needed to append to a tree: the roots of its full subtrees, largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    // INVARIANT: one hash per set bit of `size`, from the highest bit to the lowest.
    subtrees: Vec<Hash>,
}

impl Frontier {
    /// Appends a leaf and returns its index.
    pub fn push(&mut self, leaf: Hash) -> u64 {
        // Adding one carries through the low set bits; each carry joins two subtrees of equal height.
        let kept = self.subtrees.len().saturating_sub(self.size.trailing_ones() as usize);
        let joined = self.subtrees.drain(kept..).rev().fold(leaf, |right, left| node_hash(&left, &right));
        self.subtrees.push(joined);
        let index = self.size;
        self.size += 1;
        index
    }

    /// The number of leaves so far.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The Merkle tree hash over the leaves so far.
    #[must_use]
    pub fn root(&self) -> Hash {
        let mut smallest_first = self.subtrees.iter().rev();
        let Some(&last) = smallest_first.next() else {
            return hash::empty_root();
        };
        smallest_first.fold(last, |right, left| node_hash(left, &right))
    }

    /// Size and root together, as a checkpoint signs them.
    #[must_use]
    pub fn head(&self) -> TreeHead {
        TreeHead { size: self.size, root: self.root() }
    }

    /// Writes the subtree roots one after the other; the size is kept beside them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.subtrees.iter().flat_map(|hash| hash.0).collect()
    }

    /// Reads what [`Frontier::to_bytes`] wrote for a tree of `size` leaves.
    ///
    /// That the hashes are the right ones only a comparison with a signed root can show.
    ///
    /// # Errors
    /// When `size` is beyond [`MAX_SIZE`] or `bytes` is not one hash per set bit of it.
    pub fn from_bytes(size: u64, bytes: &[u8]) -> Result<Self, Error> {
        if size > MAX_SIZE {
            return Err(Error::TooLarge { size });
        }
        let want = size.count_ones() as usize * Hash::LENGTH;
        if bytes.len() != want {
            return Err(Error::FrontierLength { size, want, got: bytes.len() });
        }
        let subtrees = bytes.chunks_exact(Hash::LENGTH).filter_map(Hash::from_slice).collect();
        Ok(Self { size, subtrees })
    }
}

/// The largest tree: what databases and the Go implementations count with is a signed 64-bit number.
pub const MAX_SIZE: u64 = i64::MAX as u64;

/// The longest inclusion proof: one hash per level of the largest tree.
pub const MAX_INCLUSION_HASHES: usize = 63;

/// The longest consistency proof: one hash per level and the subtree both trees share.
pub const MAX_CONSISTENCY_HASHES: usize = 64;

/// Why something is not part of this tree, or not a tree at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A stored frontier does not fit its size.
    #[error("a frontier of {size} leaves has {want} bytes, not {got}")]
    FrontierLength {
        /// The number of leaves.
        size: u64,
        /// The bytes such a frontier has.
        want: usize,
        /// The bytes given.
        got: usize,
    },
    /// The leaf would lie outside the tree.
    #[error("leaf {index} is not in a tree of {size} leaves")]
    IndexOutOfRange {
        /// The leaf asked for.
        index: u64,
        /// The leaves there are.
        size: u64,
    },
    /// The proof has more or fewer hashes than a tree of this shape needs.
    #[error("the proof has the wrong number of hashes ({got}) for this tree")]
    ProofLength {
        /// The hashes given.
        got: usize,
    },
    /// The proof is well-formed and leads elsewhere.
    #[error("the proof leads to root {computed}, not to {expected}")]
    RootMismatch {
        /// The root the proof leads to.
        computed: Hash,
        /// The root of the tree head.
        expected: Hash,
    },
    /// A tree shrank.
    #[error("a tree of {new} leaves cannot extend one of {old}")]
    Shrunk {
        /// The size of the earlier tree.
        old: u64,
        /// The size of the later tree.
        new: u64,
    },
    /// The tree is larger than trees may be.
    #[error("{size} leaves are more than the {MAX_SIZE} a tree may have")]
    TooLarge {
        /// The size claimed.
        size: u64,
    },
}

/// The root of a perfect subtree, from its hashes at one level.
pub(crate) fn root_of(hashes: impl IntoIterator<Item = Hash>) -> Hash {
    let mut frontier = Frontier::default();
    for hash in hashes {
        frontier.push(hash);
    }
    frontier.root()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use proptest::prelude::*;

    /// MTH of RFC 6962 §2.1, word for word: slow and plainly right.
    fn tree_hash_by_definition(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => hash::empty_root(),
            [leaf] => *leaf,
            _ => {
                let split = leaves.len().next_power_of_two() / 2;
                let (left, right) = leaves.split_at(split);
                node_hash(&tree_hash_by_definition(left), &tree_hash_by_definition(right))
            }
        }
    }

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(index.to_string().as_bytes())).collect()
    }

    #[test]
    fn the_root_is_the_merkle_tree_hash_at_every_size() {
        let leaves = leaves(300);
        let mut frontier = Frontier::default();
        for (index, leaf) in leaves.iter().enumerate() {
            assert_eq!(frontier.root(), tree_hash_by_definition(&leaves[..index]));
            assert_eq!(frontier.push(*leaf), index as u64);
        }
    }

    #[test]
    fn a_frontier_that_does_not_fit_its_size_is_refused() {
        let bytes = Frontier { size: 5, subtrees: leaves(2) }.to_bytes();
        assert!(Frontier::from_bytes(5, &bytes).is_ok());
        assert_eq!(Frontier::from_bytes(7, &bytes), Err(Error::FrontierLength { size: 7, want: 96, got: 64 }));
        assert_eq!(Frontier::from_bytes(5, &bytes[1..]), Err(Error::FrontierLength { size: 5, want: 64, got: 63 }));
        assert_eq!(Frontier::from_bytes(u64::MAX, &[0; 64 * 32]), Err(Error::TooLarge { size: u64::MAX }));
    }

    proptest! {
        #[test]
        fn a_stored_frontier_goes_on_where_it_stopped(before in 0usize..600, after in 0usize..300) {
            let all = leaves(before + after);
            let mut whole = Frontier::default();
            for leaf in &all[..before] {
                whole.push(*leaf);
            }
            let mut resumed = Frontier::from_bytes(whole.size(), &whole.to_bytes()).unwrap();
            prop_assert_eq!(&resumed, &whole);
            for leaf in &all[before..] {
                whole.push(*leaf);
                resumed.push(*leaf);
            }
            prop_assert_eq!(resumed.head(), whole.head());
        }
    }
}
