//! What may follow what: from a proposal to what came of it.

use holdpoint_core::actor::PermitId;
use holdpoint_core::approval::Ruling;
use holdpoint_core::change::Artefact;
use holdpoint_core::decision::Decision;
use holdpoint_core::digest::Digest;
use holdpoint_core::permit::PermitState;
use holdpoint_server::store::command::{Ask, EnrolKey, Propose, Redeem, Release, Revoke, RevokeKey, Settle, Sweep};
use holdpoint_server::store::plan::{Rejection, Thing};
use holdpoint_server::store::record::{ActOutcome, ChangeState, Kept};
use holdpoint_server::store::{Record as _, Store};

use crate::world::*;

/// The whole life of one held change.
pub(crate) fn a_held_change_is_released_and_carried_out_once(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let held = now(store.record(proposal(world, &change))).unwrap();
    assert_eq!((held.value().state, held.value().round, held.value().times_proposed), (ChangeState::Held, 1, 1));
    let again = now(store.record(proposal(world, &change))).unwrap();
    assert_eq!((again.value().times_proposed, again.value().proposal), (2, held.value().proposal), "one payload for one text");

    let bob = Approver::enrolled(world, store, "bob");
    let word = now(store.record(bob.word(world, store, &change, Ruling::Approve))).unwrap();
    assert_eq!((word.value().approver.clone(), word.value().ruling), (person("bob"), Ruling::Approve));

    let granted = now(store.record(Release { grant: grant(world, &change, "prm-1") })).unwrap();
    assert_eq!(state(store, &change), ChangeState::Released);
    let redeemed = now(store.record(redeem(&change, "prm-1"))).unwrap();
    assert_eq!(redeemed.value().change, change.digest());
    assert!(redeemed.index() > granted.index());
    assert_eq!(state(store, &change), ChangeState::Spent);
    let settled = now(store.record(done("prm-1"))).unwrap();
    assert_eq!(*settled.value(), PermitState::Done);

    let stored = now(store.change(change.digest())).unwrap().unwrap();
    let Kept::Here(proposal) = stored.proposal else { panic!("nobody took it back") };
    assert_eq!(proposal.artefact, Artefact::Command { text: "rm -rf build".into() });
    let permit = now(store.permit(PermitId::parse("prm-1").unwrap())).unwrap().unwrap();
    assert_eq!(permit.spent.map(|spent| spent.index), Some(redeemed.index()), "I3: the permit names the entry that spent it");
    assert_eq!(now(store.words(change.digest())).unwrap().len(), 1);
}

pub(crate) fn free_work_is_not_a_proposal(world: &World, store: &dyn Store) {
    let allowed = Propose { decision: Decision::Allow, ..proposal(world, &change("ls")) };
    assert_eq!(rejection(now(store.record(allowed))), Rejection::NothingHolds);
}

/// After it was spent, the identical change needs everything anew.
pub(crate) fn what_was_said_of_one_round_does_not_count_in_the_next(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let bob = Approver::enrolled(world, store, "bob");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let _ = now(store.record(bob.word(world, store, &change, Ruling::Approve))).unwrap();
    let _ = now(store.record(Release { grant: grant(world, &change, "prm-1") })).unwrap();
    let _ = now(store.record(redeem(&change, "prm-1"))).unwrap();
    let anew = now(store.record(proposal(world, &change))).unwrap();
    assert_eq!((anew.value().round, anew.value().state, anew.value().spoken.len()), (2, ChangeState::Held, 0));
    assert_eq!(now(store.words(change.digest())).unwrap(), []);
}

pub(crate) fn one_change_has_one_live_permit(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let granted = released(world, store, &change, "prm-1");
    let same = now(store.record(Release { grant: grant(world, &change, "prm-1") })).unwrap();
    assert_eq!(same.index(), granted.index(), "the same grant said twice is one grant");
    let second = now(store.record(Release { grant: grant(world, &change, "prm-2") }));
    assert_eq!(rejection(second), Rejection::AlreadyGranted { permit: PermitId::parse("prm-1").unwrap() });
    world.pass_s(1);
    let other = now(store.record(Release { grant: grant(world, &change, "prm-1") }));
    assert_eq!(rejection(other), Rejection::AlreadyThere { what: Thing::Permit });
}

