//! What is at a path, without touching it.

use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::FileTypeExt as _;
use std::path::{Path, PathBuf};

use holdpoint_core::question::{Answer, FILE_TEXT_MAX_BYTES, FileKind};
use rustix::fs::{Dir, FileType, Mode, OFlags};

use super::deadline::Deadline;

/// Most files and directories that are counted below one path.
pub(super) const COUNTED_MAX: u64 = 4096;
/// Deepest directory that is counted; each level holds a file descriptor open.
const DEPTH_MAX: usize = 64;
/// Most links that are followed one after the other, as the kernel has it.
const LINKS_MAX: usize = 40;
/// How far into a file a NUL byte is looked for.
const BINARY_SHOWS_WITHIN: usize = 4096;

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    /// The path of the entry itself: its directory resolved, its own name kept.
    pub(super) entry: PathBuf,
    /// Where it leads.
    pub(super) canonical: String,
    pub(super) kind: FileKind,
}

/// Looks at a path.
pub(super) fn look(path: &str) -> Result<Found, String> {
    let entry = entry(Path::new(path))?;
    let kind = match entry.symlink_metadata() {
        Ok(metadata) => kind_of(&metadata),
        Err(error) if is_absence(error.kind()) => FileKind::Missing,
        Err(error) => return Err(format!("`{path}` cannot be looked at: {error}")),
    };
    let canonical = match kind {
        FileKind::Symlink => canonical(path)?,
        FileKind::Device | FileKind::Directory | FileKind::File | FileKind::Missing => text_of(&entry)?,
    };
    Ok(Found { entry, canonical, kind })
}

/// The path with every link resolved; of a missing one its nearest existing ancestor resolved, the rest appended.
pub(super) fn canonical(path: &str) -> Result<String, String> {
    let mut path = PathBuf::from(path);
    for _ in 0..LINKS_MAX {
        let entry = entry(&path)?;
        match entry.read_link() {
            // A relative target counts from the directory of the link, an absolute one replaces it.
            Ok(target) => path = entry.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return text_of(&entry),
        }
    }
    Err(format!("`{}` is too long a chain of links", path.display()))
}

/// The path of an entry: its directory resolved as far as it exists, its own name kept.
fn entry(path: &Path) -> Result<PathBuf, String> {
    let mut missing = Vec::new();
    let (Some(name), Some(mut directory)) = (path.file_name(), path.parent()) else {
        // The root, or a path that ends in `..`: nothing of it can be a link.
        return path.canonicalize().map_err(|error| format!("`{}` cannot be resolved: {error}", path.display()));
    };
    loop {
        match directory.canonicalize() {
            Ok(found) => return Ok(missing.iter().rev().fold(found, |path, name| path.join(name)).join(name)),
            Err(error) if is_absence(error.kind()) => {
                let up = directory.file_name().zip(directory.parent());
                let (name, parent) = up.ok_or_else(|| format!("`{}` cannot be resolved", path.display()))?;
                if directory.is_symlink() {
                    return Err(format!("`{}` leads through a link to nowhere", path.display()));
                }
                missing.push(name);
                directory = parent;
            }
            Err(error) => return Err(format!("`{}` cannot be resolved: {error}", path.display())),
        }
    }
}

/// The text of a regular file that is not too long, or that it holds none; of a compiled program any length will do.
pub(super) fn text(path: &str) -> Result<Answer, String> {
    let failed = |error: std::io::Error| format!("`{path}` cannot be read: {error}");
    // Without waiting for the other end of a pipe, should it be one.
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|error| failed(error.into()))?);
    if !file.metadata().map_err(failed)?.is_file() {
        return Err(format!("`{path}` is no regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(FILE_TEXT_MAX_BYTES).unwrap_or(u64::MAX).saturating_add(1);
    file.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if is_binary(&bytes) {
        return Ok(Answer::NotText {});
    }
    if bytes.len() > FILE_TEXT_MAX_BYTES {
        return Err(format!("`{path}` is longer than {FILE_TEXT_MAX_BYTES} bytes"));
    }
    let text = String::from_utf8(bytes).map_err(|_| format!("`{path}` is not UTF-8"))?;
    Ok(Answer::FileText { text })
}

/// Whether a file that begins so is a compiled program: there is a NUL byte before its first line ends, as in the headers of
/// ELF, Mach-O and PE. That is bash's own test. A NUL further on, or behind `#!`, does not keep a script from running, and
/// neither does a magic alone: `MZ=1` is an assignment.
fn is_binary(bytes: &[u8]) -> bool {
    let mut head = bytes.iter().take(BINARY_SHOWS_WITHIN).take_while(|byte| **byte != b'\n');
    !bytes.starts_with(b"#!") && head.any(|byte| *byte == 0)
}

/// How many files and directories lie at and below a directory; nothing where a bound was reached.
pub(super) fn count(directory: &Path, deadline: &Deadline) -> Option<u64> {
    let mut open = vec![open_directory(directory)?];
    let mut count = 1;
    while let Some(directory) = open.last_mut() {
        let Some(entry) = directory.read() else {
            open.pop();
            continue;
        };
        let entry = entry.ok()?;
        if [b".".as_slice(), b".."].contains(&entry.file_name().to_bytes()) {
            continue;
        }
        count += 1;
        if count > COUNTED_MAX || (count % 256 == 0 && deadline.is_over()) {
            return None;
        }
        // A file system that does not tell types leaves the count unknown rather than too small.
        match entry.file_type() {
            FileType::Directory if open.len() >= DEPTH_MAX => return None,
            FileType::Directory => {
                let parent = open.last()?.fd().ok()?;
                let below = rustix::fs::openat(parent, entry.file_name(), DIRECTORY, Mode::empty()).ok()?;
                open.push(directory_of(below)?);
            }
            FileType::Unknown => return None,
            _ => {}
        }
    }
    Some(count)
}

/// Opened as a directory and never through a link.
const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

fn open_directory(path: &Path) -> Option<Dir> {
    directory_of(rustix::fs::open(path, DIRECTORY, Mode::empty()).ok()?)
}

fn directory_of(descriptor: OwnedFd) -> Option<Dir> {
    Dir::read_from(descriptor.as_fd()).ok()
}

fn kind_of(metadata: &Metadata) -> FileKind {
    let kind = metadata.file_type();
    if kind.is_symlink() {
        FileKind::Symlink
    } else if kind.is_dir() {
        FileKind::Directory
    } else if kind.is_file() {
        FileKind::File
    } else {
        debug_assert!(kind.is_block_device() || kind.is_char_device() || kind.is_fifo() || kind.is_socket());
        FileKind::Device
    }
}

/// Whether an error says that nothing is there: no such entry, or what should be a directory on the way is none.
fn is_absence(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::NotFound | ErrorKind::NotADirectory)
}

fn text_of(path: &Path) -> Result<String, String> {
    path.to_str().map(str::to_owned).ok_or_else(|| format!("`{}` is not UTF-8", path.display()))
}
