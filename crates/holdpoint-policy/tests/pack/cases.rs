//! Cases of every shape.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use holdpoint_core::actor::{Actor, AgentId, PersonId, ServiceId, Strength};
use holdpoint_core::decision::{Decision, Need};
use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::estate::{Production, Tier};
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::case::{Placed, Standing};
use holdpoint_policy::{Bundle, Case};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

/// The shipped bundle.
pub static SHIPPED: LazyLock<Bundle> = LazyLock::new(|| Bundle::shipped().unwrap());

pub fn agent() -> Actor {
    Actor::Agent { id: AgentId::parse("claude-code/1").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() }
}

pub fn person() -> Actor {
    Actor::Person { id: PersonId::parse("alice").unwrap() }
}

pub fn service() -> Actor {
    Actor::Service { id: ServiceId::parse("pipeline").unwrap() }
}

pub fn ids(decision: &Decision) -> BTreeSet<String> {
    decision.guardrails().iter().map(|held| held.id.clone()).collect()
}

pub fn actors() -> impl Strategy<Value = Actor> {
    select(vec![agent(), person(), service()])
}

pub fn dossiers() -> impl Strategy<Value = Dossier> {
    let needs = vec![
        Need::Approvals { count: 1 },
        Need::Approvals { count: 2 },
        Need::Confirm,
        Need::Evidence { name: "scan".into() },
        Need::Senior { count: 1 },
    ];
    vec(select(needs), 0..3).prop_map(|needs| Dossier::hypothetical(&needs))
}

prop_compose! {
    pub fn effects()(
        verb in select(Verb::ALL.to_vec()),
        kind in select(ResourceKind::ALL.to_vec()),
        environment in select(vec![Environment::Local, Environment::Named("x".into()), Environment::Unknown]),
        count in option::of(select(vec![0, 1, 50, 51, 100, 101, u64::MAX])),
        unit in select(Unit::ALL.to_vec()),
        reversibility in select(Reversibility::ALL.to_vec()),
        certainty in select(Certainty::ALL.to_vec()),
    ) -> Effect {
        Effect {
            verb,
            resource: Resource { kind, name: "a \"name\"\n\u{202e}".into() },
            environment,
            magnitude: Magnitude { count, unit },
            reversibility,
            certainty,
            summary: String::new(),
            span: None,
            safer: None,
        }
    }
}

prop_compose! {
    pub fn placed()(
        effect in effects(),
        production in select(Production::ALL.to_vec()),
        frozen in any::<bool>(),
        tier in option::of(1_u8..=4),
        domains in btree_set(select(vec!["payment", "pricing", "catalogue"]).prop_map(str::to_owned), 0..2),
    ) -> Placed {
        let standing = Standing {
            environment: effect.environment.to_string(),
            production,
            frozen,
            system: tier.map(|_| "system".to_owned()),
            tier: tier.map(|tier| Tier::try_from(tier).unwrap()),
            domains,
        };
        Placed { effect, standing }
    }
}

prop_compose! {
    pub fn cases(most: usize)(
        actor in actors(),
        effects in vec(placed(), 1..=most),
        dossier in dossiers(),
        waived in btree_set(select(vec!["freeze", "guard", "nothing"]).prop_map(str::to_owned), 0..2),
        gate in select(Strength::ALL.to_vec()),
        reach in select(Production::ALL.to_vec()),
    ) -> Case {
        Case { actor, effects, dossier, waived, gate, reach }
    }
}
