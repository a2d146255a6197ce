//! Statements that the installation signs: permits, receipts of redemption, snapshots, bundle manifests.
//!
//! What is signed keeps its exact bytes. A signature covers a domain, the length and the bytes, so a signature for one kind of
//! statement never fits another, and nothing is ever re-serialised to be verified.
//!
//! The text form is `<domain>.<base64url payload>.<base64url signature>`.

use std::fmt;
use std::marker::PhantomData;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// Longest signed statement in its text form, in bytes. Applied before anything is decoded.
pub const SIGNED_TEXT_MAX_BYTES: usize = 64 * 1024;

/// A kind of statement that the installation signs.
pub trait Statement: Serialize + DeserializeOwned {
    /// The name that separates this kind from every other, such as `holdpoint-permit-v1`. Holds no dot.
    const DOMAIN: &'static str;
}

/// Signs with a key that this crate never sees.
pub trait Signer {
    /// Signs a message with Ed25519.
    fn sign(&self, message: &[u8]) -> [u8; 64];
    /// The key that verifies those signatures.
    fn verifying_key(&self) -> VerifyingKey;
}

/// An Ed25519 public key, written `ed25519:<base64url>`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct VerifyingKey([u8; 32]);

impl VerifyingKey {
    /// Takes the 32 bytes of a public key.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// A digest that names the key.
    pub fn id(&self) -> Digest {
        Digest::of(&self.0)
    }

    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ring::signature::UnparsedPublicKey::new(&ring::signature::ED25519, &self.0).verify(message, signature).is_ok()
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ed25519:{}", BASE64.encode(self.0))
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({self})")
    }
}

impl From<VerifyingKey> for String {
    fn from(key: VerifyingKey) -> Self {
        key.to_string()
    }
}

impl TryFrom<String> for VerifyingKey {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        let encoded = text.strip_prefix("ed25519:").ok_or(Error::Malformed("the key does not begin with `ed25519:`"))?;
        let bytes = BASE64.decode(encoded).map_err(|_| Error::Malformed("the key is not base64url"))?;
        bytes.try_into().map(Self).map_err(|_| Error::Malformed("the key is not 32 bytes long"))
    }
}

/// A statement with its signature, not yet verified: the only way to the statement is [`Signed::open`].
pub struct Signed<T> {
    payload: Vec<u8>,
    signature: [u8; 64],
    kind: PhantomData<fn() -> T>,
}

impl<T: Statement> Signed<T> {
    /// Signs a statement.
    ///
    /// # Errors
    /// Fails where the statement cannot be written as JSON, which no statement of ours does.
    pub fn sign(statement: &T, signer: &dyn Signer) -> Result<Self, Error> {
        let payload = serde_json::to_vec(statement).map_err(|_| Error::Malformed("the statement cannot be written"))?;
        let signature = signer.sign(&message(T::DOMAIN, &payload));
        Ok(Self { payload, signature, kind: PhantomData })
    }

    /// Verifies the signature and reads the statement.
    ///
    /// # Errors
    /// Refuses a signature by any other key or over any other bytes, and a payload that is not exactly such a statement.
    pub fn open(&self, key: &VerifyingKey) -> Result<T, Error> {
        if !key.verifies(&message(T::DOMAIN, &self.payload), &self.signature) {
            return Err(Error::WrongSignature);
        }
        serde_json::from_slice(&self.payload).map_err(|_| Error::Malformed("the payload is not such a statement"))
    }

    /// Reads the text form. Nothing is verified by that.
    ///
    /// # Errors
    /// Refuses text that is too long, of another kind, or not spelled canonically.
    pub fn parse(text: &str) -> Result<Self, Error> {
        if text.len() > SIGNED_TEXT_MAX_BYTES {
            return Err(Error::Malformed("the statement is too long"));
        }
        let rest = text.strip_prefix(T::DOMAIN).and_then(|rest| rest.strip_prefix('.')).ok_or(Error::OtherKind(T::DOMAIN))?;
        let (payload, signature) = rest.split_once('.').ok_or(Error::Malformed("the signature is missing"))?;
        let decode = |part: &str| BASE64.decode(part).map_err(|_| Error::Malformed("it is not base64url"));
        let signature = decode(signature)?.try_into().map_err(|_| Error::Malformed("the signature is not 64 bytes long"))?;
        Ok(Self { payload: decode(payload)?, signature, kind: PhantomData })
    }
}

impl<T: Statement> fmt::Display for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", T::DOMAIN, BASE64.encode(&self.payload), BASE64.encode(self.signature))
    }
}

fn message(domain: &str, payload: &[u8]) -> Vec<u8> {
    let mut message = Vec::with_capacity(domain.len() + 9 + payload.len());
    message.extend_from_slice(domain.as_bytes());
    message.push(0);
    message.extend_from_slice(&(payload.len() as u64).to_be_bytes());
    message.extend_from_slice(payload);
    message
}

/// Why a signed statement is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It cannot be read.
    #[error("the signed statement is malformed: {0}")]
    Malformed(&'static str),
    /// It is another kind of statement.
    #[error("it is not a `{0}` statement")]
    OtherKind(&'static str),
    /// The signature is not that of the expected key over these bytes.
    #[error("the signature is not that of this installation")]
    WrongSignature,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use ring::signature::KeyPair as _;

    /// A key pair for tests, made from one byte.
    pub(crate) struct TestSigner(ring::signature::Ed25519KeyPair);

    impl TestSigner {
        pub(crate) fn new(seed: u8) -> Self {
            Self(ring::signature::Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
        }
    }

    impl Signer for TestSigner {
        fn sign(&self, message: &[u8]) -> [u8; 64] {
            self.0.sign(message).as_ref().try_into().unwrap()
        }

        fn verifying_key(&self) -> VerifyingKey {
            VerifyingKey(self.0.public_key().as_ref().try_into().unwrap())
        }
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Note {
        text: String,
    }

    impl Statement for Note {
        const DOMAIN: &'static str = "test-note-v1";
    }

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct OtherNote {
        text: String,
    }

    impl Statement for OtherNote {
        const DOMAIN: &'static str = "test-note-v2";
    }

    #[test]
    fn no_single_bit_of_a_signed_statement_may_change() {
        let signer = TestSigner::new(1);
        let key = signer.verifying_key();
        let text = Signed::sign(&Note { text: "let it through".into() }, &signer).unwrap().to_string();
        assert!(Signed::<Note>::parse(&text).unwrap().open(&key).is_ok());
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[at] ^= 1 << bit;
                let Ok(changed) = String::from_utf8(bytes) else { continue };
                assert!(Signed::<Note>::parse(&changed).and_then(|signed| signed.open(&key)).is_err(), "{changed}");
            }
        }
    }

    #[test]
    fn a_signature_fits_neither_another_key_nor_another_kind() {
        let signed = Signed::sign(&Note { text: "x".into() }, &TestSigner::new(1)).unwrap();
        assert_eq!(signed.open(&TestSigner::new(2).verifying_key()), Err(Error::WrongSignature));
        let relabelled = signed.to_string().replace("-v1.", "-v2.");
        let other = Signed::<OtherNote>::parse(&relabelled).unwrap();
        assert_eq!(other.open(&TestSigner::new(1).verifying_key()), Err(Error::WrongSignature));
    }

    #[test]
    fn a_key_reads_back_what_it_writes() {
        let key = TestSigner::new(3).verifying_key();
        assert_eq!(VerifyingKey::try_from(key.to_string()), Ok(key));
        assert!(VerifyingKey::try_from("ed25519:AAAA".to_owned()).is_err());
    }
}
