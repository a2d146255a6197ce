//! Bounds on the work that one artefact may cause. Hostile input meets them long before it hurts.

use std::cell::Cell;

/// Longest shell text that is read, in bytes; a longer one is opaque.
pub(crate) const TEXT_MAX_BYTES: usize = 64 * 1024;
/// Deepest nesting of lists, words, substitutions, functions, scripts and `eval` strings together. Every level costs a few
/// stack frames in the reader and again in the walk; this many fit a 2 MiB thread of an unoptimised build with room to spare.
pub(crate) const DEPTH_MAX: usize = 32;
/// Most parts, words and commands read in one artefact, all texts that it leads to included.
const READ_STEPS_MAX: u32 = 32_768;
/// Most bytes read in one artefact, all texts that it leads to included.
const READ_BYTES_MAX: u32 = 512 * 1024;
/// Most bytes read ahead for closing brackets in one artefact, all texts that it leads to included.
const READ_AHEAD_BYTES_MAX: u32 = 2 * 1024 * 1024;
/// Most commands and expansions followed in one artefact.
const WALK_STEPS_MAX: u32 = 12_000;
/// Most of them where a bound of reading was met, so that the artefact is opaque whatever follows.
const WALK_STEPS_WHEN_OPAQUE: u32 = 3_000;
/// Most times that the structural parser looks whether it should go on, in all texts together; it does so every hundred steps.
const STRUCTURE_CHECKS_MAX: u32 = 200;
/// Most pieces of text that the structural parser asks for, in all texts together; looking ahead counts each time.
const STRUCTURE_CHUNKS_MAX: u32 = 16_384;
/// Most steps in programs of other languages in one artefact, SQL among them: parts read, statements and calls followed. They are
/// steps of the walk as well, so that shell text and programs together do no more; the rest of the walk is for what stands behind them.
const CODE_STEPS_MAX: u32 = 80_000;
/// How many of them are one step of the walk: each is meant to take an eighth of a microsecond.
const CODE_STEPS_PER_WALK_STEP: u32 = 8;
/// Most here-documents in one text. The structural parser's time grows with their square.
pub(crate) const HERE_DOCUMENTS_MAX: usize = 64;
/// Most opening braces in a word whose braces are expanded.
pub(crate) const BRACES_OPEN_MAX: usize = 32;
/// What looking at one path costs, in steps of the walk.
pub(crate) const PATH_STEPS: usize = 8;
/// Bytes of a path whose looking at costs one step more.
pub(crate) const PATH_BYTES_PER_STEP: usize = 32;
/// Longest path that is followed: the system calls of Linux take none that is longer (limits.h, `PATH_MAX`).
pub(crate) const PATH_MAX_BYTES: usize = 4096;
/// Most fields that braces may make of one word.
pub(crate) const BRACES_MAX: usize = 256;
/// Most characters of all those fields together.
pub(crate) const BRACES_CHARACTERS_MAX: usize = 32 * 1024;
/// Most values that a variable is followed through.
pub(crate) const VALUES_MAX: usize = 32;
/// Most combinations of values that one command is read under.
pub(crate) const COMBINATIONS_MAX: usize = 64;
/// Longest value of a variable or word that is followed, in bytes.
pub(crate) const VALUE_MAX_BYTES: usize = 16 * 1024;
/// Bytes of a value whose copying costs one step of the walk.
pub(crate) const VALUE_BYTES_PER_STEP: usize = 256;

/// The piece of a text that a parser is given at once: at most so many bytes, and no part of a character. A parser that finds the first
/// bytes of a character at the end of a piece asks for the rest, and where nothing comes because the budget is spent, tree-sitter
/// 0.26 reads outside of its memory (`lexer.c`, `ts_lexer__get_lookahead`).
pub(crate) fn piece(text: &str, at: usize, bytes_max: usize) -> &[u8] {
    let most = at.saturating_add(bytes_max).min(text.len());
    let end = (at..=most).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(at);
    text.as_bytes().get(at..end).unwrap_or_default()
}

