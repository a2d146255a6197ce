//! The gates there are, one line each.

use holdpoint_core::actor::Strength;

use crate::agent::claude_code;
use crate::command;
use crate::runner;

/// Every gate. A gate that is not listed here has no guide, no drill and no place in `doctor`.
pub const GATES: &[Listing] = &[
    Listing {
        name: claude_code::NAME,
        shape: Shape::Admit,
        strength: Strength::Advises,
        stands_before: "tool calls of Claude Code",
    },
    Listing {
        name: command::NAME,
        shape: Shape::Execute,
        strength: Strength::Advises,
        stands_before: "commands run with `holdpoint run`",
    },
    Listing {
        name: runner::NAME,
        shape: Shape::Execute,
        strength: Strength::Enforces,
        stands_before: "commands that need a credential which the machine's runner holds",
    },
];

/// Which of the two shapes a gate has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The host acts on the gate's answer.
    Admit,
    /// The gate acts.
    Execute,
}

/// One line of the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// The gate's name, as it stands in proposals and permits.
    pub name: &'static str,
    /// Its shape.
    pub shape: Shape,
    /// How much it is worth.
    pub strength: Strength,
    /// What it stands before.
    pub stands_before: &'static str,
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_core::actor::GateId;

    #[test]
    fn every_gate_has_a_name_of_its_own_that_is_an_identifier() {
        let names: std::collections::BTreeSet<_> = GATES.iter().map(|gate| gate.name).collect();
        assert_eq!(names.len(), GATES.len());
        assert!(names.into_iter().all(|name| GateId::parse(name).is_ok()));
    }
}
