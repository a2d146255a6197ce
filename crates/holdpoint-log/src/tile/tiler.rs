//! Cutting a growing tree into tiles.

use crate::hash::Hash;
use crate::tree::{self, HashSource, Subtree};

use super::{HEIGHT, Layer, TilePath, WIDTH};

/// A tile of hashes with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HashTile {
    /// Where it lies.
    pub path: TilePath,
    /// Its hashes, one after the other.
    pub bytes: Vec<u8>,
}

/// Cuts a growing tree into tiles, leaf by leaf.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tiler {
    // INVARIANT: a level holds fewer than `WIDTH` hashes between two pushes.
    levels: Vec<Level>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Level {
    full_tiles: u64,
    hashes: Vec<Hash>,
}

impl Tiler {
    /// Goes on where a tree of `size` leaves stopped, reading only the right edge of it.
    ///
    /// # Errors
    /// When a hash of the edge cannot be read.
    pub fn resume<S: HashSource>(size: u64, source: &mut S) -> Result<Self, S::Error> {
        let mut levels = Vec::new();
        let mut height = 0;
        while size >> height > 0 {
            let nodes = size >> height;
            let full_tiles = nodes >> HEIGHT;
            let hashes =
                (full_tiles << HEIGHT..nodes).map(|index| source.subtree(Subtree { height, index })).collect::<Result<_, _>>()?;
            levels.push(Level { full_tiles, hashes });
            height += HEIGHT;
        }
        Ok(Self { levels })
    }

    /// Appends a leaf; tiles that it completes are added to `full`, lowest level first.
    pub fn push(&mut self, leaf: Hash, full: &mut Vec<HashTile>) {
        let mut carry = Some(leaf);
        for level in 0.. {
            let Some(hash) = carry else { return };
            if self.levels.len() == usize::from(level) {
                self.levels.push(Level::default());
            }
            carry = self.levels.get_mut(usize::from(level)).and_then(|tiles| tiles.push(level, hash, full));
        }
    }

    /// The tiles that are not full yet, as a directory for a checkpoint of this very size must hold them.
    pub fn partial(&self) -> impl Iterator<Item = HashTile> {
        self.levels.iter().zip(0..).filter_map(|(tiles, level)| tiles.tile(level))
    }
}

impl Level {
    /// Adds a hash and returns the root of the tile if that filled it.
    fn push(&mut self, level: u8, hash: Hash, full: &mut Vec<HashTile>) -> Option<Hash> {
        self.hashes.push(hash);
        if self.hashes.len() < WIDTH {
            return None;
        }
        full.extend(self.tile(level));
        self.full_tiles += 1;
        Some(tree::root_of(self.hashes.drain(..)))
    }

    /// What it holds so far; `None` while that is nothing.
    fn tile(&self, level: u8) -> Option<HashTile> {
        let path = TilePath::new(Layer::Hashes(level), self.full_tiles, self.hashes.len()).ok()?;
        Some(HashTile { path, bytes: self.hashes.iter().flat_map(|hash| hash.0).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::leaf_hash;
    use crate::tree::Leaves;

    fn leaves(count: usize) -> Vec<Hash> {
        (0..count).map(|index| leaf_hash(&index.to_be_bytes())).collect()
    }

    fn paths<'a>(tiles: impl IntoIterator<Item = &'a HashTile>) -> Vec<String> {
        tiles.into_iter().map(|tile| tile.path.to_string()).collect()
    }

    /// The example of the specification: "a tree of size 70,000 will be represented by 273 full level 0 tiles …".
    #[test]
    fn seventy_thousand_leaves_make_the_tiles_of_the_specification() {
        let (mut tiler, mut full) = (Tiler::default(), Vec::new());
        for leaf in leaves(70_000) {
            tiler.push(leaf, &mut full);
        }
        assert_eq!(full.iter().filter(|tile| tile.path.layer() == Layer::Hashes(0)).count(), 273);
        assert_eq!(full.iter().filter(|tile| tile.path.layer() == Layer::Hashes(1)).count(), 1);
        let partial: Vec<_> = tiler.partial().collect();
        assert_eq!(paths(&partial), ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]);
        assert_eq!(partial[0].bytes.len(), 112 * Hash::LENGTH);
    }

    #[test]
    fn exactly_one_full_tile_leaves_a_partial_one_above_only() {
        let (mut tiler, mut full) = (Tiler::default(), Vec::new());
        for leaf in leaves(256) {
            tiler.push(leaf, &mut full);
        }
        assert_eq!(paths(&full), ["tile/0/000"]);
        assert_eq!(paths(&tiler.partial().collect::<Vec<_>>()), ["tile/1/000.p/1"]);
    }

    #[test]
    fn a_resumed_tiler_goes_on_where_it_stopped() {
        let leaves = leaves(66_000);
        let (mut tiler, mut full) = (Tiler::default(), Vec::new());
        for (size, leaf) in leaves.iter().enumerate() {
            if [0, 1, 255, 256, 257, 65_535, 65_536, 65_793].contains(&size) {
                let resumed = Tiler::resume(size as u64, &mut Leaves(&leaves)).unwrap();
                assert_eq!(paths(&resumed.partial().collect::<Vec<_>>()), paths(&tiler.partial().collect::<Vec<_>>()));
                assert!(resumed.partial().eq(tiler.partial()), "at {size}");
            }
            tiler.push(*leaf, &mut full);
        }
    }
}
