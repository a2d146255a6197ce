//! Who acts, and on whose behalf.
//!
//! An agent always acts *on behalf of* a person; the pair comes from the session that the server opened, never from the
//! body of a request. Only a person can approve: the type of an approver is [`PersonId`], and nothing turns an
//! [`AgentId`] into one.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest identifier in bytes. Identifiers are shown, logged and hashed; none needs more.
pub const IDENTIFIER_MAX_BYTES: usize = 96;

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(into = "String", try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Reads an identifier: 1 to 96 bytes of ASCII letters, digits and `-_.@:/`.
            pub fn parse(text: impl Into<String>) -> Result<Self, MalformedIdentifier> {
                checked(text.into()).map(Self)
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = MalformedIdentifier;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(text)
            }
        }
    };
}

identifier!(
    /// A person. People approve; agents and services never do.
    PersonId
);
identifier!(
    /// One agent session: a program that proposes changes on behalf of a person.
    AgentId
);
identifier!(
    /// A service that acts by itself, such as a deploy pipeline.
    ServiceId
);
identifier!(
    /// One enforcement point.
    GateId
);
identifier!(
    /// One permit.
    PermitId
);

/// What a gate can do about a change that goes around it. Everything shown says which of the two a gate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strength {
    /// It runs beside the agent, as the same user: a seat belt.
    Advises,
    /// It holds the credential, or runs as another user or on another host: a wall.
    Enforces,
}

impl Strength {
    /// Both values, for schemas and matrices.
    pub const ALL: [Self; 2] = [Self::Advises, Self::Enforces];

    /// The strength as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Advises => "advises",
            Self::Enforces => "enforces",
        }
    }
}

/// An identifier that is empty, too long, or holds a character that could be mistaken for something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an identifier: 1 to {IDENTIFIER_MAX_BYTES} ASCII letters, digits and `-_.@:/`")]
pub struct MalformedIdentifier {
    text: String,
}

fn checked(text: String) -> Result<String, MalformedIdentifier> {
    let fits = (1..=IDENTIFIER_MAX_BYTES).contains(&text.len());
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.@:/".contains(&byte));
    if fits && plain { Ok(text) } else { Err(MalformedIdentifier { text: text.chars().take(100).collect() }) }
}

/// Who proposed a change.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Actor {
    /// A program that a person lets act for them.
    Agent {
        /// The session.
        id: AgentId,
        /// The person behind it.
        on_behalf_of: PersonId,
    },
    /// A person at the keyboard.
    Person {
        /// The person.
        id: PersonId,
    },
    /// A pipeline or another machine without a person behind the single act.
    Service {
        /// The service.
        id: ServiceId,
    },
}

impl Actor {
    /// The person who answers for what this actor does, where there is one.
    pub fn accountable(&self) -> Option<&PersonId> {
        match self {
            Self::Agent { on_behalf_of, .. } => Some(on_behalf_of),
            Self::Person { id } => Some(id),
            Self::Service { .. } => None,
        }
    }

    /// The actor's own identifier.
    pub fn id(&self) -> &str {
        match self {
            Self::Agent { id, .. } => id.as_str(),
            Self::Person { id } => id.as_str(),
            Self::Service { id } => id.as_str(),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent { id, on_behalf_of } => write!(f, "agent {id} for {on_behalf_of}"),
            Self::Person { id } => write!(f, "{id}"),
            Self::Service { id } => write!(f, "service {id}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_that_could_deceive_are_refused() {
        for bad in ["", " alice", "al\u{0456}ce", "a\nb", "a\"b", &"x".repeat(97)] {
            assert!(PersonId::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(PersonId::parse("alice@example.org").map(String::from), Ok("alice@example.org".to_owned()));
    }

    #[test]
    fn an_agent_is_answered_for_by_the_person_behind_it() {
        let agent =
            Actor::Agent { id: AgentId::parse("claude-code/9f3a").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() };
        assert_eq!(agent.accountable(), Some(&PersonId::parse("alice").unwrap()));
        assert_eq!(agent.to_string(), "agent claude-code/9f3a for alice");
    }
}
