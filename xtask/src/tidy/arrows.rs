//! Which crate may know which: the arrows of ARCHITECTURE.md, compared with the manifests.

use super::finding::Finding;
use super::repository::{Package, Repository};

/// A crate of ours and the crates of ours that it may be built on.
const ARROWS: &[(&str, &[&str])] = &[
    ("holdpoint-core", &[]),
    ("holdpoint-log", &[]),
    ("holdpoint-policy", &["holdpoint-core"]),
    ("holdpoint-effects", &["holdpoint-core"]),
    ("holdpoint-api", &["holdpoint-core", "holdpoint-log"]),
    ("holdpoint-server", &["holdpoint-api", "holdpoint-core", "holdpoint-effects", "holdpoint-log", "holdpoint-policy"]),
    ("holdpoint-gates", &["holdpoint-api", "holdpoint-core", "holdpoint-effects", "holdpoint-policy"]),
    (
        "holdpoint",
        &[
            "holdpoint-api",
            "holdpoint-core",
            "holdpoint-effects",
            "holdpoint-gates",
            "holdpoint-log",
            "holdpoint-policy",
            "holdpoint-server",
        ],
    ),
    ("xtask", &[]),
    (TESTKIT, &["holdpoint-api", "holdpoint-core", "holdpoint-log", "holdpoint-policy", "holdpoint-server"]),
];

/// The crate that only tests may know; it stands above what it builds worlds from.
const TESTKIT: &str = "holdpoint-testkit";

/// Every member is in the table and knows no more of ours than the table says.
pub(super) fn crates_depend_as_designed(repository: &Repository) -> Vec<Finding> {
    repository.packages.iter().flat_map(wrong_arrows).collect()
}

fn wrong_arrows(package: &Package) -> Vec<Finding> {
    let manifest = format!("{}/Cargo.toml", package.directory);
    let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == package.name) else {
        let what = format!("`{}` has no line in the table of arrows", package.name);
        return vec![Finding::new(manifest, what)];
    };
    let built_on = package.needs.iter().filter(|needed| !allowed.contains(&needed.as_str()));
    let tested_with = package.needs_for_tests.iter().filter(|needed| *needed != TESTKIT && !allowed.contains(&needed.as_str()));
    let wrong = built_on.chain(tested_with);
    wrong.map(|needed| Finding::new(&manifest, format!("`{}` may not know `{needed}`", package.name))).collect()
}

/// Every member says `[lints] workspace = true`; without it none of the bans reach its code.
pub(super) fn members_take_the_workspace_lints(repository: &Repository) -> Vec<Finding> {
    let manifests = repository.packages.iter().map(|package| format!("{}/Cargo.toml", package.directory));
    let without = manifests.filter(|manifest| !takes_the_lints(repository.text(manifest)));
    without.map(|manifest| Finding::new(manifest, "lacks `[lints] workspace = true`")).collect()
}

fn takes_the_lints(manifest: &str) -> bool {
    let manifest: Option<toml::Table> = manifest.parse().ok();
    let lints = manifest.as_ref().and_then(|manifest| manifest.get("lints"));
    lints.and_then(|lints| lints.get("workspace")) == Some(&toml::Value::Boolean(true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, needs: &[&str], needs_for_tests: &[&str]) -> Package {
        Package {
            needs: needs.iter().map(|name| (*name).to_owned()).collect(),
            needs_for_tests: needs_for_tests.iter().map(|name| (*name).to_owned()).collect(),
            ..Package::at(&format!("crates/{name}"))
        }
    }

    #[test]
    fn an_upward_arrow_is_found() {
        let found = wrong_arrows(&package("holdpoint-gates", &["holdpoint-core", "holdpoint-server"], &[]));
        let what = "`holdpoint-gates` may not know `holdpoint-server`";
        assert_eq!(found, [Finding::new("crates/holdpoint-gates/Cargo.toml", what)]);
    }

    #[test]
    fn only_tests_may_know_the_testkit() {
        assert_eq!(wrong_arrows(&package("holdpoint-core", &[], &[TESTKIT])), []);
        assert_eq!(wrong_arrows(&package("holdpoint-core", &[TESTKIT], &[])).len(), 1);
    }

    #[test]
    fn tests_may_not_reach_upwards_either() {
        assert_eq!(wrong_arrows(&package("holdpoint-log", &[], &["holdpoint-server"])).len(), 1);
    }

    #[test]
    fn a_new_crate_needs_a_line_in_the_table() {
        assert_eq!(wrong_arrows(&package("holdpoint-util", &[], &[])).len(), 1);
    }

    #[test]
    fn a_member_without_the_lints_is_found() {
        let bare = "[package]\nname = \"holdpoint-core\"\n# [lints]\n# workspace = true\n";
        let repository = Repository::of(&[("crates/holdpoint-core/Cargo.toml", bare)]).with(Package::at("crates/holdpoint-core"));
        assert_eq!(members_take_the_workspace_lints(&repository).len(), 1);
        assert!(takes_the_lints("[lints]\nworkspace = true\n"));
    }
}
