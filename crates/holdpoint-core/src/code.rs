//! The comparison code: two words and four digits by which a person tells that two screens speak of the same change.
//!
//! The code stands on the card and in the agent's terminal. It has 29 bits: enough to notice a mix-up, and no proof; whoever
//! can try half a billion spellings of a command finds one with a given code. What is signed is the whole digest.

use std::fmt;

use crate::digest::{Digest, FieldHasher};

/// 256 words, no two of which begin with the same four letters.
const WORDS: &str = include_str!("../words.txt");

/// Two words and four digits, such as `maple-otter-4417`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ComparisonCode {
    first: &'static str,
    second: &'static str,
    number: u16,
}

impl ComparisonCode {
    /// The code of the change with this digest.
    pub fn of(change: &Digest) -> Self {
        let mut hasher = FieldHasher::new("holdpoint.comparison-code.v1");
        hasher.field(change.as_bytes());
        let [first, second, high, low, ..] = *hasher.finish().as_bytes();
        Self { first: word(first), second: word(second), number: u16::from_be_bytes([high, low]) % 10_000 }
    }
}

impl fmt::Display for ComparisonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:04}", self.first, self.second, self.number)
    }
}

fn word(index: u8) -> &'static str {
    WORDS.lines().nth(usize::from(index)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_change_has_one_code_and_another_change_another() {
        let code = |text: &[u8]| ComparisonCode::of(&Digest::of(text)).to_string();
        assert_eq!(code(b"rm -rf target"), code(b"rm -rf target"));
        let codes: BTreeSet<_> = (0..1000_u32).map(|n| code(&n.to_be_bytes())).collect();
        assert_eq!(codes.len(), 1000);
    }

    #[test]
    fn every_index_has_a_word_and_no_two_words_begin_alike() {
        assert_eq!(WORDS.lines().count(), 256);
        let beginnings: BTreeSet<String> = WORDS.lines().map(|word| word.chars().take(4).collect()).collect();
        assert_eq!(beginnings.len(), 256);
        assert!(WORDS.lines().all(|word| word.len() >= 3 && word.bytes().all(|byte| byte.is_ascii_lowercase())));
    }
}
