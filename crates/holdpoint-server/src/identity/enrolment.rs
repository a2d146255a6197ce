//! Enrolment: how a key becomes somebody's.
//!
//! ```text
//!  code from the server's own console ──▶ begin ──challenge──▶ authenticator ──▶ finish ──▶ Credential
//! ```
//!
//! This is the root of trust. Flags are statements by the authenticator, and 54 lines of software state them all; what a later
//! approval is worth depends on who could have enrolled the key. So a browser's session, an agent's token or anything else
//! that a program can hold never adds a key: a single-use code does, which stands on the console of the server.
//!
//! Keys that are not attested reach at most P1, so the maker that they claim proves nothing. One claim is refused
//! nevertheless, because it is never true of a person's key: that of the browser's *virtual* authenticator, except at
//! `localhost`, where approvals are P0-local anyway and tests need it. The all-zero maker is let in: browsers put it there
//! themselves when no attestation was asked for.
//!
//! **In scope**: the ceremony. **Out of scope**: single use of the code (the store), and attestation (P2), which needs the
//! roots of the keys that a company bought.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ciborium::Value;
use holdpoint_core::Timestamp;
use holdpoint_core::actor::PersonId;
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::{Base64Bytes, Credential, PublicKey, RelyingParty};
use jiff::SignedDuration;
use webauthn_rs::prelude::{
    COSEAlgorithm, COSEKey, COSEKeyType, CreationChallengeResponse, PasskeyRegistration, RegisterPublicKeyCredential, Url, Uuid,
    Webauthn, WebauthnBuilder,
};

/// Most ceremonies that may be under way; the oldest goes first.
pub const UNDER_WAY_MAX: usize = 32;
/// How long a person has to touch their authenticator.
pub const CEREMONY_MAX: SignedDuration = SignedDuration::from_mins(5);
/// How long a key waits before it may be used, once there are others who could notice it.
pub const COOL_DOWN: SignedDuration = SignedDuration::from_hours(24);
/// How many people with keys it takes before a new key has to wait: the first two are the bootstrap.
pub const BOOTSTRAP_PEOPLE: usize = 2;

/// The maker that Chromium's virtual authenticator claims.
const VIRTUAL: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8];
const BACKUP_ELIGIBLE: u8 = 1 << 3;

/// Runs enrolment ceremonies for one relying party.
pub struct Enrolments {
    party: RelyingParty,
    webauthn: Webauthn,
    under_way: Mutex<VecDeque<UnderWay>>,
}

/// A ceremony between its two halves.
struct UnderWay {
    ceremony: Digest,
    person: PersonId,
    code: Digest,
    registration: PasskeyRegistration,
    ends_at: Timestamp,
}

/// What the browser needs to make a key.
#[derive(Debug)]
pub struct Begun {
    /// Names the ceremony.
    pub ceremony: Digest,
    /// The options for `navigator.credentials.create`.
    pub options: CreationChallengeResponse,
}

/// A key that an authenticator made for a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// The key.
    pub credential: Credential,
    /// The hash of the code that entitles to it; to be used up when the key is stored.
    pub code: Digest,
}

impl Enrolments {
    /// Prepares ceremonies at the first of the party's origins.
    ///
    /// # Errors
    /// Refuses a party whose origin is not an address below its id.
    pub fn at(party: RelyingParty) -> Result<Self, Error> {
        let origins: Vec<Url> =
            party.origins.iter().map(|text| Url::parse(text)).collect::<Result<_, _>>().map_err(|_| Error::Party)?;
        let (first, others) = origins.split_first().ok_or(Error::Party)?;
        let builder = WebauthnBuilder::new(&party.id, first).map_err(|_| Error::Party)?.rp_name("Holdpoint");
        let builder = others.iter().fold(builder, |builder, origin| builder.append_allowed_origin(origin));
        let webauthn = builder.build().map_err(|_| Error::Party)?;
        Ok(Self { party, webauthn, under_way: Mutex::default() })
    }

    /// Begins a ceremony for `person`, to whom the code with the hash `code` was given. `entropy` is 16 random bytes: the
    /// handle under which the authenticator keeps the key.
    ///
    /// # Errors
    /// Fails where the library does.
    pub fn begin(&self, person: &PersonId, code: Digest, entropy: [u8; 16], now: Timestamp) -> Result<Begun, Error> {
        let handle = Uuid::from_bytes(entropy);
        let begun = self.webauthn.start_passkey_registration(handle, person.as_str(), person.as_str(), None);
        let (mut options, registration) = begun.map_err(|error| Error::Library(format!("{error:?}")))?;
        // Only what our own verifier reads later.
        let readable = [COSEAlgorithm::ES256 as i64, COSEAlgorithm::RS256 as i64];
        options.public_key.pub_key_cred_params.retain(|offered| readable.contains(&offered.alg));
        let ceremony = Digest::of(&entropy);
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.retain(|other| other.ends_at > now);
        if under_way.len() == UNDER_WAY_MAX {
            under_way.pop_front();
        }
        under_way.push_back(UnderWay { ceremony, person: person.clone(), code, registration, ends_at: now + CEREMONY_MAX });
        Ok(Begun { ceremony, options })
    }

