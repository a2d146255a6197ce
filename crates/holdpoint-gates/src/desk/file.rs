//! The small files that a gate keeps, for its user alone.

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Longest file read here, in bytes.
const SHORT_MAX_BYTES: u64 = 4096;

/// Replaces a small file as a whole, so that no reader ever meets half of it.
pub(crate) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    make_private(directory)?;
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
    file.write_all(content)?;
    std::fs::rename(&unfinished, path)
}

/// Makes a directory that is its owner's alone. One that an older version left open to others is closed.
fn make_private(directory: &Path) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    if directory.metadata()?.permissions().mode() & 0o077 != 0 {
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Reads a small file, or the beginning of one that should have been small.
pub(super) fn read_short(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(std::fs::File::open(path)?, SHORT_MAX_BYTES), &mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn nobody_else_reads_what_a_gate_keeps() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("acts/a");
        replace(&path, b"x").unwrap();
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        let directory = path.parent().unwrap();
        assert_eq!((mode(directory), mode(&path)), (0o700, 0o600));
        std::fs::set_permissions(directory, std::fs::Permissions::from_mode(0o755)).unwrap();
        replace(&path, b"y").unwrap();
        assert_eq!(mode(directory), 0o700, "as an older version may have left it");
    }
}
