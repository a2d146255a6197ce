//! Codes for enrolling keys: minted by the server for its own console, good once.
//!
//! A code has 100 random bits and is kept as a hash. It is for one person, so whoever types it decides only *which* key is
//! enrolled, never *whose*. While fewer than two people have keys, each start of the server prints codes for those who are
//! missing: the person whose installation it is, and a second one to approve what that person's agents do.

use std::collections::BTreeSet;

use holdpoint_core::actor::PersonId;
use holdpoint_core::digest::{Digest, FieldHasher};
use holdpoint_core::estate::Estate;
use jiff::SignedDuration;
use tracing::warn;
use webauthn_rs::prelude::RegisterPublicKeyCredential;

use super::enrolment::{self, BOOTSTRAP_PEOPLE, Begun, Enrolments};
use crate::engine::{Engine, Error};
use crate::store::Record as _;
use crate::store::command::{EnrolKey, MintCode};
use crate::store::record::{CodePurpose, CodeRecord};

/// How long a code can be used.
pub const CODE_LASTS: SignedDuration = SignedDuration::from_hours(24);
/// The second person's name where the estate names nobody but the first.
pub const SECOND_PERSON: &str = "reviewer";

/// Crockford's base 32: no letter that looks like a digit.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const CODE_CHARACTERS: usize = 20;
const GROUP: usize = 5;

/// An invitation to enrol a key, in the one moment in which its code is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// For whom.
    pub label: PersonId,
    /// Where to: the console, with the code in the fragment, which browsers send to nobody.
    pub link: String,
}

impl Engine {
    /// Invites those who are missing while fewer than two people have keys. The links are for the server's own console.
    ///
    /// # Errors
    /// Fails where they cannot be recorded.
    pub async fn invitations(&self) -> Result<Vec<Invitation>, Error> {
        let with_keys = self.people_with_keys().await?;
        let owner = &self.settings.owner;
        let second = second_person(self.policy.now().estate(), owner)?;
        let missing = [owner.clone(), second].into_iter().filter(|person| !with_keys.contains(person));
        let mut invitations = Vec::new();
        for person in missing.take(BOOTSTRAP_PEOPLE.saturating_sub(with_keys.len())) {
            invitations.push(self.invite(person).await?);
        }
        Ok(invitations)
    }

    async fn invite(&self, person: PersonId) -> Result<Invitation, Error> {
        let mut random = [0; CODE_CHARACTERS];
        self.world.fill_random(&mut random)?;
        let text = spelled(&random);
        let minted = MintCode {
            hash: hash(&text),
            purpose: CodePurpose::EnrolKey { person: person.clone() },
            label: "bootstrap".to_owned(),
            expires_at: self.world.now() + CODE_LASTS,
        };
        let _recorded = self.store.record(minted).await?;
        Ok(Invitation { label: person, link: format!("{}/enrol#{text}", self.settings.console) })
    }

    /// Begins to enrol a key for the person that a code was minted for.
    ///
    /// # Errors
    /// Refuses a code that is unknown, used or too old.
    pub async fn begin_enrolment(&self, enrolments: &Enrolments, code: &str) -> Result<Begun, Error> {
        let hash = hash(code);
        let CodeRecord { purpose, expires_at, used_at, .. } = self.store.code(hash).await?.ok_or_else(no_such_code)?;
        let CodePurpose::EnrolKey { person } = purpose else { return Err(no_such_code()) };
        let now = self.world.now();
        if used_at.is_some() || now > expires_at {
            return Err(no_such_code());
        }
        let mut entropy = [0; 16];
        self.world.fill_random(&mut entropy)?;
        Ok(enrolments.begin(&person, hash, entropy, now)?)
    }

    /// Ends the ceremony and enrols the key that was made. The code is used up with the same commit.
    ///
    /// # Errors
    /// Says why the key is not trusted.
    pub async fn finish_enrolment(
        &self,
        enrolments: &Enrolments,
        ceremony: Digest,
        code: &str,
        label: String,
        answer: &RegisterPublicKeyCredential,
    ) -> Result<(), Error> {
        let people = self.people_with_keys().await?.len();
        let made = enrolments.finish(ceremony, hash(code), answer, people, self.world.now())?;
        let (person, usable_from) = (made.credential.person.clone(), made.credential.usable_from);
        let enrolled = self.store.record(EnrolKey { credential: made.credential, label, code: made.code }).await?;
        warn!(%person, %usable_from, index = enrolled.index(), "a key was enrolled; not you? revoke it");
        Ok(())
    }

    async fn people_with_keys(&self) -> Result<BTreeSet<PersonId>, Error> {
        let keys = self.store.credentials().await?.into_iter().map(|key| key.credential);
        Ok(keys.filter(|key| key.revoked_at.is_none()).map(|key| key.person).collect())
    }
}

/// Who approves what the owner's agents do: the first whom the estate names, or somebody yet without a name.
fn second_person(estate: &Estate, owner: &PersonId) -> Result<PersonId, Error> {
    match estate.people.keys().find(|person| *person != owner) {
        Some(person) => Ok(person.clone()),
        None => PersonId::parse(SECOND_PERSON).map_err(|why| Error::Malformed(why.to_string())),
    }
}

fn no_such_code() -> Error {
    Error::Forbidden("there is no such code, or it was used, or it is too old; the server prints new ones when it starts".into())
}

impl From<enrolment::Error> for Error {
    fn from(why: enrolment::Error) -> Self {
        Self::Forbidden(why.to_string())
    }
}

/// Spells random bytes as a code. 256 is a multiple of 32, so each character is equally likely.
fn spelled(random: &[u8; CODE_CHARACTERS]) -> String {
    let characters = random.iter().map(|byte| char::from(*ALPHABET.get(usize::from(byte % 32)).unwrap_or(&b'0')));
    let mut text = String::new();
    for (at, character) in characters.enumerate() {
        if at > 0 && at % GROUP == 0 {
            text.push('-');
        }
        text.push(character);
    }
    text
}

/// The hash under which a code is kept, however it is typed: in lower case, with other gaps, with O for 0 and I or L for 1.
fn hash(code: &str) -> Digest {
    let typed = code.chars().filter(char::is_ascii_alphanumeric).map(|character| match character.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    });
    let mut hasher = FieldHasher::new("holdpoint.enrolment-code.v1");
    hasher.text(&typed.collect::<String>());
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let code = spelled(&std::array::from_fn(|n| n as u8));
        assert_eq!(code, "01234-56789-ABCDE-FGHJK");
        for typed in ["0123456789abcdefghjk", " O1234 56789 ABCDE FGHJK ", "0L234-56789-ABCDE-FGHJK"] {
            assert_eq!(hash(typed), hash(&code), "{typed}");
        }
        assert_ne!(hash("01234-56789-ABCDE-FGHJ"), hash(&code));
    }

    #[test]
    fn the_second_person_is_whom_the_estate_names() {
        let owner = PersonId::parse("alice").unwrap();
        let mut estate = Estate::default();
        assert_eq!(second_person(&estate, &owner).unwrap().as_str(), SECOND_PERSON);
        for name in ["alice", "carol"] {
            let entry = holdpoint_core::estate::PersonEntry { name: name.into(), seniority: Default::default() };
            estate.people.insert(PersonId::parse(name).unwrap(), entry);
        }
        assert_eq!(second_person(&estate, &owner).unwrap().as_str(), "carol");
    }
}
