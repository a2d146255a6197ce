//! C2SP cosignatures, version 1: a witness states that a log only grew (<https://c2sp.org/tlog-cosignature>).
//!
//! In scope: verifying the Ed25519 cosignatures (type `0x04`) on a checkpoint.
//!
//! Out of scope: asking a witness for one and how many are enough (the caller's); the ML-DSA-44 type.

use std::fmt;
use std::str::FromStr;

use crate::checkpoint::SignedCheckpoint;
use crate::note::{KeyError, KeyName, Vkey};

/// A witness one has chosen to trust, by its key. Its text form is a `vkey` of type `0x04`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness(Vkey<COSIGNATURE_V1_TYPE>);

/// What a witness stated, after its signature was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cosignature {
    witness: KeyName,
    time_s: u64,
}

impl Witness {
    /// Names a public key.
    #[must_use]
    pub fn new(name: KeyName, public_key: [u8; 32]) -> Self {
        Self(Vkey::new(name, public_key))
    }

    /// The name in the cosignatures of this witness.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// Verifies that this witness cosigned the checkpoint; of several cosignatures the latest counts.
    ///
    /// Whether a time in the past or the future is acceptable is for the caller, who has a clock.
    ///
    /// # Errors
    /// When it did not, or any cosignature in its name is not good.
    pub fn verify(&self, checkpoint: &SignedCheckpoint) -> Result<Cosignature, Error> {
        let note = checkpoint.note();
        let mut latest_s = None;
        for signature in note.signatures_by(&self.0.name, self.0.id) {
            latest_s = latest_s.max(Some(self.verify_one(note.text(), signature.bytes())?));
        }
        let time_s = latest_s.ok_or_else(|| Error::Missing { witness: self.name().clone() })?;
        Ok(Cosignature { witness: self.name().clone(), time_s })
    }

    fn verify_one(&self, text: &str, timed_signature: &[u8]) -> Result<u64, Error> {
        let bad = || Error::Bad { witness: self.name().clone() };
        let (time, signature) = timed_signature.split_first_chunk().ok_or_else(bad)?;
        let time_s = u64::from_be_bytes(*time);
        if time_s > MAX_TIME_S {
            return Err(bad());
        }
        let message = format!("cosignature/v1\ntime {time_s}\n{text}");
        if self.0.accepts(message.as_bytes(), signature) { Ok(time_s) } else { Err(bad()) }
    }
}

impl Cosignature {
    /// Who stated it.
    #[must_use]
    pub fn witness(&self) -> &KeyName {
        &self.witness
    }

    /// When, in seconds since 1970 by the witness's clock.
    #[must_use]
    pub fn time_s(&self) -> u64 {
        self.time_s
    }
}

impl FromStr for Witness {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

const COSIGNATURE_V1_TYPE: u8 = 0x04;

/// The specification's bound on times.
const MAX_TIME_S: u64 = i64::MAX as u64;

/// Why there is no good cosignature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// A cosignature in the name of the witness is not good.
    #[error("the cosignature of `{witness}` does not fit the checkpoint")]
    Bad {
        /// The witness.
        witness: KeyName,
    },
    /// The witness did not cosign.
    #[error("the checkpoint is not cosigned by `{witness}`")]
    Missing {
        /// The witness.
        witness: KeyName,
    },
}
