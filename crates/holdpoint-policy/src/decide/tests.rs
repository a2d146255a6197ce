//! The ways in which Cedar lets things through by failing, and the small print of a union.
//!
//! Each of the first four shows what the bare authorizer would have answered beside what `decide` answers.

use super::*;
use crate::case::{Placed, Standing};
use crate::files::Files;
use crate::language::Language;
use cedar_policy::{Authorizer, Context, Entities, PolicySet, Request};
use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::decision::Need;
use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::estate::Production;
use holdpoint_core::quorum::Dossier;
use std::collections::BTreeSet;

fn effect(verb: Verb, kind: ResourceKind) -> Placed {
    Placed {
        effect: Effect {
            verb,
            resource: Resource { kind, name: "x".into() },
            environment: Environment::Local,
            magnitude: Magnitude::at_most(1, Unit::Items),
            reversibility: Reversibility::Irreversible,
            certainty: Certainty::Exact,
            summary: String::new(),
            span: None,
            safer: None,
        },
        standing: Standing {
            environment: "local".into(),
            production: Production::No,
            frozen: false,
            system: None,
            tier: None,
            domains: Default::default(),
        },
    }
}

fn case(effects: Vec<Placed>) -> Case {
    let actor = Actor::Agent { id: AgentId::parse("claude-code/1").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() };
    Case {
        actor,
        effects,
        dossier: Dossier::default(),
        waived: Default::default(),
        gate: Strength::Advises,
        reach: Production::No,
    }
}

fn guardrail(id: &str, needs: &str, rest: &str) -> String {
    format!("@id(\"{id}\") @reason(\"r\") @remedy(\"m\") @source(\"s\") @severity(\"low\") {needs} {rest}\n")
}

fn policies(text: &str) -> Policies {
    Policies::load(&Files::from([("test/a.cedar".to_owned(), text.as_bytes().to_vec())])).unwrap()
}

fn ids(decision: &Decision) -> Vec<(&str, &[usize])> {
    decision.guardrails().iter().map(|held| (held.id.as_str(), held.effects.as_slice())).collect()
}

/// What Cedar itself says to the first effect, without any of our precautions.
fn bare(policies: &Policies, scene: &Scene<'_>, case: &Case, entities: &Entities) -> Answer {
    policies.ask(case.effects[0].effect.verb, &scene.request(&case.effects[0]).unwrap(), entities).decision()
}

fn words() -> &'static Language {
    language().unwrap()
}

#[test]
fn a_guardrail_that_errs_refuses_instead_of_being_skipped() {
    let overflow = "forbid (principal, action, resource) when { context.recovery + 9223372036854775807 > 0 };";
    let policies = policies(&guardrail("too-much", "@needs(\"confirm\")", overflow));
    let case = case(vec![effect(Verb::Delete, ResourceKind::File)]);
    let scene = Scene::set(words(), &case).unwrap();
    assert_eq!(bare(&policies, &scene, &case, scene.entities()), Answer::Allow, "Cedar skips it");
    let decision = decide(&policies, &case);
    assert_eq!((decision.as_str(), ids(&decision)), ("refuse", vec![("too-much", &[0][..])]));
}

#[test]
fn a_missing_entity_refuses_instead_of_being_false() {
    let rule = "forbid (principal, action in Action::\"any\", resource);";
    let case = case(vec![effect(Verb::Delete, ResourceKind::File)]);
    let whole = Scene::set(words(), &case).unwrap();
    // No request of this case can reach the verbs that it does not have.
    let others: Vec<_> = words().verbs.iter().filter(|(verb, _)| **verb != Verb::Delete).map(|(_, uid)| uid.clone()).collect();
    for gone in whole.entities().iter().map(cedar_policy::Entity::uid).filter(|uid| !others.contains(uid)) {
        let rest = whole.entities().iter().filter(|entity| entity.uid() != gone).cloned();
        let entities = Entities::from_entities(rest, None).unwrap();
        let scene = Scene::complete(words(), &case, whole.principal().clone(), whole.change().clone(), entities);
        assert!(matches!(scene, Err(Unreadable::Missing(uid)) if uid == gone), "{gone} is missing and nobody noticed");
    }
    // What that check prevents: with the action's group gone from the entities, a rule scoped by it no longer holds.
    let open = PolicySet::from_policies([
        "permit (principal, action, resource);".parse::<cedar_policy::Policy>().unwrap().new_id("a".parse().unwrap()),
        rule.parse::<cedar_policy::Policy>().unwrap().new_id("b".parse().unwrap()),
    ])
    .unwrap();
    let request = whole.request(&case.effects[0]).unwrap();
    let answer = Authorizer::new().is_authorized(&request, &open, &Entities::empty());
    assert_eq!((answer.decision(), answer.diagnostics().errors().count()), (Answer::Allow, 0), "`in` is false, silently");
}

