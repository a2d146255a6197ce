//! Tree hashes out of tiles: makes any directory of tiles a [`HashSource`].

use crate::hash::Hash;
use crate::tree::{self, HashSource, Subtree};

use super::{Error, HEIGHT, Layer, TilePath, WIDTH};

/// Reads the hashes of a tree of known size out of its tiles.
///
/// What comes out is as true as the tiles: check a proof made from it against a signed head.
#[derive(Debug)]
pub struct TileHashes<R> {
    size: u64,
    read: R,
}

impl<R, E> TileHashes<R>
where
    R: FnMut(&TilePath) -> Result<Vec<u8>, E>,
{
    /// Reads tiles of the tree of `size` leaves through `read`, which may cache.
    pub fn new(size: u64, read: R) -> Self {
        Self { size, read }
    }

    /// The tile that holds the hashes of `level` from `first` on, as wide as the tree makes it.
    fn tile_of(&self, level: u32, first: u64) -> Result<TilePath, Error> {
        let index = first >> HEIGHT;
        let hashes = (self.size >> (level * HEIGHT)).saturating_sub(index << HEIGHT);
        let width = usize::try_from(hashes).unwrap_or(WIDTH).min(WIDTH);
        let level = u8::try_from(level).unwrap_or(u8::MAX);
        TilePath::new(Layer::Hashes(level), index, width)
    }
}

impl<R, E> HashSource for TileHashes<R>
where
    R: FnMut(&TilePath) -> Result<Vec<u8>, E>,
{
    type Error = ReadError<E>;

    fn subtree(&mut self, subtree: Subtree) -> Result<Hash, ReadError<E>> {
        let outside = ReadError::Outside { subtree, size: self.size };
        if subtree.height >= u64::BITS || subtree.index >= self.size >> subtree.height {
            return Err(outside);
        }
        let (level, above) = (subtree.height / HEIGHT, subtree.height % HEIGHT);
        let first = subtree.index << above;
        let path = self.tile_of(level, first).map_err(|_| outside)?;
        let bytes = (self.read)(&path).map_err(ReadError::Read)?;
        if bytes.len() != path.width() * Hash::LENGTH {
            return Err(ReadError::Length { path, got: bytes.len() });
        }
        let skipped = usize::try_from(first % WIDTH as u64).unwrap_or_default();
        let hashes = bytes.chunks_exact(Hash::LENGTH).filter_map(Hash::from_slice);
        Ok(tree::root_of(hashes.skip(skipped).take(1 << above)))
    }
}

/// Why a tree hash could not be had from the tiles.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError<E> {
    /// The tile is not as long as its width says.
    #[error("`{path}` has {got} bytes instead of {want}", want = path.width() * Hash::LENGTH)]
    Length {
        /// The tile.
        path: TilePath,
        /// Its length.
        got: usize,
    },
    /// The tree is too small to have such a subtree.
    #[error("a tree of {size} leaves has no {subtree:?}")]
    Outside {
        /// The subtree asked for.
        subtree: Subtree,
        /// The size of the tree.
        size: u64,
    },
    /// The tile could not be read.
    #[error("a tile could not be read")]
    Read(#[source] E),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tree::{Frontier, ProveError, inclusion};

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    fn bytes(hashes: &[Hash]) -> Vec<u8> {
        hashes.iter().flat_map(|hash| hash.0).collect()
    }

    #[test]
    fn a_subtree_is_joined_from_one_tile() {
        let leaves = leaves(300);
        let mut asked = Vec::new();
        let mut tiles = TileHashes::new(300, |path: &TilePath| {
            asked.push(path.to_string());
            Ok::<_, ()>(bytes(&leaves[256..]))
        });
        let mut expected = Frontier::default();
        leaves[264..268].iter().for_each(|leaf| {
            expected.push(*leaf);
        });
        assert_eq!(tiles.subtree(Subtree { height: 2, index: 66 }), Ok(expected.root()));
        assert_eq!(asked, ["tile/0/001.p/44"]);
    }

    #[test]
    fn a_tile_of_another_length_is_refused() {
        for length in [0, 43 * Hash::LENGTH, 44 * Hash::LENGTH - 1, 44 * Hash::LENGTH + 1, 256 * Hash::LENGTH] {
            let mut tiles = TileHashes::new(300, |_: &TilePath| Ok::<_, ()>(vec![0; length]));
            let path = "tile/0/001.p/44".parse().unwrap();
            assert_eq!(tiles.subtree(Subtree { height: 0, index: 256 }), Err(ReadError::Length { path, got: length }));
        }
    }

    #[test]
    fn a_subtree_that_the_tree_has_not_is_not_asked_for() {
        let mut tiles = TileHashes::new(300, |path: &TilePath| -> Result<Vec<u8>, ()> { panic!("{path} was read") });
        for subtree in [(0, 300), (0, u64::MAX), (2, 75), (8, 1), (9, 0), (63, 0), (64, 0), (u32::MAX, 0)] {
            let subtree = Subtree { height: subtree.0, index: subtree.1 };
            assert_eq!(tiles.subtree(subtree), Err(ReadError::Outside { subtree, size: 300 }));
        }
    }

    #[test]
    fn what_reading_fails_with_is_passed_on() {
        let mut tiles = TileHashes::new(2, |_: &TilePath| Err("disk on fire"));
        assert_eq!(inclusion::prove(&mut tiles, 2, 0), Err(ProveError::Source(ReadError::Read("disk on fire"))));
    }
}
