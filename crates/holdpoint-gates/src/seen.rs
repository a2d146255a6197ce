//! What a gate sees, twice: once to ask about it, and once more just before the act.

use holdpoint_core::change::Change;
use holdpoint_core::effect::Effects;
use holdpoint_core::question::Answers;

/// What a gate sees: the change sealed, what it would do, and what that rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The change.
    pub change: Change,
    /// What it would do, as the gate reads it.
    pub effects: Effects,
    /// What the gate found out about the world.
    pub answers: Answers,
    /// The host's own id for the act, where it has one.
    pub act: Option<String>,
    /// What the agent says about it.
    pub said: Option<String>,
}

impl Seen {
    /// Gives what is seen now, if it is what was proposed and would do nothing worse.
    ///
    /// # Errors
    /// Refuses where an input file, or what the change would meet, is no longer what was decided about.
    pub fn same_as(self, proposed: &Self) -> Result<Self, Moved> {
        if self.change.digest() != proposed.change.digest() {
            return Err(Moved { what: "an input or its surroundings" });
        }
        if !self.effects.no_worse_than(&proposed.effects) {
            return Err(Moved { what: "what it would do" });
        }
        Ok(self)
    }
}

/// The proposal could not be read. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct Unreadable {
    why: String,
}

impl Unreadable {
    /// Says why.
    pub fn because(why: impl Into<String>) -> Self {
        Self { why: why.into() }
    }
}

/// The world moved between the decision and the act. Nothing happened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} changed while it was being decided")]
pub struct Moved {
    what: &'static str,
}