#[test]
fn guardrails_scoped_to_other_verbs_would_have_said_nothing() {
    let scopes = [
        "action",
        "action == Action::\"delete\"",
        "action in Action::\"any\"",
        "action in [Action::\"any\"]",
        "action in [Action::\"delete\", Action::\"read\"]",
        "action in Action::\"stop\"",
    ];
    let rule = |(at, scope): (usize, &&str)| {
        let errs = "context.recovery + 9223372036854775807 > 0";
        let holds = guardrail(&format!("holds-{at}"), "", &format!("forbid (principal, {scope}, resource);"));
        holds + &guardrail(&format!("errs-{at}"), "", &format!("forbid (principal, {scope}, resource) when {{ {errs} }};"))
    };
    let made = policies(&scopes.iter().enumerate().map(rule).collect::<String>());
    let shipped = crate::Bundle::shipped().unwrap();
    for policies in [&made, shipped.policies()] {
        for (verb, kind) in Verb::ALL.into_iter().flat_map(|verb| ResourceKind::ALL.map(|kind| (verb, kind))) {
            let case = case(vec![effect(verb, kind)]);
            let scene = Scene::set(words(), &case).unwrap();
            let request = scene.request(&case.effects[0]).unwrap();
            let said = |response: Response| {
                let reasons: BTreeSet<String> = response.diagnostics().reason().map(ToString::to_string).collect();
                let errors: BTreeSet<String> = response.diagnostics().errors().map(ToString::to_string).collect();
                (response.decision(), reasons, errors)
            };
            let whole = said(policies.ask_all(&request, scene.entities()));
            assert_eq!(said(policies.ask(verb, &request, scene.entities())), whole, "{verb} {kind}");
        }
    }
}

#[test]
fn entities_without_the_schema_refuse_everything() {
    let rule = "forbid (principal, action in Action::\"any\", resource);";
    let policies = policies(&guardrail("everything", "", rule));
    let case = case(vec![effect(Verb::Delete, ResourceKind::File)]);
    let scene = Scene::set(words(), &case).unwrap();
    let actions: Vec<_> = words().verbs.values().cloned().collect();
    let others = scene.entities().iter().filter(|entity| !actions.contains(&entity.uid())).cloned();
    let bare_actions = actions.iter().cloned().map(cedar_policy::Entity::with_uid);
    let without = Entities::from_entities(others.chain(bare_actions), None).unwrap();
    let response = policies.ask(Verb::Delete, &scene.request(&case.effects[0]).unwrap(), &without);
    assert_eq!(response.diagnostics().reason().count(), 0, "no guardrail scoped by the group holds any more");
    // The permission is scoped by the group as well, so it goes with them, and a denial without a reason is refused.
    let mut verdicts = Verdicts { policies: &policies, holdings: BTreeMap::new() };
    assert!(matches!(verdicts.hear(0, &response), Err(Unreadable::NoPermission)));
    assert_eq!(ids(&decide(&policies, &case)), [("everything", &[0][..])], "with the one constructor it holds");
}

