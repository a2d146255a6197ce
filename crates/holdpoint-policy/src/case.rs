//! What is decided about: everything a decision rests on besides the policies, and nothing else.
//!
//! A case can be written down and decided again later; with the same policies the answer is the same.

use std::collections::BTreeSet;

use holdpoint_core::actor::{Actor, Strength};
use holdpoint_core::change::Setting;
use holdpoint_core::effect::{Effect, Effects, Environment};
use holdpoint_core::estate::{Estate, Production, Tier};
use holdpoint_core::question::{Answer, Answers, Question};
use holdpoint_core::quorum::Dossier;
use serde::{Deserialize, Serialize};

/// One proposal, with all the facts that policies may ask for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Who proposed it.
    pub actor: Actor,
    /// What it would do, and where each effect stands. An empty list, or one longer than [`Effects::MAX`], is refused.
    pub effects: Vec<Placed>,
    /// What people and checks have brought forward for it.
    pub dossier: Dossier,
    /// Guardrails that a signed, dated waiver lifts for it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub waived: BTreeSet<String>,
    /// What the gate can do about a change that goes around it.
    pub gate: Strength,
    /// The gravest environment that a variable, context or profile in reach of the change points to.
    pub reach: Production,
}

/// One effect and where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placed {
    /// The effect.
    pub effect: Effect,
    /// What the estate says about the place.
    pub standing: Standing,
}

/// What the estate, the freezes of the moment and nothing else say about the place of an effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The environment's name in the estate; as the artefact gives it where the estate has none.
    pub environment: String,
    /// Whether it is production.
    pub production: Production,
    /// Whether changes are frozen there.
    pub frozen: bool,
    /// The system the effect touches, where the estate names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system: Option<String>,
    /// That system's tier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<Tier>,
    /// That system's business domains.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub domains: BTreeSet<String>,
}

/// What surrounds a change: the same for all its effects.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// The estate in force.
    pub estate: &'a Estate,
    /// What is frozen now, besides what the estate itself says.
    pub freezes: &'a Freezes,
    /// What the gate can do.
    pub gate: Strength,
    /// The environments that variables, contexts and profiles in reach of the change point to.
    pub in_reach: &'a [Environment],
    /// The guardrails waived for this change.
    pub waived: &'a BTreeSet<String>,
}

/// The variables that point whatever runs at an environment.
const POINTING_VARIABLES: [&str; 7] =
    ["AWS_PROFILE", "CLOUDSDK_ACTIVE_CONFIG_NAME", "DOCKER_CONTEXT", "DOCKER_HOST", "PGHOST", "PGSERVICE", "TF_WORKSPACE"];

/// The environments that whatever runs could reach through its variables and contexts.
pub fn environments_in_reach(setting: &Setting, answers: &Answers) -> Vec<Environment> {
    let variables = POINTING_VARIABLES.iter().filter_map(|name| setting.variables.get(*name).cloned());
    let contexts = answers.iter().filter_map(|(question, answer)| match (question, answer) {
        (Question::KubernetesContext | Question::TerraformWorkspace { .. }, Answer::Name { name }) => name.clone(),
        _ => None,
    });
    let named: BTreeSet<String> = variables.chain(contexts).collect();
    named.into_iter().map(Environment::from).collect()
}

/// What is frozen at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Freezes {
    /// These environments, by name or alias.
    Environments(BTreeSet<String>),
    /// The whole estate.
    Everything,
}

impl Freezes {
    /// Nothing is frozen.
    pub const fn none() -> Self {
        Self::Environments(BTreeSet::new())
    }

    fn covers(&self, name: &str, aliases: &BTreeSet<String>) -> bool {
        match self {
            Self::Everything => true,
            Self::Environments(frozen) => frozen.contains(name) || aliases.iter().any(|alias| frozen.contains(alias)),
        }
    }
}

impl Default for Freezes {
    fn default() -> Self {
        Self::none()
    }
}

impl Case {
    /// Puts a case together from what the reader found and what surrounds it.
    pub fn assemble(actor: Actor, effects: &Effects, dossier: Dossier, around: &Surroundings<'_>) -> Self {
        let place = |effect: &Effect| Placed { effect: effect.clone(), standing: Standing::of(effect, around) };
        let reach = around.in_reach.iter().map(|environment| around.estate.production(environment)).max();
        Self {
            actor,
            effects: effects.iter().map(place).collect(),
            dossier,
            waived: around.waived.clone(),
            gate: around.gate,
            reach: reach.unwrap_or(Production::No),
        }
    }

    /// The same case with another dossier: what would be decided then?
    #[must_use]
    pub fn with(&self, dossier: Dossier) -> Self {
        Self { dossier, ..self.clone() }
    }
}

impl Standing {
    /// Derives where an effect stands.
    pub fn of(effect: &Effect, around: &Surroundings<'_>) -> Self {
        let entry = around.estate.environment(&effect.environment);
        let system = around.estate.system_of(effect);
        Self {
            environment: entry.map_or_else(|| effect.environment.to_string(), |(name, _)| name.to_owned()),
            production: around.estate.production(&effect.environment),
            frozen: frozen(&effect.environment, around),
            system: system.map(|(name, _)| name.to_owned()),
            tier: system.map(|(_, system)| system.tier),
            domains: system.map(|(_, system)| system.domains.clone()).unwrap_or_default(),
        }
    }
}

/// An effect that may happen anywhere happens where changes are frozen, if production is frozen anywhere.
fn frozen(environment: &Environment, around: &Surroundings<'_>) -> bool {
    match (around.estate.environment(environment), environment) {
        (Some((name, entry)), _) => entry.frozen || around.freezes.covers(name, &entry.aliases),
        (None, Environment::Local) => false,
        (None, Environment::Named(name)) if around.freezes.covers(name, &BTreeSet::new()) => true,
        (None, _) => {
            let mut known = around.estate.environments.iter().filter(|(_, entry)| entry.production);
            *around.freezes == Freezes::Everything
                || known.any(|(name, entry)| entry.frozen || around.freezes.covers(name, &entry.aliases))
        }
    }
}
