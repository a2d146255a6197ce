//! The one place in the control plane that reads the clock or draws random numbers.
//!
//! Everything else is handed a [`World`], so a test decides what time it is and every id it will see.

use std::sync::Mutex;

use holdpoint_core::Timestamp;
use holdpoint_core::digest::hex;
use ring::rand::{SecureRandom as _, SystemRandom};

/// The world outside, as far as deciding needs it: the time, and numbers nobody can guess.
pub trait World: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
    /// Fills a buffer with numbers nobody can guess.
    ///
    /// # Errors
    /// Fails where the operating system gives none; nothing is issued then.
    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system gave no random numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gives no random numbers")]
pub struct NoRandomness;

/// The real clock and the operating system's randomness.
#[derive(Debug)]
pub struct System(SystemRandom);

impl Default for System {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl World for System {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        self.0.fill(bytes).map_err(|_| NoRandomness)
    }
}

/// A clock that a test sets, and numbers that repeat with the seed.
#[derive(Debug)]
pub struct Fixed {
    state: Mutex<(Timestamp, u64)>,
}

impl Fixed {
    /// Begins at a time, with a seed.
    pub fn new(now: Timestamp, seed: u64) -> Self {
        Self { state: Mutex::new((now, seed)) }
    }

    /// Sets the time.
    pub fn set(&self, now: Timestamp) {
        self.locked().0 = now;
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, (Timestamp, u64)> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl World for Fixed {
    fn now(&self) -> Timestamp {
        self.locked().0
    }

    fn fill_random(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut state = self.locked();
        for byte in bytes {
            // SplitMix64 (Steele, Lea, Flood 2014): repeatable, never used outside tests.
            state.1 = state.1.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = state.1;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
        Ok(())
    }
}

/// A fresh identifier: a prefix and 16 random bytes as hex.
///
/// # Errors
/// Fails where there is no randomness.
pub fn fresh_id(world: &dyn World, prefix: &str) -> Result<String, NoRandomness> {
    let mut bytes = [0; 16];
    world.fill_random(&mut bytes)?;
    Ok(format!("{prefix}_{}", hex(&bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_fresh_and_repeat_only_with_the_seed() {
        let ids = |seed| {
            let world = Fixed::new(Timestamp::UNIX_EPOCH, seed);
            [fresh_id(&world, "prm").unwrap(), fresh_id(&world, "prm").unwrap()]
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1), ids(2));
        let [first, second] = ids(1);
        assert_ne!(first, second);
        assert_eq!(first.len(), "prm_".len() + 32);
    }
}