#[test]
fn a_type_error_is_refused_at_load_instead_of_skipping_the_rule() {
    let rule = "forbid (principal, action, resource) when { context.name in [\"rm -rf /\"] };";
    let text = guardrail("no-force", "", rule);
    let raw: PolicySet = format!("permit (principal, action, resource); {text}").parse().unwrap();
    let case = case(vec![effect(Verb::Delete, ResourceKind::File)]);
    let scene = Scene::set(words(), &case).unwrap();
    let request = scene.request(&case.effects[0]).unwrap();
    assert_eq!(Authorizer::new().is_authorized(&request, &raw, scene.entities()).decision(), Answer::Allow, "Cedar skips it");
    let report = Policies::load(&Files::from([("test/a.cedar".to_owned(), text.into_bytes())])).unwrap_err();
    assert!(report.problems.iter().any(|problem| problem.guardrail.as_deref() == Some("no-force")), "{report}");
}

#[test]
fn a_warning_is_refused_at_load() {
    let text = guardrail("never", "", "forbid (principal is Person, action, resource) when { principal is Agent };");
    let report = Policies::load(&Files::from([("test/a.cedar".to_owned(), text.into_bytes())])).unwrap_err();
    assert_eq!(report.problems.len(), 1, "{report}");
}

#[test]
fn a_context_that_does_not_fit_is_not_asked_about() {
    let scene_case = case(vec![effect(Verb::Delete, ResourceKind::File)]);
    let scene = Scene::set(words(), &scene_case).unwrap();
    let action = words().verbs[&Verb::Delete].clone();
    let schema = Some(&words().schema);
    let request = Request::new(scene.principal().clone(), action, scene.change().clone(), Context::empty(), schema);
    assert!(request.is_err());
}

#[test]
fn no_effects_or_too_many_refuse() {
    let policies = policies("");
    for effects in [vec![], vec![effect(Verb::Read, ResourceKind::File); Effects::MAX + 1]] {
        let decision = decide(&policies, &case(effects));
        assert_eq!(decision.as_str(), "refuse");
        assert_eq!(decision.guardrails()[0].id, UNREADABLE_FACTS);
    }
    assert_eq!(decide(&policies, &case(vec![effect(Verb::Read, ResourceKind::File); Effects::MAX])), Decision::Allow);
}

#[test]
fn a_count_beyond_what_cedar_can_hold_stays_large() {
    let rule = "forbid (principal, action, resource) when { context has count && context.count > 100 };";
    let policies = policies(&guardrail("many", "@needs(\"confirm\")", rule));
    let mut placed = effect(Verb::Delete, ResourceKind::Table);
    placed.effect.magnitude = Magnitude::at_most(u64::MAX, Unit::Rows);
    assert_eq!(ids(&decide(&policies, &case(vec![placed]))), [("many", &[0][..])]);
}

#[test]
fn a_guardrail_holds_a_change_once_and_names_its_effects() {
    let deletes = guardrail("deletes", "@needs(\"confirm\")", "forbid (principal, action == Action::\"delete\", resource);");
    let files = "forbid (principal, action, resource) when { context.kind == ResourceKind::\"file\" };";
    let policies = policies(&format!("{deletes}{}", guardrail("files", "@needs(\"confirm\")", files)));
    let effects = vec![
        effect(Verb::Delete, ResourceKind::File),
        effect(Verb::Read, ResourceKind::Host),
        effect(Verb::Delete, ResourceKind::Table),
    ];
    let decision = decide(&policies, &case(effects));
    assert_eq!(ids(&decision), [("deletes", &[0, 2][..]), ("files", &[0][..])]);
    assert_eq!(decision.needs().into_iter().collect::<Vec<_>>(), [Need::Confirm]);
}

#[test]
fn a_guardrail_that_errs_for_one_effect_refuses_the_change() {
    let rule = "forbid (principal, action, resource) when { context has count && context.count + 9223372036854775800 > 0 };";
    let policies = policies(&guardrail("sum", "@needs(\"confirm\")", rule));
    let small = effect(Verb::Delete, ResourceKind::File);
    let mut large = small.clone();
    large.effect.magnitude = Magnitude::at_most(100, Unit::Files);
    assert_eq!(decide(&policies, &case(vec![small.clone()])).as_str(), "hold");
    let decision = decide(&policies, &case(vec![small, large]));
    assert_eq!((decision.as_str(), ids(&decision)), ("refuse", vec![("sum", &[0, 1][..])]));
}
