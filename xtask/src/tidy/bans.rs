//! Clippy reads the nearest `clippy.toml` only; this keeps the pure crates' in step with the root's.

use super::finding::Finding;
use super::repository::Repository;
use toml::{Table, Value};

/// The rules of every crate.
const EVERYWHERE: &str = "clippy.toml";
/// What the pure crates' own files link to.
const PURE: &str = "xtask/pure.clippy.toml";
/// The crates that do no I/O and read no clock.
const PURE_CRATES: [&str; 4] = ["core", "effects", "log", "policy"];

/// The pure rules hold all that holds everywhere, and more.
pub(super) fn pure_bans_hold_all_that_holds_everywhere(repository: &Repository) -> Vec<Finding> {
    let everywhere: Table = repository.text(EVERYWHERE).parse().unwrap_or_default();
    let pure: Table = repository.text(PURE).parse().unwrap_or_default();
    if everywhere.is_empty() || pure.is_empty() {
        return vec![Finding::new(PURE, format!("this or `{EVERYWHERE}` cannot be read"))];
    }
    let missing = everywhere.iter().flat_map(|(key, value)| missing_from(&pure, key, value));
    missing.map(|what| Finding::new(PURE, format!("lacks what `{EVERYWHERE}` says: {what}"))).collect()
}

/// Lists what of one setting is not in the table: the setting itself, or elements of its list.
fn missing_from(table: &Table, key: &str, value: &Value) -> Vec<String> {
    match (value, table.get(key)) {
        (Value::Array(wanted), Some(Value::Array(there))) => {
            let missing = wanted.iter().filter(|element| !there.contains(element));
            missing.map(|element| format!("{key}: {element:?}")).collect()
        }
        (wanted, Some(there)) if wanted == there => Vec::new(),
        _ => vec![format!("{key} = {value:?}")],
    }
}

/// Each pure crate has the pure rules as its own.
pub(super) fn pure_crates_have_the_pure_bans(repository: &Repository) -> Vec<Finding> {
    let own = PURE_CRATES.map(|name| format!("crates/holdpoint-{name}/clippy.toml"));
    let others = own.into_iter().filter(|own| repository.file(own).is_none() || repository.text(own) != repository.text(PURE));
    others.map(|own| Finding::new(own, format!("is not a link to `{PURE}`"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "allow = true\nbans = [{ path = \"sleep\", reason = \"wait\" }]\n";

    fn found(pure: &str) -> Vec<String> {
        let repository = Repository::of(&[(EVERYWHERE, ROOT), (PURE, pure)]);
        pure_bans_hold_all_that_holds_everywhere(&repository).into_iter().map(|found| found.what).collect()
    }

    #[test]
    fn a_ban_that_holds_everywhere_but_there_is_found() {
        assert_eq!(found(ROOT), Vec::<String>::new());
        assert_eq!(found("allow = true\nbans = [{ path = \"now\" }]\n").len(), 1);
        assert_eq!(found("allow = false\nbans = [{ path = \"sleep\", reason = \"wait\" }]\n").len(), 1);
        assert_eq!(found("").len(), 1);
    }

    #[test]
    fn a_pure_crate_with_rules_of_its_own_or_none_is_found() {
        let mut files = vec![(PURE, ROOT)];
        files.extend([("crates/holdpoint-core/clippy.toml", ROOT), ("crates/holdpoint-log/clippy.toml", "")]);
        let found = pure_crates_have_the_pure_bans(&Repository::of(&files));
        let files: Vec<&str> = found.iter().map(|found| found.file.as_str()).collect();
        assert_eq!(files, ["effects", "log", "policy"].map(|name| format!("crates/holdpoint-{name}/clippy.toml")));
    }
}
