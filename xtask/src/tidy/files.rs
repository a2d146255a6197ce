//! Files that come in pairs: a drill and its output, a fuzz target and its replayed corpus.

use super::finding::Finding;
use super::repository::Repository;

/// Every `drills/NN-name.drill` has its `.out` beside it, and no output is left without its drill.
pub(super) fn drills_have_output(repository: &Repository) -> Vec<Finding> {
    let without_output = partners(repository, ".drill", ".out")
        .map(|drill| Finding::new(drill, "has no `.out` beside it: run the drill and commit what it prints"));
    let without_drill = partners(repository, ".out", ".drill").map(|output| Finding::new(output, "has no `.drill` beside it"));
    without_output.chain(without_drill).collect()
}

/// Lists the files in `drills/` with the first ending that have no partner with the second.
fn partners<'a>(repository: &'a Repository, ending: &'a str, partner: &'a str) -> impl Iterator<Item = &'a str> {
    let files = repository.below("drills", ending).map(|file| file.path.as_str());
    files.filter(move |path| {
        let stem = path.strip_suffix(ending).unwrap_or(path);
        repository.file(&format!("{stem}{partner}")).is_none()
    })
}

/// Every fuzz target is built, has seeds in `fuzz/corpus/NAME/`, and shares its property with a test that replays them.
pub(super) fn corpora_are_replayed(repository: &Repository) -> Vec<Finding> {
    let targets = repository.below("fuzz/fuzz_targets", ".rs");
    targets.flat_map(|target| what_a_target_lacks(repository, &target.path)).collect()
}

fn what_a_target_lacks(repository: &Repository, target: &str) -> Vec<Finding> {
    let file = target.rsplit('/').next().unwrap_or(target);
    let name = file.strip_suffix(".rs").unwrap_or(file);
    let seeds = format!("fuzz/corpus/{name}");
    let property = format!("/tests/corpus/{file}");
    let lacks = [
        (!repository.text("fuzz/Cargo.toml").contains(&format!("\"{name}\"")), "no line in `fuzz/Cargo.toml`".to_owned()),
        (repository.below(&seeds, "").next().is_none(), format!("no seeds in `{seeds}`")),
        (repository.below("crates", &property).next().is_none(), format!("no property in `crates/*{property}`, so no replay")),
    ];
    lacks.into_iter().filter(|(lacks, _)| *lacks).map(|(_, what)| Finding::new(target, what)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_without_output_is_found_and_output_without_a_drill_too() {
        let repository = Repository::of(&[
            ("drills/11-home.drill", ""),
            ("drills/12-cache.drill", ""),
            ("drills/12-cache.out", ""),
            ("drills/13-move.out", ""),
        ]);
        let found: Vec<String> = drills_have_output(&repository).into_iter().map(|found| found.file).collect();
        assert_eq!(found, ["drills/11-home.drill", "drills/13-move.out"]);
    }

    #[test]
    fn a_fuzz_target_without_build_seeds_or_replay_is_found() {
        let repository = Repository::of(&[
            ("fuzz/Cargo.toml", "[[bin]]\nname = \"sql\"\n"),
            ("fuzz/fuzz_targets/shell.rs", ""),
            ("fuzz/fuzz_targets/sql.rs", ""),
            ("fuzz/corpus/sql/select", "SELECT 1"),
            ("fuzz/corpus/shellish/x", "not ours"),
            ("crates/holdpoint-effects/tests/corpus/sql.rs", ""),
        ]);
        let found = corpora_are_replayed(&repository);
        assert!(found.iter().all(|found| found.file == "fuzz/fuzz_targets/shell.rs"));
        assert_eq!(found.len(), 3);
    }
}
