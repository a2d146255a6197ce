//! SHA-256 digests, and how structured values are hashed without ambiguity.
//!
//! Everything that is hashed here is hashed as a domain, then fields that carry their own length. Two different values
//! therefore never give the same bytes, whatever an attacker puts into one field.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A SHA-256 digest, written `sha256:<64 hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes plain bytes: the content of a file, the text of a bundle.
    pub fn of(bytes: &[u8]) -> Self {
        let mut hasher = ring::digest::Context::new(&ring::digest::SHA256);
        hasher.update(bytes);
        Self::finished(hasher)
    }

    /// Takes the 32 bytes of a digest that was computed elsewhere.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The first twelve hex digits: enough to tell changes apart in a list, never enough to prove anything.
    pub fn short(&self) -> String {
        let mut text = hex(&self.0);
        text.truncate(12);
        text
    }

    fn finished(hasher: ring::digest::Context) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(hasher.finish().as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        f.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = MalformedDigest;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl FromStr for Digest {
    type Err = MalformedDigest;

    /// Reads the one spelling that [`fmt::Display`] writes; upper-case digits are refused so that text compares as bytes do.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let malformed = || MalformedDigest { text: text.chars().take(100).collect() };
        let hex = text.strip_prefix("sha256:").ok_or_else(malformed)?.as_bytes();
        let (pairs, rest) = hex.as_chunks::<2>();
        if pairs.len() != 32 || !rest.is_empty() {
            return Err(malformed());
        }
        let mut bytes = [0; 32];
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = nibble(*high).zip(nibble(*low)).map(|(h, l)| h << 4 | l).ok_or_else(malformed)?;
        }
        Ok(Self(bytes))
    }
}

/// Writes bytes as lower-case hexadecimal. Digests and names are written at every turn, so the formatter is not asked per byte.
pub fn hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(if nibble < 10 { b'0' + nibble } else { b'a' - 10 + nibble });
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 0xf));
    }
    text
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

/// Text that is not `sha256:` and 64 lower-case hex digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a digest of the form `sha256:<64 lower-case hex digits>`")]
pub struct MalformedDigest {
    text: String,
}

/// Hashes a value field by field under a domain of its own.
///
/// Each field goes in as a 64-bit length and its bytes; a list goes in as its length and then its items.
pub struct FieldHasher(ring::digest::Context);

impl FieldHasher {
    /// Starts a hash whose result no other domain can produce.
    pub fn new(domain: &str) -> Self {
        let mut hasher = Self(ring::digest::Context::new(&ring::digest::SHA256));
        hasher.field(domain.as_bytes());
        hasher
    }

    /// Adds one field.
    pub fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.count(bytes.len());
        self.0.update(bytes);
        self
    }

    /// Adds one field of text.
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.field(text.as_bytes())
    }

    /// Adds the number of items that follow.
    pub fn count(&mut self, count: usize) -> &mut Self {
        self.0.update(&(count as u64).to_be_bytes());
        self
    }

    /// Ends the hash.
    pub fn finish(self) -> Digest {
        Digest::finished(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_reads_back_what_it_writes() {
        let digest = Digest::of(b"abc");
        assert_eq!(digest.to_string(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!(digest.short(), "ba7816bf8f01");
    }

    #[test]
    fn other_spellings_of_a_digest_are_refused() {
        let good = Digest::of(b"abc").to_string();
        for bad in [good.to_uppercase(), good.replace("sha256:", ""), format!("{good}0"), good.replace('b', "g"), String::new()] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn moving_a_byte_between_fields_changes_the_hash() {
        let hash = |fields: &[&str]| {
            let mut hasher = FieldHasher::new("test");
            fields.iter().for_each(|field| {
                hasher.text(field);
            });
            hasher.finish()
        };
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_ne!(hash(&["abc"]), hash(&["abc", ""]));
    }
}
