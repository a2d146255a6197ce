//! One entry on its way through the replay, and why it may not get through.

use holdpoint_core::actor::{Actor, AgentId, PersonId, ServiceId};
use holdpoint_core::digest::Digest;
use holdpoint_log::entry::Envelope;
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::super::record::PayloadId;

/// Reads payloads: the body of one that is there and fits.
pub(in crate::store) type Bodies<'a> = &'a mut dyn FnMut(&PayloadId) -> Option<Vec<u8>>;

/// Why an entry cannot be followed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unclear {
    /// Its actor is none that could have done this.
    #[error("its actor could not have done this")]
    Actor,
    /// Its body does not say what this kind of entry says.
    #[error("its body does not say what a `{kind}` says: {why}")]
    Body {
        /// The kind.
        kind: String,
        /// What is wrong with it.
        why: String,
    },
    /// No program of this version writes such entries.
    #[error("`{kind}` is no kind that this program knows")]
    Kind {
        /// The kind.
        kind: String,
    },
    /// What it says cannot follow what the log said before.
    #[error("a `{kind}` cannot follow what the log said before")]
    OutOfTurn {
        /// The kind.
        kind: String,
    },
    /// It commits to fewer payloads than this kind of entry does.
    #[error("it commits to too few payloads")]
    Payloads,
    /// Its subject is none of which this kind of entry speaks.
    #[error("its subject is none of which a `{kind}` speaks")]
    Subject {
        /// The kind.
        kind: String,
    },
}

/// An entry on its way through the replay.
pub(super) struct Step<'e> {
    pub(super) index: u64,
    pub(super) at: Timestamp,
    pub(super) envelope: &'e Envelope,
}

impl<'e> Step<'e> {
    pub(super) fn new(index: u64, envelope: &'e Envelope) -> Self {
        let micros = i64::try_from(envelope.ts.unix_micros()).unwrap_or(i64::MAX);
        Self { index, at: Timestamp::from_microsecond(micros).unwrap_or(Timestamp::MAX), envelope }
    }

    pub(super) fn kind(&self) -> String {
        self.envelope.kind.to_string()
    }

    pub(super) fn out_of_turn(&self) -> Unclear {
        Unclear::OutOfTurn { kind: self.kind() }
    }

    pub(super) fn body_says(&self, why: &str) -> Unclear {
        Unclear::Body { kind: self.kind(), why: why.to_owned() }
    }

    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Unclear> {
        let body = Value::Object(self.envelope.body.clone());
        serde_json::from_value(body).map_err(|error| self.body_says(&error.to_string()))
    }

    pub(super) fn payload(&self, place: usize) -> Result<PayloadId, Unclear> {
        self.envelope.payload.get(place).copied().map(PayloadId).ok_or(Unclear::Payloads)
    }

    pub(super) fn change(&self) -> Result<Digest, Unclear> {
        self.named("", |text| text.parse::<Digest>())
    }

    /// The subject without what its kind begins with.
    pub(super) fn named<T, E>(&self, prefix: &str, parse: impl FnOnce(String) -> Result<T, E>) -> Result<T, Unclear> {
        let name = self.envelope.subject.as_str().strip_prefix(prefix);
        name.and_then(|name| parse(name.to_owned()).ok()).ok_or_else(|| Unclear::Subject { kind: self.kind() })
    }

    /// Who did it. Of an agent the entry, or the grant that it acts on, says on whose behalf.
    pub(super) fn actor(&self, on_behalf_of: Option<&PersonId>) -> Result<Actor, Unclear> {
        let (kind, id) = self.envelope.actor.as_str().split_once(':').ok_or(Unclear::Actor)?;
        let actor = match (kind, on_behalf_of) {
            ("agent", Some(person)) => AgentId::parse(id).map(|id| Actor::Agent { id, on_behalf_of: person.clone() }),
            ("person", _) => PersonId::parse(id).map(|id| Actor::Person { id }),
            ("service", _) => ServiceId::parse(id).map(|id| Actor::Service { id }),
            _ => return Err(Unclear::Actor),
        };
        actor.map_err(|_| Unclear::Actor)
    }
}
