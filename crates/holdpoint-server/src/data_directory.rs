//! The data directory: one per installation, held by one process, of one version.
//!
//! ```text
//! holdpoint/              mode 0700
//! ├── version             what wrote it last; a newer one is refused
//! ├── lock                held exclusively while a store is open
//! ├── installation.key    the signing key, mode 0600
//! ├── holdpoint.db        the store, with its -wal and -shm
//! └── released-checkpoint what was said last: guards against a database that has gone back
//! ```
//!
//! **In scope**: making it, holding it, its version. **Out of scope**: what the files say.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

/// The version of the layout that this program writes and the newest it reads.
pub const VERSION: u32 = 1;

/// A data directory that this process holds, until the value is dropped.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    // Holding the file open holds the lock.
    _lock: File,
}

impl DataDirectory {
    /// Opens the directory, which is made where there is none, and holds it.
    ///
    /// # Errors
    /// When another process holds it, when it is open to others, or when a newer version wrote it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |what: &'static str| move |source| Error::Io { what, path: path.to_owned(), source };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed("made"))?;
        let mode = fs::metadata(path).map_err(failed("read"))?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(Error::OpenToOthers { path: path.to_owned(), mode: mode & 0o777 });
        }
        let lock = OpenOptions::new()
            .create(true)
            .write(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(failed("locked"))?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => return Err(Error::Held { path: path.to_owned() }),
            Err(errno) => return Err(failed("locked")(errno.into())),
        }
        let directory = Self { path: path.to_owned(), _lock: lock };
        directory.check_version()?;
        Ok(directory)
    }

    /// The path of a file in the directory.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn check_version(&self) -> Result<(), Error> {
        let file = self.file("version");
        let failed = |what: &'static str| {
            let path = file.clone();
            move |source| Error::Io { what, path, source }
        };
        match fs::read_to_string(&file) {
            Ok(text) => match text.trim().parse::<u32>() {
                Ok(version) if version <= VERSION => Ok(()),
                Ok(version) => Err(Error::Newer { path: self.path.clone(), version }),
                Err(_) => Err(Error::Foreign { path: self.path.clone() }),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                write_durably(&file, format!("{VERSION}\n").as_bytes()).map_err(failed("written"))
            }
            Err(error) => Err(failed("read")(error)),
        }
    }
}

/// Writes a small file so that after a crash it is there wholly or not at all, readable only by its owner.
///
/// # Errors
/// As the operating system says.
pub(crate) fn write_durably(path: &Path, content: &[u8]) -> io::Result<()> {
    let unfinished = path.with_extension("unfinished");
    let mut file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&unfinished, path)?;
    path.parent().map_or(Ok(()), |directory| File::open(directory)?.sync_all())
}

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Its version file is not one.
    #[error("`{}` is not a data directory: its version file cannot be read", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// Another process holds it.
    #[error("`{}` is in use by another process", path.display())]
    Held {
        /// The directory.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("`{}` cannot be {what}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A newer version of the program wrote it.
    #[error("`{}` has version {version}, and this program reads versions up to {VERSION}; use a newer program", path.display())]
    Newer {
        /// The directory.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// Others may write in it.
    #[error("`{}` can be written by others (mode {mode:o}); take that right away first", path.display())]
    OpenToOthers {
        /// The directory.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_holds_a_directory() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        let held = DataDirectory::open(&path).unwrap();
        assert!(matches!(DataDirectory::open(&path), Err(Error::Held { .. })));
        drop(held);
        assert!(DataDirectory::open(&path).is_ok());
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn what_a_newer_or_foreign_program_wrote_is_left_alone() {
        let scratch = tempfile::tempdir().unwrap();
        let path = scratch.path().join("data");
        drop(DataDirectory::open(&path).unwrap());
        fs::write(path.join("version"), "2\n").unwrap();
        assert!(matches!(DataDirectory::open(&path), Err(Error::Newer { version: 2, .. })));
        fs::write(path.join("version"), "mine\n").unwrap();
        assert!(matches!(DataDirectory::open(&path), Err(Error::Foreign { .. })));
        assert_eq!(fs::read_to_string(path.join("version")).unwrap(), "mine\n");
    }

    #[test]
    fn a_directory_that_others_can_write_is_refused() {
        let scratch = tempfile::tempdir().unwrap();
        fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o777)).unwrap();
        assert!(matches!(DataDirectory::open(scratch.path()), Err(Error::OpenToOthers { mode: 0o777, .. })));
    }
}
