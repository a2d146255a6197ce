//! The moment by which all answers must be there.

use std::time::{Duration, Instant};

/// A moment after which nothing is begun and whatever runs is stopped.
#[derive(Debug, Clone, Copy)]
pub struct Deadline(Instant);

impl Deadline {
    /// The deadline at a moment.
    pub const fn at(moment: Instant) -> Self {
        Self(moment)
    }

    /// The deadline so much later than now.
    pub fn after(duration: Duration) -> Self {
        Self(Instant::now() + duration)
    }

    /// The time that is left; nothing when it is over.
    pub fn remaining(&self) -> Option<Duration> {
        self.0.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Whether it has passed.
    pub fn is_over(&self) -> bool {
        self.remaining().is_none()
    }
}
