//! Verifying a whole log offline: every entry, every chain, the tree, the signatures, and that it only grew.
//!
//! In scope: [`audit`] over entries at hand, [`Auditor`] for entries that come in pages, [`audit_directory`] for an
//! exported directory ([`crate::export`]), hash tiles included. The result is a [`Report`] with the first [`Fault`].
//!
//! Out of scope: reading anything (the caller's); what the entries mean; whether the log was shown to others in
//! another version. Against that only checkpoints help that somebody else kept: pass them as `earlier`, or verify
//! the cosignatures of witnesses ([`crate::cosignature`]).

mod directory;

pub use directory::audit_directory;

use std::collections::BTreeMap;

use crate::checkpoint::{self, LogKey, Origin, SignedCheckpoint};
use crate::entry::{self, Entry, Link, Token};
use crate::hash::Hash;
use crate::tile::{TilePath, bundle};
use crate::tree::{Frontier, TreeHead};

/// Verifies entries against the signed checkpoint that covers them, and against checkpoints released earlier.
pub fn audit<E: AsRef<[u8]>>(entries: impl IntoIterator<Item = E>, checkpoint: &[u8], log: &LogKey, earlier: &[&[u8]]) -> Report {
    let mut auditor = match Auditor::new(checkpoint, log, earlier) {
        Ok(auditor) => auditor,
        Err(fault) => return Report::unopened(log, fault),
    };
    let read = entries.into_iter().try_for_each(|entry| auditor.push(entry.as_ref()).map(drop));
    let verdict = read.and_then(|()| auditor.finish());
    auditor.report(verdict.err())
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Which log.
    pub origin: Origin,
    /// What its checkpoint says, if that is signed as it must be.
    pub signed: Option<TreeHead>,
    /// How many entries were in order, from the first on.
    pub entries: u64,
    /// How many subjects they are about.
    pub subjects: usize,
    /// How many of the earlier checkpoints the entries bear out.
    pub earlier: usize,
    /// The first thing that is wrong; `None` if the log holds.
    pub fault: Option<Fault>,
}

impl Report {
    /// What is found of a log whose checkpoint cannot be trusted.
    #[must_use]
    pub fn unopened(log: &LogKey, fault: Fault) -> Self {
        Self { origin: log.origin.clone(), signed: None, entries: 0, subjects: 0, earlier: 0, fault: Some(fault) }
    }
}

/// Goes through a log entry by entry.
///
/// The caller stops at the first [`Fault`] and puts it in the [`Auditor::report`].
#[derive(Debug)]
pub struct Auditor {
    origin: Origin,
    signed: TreeHead,
    // INVARIANT: sorted by size, none larger than `signed`.
    earlier: Vec<TreeHead>,
    borne_out: usize,
    frontier: Frontier,
    /// Each subject with the index of its last entry and the link that entry had.
    subjects: BTreeMap<Token, (u64, Link)>,
}

impl Auditor {
    /// Opens the checkpoints; nothing is read of a log whose checkpoint is not signed by its key.
    ///
    /// # Errors
    /// When a checkpoint is not of this log, or an earlier one is larger than the latest.
    pub fn new(checkpoint: &[u8], log: &LogKey, earlier: &[&[u8]]) -> Result<Self, Fault> {
        let signed = *SignedCheckpoint::open(checkpoint, log).map_err(Fault::Checkpoint)?.head();
        let mut auditor = Self {
            origin: log.origin.clone(),
            signed,
            earlier: open_earlier(earlier, log, signed.size)?,
            borne_out: 0,
            frontier: Frontier::default(),
            subjects: BTreeMap::new(),
        };
        auditor.compare_with_earlier()?;
        Ok(auditor)
    }

    /// Takes the next entry and returns it with its leaf hash.
    ///
    /// # Errors
    /// When the entry is malformed, breaks the chain of its subject, is one too many, or shows a fork.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(Entry, Hash), Fault> {
        let index = self.frontier.size();
        if index == self.signed.size {
            return Err(Fault::Surplus { signed: self.signed.size });
        }
        let entry = Entry::parse(bytes).map_err(|error| Fault::Entry { index, error })?;
        self.follow_chain(index, &entry)?;
        let leaf = entry.leaf_hash();
        self.frontier.push(leaf);
        self.compare_with_earlier()?;
        Ok((entry, leaf))
    }

    /// Compares what was read with what was signed, after the last entry.
    ///
    /// # Errors
    /// When there were too few entries or their root is another.
    pub fn finish(&self) -> Result<(), Fault> {
        let computed = self.frontier.head();
        if computed.size < self.signed.size {
            return Err(Fault::Truncated { found: computed.size, signed: self.signed.size });
        }
        if computed.root != self.signed.root {
            return Err(Fault::Root { size: computed.size, signed: self.signed.root, computed: computed.root });
        }
        Ok(())
    }

    /// What was found up to here, with the fault that ended it if one did.
    #[must_use]
    pub fn report(self, fault: Option<Fault>) -> Report {
        Report {
            origin: self.origin,
            signed: Some(self.signed),
            entries: self.frontier.size(),
            subjects: self.subjects.len(),
            earlier: self.borne_out,
            fault,
        }
    }

    fn follow_chain(&mut self, index: u64, entry: &Entry) -> Result<(), Fault> {
        let (subject, got) = (&entry.envelope().subject, entry.envelope().link);
        let expected = self.subjects.get(subject).map_or(Link::First, |(last, link)| link.next(*last));
        if got != expected {
            return Err(Fault::Chain { index, subject: subject.clone(), expected, got });
        }
        self.subjects.insert(subject.clone(), (index, got));
        Ok(())
    }

    fn compare_with_earlier(&mut self) -> Result<(), Fault> {
        let size = self.frontier.size();
        while let Some(earlier) = self.earlier.get(self.borne_out).filter(|earlier| earlier.size == size) {
            let computed = self.frontier.root();
            if earlier.root != computed {
                return Err(Fault::Fork { size, signed: earlier.root, computed });
            }
            self.borne_out += 1;
        }
        Ok(())
    }
}

