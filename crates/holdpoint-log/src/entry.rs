//! What stands in the log: envelopes in restricted canonical JSON.
//!
//! ```json
//! {"actor":"agent:7f3a","body":{"permit":"prm_1"},"id":"e1","kind":"permit.consumed",
//!  "payload":["hmac-sha256:…"],"prev":12344,"seq":7,"subject":"chg_1","ts":"2026-11-20T06:00:00.000000Z","v":1}
//! ```
//! (without the line break). `seq` and `prev` chain the entries of one subject, so that an auditor sees a missing
//! step of one change without reading the whole log.
//!
//! In scope: the envelope and its fields; [`Entry`], the exact bytes that are hashed.
//!
//! Out of scope: which kinds there are and what their bodies say; whether a chain is whole ([`crate::audit`]).

mod field;

pub use field::{Digest, FieldError, Kind, MAX_KIND_BYTES, MAX_TOKEN_BYTES, Timestamp, Token};

use serde_json::{Map, Value};

use crate::canonical::{self, MAX_INTEGER, Object};
use crate::commitment::Commitment;
use crate::hash::{Hash, leaf_hash};

/// The content of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// Names this entry.
    pub id: Token,
    /// What happened.
    pub kind: Kind,
    /// What it happened to: entries with the same subject form a chain.
    pub subject: Token,
    /// Its place in that chain.
    pub link: Link,
    /// Who did it; a pseudonym where it would name a person, for entries cannot be deleted.
    pub actor: Token,
    /// When, by the clock of whoever recorded it.
    pub ts: Timestamp,
    /// The digest of the idempotency key and request that caused it.
    pub idem: Option<Digest>,
    /// Commitments to payloads that are kept elsewhere and may be redacted. At most [`MAX_PAYLOADS`].
    pub payload: Vec<Commitment>,
    /// Whatever else this kind records.
    pub body: Map<String, Value>,
}

/// The place of an entry in the chain of its subject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Link {
    /// A later entry.
    After {
        /// The index of the subject's previous entry in the log.
        prev: u64,
        /// The number of this entry among the subject's, from 2.
        seq: u64,
    },
    /// The subject's first entry.
    First,
}

impl Link {
    /// The link of the entry that follows this one, which has `index` in the log.
    #[must_use]
    pub fn next(self, index: u64) -> Self {
        Self::After { prev: index, seq: self.seq().saturating_add(1) }
    }

    /// The number of the entry among its subject's, from 1.
    #[must_use]
    pub fn seq(self) -> u64 {
        match self {
            Self::After { seq, .. } => seq,
            Self::First => 1,
        }
    }

    fn prev(self) -> Option<u64> {
        match self {
            Self::After { prev, .. } => Some(prev),
            Self::First => None,
        }
    }
}

/// An envelope with the exact bytes that stand in the log. The bytes are never written anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    // INVARIANT: the canonical spelling of `envelope`.
    bytes: Vec<u8>,
    envelope: Envelope,
}

impl Entry {
    /// Writes an envelope.
    ///
    /// # Errors
    /// When it has no canonical spelling of at most [`canonical::MAX_BYTES`], or too many payloads.
    pub fn new(envelope: Envelope) -> Result<Self, Error> {
        check_payload_count(envelope.payload.len())?;
        let bytes = write(&envelope)?;
        Ok(Self { bytes, envelope })
    }

    /// Reads an entry that is exactly canonical and holds what an envelope holds, no less and no more.
    ///
    /// # Errors
    /// When it is not, or of a version that is not known.
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let Value::Object(fields) = canonical::check(bytes)? else { return Err(Error::NotAnObject) };
        Ok(Self { bytes: bytes.to_vec(), envelope: read(fields)? })
    }

    /// The bytes, as they are stored and hashed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What they say.
    #[must_use]
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }

    /// The hash that goes into the tree.
    #[must_use]
    pub fn leaf_hash(&self) -> Hash {
        leaf_hash(&self.bytes)
    }

    /// Gives the bytes away.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }
}

