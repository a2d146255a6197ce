//! The installation's policy on disk: signed files below `policy/` in the data directory, or the shipped bundle where there are none.
//!
//! **In scope**: reading the files, exchanging them, and noticing that they changed. **Out of scope**: what makes a bundle sound
//! (`holdpoint-policy`), and what is in force ([`crate::in_force`]).

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use holdpoint_api::home::Home;
use holdpoint_core::Timestamp;
use holdpoint_core::digest::Digest;
use holdpoint_core::signed::{self, SIGNED_TEXT_MAX_BYTES, Signed, VerifyingKey};
use holdpoint_policy::bundle::{self, Bundle, Manifest};
use holdpoint_policy::policies::{FILE_MAX_BYTES, FILES_MAX, Files};
use holdpoint_policy::report::Report;
use rustix::fs::{CWD, RenameFlags, renameat_with};

use crate::data_directory::write_durably;

/// The name of the signed manifest among the files.
pub const MANIFEST: &str = "manifest.signed";
/// How deep directories may lie.
const DEPTH_MAX: usize = 4;

/// The files of one installation, and which of their manifests was looked at last.
#[derive(Debug, Clone)]
pub struct PolicyFiles {
    root: PathBuf,
    looked_at: Option<Digest>,
}

impl PolicyFiles {
    /// The policy files of an installation.
    pub fn of(home: &Home) -> Self {
        Self { root: home.policy(), looked_at: None }
    }

    /// Loads the bundle: the signed one, or the shipped one where nobody signed any.
    ///
    /// # Errors
    /// Says what is wrong with the files. The caller keeps what was in force, or does not start.
    pub fn load(&mut self, key: &VerifyingKey, newest_seen: u64, now: Timestamp) -> Result<Bundle, Error> {
        let manifest = self.manifest()?;
        self.looked_at = manifest.as_deref().map(|text| Digest::of(text.as_bytes()));
        match manifest {
            None => Ok(Bundle::shipped()?),
            Some(text) => {
                let manifest = Signed::<Manifest>::parse(text.trim_end())?;
                Ok(Bundle::open(&read_files(&self.root)?, &manifest, &[*key], newest_seen, now)?)
            }
        }
    }

    /// Loads the bundle when its manifest is not the one looked at last. A manifest is looked at once, sound or not.
    ///
    /// # Errors
    /// As [`PolicyFiles::load`].
    pub fn load_if_changed(&mut self, key: &VerifyingKey, newest_seen: u64, now: Timestamp) -> Result<Option<Bundle>, Error> {
        let manifest = self.manifest()?.map(|text| Digest::of(text.as_bytes()));
        if manifest == self.looked_at {
            return Ok(None);
        }
        self.looked_at = manifest;
        // A manifest that vanished changes nothing: what is in force was signed, and nobody signed that it should end.
        if manifest.is_none() { Ok(None) } else { self.load(key, newest_seen, now).map(Some) }
    }

    /// The revision of the signed manifest that is there, to be followed by the next.
    ///
    /// # Errors
    /// Refuses a manifest that this installation did not sign.
    pub fn signed_revision(&self, key: &VerifyingKey) -> Result<Option<u64>, Error> {
        let Some(text) = self.manifest()? else { return Ok(None) };
        Ok(Some(Signed::<Manifest>::parse(text.trim_end())?.open(key)?.revision))
    }

    /// Puts a bundle in the place of the one that is there. The directory is exchanged as a whole: whoever looks finds one
    /// bundle or the other, after a crash too, and files that are in no bundle any more are gone.
    ///
    /// # Errors
    /// As the operating system says. The former bundle is in place then, and what could not be written beside it.
    pub fn exchange(&self, files: &Files, manifest: &Signed<Manifest>) -> io::Result<()> {
        let next = self.root.with_extension("next");
        remove_all(&next)?;
        for (name, bytes) in files {
            let path = next.join(name);
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            write_durably(&path, bytes)?;
        }
        write_durably(&next.join(MANIFEST), format!("{manifest}\n").as_bytes())?;
        match renameat_with(CWD, &next, CWD, &self.root, RenameFlags::EXCHANGE) {
            Err(rustix::io::Errno::NOENT) => fs::rename(&next, &self.root)?,
            exchanged => exchanged?,
        }
        self.root.parent().map_or(Ok(()), |directory| fs::File::open(directory)?.sync_all())?;
        // A crash here leaves the former bundle beside the new one, where nobody reads it.
        remove_all(&next)
    }

