//! No circles between the files of a crate: a reader can start at the bottom.

use super::finding::Finding;
use super::modules::Tree;
use super::repository::Repository;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Names of files and of the files that each imports from.
type Imports<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// No file imports, through whichever others, from itself. Passing a name on with `pub use` is no import.
pub(super) fn no_file_imports_itself_through_others(repository: &Repository) -> Vec<Finding> {
    let roots = repository.packages.iter().flat_map(|package| &package.roots);
    roots.flat_map(|root| circles(&Tree::read(repository, root).imports())).collect()
}

fn circles(imports: &Imports<'_>) -> Vec<Finding> {
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for start in imports.keys() {
        let Some(circle) = way_back(imports, start) else {
            continue;
        };
        if seen.insert(circle.iter().copied().collect::<BTreeSet<_>>()) {
            let what = format!("imports itself: {} → {start}", circle.join(" → "));
            findings.push(Finding::new(*start, what));
        }
    }
    findings
}

/// Finds a shortest way from a file back to itself.
fn way_back<'a>(imports: &Imports<'a>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = VecDeque::from([vec![start]]);
    let mut reached = BTreeSet::new();
    while let Some(way) = ways.pop_front() {
        let next = way.last().and_then(|file| imports.get(file));
        for file in next.into_iter().flatten() {
            if *file == start {
                return Some(way);
            }
            if reached.insert(*file) {
                ways.push_back([way.as_slice(), &[*file]].concat());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::repository::Package;
    use super::*;

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        let repository = Repository::of(files).with(Package::at("c"));
        no_file_imports_itself_through_others(&repository).into_iter().map(|found| found.what).collect()
    }

    #[test]
    fn two_files_that_need_each_other_are_found() {
        let circle = found(&[
            ("c/src/lib.rs", "mod a; mod b;"),
            ("c/src/a.rs", "use crate::b::{self, Beta}; pub struct Alpha;"),
            ("c/src/b.rs", "fn f() { crate::a::alpha() }"),
        ]);
        assert_eq!(circle, ["imports itself: c/src/a.rs → c/src/b.rs → c/src/a.rs"]);
    }

    #[test]
    fn a_parent_that_uses_its_child_may_not_be_used_by_it() {
        let circle = found(&[
            ("c/src/lib.rs", "mod store;"),
            ("c/src/store.rs", "mod sqlite; pub struct Error; fn open() { sqlite::open() }"),
            ("c/src/store/sqlite.rs", "use super::Error;"),
        ]);
        assert_eq!(circle, ["imports itself: c/src/store.rs → c/src/store/sqlite.rs → c/src/store.rs"]);
    }

    #[test]
    fn a_circle_through_names_passed_on_by_the_root_is_found() {
        let circle = found(&[
            ("c/src/lib.rs", "mod a; mod b; pub use a::Alpha; pub use b::Beta;"),
            ("c/src/a.rs", "use crate::Beta;"),
            ("c/src/b.rs", "use crate::Alpha;"),
        ]);
        assert_eq!(circle, ["imports itself: c/src/a.rs → c/src/b.rs → c/src/a.rs"]);
    }

    #[test]
    fn downward_imports_and_tests_are_free() {
        let circle = found(&[
            ("c/src/lib.rs", "//! Face.\nmod a; mod b; pub use a::Alpha;"),
            ("c/src/a.rs", "use crate::b::Beta; #[cfg(test)] mod tests;"),
            ("c/src/a/tests.rs", "use super::*; use crate::b;"),
            ("c/src/b.rs", "use std::fmt; #[cfg(test)] mod tests { use crate::a::Alpha; }"),
        ]);
        assert_eq!(circle, Vec::<String>::new());
    }
}
