//! At the start: the end of the tree out of what is stored, and whether that bears out what was said.

use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};
use holdpoint_log::hash::Hash;
use holdpoint_log::tile::{Layer, TileHashes, TilePath, Tiler, WIDTH};
use holdpoint_log::tree::{Frontier, HashSource, Subtree};
use rusqlite::{Connection, OptionalExtension as _};

use super::super::plan::Tree;
use super::error::{Error, OpenError};

/// Rebuilds the end of the tree and compares it with the head. A new database gets a head.
pub(super) fn tree(connection: &mut Connection, log: &LogKey) -> Result<Tree, OpenError> {
    let head = connection
        .query_row("SELECT origin, size, root, frontier FROM log_head", [], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, Vec<u8>>(3)?))
        })
        .optional()?;
    let Some((origin, size, root, frontier)) = head else { return begin(connection, log) };
    if origin != log.origin.as_str() {
        return Err(OpenError::OtherOrigin { database: origin, key: log.origin.to_string() });
    }
    let last: Option<u64> = connection.query_row("SELECT max(idx) FROM log_entry", [], |row| row.get(0))?;
    let stored = last.map_or(0, |last| last + 1);
    if stored != size {
        return Err(OpenError::Damaged { what: format!("the head names {size} entries, there are {stored}") });
    }
    let rebuilt = frontier_at(connection, size)?;
    if rebuilt.to_bytes() != frontier || rebuilt.root().as_bytes().as_slice() != root {
        return Err(OpenError::Damaged { what: "the tree over the entries is not the one in the head".to_owned() });
    }
    let mut tiles = Tiles::of(connection);
    let mut source = TileHashes::new(size, |path: &TilePath| tiles.read(path));
    let tiler = Tiler::resume(size, &mut source).map_err(|error| OpenError::Damaged { what: error.to_string() })?;
    Ok(Tree { frontier: rebuilt, tiler })
}

/// Compares the tree with what was released last.
pub(super) fn check_released(connection: &Connection, size: u64, released: Option<&SignedCheckpoint>) -> Result<(), OpenError> {
    let Some(released) = released.map(SignedCheckpoint::head) else {
        // The guard is written before anything is released, so a log with entries has one.
        return if size == 0 { Ok(()) } else { Err(OpenError::Guard { what: "is missing".to_owned() }) };
    };
    if released.size > size {
        return Err(OpenError::Behind { size, released: released.size });
    }
    if frontier_at(connection, released.size)?.root() != released.root {
        return Err(OpenError::Forked { released: released.size });
    }
    Ok(())
}

fn begin(connection: &Connection, log: &LogKey) -> Result<Tree, OpenError> {
    let tree = Tree::default();
    connection.execute(
        "INSERT INTO log_head (id, origin, size, root, frontier) VALUES (1, ?1, 0, ?2, ?3)",
        (log.origin.as_str(), tree.frontier.root().as_bytes().as_slice(), tree.frontier.to_bytes()),
    )?;
    Ok(tree)
}

/// The frontier that the tree had when it had `size` leaves.
fn frontier_at(connection: &Connection, size: u64) -> Result<Frontier, OpenError> {
    let damaged = |what: String| OpenError::Damaged { what };
    let mut tiles = Tiles::of(connection);
    let mut source = TileHashes::new(size, |path: &TilePath| tiles.read(path));
    let mut bytes = Vec::new();
    for height in (0..u64::BITS - 1).rev().filter(|height| size >> height & 1 == 1) {
        // The subtree of this bit begins where those of the higher bits end.
        let index = (size >> height) - 1;
        let hash = source.subtree(Subtree { height, index }).map_err(|error| damaged(error.to_string()))?;
        bytes.extend_from_slice(hash.as_bytes());
    }
    Frontier::from_bytes(size, &bytes).map_err(|error| damaged(error.to_string()))
}

/// Tiles of a database. The last one of each level is kept: the right edge is asked for hash by hash, and putting a tile
/// together anew for each would make opening quadratic in its width.
struct Tiles<'c> {
    connection: &'c Connection,
    kept: Vec<(TilePath, Vec<u8>)>,
}

impl<'c> Tiles<'c> {
    const fn of(connection: &'c Connection) -> Self {
        Self { connection, kept: Vec::new() }
    }

    fn read(&mut self, path: &TilePath) -> Result<Vec<u8>, Error> {
        if let Some((_, bytes)) = self.kept.iter().find(|(kept, _)| kept == path) {
            return Ok(bytes.clone());
        }
        let bytes = tile(self.connection, path)?;
        self.kept.retain(|(kept, _)| kept.layer() != path.layer());
        self.kept.push((*path, bytes.clone()));
        Ok(bytes)
    }
}

/// A tile of hashes: as it is stored where it is full, else out of the level below.
fn tile(connection: &Connection, path: &TilePath) -> Result<Vec<u8>, Error> {
    let Layer::Hashes(level) = path.layer() else { return Err(Error::Damaged { what: "a tile" }) };
    if path.is_full() {
        let stored = full_tile(connection, level, path.index())?;
        return stored.ok_or(Error::Damaged { what: "a tile" });
    }
    let first = path.index() * WIDTH as u64;
    let Some(below) = level.checked_sub(1) else { return leaves(connection, first, path.width()) };
    let mut hashes = Vec::with_capacity(path.width() * Hash::LENGTH);
    for index in (first..).take(path.width()) {
        let bytes = full_tile(connection, below, index)?.ok_or(Error::Damaged { what: "a tile" })?;
        let mut frontier = Frontier::default();
        for hash in bytes.chunks_exact(Hash::LENGTH).filter_map(Hash::from_slice) {
            frontier.push(hash);
        }
        hashes.extend_from_slice(frontier.root().as_bytes());
    }
    Ok(hashes)
}

fn full_tile(connection: &Connection, level: u8, index: u64) -> Result<Option<Vec<u8>>, Error> {
    let mut statement = connection.prepare_cached("SELECT data FROM tile WHERE level = ?1 AND n = ?2")?;
    Ok(statement.query_row((level, index), |row| row.get(0)).optional()?)
}

fn leaves(connection: &Connection, first: u64, width: usize) -> Result<Vec<u8>, Error> {
    let mut statement = connection.prepare_cached("SELECT leaf FROM log_entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2")?;
    let leaves = statement.query_map((first, width), |row| row.get::<_, Vec<u8>>(0))?;
    Ok(leaves.collect::<Result<Vec<_>, _>>()?.concat())
}
