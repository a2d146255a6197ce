//! The same questions to our tree and notes and to crates that others wrote; the answers must agree.
#![cfg(test)]

use holdpoint_log::checkpoint::Checkpoint;
use holdpoint_log::hash::{Hash, empty_root, leaf_hash, node_hash};
use holdpoint_log::note::{Ed25519Signer, Note, Signer as _};
use holdpoint_log::tile::{HashTile, TileHashes, TilePath, Tiler};
use holdpoint_log::tree::{Frontier, Leaves, TreeHead, consistency, inclusion};
use proptest::prelude::*;
use signed_note::Verifier as _;

/// The tree of the reference crate, over the same leaves.
struct TheirTree(Vec<tlog_tiles::Hash>);

impl TheirTree {
    fn of(leaves: &[Hash]) -> Self {
        let mut tree = Self(Vec::new());
        for (index, leaf) in (0..).zip(leaves) {
            let stored = tlog_tiles::stored_hashes_for_record_hash(index, tlog_tiles::Hash(leaf.0), &tree).unwrap();
            tree.0.extend(stored);
        }
        tree
    }

    fn root(&self, size: u64) -> Hash {
        Hash(tlog_tiles::tree_hash(size, self).unwrap().0)
    }
}

impl tlog_tiles::HashReader for TheirTree {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<tlog_tiles::Hash>, tlog_tiles::Error> {
        Ok(indexes.iter().map(|index| self.0[usize::try_from(*index).unwrap()]).collect())
    }
}

fn ours(hashes: Vec<tlog_tiles::Hash>) -> Vec<Hash> {
    hashes.into_iter().map(|hash| Hash(hash.0)).collect()
}

fn theirs(hashes: &[Hash]) -> Vec<tlog_tiles::Hash> {
    hashes.iter().map(|hash| tlog_tiles::Hash(hash.0)).collect()
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
}

fn head(leaves: &[Hash]) -> TreeHead {
    let mut frontier = Frontier::default();
    for leaf in leaves {
        frontier.push(*leaf);
    }
    frontier.head()
}

/// Reads tree hashes back out of tiles we cut.
fn from_tiles(leaves: &[Hash]) -> TileHashes<impl FnMut(&TilePath) -> Result<Vec<u8>, String>> {
    let (mut tiler, mut tiles) = (Tiler::default(), Vec::new());
    for leaf in leaves {
        tiler.push(*leaf, &mut tiles);
    }
    tiles.extend(tiler.partial());
    TileHashes::new(leaves.len() as u64, move |path: &TilePath| {
        let tile = tiles.iter().find(|tile: &&HashTile| tile.path == *path);
        tile.map(|tile| tile.bytes.clone()).ok_or(format!("no {path}"))
    })
}

#[test]
fn every_inclusion_proof_of_every_small_tree_agrees() {
    let leaves = leaves(70);
    let their_tree = TheirTree::of(&leaves);
    for size in 1..=leaves.len() as u64 {
        let head = head(&leaves[..size as usize]);
        assert_eq!(head.root, their_tree.root(size));
        for index in 0..size {
            let proof = inclusion::prove(&mut Leaves(&leaves), size, index).unwrap();
            assert_eq!(proof, ours(tlog_tiles::prove_record(size, index, &their_tree).unwrap()), "{index} in {size}");
            let leaf = leaves[index as usize];
            assert_eq!(inclusion::verify(&head, index, &leaf, &proof), Ok(()));
            refuses_all_variants(&proof, |proof| inclusion::verify(&head, index, &leaf, proof).is_err());
        }
    }
}

