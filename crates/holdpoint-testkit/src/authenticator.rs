//! A passkey in software: it states whatever a test tells it to.
//!
//! That one exists in so few lines is itself a fact about WebAuthn: flags are statements *by the authenticator*, and what
//! they are worth depends on how the key was enrolled. Tests use it to forge what no honest authenticator would say.

use anyhow::{Context as _, anyhow};
use ciborium::Value;
use holdpoint_core::Timestamp;
use holdpoint_core::actor::PersonId;
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::{Assertion, Base64Bytes, Credential, PublicKey};
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::rsa;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use serde_json::json;

/// The authenticator says that somebody touched it.
pub const USER_PRESENT: u8 = 1;
/// The authenticator says that it verified who.
pub const USER_VERIFIED: u8 = 1 << 2;
/// The key may be copied to other devices.
pub const BACKUP_ELIGIBLE: u8 = 1 << 3;
/// The key has been copied.
pub const BACKED_UP: u8 = 1 << 4;
const ATTESTED_KEY_INCLUDED: u8 = 1 << 6;

/// A key of a kind that authenticators hold.
enum Key {
    EdDsa(Ed25519KeyPair),
    Es256(EcdsaKeyPair),
    Rs256(RsaKeyPair),
}

/// A passkey in software.
pub struct Authenticator {
    key: Key,
    id: [u8; 32],
    maker: [u8; 16],
    random: SystemRandom,
}

/// Everything that an authenticator and a browser state about one ceremony. All of it can be a lie.
#[derive(Debug, Clone)]
pub struct Claims {
    /// `webauthn.get` or `webauthn.create`.
    pub ceremony: String,
    /// The relying party that the authenticator hashes.
    pub relying_party: String,
    /// The origin that the browser names.
    pub origin: String,
    /// Whether the browser says that the page was inside a frame of another origin.
    pub cross_origin: Option<bool>,
    /// The origin of the outermost page, where the browser names one.
    pub top_origin: Option<String>,
    /// [`USER_PRESENT`] and its like.
    pub flags: u8,
    /// How often the key signed.
    pub counter: u32,
}

impl Claims {
    /// What an honest browser and a device-bound authenticator with a fingerprint reader say at `origin`.
    pub fn honest(relying_party: &str, origin: &str) -> Self {
        Self {
            ceremony: "webauthn.get".to_owned(),
            relying_party: relying_party.to_owned(),
            origin: origin.to_owned(),
            cross_origin: Some(false),
            top_origin: None,
            flags: USER_PRESENT | USER_VERIFIED,
            counter: 1,
        }
    }

    fn client_data(&self, challenge: &[u8]) -> Vec<u8> {
        let challenge = String::from(Base64Bytes(challenge.to_vec()));
        let mut data = json!({ "type": self.ceremony, "challenge": challenge, "origin": self.origin });
        if let Some(members) = data.as_object_mut() {
            members.extend(self.cross_origin.map(|crossed| ("crossOrigin".to_owned(), json!(crossed))));
            members.extend(self.top_origin.as_ref().map(|top| ("topOrigin".to_owned(), json!(top))));
        }
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, flags: u8, attested_key: &[u8]) -> Vec<u8> {
        let mut data = Digest::of(self.relying_party.as_bytes()).as_bytes().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data.extend_from_slice(attested_key);
        data
    }
}

impl Authenticator {
    /// Makes an Ed25519 key.
    ///
    /// # Errors
    /// Fails where the machine has no randomness.
    pub fn eddsa() -> anyhow::Result<Self> {
        let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(opaque)?;
        Self::holding(Key::EdDsa(Ed25519KeyPair::from_pkcs8(document.as_ref()).map_err(opaque)?))
    }

