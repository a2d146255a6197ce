//! The audit of an exported directory.

use crate::canonical;
use crate::checkpoint::LogKey;
use crate::export::CHECKPOINT;
use crate::hash::Hash;
use crate::note::MAX_NOTE_BYTES;
use crate::tile::{HashTile, Layer, TilePath, Tiler, WIDTH, bundle};

use super::{Auditor, Fault, Report};

/// Verifies an exported directory: everything [`super::audit`] does, and that every tile holds the right hashes.
///
/// `read` returns the bytes of a file by its path relative to the directory, or `None` if there is none. Its second
/// argument is the most bytes the file can have; a reader need not read more than one beyond.
///
/// # Errors
/// Only what `read` fails with. Whatever is wrong with the log is in the report.
pub fn audit_directory<E>(
    read: impl FnMut(&str, usize) -> Result<Option<Vec<u8>>, E>,
    log: &LogKey,
    earlier: &[&[u8]],
) -> Result<Report, E> {
    let mut files = Files { read };
    let opened = match files.read(CHECKPOINT, MAX_NOTE_BYTES) {
        Ok(checkpoint) => Auditor::new(&checkpoint, log, earlier).map_err(Stop::Fault),
        Err(stop) => Err(stop),
    };
    let mut auditor = match opened {
        Ok(auditor) => auditor,
        Err(stop) => return Ok(Report::unopened(log, stop.fault()?)),
    };
    match walk(&mut files, &mut auditor) {
        Ok(()) => Ok(auditor.report(None)),
        Err(stop) => Ok(auditor.report(Some(stop.fault()?))),
    }
}

impl Report {
    /// Adds whether a directory holds only what an export of this log holds. `paths` are those of all its files.
    #[must_use]
    pub fn without_strangers(mut self, paths: impl IntoIterator<Item = String>) -> Self {
        if let (None, Some(size)) = (&self.fault, self.signed.map(|head| head.size)) {
            let belongs = |path: &str| path == CHECKPOINT || path.parse().is_ok_and(|tile: TilePath| tile.belongs_to(size));
            self.fault = paths.into_iter().find(|path| !belongs(path)).map(|path| Fault::Stranger { path, size });
        }
        self
    }
}

/// Goes through the bundles in order, comparing each tile as soon as its entries are known.
fn walk<R, E>(files: &mut Files<R>, auditor: &mut Auditor) -> Result<(), Stop<E>>
where
    R: FnMut(&str, usize) -> Result<Option<Vec<u8>>, E>,
{
    let size = auditor.signed.size;
    let mut tiler = Tiler::default();
    let mut full = Vec::new();
    while auditor.frontier.size() < size {
        let index = auditor.frontier.size() / WIDTH as u64;
        let width = usize::try_from(size - auditor.frontier.size()).unwrap_or(WIDTH).min(WIDTH);
        // A key can sign any size; beyond what a path can name there is nothing to read.
        let truncated = Fault::Truncated { found: auditor.frontier.size(), signed: size };
        let path = TilePath::new(Layer::Entries, index, width).map_err(|_| truncated)?;
        let bytes = files.read(&path.to_string(), width * MAX_FRAMED_ENTRY_BYTES)?;
        let entries = bundle::decode(&bytes, width).map_err(|error| Fault::Bundle { path, error })?;
        for entry in entries {
            let (_, leaf) = auditor.push(entry)?;
            tiler.push(leaf, &mut full);
        }
        full.drain(..).try_for_each(|tile| files.compare(&tile))?;
    }
    tiler.partial().try_for_each(|tile| files.compare(&tile))?;
    Ok(auditor.finish()?)
}

/// The files of a directory, each with its bound.
struct Files<R> {
    read: R,
}

impl<R, E> Files<R>
where
    R: FnMut(&str, usize) -> Result<Option<Vec<u8>>, E>,
{
    fn read(&mut self, path: &str, limit_bytes: usize) -> Result<Vec<u8>, Stop<E>> {
        let bytes = (self.read)(path, limit_bytes).map_err(Stop::Read)?;
        let bytes = bytes.ok_or_else(|| Fault::Missing { path: path.to_owned() })?;
        if bytes.len() > limit_bytes {
            return Err(Fault::Oversized { path: path.to_owned(), limit_bytes }.into());
        }
        Ok(bytes)
    }

    fn compare(&mut self, tile: &HashTile) -> Result<(), Stop<E>> {
        let found = self.read(&tile.path.to_string(), WIDTH * Hash::LENGTH)?;
        if found == tile.bytes { Ok(()) } else { Err(Fault::Tile { path: tile.path }.into()) }
    }
}

/// Why the walk ended early: something is wrong with the log, or it could not be read.
enum Stop<E> {
    Fault(Fault),
    Read(E),
}

impl<E> Stop<E> {
    fn fault(self) -> Result<Fault, E> {
        match self {
            Self::Fault(fault) => Ok(fault),
            Self::Read(error) => Err(error),
        }
    }
}

impl<E> From<Fault> for Stop<E> {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

/// The longest entry and its length field.
const MAX_FRAMED_ENTRY_BYTES: usize = 2 + canonical::MAX_BYTES;
