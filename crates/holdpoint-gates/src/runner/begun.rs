//! Notes of acts that have begun with a permit and are not settled: should the runner be ended in their midst, its successor says
//! that nobody can tell, at once and not when the permit's time is over.
//!
//! ```text
//! <the runner's directory>/begun/<hash of the permit>.json     the permit, and for whom it was spent
//! ```

use std::cell::OnceCell;
use std::io;
use std::path::{Path, PathBuf};

use holdpoint_core::actor::PermitId;
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::Basis;
use serde::{Deserialize, Serialize};

use crate::desk::replace;

/// Most notes that are read when the runner starts: far more acts than can be under way.
const NOTES_MAX: usize = 4096;

/// Where the notes are.
#[derive(Debug)]
pub(super) struct Begun {
    directory: PathBuf,
}

/// What was under way when the runner was ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Left {
    pub(super) permit: PermitId,
    pub(super) caller: u32,
}

/// One conversation's note, once its act begins.
#[derive(Debug)]
pub(super) struct Note<'a> {
    directory: &'a Path,
    caller: u32,
    path: OnceCell<PathBuf>,
}

impl Begun {
    pub(super) fn at(home: &Path) -> Self {
        Self { directory: home.join("begun") }
    }

    /// The note of a conversation in which nothing has begun yet.
    pub(super) fn note(&self, caller: u32) -> Note<'_> {
        Note { directory: &self.directory, caller, path: OnceCell::new() }
    }

    /// What a former runner left unsettled. Each is given once.
    pub(super) fn take_left(&self) -> Vec<Left> {
        let entries = std::fs::read_dir(&self.directory).into_iter().flatten().flatten().take(NOTES_MAX);
        let take = |path: PathBuf| {
            let left = serde_json::from_slice(&std::fs::read(&path).ok()?).ok();
            std::fs::remove_file(&path).ok().and(left)
        };
        entries
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|it| it == "json"))
            .filter_map(take)
            .collect()
    }
}

impl Note<'_> {
    /// Notes that an act begins. Free work needs no note: nothing was spent for it.
    ///
    /// # Errors
    /// Where it cannot be noted; then nothing may begin.
    pub(super) fn begin(&self, basis: &Basis) -> io::Result<()> {
        let Basis::Permit { id, .. } = basis else { return Ok(()) };
        let name = Digest::of(id.as_str().as_bytes()).to_string().replace(':', "-");
        let path = self.directory.join(name).with_extension("json");
        replace(&path, &serde_json::to_vec(&Left { permit: id.clone(), caller: self.caller })?)?;
        let _ = self.path.set(path);
        Ok(())
    }

    /// Lets go of the note: what came of the act was told, or is kept to be told.
    pub(super) fn settled(&self) {
        if let Some(path) = self.path.get() {
            drop(std::fs::remove_file(path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_begun_and_not_settled_is_found_once() {
        let home = tempfile::tempdir().unwrap();
        let begun = Begun::at(home.path());
        assert_eq!(begun.take_left(), []);
        let permit = |name: &str| Basis::Permit { id: PermitId::parse(name).unwrap(), index: 1 };
        let (one, other, free) = (begun.note(1000), begun.note(1001), begun.note(1002));
        one.begin(&permit("prm-1")).unwrap();
        other.begin(&permit("prm/../2")).unwrap();
        free.begin(&Basis::Free { revision: 1 }).unwrap();
        one.settled();
        free.settled();
        let left = Left { permit: PermitId::parse("prm/../2").unwrap(), caller: 1001 };
        assert_eq!(begun.take_left(), [left]);
        assert_eq!(begun.take_left(), []);
    }
}
