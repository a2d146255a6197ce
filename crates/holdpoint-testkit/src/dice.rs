//! Chance that falls the same way every time: what a generator of inputs throws.

/// A sequence of numbers that its seed determines (xorshift64*, Vigna 2016).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// The sequence of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        // Zero would stay zero.
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `count`, or zero where there is none.
    pub fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let drawn = self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33;
        usize::try_from(drawn).unwrap_or(0) % count.max(1)
    }

    /// Whether something happens that happens once in `count` times.
    pub fn once_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// One of all.
    ///
    /// # Panics
    /// Where there is none.
    #[expect(clippy::panic, reason = "a test that draws from nothing is a failed test")]
    pub fn one_of<'t, T>(&mut self, all: &'t [T]) -> &'t T {
        let at = self.below(all.len());
        match all.get(at) {
            Some(drawn) => drawn,
            None => panic!("there is nothing to draw from"),
        }
    }
}
