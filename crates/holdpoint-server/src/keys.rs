//! The installation's key: signs permits, receipts, snapshots and the log.
//!
//! An Ed25519 key in PKCS #8, made once, in a file that only the owner of the data directory reads. What it signs carries its
//! domain, so no signature of one kind passes for another: statements of `holdpoint-core` begin with theirs, checkpoints with
//! the origin of the log.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use holdpoint_api::home::Home;
use holdpoint_core::signed::{self, VerifyingKey};
use holdpoint_log::note::{self, KeyName, SignerError, Verifier};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

use crate::data_directory::{DataDirectory, write_durably};

const FILE: &str = "installation.key";

/// The key of this installation.
pub struct InstallationKey {
    pair: Ed25519KeyPair,
    public: VerifyingKey,
}

impl InstallationKey {
    /// Reads the key, or makes it where there is none yet.
    ///
    /// # Errors
    /// When the file is readable by others, is not such a key, or cannot be read or written.
    pub fn open(directory: &DataDirectory) -> Result<Self, Error> {
        match Self::read_file(directory.file(FILE)) {
            Err(Error::Io { path, source }) if source.kind() == io::ErrorKind::NotFound => Self::make(path),
            read => read,
        }
    }

    fn read_file(path: PathBuf) -> Result<Self, Error> {
        let failed = |source| Error::Io { path: path.clone(), source };
        let pkcs8 = fs::read(&path).map_err(failed)?;
        let mode = fs::metadata(&path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(Error::OpenToOthers { path, mode: mode & 0o777 });
        }
        Self::read(&pkcs8).ok_or(Error::Malformed { path })
    }

    /// Reads the key of a data directory that another process may hold, to sign a statement on its owner's behalf.
    ///
    /// # Errors
    /// As [`InstallationKey::open`]; a key that is not there is not made.
    pub fn read_in(directory: &Path) -> Result<Self, Error> {
        Self::read_file(directory.join(FILE))
    }

    /// Writes the public halves where clients look for them. Where root has pinned them, they are compared instead.
    ///
    /// # Errors
    /// When they cannot be written, or others were pinned.
    pub fn publish(self: &Arc<Self>, home: &Home) -> Result<(), Error> {
        let log = self.log_signer().map_err(|_| Error::Malformed { path: home.log_key() })?;
        let public = [
            (home.verifying_key(), format!("{}\n", self.public)),
            (home.log_key(), format!("{}\n", note::Signer::verifier(&log))),
        ];
        for (path, text) in public {
            let failed = |source| Error::Io { path: path.clone(), source };
            if !home.is_pinned() {
                write_durably(&path, text.as_bytes()).map_err(failed)?;
            } else if fs::read_to_string(&path).map_err(failed)? != text {
                return Err(Error::NotPinned { path });
            }
        }
        Ok(())
    }

    fn make(path: PathBuf) -> Result<Self, Error> {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| Error::NoRandomness)?;
        write_durably(&path, pkcs8.as_ref()).map_err(|source| Error::Io { path: path.clone(), source })?;
        Self::read(pkcs8.as_ref()).ok_or(Error::Malformed { path })
    }

    fn read(pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let public = VerifyingKey::from_bytes(pair.public_key().as_ref().try_into().ok()?);
        Some(Self { pair, public })
    }

    /// Signs the installation's log, whose origin is derived from the key.
    ///
    /// # Errors
    /// Never for a key of ours; the name is checked like any other.
    pub fn log_signer(self: &Arc<Self>) -> Result<LogSigner, note::KeyError> {
        let name: KeyName = format!("holdpoint.local/{}", self.public.id().short()).parse()?;
        Ok(LogSigner { key: self.clone(), verifier: Verifier::new(name, *self.public.as_bytes()) })
    }

    fn signature(&self, message: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        // An Ed25519 signature has 64 bytes (RFC 8032 §5.1.6), so nothing is cut and nothing is left over.
        signature.iter_mut().zip(self.pair.sign(message).as_ref()).for_each(|(to, from)| *to = *from);
        signature
    }
}

impl signed::Signer for InstallationKey {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.signature(message)
    }

    fn verifying_key(&self) -> VerifyingKey {
        self.public
    }
}

/// The installation's key under the name of its log.
pub struct LogSigner {
    key: Arc<InstallationKey>,
    verifier: Verifier,
}

impl note::Signer for LogSigner {
    fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignerError> {
        Ok(self.key.signature(message))
    }
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read or written.
    #[error("the key file `{}` cannot be read or written", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// The file is not an Ed25519 key.
    #[error("`{}` is not an Ed25519 key in PKCS #8", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// The machine gave no random numbers.
    #[error("the system gave no random numbers to make a key from")]
    NoRandomness,
    /// Clients would not believe this key.
    #[error("`{}` pins another key than the one in the data directory", path.display())]
    NotPinned {
        /// The pinned key.
        path: PathBuf,
    },
    /// Others may read the file.
    #[error("the key file `{}` can be read by others (mode {mode:o}); what it signed can no longer be trusted", path.display())]
    OpenToOthers {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_log::note::Signer as _;

    #[test]
    fn the_key_is_made_once_and_only_its_owner_reads_it() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&scratch.path().join("data")).unwrap();
        let first = Arc::new(InstallationKey::open(&directory).unwrap());
        let again = Arc::new(InstallationKey::open(&directory).unwrap());
        assert_eq!(first.public, again.public);
        assert_eq!(first.log_signer().unwrap().sign(b"x").unwrap(), signed::Signer::sign(again.as_ref(), b"x"));
        let file = directory.file(FILE);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(InstallationKey::open(&directory), Err(Error::OpenToOthers { mode: 0o644, .. })));
    }

    #[test]
    fn what_is_no_key_is_not_overwritten() {
        let scratch = tempfile::tempdir().unwrap();
        let directory = DataDirectory::open(&scratch.path().join("data")).unwrap();
        write_durably(&directory.file(FILE), b"no key").unwrap();
        assert!(matches!(InstallationKey::open(&directory), Err(Error::Malformed { .. })));
        assert_eq!(fs::read(directory.file(FILE)).unwrap(), b"no key");
    }
}