    fn manifest(&self) -> Result<Option<String>, Error> {
        let path = self.root.join(MANIFEST);
        match read_at_most(&path, SIGNED_TEXT_MAX_BYTES) {
            Ok(bytes) => String::from_utf8(bytes).map(Some).map_err(|_| Error::NotText { path }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(Error::Unreadable { path, source }),
        }
    }
}

/// Reads the files of a bundle below a directory, the manifest left out.
///
/// # Errors
/// Fails where a file cannot be read, and where there are more, larger or deeper ones than a bundle has.
pub fn read_files(root: &Path) -> Result<Files, Error> {
    let mut files = Files::new();
    let mut waiting = vec![(root.to_path_buf(), 0)];
    while let Some((directory, depth)) = waiting.pop() {
        let unreadable = |source| Error::Unreadable { path: directory.clone(), source };
        for entry in fs::read_dir(&directory).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let path = entry.path();
            let name =
                path.strip_prefix(root).ok().and_then(Path::to_str).ok_or_else(|| Error::NotText { path: path.clone() })?;
            match (kind.is_dir(), kind.is_file()) {
                (true, _) if depth < DEPTH_MAX => waiting.push((path.clone(), depth + 1)),
                (_, true) if name == MANIFEST => {}
                (_, true) if files.len() < FILES_MAX => {
                    let bytes =
                        read_at_most(&path, FILE_MAX_BYTES).map_err(|source| Error::Unreadable { path: path.clone(), source })?;
                    files.insert(name.to_owned(), bytes);
                }
                _ => return Err(Error::NotABundle { path }),
            }
        }
    }
    Ok(files)
}

fn remove_all(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn read_at_most(path: &Path, max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(max as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > max { Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("more than {max} bytes"))) } else { Ok(bytes) }
}

/// Why the files give no bundle.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It does not open.
    #[error(transparent)]
    Bundle(#[from] bundle::Error),
    /// The release is broken.
    #[error("the shipped policy does not load: {0}")]
    Shipped(#[from] Report),
    /// Something that no bundle has.
    #[error("`{}` does not belong into a bundle: a link, a device, or one file too many or too deep", path.display())]
    NotABundle {
        /// What.
        path: PathBuf,
    },
    /// A name or the manifest is not UTF-8.
    #[error("`{}` is not UTF-8", path.display())]
    NotText {
        /// Which.
        path: PathBuf,
    },
    /// The manifest is none.
    #[error("the manifest cannot be read: {0}")]
    Manifest(#[from] signed::Error),
    /// It cannot be read.
    #[error("`{}` cannot be read", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_directory::DataDirectory;
    use crate::keys::InstallationKey;
    use holdpoint_core::signed::Signer as _;
    use jiff::ToSpan as _;

    fn sign(revision: u64, files: &Files, key: &InstallationKey) -> Signed<Manifest> {
        let now = Timestamp::UNIX_EPOCH;
        let manifest = Manifest::build(files, revision, now, now + 24.hours()).unwrap();
        Signed::sign(&manifest, key).unwrap()
    }

    #[test]
    fn a_bundle_is_exchanged_as_a_whole() {
        let directory = tempfile::tempdir().unwrap();
        let held = DataDirectory::open(directory.path()).unwrap();
        let key = InstallationKey::open(&held).unwrap();
        let home = Home::at(directory.path());
        let plain = holdpoint_policy::shipped::files();
        let mut with_estate = plain.clone();
        with_estate.insert("estate.toml".to_owned(), b"[environments.staging]\nproduction = false\n".to_vec());

        for (revision, files) in [(1, &with_estate), (2, &plain)] {
            let mut of = PolicyFiles::of(&home);
            of.exchange(files, &sign(revision, files, &key)).unwrap();
            assert_eq!(&read_files(&home.policy()).unwrap(), files);
            let bundle = of.load(&key.verifying_key(), revision, Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(bundle.revision(), revision);
        }
        let left: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains("next")), "{left:?}");
    }
}
