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

use std::collections::BTreeMap;

use holdpoint_core::actor::{Actor, AgentId, PersonId};
use holdpoint_core::digest::Digest;

use crate::http::listen::Peer;
use crate::store::Store;

/// The agent id of a process that shows no session.
const UNATTRIBUTED: &str = "unattributed";

/// Somebody whose identity was established.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    // INVARIANT: made by `identify`.
    actor: Actor,
    through: Through,
}

/// By which way a caller asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Through {
    /// By itself, or through a gate that runs beside it.
    Itself,
    /// Through the runner of a system installation, which vouches for the user id.
    Runner,
}

impl Caller {
    /// Who it is.
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Whether the runner of a system installation asks for them.
    pub fn asks_through_the_runner(&self) -> bool {
        self.through == Through::Runner
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
pub async fn identify(
    peer: Peer,
    secret: Option<&str>,
    acts_for: Option<u32>,
    locals: &Locals,
    store: &dyn Store,
) -> Result<Caller, Unidentified> {
    match (acts_for, secret, peer) {
        (Some(uid), None, Peer::Local { uid: asking }) if Some(asking) == locals.runner => locals.caller(uid, Through::Runner),
        (Some(_), _, _) => Err(Unidentified::NotTheRunner),
        (None, Some(secret), _) => by_session(secret, store).await,
        (None, None, Peer::Local { uid }) => locals.caller(uid, Through::Itself),
        (None, None, _) => Err(Unidentified::NobodySaid),
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
    Ok(Caller { actor: Actor::Agent { id: session.id, on_behalf_of: session.on_behalf_of }, through: Through::Itself })
}

/// The user ids of this machine that may ask, and whom their programs act for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Locals {
    people: BTreeMap<u32, PersonId>,
    runner: Option<u32>,
}

impl Locals {
    /// One person whose own user id the control plane has: there is no runner that could vouch for anybody.
    pub fn one(uid: u32, person: PersonId) -> Self {
        Self { people: BTreeMap::from([(uid, person)]), runner: None }
    }

    /// The people of a system installation, and its runner.
    pub fn of_system(people: impl IntoIterator<Item = (u32, PersonId)>, runner: u32) -> Self {
        Self { people: people.into_iter().collect(), runner: Some(runner) }
    }

    /// Whether there is a runner.
    pub const fn have_a_runner(&self) -> bool {
        self.runner.is_some()
    }

    fn caller(&self, uid: u32, through: Through) -> Result<Caller, Unidentified> {
        let on_behalf_of = self.people.get(&uid).cloned().ok_or(Unidentified::NobodyKnows { uid })?;
        let id = AgentId::parse(UNATTRIBUTED).map_err(|_| Unidentified::NobodySaid)?;
        Ok(Caller { actor: Actor::Agent { id, on_behalf_of }, through })
    }
}

/// Why nobody is identified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unidentified {
    /// The operating system says who is asking, and the installation knows no such user.
    #[error("user id {uid} acts for nobody in this installation")]
    NobodyKnows {
        /// The user id.
        uid: u32,
    },
    /// Neither a session nor the operating system says who is asking.
    #[error("nobody says who is asking: show a session, or use the Unix socket")]
    NobodySaid,
    /// Somebody says that they ask for another user.
    #[error("only the runner asks for others")]
    NotTheRunner,
    /// The secret opens no session.
    #[error("the session does not exist or is closed")]
    NoSuchSession,
    /// It could not be looked up.
    #[error("the session cannot be looked up")]
    Unavailable,
}
