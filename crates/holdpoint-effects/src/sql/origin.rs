//! Where SQL text stands, and effects that say so.

use std::ops::Range;

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};

/// Where some SQL text comes from and goes to.
pub(super) struct Origin<'a> {
    pub(super) environment: &'a Environment,
    pub(super) span: Option<Range<usize>>,
}

impl Origin<'_> {
    /// An effect on one thing, known exactly.
    pub(super) fn effect(
        &self,
        verb: Verb,
        kind: ResourceKind,
        name: &str,
        reversibility: Reversibility,
        summary: String,
    ) -> Effect {
        Effect {
            verb,
            resource: Resource { kind, name: name.to_owned() },
            environment: self.environment.clone(),
            magnitude: Magnitude::at_most(1, Unit::Items),
            reversibility,
            certainty: Certainty::Exact,
            summary,
            span: self.span.clone(),
            safer: None,
        }
    }

    /// The effect of what could not be read.
    pub(super) fn opaque(&self, why: &str) -> Effect {
        let summary = format!("Does something to the database that cannot be read: {why}");
        Effect {
            certainty: Certainty::Opaque,
            magnitude: Magnitude::unbounded(Unit::Items),
            ..self.effect(Verb::Execute, ResourceKind::Database, "", Reversibility::Irreversible, summary)
        }
    }
}
