//! The audit of a data directory: log, payloads and tables of one moment, read beside a server that may be running.
//!
//! ```text
//!  log_entry ──▶ chains, tree, signature (holdpoint-log) ──▶ replay ──▶ rows as they must be, in an empty database
//!  payload   ──▶ the commitments of the entries                            │
//!  change, word, permit, … ──────────────── row by row ────────────────────┘
//! ```
//!
//! Nothing in the file is believed: not a state, not an index, not the schema. The tables that the log adds up to are written
//! by the code that writes them always, into a database of their own, and compared whole.
//!
//! **In scope**: whatever is in `holdpoint.db`, and the checkpoint beside it. **Out of scope**: whether somebody rewrote all of
//! it with the log's key, or put an older copy of the whole directory back; only a checkpoint kept elsewhere shows that. What
//! was asked of people and told to clients for a day (`statement`, `retry`) is not in the log and is not compared.

mod fault;
mod payloads;
mod tables;

use std::path::Path;

use holdpoint_log::audit::{Auditor, Fault as LogFault, Report as LogReport};
use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};
use holdpoint_log::entry::Entry;
use holdpoint_log::hash::Hash;
use holdpoint_log::tile::{HashTile, Layer, Tiler};
use holdpoint_log::tree::Frontier;
use rusqlite::{Connection, OpenFlags, Transaction};

use super::super::record::{Kept, PayloadId};
use super::super::replay::Replay;
use super::guard::newest_released;
use super::read::payload;
use super::rows::Sql;
use super::{FILE, MIGRATIONS};
pub use fault::{Error, Fault, Faults};
pub use payloads::Payloads;

/// How often the checkpoint beside the database is read again while it is behind: a server writes it after each commit.
const CHECKPOINT_TRIES: usize = 2_000;

/// What an audit of a data directory found.
#[derive(Debug)]
pub struct Report {
    /// What it found of the log itself.
    pub log: LogReport,
    /// What it found of the payloads.
    pub payloads: Payloads,
    /// How many rows of state were compared with what the log adds up to. Nothing where the log could not be followed.
    pub rows: Option<u64>,
    /// Whatever else is wrong.
    pub faults: Faults,
}

impl Report {
    /// Whether log, payloads and tables are what was signed.
    pub fn holds(&self) -> bool {
        self.log.fault.is_none() && self.faults.is_empty()
    }
}

/// Whether there is a database to audit.
pub fn is_data_directory(directory: &Path) -> bool {
    directory.join(FILE).is_file()
}

/// Audits the database of a data directory, which is only read.
///
/// # Errors
/// Only where it cannot be read. Whatever is wrong with what it says is in the report.
pub fn audit(directory: &Path, log: &LogKey, earlier: &[&[u8]]) -> Result<Report, Error> {
    let mut connection = open(directory)?;
    let mut beside = open(directory)?;
    let moment = connection.transaction()?;
    let size = head_size(&moment)?;
    let released = newest_checkpoint(directory, log, size);
    let mut faults = Faults::default();
    if released.is_none() {
        faults.add(Fault::NoCheckpoint);
    }
    let note = released.as_ref().map(SignedCheckpoint::to_text).unwrap_or_default();
    let auditor = match Auditor::new(note.as_bytes(), log, earlier) {
        Ok(auditor) => auditor,
        Err(fault) => return Ok(unopened(LogReport::unopened(log, fault), faults)),
    };
    let signed = released.map_or(0, |released| released.head().size);
    let mut walk =
        Walk { signed, auditor, tiler: Tiler::default(), frontier: Frontier::default(), replay: Replay::default(), faults };
    if let Err(fault) = walk.entries(&moment)? {
        return Ok(unopened(walk.auditor.report(Some(fault)), walk.faults));
    }
    walk.check_head(&moment, log)?;
    let tail = walk.released_meanwhile(&beside.transaction()?)?;
    let Walk { auditor, mut replay, mut faults, .. } = walk;
    let verdict = tail.and_then(|()| auditor.finish());
    let payloads = payloads::compare(&moment, &mut replay, &mut faults)?;
    let rows = tables::compare(&moment, replay, &mut faults)?;
    Ok(Report { log: auditor.report(verdict.err()), payloads, rows, faults })
}

fn unopened(log: LogReport, faults: Faults) -> Report {
    Report { log, payloads: Payloads::default(), rows: None, faults }
}

fn open(directory: &Path) -> Result<Connection, Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(directory.join(FILE), flags)?;
    let version: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version == MIGRATIONS.len() { Ok(connection) } else { Err(Error::OtherVersion { version }) }
}

/// How many entries there are. The first read: it fixes the moment of which everything after it is read.
fn head_size(moment: &Transaction<'_>) -> Result<u64, Error> {
    Ok(moment.query_row("SELECT count(*) FROM log_entry", [], |row| row.get(0))?)
}

/// The newest checkpoint that was released. A server that has just committed is about to write the one that covers it.
fn newest_checkpoint(directory: &Path, log: &LogKey, size: u64) -> Option<SignedCheckpoint> {
    let mut newest = None;
    for _ in 0..CHECKPOINT_TRIES {
        newest = newest_released(directory, log);
        if newest.as_ref().is_none_or(|released| released.head().size >= size) {
            return newest;
        }
        std::thread::yield_now();
    }
    newest
}

