//! Verifies WebAuthn assertions: that an enrolled key signed exactly this challenge, for us, with a person present.
//!
//! The same code runs online, when an approval arrives, and offline, when an auditor asks. It follows WebAuthn Level 3 §7.2
//! and refuses what the specification leaves to the relying party: any origin but those listed, frames, and a change of
//! backup eligibility since enrolment.
//!
//! **In scope**: assertions. **Out of scope**: enrolment and attestation (`holdpoint-server`), and what a challenge stands for
//! ([`crate::approval`]).
//!
//! Presence is not intent, and flags are not presence: a key in software states whatever it likes. What a flag is worth depends
//! on how its key was enrolled, which is why an approval carries an [`crate::approval::Assurance`].

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::actor::PersonId;
use crate::digest::Digest;

/// Longest part of an assertion in bytes, applied before it is parsed.
pub const PART_MAX_BYTES: usize = 4096;

/// Bytes that are written as base64url without padding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Base64Bytes(pub Vec<u8>);

impl From<Base64Bytes> for String {
    fn from(bytes: Base64Bytes) -> Self {
        BASE64.encode(bytes.0)
    }
}

impl TryFrom<String> for Base64Bytes {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        if text.len() > PART_MAX_BYTES * 4 / 3 + 4 {
            return Err("too long");
        }
        BASE64.decode(text).map(Self).map_err(|_| "not base64url without padding")
    }
}

/// The public key of an authenticator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "algorithm", rename_all = "kebab-case", deny_unknown_fields)]
pub enum PublicKey {
    /// Ed25519.
    EdDsa {
        /// The 32 bytes.
        raw: Base64Bytes,
    },
    /// ECDSA on P-256 with SHA-256.
    Es256 {
        /// The uncompressed point: 4, x, y.
        point: Base64Bytes,
    },
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256 {
        /// The modulus.
        modulus: Base64Bytes,
        /// The exponent.
        exponent: Base64Bytes,
    },
}

impl PublicKey {
    fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        use ring::signature::{
            ECDSA_P256_SHA256_ASN1, ED25519, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
        };
        let verified = match self {
            Self::EdDsa { raw } => UnparsedPublicKey::new(&ED25519, &raw.0).verify(message, signature),
            Self::Es256 { point } => UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, &point.0).verify(message, signature),
            Self::Rs256 { modulus, exponent } => {
                RsaPublicKeyComponents { n: &modulus.0, e: &exponent.0 }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
        };
        verified.is_ok()
    }
}

/// An enrolled key: the trust anchor of every later verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// The authenticator's name for it.
    pub id: Base64Bytes,
    /// Whose it is.
    pub person: PersonId,
    /// Its public half.
    pub key: PublicKey,
    /// The relying party it was made for: a DNS name.
    pub relying_party: String,
    /// Whether the authenticator may copy it elsewhere. Never changes.
    pub backup_eligible: bool,
    /// Whether a trusted maker attested, at enrolment, that it cannot leave its device.
    pub attested: bool,
    /// From when it may be used.
    pub usable_from: Timestamp,
    /// From when it may no longer be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// What an authenticator answered to a challenge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assertion {
    /// Which key signed.
    pub credential_id: Base64Bytes,
    /// Hash of the relying party, flags, counter.
    pub authenticator_data: Base64Bytes,
    /// What the browser says it was asked, by whom: JSON.
    pub client_data_json: Base64Bytes,
    /// The signature over both.
    pub signature: Base64Bytes,
}

/// For whom assertions must have been made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelyingParty {
    /// The relying party's id: a DNS name.
    pub id: String,
    /// The exact origins, port included, such as `https://holdpoint.example.org`.
    pub origins: Vec<String>,
}

/// What a verified assertion shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Presence {
    /// Whether the authenticator verified the person (PIN, fingerprint), not only their presence.
    pub user_verified: bool,
    /// The origin at which it happened.
    pub origin: String,
    /// The authenticator's counter; zero where it keeps none.
    pub counter: u32,
}

const USER_PRESENT: u8 = 1;
const USER_VERIFIED: u8 = 1 << 2;
const BACKUP_ELIGIBLE: u8 = 1 << 3;
const BACKED_UP: u8 = 1 << 4;

/// The part of the browser's statement that matters. Browsers add other members, so unknown ones are let be.
#[derive(Deserialize)]
struct ClientData {
    r#type: String,
    challenge: Base64Bytes,
    origin: String,
    #[serde(default, rename = "crossOrigin")]
    cross_origin: bool,
    #[serde(default, rename = "topOrigin")]
    top_origin: Option<String>,
}

