//! The rules of the house that no compiler knows, as a command and as a test.
//!
//! Each rule is one file: a pure function from the repository to what is wrong with it, and beside it
//! a test that feeds it a bad example. A new rule is one more file and one more line in `RULES`.

mod arrows;
mod bans;
mod book;
mod changelog;
mod circles;
mod files;
mod finding;
mod forgotten;
mod gates;
mod modules;
mod reasons;
mod repository;
mod scripts;
mod size;
mod words;

use crate::cargo::metadata;
use crate::root::root;
use anyhow::{Result, bail};
use finding::Finding;
use repository::Repository;
use std::process::ExitCode;

type Rule = fn(&Repository) -> Vec<Finding>;

const RULES: &[Rule] = &[
    arrows::crates_depend_as_designed,
    arrows::members_take_the_workspace_lints,
    bans::pure_bans_hold_all_that_holds_everywhere,
    bans::pure_crates_have_the_pure_bans,
    book::links_lead_somewhere,
    book::pages_are_in_the_summary,
    changelog::changelog_has_its_form,
    circles::no_file_imports_itself_through_others,
    files::corpora_are_replayed,
    files::drills_have_output,
    forgotten::every_source_file_is_compiled,
    gates::gates_are_in_their_five_places,
    gates::registered_gates_are_known_here,
    reasons::dependencies_have_reasons,
    scripts::scripts_are_executable,
    size::files_stay_readable,
    words::no_machine_paths_or_registry_hosts,
];

/// `./x tidy`.
pub(crate) fn tidy() -> Result<ExitCode> {
    tidy_up()?;
    Ok(ExitCode::SUCCESS)
}

/// Reads the repository and applies every rule; an error lists all that is wrong.
pub(crate) fn tidy_up() -> Result<()> {
    let repository = Repository::read(&root(), &metadata()?)?;
    let findings: Vec<Finding> = RULES.iter().flat_map(|rule| rule(&repository)).collect();
    if findings.is_empty() {
        return Ok(());
    }
    for Finding { file, what } in &findings {
        eprintln!("{file}: {what}");
    }
    bail!("{} untidy", findings.len());
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_house_is_tidy() {
        if let Err(error) = super::tidy_up() {
            panic!("{error:#}; each line above says where");
        }
    }
}
