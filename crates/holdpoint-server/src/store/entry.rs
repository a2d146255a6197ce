//! What stands in the log: one envelope per thing that happened, chained by subject.
//!
//! | kind | subject | says that |
//! |---|---|---|
//! | `change.held`, `change.refused`, `change.stopped` | the change | it was proposed, and what was decided; or that a person's rejection still stands |
//! | `change.asked` | the change | somebody else asked for what is released already; it changes nothing |
//! | `change.approved`, `change.confirmed`, `change.rejected` | the change | a person spoke |
//! | `change.expired` | the change | nobody answered in time |
//! | `permit.granted`, `permit.redeemed`, `permit.refused`, `permit.settled`, `permit.expired`, `permit.revoked` | the change | what became of a permit |
//! | `work.noted` | the gate | acts that no guardrail held, in a batch |
//! | `key.enrolled`, `key.revoked` | the key | a person's key |
//! | `code.minted` | the code | a single-use code |
//! | `session.opened`, `session.closed` | the session | an agent's session |
//! | `policy.loaded`, `server.started`, `server.stopped` | `installation` | the house itself |
//! | `payload.redacted` | the payload | it is gone for good |
//!
//! Entries are for ever, so no free text stands in them: artefacts, answers, signed words and reasons are payloads.

use holdpoint_core::actor::{Actor, AgentId, GateId};
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::webauthn::Base64Bytes;
use holdpoint_log::commitment::Commitment;
use holdpoint_log::entry::{self, Entry, Envelope, Link, Token};
use jiff::Timestamp;
use serde_json::{Map, Value};

/// The subject of entries that speak of the installation itself.
pub(super) const INSTALLATION: &str = "installation";

/// An entry before it has a place in the log.
pub(super) struct Draft {
    /// What happened.
    pub(super) kind: &'static str,
    /// To what.
    pub(super) subject: String,
    /// Who did it.
    pub(super) actor: String,
    /// What it commits to.
    pub(super) payload: Vec<Commitment>,
    /// What else it says.
    pub(super) body: Value,
}

/// What the planner adds to a draft.
pub(super) struct Place {
    /// The entry's own name.
    pub(super) id: String,
    /// Its place in the chain of its subject.
    pub(super) link: Link,
    /// When.
    pub(super) at: Timestamp,
    /// What a client asked for, where it may ask again.
    pub(super) cause: Option<Digest>,
}

/// Writes a draft as the bytes that are hashed.
///
/// # Errors
/// When it has no canonical spelling within the bounds.
pub(super) fn seal(draft: Draft, place: Place) -> Result<Entry, entry::Error> {
    let field = |field| move |source| entry::Error::Field { field, source };
    let micros = u64::try_from(place.at.as_microsecond()).unwrap_or_default();
    let body = match draft.body {
        Value::Object(body) => body,
        other => Map::from_iter([("value".to_owned(), other)]),
    };
    Entry::new(Envelope {
        id: place.id.parse().map_err(field("id"))?,
        kind: draft.kind.parse().map_err(field("kind"))?,
        subject: draft.subject.parse().map_err(field("subject"))?,
        link: place.link,
        actor: draft.actor.parse::<Token>().map_err(field("actor"))?,
        ts: entry::Timestamp::from_unix_micros(micros).map_err(field("ts"))?,
        idem: place.cause.map(|digest| entry::Digest(*digest.as_bytes())),
        payload: draft.payload,
        body,
    })
}

/// The token that stands for an actor.
pub(super) fn actor_token(actor: &Actor) -> String {
    match actor {
        Actor::Agent { id, .. } => format!("agent:{id}"),
        Actor::Person { id } => format!("person:{id}"),
        Actor::Service { id } => format!("service:{id}"),
    }
}

/// The subject that a change is.
pub(super) fn change_subject(change: &Digest) -> String {
    change.to_string()
}

/// The subject that a gate is.
pub(super) fn gate_subject(gate: &GateId) -> String {
    format!("gate:{gate}")
}

/// The subject that a key is. An authenticator's own name for it may be long, so it stands as a hash.
pub(super) fn key_subject(id: &Base64Bytes) -> String {
    format!("key:{}", Digest::of(&id.0))
}

/// The subject that a single-use code is: the hash under which it is kept, hashed again.
pub(super) fn code_subject(hash: &Digest) -> String {
    format!("code:{}", Digest::of(hash.as_bytes()))
}

/// The subject that an agent session is.
pub(super) fn session_subject(id: &AgentId) -> String {
    format!("session:{id}")
}

/// What stands for a decision with all its guardrails, which may be longer than an entry.
pub(super) fn decided(decision: &Decision) -> Result<Digest, serde_json::Error> {
    serde_json::to_vec(decision).map(|json| Digest::of(&json))
}

/// What stands for a host's name of a tool call: nobody knows what a host puts into it.
pub(super) fn tool_use(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// What stands for a session's secret: the hash under which it is kept, hashed again.
pub(super) fn secret(hash: &Digest) -> Digest {
    Digest::of(hash.as_bytes())
}