/// Who asks for what is released for somebody else leaves a trace, and nothing else.
pub(crate) fn asking_takes_nobodys_permit_away(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let granted = released(world, store, &change, "prm-1");
    let other = Propose { requester: agent_of("mallory"), ..proposal(world, &change) };
    let asked = now(store.record(other.clone())).unwrap();
    assert_eq!(asked.value().requester, agent_of("alice"));
    assert!(asked.index() > granted.index());
    assert_eq!(state(store, &change), ChangeState::Released);
    let _ = now(store.record(redeem(&change, "prm-1"))).expect("the permit lives on");
    let anew = now(store.record(other)).unwrap();
    assert_eq!((anew.value().round, anew.value().requester.clone()), (2, agent_of("mallory")), "once it is spent they may ask");
}

pub(crate) fn a_permit_is_good_for_one_change_gate_owner_and_time(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let other = crate::world::change("rm -rf /");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let later = after_s(world.now(), 30);
    let _ =
        now(store
            .record(Release { grant: holdpoint_core::permit::Grant { not_before: later, ..grant(world, &change, "prm-1") } }));

    let good = redeem(&change, "prm-1");
    let why = |redeem: Redeem| rejection(now(store.record(redeem)));
    assert_eq!(why(good.clone()), Rejection::NotYet { not_before: later });
    world.pass_s(31);
    let elsewhere = holdpoint_core::actor::GateId::parse("command").unwrap();
    let unknown = PermitId::parse("prm-9").unwrap();
    assert_eq!(
        why(Redeem { change: other.digest(), ..good.clone() }),
        Rejection::OtherChange { released: change.digest(), seen: other.digest() }
    );
    assert_eq!(why(Redeem { gate: elsewhere, ..good.clone() }), Rejection::OtherGate { gate: gate() });
    assert_eq!(why(Redeem { actor: agent_of("mallory"), ..good.clone() }), Rejection::OtherOwner);
    assert_eq!(
        why(Redeem { actor: holdpoint_core::actor::Actor::Person { id: person("alice") }, ..good.clone() }),
        Rejection::OtherOwner
    );
    assert_eq!(why(Redeem { permit: unknown, ..good.clone() }), Rejection::Unknown { what: Thing::Permit });
    world.pass_s(600);
    assert!(matches!(why(good), Rejection::Expired { what: Thing::Permit, .. }));
    let kinds = kinds(store);
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "permit.refused").count(),
        7,
        "every refused attempt leaves an entry: {kinds:?}"
    );
}

/// A host that lost our answer asks again for the same tool call.
pub(crate) fn only_the_same_tool_call_hears_its_redemption_again(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = released(world, store, &change, "prm-1");
    let call = |name: &str| Redeem { tool_use: Some(name.into()), ..redeem(&change, "prm-1") };
    let first = now(store.record(call("toolu_1"))).unwrap();
    world.pass_s(59);
    let again = now(store.record(call("toolu_1"))).unwrap();
    assert_eq!((again.value(), again.index()), (first.value(), first.index()));
    let used = Rejection::AlreadyUsed { what: Thing::Permit };
    assert_eq!(rejection(now(store.record(call("toolu_2")))), used);
    assert_eq!(rejection(now(store.record(redeem(&change, "prm-1")))), used);
    world.pass_s(2);
    assert_eq!(rejection(now(store.record(call("toolu_1")))), used, "the window is over");
}