    /// Makes a P-256 key, as nearly every passkey is.
    ///
    /// # Errors
    /// Fails where the machine has no randomness.
    pub fn es256() -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).map_err(opaque)?;
        Self::holding(Key::Es256(
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, document.as_ref(), &random).map_err(opaque)?,
        ))
    }

    /// Takes the one RSA key of the tests, as Windows Hello makes them; `ring` generates none.
    ///
    /// # Errors
    /// Fails where the machine has no randomness.
    pub fn rs256() -> anyhow::Result<Self> {
        let document = include_bytes!("../vectors/rs256-for-tests-only.pk8");
        Self::holding(Key::Rs256(RsaKeyPair::from_pkcs8(document).map_err(opaque)?))
    }

    fn holding(key: Key) -> anyhow::Result<Self> {
        let random = SystemRandom::new();
        let mut id = [0; 32];
        random.fill(&mut id).map_err(opaque)?;
        Ok(Self { key, id, maker: [0; 16], random })
    }

    /// The same authenticator, claiming a maker (an AAGUID) when it registers; without, it claims the all-zero one.
    #[must_use]
    pub fn made_by(self, maker: [u8; 16]) -> Self {
        Self { maker, ..self }
    }

    /// The authenticator's name for its key.
    pub fn id(&self) -> Base64Bytes {
        Base64Bytes(self.id.to_vec())
    }

    /// The key's public half.
    pub fn public_key(&self) -> PublicKey {
        let bytes = |bytes: &[u8]| Base64Bytes(bytes.to_vec());
        match &self.key {
            Key::EdDsa(key) => PublicKey::EdDsa { raw: bytes(key.public_key().as_ref()) },
            Key::Es256(key) => PublicKey::Es256 { point: bytes(key.public_key().as_ref()) },
            Key::Rs256(key) => {
                let rsa::PublicKeyComponents { n, e } = rsa::PublicKeyComponents::<Vec<u8>>::from(key.public_key());
                PublicKey::Rs256 { modulus: Base64Bytes(n), exponent: Base64Bytes(e) }
            }
        }
    }

    /// The enrolled key, device-bound and not attested, usable from `usable_from` on.
    pub fn credential(&self, person: &PersonId, relying_party: &str, usable_from: Timestamp) -> Credential {
        Credential {
            id: self.id(),
            person: person.clone(),
            key: self.public_key(),
            relying_party: relying_party.to_owned(),
            backup_eligible: false,
            attested: false,
            usable_from,
            revoked_at: None,
        }
    }

    /// Answers a challenge with a signature.
    ///
    /// # Errors
    /// Fails where the machine has no randomness.
    pub fn answer(&self, challenge: &[u8], claims: &Claims) -> anyhow::Result<Assertion> {
        let client_data = claims.client_data(challenge);
        let authenticator_data = claims.authenticator_data(claims.flags, &[]);
        let mut message = authenticator_data.clone();
        message.extend_from_slice(Digest::of(&client_data).as_bytes());
        Ok(Assertion {
            credential_id: self.id(),
            authenticator_data: Base64Bytes(authenticator_data),
            client_data_json: Base64Bytes(client_data),
            signature: Base64Bytes(self.sign(&message)?),
        })
    }

    /// Answers a request for a new key, with attestation `none`: the browser's JSON of a `PublicKeyCredential`. P-256 only.
    ///
    /// # Errors
    /// Fails for other keys.
    pub fn register(&self, challenge: &[u8], claims: &Claims) -> anyhow::Result<serde_json::Value> {
        let mut attested_key = self.maker.to_vec();
        attested_key.extend((self.id.len() as u16).to_be_bytes());
        attested_key.extend_from_slice(&self.id);
        attested_key.extend(self.cose_key()?);
        let authenticator_data = claims.authenticator_data(claims.flags | ATTESTED_KEY_INCLUDED, &attested_key);
        let attestation = Value::Map(vec![
            ("fmt".into(), "none".into()),
            ("attStmt".into(), Value::Map(vec![])),
            ("authData".into(), Value::Bytes(authenticator_data)),
        ]);
        let mut object = Vec::new();
        ciborium::into_writer(&attestation, &mut object).context("write the attestation object")?;
        let text = |bytes: Vec<u8>| String::from(Base64Bytes(bytes));
        Ok(json!({
            "id": text(self.id.to_vec()), "rawId": text(self.id.to_vec()), "type": "public-key", "extensions": {},
            "response": { "attestationObject": text(object), "clientDataJSON": text(claims.client_data(challenge)) },
        }))
    }

    fn cose_key(&self) -> anyhow::Result<Vec<u8>> {
        let PublicKey::Es256 { point } = self.public_key() else { return Err(anyhow!("only P-256 keys are registered")) };
        let coordinates = point.0.get(1..65).context("an uncompressed point")?;
        let (x, y) = coordinates.split_at(32);
        let integer = |number: i64| Value::from(number);
        let key = Value::Map(vec![
            (integer(1), integer(2)),
            (integer(3), integer(-7)),
            (integer(-1), integer(1)),
            (integer(-2), Value::Bytes(x.to_vec())),
            (integer(-3), Value::Bytes(y.to_vec())),
        ]);
        let mut bytes = Vec::new();
        ciborium::into_writer(&key, &mut bytes).context("write the key")?;
        Ok(bytes)
    }

    fn sign(&self, message: &[u8]) -> anyhow::Result<Vec<u8>> {
        Ok(match &self.key {
            Key::EdDsa(key) => key.sign(message).as_ref().to_vec(),
            Key::Es256(key) => key.sign(&self.random, message).map_err(opaque)?.as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public().modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &self.random, message, &mut signature).map_err(opaque)?;
                signature
            }
        })
    }
}

/// `ring` says no more than that it failed.
fn opaque(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("the key cannot be used: {error}")
}
