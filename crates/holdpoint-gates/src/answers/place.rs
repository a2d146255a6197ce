//! In which region of the machine a path lies.

use std::path::{Path, PathBuf};

use holdpoint_core::change::Setting;
use holdpoint_core::question::{FileKind, Place};

use super::git::WorkTree;
use super::path::Found;

/// The regions as they are seen from one working directory.
#[derive(Debug)]
pub(super) struct Places {
    tree: Option<WorkTree>,
    home: Option<PathBuf>,
    scratch: Vec<PathBuf>,
    mounts: Vec<PathBuf>,
}

impl Places {
    /// The regions around a setting.
    pub(super) fn around(setting: &Setting) -> Self {
        let home = setting.variables.get("HOME").filter(|home| home.starts_with('/'));
        Self {
            tree: WorkTree::around(Path::new(&setting.directory)),
            home: home.and_then(|home| Path::new(home).canonicalize().ok()),
            scratch: SCRATCH.iter().filter_map(|path| Path::new(path).canonicalize().ok()).collect(),
            mounts: mounts().unwrap_or_default(),
        }
    }

    /// The region of what was found. A home in a directory for temporary files is a home, and a work tree is a work tree
    /// wherever it lies.
    pub(super) fn of(&self, found: &Found) -> Place {
        let entry = &found.entry;
        let home = self.home.as_deref();
        let inside = |region: Option<&Path>| region.is_some_and(|region| entry.starts_with(region));
        if self.is_git_directory(entry) {
            Place::GitDirectory
        } else if home == Some(entry) {
            Place::Home
        } else if found.kind == FileKind::Directory && self.holds_mount(entry) {
            Place::MountRoot
        } else if inside(self.tree.as_ref().map(WorkTree::root)) {
            Place::WorkTree
        } else if inside(home) {
            Place::Home
        } else if self.scratch.iter().any(|scratch| entry.starts_with(scratch) && entry != scratch) {
            Place::Scratch
        } else {
            Place::Elsewhere
        }
    }

    /// The work tree that git must be asked in: the asker's, or one inside it that the entry belongs to.
    pub(super) fn tree_of(&self, found: &Found) -> Option<WorkTree> {
        let asker = self.tree.as_ref()?;
        let inner = found.entry.parent().filter(|_| found.entry != asker.root()).and_then(WorkTree::around);
        Some(inner.filter(|inner| inner.root().starts_with(asker.root())).unwrap_or_else(|| asker.clone()))
    }

    fn is_git_directory(&self, entry: &Path) -> bool {
        let Some(tree) = &self.tree else { return false };
        let named = entry.strip_prefix(tree.root()).is_ok_and(|below| below.iter().any(|name| name == ".git"));
        named || tree.git_directories().iter().any(|directory| entry.starts_with(directory))
    }

    /// Whether a directory is the root of a file system or holds a whole one. Where mounts cannot be listed, only `/` is.
    fn holds_mount(&self, directory: &Path) -> bool {
        directory == Path::new("/") || self.mounts.iter().any(|mount| mount.starts_with(directory))
    }
}

/// Directories for temporary files. `TMPDIR` is not believed: whoever sets it could call anything scratch.
const SCRATCH: [&str; 4] = ["/dev/shm", "/private/var/folders", "/tmp", "/var/tmp"];

/// The mount points that this process sees: field 5 of proc_pid_mountinfo(5), in which blanks are written in octal.
fn mounts() -> Option<Vec<PathBuf>> {
    let table = std::fs::read_to_string("/proc/self/mountinfo").ok()?;
    Some(table.lines().filter_map(|line| line.split(' ').nth(4)).map(|path| PathBuf::from(unescaped(path))).collect())
}

fn unescaped(path: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(path.to_owned(), |path, (from, to)| path.replace(from, to))
}
