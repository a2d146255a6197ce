//! The small files that a gate keeps.

use std::io::Write as _;
use std::path::Path;

/// Longest file read here, in bytes.
const SHORT_MAX_BYTES: u64 = 4096;

/// Replaces a small file as a whole, so that no reader ever meets half of it.
pub(super) fn replace(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(directory)?;
    let unfinished = path.with_extension(format!("{}.new", std::process::id()));
    let mut file = std::fs::File::create(&unfinished)?;
    file.write_all(content)?;
    std::fs::rename(&unfinished, path)
}

/// Reads a small file, or the beginning of one that should have been small.
pub(super) fn read_short(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    std::io::Read::read_to_string(&mut std::io::Read::take(std::fs::File::open(path)?, SHORT_MAX_BYTES), &mut text)?;
    Ok(text)
}
