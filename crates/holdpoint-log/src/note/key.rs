//! Keys: their names, ids and text forms, and signing with them.

use std::fmt;
use std::str::FromStr;

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};

use crate::armor;
use crate::hash;

/// Signs notes with an Ed25519 key, wherever that key is: in memory, in a key management service, in hardware.
pub trait Signer: Send + Sync {
    /// The key that verifies what this one signs.
    fn verifier(&self) -> &Verifier;

    /// Signs a message as RFC 8032 Ed25519 does: equal messages get equal signatures.
    ///
    /// # Errors
    /// When the key cannot be reached or refuses.
    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], SignerError>;
}

/// An Ed25519 key held in memory.
pub struct Ed25519Signer {
    pair: Ed25519KeyPair,
    seed: [u8; SEED_LENGTH],
    verifier: Verifier,
}

impl Ed25519Signer {
    /// Makes the key of a seed, which the caller draws from a good source and keeps.
    ///
    /// # Errors
    /// When the provider refuses the seed.
    pub fn from_seed(name: KeyName, seed: &[u8; SEED_LENGTH]) -> Result<Self, KeyError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Secret)?;
        let public: [u8; KEY_LENGTH] = pair.public_key().as_ref().try_into().map_err(|_| KeyError::Secret)?;
        Ok(Self { pair, seed: *seed, verifier: Verifier::new(name, public) })
    }

    /// Reads the text form of a secret key, `PRIVATE+KEY+name+id+base64`, as Go's `note` package writes it.
    ///
    /// # Errors
    /// When it is not of that form or its id does not fit. The error does not repeat the text.
    pub fn from_secret_text(text: &str) -> Result<Self, KeyError> {
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(KeyError::Secret)?;
        let (name, id, seed) = split_key(rest, ED25519_TYPE).ok_or(KeyError::Secret)?;
        let signer = Self::from_seed(name, &seed)?;
        if signer.verifier.id() == id { Ok(signer) } else { Err(KeyError::Id { claimed: id, computed: signer.verifier.id() }) }
    }

    /// Writes the secret key. Whoever reads the text can sign as this log.
    #[must_use]
    pub fn danger_secret_text(&self) -> String {
        format!("{SECRET_PREFIX}{}", join_key(self.verifier.name(), self.verifier.id(), ED25519_TYPE, &self.seed))
    }
}

impl Signer for Ed25519Signer {
    fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_LENGTH], SignerError> {
        let signature = self.pair.sign(message);
        signature.as_ref().try_into().map_err(|_| SignerError::new("signature of unexpected length"))
    }
}

impl fmt::Debug for Ed25519Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ed25519Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// A public Ed25519 key under a name. Its text form is the `vkey` of signed notes: `name+id+base64`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verifier(Vkey<ED25519_TYPE>);

impl Verifier {
    /// Names a public key.
    #[must_use]
    pub fn new(name: KeyName, public_key: [u8; KEY_LENGTH]) -> Self {
        Self(Vkey::new(name, public_key))
    }

    /// The name in the signature lines of this key.
    #[must_use]
    pub fn name(&self) -> &KeyName {
        &self.0.name
    }

    /// The id in the signature lines of this key.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    pub(super) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        self.0.accepts(message, signature)
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        text.parse().map(Self)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A named Ed25519 public key for one signature type, so that a witness's key cannot stand in for a log's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Vkey<const TYPE: u8> {
    pub(crate) name: KeyName,
    // INVARIANT: the id of this name, type and key.
    pub(crate) id: KeyId,
    public_key: [u8; KEY_LENGTH],
}

impl<const TYPE: u8> Vkey<TYPE> {
    pub(crate) fn new(name: KeyName, public_key: [u8; KEY_LENGTH]) -> Self {
        let id = KeyId::of(&name, TYPE, &public_key);
        Self { name, id, public_key }
    }

    pub(crate) fn accepts(&self, message: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, self.public_key).verify(message, signature).is_ok()
    }
}

impl<const TYPE: u8> FromStr for Vkey<TYPE> {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let malformed = || KeyError::Malformed { text: text.chars().take(MAX_KEY_NAME_BYTES).collect() };
        let (name, claimed, public_key) = split_key(text, TYPE).ok_or_else(malformed)?;
        let key = Self::new(name, public_key);
        if key.id == claimed { Ok(key) } else { Err(KeyError::Id { claimed, computed: key.id }) }
    }
}

impl<const TYPE: u8> fmt::Display for Vkey<TYPE> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&join_key(&self.name, self.id, TYPE, &self.public_key))
    }
}

/// The name of a key, by convention a URL without its scheme: not empty, no white space, no plus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyName(String);

impl KeyName {
    /// Lends the text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for KeyName {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let foreign = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if text.is_empty() || text.len() > MAX_KEY_NAME_BYTES || text.contains(foreign) {
            return Err(KeyError::Name { name: text.chars().take(MAX_KEY_NAME_BYTES).collect() });
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Display for KeyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The four bytes that, with the name, pick out a key: short on purpose, an identifier and no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyId(pub(crate) [u8; 4]);

impl KeyId {
    /// `SHA-256(name || 0x0A || type || key)`, the first four bytes.
    fn of(name: &KeyName, signature_type: u8, public_key: &[u8]) -> Self {
        let digest = hash::sha256(&[name.as_str().as_bytes(), b"\n", &[signature_type], public_key]);
        let [a, b, c, d, ..] = digest.0;
        Self([a, b, c, d])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&armor::hex(&self.0))
    }
}

