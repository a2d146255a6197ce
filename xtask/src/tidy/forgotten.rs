//! A file that no `mod` line names is compiled by nobody, and its tests run never.

use super::finding::Finding;
use super::modules::Tree;
use super::repository::{Package, Repository};
use std::collections::BTreeSet;

/// Every Rust file of a member is reached from one of its targets.
pub(super) fn every_source_file_is_compiled(repository: &Repository) -> Vec<Finding> {
    repository.packages.iter().flat_map(|package| forgotten(repository, package)).collect()
}

fn forgotten(repository: &Repository, package: &Package) -> Vec<Finding> {
    let trees: Vec<Tree> = package.roots.iter().map(|root| Tree::read(repository, root)).collect();
    let reached: BTreeSet<&str> = trees.iter().flat_map(Tree::files).collect();
    let sources = repository.below(&package.directory, ".rs").map(|file| file.path.as_str());
    let lost = sources.filter(|file| !reached.contains(file));
    lost.map(|file| Finding::new(file, "is compiled by nobody: no `mod` line leads to it")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_nobody_declares_is_found() {
        let repository = Repository::of(&[
            ("c/src/lib.rs", "mod a; mod inline { mod deep; }"),
            ("c/src/a/mod.rs", "#[path = \"odd.rs\"] mod renamed;"),
            ("c/src/a/odd.rs", ""),
            ("c/src/inline/deep.rs", ""),
            ("c/src/lost.rs", "#[test] fn never_runs() {}"),
            ("c/tests/lost_too.rs", ""),
        ])
        .with(Package::at("c"));
        let found: Vec<String> = every_source_file_is_compiled(&repository).into_iter().map(|found| found.file).collect();
        assert_eq!(found, ["c/src/lost.rs", "c/tests/lost_too.rs"]);
    }
}
