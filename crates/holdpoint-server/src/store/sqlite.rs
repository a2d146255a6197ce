//! The store in SQLite: one file, one writer thread, durable at every commit.
//!
//! Write-ahead log, `synchronous=FULL`: a commit returns after the log is on the disk. The data directory is held exclusively,
//! so the state cannot move between loading and writing. Readers have connections of their own that cannot write.
//!
//! At the start the right edge of the tree is rebuilt from tiles and leaves and compared with the head, and the checkpoint
//! that was released last must be borne out by it: a database that has gone back is not gone on with, for signing again
//! from an earlier state would fork the log.
//!
//! **In scope**: opening, recovery, writing, reading back. **Out of scope**: what is written ([`super::plan`]).

pub mod audit;
mod error;
mod guard;
mod read;
mod recovery;
mod rows;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::command::Submission;
use super::load::{Loaded, load};
use super::plan::WritePlan;
use super::sequencer::{Backend, Sequencer};
use super::{Read, ReadError, Surroundings};
use crate::data_directory::DataDirectory;
use error::Error;
pub use error::OpenError;
use guard::Guard;
use rows::Sql;

const FILE: &str = "holdpoint.db";
/// The steps from one version of the schema to the next, in order. What has been released is never changed.
const MIGRATIONS: [&str; 1] = [include_str!("sql/schema.sql")];
/// Most connections kept for reading. More are opened and closed again when more reads run at once.
const READERS_MAX: usize = 4;

/// The store in SQLite.
pub struct SqliteStore {
    // Dropped first: the writer finishes before the directory is let go.
    sequencer: Sequencer,
    readers: Arc<Readers>,
    _directory: Arc<DataDirectory>,
}

impl SqliteStore {
    /// Opens the store of a data directory, which is made where there is none.
    ///
    /// # Errors
    /// When the database cannot be read, is of a newer version, is not consistent, or has gone back behind what was released.
    pub fn open(directory: Arc<DataDirectory>, surroundings: Surroundings) -> Result<Self, OpenError> {
        let log = LogKey::named_by(surroundings.signer.verifier().clone())?;
        let path = directory.file(FILE);
        let mut connection = Connection::open(&path)?;
        prepare(&connection)?;
        migrate(&mut connection, &MIGRATIONS, &directory)?;
        let tree = recovery::tree(&mut connection, &log)?;
        let guard = Guard::open(&directory, &log)?;
        recovery::check_released(&connection, tree.frontier.size(), guard.released())?;
        let backend = Sqlite { connection, guard };
        let sequencer = Sequencer::start(backend, tree, surroundings)?;
        Ok(Self { sequencer, readers: Arc::new(Readers { path, idle: Mutex::default() }), _directory: directory })
    }

    /// Reads on a thread where waiting for a disk stops nobody.
    fn read<T: Send + 'static>(&self, read: impl FnOnce(&mut Sql<'_>) -> Result<T, Error> + Send + 'static) -> Read<'_, T> {
        let readers = self.readers.clone();
        Box::pin(async move {
            let reading = tokio::task::spawn_blocking(move || readers.read(read));
            reading.await.map_err(ReadError::new)?.map_err(ReadError::new)
        })
    }
}

struct Sqlite {
    connection: Connection,
    guard: Guard,
}

impl Backend for Sqlite {
    type Error = Error;

    fn load(&mut self, submissions: &[Submission], now: Timestamp) -> Result<Loaded, Error> {
        // One moment for all rows: outside of a transaction each query locks the file and lets it go again.
        let moment = self.connection.transaction()?;
        load(&mut Sql(&moment), submissions, now)
    }

    fn write(&mut self, plan: &WritePlan) -> Result<(), Error> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        rows::write(&transaction, plan)?;
        Ok(transaction.commit()?)
    }

    fn remember(&mut self, checkpoint: &SignedCheckpoint) -> Result<(), Error> {
        Ok(self.guard.keep(checkpoint)?)
    }
}

/// Sets what durability rests on, and makes sure that it is set.
fn prepare(connection: &Connection) -> Result<(), OpenError> {
    let mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;")?;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    if mode != "wal" || synchronous != SYNCHRONOUS_FULL {
        return Err(OpenError::NotDurable { mode, synchronous });
    }
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// What `PRAGMA synchronous` reads where every commit waits for the disk.
const SYNCHRONOUS_FULL: i64 = 2;

/// Brings the schema to the newest version. An older database is copied aside first.
fn migrate(connection: &mut Connection, steps: &[&str], directory: &DataDirectory) -> Result<(), OpenError> {
    let version: usize = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if version > steps.len() {
        return Err(OpenError::Newer { version });
    }
    if (1..steps.len()).contains(&version) {
        let copy = directory.file(&format!("holdpoint-version-{version}.db"));
        connection.execute("VACUUM INTO ?1", [copy.to_string_lossy()])?;
    }
    for (step, number) in steps.iter().zip(1_usize..).skip(version) {
        // A crash between two steps leaves the database at a version that exists.
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
        transaction.execute_batch(step)?;
        transaction.pragma_update(None, "user_version", number)?;
        transaction.commit()?;
    }
    Ok(())
}

/// Connections that only read.
struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
}

impl Readers {
    fn read<T>(&self, read: impl FnOnce(&mut Sql<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => Connection::open_with_flags(&self.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?,
        };
        // One transaction for one read: a change and its payloads are of one moment.
        let transaction = connection.unchecked_transaction()?;
        let found = read(&mut Sql(&transaction))?;
        drop(transaction);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < READERS_MAX {
            idle.push(connection);
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_older_database_is_copied_aside_and_brought_forward() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&scratch.path().join("data")).unwrap();
        let mut connection = Connection::open(directory.file(FILE)).unwrap();
        let steps = ["CREATE TABLE a (x INTEGER) STRICT; INSERT INTO a VALUES (1);", "UPDATE a SET x = 2;"];
        migrate(&mut connection, &steps[..1], &directory).unwrap();
        migrate(&mut connection, &steps, &directory).unwrap();
        let x = |connection: &Connection| connection.query_row("SELECT x FROM a", [], |row| row.get::<_, i64>(0)).unwrap();
        assert_eq!(x(&connection), 2);
        assert_eq!(x(&Connection::open(directory.file("holdpoint-version-1.db")).unwrap()), 1);
        assert!(matches!(migrate(&mut connection, &steps[..1], &directory), Err(OpenError::Newer { version: 2 })));
    }

    #[test]
    fn every_commit_waits_for_the_disk() {
        let scratch = tempfile::tempdir().unwrap();
        let connection = Connection::open(scratch.path().join(FILE)).unwrap();
        prepare(&connection).unwrap();
        let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0)).unwrap();
        assert_eq!(synchronous, 2);
        assert!(matches!(prepare(&Connection::open_in_memory().unwrap()), Err(OpenError::NotDurable { .. })));
    }
}
