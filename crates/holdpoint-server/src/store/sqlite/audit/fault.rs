//! What can be wrong with a database, in words for the person who must act.

use holdpoint_log::tile::TilePath;

use super::super::super::record::PayloadId;
use super::super::super::replay::Unclear;

/// Most faults that one audit names. The rest is counted.
const FAULTS_MAX: usize = 100;

/// The faults of one audit.
#[derive(Debug, Default)]
pub struct Faults {
    named: Vec<Fault>,
    more: u64,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) {
        if self.named.len() < FAULTS_MAX { self.named.push(fault) } else { self.more += 1 }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.named.is_empty()
    }

    /// The first of them.
    pub fn named(&self) -> &[Fault] {
        &self.named
    }

    /// How many there are beyond those that are named.
    pub fn more(&self) -> u64 {
        self.more
    }
}

/// One thing in a database that is not what the log says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A column beside an entry does not say what the entry says.
    #[error("entry {index}: the column `{column}` beside it says something else")]
    Column {
        /// The entry.
        index: u64,
        /// The column.
        column: &'static str,
    },
    /// An entry cannot be followed, so that what comes after it is judged without it.
    #[error("entry {index} cannot be followed: {why}")]
    Entry {
        /// The entry.
        index: u64,
        /// Why not.
        why: Unclear,
    },
    /// The head of the log is not that of the entries.
    #[error("`log_head` is not the head of these entries")]
    Head,
    /// There is no checkpoint that the log's key signed.
    #[error("`released-checkpoint` beside the database holds no checkpoint of this log; nothing shows what was signed")]
    NoCheckpoint,
    /// A payload is not what an entry commits to.
    #[error("payload {} {what}", id.0)]
    Payload {
        /// The payload.
        id: PayloadId,
        /// What is wrong with it.
        what: PayloadFault,
    },
    /// A row of `payload` has a name that no payload has.
    #[error("`payload` has a row that no payload can have: `{id}`")]
    PayloadName {
        /// The name.
        id: String,
    },
    /// A row is not what the log adds up to.
    #[error("{table} {row}: {what}")]
    Row {
        /// The table.
        table: &'static str,
        /// Which row.
        row: String,
        /// What is wrong with it.
        what: RowFault,
    },
    /// SQLite finds the file itself damaged.
    #[error("the file is damaged: {what}")]
    Damaged {
        /// What SQLite says.
        what: String,
    },
    /// The log adds up to rows that the tables do not take.
    #[error("the log adds up to rows that the tables do not take: {why}")]
    Rows {
        /// Why not.
        why: String,
    },
    /// A tile is not that of the entries.
    #[error("the stored `{path}` does not hold the hashes of the entries")]
    Tile {
        /// The tile.
        path: TilePath,
    },
    /// There are more or fewer tiles than the entries fill.
    #[error("{stored} tiles are stored, the entries fill {tiles}")]
    Tiles {
        /// How many there are.
        stored: u64,
        /// How many there must be.
        tiles: u64,
    },
    /// An entry stands behind what was signed.
    #[error(
        "entry {index} is not signed: the server was killed between writing and signing it, or somebody else wrote it. The next \
         start signs it, so look at it first"
    )]
    Unsigned {
        /// The entry.
        index: u64,
    },
}

/// What is wrong with a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PayloadFault {
    /// It is gone, and no entry says that somebody took it back.
    Gone {
        /// The first entry that commits to it.
        index: u64,
    },
    /// Salt or body is another than what was committed to.
    Mismatch,
    /// It was taken back, and yet it is there, or its row names another entry.
    NotTakenBack {
        /// The entry that says it was taken back.
        index: u64,
    },
    /// No entry commits to it.
    Strange,
    /// The row says that it was taken back, and no entry does.
    Untold,
}

impl std::fmt::Display for PayloadFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone { index } => {
                write!(
                    f,
                    "of entry {index} is gone, and no entry says that it was redacted: what it said cannot be shown any more"
                )
            }
            Self::Mismatch => f.write_str("is not what the log committed to: its salt or body was changed"),
            Self::NotTakenBack { index } => write!(f, "was redacted by entry {index}, and its row says something else"),
            Self::Strange => f.write_str("is in no entry"),
            Self::Untold => f.write_str("is marked as redacted, and no entry says so"),
        }
    }
}

/// What is wrong with a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFault {
    /// It says something else than the log.
    Differs {
        /// In what, in words.
        columns: Vec<String>,
    },
    /// It is not there.
    Missing,
    /// The log knows nothing of it.
    Strange,
}

impl std::fmt::Display for RowFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Differs { columns } => f.write_str(&columns.join("; ")),
            Self::Missing => f.write_str("the log speaks of it, and it is not there"),
            Self::Strange => f.write_str("it is there, and no entry of the log speaks of it"),
        }
    }
}

/// Why a database cannot be audited.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It was written by another version of the program.
    #[error("the database has version {version}, and this program audits version {}", super::MIGRATIONS.len())]
    OtherVersion {
        /// Its version.
        version: usize,
    },
    /// The database says so.
    #[error("the database cannot be read: {0}")]
    Sql(#[from] rusqlite::Error),
}
