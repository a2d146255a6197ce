//! On whose behalf a gate asks.

use std::fmt;

use holdpoint_api::home::Home;
use holdpoint_api::v1::SessionV1;
use holdpoint_core::actor::{Actor, AgentId, MalformedIdentifier, PersonId};

use super::error::Error;

/// Who asks: the session of an agent, or the person whose user id the process has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asker {
    /// An agent, by the session that `install` opened for it.
    Agent(SessionV1),
    /// Whoever has this user id, by the word of the operating system to a runner that the control plane believes.
    For(u32),
    /// Whoever runs the process; the socket says who that is.
    Person,
}

impl Asker {
    /// The asker of an agent program: the session that `install` left for it.
    ///
    /// # Errors
    /// Fails where there is none: nobody then knows on whose behalf the agent acts.
    pub fn agent(home: &Home, program: &str) -> Result<Self, Error> {
        let path = home.session(program);
        let missing = |error: &dyn fmt::Display| {
            Error::NotSetUp(format!("`{}`: {error}; run `holdpoint install {program}`", path.display()))
        };
        let text = std::fs::read(&path).map_err(|error| missing(&error))?;
        serde_json::from_slice(&text).map(Self::Agent).map_err(|error| missing(&error))
    }

    /// Who a decision is about when nobody else can say. A person counts as an agent of theirs: the stricter of the two.
    pub(super) fn actor(&self) -> Result<Actor, MalformedIdentifier> {
        let (id, on_behalf_of) = match self {
            Self::Agent(session) => (session.id.clone(), session.on_behalf_of.clone()),
            Self::For(_) | Self::Person => (AgentId::parse("unknown")?, PersonId::parse("unknown")?),
        };
        Ok(Actor::Agent { id, on_behalf_of })
    }
}
