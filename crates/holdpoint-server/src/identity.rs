//! Who is asking. Nothing else can make a [`Caller`].
//!
//! An agent session shows its secret; its person comes from the session, never from the request. A process on the Unix socket
//! without a session is somebody of that user, and nobody can say whether it is the person or a program of theirs: silence
//! counts as an agent. Over TCP nobody is anybody without a session.
//!
//! **Out of scope**: people. A person never *calls* with authority; what they decide arrives as a signed statement, whoever
//! carries it (see [`crate::approvals`]).

pub mod codes;
pub mod enrolment;

use holdpoint_core::actor::{Actor, AgentId, PersonId};
use holdpoint_core::digest::Digest;

use crate::http::listen::Peer;
use crate::store::Store;

/// The agent id of a process that shows no session.
const UNATTRIBUTED: &str = "unattributed";

/// Somebody whose identity was established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    // INVARIANT: made by `identify`, or by `owner` inside this process.
    actor: Actor,
}

impl Caller {
    /// Who it is.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The person behind the caller.
    ///
    /// Every caller of the API is an agent on somebody's behalf, so there always is one.
    pub fn person(&self) -> Option<&PersonId> {
        self.actor.accountable()
    }
}

/// Establishes who is asking.
///
/// # Errors
/// Refuses a secret that opens no session, and whoever shows none where the operating system does not vouch for the user.
pub async fn identify(peer: Peer, secret: Option<&str>, owner: &Owner, store: &dyn Store) -> Result<Caller, Unidentified> {
    match (secret, peer) {
        (Some(secret), _) => by_session(secret, store).await,
        (None, Peer::Local { uid }) if uid == owner.uid => {
            let id = AgentId::parse(UNATTRIBUTED).map_err(|_| Unidentified::NobodySaid)?;
            Ok(Caller { actor: Actor::Agent { id, on_behalf_of: owner.person.clone() } })
        }
        (None, _) => Err(Unidentified::NobodySaid),
    }
}

async fn by_session(secret: &str, store: &dyn Store) -> Result<Caller, Unidentified> {
    let (id, _) = secret.split_once('.').ok_or(Unidentified::NoSuchSession)?;
    let id = AgentId::parse(id).map_err(|_| Unidentified::NoSuchSession)?;
    let session = store.session(id).await.map_err(|_| Unidentified::Unavailable)?.ok_or(Unidentified::NoSuchSession)?;
    // The digests are compared, not the secrets: how long that takes tells nothing about the secret.
    if session.secret != Digest::of(secret.as_bytes()) || session.closed_at.is_some() {
        return Err(Unidentified::NoSuchSession);
    }
    Ok(Caller { actor: Actor::Agent { id: session.id, on_behalf_of: session.on_behalf_of } })
}

/// The person whose installation this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// The person.
    pub person: PersonId,
    /// Their user id on this machine.
    pub uid: u32,
}

/// Why nobody is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// Neither a session nor the operating system says who is asking.
    #[error("nobody says who is asking: show a session, or use the Unix socket")]
    NobodySaid,
    /// The secret opens no session.
    #[error("the session does not exist or is closed")]
    NoSuchSession,
    /// It could not be looked up.
    #[error("the session cannot be looked up")]
    Unavailable,
}