/// Splits `name+id+base64(type || key)`.
fn split_key(text: &str, signature_type: u8) -> Option<(KeyName, KeyId, [u8; KEY_LENGTH])> {
    // Names hold no plus; base64 may.
    let (name, rest) = text.split_once('+')?;
    let (id, key) = rest.split_once('+')?;
    let [typed, key @ ..] = armor::array_from_base64::<TYPED_KEY_LENGTH>(key)?;
    if typed != signature_type {
        return None;
    }
    Some((name.parse().ok()?, KeyId(armor::array_from_hex(id)?), key))
}

fn join_key(name: &KeyName, id: KeyId, signature_type: u8, key: &[u8; KEY_LENGTH]) -> String {
    format!("{name}+{id}+{}", armor::base64(&[&[signature_type], key.as_slice()].concat()))
}

/// The longest key name that is read.
pub const MAX_KEY_NAME_BYTES: usize = 255;

/// The signature type of a log's own Ed25519 signature.
const ED25519_TYPE: u8 = 0x01;
const KEY_LENGTH: usize = 32;
const SEED_LENGTH: usize = 32;
const TYPED_KEY_LENGTH: usize = 1 + KEY_LENGTH;
const SIGNATURE_LENGTH: usize = 64;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// Why a key was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The id in the text is not that of the key.
    #[error("the key id is {computed}, not {claimed}")]
    Id {
        /// The id in the text.
        claimed: KeyId,
        /// The id of the key.
        computed: KeyId,
    },
    /// Not `name+id+base64`, or of another signature type.
    #[error("`{text}` is not a verifier key of this type (name+id+base64)")]
    Malformed {
        /// The text, cut to a bearable length.
        text: String,
    },
    /// Not the name of a key.
    #[error("`{name}` is not a key name: 1 to {MAX_KEY_NAME_BYTES} bytes without white space or plus")]
    Name {
        /// The text, cut to a bearable length.
        name: String,
    },
    /// Not a secret key. Says nothing about the text on purpose.
    #[error("this is not an Ed25519 secret key (PRIVATE+KEY+name+id+base64)")]
    Secret,
}

/// Why a key did not sign.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the signer failed: {reason}")]
pub struct SignerError {
    reason: String,
}

impl SignerError {
    /// Says what the key's keeper answered.
    pub fn new(reason: impl Into<String>) -> Self {
        Self { reason: reason.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Ed25519Signer {
        Ed25519Signer::from_seed("log.example/a".parse().unwrap(), &[3; 32]).unwrap()
    }

    #[test]
    fn keys_read_back_from_their_text_forms() {
        let verifier = signer().verifier().clone();
        assert_eq!(verifier.to_string().parse(), Ok(verifier.clone()));
        let again = Ed25519Signer::from_secret_text(&signer().danger_secret_text()).unwrap();
        assert_eq!(again.verifier(), &verifier);
    }

    #[test]
    fn a_key_under_another_name_or_id_is_refused() {
        let text = signer().verifier().to_string();
        let id = signer().verifier().id().to_string();
        assert!(matches!(text.replace("log.example/a", "log.example/b").parse::<Verifier>(), Err(KeyError::Id { .. })));
        assert!(matches!(text.replace(&id, "00000000").parse::<Verifier>(), Err(KeyError::Id { .. })));
        assert!(matches!(text.replace(&id, &id.to_uppercase()).parse::<Verifier>(), Err(KeyError::Malformed { .. })));
        let secret = signer().danger_secret_text();
        assert!(matches!(Ed25519Signer::from_secret_text(&secret.replace(&id, "00000000")), Err(KeyError::Id { .. })));
        assert!(matches!(Ed25519Signer::from_secret_text(&text), Err(KeyError::Secret)));
    }

    #[test]
    fn a_witness_key_is_not_a_log_key() {
        let witness = Vkey::<4>::new("w.example".parse().unwrap(), [1; 32]).to_string();
        assert!(matches!(witness.parse::<Verifier>(), Err(KeyError::Malformed { .. })));
    }

    #[test]
    fn names_that_would_break_a_line_are_refused() {
        for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{2028}b", "a\0", &"n".repeat(256)] {
            assert!(matches!(name.parse::<KeyName>(), Err(KeyError::Name { .. })), "{name:?}");
        }
    }

    #[test]
    fn a_secret_is_not_shown_by_debug() {
        let shown = format!("{:?}", signer());
        assert!(!shown.contains("seed") && !shown.contains("3, 3, 3"), "{shown}");
    }

    #[test]
    fn equal_messages_get_equal_signatures() {
        assert_eq!(signer().sign(b"message").unwrap(), signer().sign(b"message").unwrap());
    }
}
