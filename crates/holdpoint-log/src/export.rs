//! A log as a directory that C2SP tools read: `checkpoint`, `tile/…`, `tile/entries/…`.
//!
//! In scope: turning entries and their checkpoint into files, 256 entries at a time.
//!
//! Out of scope: writing the files (the caller's); verifying such a directory ([`crate::audit::audit_directory`]).

use crate::checkpoint::SignedCheckpoint;
use crate::hash::leaf_hash;
use crate::tile::{HashTile, Layer, TilePath, Tiler, WIDTH, bundle};
use crate::tree::{Frontier, TreeHead};

/// Yields the files of a directory for entries at hand, the checkpoint last.
///
/// Stop at the first error: what comes after it is of no use.
pub fn directory<E: AsRef<[u8]>>(
    entries: impl IntoIterator<Item = E>,
    checkpoint: &SignedCheckpoint,
) -> impl Iterator<Item = Result<File, Error>> {
    let mut exporter = Exporter::default();
    entries.into_iter().map(Some).chain([None]).flat_map(move |entry| {
        let files = match entry {
            Some(entry) => exporter.push(entry.as_ref()),
            None => exporter.finish(checkpoint),
        };
        match files {
            Ok(files) => files.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        }
    })
}

/// A file of an exported log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path relative to the directory, with slashes.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
}

/// Turns a log into files entry by entry, for entries that come in pages.
#[derive(Debug, Default)]
pub struct Exporter {
    frontier: Frontier,
    tiler: Tiler,
    // INVARIANT: fewer than WIDTH between two pushes.
    bundle: Vec<Vec<u8>>,
}

impl Exporter {
    /// Takes the next entry and returns the files that it completes.
    ///
    /// # Errors
    /// When the entry is too long for a bundle.
    pub fn push(&mut self, entry: &[u8]) -> Result<Vec<File>, Error> {
        let leaf = leaf_hash(entry);
        let mut full = Vec::new();
        self.frontier.push(leaf);
        self.tiler.push(leaf, &mut full);
        self.bundle.push(entry.to_vec());
        let mut files = Vec::new();
        if self.bundle.len() == WIDTH {
            files.push(self.close_bundle()?);
        }
        files.extend(full.into_iter().map(File::from));
        Ok(files)
    }

    /// Returns the files that are not full, and the checkpoint last: a directory with a checkpoint is whole, even if
    /// the writer was killed half-way.
    ///
    /// # Errors
    /// When the checkpoint does not cover exactly the entries that were pushed.
    pub fn finish(&mut self, checkpoint: &SignedCheckpoint) -> Result<Vec<File>, Error> {
        let pushed = self.frontier.head();
        if pushed != *checkpoint.head() {
            return Err(Error::OtherCheckpoint { pushed, signed: *checkpoint.head() });
        }
        let mut files = Vec::new();
        if !self.bundle.is_empty() {
            files.push(self.close_bundle()?);
        }
        files.extend(self.tiler.partial().map(File::from));
        files.push(File { path: CHECKPOINT.to_owned(), bytes: checkpoint.to_text().into_bytes() });
        Ok(files)
    }

    fn close_bundle(&mut self) -> Result<File, Error> {
        let index = (self.frontier.size() - 1) / WIDTH as u64;
        let path = TilePath::new(Layer::Entries, index, self.bundle.len())?;
        let bytes = bundle::encode(&self.bundle)?;
        self.bundle.clear();
        Ok(File { path: path.to_string(), bytes })
    }
}

impl From<HashTile> for File {
    fn from(tile: HashTile) -> Self {
        Self { path: tile.path.to_string(), bytes: tile.bytes }
    }
}

/// The path of the checkpoint in a directory.
pub const CHECKPOINT: &str = "checkpoint";

/// Why a log could not be exported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// An entry does not fit into a bundle.
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
    /// The checkpoint is not that of these entries.
    #[error(
        "the checkpoint covers {} entries with root {}, but {} with root {} were exported",
        signed.size, signed.root, pushed.size, pushed.root
    )]
    OtherCheckpoint {
        /// The tree of the entries.
        pushed: TreeHead,
        /// The tree of the checkpoint.
        signed: TreeHead,
    },
    /// The log is larger than paths can say.
    #[error(transparent)]
    Path(#[from] crate::tile::Error),
}
