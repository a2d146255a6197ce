//! Every gate is found in the same five places: reader, passage, drill, guide, registry.

use super::finding::Finding;
use super::repository::Repository;

/// Where one gate is found. A gate is there once its passage is; then all of it has to be.
struct Gate {
    /// Its name, and that of its page in `docs/guide/`.
    name: &'static str,
    /// The file or directory, without `.rs`, that takes its artefacts through.
    passage: &'static str,
    /// The file or directory, without `.rs`, that reads what they would do.
    reader: &'static str,
    /// What a drill that goes through this gate says.
    drill_says: &'static str,
    /// How its line in the registry names it.
    registered_as: &'static str,
}

/// A new gate is one more entry here.
const GATES: &[Gate] = &[
    Gate {
        name: "claude-code",
        passage: "crates/holdpoint-gates/src/agent/claude_code",
        reader: "crates/holdpoint-effects/src/tool",
        drill_says: "claude-code",
        registered_as: "claude_code::NAME",
    },
    Gate {
        name: "command",
        passage: "crates/holdpoint-gates/src/command",
        reader: "crates/holdpoint-effects/src/shell",
        drill_says: "holdpoint run",
        registered_as: "command::NAME",
    },
    Gate {
        name: "runner",
        passage: "crates/holdpoint-gates/src/runner",
        reader: "crates/holdpoint-effects/src/credential",
        drill_says: "holdpoint gate command",
        registered_as: "runner::NAME",
    },
];

const REGISTRY: &str = "crates/holdpoint-gates/src/registry.rs";

/// Every gate whose passage is there is there in all its places.
pub(super) fn gates_are_in_their_five_places(repository: &Repository) -> Vec<Finding> {
    let built = GATES.iter().filter(|gate| is_there(repository, gate.passage));
    built.flat_map(|gate| missing_places(repository, gate)).collect()
}

/// Every gate in the registry is in the table above, so that none goes unchecked.
pub(super) fn registered_gates_are_known_here(repository: &Repository) -> Vec<Finding> {
    let names = repository.text(REGISTRY).split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
    let registered = names.filter(|name| name.ends_with("::NAME"));
    let unknown = registered.filter(|name| !GATES.iter().any(|gate| gate.registered_as == *name));
    unknown.map(|name| Finding::new(REGISTRY, format!("`{name}` has no entry in xtask's table of gates"))).collect()
}

fn missing_places(repository: &Repository, gate: &Gate) -> Vec<Finding> {
    let guide = format!("docs/guide/{}.md", gate.name);
    let drilled = repository
        .below("drills", ".drill")
        .any(|drill| drill.text.as_deref().is_some_and(|text| text.contains(gate.drill_says)));
    let places = [
        (is_there(repository, gate.reader), format!("no reader at `{}`", gate.reader)),
        (drilled, format!("no drill says `{}`", gate.drill_says)),
        (repository.file(&guide).is_some(), format!("no guide at `{guide}`")),
        (repository.text(REGISTRY).contains(gate.registered_as), format!("no line in `{REGISTRY}`")),
    ];
    let missing = places.into_iter().filter(|(there, _)| !there);
    missing.map(|(_, what)| Finding::new(gate.passage, format!("gate `{}`: {what}", gate.name))).collect()
}

/// Says whether a module is there, as a file or as a directory.
fn is_there(repository: &Repository, module: &str) -> bool {
    repository.file(&format!("{module}.rs")).is_some() || repository.below(module, ".rs").next().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_that_is_only_half_there_is_found() {
        let repository = Repository::of(&[
            ("crates/holdpoint-gates/src/command.rs", ""),
            ("crates/holdpoint-effects/src/shell/mod.rs", ""),
            ("drills/11-home.drill", "$ holdpoint run -- rm -rf ~/\n"),
        ]);
        let found = gates_are_in_their_five_places(&repository);
        let what: Vec<&str> = found.iter().map(|found| found.what.as_str()).collect();
        let guide = "gate `command`: no guide at `docs/guide/command.md`";
        assert_eq!(what, [guide, "gate `command`: no line in `crates/holdpoint-gates/src/registry.rs`"]);
    }

    #[test]
    fn a_gate_that_is_not_built_is_not_missed() {
        assert_eq!(gates_are_in_their_five_places(&Repository::of(&[])), []);
    }

    #[test]
    fn a_registered_gate_that_this_table_lacks_is_found() {
        let registry = "Listing { name: command::NAME }, Listing { name: postgres::NAME }";
        let found = registered_gates_are_known_here(&Repository::of(&[(REGISTRY, registry)]));
        assert_eq!(found, [Finding::new(REGISTRY, "`postgres::NAME` has no entry in xtask's table of gates")]);
    }
}