/// Writes the fields in the order in which canonical JSON has them.
fn write(envelope: &Envelope) -> Result<Vec<u8>, canonical::Error> {
    let Envelope { id, kind, subject, link, actor, ts, idem, payload, body } = envelope;
    let mut object = Object::with_capacity(USUAL_BYTES);
    object.text("actor", actor.as_str())?;
    object.object("body", body)?;
    object.text("id", id.as_str())?;
    if let Some(idem) = idem {
        object.text("idem", &idem.to_string())?;
    }
    object.text("kind", kind.as_str())?;
    object.texts("payload", payload.iter().map(Commitment::to_string))?;
    object.count("prev", link.prev())?;
    object.count("seq", Some(link.seq()))?;
    object.text("subject", subject.as_str())?;
    object.text("ts", &ts.to_string())?;
    object.count("v", Some(VERSION))?;
    object.finish()
}

fn read(fields: Map<String, Value>) -> Result<Envelope, Error> {
    let mut fields = Fields(fields);
    // The version first: what another version means by the other fields is not ours to judge.
    let version = fields.integer("v")?;
    if version != VERSION {
        return Err(Error::UnknownVersion { version });
    }
    let envelope = Envelope {
        id: fields.parsed("id")?,
        kind: fields.parsed("kind")?,
        subject: fields.parsed("subject")?,
        link: fields.link()?,
        actor: fields.parsed("actor")?,
        ts: fields.parsed("ts")?,
        idem: fields.parsed_if_there("idem")?,
        payload: fields.payload()?,
        body: fields.object("body")?,
    };
    match fields.0.into_iter().next() {
        Some((field, _)) => Err(Error::UnknownField { field }),
        None => Ok(envelope),
    }
}

/// The fields of an envelope that have not been read yet.
struct Fields(Map<String, Value>);

impl Fields {
    fn take(&mut self, field: &'static str) -> Result<Value, Error> {
        self.0.remove(field).ok_or(Error::MissingField { field })
    }

    fn integer(&mut self, field: &'static str) -> Result<u64, Error> {
        self.take(field)?.as_u64().ok_or(Error::FieldType { field, expected: "a whole number" })
    }

    fn object(&mut self, field: &'static str) -> Result<Map<String, Value>, Error> {
        match self.take(field)? {
            Value::Object(object) => Ok(object),
            _ => Err(Error::FieldType { field, expected: "an object" }),
        }
    }

    fn parsed<T: std::str::FromStr<Err = FieldError>>(&mut self, field: &'static str) -> Result<T, Error> {
        parse_text(field, &self.take(field)?)
    }

    fn parsed_if_there<T: std::str::FromStr<Err = FieldError>>(&mut self, field: &'static str) -> Result<Option<T>, Error> {
        self.0.remove(field).map(|value| parse_text(field, &value)).transpose()
    }

    fn link(&mut self) -> Result<Link, Error> {
        match (self.integer("seq")?, self.take("prev")?) {
            (1, Value::Null) => Ok(Link::First),
            (seq @ 2.., Value::Number(prev)) => {
                let prev = prev.as_u64().ok_or(Error::FieldType { field: "prev", expected: "an index" })?;
                Ok(Link::After { prev, seq })
            }
            _ => Err(Error::Link),
        }
    }

    fn payload(&mut self) -> Result<Vec<Commitment>, Error> {
        let Value::Array(items) = self.take("payload")? else {
            return Err(Error::FieldType { field: "payload", expected: "an array" });
        };
        check_payload_count(items.len())?;
        let commitment = |item: &Value| item.as_str()?.parse().ok();
        let commitments = items.iter().map(commitment).collect::<Option<_>>();
        commitments.ok_or(Error::FieldType { field: "payload", expected: "an array of commitments" })
    }
}

fn parse_text<T: std::str::FromStr<Err = FieldError>>(field: &'static str, value: &Value) -> Result<T, Error> {
    let text = value.as_str().ok_or(Error::FieldType { field, expected: "a string" })?;
    text.parse().map_err(|source| Error::Field { field, source })
}