    /// Ends a ceremony with the authenticator's answer. `people` is how many others have keys already.
    ///
    /// # Errors
    /// Refuses what is not the answer to this ceremony, and keys that cannot be trusted or read.
    pub fn finish(
        &self,
        ceremony: Digest,
        code: Digest,
        answer: &RegisterPublicKeyCredential,
        people: usize,
        now: Timestamp,
    ) -> Result<Made, Error> {
        let UnderWay { person, registration, .. } = self.take(ceremony, code, now)?;
        let finished = self.webauthn.finish_passkey_registration(answer, &registration);
        let passkey = finished.map_err(|error| Error::NotTheAnswer(format!("{error:?}")))?;
        let Claimed { maker, flags } = claimed(answer.response.attestation_object.as_ref()).ok_or(Error::Unreadable)?;
        if maker == VIRTUAL && self.party.id != "localhost" {
            return Err(Error::Virtual);
        }
        let wait = if people < BOOTSTRAP_PEOPLE { SignedDuration::ZERO } else { COOL_DOWN };
        let credential = Credential {
            id: Base64Bytes(passkey.cred_id().to_vec()),
            person,
            key: public_key(passkey.get_public_key())?,
            relying_party: self.party.id.clone(),
            backup_eligible: flags & BACKUP_ELIGIBLE != 0,
            attested: false,
            usable_from: now + wait,
            revoked_at: None,
        };
        Ok(Made { credential, code })
    }

    /// Takes a ceremony out, so that it ends once, whatever comes of it.
    fn take(&self, ceremony: Digest, code: Digest, now: Timestamp) -> Result<UnderWay, Error> {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let at = under_way.iter().position(|one| one.ceremony == ceremony && one.code == code && one.ends_at > now);
        at.and_then(|at| under_way.remove(at)).ok_or(Error::NotUnderWay)
    }
}

/// What an authenticator says of itself when it makes a key.
struct Claimed {
    maker: [u8; 16],
    flags: u8,
}

/// Reads the authenticator's claims from the attestation object, which the library has checked already.
fn claimed(attestation_object: &[u8]) -> Option<Claimed> {
    let object: Value = ciborium::from_reader(attestation_object).ok()?;
    let (_, data) = object.as_map()?.iter().find(|(key, _)| key.as_text() == Some("authData"))?;
    let data = data.as_bytes()?;
    // WebAuthn §6.1: hash of the party (32), flags (1), counter (4), maker (16).
    Some(Claimed { flags: *data.get(32)?, maker: data.get(37..53)?.try_into().ok()? })
}

fn public_key(key: &COSEKey) -> Result<PublicKey, Error> {
    match (&key.type_, &key.key) {
        (COSEAlgorithm::ES256, COSEKeyType::EC_EC2(ec)) if ec.x.len() == 32 && ec.y.len() == 32 => {
            let point = [&[4], ec.x.as_slice(), ec.y.as_slice()].concat();
            Ok(PublicKey::Es256 { point: Base64Bytes(point) })
        }
        (COSEAlgorithm::RS256, COSEKeyType::RSA(rsa)) => {
            Ok(PublicKey::Rs256 { modulus: Base64Bytes(rsa.n.clone()), exponent: Base64Bytes(rsa.e.to_vec()) })
        }
        _ => Err(Error::Unreadable),
    }
}

