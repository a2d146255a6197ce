//! The estate: what an organisation runs, how much it matters, and who answers for it.
//!
//! Read from `estate.toml`, signed together with the policy. What is not in it is unknown, and unknown counts as production
//! wherever something could be destroyed.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::actor::PersonId;
use crate::effect::{Effect, Environment};

/// Systems, environments and people.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Estate {
    /// Environments by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environments: BTreeMap<String, EnvironmentEntry>,
    /// People by identifier.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub people: BTreeMap<PersonId, PersonEntry>,
    /// Systems by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub systems: BTreeMap<String, System>,
}

/// One environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EnvironmentEntry {
    /// Whether customers or the company depend on it.
    pub production: bool,
    /// Other names it goes by: Kubernetes contexts, Terraform workspaces, hosts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<String>,
    /// Whether changes to it are frozen now.
    #[serde(default)]
    pub frozen: bool,
}

/// One person, as far as deciding needs it. Keys are enrolled, never listed here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PersonEntry {
    /// The name people know them by.
    pub name: String,
    /// How senior they are.
    #[serde(default)]
    pub seniority: Seniority,
}

/// How senior a person is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seniority {
    /// Learning the trade.
    Junior,
    /// Working on their own.
    #[default]
    Mid,
    /// Answering for others' work.
    Senior,
}

/// One system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// How much it matters.
    pub tier: Tier,
    /// Business domains, such as `payment`, `pricing`, `inventory`, `identity`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub domains: BTreeSet<String>,
    /// Those who answer for it day by day.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub owners: BTreeSet<PersonId>,
    /// The executive who answers for it to the outside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executive: Option<PersonId>,
    /// Names of its resources, matched whole or, with a closing `*`, by their beginning: paths, databases, `namespace/…`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub resources: BTreeSet<String>,
}

/// How much a system matters: 1, the company stops, to 4, nobody notices.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Tier(u8);

impl Tier {
    /// The tier as a number, 1 to 4.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl From<Tier> for u8 {
    fn from(tier: Tier) -> Self {
        tier.0
    }
}

impl TryFrom<u8> for Tier {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        if (1..=4).contains(&number) { Ok(Self(number)) } else { Err("a tier is 1 (the company stops) to 4 (nobody notices)") }
    }
}

/// Whether an environment is production. The order is from harmless to grave.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Production {
    /// It is not.
    No,
    /// Nobody said.
    Unknown,
    /// It is.
    Yes,
}

impl Production {
    /// All values, for schemas and matrices.
    pub const ALL: [Self; 3] = [Self::No, Self::Unknown, Self::Yes];

    /// The value as it is spelled in policies and JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Unknown => "unknown",
            Self::Yes => "yes",
        }
    }
}

impl Estate {
    /// The entry of an environment, found by its name or one of its aliases.
    pub fn environment(&self, environment: &Environment) -> Option<(&str, &EnvironmentEntry)> {
        let name = match environment {
            Environment::Local => "local",
            Environment::Named(name) => name,
            Environment::Unknown => return None,
        };
        let direct = self.environments.get_key_value(name);
        let found = direct.or_else(|| self.environments.iter().find(|(_, entry)| entry.aliases.contains(name)));
        found.map(|(name, entry)| (name.as_str(), entry))
    }

    /// Whether an environment is production. The asker's own machine is not, unless the estate has an entry `local` that says so.
    pub fn production(&self, environment: &Environment) -> Production {
        match (self.environment(environment), environment) {
            (Some((_, entry)), _) if entry.production => Production::Yes,
            (Some(_), _) | (None, Environment::Local) => Production::No,
            (None, _) => Production::Unknown,
        }
    }

    /// The system an effect touches; where several claim its resource, the one that matters most.
    pub fn system_of(&self, effect: &Effect) -> Option<(&str, &System)> {
        let claims = |system: &System| system.resources.iter().any(|pattern| matches(pattern, &effect.resource.name));
        let claimed = self.systems.iter().filter(|(_, system)| claims(system));
        claimed.min_by_key(|(_, system)| system.tier).map(|(name, system)| (name.as_str(), system))
    }

    /// How senior a person is; someone the estate does not list counts as a junior.
    pub fn seniority(&self, person: &PersonId) -> Seniority {
        self.people.get(person).map_or(Seniority::Junior, |entry| entry.seniority)
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn estate() -> Estate {
        serde_json::from_value(serde_json::json!({
            "environments": { "prod-eu": { "production": true, "aliases": ["gke_prod"] }, "staging": { "production": false } },
            "people": { "carol": { "name": "Carol", "seniority": "senior" } },
            "systems": {
                "shop": { "tier": 2, "resources": ["/srv/*"] },
                "checkout": { "tier": 1, "domains": ["payment"], "resources": ["/srv/checkout/*"] }
            }
        }))
        .unwrap()
    }

    #[test]
    fn an_environment_nobody_listed_is_unknown_and_never_harmless() {
        let named = |name: &str| estate().production(&Environment::Named(name.into()));
        assert_eq!(named("prod-eu"), Production::Yes);
        assert_eq!(named("gke_prod"), Production::Yes);
        assert_eq!(named("staging"), Production::No);
        assert_eq!(named("prod-us"), Production::Unknown);
        assert_eq!(estate().production(&Environment::Unknown), Production::Unknown);
        assert_eq!(estate().production(&Environment::Local), Production::No);
    }

    #[test]
    fn a_resource_two_systems_claim_belongs_to_the_one_that_matters_most() {
        let effects = crate::effect::Effects::opaque(crate::effect::ResourceKind::File, "/srv/checkout/a", "test");
        let effect = effects.iter().next().unwrap();
        assert_eq!(
            estate().system_of(effect).map(|(name, system)| (name.to_owned(), system.tier.number())),
            Some(("checkout".into(), 1))
        );
    }

    #[test]
    fn an_unlisted_person_is_never_senior() {
        assert_eq!(estate().seniority(&PersonId::parse("mallory").unwrap()), Seniority::Junior);
        assert_eq!(estate().seniority(&PersonId::parse("carol").unwrap()), Seniority::Senior);
    }

    #[test]
    fn a_tier_is_one_to_four() {
        assert!(Tier::try_from(0).is_err());
        assert!(Tier::try_from(5).is_err());
    }
}
