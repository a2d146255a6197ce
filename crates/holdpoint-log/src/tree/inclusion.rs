//! Proofs that one leaf is in the tree (RFC 6962 §2.1.1, verified as in RFC 9162 §2.1.3.2).

use crate::hash::{Hash, node_hash};

use super::source::Span;
use super::{Error, HashSource, MAX_INCLUSION_HASHES, MAX_SIZE, ProveError, TreeHead};

/// Makes the proof that leaf `index` is in the tree of the first `size` leaves: siblings from the leaf upwards.
///
/// The proof is as true as its source. Verify it before handing it out where the source may be damaged.
///
/// # Errors
/// When the leaf is not in the tree or a hash cannot be read.
pub fn prove<S: HashSource>(source: &mut S, size: u64, index: u64) -> Result<Vec<Hash>, ProveError<S::Error>> {
    let mut span = Span::whole(size)?;
    if index >= size {
        return Err(Error::IndexOutOfRange { index, size }.into());
    }
    let mut siblings = Vec::new();
    while span.len() > 1 {
        let (left, right) = span.split();
        let (ours, sibling) = if index < left.end { (left, right) } else { (right, left) };
        siblings.push(sibling);
        span = ours;
    }
    siblings.into_iter().rev().map(|sibling| sibling.hash(source)).collect()
}

/// Verifies that `leaf` is at `index` of the tree with this head.
///
/// # Errors
/// When it is not, or when the proof does not fit a tree of this size.
pub fn verify(head: &TreeHead, index: u64, leaf: &Hash, proof: &[Hash]) -> Result<(), Error> {
    if head.size > MAX_SIZE {
        return Err(Error::TooLarge { size: head.size });
    }
    if index >= head.size {
        return Err(Error::IndexOutOfRange { index, size: head.size });
    }
    let wrong_length = Error::ProofLength { got: proof.len() };
    if proof.len() > MAX_INCLUSION_HASHES {
        return Err(wrong_length);
    }
    let (mut node, mut last) = (index, head.size - 1);
    let mut computed = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(wrong_length);
        }
        if node & 1 == 1 || node == last {
            computed = node_hash(sibling, &computed);
            // The rightmost node has no sibling at the levels where its parent is only itself.
            let lone_levels = if node & 1 == 1 { 0 } else { node.trailing_zeros() };
            node >>= lone_levels;
            last >>= lone_levels;
        } else {
            computed = node_hash(&computed, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(wrong_length);
    }
    if computed != head.root {
        return Err(Error::RootMismatch { computed, expected: head.root });
    }
    Ok(())
}