/// Why no key was enrolled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The library could not begin.
    #[error("the ceremony could not begin: {0}")]
    Library(String),
    /// The answer does not belong to this ceremony.
    #[error("this is not the answer to the ceremony: {0}")]
    NotTheAnswer(String),
    /// No such ceremony is under way.
    #[error("no such ceremony is under way; begin again")]
    NotUnderWay,
    /// The configuration names an origin that is not the party's.
    #[error("the console's address does not belong to its name")]
    Party,
    /// The key is of a kind that is not read here.
    #[error("the key is of a kind that is not read here")]
    Unreadable,
    /// A browser's virtual authenticator made the key.
    #[error("a virtual authenticator made the key, which counts at `localhost` only")]
    Virtual,
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_core::approval::challenge;
    use holdpoint_core::webauthn;
    use holdpoint_testkit::authenticator::{Authenticator, Claims, USER_PRESENT};

    const ORIGIN: &str = "http://localhost:7300";

    fn local() -> RelyingParty {
        RelyingParty { id: "localhost".into(), origins: vec![ORIGIN.into()] }
    }

    fn noon() -> Timestamp {
        "2026-11-20T12:00:00Z".parse().unwrap()
    }

    fn bob() -> PersonId {
        PersonId::parse("bob").unwrap()
    }

    fn creating() -> Claims {
        Claims { ceremony: "webauthn.create".into(), ..Claims::honest("localhost", ORIGIN) }
    }

    /// One ceremony from beginning to end, with what the authenticator and the browser claim.
    fn enrol(key: &Authenticator, claims: &Claims, people: usize) -> Result<Made, Error> {
        let enrolments = Enrolments::at(local()).unwrap();
        let begun = enrolments.begin(&bob(), Digest::of(b"code"), [1; 16], noon()).unwrap();
        let answer = answer(key, &begun, claims);
        enrolments.finish(begun.ceremony, Digest::of(b"code"), &answer, people, noon())
    }

    fn answer(key: &Authenticator, begun: &Begun, claims: &Claims) -> RegisterPublicKeyCredential {
        serde_json::from_value(key.register(begun.options.public_key.challenge.as_ref(), claims).unwrap()).unwrap()
    }

    #[test]
    fn an_enrolled_key_signs_what_our_verifier_reads() {
        let key = Authenticator::es256().unwrap();
        let made = enrol(&key, &creating(), 0).unwrap();
        assert_eq!(made.credential, key.credential(&bob(), "localhost", noon()));
        let challenge = challenge(b"statement");
        let assertion = key.answer(challenge.as_bytes(), &Claims::honest("localhost", ORIGIN)).unwrap();
        assert!(webauthn::verify(&challenge, &assertion, &made.credential, &local(), noon()).is_ok());
    }

    #[test]
    fn the_third_persons_key_waits_until_others_had_time_to_notice() {
        let usable_from = |people| enrol(&Authenticator::es256().unwrap(), &creating(), people).unwrap().credential.usable_from;
        assert_eq!((usable_from(0), usable_from(1)), (noon(), noon()));
        assert_eq!(usable_from(2), noon() + COOL_DOWN);
    }

    #[test]
    fn an_answer_from_elsewhere_or_without_the_person_is_refused() {
        let key = Authenticator::es256().unwrap();
        for claims in [
            Claims { origin: "http://localhost:9999".into(), ..creating() },
            Claims { relying_party: "example.org".into(), ..creating() },
            Claims { ceremony: "webauthn.get".into(), ..creating() },
            Claims { flags: USER_PRESENT, ..creating() },
        ] {
            assert!(matches!(enrol(&key, &claims, 0), Err(Error::NotTheAnswer(_))), "{claims:?}");
        }
    }

    #[test]
    fn a_ceremony_ends_once_in_time_and_with_the_code_it_began_with() {
        let key = Authenticator::es256().unwrap();
        let enrolments = Enrolments::at(local()).unwrap();
        let code = Digest::of(b"code");
        let begin = |seed| enrolments.begin(&bob(), code, [seed; 16], noon()).unwrap();

        let begun = begin(1);
        let answered = answer(&key, &begun, &creating());
        let other_code = enrolments.finish(begun.ceremony, Digest::of(b"guess"), &answered, 0, noon());
        assert_eq!(other_code, Err(Error::NotUnderWay));
        let late = enrolments.finish(begun.ceremony, code, &answered, 0, noon() + CEREMONY_MAX);
        assert_eq!(late, Err(Error::NotUnderWay));
        assert!(enrolments.finish(begun.ceremony, code, &answered, 0, noon()).is_ok());
        assert_eq!(enrolments.finish(begun.ceremony, code, &answered, 0, noon()), Err(Error::NotUnderWay));

        let first = begin(2);
        (0..UNDER_WAY_MAX as u8).for_each(|seed| drop(begin(100 + seed)));
        let crowded_out = enrolments.finish(first.ceremony, code, &answer(&key, &first, &creating()), 0, noon());
        assert_eq!(crowded_out, Err(Error::NotUnderWay));
    }

    #[test]
    fn a_virtual_authenticator_counts_at_localhost_only() {
        let key = Authenticator::es256().unwrap().made_by(VIRTUAL);
        assert!(enrol(&key, &creating(), 0).is_ok());
        let party = RelyingParty { id: "hold.example.org".into(), origins: vec!["https://hold.example.org".into()] };
        let enrolments = Enrolments::at(party).unwrap();
        let begun = enrolments.begin(&bob(), Digest::of(b"code"), [1; 16], noon()).unwrap();
        let claims =
            Claims { ceremony: "webauthn.create".into(), ..Claims::honest("hold.example.org", "https://hold.example.org") };
        let answered = answer(&key, &begun, &claims);
        assert_eq!(enrolments.finish(begun.ceremony, Digest::of(b"code"), &answered, 0, noon()), Err(Error::Virtual));
    }

    #[test]
    fn a_name_that_is_not_the_addresss_is_refused() {
        let party = RelyingParty { id: "example.org".into(), origins: vec!["https://example.com".into()] };
        assert_eq!(Enrolments::at(party).err(), Some(Error::Party));
        assert_eq!(Enrolments::at(RelyingParty { id: "localhost".into(), origins: vec![] }).err(), Some(Error::Party));
    }
}
