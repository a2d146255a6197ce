//! Proofs that a tree only grew (RFC 6962 §2.1.2, verified as in RFC 9162 §2.1.4.2).

use crate::hash::{self, Hash, node_hash};

use super::source::Span;
use super::{Error, HashSource, MAX_CONSISTENCY_HASHES, MAX_SIZE, ProveError, TreeHead};

/// Makes the proof that the first `new_size` leaves begin with the first `old_size`.
///
/// Nothing needs proving from the empty tree or between equal sizes: the proof is empty.
///
/// # Errors
/// When the tree would shrink or a hash cannot be read.
pub fn prove<S: HashSource>(source: &mut S, old_size: u64, new_size: u64) -> Result<Vec<Hash>, ProveError<S::Error>> {
    let mut span = Span::whole(new_size)?;
    if old_size > new_size {
        return Err(Error::Shrunk { old: old_size, new: new_size }.into());
    }
    if old_size == 0 {
        return Ok(Vec::new());
    }
    let mut steps = Vec::new();
    while span.end != old_size {
        let (left, right) = span.split();
        let (ours, other) = if old_size <= left.end { (left, right) } else { (right, left) };
        steps.push(other);
        span = ours;
    }
    // What is left ends where the old tree ended. If it *is* the old tree, the verifier knows its root already.
    if span.start != 0 {
        steps.push(span);
    }
    steps.into_iter().rev().map(|step| step.hash(source)).collect()
}

/// Verifies that the tree of `new` begins with all the leaves of `old`.
///
/// # Errors
/// When it does not, or when the proof does not fit trees of these sizes.
pub fn verify(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Result<(), Error> {
    if new.size > MAX_SIZE {
        return Err(Error::TooLarge { size: new.size });
    }
    if old.size > new.size {
        return Err(Error::Shrunk { old: old.size, new: new.size });
    }
    if proof.len() > MAX_CONSISTENCY_HASHES {
        return Err(Error::ProofLength { got: proof.len() });
    }
    if old.size == 0 {
        no_proof(proof)?;
        return same_root(hash::empty_root(), old.root);
    }
    if old.size == new.size {
        no_proof(proof)?;
        return same_root(old.root, new.root);
    }
    let (old_root, new_root) = replay(old, new, proof).ok_or(Error::ProofLength { got: proof.len() })?;
    same_root(old_root, old.root)?;
    same_root(new_root, new.root)
}

/// Climbs both trees at once from the last subtree they share; `None` when the proof is too short or too long.
fn replay(old: &TreeHead, new: &TreeHead, proof: &[Hash]) -> Option<(Hash, Hash)> {
    let mut steps = proof.iter();
    // A tree of a power of two leaves is itself the shared subtree, and the proof does not repeat it.
    let seed = if old.size.is_power_of_two() { old.root } else { *steps.next()? };
    let whole_levels = (old.size - 1).trailing_ones();
    let (mut node, mut last) = ((old.size - 1) >> whole_levels, (new.size - 1) >> whole_levels);
    let (mut old_root, mut new_root) = (seed, seed);
    for step in steps {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            old_root = node_hash(step, &old_root);
            new_root = node_hash(step, &new_root);
            let lone_levels = if node & 1 == 1 { 0 } else { node.trailing_zeros() };
            node >>= lone_levels;
            last >>= lone_levels;
        } else {
            new_root = node_hash(&new_root, step);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some((old_root, new_root))
}

fn no_proof(proof: &[Hash]) -> Result<(), Error> {
    if proof.is_empty() { Ok(()) } else { Err(Error::ProofLength { got: proof.len() }) }
}

fn same_root(computed: Hash, expected: Hash) -> Result<(), Error> {
    if computed == expected { Ok(()) } else { Err(Error::RootMismatch { computed, expected }) }
}
