//! Where an installation keeps what its clients need: the data directory and the names in it.
//!
//! ```text
//! $HOLDPOINT_DATA          mode 0700
//! ├── socket               the Unix socket of the API
//! ├── installation.pub     the key that signs permits, receipts and snapshots
//! ├── log.vkey             the key that signs the log's checkpoints
//! ├── policy/              the installation's signed policy; without it the shipped one is in force
//! ├── snapshot.json        the newest snapshot, for gates while the control plane is away
//! ├── sessions/<agent>.json  an agent session, made by `holdpoint install`
//! └── …                    the store's own files
//! ```

use std::path::{Path, PathBuf};

/// The data directory of an installation, or a user's own beside an installation of the whole system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
    published: Option<Published>,
}

/// Where an installation of the whole system keeps what everybody may read and nobody but it may write.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Published {
    /// Root's: the public keys.
    keys: PathBuf,
    /// The control plane's: its socket and its newest snapshot.
    run: PathBuf,
}

impl Home {
    /// A data directory that was named.
    pub fn at(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into(), published: None }
    }

    /// A directory of one's own beside an installation whose public keys lie in `keys` and whose socket lies in `run`.
    pub fn beside(root: impl Into<PathBuf>, keys: PathBuf, run: PathBuf) -> Self {
        Self { root: root.into(), published: Some(Published { keys, run }) }
    }

    /// Whether the public keys were pinned by somebody else than the owner of the directory.
    pub const fn is_pinned(&self) -> bool {
        self.published.is_some()
    }

    fn keys(&self) -> &Path {
        self.published.as_ref().map_or(&self.root, |published| &published.keys)
    }

    fn run(&self) -> &Path {
        self.published.as_ref().map_or(&self.root, |published| &published.run)
    }

    /// The data directory when nobody names one: `$XDG_DATA_HOME/holdpoint`, else `~/.local/share/holdpoint`.
    pub fn default_root(xdg_data_home: Option<&Path>, home: &Path) -> PathBuf {
        xdg_data_home
            .filter(|path| path.is_absolute())
            .map_or_else(|| home.join(".local/share"), Path::to_path_buf)
            .join("holdpoint")
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The Unix socket of the API.
    pub fn socket(&self) -> PathBuf {
        self.run().join("socket")
    }

    /// The installation's public key.
    pub fn verifying_key(&self) -> PathBuf {
        self.keys().join("installation.pub")
    }

    /// The key that signs the log's checkpoints, as a C2SP verifier key.
    pub fn log_key(&self) -> PathBuf {
        self.keys().join("log.vkey")
    }

    /// The installation's signed policy files.
    pub fn policy(&self) -> PathBuf {
        self.root.join("policy")
    }

    /// The newest snapshot.
    pub fn snapshot(&self) -> PathBuf {
        self.run().join("snapshot.json")
    }

    /// The session of an agent program.
    pub fn session(&self, agent: &str) -> PathBuf {
        self.root.join("sessions").join(format!("{agent}.json"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_xdg_directory_is_ignored_as_its_specification_says() {
        let home = Path::new("/home/alice");
        assert_eq!(Home::default_root(Some(Path::new("data")), home), Path::new("/home/alice/.local/share/holdpoint"));
        assert_eq!(Home::default_root(Some(Path::new("/data")), home), Path::new("/data/holdpoint"));
    }
}
