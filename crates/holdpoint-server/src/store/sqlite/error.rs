//! Why the database cannot be opened, read or written, and what somebody must do about it.

use holdpoint_log::checkpoint;

use super::super::sequencer::StartError;

/// Why the database cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub(in crate::store) enum Error {
    /// What stands in it is not what was written.
    #[error("{what} in the database cannot be read; the file is damaged or was written by another program")]
    Damaged { what: &'static str },
    /// The guard file could not be written.
    #[error("the checkpoint beside the database cannot be written: {0}")]
    Guard(#[from] std::io::Error),
    /// The head of the log is not where it was left: somebody else writes here.
    #[error("somebody else has written to the database")]
    HeadMoved,
    /// A record cannot be written as JSON.
    #[error("a record cannot be written: {0}")]
    Json(#[from] serde_json::Error),
    /// The database says so.
    #[error("{0}")]
    Sql(#[from] rusqlite::Error),
}

/// Why a store cannot be opened. Says what to do where somebody must do something.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database ends before what was released.
    #[error(
        "the database holds {size} entries, but a checkpoint over {released} was released: it has gone back, as from a backup. \
         Put the newer database back; going on from here would fork the log"
    )]
    Behind {
        /// How many entries there are.
        size: u64,
        /// How many were released.
        released: u64,
    },
    /// Tiles, leaves and head do not fit together.
    #[error("the database is damaged: {what}. Put back a whole copy of the data directory")]
    Damaged {
        /// What does not fit.
        what: String,
    },
    /// The database goes on differently from what was released.
    #[error(
        "the database does not bear out the checkpoint over {released} entries that was released: it is another log. \
         Put the right database back"
    )]
    Forked {
        /// How many entries were released.
        released: u64,
    },
    /// The guard file is not there, or not ours, though the log has entries.
    #[error(
        "`released-checkpoint` beside the database {what}. It guards against a database that has gone back: put it back from \
         where the database came from"
    )]
    Guard {
        /// What is wrong with it.
        what: String,
    },
    /// A newer program wrote the database.
    #[error("the database has version {version}, newer than this program reads; use a newer program")]
    Newer {
        /// Its version.
        version: usize,
    },
    /// The database does not wait for the disk.
    #[error("the database does not wait for the disk (journal mode {mode}, synchronous {synchronous})")]
    NotDurable {
        /// The journal mode.
        mode: String,
        /// What `PRAGMA synchronous` reads.
        synchronous: i64,
    },
    /// The key's name is not that of the log.
    #[error("the database is the log `{database}`, but the key signs for `{key}`")]
    OtherOrigin {
        /// The log.
        database: String,
        /// The key.
        key: String,
    },
    /// The key's name cannot be the origin of a log.
    #[error("the key's name cannot be the origin of a log")]
    Origin(#[from] checkpoint::Error),
    /// The database says so.
    #[error("the database cannot be opened: {0}")]
    Sql(#[from] rusqlite::Error),
    /// The sequencer did not start.
    #[error(transparent)]
    Start(#[from] StartError),
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        match error {
            Error::Sql(error) => Self::Sql(error),
            other => Self::Damaged { what: other.to_string() },
        }
    }
}
