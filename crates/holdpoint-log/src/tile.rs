//! C2SP tlog-tiles: how a log lies on a disk or a web server (<https://c2sp.org/tlog-tiles>).
//!
//! ```text
//! tile/entries/000          the first 256 entries, length-prefixed        Layer::Entries
//! tile/0/000                their leaf hashes                              Layer::Hashes(0)
//! tile/1/000.p/17           one hash per full tile below, 17 so far        Layer::Hashes(1)
//! ```
//!
//! In scope: [`TilePath`] reading and writing, entry [`bundle`]s, cutting a growing tree into tiles ([`Tiler`]) and
//! reading tree hashes back out of tiles ([`TileHashes`]).
//!
//! Out of scope: files and requests, and what the entries mean (the caller's).

pub mod bundle;
mod hashes;
mod path;
mod tiler;

pub use hashes::{ReadError, TileHashes};
pub use path::{Error, Layer, MAX_LEVEL, MAX_PATH_BYTES, TilePath};
pub use tiler::{HashTile, Tiler};

/// How many hashes or entries a full tile holds.
pub const WIDTH: usize = 1 << HEIGHT;

/// How many levels of the tree one tile spans.
pub(crate) const HEIGHT: u32 = 8;