pub(crate) fn a_permit_whose_act_did_not_begin_lives_on(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = redeemed(world, store, &change, "prm-1");
    let outcome = ActOutcome::NotStarted { why: "the program was not found".into() };
    let settle = Settle { outcome, ..done("prm-1") };
    assert_eq!(*now(store.record(settle.clone())).unwrap().value(), PermitState::Issued);
    assert_eq!(*now(store.record(settle)).unwrap().value(), PermitState::Issued, "saying it twice is saying it once");
    assert_eq!(state(store, &change), ChangeState::Released);
    let _ = now(store.record(redeem(&change, "prm-1"))).unwrap();
    assert_eq!(*now(store.record(done("prm-1"))).unwrap().value(), PermitState::Done);
    assert_eq!(rejection(now(store.record(redeem(&change, "prm-1")))), Rejection::PermitState { state: PermitState::Done });
}

/// Otherwise an old release would stand beside a new hold.
pub(crate) fn a_permit_of_a_round_that_is_over_does_not_come_back(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = redeemed(world, store, &change, "prm-1");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let outcome = ActOutcome::NotStarted { why: "the program was not found".into() };
    let settled = now(store.record(Settle { outcome, ..done("prm-1") })).unwrap();
    assert_eq!(*settled.value(), PermitState::Revoked);
    assert_eq!(state(store, &change), ChangeState::Held);
}

pub(crate) fn a_rejection_stops_the_change_and_takes_its_permit_back(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = released(world, store, &change, "prm-1");
    let _ = now(store.record(click(world, store, &change, "bob"))).unwrap();
    assert_eq!(state(store, &change), ChangeState::Rejected);
    let refused = rejection(now(store.record(redeem(&change, "prm-1"))));
    assert_eq!(refused, Rejection::PermitState { state: PermitState::Revoked });
    let again = now(store.record(proposal(world, &change))).unwrap();
    assert_eq!(again.value().state, ChangeState::Rejected, "proposing it again does not undo a person's no");
    let granted = now(store.record(Release { grant: grant(world, &change, "prm-2") }));
    assert_eq!(rejection(granted), Rejection::NotHeld { state: ChangeState::Rejected });
}

pub(crate) fn a_change_that_is_held_again_loses_its_permit(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = released(world, store, &change, "prm-1");
    let worse = Propose { effects: effects("/home/alice"), ..proposal(world, &change) };
    assert_eq!(now(store.record(worse)).unwrap().value().state, ChangeState::Held);
    let refused = rejection(now(store.record(redeem(&change, "prm-1"))));
    assert_eq!(refused, Rejection::PermitState { state: PermitState::Revoked });
}

pub(crate) fn a_revoked_permit_lets_its_change_wait_again(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = released(world, store, &change, "prm-1");
    let revoke = Revoke { permit: PermitId::parse("prm-1").unwrap(), by: "freeze".into(), reason: "quarter end".into() };
    assert_eq!(*now(store.record(revoke)).unwrap().value(), PermitState::Revoked);
    assert_eq!(state(store, &change), ChangeState::Held);
    let _ = now(store.record(Release { grant: grant(world, &change, "prm-2") })).unwrap();
    let _ = now(store.record(redeem(&change, "prm-2"))).unwrap();
}

pub(crate) fn a_word_answers_what_was_asked_once_in_time(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let bob = Approver::enrolled(world, store, "bob");
    let asked = |nonce: u8| statement(world, &change, &bob.id, Ruling::Approve, &[nonce; 32]);

    let unasked = bob.sign(world, store, asked(1));
    assert_eq!(rejection(now(store.record(unasked))), Rejection::Unknown { what: Thing::Statement });

    let late = asked(2);
    now(store.record(Ask::new(late.clone()).unwrap())).unwrap();
    let late = bob.sign(world, store, late);
    world.pass_s(301);
    assert!(matches!(rejection(now(store.record(late))), Rejection::Expired { what: Thing::Statement, .. }));

    let word = bob.word(world, store, &change, Ruling::Approve);
    let _ = now(store.record(word.clone())).unwrap();
    assert_eq!(rejection(now(store.record(word))), Rejection::AlreadyUsed { what: Thing::Statement });
    let second = asked(3);
    now(store.record(Ask::new(second.clone()).unwrap())).unwrap();
    let second = bob.sign(world, store, second);
    assert_eq!(rejection(now(store.record(second))), Rejection::AlreadySpoken { person: person("bob") });
}

