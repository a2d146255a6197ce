//! Files that a person can hold in mind.

use super::finding::Finding;
use super::repository::{File, Repository};

/// Past this many lines a Rust file is two files.
const LINES: usize = 700;

/// No Rust file is longer than [`LINES`].
pub(super) fn files_stay_readable(repository: &Repository) -> Vec<Finding> {
    repository.below("", ".rs").filter_map(too_long).collect()
}

fn too_long(file: &File) -> Option<Finding> {
    let lines = file.text.as_ref()?.lines().count();
    (lines > LINES).then(|| Finding::new(&file.path, format!("{lines} lines, more than {LINES}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_too_many_is_found() {
        let fits = "//\n".repeat(LINES);
        let exceeds = "//\n".repeat(LINES + 1);
        let repository = Repository::of(&[("fits.rs", &fits), ("exceeds.rs", &exceeds), ("data.csv", &exceeds)]);
        assert_eq!(files_stay_readable(&repository), [Finding::new("exceeds.rs", "701 lines, more than 700")]);
    }
}
