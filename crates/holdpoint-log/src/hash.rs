//! SHA-256 hashing of leaves and nodes as RFC 6962 §2.1 lays down.
//!
//! A leaf and an inner node are hashed with different first bytes, so neither can be passed off as the other.

use std::fmt;
use std::str::FromStr;

use ring::digest::{Context, SHA256};

use crate::armor;

/// Hashes one log entry, byte for byte as it is stored: `SHA-256(0x00 || entry)`.
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Hash {
    sha256(&[&[LEAF], entry])
}

/// Hashes an inner node from its two children: `SHA-256(0x01 || left || right)`.
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    sha256(&[&[NODE], &left.0, &right.0])
}

/// The root of the tree without leaves: `SHA-256("")`.
#[must_use]
pub fn empty_root() -> Hash {
    sha256(&[])
}

/// A SHA-256 value: a leaf, an inner node or the root of a tree.
///
/// Its text form is canonical base64, as in checkpoints and proofs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; Hash::LENGTH]);

impl Hash {
    /// How many bytes a hash has.
    pub const LENGTH: usize = 32;

    /// Takes a hash from stored bytes; `None` unless there are exactly [`Hash::LENGTH`].
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// Lends the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&armor::base64(&self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hash({self})")
    }
}

impl FromStr for Hash {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        armor::array_from_base64(text).map(Self).ok_or(Error::Malformed)
    }
}

/// Why a text is not a hash.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Wrong length, wrong alphabet or not the canonical spelling.
    #[error("a hash is the canonical base64 of 32 bytes")]
    Malformed,
}

/// Hashes the concatenation of `parts`.
pub(crate) fn sha256(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut bytes = [0; Hash::LENGTH];
    bytes.copy_from_slice(context.finish().as_ref());
    Hash(bytes)
}

const LEAF: u8 = 0;
const NODE: u8 = 1;

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the certificate-transparency reference implementation (`merkle/rfc6962/rfc6962_test.go` of
    /// transparency-dev/merkle has the same).
    #[test]
    fn hashes_agree_with_the_published_values() {
        let hex = |hash: Hash| armor::hex(hash.as_bytes());
        assert_eq!(hex(empty_root()), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(hex(leaf_hash(b"")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
        assert_eq!(hex(leaf_hash(b"L123456")), "395aa064aa4c29f7010acfe3f25db9485bbd4b91897b6ad7ad547639252b4d56");
        assert_eq!(hex(sha256(&[&[NODE], b"N123", b"N456"])), "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb");
    }

    #[test]
    fn the_text_form_reads_back() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        assert_eq!("".parse::<Hash>(), Err(Error::Malformed));
    }
}