/// What is left to spend. Shared by everything that works on one artefact.
#[derive(Debug)]
pub(crate) struct Budget {
    steps: Cell<u32>,
    bytes: Cell<u32>,
    ahead: Cell<u32>,
    walk: Cell<u32>,
    spent: Cell<bool>,
    structure: Cell<u32>,
    chunks: Cell<u32>,
    structure_spent: Cell<bool>,
    code: Cell<u32>,
}

impl Budget {
    pub(crate) const fn new() -> Self {
        Self {
            steps: Cell::new(READ_STEPS_MAX),
            bytes: Cell::new(READ_BYTES_MAX),
            ahead: Cell::new(READ_AHEAD_BYTES_MAX),
            walk: Cell::new(WALK_STEPS_MAX),
            spent: Cell::new(false),
            structure: Cell::new(STRUCTURE_CHECKS_MAX),
            chunks: Cell::new(STRUCTURE_CHUNKS_MAX),
            structure_spent: Cell::new(false),
            code: Cell::new(CODE_STEPS_MAX),
        }
    }

    /// Takes one step of reading; `false` when none is left.
    pub(crate) fn read_step(&self) -> bool {
        take(&self.steps, 1)
    }

    /// Takes the bytes of a text about to be read; `false` when not enough are left.
    pub(crate) fn read_bytes(&self, count: usize) -> bool {
        take(&self.bytes, u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Takes the bytes that were read ahead; `false` when not enough were left.
    pub(crate) fn read_ahead(&self, count: usize) -> bool {
        take(&self.ahead, u32::try_from(count).unwrap_or(u32::MAX))
    }

    /// Takes one of the structural parser's looks; `false` when none is left.
    pub(crate) fn structure_check(&self) -> bool {
        self.structure_spent.set(self.structure_spent.get() || self.structure.get() == 0);
        take(&self.structure, 1)
    }

    /// Takes one piece of text for the structural parser; `false` when none is left.
    pub(crate) fn structure_chunk(&self) -> bool {
        self.structure_spent.set(self.structure_spent.get() || self.chunks.get() == 0);
        take(&self.chunks, 1)
    }

    /// Takes steps in a program of another language; `false` when not enough are left.
    pub(crate) fn code_steps(&self, count: usize) -> bool {
        let before = self.code.get() / CODE_STEPS_PER_WALK_STEP;
        let enough = take(&self.code, u32::try_from(count).unwrap_or(u32::MAX));
        let paid = take(&self.walk, before - self.code.get() / CODE_STEPS_PER_WALK_STEP);
        if !paid {
            self.code.set(0);
        }
        enough && paid
    }

    /// Whether the structural parser wanted more than there was.
    pub(crate) fn is_structure_spent(&self) -> bool {
        self.structure_spent.get()
    }

    /// Whether so many steps of the walk are left.
    pub(crate) fn affords_walk(&self, count: usize) -> bool {
        u32::try_from(count).is_ok_and(|count| count <= self.walk.get())
    }

    /// Leaves few steps of the walk: what is opaque in any case is followed only so far that a person sees what it begins with.
    pub(crate) fn shorten(&self) {
        self.walk.set(self.walk.get().min(WALK_STEPS_WHEN_OPAQUE));
    }

    /// Whether the walk wanted more steps than there were, so that something was not followed.
    pub(crate) fn is_spent(&self) -> bool {
        self.spent.get()
    }

    /// Takes steps of the walk; `false` when none are left.
    pub(crate) fn walk_steps(&self, count: usize) -> bool {
        let enough = take(&self.walk, u32::try_from(count).unwrap_or(u32::MAX));
        self.spent.set(self.spent.get() || !enough);
        enough
    }
}

fn take(left: &Cell<u32>, count: u32) -> bool {
    let enough = left.get() >= count;
    left.set(left.get().saturating_sub(count));
    enough
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_ends_where_a_character_does() {
        let text = "aé日x";
        let at = |at: usize, bytes_max: usize| String::from_utf8(piece(text, at, bytes_max).to_vec()).unwrap();
        assert_eq!(at(0, 2), "a");
        assert_eq!(at(0, 3), "aé");
        assert_eq!(at(1, 4), "é");
        assert_eq!(at(3, 3), "日");
        assert_eq!(at(6, 9), "x");
        assert_eq!(at(7, 9), "");
        assert_eq!(at(99, 1), "");
    }
}
