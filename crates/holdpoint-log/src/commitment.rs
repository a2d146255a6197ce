//! Salted commitments: an entry binds a payload without holding it.
//!
//! A plain hash of a short text can be guessed by trying; an HMAC with a random salt cannot. Deleting payload and
//! salt *redacts*: the entry stays as it is, proofs stay valid, and nobody can tell what the payload was.
//!
//! In scope: making and checking commitments.
//!
//! Out of scope: drawing the salt (the caller has the randomness; 32 bytes, a new one for each payload), keeping and
//! deleting salt and payload (the store).

use std::fmt;
use std::str::FromStr;

use ring::hmac;

use crate::armor;

/// Commits to a payload: HMAC-SHA256 with the salt as key.
#[must_use]
pub fn commit(salt: &Salt, payload: &[u8]) -> Commitment {
    let key = hmac::Key::new(hmac::HMAC_SHA256, &salt.0);
    let mut bytes = [0; LENGTH];
    bytes.copy_from_slice(hmac::sign(&key, payload).as_ref());
    Commitment(bytes)
}

/// A commitment to a payload. Its text form is `hmac-sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Commitment([u8; LENGTH]);

impl Commitment {
    /// Verifies that this is the commitment to `payload` under `salt`.
    ///
    /// # Errors
    /// When it is to something else.
    pub fn verify(&self, salt: &Salt, payload: &[u8]) -> Result<(), Error> {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &salt.0);
        hmac::verify(&key, payload, &self.0).map_err(|_| Error::Mismatch { commitment: *self })
    }

    /// Lends the bytes, as the store keeps them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; LENGTH] {
        &self.0
    }
}

impl fmt::Display for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(PREFIX)?;
        f.write_str(&armor::hex(&self.0))
    }
}

impl fmt::Debug for Commitment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Commitment({self})")
    }
}

impl FromStr for Commitment {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let hex = text.strip_prefix(PREFIX);
        hex.and_then(armor::array_from_hex).map(Self).ok_or(Error::Malformed)
    }
}

/// 32 random bytes that keep a payload from being guessed. Not shown by `Debug`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Salt(pub [u8; 32]);

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

const LENGTH: usize = 32;
const PREFIX: &str = "hmac-sha256:";

/// Why a commitment was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not the text form of a commitment.
    #[error("a commitment is `{PREFIX}` and 64 lower-case hexadecimal digits")]
    Malformed,
    /// The payload or the salt is another.
    #[error("{commitment} does not commit to this payload")]
    Mismatch {
        /// The commitment.
        commitment: Commitment,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231 §4.2, whose key of 20 bytes HMAC fills up with zeros to ours.
    #[test]
    fn a_commitment_is_hmac_sha256() {
        let mut salt = [0; 32];
        salt[..20].fill(0x0b);
        assert_eq!(
            commit(&Salt(salt), b"Hi There").to_string(),
            "hmac-sha256:b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }

    #[test]
    fn another_payload_or_salt_does_not_fit() {
        let commitment = commit(&Salt([1; 32]), b"rm -rf /srv");
        assert_eq!(commitment.verify(&Salt([1; 32]), b"rm -rf /srv"), Ok(()));
        assert_eq!(commitment.verify(&Salt([1; 32]), b"rm -rf /srv "), Err(Error::Mismatch { commitment }));
        assert_eq!(commitment.verify(&Salt([2; 32]), b"rm -rf /srv"), Err(Error::Mismatch { commitment }));
    }

    #[test]
    fn the_text_form_reads_back_and_has_one_spelling() {
        let commitment = commit(&Salt([1; 32]), b"");
        let text = commitment.to_string();
        assert_eq!(text.parse(), Ok(commitment));
        for other in [text.to_uppercase(), text.replace("hmac-", ""), format!("{text}0"), text.replace(':', ": ")] {
            assert_eq!(other.parse::<Commitment>(), Err(Error::Malformed), "{other}");
        }
    }
}
