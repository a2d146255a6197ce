//! The effects from which the others are made: what loses nothing, what loses something, what cannot be read.

use holdpoint_core::effect::{
    Alternative, Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};

use super::syntax::Span;
use crate::recover::Loss;

/// An effect on one thing that loses nothing.
pub(crate) fn plain(verb: Verb, kind: ResourceKind, name: &str, summary: String, span: Span) -> Effect {
    Effect {
        verb,
        resource: Resource { kind, name: name.to_owned() },
        environment: Environment::Local,
        magnitude: Magnitude::at_most(1, Unit::Items),
        reversibility: Reversibility::Lossless,
        certainty: Certainty::Exact,
        summary,
        span: Some(span),
        safer: None,
    }
}

pub(crate) fn scratch(verb: Verb, act: &str, span: Span) -> Effect {
    let summary = format!("{act} a temporary file or directory that the command itself makes");
    Effect {
        reversibility: Reversibility::Regenerable,
        ..plain(verb, ResourceKind::File, "a temporary directory", summary, span)
    }
}

pub(crate) fn nothing_there(verb: Verb, act: &str, name: &str, span: Span) -> Effect {
    let summary = format!("{act} `{name}`; nothing is lost");
    Effect { magnitude: Magnitude::at_most(0, Unit::Files), ..plain(verb, ResourceKind::File, name, summary, span) }
}

/// A loss of which the line does not say what is lost: it could be everything.
pub(crate) fn anything(verb: Verb, act: &str, shown: &str) -> Effect {
    let found = Loss {
        resource: Resource { kind: ResourceKind::File, name: "/".to_owned() },
        magnitude: Magnitude::unbounded(Unit::Files),
        reversibility: Reversibility::Irreversible,
        certainty: Certainty::Worst,
        what: format!("`{shown}`, which the command does not determine: it could be everything"),
    };
    let says = "Write the path out: as it stands it could be everything".to_owned();
    Effect { safer: Some(Box::new(Alternative { command: None, says })), ..found.effect(verb, act) }
}

/// Why something cannot be read that hangs on what nobody knows.
pub(crate) const OPEN_CODE: &str = "the line does not determine the code that it runs";
pub(crate) const OPEN_PROGRAM: &str = "the line does not determine which program runs";

/// How the sentence begins about code that nobody sees before it runs.
pub(crate) const UNSEEN: &str = "Runs code that cannot be seen";

/// Something that cannot be read.
pub(crate) fn unread(name: &str, why: &str, span: Span) -> Effect {
    Effect {
        verb: Verb::Execute,
        resource: Resource { kind: ResourceKind::Program, name: name.to_owned() },
        environment: Environment::Unknown,
        magnitude: Magnitude::unbounded(Unit::Items),
        reversibility: Reversibility::Irreversible,
        certainty: Certainty::Opaque,
        summary: format!("Does something that cannot be read: {why}"),
        span: Some(span),
        safer: None,
    }
}

/// Whether an alternative would help: something is lost, or cannot be called back.
pub(crate) fn wants_alternative(effect: &Effect) -> bool {
    if effect.certainty >= Certainty::Delegated {
        return false;
    }
    match effect.verb {
        Verb::Read => false,
        Verb::Approve | Verb::Grant | Verb::Publish | Verb::Rewrite | Verb::Stop => true,
        Verb::Create | Verb::Delete | Verb::Execute | Verb::Modify | Verb::Overwrite => {
            effect.reversibility >= Reversibility::Effort
        }
    }
}