/// Verifies that `credential` signed `challenge` for `party`, with a person present, at the time `at`.
///
/// # Errors
/// Names the first thing that does not hold.
pub fn verify(
    challenge: &Digest,
    assertion: &Assertion,
    credential: &Credential,
    party: &RelyingParty,
    at: Timestamp,
) -> Result<Presence, Error> {
    check_credential(assertion, credential, party, at)?;
    let client_data = check_client_data(&assertion.client_data_json.0, challenge, party)?;
    let (flags, counter) = check_authenticator_data(&assertion.authenticator_data.0, credential, party)?;
    let mut signed = assertion.authenticator_data.0.clone();
    signed.extend_from_slice(Digest::of(&assertion.client_data_json.0).as_bytes());
    if !credential.key.verifies(&signed, &assertion.signature.0) {
        return Err(Error::WrongSignature);
    }
    Ok(Presence { user_verified: flags & USER_VERIFIED != 0, origin: client_data.origin, counter })
}

fn check_credential(assertion: &Assertion, credential: &Credential, party: &RelyingParty, at: Timestamp) -> Result<(), Error> {
    if assertion.credential_id != credential.id {
        return Err(Error::OtherCredential);
    }
    if credential.relying_party != party.id {
        return Err(Error::OtherRelyingParty);
    }
    if at < credential.usable_from {
        return Err(Error::NotYetUsable { usable_from: credential.usable_from });
    }
    match credential.revoked_at {
        Some(revoked_at) if at >= revoked_at => Err(Error::Revoked { revoked_at }),
        _ => Ok(()),
    }
}

fn check_client_data(json: &[u8], challenge: &Digest, party: &RelyingParty) -> Result<ClientData, Error> {
    if json.len() > PART_MAX_BYTES {
        return Err(Error::Malformed("client data"));
    }
    let client_data: ClientData = serde_json::from_slice(json).map_err(|_| Error::Malformed("client data"))?;
    if client_data.r#type != "webauthn.get" {
        return Err(Error::OtherCeremony);
    }
    if client_data.challenge.0 != challenge.as_bytes() {
        return Err(Error::OtherChallenge);
    }
    if !party.origins.contains(&client_data.origin) {
        return Err(Error::OtherOrigin { origin: client_data.origin });
    }
    if client_data.cross_origin || client_data.top_origin.is_some() {
        return Err(Error::Framed);
    }
    Ok(client_data)
}

fn check_authenticator_data(data: &[u8], credential: &Credential, party: &RelyingParty) -> Result<(u8, u32), Error> {
    let malformed = Error::Malformed("authenticator data");
    if data.len() > PART_MAX_BYTES {
        return Err(malformed);
    }
    let Some((party_hash, rest)) = data.split_first_chunk::<32>() else { return Err(malformed) };
    let Some((&flags, rest)) = rest.split_first() else { return Err(malformed) };
    let Some((counter, _extensions)) = rest.split_first_chunk::<4>() else { return Err(malformed) };
    if party_hash != Digest::of(party.id.as_bytes()).as_bytes() {
        return Err(Error::OtherRelyingParty);
    }
    if flags & USER_PRESENT == 0 {
        return Err(Error::NobodyPresent);
    }
    let eligible = flags & BACKUP_ELIGIBLE != 0;
    if eligible != credential.backup_eligible || (flags & BACKED_UP != 0 && !eligible) {
        return Err(Error::BackupChanged);
    }
    Ok((flags, u32::from_be_bytes(*counter)))
}

/// Why an assertion is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Backup eligibility is not what it was at enrolment: it is not the same key.
    #[error("the key's backup state contradicts its enrolment")]
    BackupChanged,
    /// It was made inside a frame of another page.
    #[error("the assertion was made inside a frame of another page")]
    Framed,
    /// A part cannot be read.
    #[error("the {0} cannot be read")]
    Malformed(&'static str),
    /// Nobody touched the authenticator.
    #[error("nobody touched the authenticator")]
    NobodyPresent,
    /// The key is still in its cool-down.
    #[error("the key may be used from {usable_from} on")]
    NotYetUsable {
        /// From when.
        usable_from: Timestamp,
    },
    /// It is not an assertion.
    #[error("it is not the answer to a request for an assertion")]
    OtherCeremony,
    /// The person signed something else.
    #[error("the person signed something else")]
    OtherChallenge,
    /// Another key signed.
    #[error("another key signed")]
    OtherCredential,
    /// It was made at another address.
    #[error("the assertion was made at `{origin}`")]
    OtherOrigin {
        /// Where.
        origin: String,
    },
    /// It was made for another relying party.
    #[error("the assertion was made for another relying party")]
    OtherRelyingParty,
    /// The key was revoked.
    #[error("the key was revoked at {revoked_at}")]
    Revoked {
        /// When.
        revoked_at: Timestamp,
    },
    /// The signature does not hold.
    #[error("the signature does not hold")]
    WrongSignature,
}
