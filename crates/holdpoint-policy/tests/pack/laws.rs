//! What must be true of any policies, shown on the shipped ones.

use holdpoint_core::decision::Decision;
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::explain::what_would_release;
use holdpoint_policy::policies::Files;
use holdpoint_policy::{Bundle, Case, decide, shipped};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::cases::{SHIPPED, cases, ids};

/// A further guardrail, of a random shape.
fn guardrails() -> impl Strategy<Value = String> {
    let scopes = vec![
        "principal, action, resource",
        "principal is Agent, action == Action::\"read\", resource",
        "principal, action in [Action::\"delete\", Action::\"stop\"], resource",
    ];
    let conditions = vec![
        "",
        "when { context.local }",
        "when { context has count && context.count + 1 > 50 }",
        "when { context.kind == ResourceKind::\"file\" } unless { resource.dossier.approvals >= 1 }",
        "unless { principal is Person }",
        "when { context.recovery >= 2 } when { context.gate == Strength::\"advises\" }",
    ];
    (select(scopes), select(conditions), any::<bool>()).prop_map(|(scope, condition, needs)| {
        let needs = if needs { "@needs(\"confirm\")" } else { "" };
        format!(
            "@id(\"more\") @reason(\"r\") @remedy(\"m\") @source(\"s\") @severity(\"low\") {needs} forbid ({scope}) {condition};"
        )
    })
}

proptest! {
    // Each of these loads the pack anew.
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_further_guardrail_never_widens(text in guardrails(), cases in vec(cases(3), 8)) {
        let overlay = Files::from([("overlay/more.cedar".to_owned(), text.into_bytes())]);
        let more = SHIPPED.overlaid(&overlay).unwrap();
        for case in cases {
            let (before, after) = (decide(SHIPPED.policies(), &case), decide(more.policies(), &case));
            prop_assert!(ids(&before).is_subset(&ids(&after)));
            prop_assert!(after.needs().is_superset(&before.needs()));
            prop_assert!(weight(&before) <= weight(&after));
        }
    }

    #[test]
    fn cases_that_were_written_down_are_decided_the_same(cases in vec(cases(4), 8)) {
        let again = Bundle::shipped().unwrap();
        prop_assert_eq!(again.digest(), SHIPPED.digest());
        for case in cases {
            let read: Case = serde_json::from_slice(&serde_json::to_vec(&case).unwrap()).unwrap();
            prop_assert_eq!(&read, &case);
            let bytes = |bundle: &Bundle, case: &Case| serde_json::to_vec(&decide(bundle.policies(), case)).unwrap();
            prop_assert_eq!(bytes(&SHIPPED, &case), bytes(&again, &read));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_effects_decides_nothing(case in cases(6), turn in 0_usize..6) {
        let mut turned = case.clone();
        turned.effects.rotate_left(turn % case.effects.len());
        let (one, other) = (decide(SHIPPED.policies(), &case), decide(SHIPPED.policies(), &turned));
        prop_assert_eq!(one.as_str(), other.as_str());
        prop_assert_eq!(ids(&one), ids(&other));
    }

    #[test]
    fn a_change_is_held_by_what_holds_its_effects(case in cases(4)) {
        let together = decide(SHIPPED.policies(), &case);
        for (index, placed) in case.effects.iter().enumerate() {
            let alone = decide(SHIPPED.policies(), &Case { effects: vec![placed.clone()], ..case.clone() });
            let named = together.guardrails().iter().filter(|held| held.effects.contains(&index)).map(|held| held.id.clone());
            prop_assert_eq!(ids(&alone), named.collect());
        }
    }

    #[test]
    fn more_approval_never_holds_more(case in cases(3)) {
        let nothing = decide(SHIPPED.policies(), &case.with(Dossier::default()));
        prop_assert!(ids(&decide(SHIPPED.policies(), &case)).is_subset(&ids(&nothing)));
    }

    #[test]
    fn what_is_said_to_release_it_releases_it(case in cases(4)) {
        let held = decide(SHIPPED.policies(), &case.with(Dossier::default()));
        let release = what_would_release(&held).expect("no guardrail of the shipped pack refuses for good");
        prop_assert_eq!(decide(SHIPPED.policies(), &case.with(Dossier::hypothetical(&release))), Decision::Allow);
    }
}

fn weight(decision: &Decision) -> u8 {
    match decision {
        Decision::Allow => 0,
        Decision::Hold { .. } => 1,
        Decision::Refuse { .. } => 2,
    }
}

#[test]
fn a_written_case_with_an_unknown_field_is_not_decided() {
    let mut case = serde_json::to_value(proptest::strategy::ValueTree::current(
        &cases(1).new_tree(&mut proptest::test_runner::TestRunner::deterministic()).unwrap(),
    ))
    .unwrap();
    assert!(serde_json::from_value::<Case>(case.clone()).is_ok());
    case["hurry"] = true.into();
    assert!(serde_json::from_value::<Case>(case).is_err());
}

#[test]
fn the_digest_covers_every_byte() {
    let mut files = shipped::files();
    files.get_mut("default/git.cedar").unwrap().push(b'\n');
    assert_ne!(Bundle::unsigned(&files).unwrap().digest(), SHIPPED.digest());
}