#[test]
fn every_consistency_proof_of_every_small_tree_agrees() {
    let leaves = leaves(70);
    let their_tree = TheirTree::of(&leaves);
    for new_size in 1..=leaves.len() as u64 {
        let new = head(&leaves[..new_size as usize]);
        for old_size in 1..=new_size {
            let old = head(&leaves[..old_size as usize]);
            let proof = consistency::prove(&mut Leaves(&leaves), old_size, new_size).unwrap();
            assert_eq!(proof, ours(tlog_tiles::prove_tree(new_size, old_size, &their_tree).unwrap()));
            assert_eq!(consistency::verify(&old, &new, &proof), Ok(()), "{old_size} to {new_size}");
            refuses_all_variants(&proof, |proof| consistency::verify(&old, &new, proof).is_err());
            if old_size < new_size {
                let forked = TreeHead { root: leaf_hash(b"fork"), ..old };
                assert!(consistency::verify(&forked, &new, &proof).is_err());
                assert!(consistency::verify(&new, &old, &proof).is_err(), "a tree never shrinks");
            }
        }
    }
}

/// A proof cut short leads from an inner node to the very same root; only its length gives it away.
#[test]
fn an_inner_node_is_not_taken_for_a_leaf() {
    let leaves = leaves(8);
    let head = head(&leaves);
    let inner = node_hash(&leaves[4], &leaves[5]);
    let proof = inclusion::prove(&mut Leaves(&leaves), 8, 4).unwrap();
    for index in [1, 2, 4, 5] {
        assert!(inclusion::verify(&head, index, &inner, &proof[1..]).is_err(), "leaf {index}");
    }
    let four = TreeHead { size: 4, ..head };
    assert_eq!(inclusion::verify(&four, 2, &inner, &proof[1..]), Ok(()), "of a tree half as high it would be one");

    let old = self::head(&leaves[..4]);
    let growth = consistency::prove(&mut Leaves(&leaves), 4, 8).unwrap();
    assert_eq!(consistency::verify(&old, &head, &growth), Ok(()));
    let half = TreeHead { size: 2, ..old };
    assert!(consistency::verify(&half, &head, &growth).is_err());
}

#[test]
fn the_empty_tree_has_one_root_and_grows_into_any() {
    let grown = head(&leaves(3));
    let empty = TreeHead { size: 0, root: empty_root() };
    assert_eq!(consistency::verify(&empty, &grown, &[]), Ok(()));
    assert!(consistency::verify(&TreeHead { size: 0, root: grown.root }, &grown, &[]).is_err());
    assert!(consistency::verify(&empty, &grown, &[grown.root]).is_err());
    assert!(consistency::verify(&grown, &grown, &[grown.root]).is_err());
    assert!(inclusion::verify(&empty, 0, &empty_root(), &[]).is_err());
}

