//! Which program a name or a path runs, and whether that is one of the system's under another name.

use std::fs::{File, Metadata};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use holdpoint_core::change::Setting;
use holdpoint_core::question::Answer;

use super::deadline::Deadline;
use super::unknown::{LATE, unknown};

/// Where the system's own programs lie: what a copy is compared with.
const SYSTEM: [&str; 4] = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];
/// Most programs that one directory is searched for.
const PROGRAMS_MAX: usize = 16 * 1024;

/// The program that a name would run.
pub(super) fn of_name(name: &str, setting: &Setting, deadline: &Deadline) -> Answer {
    let Some(search) = setting.variables.get("PATH").cloned().or_else(|| std::env::var("PATH").ok()) else {
        return unknown("PATH is not known");
    };
    let here = Path::new(&setting.directory);
    // An empty entry of the search path is the working directory.
    let found = if name.contains('/') {
        Some(here.join(name)).filter(|path| is_program(path))
    } else {
        search.split(':').map(|directory| here.join(directory).join(name)).find(|path| is_program(path))
    };
    let Some(found) = found else { return Answer::Program { path: None } };
    match identity(&found, deadline) {
        Ok(path) => path
            .into_os_string()
            .into_string()
            .map_or_else(|_| unknown("the program's path is not UTF-8"), |path| Answer::Program { path: Some(path) }),
        Err(why) => unknown(&why),
    }
}

/// Where a program lies: in the system's directories where it is one of theirs, whatever link or copy it was found as.
fn identity(found: &Path, deadline: &Deadline) -> Result<PathBuf, String> {
    let failed = |error: std::io::Error| format!("`{}` cannot be looked at: {error}", found.display());
    let entry = resolved_directory(found).map_err(failed)?;
    if is_of_system(&entry) {
        return Ok(entry);
    }
    let real = found.canonicalize().map_err(failed)?;
    let original = if is_of_system(&real) { Some(real) } else { original_of(&real, deadline)? };
    Ok(original.map_or_else(|| entry.clone(), |original| applet(&entry, &original).unwrap_or(original)))
}

/// The path with its directory resolved and its own name kept.
fn resolved_directory(path: &Path) -> std::io::Result<PathBuf> {
    let directory = path.parent().unwrap_or(Path::new("/")).canonicalize()?;
    Ok(path.file_name().map_or(directory.clone(), |name| directory.join(name)))
}

fn is_of_system(path: &Path) -> bool {
    path.parent().is_some_and(|parent| SYSTEM.iter().any(|directory| parent == Path::new(directory)))
}

/// A program that does other things under other names is known by the name under which it was found.
fn applet(entry: &Path, original: &Path) -> Option<PathBuf> {
    let name = entry.file_name()?;
    let under = |directory: &&str| {
        let path = Path::new(directory).join(name);
        path.canonicalize().is_ok_and(|real| real == original).then_some(path)
    };
    let multiple = original.file_name().is_some_and(|base| MANY_IN_ONE.iter().any(|many| base == *many));
    SYSTEM.iter().find_map(under).or_else(|| multiple.then(|| original.with_file_name(name)))
}

/// Programs that are what the name says under which they are started.
const MANY_IN_ONE: [&str; 4] = ["busybox", "coreutils", "sbase-box", "toybox"];

/// The system's program that a file is a copy of, byte for byte.
fn original_of(file: &Path, deadline: &Deadline) -> Result<Option<PathBuf>, String> {
    let Ok(metadata) = file.metadata() else { return Ok(None) };
    if !is_compiled(file) {
        return Ok(None);
    }
    for directory in SYSTEM.iter().map(Path::new).filter(|directory| !directory.is_symlink()) {
        for candidate in std::fs::read_dir(directory).into_iter().flatten().flatten().take(PROGRAMS_MAX) {
            if deadline.is_over() {
                return Err(LATE.to_owned());
            }
            let same_size = candidate.metadata().is_ok_and(|other| is_like(&metadata, &other));
            if same_size && same_bytes(file, &candidate.path(), deadline)? {
                return Ok(Some(candidate.path()));
            }
        }
    }
    Ok(None)
}

fn is_like(file: &Metadata, other: &Metadata) -> bool {
    other.is_file() && other.size() == file.size()
}

/// A script is read for what it does; only what cannot be read is worth comparing.
fn is_compiled(file: &Path) -> bool {
    let mut head = [0; 4];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut head));
    read.is_ok() && !head.starts_with(b"#!")
}

fn same_bytes(one: &Path, other: &Path, deadline: &Deadline) -> Result<bool, String> {
    let open = |path: &Path| File::open(path).map_err(|error| format!("`{}` cannot be read: {error}", path.display()));
    let (mut one, mut other) = (open(one)?, open(other)?);
    let (mut left, mut right) = (vec![0; PART_BYTES], vec![0; PART_BYTES]);
    loop {
        if deadline.is_over() {
            return Err(LATE.to_owned());
        }
        let (a, b) = (fill(&mut one, &mut left)?, fill(&mut other, &mut right)?);
        match (left.get(..a), right.get(..b)) {
            (Some([]), Some([])) => return Ok(true),
            (Some(a), Some(b)) if a == b => {}
            _ => return Ok(false),
        }
    }
}

/// How much of a file is compared at a time.
const PART_BYTES: usize = 64 * 1024;

/// Reads until the part is full or the file ends.
fn fill(file: &mut File, part: &mut [u8]) -> Result<usize, String> {
    let mut filled = 0;
    while let Some(rest) = part.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error.to_string()),
        }
    }
    Ok(filled)
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn soon() -> Deadline {
        Deadline::after(Duration::from_secs(60))
    }

    fn real(path: &str) -> PathBuf {
        resolved_directory(Path::new(path)).unwrap()
    }

    #[test]
    fn a_link_to_rm_and_a_copy_of_it_under_another_name_are_rm() {
        let root = tempfile::tempdir().unwrap();
        let (link, copy) = (root.path().join("ls2"), root.path().join("ls3"));
        std::os::unix::fs::symlink("/bin/rm", &link).unwrap();
        std::fs::copy("/bin/rm", &copy).unwrap();
        for found in [link, copy] {
            assert_eq!(identity(&found, &soon()), Ok(real("/bin/rm")));
        }
    }

    #[test]
    fn a_copy_that_differs_in_one_byte_is_nobodys() {
        let root = tempfile::tempdir().unwrap();
        let other = root.path().join("rm");
        let mut bytes = std::fs::read("/bin/rm").unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&other, bytes).unwrap();
        assert_eq!(identity(&other, &soon()), Ok(resolved_directory(&other).unwrap()));
    }

    #[test]
    fn the_systems_own_names_stay_whatever_they_lead_to() {
        assert_eq!(identity(Path::new("/bin/sh"), &soon()), Ok(real("/bin/sh")));
    }
}
