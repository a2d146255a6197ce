//! Which program is the installed one, and whether the one that is asked is that one.
//!
//! A finding is worth what its finder is: another build may write other hooks and judge otherwise than what is in force.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use super::finding::Finding;

/// How much of two programs is compared at a time.
const PART_BYTES: usize = 64 * 1024;

/// Whether this program is the installed one or a copy of it; nothing where it lies there itself.
pub(super) fn look(what: &'static str, installed: &Path) -> Option<Finding> {
    let own = std::env::current_exe().ok()?;
    let (real_own, real_installed) = (own.canonicalize().ok(), installed.canonicalize().ok());
    if real_own.is_some() && real_own == real_installed {
        return None;
    }
    let (shown, own_shown) = (installed.display(), own.display());
    let ask = format!("ask the installed one: '{shown}' doctor");
    Some(match same_bytes(&own, installed) {
        Ok(true) => {
            Finding::note(what, format!("`{shown}` is the installed program; this is `{own_shown}`, the same byte for byte"))
        }
        Ok(false) => Finding::bad(
            what,
            format!(
                "`{shown}` ({}) is the installed program; this is another build, `{own_shown}` ({})",
                told(installed),
                told(&own)
            ),
            ask,
        ),
        Err(error) => Finding::bad(what, format!("`{shown}` is the installed program, and cannot be read: {error}"), ask),
    })
}

/// How large a program is and when it was made: enough to tell which is the newer. What it says of itself is not asked, because
/// nobody knows what it is.
fn told(program: &Path) -> String {
    let Ok(metadata) = program.metadata() else { return "not to be read".to_owned() };
    let made = metadata.modified().ok().and_then(|made| jiff::Timestamp::try_from(made).ok());
    let made = made.map_or_else(|| "at a time nobody knows".to_owned(), |made| format!("{made:.0}"));
    format!("{} bytes, of {made}", metadata.len())
}

fn same_bytes(one: &Path, other: &Path) -> io::Result<bool> {
    let (one, other) = (File::open(one)?, File::open(other)?);
    if one.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut left, mut right) = (Vec::new(), Vec::new());
    loop {
        left.clear();
        right.clear();
        (&one).take(PART_BYTES as u64).read_to_end(&mut left)?;
        (&other).take(PART_BYTES as u64).read_to_end(&mut right)?;
        if left != right {
            return Ok(false);
        }
        if left.is_empty() {
            return Ok(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::finding::Verdict;
    use super::*;

    #[test]
    fn another_build_says_so_and_a_copy_is_as_good() {
        let directory = tempfile::tempdir().unwrap();
        let own = std::env::current_exe().unwrap();
        assert!(look("program", &own).is_none());
        let copy = directory.path().join("copy");
        std::os::unix::fs::symlink(&own, &copy).unwrap();
        assert!(look("program", &copy).is_none(), "a link leads to it");
        std::fs::remove_file(&copy).unwrap();
        std::fs::copy(&own, &copy).unwrap();
        assert_eq!(look("program", &copy).unwrap().verdict, Verdict::Note);
        std::fs::write(&copy, "another").unwrap();
        let found = look("program", &copy).unwrap();
        assert_eq!(found.verdict, Verdict::Bad);
        assert!(found.says.contains("7 bytes") && found.remedy.unwrap().contains("copy' doctor"), "{}", found.says);
        assert_eq!(look("program", &directory.path().join("missing")).unwrap().verdict, Verdict::Bad);
    }
}