/// The way through the entries.
struct Walk {
    signed: u64,
    auditor: Auditor,
    tiler: Tiler,
    frontier: Frontier,
    replay: Replay,
    faults: Faults,
}

/// A row of the log.
struct Row {
    index: u64,
    leaf: Vec<u8>,
    body: Vec<u8>,
    kind: String,
    subject: String,
}

impl Walk {
    /// Goes through all entries of the moment. The first fault of the log itself ends the way.
    fn entries(&mut self, moment: &Transaction<'_>) -> Result<Result<(), LogFault>, Error> {
        let mut statement = moment.prepare("SELECT idx, leaf, body, kind, subject FROM log_entry ORDER BY idx")?;
        let mut rows = statement.query([])?;
        let mut tiles = 0;
        while let Some(row) = rows.next()? {
            let (leaf, body, kind, subject) = (row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?);
            let row = Row { index: row.get(0)?, leaf, body, kind, subject };
            let taken = match self.push(&row) {
                Ok(taken) => taken,
                Err(fault) => return Ok(Err(fault)),
            };
            tiles += self.take(moment, &row, &taken)?;
        }
        let stored: u64 = moment.query_row("SELECT count(*) FROM tile", [], |row| row.get(0))?;
        if stored != tiles {
            self.faults.add(Fault::Tiles { stored, tiles });
        }
        Ok(Ok(()))
    }

    /// Entries that no checkpoint covers yet are read like the others, and told.
    fn push(&mut self, row: &Row) -> Result<(Entry, Hash), LogFault> {
        if self.frontier.size() < self.signed {
            return self.auditor.push(&row.body);
        }
        let index = self.frontier.size();
        let entry = Entry::parse(&row.body).map_err(|error| LogFault::Entry { index, error })?;
        let leaf = entry.leaf_hash();
        self.faults.add(Fault::Unsigned { index });
        Ok((entry, leaf))
    }

    /// Compares what stands beside an entry, and follows what it says. Returns how many tiles it has filled.
    fn take(&mut self, moment: &Transaction<'_>, row: &Row, (entry, leaf): &(Entry, Hash)) -> Result<u64, Error> {
        let index = self.frontier.push(*leaf);
        let envelope = entry.envelope();
        let columns = [
            ("idx", row.index == index),
            ("leaf", row.leaf == leaf.as_bytes()),
            ("kind", row.kind == envelope.kind.as_str()),
            ("subject", row.subject == envelope.subject.as_str()),
        ];
        for (column, _) in columns.into_iter().filter(|(_, fits)| !fits) {
            self.faults.add(Fault::Column { index, column });
        }
        let mut bodies = |id: &PayloadId| payload(&Sql(moment), id).ok().flatten().and_then(Kept::here);
        if let Err(why) = self.replay.take(index, envelope, &mut bodies) {
            self.faults.add(Fault::Entry { index, why });
        }
        let mut full = Vec::new();
        self.tiler.push(*leaf, &mut full);
        for tile in &full {
            self.check_tile(moment, tile)?;
        }
        Ok(full.len() as u64)
    }

    fn check_tile(&mut self, moment: &Transaction<'_>, tile: &HashTile) -> Result<(), Error> {
        let Layer::Hashes(level) = tile.path.layer() else { return Ok(()) };
        let mut statement = moment.prepare_cached("SELECT data FROM tile WHERE level = ?1 AND n = ?2")?;
        let mut stored = statement.query_map((level, tile.path.index()), |row| row.get::<_, Vec<u8>>(0))?;
        match stored.next().transpose()? {
            Some(bytes) if bytes == tile.bytes => {}
            _ => self.faults.add(Fault::Tile { path: tile.path }),
        }
        Ok(())
    }

    fn check_head(&mut self, moment: &Transaction<'_>, log: &LogKey) -> Result<(), Error> {
        let mut statement = moment.prepare("SELECT origin, size, root, frontier FROM log_head")?;
        let heads = statement.query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, u64>(1)?, row.get::<_, Vec<u8>>(2)?, row.get::<_, Vec<u8>>(3)?))
        })?;
        let frontier = &self.frontier;
        let expected =
            (log.origin.as_str().to_owned(), frontier.size(), frontier.root().as_bytes().to_vec(), frontier.to_bytes());
        if heads.collect::<Result<Vec<_>, _>>()? != [expected] {
            self.faults.add(Fault::Head);
        }
        Ok(())
    }

    /// What a running server has added since the moment, as far as the checkpoint goes: it covers no less than all of that.
    fn released_meanwhile(&mut self, later: &Transaction<'_>) -> Result<Result<(), LogFault>, Error> {
        let mut statement = later.prepare("SELECT body FROM log_entry WHERE idx >= ?1 AND idx < ?2 ORDER BY idx")?;
        let mut rows = statement.query((self.frontier.size(), self.signed))?;
        while let Some(row) = rows.next()? {
            if let Err(fault) = self.auditor.push(&row.get::<_, Vec<u8>>(0)?) {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(()))
    }
}