/// One hash too many, one too few, one changed, two swapped.
fn refuses_all_variants(proof: &[Hash], refused: impl Fn(&[Hash]) -> bool) {
    let foreign = leaf_hash(b"foreign");
    for position in 0..=proof.len() {
        let mut longer = proof.to_vec();
        longer.insert(position, foreign);
        assert!(refused(&longer));
    }
    for position in 0..proof.len() {
        let mut shorter = proof.to_vec();
        shorter.remove(position);
        assert!(refused(&shorter));
        let mut changed = proof.to_vec();
        changed[position].0[31] ^= 1;
        assert!(refused(&changed));
    }
    for position in 1..proof.len() {
        let mut swapped = proof.to_vec();
        swapped.swap(position - 1, position);
        assert!(refused(&swapped));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Our proofs read out of our tiles, their verifier; their proofs, our verifier. Large enough for three levels of tiles.
    #[test]
    fn proofs_out_of_tiles_satisfy_their_verifier(
        size in prop_oneof![1u64..2_000, 65_400u64..67_000],
        index in any::<prop::sample::Index>(),
        older in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(size);
        let head = head(&leaves);
        let their_root = tlog_tiles::Hash(head.root.0);
        let index = index.index(size as usize) as u64;
        let mut tiles = from_tiles(&leaves);

        let proof = inclusion::prove(&mut tiles, size, index).unwrap();
        let leaf = tlog_tiles::Hash(leaves[index as usize].0);
        prop_assert!(tlog_tiles::check_record(&theirs(&proof), size, their_root, index, leaf).is_ok());

        let old_size = older.index(size as usize) as u64 + 1;
        let old_root = tlog_tiles::Hash(self::head(&leaves[..old_size as usize]).root.0);
        let proof = consistency::prove(&mut tiles, old_size, size).unwrap();
        prop_assert!(tlog_tiles::check_tree(&theirs(&proof), size, their_root, old_size, old_root).is_ok());
    }

    /// Shapes no honest tree has: both verifiers must say the same of arbitrary sizes and proofs.
    #[test]
    fn arbitrary_claims_are_judged_alike(
        size in 1..100u64, index in 0..110u64, old_size in 1..110u64,
        root in any::<[u8; 32]>(), old_root in any::<[u8; 32]>(),
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..9),
    ) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
        let (head, old) = (TreeHead { size, root: Hash(root) }, TreeHead { size: old_size, root: Hash(old_root) });
        let leaf = Hash(old_root);
        prop_assert_eq!(
            inclusion::verify(&head, index, &leaf, &proof).is_ok(),
            tlog_tiles::check_record(&theirs(&proof), size, tlog_tiles::Hash(root), index, tlog_tiles::Hash(old_root)).is_ok()
        );
        prop_assert_eq!(
            consistency::verify(&old, &head, &proof).is_ok(),
            tlog_tiles::check_tree(&theirs(&proof), size, tlog_tiles::Hash(root), old_size, tlog_tiles::Hash(old_root)).is_ok()
        );
    }

    /// Sizes that only fit 64 bits, where shifts go wrong.
    #[test]
    fn huge_claims_neither_panic_nor_pass(
        size in any::<u64>(), old_size in any::<u64>(), index in any::<u64>(),
        proof in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Hash> = proof.into_iter().map(Hash).collect();
        let (head, old) = (TreeHead { size, root: Hash([1; 32]) }, TreeHead { size: old_size, root: Hash([2; 32]) });
        prop_assert!(inclusion::verify(&head, index, &Hash([3; 32]), &proof).is_err());
        prop_assert!(consistency::verify(&old, &head, &proof).is_err());
    }

    #[test]
    fn their_reader_verifies_our_checkpoints(seed in any::<[u8; 32]>(), size in 0..1u64 << 62, root in any::<[u8; 32]>()) {
        let signer = Ed25519Signer::from_seed("log.example/a".parse().unwrap(), &seed).unwrap();
        let checkpoint = Checkpoint { origin: "log.example/a".parse().unwrap(), head: TreeHead { size, root: Hash(root) } };
        let text = checkpoint.sign(&signer).unwrap().to_text();

        let verifier = signed_note::StandardVerifier::new(&signer.verifier().to_string()).unwrap();
        let note = signed_note::Note::from_bytes(text.as_bytes()).unwrap();
        let (verified, unverified) = note.verify(&signed_note::VerifierList::new(vec![Box::new(verifier)])).unwrap();
        prop_assert_eq!((verified.len(), unverified.len()), (1, 0));
        let read = tlog_tiles::Checkpoint::from_bytes(note.text()).unwrap();
        prop_assert_eq!((read.origin(), read.size(), read.hash().0), ("log.example/a", size, root));
    }

    #[test]
    fn our_reader_verifies_their_notes(seed in any::<[u8; 32]>(), body in "[ -~é\n]{0,60}") {
        let mine = Ed25519Signer::from_seed("log.example/a".parse().unwrap(), &seed).unwrap();
        let signer = signed_note::StandardSigner::new(&mine.danger_secret_text()).unwrap();
        let mut note = signed_note::Note::new(format!("{body}\n").as_bytes(), &[]).unwrap();
        note.add_sigs(&[&signer]).unwrap();

        let read = Note::parse(&note.to_bytes()).unwrap();
        prop_assert_eq!(read.verify(mine.verifier()), Ok(()));
        prop_assert_eq!(read.text(), format!("{body}\n"));
        prop_assert_eq!(Note::sign(format!("{body}\n"), &mine).unwrap().to_text().into_bytes(), note.to_bytes());
    }
}

#[test]
fn key_ids_agree() {
    let signer = Ed25519Signer::from_seed("log.example/a".parse().unwrap(), &[9; 32]).unwrap();
    let verifier = signed_note::StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    assert_eq!(format!("{:08x}", verifier.key_id()), signer.verifier().id().to_string());
}