/// Verified a moment ago, revoked since.
pub(crate) fn a_key_that_was_revoked_meanwhile_does_not_speak(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let bob = Approver::enrolled(world, store, "bob");
    let word = bob.word(world, store, &change, Ruling::Approve);
    let _ = now(store.record(RevokeKey { credential: bob.key.id(), reason: "lost".into() })).unwrap();
    assert_eq!(rejection(now(store.record(word))), Rejection::Revoked);
}

/// The statement was made for another requester's proposal of the identical change.
pub(crate) fn nobody_approves_a_change_that_has_become_their_own(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = now(store.record(proposal(world, &change))).unwrap();
    let bob = Approver::enrolled(world, store, "bob");
    let word = bob.word(world, store, &change, Ruling::Approve);
    let _ = now(store.record(Propose { requester: agent_of("bob"), ..proposal(world, &change) })).unwrap();
    assert_eq!(rejection(now(store.record(word))), Rejection::SelfApproval);
}

pub(crate) fn a_code_is_good_once_for_one_thing_in_time(world: &World, store: &dyn Store) {
    let code = Digest::of(b"bob");
    let _ = now(store.record(mint(world, code, "bob"))).unwrap();
    assert_eq!(rejection(now(store.record(mint(world, code, "bob")))), Rejection::AlreadyThere { what: Thing::Code });
    let enrol = |name: &str, code: Digest| {
        let key = holdpoint_testkit::authenticator::Authenticator::eddsa().unwrap();
        let credential = key.credential(&person(name), PARTY, world.now());
        now(store.record(EnrolKey { credential, label: "laptop".into(), code }))
    };
    assert_eq!(rejection(enrol("mallory", code)), Rejection::OtherPurpose);
    assert_eq!(rejection(enrol("bob", Digest::of(b"guess"))), Rejection::Unknown { what: Thing::Code });
    let _ = enrol("bob", code).unwrap();
    assert_eq!(rejection(enrol("bob", code)), Rejection::AlreadyUsed { what: Thing::Code });
    let late = Digest::of(b"late");
    let _ = now(store.record(mint(world, late, "bob"))).unwrap();
    world.pass_s(601);
    assert!(matches!(rejection(enrol("bob", late)), Rejection::Expired { what: Thing::Code, .. }));
}

pub(crate) fn time_ends_what_nobody_used(world: &World, store: &dyn Store) {
    let (unanswered, unused, unreported) = (change("rm a"), change("rm b"), change("rm c"));
    let _ = now(store.record(proposal(world, &unanswered))).unwrap();
    let _ = released(world, store, &unused, "prm-unused");
    let _ = redeemed(world, store, &unreported, "prm-unreported");
    let early = now(store.record(Sweep { lost_if_begun_before: Some(world.now()) })).unwrap();
    assert_eq!(early, Default::default());
    world.pass_s(3601);
    let swept = now(store.record(Sweep { lost_if_begun_before: Some(world.now()) })).unwrap();
    assert_eq!(swept.changes_expired, [unanswered.digest()]);
    assert_eq!(swept.permits_expired, [PermitId::parse("prm-unused").unwrap()]);
    assert_eq!(swept.permits_lost, [PermitId::parse("prm-unreported").unwrap()]);
    assert_eq!(state(store, &unanswered), ChangeState::Expired);
    assert_eq!(state(store, &unused), ChangeState::Expired);
    let lost = now(store.permit(PermitId::parse("prm-unreported").unwrap())).unwrap().unwrap();
    assert_eq!(lost.state, PermitState::Indeterminate);
    assert_eq!(now(store.record(Sweep { lost_if_begun_before: Some(world.now()) })).unwrap(), Default::default());
}

/// The kinds of all entries, in order.
pub(crate) fn kinds(store: &dyn Store) -> Vec<String> {
    let entries = now(store.entries(0..u64::MAX)).unwrap();
    let kind = |bytes: &Vec<u8>| holdpoint_log::entry::Entry::parse(bytes).unwrap().envelope().kind.to_string();
    entries.iter().map(kind).collect()
}
