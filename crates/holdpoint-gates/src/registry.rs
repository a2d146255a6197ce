//! The gates there are, one line each.

use holdpoint_core::actor::Strength;

use crate::agent::claude_code;
use crate::command;
use crate::passage::{Listing, Shape};

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
];

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
