//! The table of what statements, functions and settings do: `sql.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use holdpoint_core::effect::{Certainty, ResourceKind, Reversibility, Unit, Verb};
use serde::Deserialize;

use crate::data;
use crate::paths::name_fits;

/// What a statement or function does, where one line says it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    #[serde(alias = "kinds")]
    names: Vec<String>,
    pub(super) says: String,
    pub(super) verb: Verb,
    pub(super) resource: ResourceKind,
    pub(super) reversibility: Reversibility,
    #[serde(default = "exact")]
    pub(super) certainty: Certainty,
    #[serde(default)]
    pub(super) count: Option<u64>,
    #[serde(default = "items")]
    pub(super) unit: Unit,
}

/// What setting a variable of the session means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    /// It concerns this session's planning and printing.
    Free,
    /// It changes who the session is or what it is kept from.
    Privileged,
    /// We do not know, or it changes how the text that follows is read.
    Unknown,
}

/// The row of a kind of statement.
pub(super) fn statement(kind: &str) -> Option<&'static Row> {
    TABLE.statement.iter().find(|row| row.names.iter().any(|name| name == kind))
}

/// The row of a function with effects.
pub(super) fn function(name: &str) -> Option<&'static Row> {
    TABLE.function.iter().find(|row| row.names.iter().any(|pattern| name_fits(pattern, name)))
}

/// Whether nodes of this kind have no effects but those of what is inside them.
pub(super) fn is_plain(kind: &str) -> bool {
    TABLE.plain.kinds.iter().any(|name| name == kind)
}

/// Whether a function of PostgreSQL's own has no effects.
pub(super) fn is_pure(name: &str) -> bool {
    TABLE.pure.kinds.iter().any(|pattern| name_fits(pattern, name))
}

/// What it means to set a variable, to these values where they are given.
pub(super) fn setting(name: &str, values: &[String]) -> Setting {
    let name = name.to_lowercase();
    let any = |patterns: &[String]| patterns.iter().any(|pattern| name_fits(pattern, &name));
    let Settings { free, privileged, pinned } = &TABLE.settings;
    if let Some(allowed) = pinned.get(&name) {
        let harmless = values.iter().all(|value| allowed.contains(&value.to_lowercase()));
        return if harmless { Setting::Free } else { Setting::Unknown };
    }
    // A name with a dot is the application's own: often the tenant that row security goes by.
    if any(privileged) || name.contains('.') {
        Setting::Privileged
    } else if any(free) {
        Setting::Free
    } else {
        Setting::Unknown
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    statement: Vec<Row>,
    function: Vec<Row>,
    plain: Names,
    pure: Names,
    settings: Settings,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Names {
    kinds: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    free: Vec<String>,
    privileged: Vec<String>,
    pinned: BTreeMap<String, Vec<String>>,
}

const fn exact() -> Certainty {
    Certainty::Exact
}

const fn items() -> Unit {
    Unit::Items
}

static TABLE: LazyLock<Table> = LazyLock::new(|| data::read(include_str!(concat!(env!("OUT_DIR"), "/sql.json"))));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_in_one_place_only() {
        let names = |rows: &'static [Row]| rows.iter().flat_map(|row| &row.names).collect::<Vec<_>>();
        for mut all in [names(&TABLE.statement), names(&TABLE.function)] {
            let count = all.len();
            all.sort();
            all.dedup();
            assert_eq!(count, all.len(), "{all:?}");
        }
    }

    #[test]
    fn no_pure_name_covers_a_function_with_effects() {
        for name in TABLE.function.iter().flat_map(|row| &row.names) {
            let name = name.replace('*', "x");
            assert!(function(&name).is_some() && !is_pure(&name), "{name}");
        }
    }
}
