//! Who may do what: the whole pack as one text, committed. Its difference is what a reviewer of a policy change reads.
//!
//! After a change that is meant: `HOLDPOINT_ACCEPT=1 cargo test -p holdpoint-policy --test pack matrix`, then read the
//! difference.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use holdpoint_core::actor::{Actor, Strength};
use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::estate::{Production, Tier};
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::case::{Placed, Standing};
use holdpoint_policy::{Case, decide};

use crate::cases::{SHIPPED, agent, person, service};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/output/matrix.out");

#[test]
fn the_committed_matrix_is_what_the_pack_says() {
    #![expect(clippy::disallowed_methods, reason = "the test reads what is committed, and writes it when told to")]
    let now = matrix();
    if std::env::var_os("HOLDPOINT_ACCEPT").is_some() {
        std::fs::write(COMMITTED, &now).unwrap();
    }
    let committed = std::fs::read_to_string(COMMITTED).unwrap();
    let changed = now.lines().zip(committed.lines()).find(|(now, committed)| now != committed);
    assert_eq!(changed, None, "the pack says otherwise (left) than the committed matrix (right)");
    assert_eq!(now.len(), committed.len());
}

#[test]
fn every_verb_and_every_kind_is_in_the_matrix() {
    let text = include_str!("../output/matrix.out");
    let listed: BTreeSet<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    for verb in Verb::ALL {
        assert!(text.contains(&format!("\nagent · {verb}\n")), "{verb}");
    }
    for kind in ResourceKind::ALL {
        assert!(listed.contains(kind.as_str()), "{kind}");
    }
}

#[test]
fn a_service_is_held_like_an_agent() {
    for (verb, (_, place)) in Verb::ALL.into_iter().flat_map(|verb| places().into_iter().map(move |place| (verb, place))) {
        for kind in ResourceKind::ALL {
            assert_eq!(outcome(&service(), verb, kind, &place), outcome(&agent(), verb, kind, &place), "{verb} {kind}");
        }
    }
}

fn matrix() -> String {
    let kinds = ResourceKind::ALL.map(ResourceKind::as_str).join(", ");
    let mut text = format!(
        "Who may do what under the shipped pack. Made by tests/pack/matrix.rs; a service is held like an agent.\n\
         The kinds of things: {kinds}.\n"
    );
    for (name, actor) in [("agent", agent()), ("person", person())] {
        for verb in Verb::ALL {
            writeln!(text, "\n{name} · {verb}").unwrap();
            let mut said: Vec<(String, Vec<&str>)> = Vec::new();
            for (title, place) in places() {
                let outcomes = outcomes(&actor, verb, &place);
                match said.iter_mut().find(|(other, _)| *other == outcomes) {
                    Some((_, titles)) => titles.push(title),
                    None => said.push((outcomes, vec![title])),
                }
            }
            for (outcomes, titles) in said {
                let titles = if titles.len() == places().len() { "everywhere".to_owned() } else { titles.join(" · ") };
                write!(text, "  {titles}\n{outcomes}").unwrap();
            }
        }
    }
    text
}

/// What becomes of each kind of thing there, kinds of one outcome on one line.
fn outcomes(actor: &Actor, verb: Verb, place: &Place) -> String {
    let mut outcomes: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for kind in ResourceKind::ALL {
        outcomes.entry(outcome(actor, verb, kind, place)).or_default().push(kind.as_str());
    }
    let named = |kinds: Vec<&str>| match kinds.len() {
        all if all == ResourceKind::ALL.len() => "everything".to_owned(),
        most if most > ResourceKind::ALL.len() / 2 => "everything else".to_owned(),
        _ => kinds.join(", "),
    };
    outcomes.into_iter().map(|(outcome, kinds)| format!("    {outcome}: {}\n", named(kinds))).collect()
}

fn outcome(actor: &Actor, verb: Verb, kind: ResourceKind, place: &Place) -> String {
    let decision = decide(SHIPPED.policies(), &place.case(actor, verb, kind));
    let ids: Vec<_> = decision.guardrails().iter().map(|held| held.id.as_str()).collect();
    match decision.severity() {
        None => "free".to_owned(),
        Some(severity) => format!("{} {severity} [{}]", decision.as_str(), ids.join(", ")),
    }
}

/// A place of interest: where, what way back there is, how well it is known.
struct Place {
    environment: Environment,
    production: Production,
    reversibility: Reversibility,
    certainty: Certainty,
    tier: Option<u8>,
    frozen: bool,
}

fn places() -> Vec<(&'static str, Place)> {
    let place = |environment: &str, production, reversibility| Place {
        environment: Environment::from(environment.to_owned()),
        production,
        reversibility,
        certainty: Certainty::Exact,
        tier: None,
        frozen: false,
    };
    let (no, unknown, yes) = (Production::No, Production::Unknown, Production::Yes);
    let (lossless, git, lost) = (Reversibility::Lossless, Reversibility::Git, Reversibility::Irreversible);
    vec![
        ("here, loses nothing", place("local", no, lossless)),
        ("here, git has it", place("local", no, git)),
        ("here, for good", place("local", no, lost)),
        ("here, delegated", Place { certainty: Certainty::Delegated, ..place("local", no, lossless) }),
        ("here, unreadable", Place { certainty: Certainty::Opaque, ..place("local", no, lost) }),
        ("staging, loses nothing", place("staging", no, lossless)),
        ("staging, for good", place("staging", no, lost)),
        ("nobody said where, loses nothing", place("unknown", unknown, lossless)),
        ("nobody said where, for good", place("unknown", unknown, lost)),
        ("production, loses nothing", place("production", yes, lossless)),
        ("production, for good", place("production", yes, lost)),
        ("tier-1 production, loses nothing", Place { tier: Some(1), ..place("production", yes, lossless) }),
        ("tier-1 production, for good", Place { tier: Some(1), ..place("production", yes, lost) }),
        ("frozen staging, loses nothing", Place { frozen: true, ..place("staging", no, lossless) }),
    ]
}

impl Place {
    fn case(&self, actor: &Actor, verb: Verb, kind: ResourceKind) -> Case {
        let effect = Effect {
            verb,
            resource: Resource { kind, name: "it".into() },
            environment: self.environment.clone(),
            magnitude: Magnitude::at_most(1, Unit::Items),
            reversibility: self.reversibility,
            certainty: self.certainty,
            summary: String::new(),
            span: None,
            safer: None,
        };
        let standing = Standing {
            environment: self.environment.to_string(),
            production: self.production,
            frozen: self.frozen,
            system: self.tier.map(|_| "it".to_owned()),
            tier: self.tier.map(|tier| Tier::try_from(tier).unwrap()),
            domains: BTreeSet::new(),
        };
        Case {
            actor: actor.clone(),
            effects: vec![Placed { effect, standing }],
            dossier: Dossier::default(),
            waived: BTreeSet::new(),
            gate: Strength::Advises,
            reach: Production::No,
        }
    }
}