fn check_payload_count(count: usize) -> Result<(), Error> {
    if count > MAX_PAYLOADS { Err(Error::TooManyPayloads { count }) } else { Ok(()) }
}

/// Room for most entries without asking for more.
const USUAL_BYTES: usize = 512;

/// The version of the envelope that is written, and the only one that is read.
pub const VERSION: u64 = 1;

/// The most payload commitments of one entry.
pub const MAX_PAYLOADS: usize = 32;

/// The last index an entry can name as its predecessor.
pub const MAX_INDEX: u64 = MAX_INTEGER;

/// Why an entry was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes are not canonical JSON, or the envelope has no such spelling.
    #[error(transparent)]
    Canonical(#[from] canonical::Error),
    /// A field has a text that cannot stand there.
    #[error("field `{field}` is malformed")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        source: FieldError,
    },
    /// A field has a value of another type.
    #[error("field `{field}` is not {expected}")]
    FieldType {
        /// The field.
        field: &'static str,
        /// What it should be.
        expected: &'static str,
    },
    /// `seq` and `prev` contradict each other.
    #[error("`seq` 1 goes with `prev` null, a later `seq` with the index of the previous entry")]
    Link,
    /// A field is not there.
    #[error("field `{field}` is missing")]
    MissingField {
        /// The field.
        field: &'static str,
    },
    /// Canonical JSON, but not an object.
    #[error("an entry is a JSON object")]
    NotAnObject,
    /// More than [`MAX_PAYLOADS`].
    #[error("{count} payload commitments are more than {MAX_PAYLOADS}")]
    TooManyPayloads {
        /// The number given.
        count: usize,
    },
    /// A field is there that this version does not have.
    #[error("field `{field}` is unknown")]
    UnknownField {
        /// The field.
        field: String,
    },
    /// An entry of a version that is not known.
    #[error("entry version {version} is unknown; this reader knows {VERSION}")]
    UnknownVersion {
        /// The version.
        version: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commitment::{Salt, commit};
    use proptest::prelude::*;
    use serde_json::json;

    fn envelope() -> Envelope {
        Envelope {
            id: "e1".parse().unwrap(),
            kind: "permit.consumed".parse().unwrap(),
            subject: "chg_1".parse().unwrap(),
            link: Link::After { prev: 12_344, seq: 7 },
            actor: "agent:7f3a".parse().unwrap(),
            ts: Timestamp::from_unix_micros(1_795_154_400_000_000).unwrap(),
            idem: None,
            payload: vec![commit(&Salt([1; 32]), b"payload")],
            body: json!({"permit": "prm_1", "state": "consumed"}).as_object().unwrap().clone(),
        }
    }

    fn text(entry: &Entry) -> String {
        String::from_utf8(entry.as_bytes().to_vec()).unwrap()
    }

    #[test]
    fn an_entry_looks_like_this_and_reads_back() {
        let entry = Entry::new(envelope()).unwrap();
        let commitment = &envelope().payload[0];
        let expected = format!(
            r#"{{"actor":"agent:7f3a","body":{{"permit":"prm_1","state":"consumed"}},"id":"e1","kind":"permit.consumed","payload":["{commitment}"],"prev":12344,"seq":7,"subject":"chg_1","ts":"2026-11-20T06:00:00.000000Z","v":1}}"#
        );
        assert_eq!(text(&entry), expected);
        assert_eq!(Entry::parse(entry.as_bytes()), Ok(entry));
    }

    #[test]
    fn the_first_entry_of_a_subject_has_no_predecessor() {
        let first = Entry::new(Envelope { link: Link::First, idem: Some(Digest::of(b"key")), ..envelope() }).unwrap();
        assert!(text(&first).contains(r#""prev":null,"seq":1,"#));
        assert_eq!(Entry::parse(first.as_bytes()), Ok(first));
        assert_eq!(Link::First.next(12_344).next(12_350), Link::After { prev: 12_350, seq: 3 });
    }

    #[test]
    fn what_is_not_exactly_an_entry_is_refused() {
        let good = text(&Entry::new(envelope()).unwrap());
        let cases = [
            (good.replace(r#""v":1"#, r#""v":2"#), Error::UnknownVersion { version: 2 }),
            (good.replace(r#","v":1"#, ""), Error::MissingField { field: "v" }),
            (good.replace(r#""v":1"#, r#""v":"1""#), Error::FieldType { field: "v", expected: "a whole number" }),
            (good.replace(r#""id":"e1","#, ""), Error::MissingField { field: "id" }),
            (good.replace(r#","v":1"#, r#","v":1,"w":0"#), Error::UnknownField { field: "w".to_owned() }),
            (good.replace(r#""seq":7"#, r#""seq":1"#), Error::Link),
            (good.replace(r#""prev":12344"#, r#""prev":null"#), Error::Link),
            (good.replace(r#""seq":7"#, r#""seq":0"#), Error::Link),
            (good.replace("hmac-sha256:", "sha256:"), Error::FieldType { field: "payload", expected: "an array of commitments" }),
            (
                good.replace("agent:7f3a", "agent 7f3a"),
                Error::Field { field: "actor", source: FieldError::Token { text: "agent 7f3a".to_owned() } },
            ),
            (
                good.replace("permit.consumed", "Permit"),
                Error::Field { field: "kind", source: FieldError::Kind { text: "Permit".to_owned() } },
            ),
            (
                good.replace(r#"{"permit":"prm_1","state":"consumed"}"#, "[]"),
                Error::FieldType { field: "body", expected: "an object" },
            ),
            (format!("{good}\n"), Error::Canonical(canonical::Error::NotCanonical { offset: good.len() })),
            ("[]".to_owned(), Error::NotAnObject),
        ];
        for (json, error) in cases {
            assert_eq!(Entry::parse(json.as_bytes()), Err(error), "{json}");
        }
    }

    #[test]
    fn an_entry_has_bounds() {
        let long = Envelope { body: json!({"x": "x".repeat(4096)}).as_object().unwrap().clone(), ..envelope() };
        assert!(matches!(Entry::new(long), Err(Error::Canonical(canonical::Error::TooLong { .. }))));
        let many = Envelope { payload: vec![commit(&Salt([1; 32]), b""); MAX_PAYLOADS + 1], ..envelope() };
        assert_eq!(Entry::new(many), Err(Error::TooManyPayloads { count: MAX_PAYLOADS + 1 }));
        let full = Envelope { payload: vec![commit(&Salt([1; 32]), b""); MAX_PAYLOADS], ..envelope() };
        assert!(Entry::new(full).is_ok());
        let late = Envelope { link: Link::After { prev: MAX_INDEX + 1, seq: 2 }, ..envelope() };
        assert!(matches!(Entry::new(late), Err(Error::Canonical(canonical::Error::Number { .. }))));
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back(
            id in "[!-~]{1,20}", micros in 0..=Timestamp::MAX_UNIX_MICROS, prev in 0..=MAX_INDEX, seq in 2..=MAX_INTEGER,
            text in any::<String>(), idem in any::<Option<[u8; 4]>>(),
        ) {
            let envelope = Envelope {
                id: id.parse().unwrap(),
                ts: Timestamp::from_unix_micros(micros).unwrap(),
                link: Link::After { prev, seq },
                idem: idem.map(|key| Digest::of(&key)),
                body: json!({"text": text}).as_object().unwrap().clone(),
                ..envelope()
            };
            let entry = Entry::new(envelope).unwrap();
            prop_assert_eq!(Entry::parse(entry.as_bytes()), Ok(entry));
        }

        #[test]
        fn a_damaged_entry_does_not_panic_and_is_canonical_if_it_parses(position in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = Entry::new(envelope()).unwrap().into_bytes();
            let position = position.index(bytes.len());
            bytes[position] = byte;
            if let Ok(entry) = Entry::parse(&bytes) {
                prop_assert_eq!(Entry::new(entry.envelope().clone()).unwrap().into_bytes(), bytes);
            }
        }
    }
}
