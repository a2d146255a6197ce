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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::armor;
    use crate::checkpoint::{Checkpoint, LogKey};
    use crate::hash::empty_root;
    use crate::note::{Ed25519Signer, Signer as _};
    use crate::tree::TreeHead;
    use ring::signature::{Ed25519KeyPair, KeyPair as _};

    fn pair() -> Ed25519KeyPair {
        Ed25519KeyPair::from_seed_unchecked(&[5; 32]).unwrap()
    }

    fn witness() -> Witness {
        Witness::new("w.example".parse().unwrap(), pair().public_key().as_ref().try_into().unwrap())
    }

    /// What a witness would write under the checkpoint at this time.
    fn cosign(text: &str, time_s: u64) -> String {
        let signature = pair().sign(format!("cosignature/v1\ntime {time_s}\n{text}").as_bytes());
        let line = [&witness().0.id.0, time_s.to_be_bytes().as_slice(), signature.as_ref()].concat();
        format!("— w.example {}\n", armor::base64(&line))
    }

    fn checkpoint_cosigned_at(times_s: &[u64]) -> SignedCheckpoint {
        let signer = Ed25519Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap();
        let head = TreeHead { size: 0, root: empty_root() };
        let signed = Checkpoint { origin: "log.example".parse().unwrap(), head }.sign(&signer).unwrap();
        let lines: String = times_s.iter().map(|time_s| cosign(signed.note().text(), *time_s)).collect();
        let note = format!("{}{lines}", signed.to_text());
        SignedCheckpoint::open(note.as_bytes(), &LogKey::named_by(signer.verifier().clone()).unwrap()).unwrap()
    }

    #[test]
    fn of_several_cosignatures_the_latest_counts() {
        let cosignature = witness().verify(&checkpoint_cosigned_at(&[100, 300, 200])).unwrap();
        assert_eq!(cosignature, Cosignature { witness: "w.example".parse().unwrap(), time_s: 300 });
    }

    #[test]
    fn a_checkpoint_nobody_cosigned_is_refused() {
        let missing = Error::Missing { witness: "w.example".parse().unwrap() };
        assert_eq!(witness().verify(&checkpoint_cosigned_at(&[])), Err(missing));
    }

    #[test]
    fn a_time_beyond_the_specification_is_refused_even_if_signed() {
        assert!(witness().verify(&checkpoint_cosigned_at(&[MAX_TIME_S])).is_ok());
        let bad = Error::Bad { witness: "w.example".parse().unwrap() };
        assert_eq!(witness().verify(&checkpoint_cosigned_at(&[100, MAX_TIME_S + 1])), Err(bad));
    }

    #[test]
    fn a_log_key_is_not_a_witness_key() {
        let text = witness().to_string();
        assert_eq!(text.parse(), Ok(witness()));
        assert!(text.parse::<crate::note::Verifier>().is_err());
        let log = Ed25519Signer::from_seed("w.example".parse().unwrap(), &[5; 32]).unwrap();
        assert!(log.verifier().to_string().parse::<Witness>().is_err());
    }
}
