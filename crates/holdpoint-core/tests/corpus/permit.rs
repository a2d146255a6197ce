//! What must hold for any bytes that claim to be a permit, signed or not.

use holdpoint_core::permit::Grant;
use holdpoint_core::signed::{Signed, Signer, VerifyingKey};
use ring::signature::{Ed25519KeyPair, KeyPair as _};

struct Key(Ed25519KeyPair);

#[expect(clippy::unwrap_used, reason = "keys and signatures of Ed25519 have one length")]
impl Signer for Key {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().unwrap()
    }

    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }
}

/// A token has one spelling and no stranger's token opens; a payload that is read survives signing.
#[expect(clippy::unwrap_used, reason = "a panic is the find")]
pub(crate) fn holds(bytes: &[u8]) {
    let key = Key(Ed25519KeyPair::from_seed_unchecked(&[7; 32]).unwrap());
    if let Some(token) = std::str::from_utf8(bytes).ok().and_then(|text| Signed::<Grant>::parse(text).ok()) {
        assert_eq!(token.to_string().as_bytes(), bytes);
        assert!(token.open(&key.verifying_key()).is_err(), "a signature by nobody was believed");
    }
    if let Ok(grant) = serde_json::from_slice::<Grant>(bytes) {
        let token = Signed::sign(&grant, &key).unwrap();
        let read = Signed::<Grant>::parse(&token.to_string()).unwrap();
        assert_eq!(read.open(&key.verifying_key()), Ok(grant));
    }
}
