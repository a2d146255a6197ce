//! Bounds on the work that one artefact may cause. Hostile input meets them long before it hurts.

use std::cell::Cell;

/// Longest shell text that is read, in bytes; a longer one is opaque.
pub(crate) const TEXT_MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of lists, words, substitutions, functions, scripts and `eval` strings together. Every level costs a few
/// stack frames in the reader and again in the walk; this many fit a 2 MiB thread of an unoptimised build with room to spare.
pub(crate) const DEPTH_MAX: usize = 32;
/// Most parts, words and commands read in one artefact, all texts that it leads to included.
const READ_STEPS_MAX: u32 = 200_000;
/// Most bytes read in one artefact, all texts that it leads to included.
const READ_BYTES_MAX: u32 = 512 * 1024;
/// Most commands and expansions followed in one artefact.
const WALK_STEPS_MAX: u32 = 12_000;
/// Most here-documents in one text. The structural parser's time grows with their square.
pub(crate) const HERE_DOCUMENTS_MAX: usize = 64;
/// Most opening braces in a word whose braces are expanded.
pub(crate) const BRACES_OPEN_MAX: usize = 32;
/// What looking at one path costs, in steps of the walk.
pub(crate) const PATH_STEPS: usize = 8;
/// Most fields that braces may make of one word.
pub(crate) const BRACES_MAX: usize = 256;
/// Most values that a variable is followed through.
pub(crate) const VALUES_MAX: usize = 32;
/// Most combinations of values that one command is read under.
pub(crate) const COMBINATIONS_MAX: usize = 64;
/// Longest value of a variable or word that is followed, in bytes.
pub(crate) const VALUE_MAX_BYTES: usize = 16 * 1024;
/// Bytes of a value whose copying costs one step of the walk.
pub(crate) const VALUE_BYTES_PER_STEP: usize = 256;

/// What is left to spend. Shared by everything that works on one artefact.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: Cell<u32>,
    bytes: Cell<u32>,
    walk: Cell<u32>,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self { steps: Cell::new(READ_STEPS_MAX), bytes: Cell::new(READ_BYTES_MAX), walk: Cell::new(WALK_STEPS_MAX) }
    }

    /// Takes one step of reading; `false` when none is left.
    pub(crate) fn read_step(&self) -> bool {
        take(&self.steps, 1)
    }

    /// Takes the bytes of a text about to be read; `false` when not enough are left.
    pub(crate) fn read_bytes(&self, count: usize) -> bool {
        take(&self.bytes, u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Takes steps of the walk; `false` when none are left.
    pub(crate) fn walk_steps(&self, count: usize) -> bool {
        take(&self.walk, u32::try_from(count).unwrap_or(u32::MAX))
    }
}

fn take(left: &Cell<u32>, count: u32) -> bool {
    let enough = left.get() >= count;
    left.set(left.get().saturating_sub(count));
    enough
}