fn open_earlier(notes: &[&[u8]], log: &LogKey, latest: u64) -> Result<Vec<TreeHead>, Fault> {
    let mut heads = Vec::with_capacity(notes.len());
    for (position, note) in notes.iter().enumerate() {
        let opened = SignedCheckpoint::open(note, log);
        let head = *opened.map_err(|error| Fault::EarlierCheckpoint { position, error })?.head();
        if head.size > latest {
            return Err(Fault::RolledBack { earlier: head.size, latest });
        }
        heads.push(head);
    }
    heads.sort_by_key(|head| head.size);
    Ok(heads)
}

/// The first thing that is wrong with a log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An entry bundle of the directory cannot be split into entries.
    #[error("`{path}` is malformed")]
    Bundle {
        /// The bundle.
        path: TilePath,
        /// What is wrong with it.
        #[source]
        error: bundle::Error,
    },
    /// An entry does not follow the last one of its subject.
    #[error("entry {index} breaks the chain of `{subject}`: {got:?} where {expected:?} belongs")]
    Chain {
        /// The entry.
        index: u64,
        /// Its subject.
        subject: Token,
        /// The link that would follow.
        expected: Link,
        /// The link it has.
        got: Link,
    },
    /// The checkpoint is not one, or not signed by this log.
    #[error("the checkpoint cannot be trusted")]
    Checkpoint(#[source] checkpoint::Error),
    /// An earlier checkpoint is not one, or not signed by this log.
    #[error("earlier checkpoint {position} cannot be trusted")]
    EarlierCheckpoint {
        /// Which of those given, counted from zero.
        position: usize,
        /// What is wrong with it.
        #[source]
        error: checkpoint::Error,
    },
    /// An entry is malformed.
    #[error("entry {index} is malformed")]
    Entry {
        /// The entry.
        index: u64,
        /// What is wrong with it.
        #[source]
        error: entry::Error,
    },
    /// The log signed two histories: an earlier checkpoint does not fit these entries.
    #[error("fork: at {size} entries the log once signed root {signed}, these entries have {computed}")]
    Fork {
        /// The size of the earlier checkpoint.
        size: u64,
        /// The root it signed.
        signed: Hash,
        /// The root of these entries.
        computed: Hash,
    },
    /// A file of the directory is not there.
    #[error("`{path}` is missing")]
    Missing {
        /// The file.
        path: String,
    },
    /// A file of the directory is longer than it can be.
    #[error("`{path}` is longer than {limit_bytes} bytes")]
    Oversized {
        /// The file.
        path: String,
        /// The most it can have.
        limit_bytes: usize,
    },
    /// The latest checkpoint covers less than one released before it.
    #[error("rolled back: the checkpoint covers {latest} entries, an earlier one {earlier}")]
    RolledBack {
        /// The size of the earlier checkpoint.
        earlier: u64,
        /// The size of the latest.
        latest: u64,
    },
    /// The entries are not those that were signed.
    #[error("the {size} entries have root {computed}, the checkpoint says {signed}")]
    Root {
        /// How many entries.
        size: u64,
        /// The root that was signed.
        signed: Hash,
        /// The root they have.
        computed: Hash,
    },
    /// A file of the directory belongs to no export of this log.
    #[error("`{path}` does not belong to an export of {size} entries")]
    Stranger {
        /// The file.
        path: String,
        /// The size of the log.
        size: u64,
    },
    /// There are more entries than were signed.
    #[error("there are more entries than the {signed} that the checkpoint covers")]
    Surplus {
        /// The size that was signed.
        signed: u64,
    },
    /// A tile does not hold the hashes of the entries.
    #[error("`{path}` does not hold the hashes of the entries")]
    Tile {
        /// The tile.
        path: TilePath,
    },
    /// Entries are missing at the end.
    #[error("there are {found} entries, the checkpoint covers {signed}")]
    Truncated {
        /// How many there are.
        found: u64,
        /// The size that was signed.
        signed: u64,
    },
}
