//! What must hold for any bytes that claim to be a file of a bundle.

use std::collections::BTreeSet;

use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::effect::{Effects, ResourceKind};
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::case::{Freezes, Surroundings};
use holdpoint_policy::policies::Files;
use holdpoint_policy::{Case, Policies, bundle, decide};

/// Reading ends and says what is wrong; what loads decides, and names nothing that was not loaded.
pub(crate) fn holds(bytes: &[u8]) {
    for path in ["estate.toml", "more/any.examples.toml"] {
        let report = bundle::validate(&Files::from([(path.to_owned(), bytes.to_vec())]));
        assert!(!report.sound(), "a bundle without guardrails was found sound");
    }
    let Ok(policies) = Policies::load(&Files::from([("overlay/any.cedar".to_owned(), bytes.to_vec())])) else { return };
    let loaded: BTreeSet<_> = policies.guardrails().iter().map(|guardrail| guardrail.id.as_str()).collect();
    let decision = decide(&policies, &case());
    assert!(decision.guardrails().iter().all(|held| loaded.contains(held.id.as_str())));
}

/// A change of which nothing is known.
#[expect(clippy::unwrap_used, reason = "the names are well formed")]
fn case() -> Case {
    let actor = Actor::Agent { id: AgentId::parse("agent").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() };
    let around = Surroundings {
        estate: &Estate::default(),
        freezes: &Freezes::none(),
        gate: Strength::Enforces,
        in_reach: &[],
        waived: &BTreeSet::new(),
    };
    Case::assemble(actor, &Effects::opaque(ResourceKind::Program, "x", "a test"), Dossier::default(), &around)
}
