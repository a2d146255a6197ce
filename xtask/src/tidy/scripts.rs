//! The two entry points can be started.

use super::finding::Finding;
use super::repository::Repository;

const SCRIPTS: [&str; 2] = ["x", ".ci/run"];

/// `./x` and `.ci/run` exist and carry the executable bit.
pub(super) fn scripts_are_executable(repository: &Repository) -> Vec<Finding> {
    let startable = |script: &str| repository.file(script).is_some_and(|file| file.executable);
    let broken = SCRIPTS.into_iter().filter(|script| !startable(script));
    broken.map(|script| Finding::new(script, "cannot be started: missing or not executable")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_script_and_one_without_the_bit_are_found() {
        let found = scripts_are_executable(&Repository::of(&[("x", "#!/bin/sh\n")]));
        let files: Vec<String> = found.into_iter().map(|found| found.file).collect();
        assert_eq!(files, SCRIPTS);
    }
}
