//! What a gate holds on to between its short lives: the installation's key and the newest snapshot revision it has seen.

use std::path::PathBuf;

use holdpoint_api::home::Home;
use holdpoint_core::actor::GateId;
use holdpoint_core::permit::{Snapshot, SnapshotHead};
use holdpoint_core::signed::{Signed, VerifyingKey};

use super::error::Error;
use super::file::{read_short, replace};

/// The pinned key, and the newest revision seen under it.
#[derive(Debug)]
pub(super) struct Pinned {
    key: VerifyingKey,
    newest: PathBuf,
}

impl Pinned {
    pub(super) fn open(home: &Home, gate: &GateId) -> Result<Self, Error> {
        let path = home.verifying_key();
        let text = read_short(&path).map_err(|error| Error::NotSetUp(format!("`{}`: {error}", path.display())))?;
        let key = VerifyingKey::try_from(text.trim().to_owned())?;
        Ok(Self { key, newest: home.root().join("gates").join(format!("{gate}.revision")) })
    }

    pub(super) const fn key(&self) -> &VerifyingKey {
        &self.key
    }

    /// Opens the signed head of a snapshot. A gate never goes back to an older revision than it has seen.
    pub(super) fn snapshot(&self, head: &str) -> Result<Snapshot, Error> {
        let seen = self.newest_seen()?;
        let snapshot = Snapshot::open(&Signed::<SnapshotHead>::parse(head)?, &self.key, seen)?;
        if snapshot.head().revision > seen {
            self.remember(snapshot.head().revision)?;
        }
        Ok(snapshot)
    }

    fn newest_seen(&self) -> Result<u64, Error> {
        match read_short(&self.newest) {
            Ok(text) => text.trim().parse().map_err(|_| Error::NotSetUp(format!("`{}` holds no number", self.newest.display()))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(error.into()),
        }
    }

    fn remember(&self, revision: u64) -> Result<(), Error> {
        Ok(replace(&self.newest, revision.to_string().as_bytes())?)
    }
}
