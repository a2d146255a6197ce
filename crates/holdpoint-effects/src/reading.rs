//! What a reader gives back.

use holdpoint_core::effect::{Effect, Effects};
use holdpoint_core::question::Question;

use crate::world::World;

/// What a reader made of an artefact with the answers it had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What the artefact would do; where a question is open, at its worst.
    pub effects: Effects,
    /// What the reader would like to know, each put only once.
    pub questions: Vec<Question>,
}

impl Reading {
    /// The effects that were found, and the questions that the world was asked and could not answer.
    pub(crate) fn of(effects: Vec<Effect>, world: World<'_>) -> Self {
        Self { effects: Effects::found(effects), questions: world.into_questions() }
    }
}
