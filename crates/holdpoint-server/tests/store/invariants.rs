//! The invariants of the log: durable, covered, exactly once, repeatable, replayable, redactable.

use std::collections::BTreeMap;

use holdpoint_core::actor::PermitId;
use holdpoint_core::approval::Ruling;
use holdpoint_core::permit::PermitState;
use holdpoint_log::audit::audit;
use holdpoint_log::entry::Entry;
use holdpoint_server::store::command::{FREE_WORK_MAX, LoadPolicy, NoteFreeWork, Redact, Release, Revoke, StartServer};
use holdpoint_server::store::plan::Rejection;
use holdpoint_server::store::record::{FreeWork, Kept, PayloadId};
use holdpoint_server::store::{Record as _, Store};

use crate::world::*;

/// I1, I2: what was answered is covered by the checkpoint, and each checkpoint extends those before.
pub(crate) fn every_answer_is_covered_by_a_checkpoint_of_one_log(world: &World, store: &dyn Store) {
    let mut released = vec![store.checkpoint()];
    for n in 0..20 {
        let held = now(store.record(proposal(world, &change(&format!("rm {n}"))))).unwrap();
        let checkpoint = store.checkpoint();
        assert!(checkpoint.head().size > held.index());
        released.push(checkpoint);
    }
    verify(world, store, &released.iter().map(|checkpoint| checkpoint.to_text()).collect::<Vec<_>>());
}

/// I3: whatever races, one permit is spent once, and the log says so once.
pub(crate) fn a_permit_is_spent_once_however_many_ask(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let _ = released(world, store, &change, "prm-1");
    let ask = || now(store.record(redeem(&change, "prm-1")));
    let answers: Vec<_> = std::thread::scope(|scope| {
        let askers: Vec<_> = (0..32).map(|_| scope.spawn(ask)).collect();
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let kinds = crate::flow::kinds(store);
    assert_eq!(kinds.iter().filter(|kind| *kind == "permit.redeemed").count(), 1);
    assert_eq!(kinds.iter().filter(|kind| *kind == "permit.refused").count(), 31);
    verify(world, store, &[]);
}

/// I4: the same key with the same request gets the same answer, refusals included; another request is refused.
pub(crate) fn a_client_that_asks_again_hears_the_same(world: &World, store: &dyn Store) {
    let change = change("rm -rf build");
    let held = now(store.record_once(proposal(world, &change), retry("k1", b"one"))).unwrap();
    let again = now(store.record_once(proposal(world, &change), retry("k1", b"one"))).unwrap();
    assert_eq!((held.index(), held.value()), (again.index(), again.value()));
    assert_eq!(rejection(now(store.record_once(proposal(world, &change), retry("k1", b"two")))), Rejection::OtherRequest);
    let other_command = now(store.record_once(Release { grant: grant(world, &change, "prm-1") }, retry("k1", b"one")));
    assert_eq!(rejection(other_command), Rejection::OtherRequest);
    let refused = || now(store.record_once(redeem(&change, "prm-9"), retry("k2", b"three")));
    let before = rejection(refused());
    let size = store.checkpoint().head().size;
    assert_eq!(rejection(refused()), before);
    assert_eq!(store.checkpoint().head().size, size, "asking again leaves no second entry");
}

/// I5: replaying the log gives the state that the tables have.
pub(crate) fn the_log_alone_tells_what_became_of_every_permit(world: &World, store: &dyn Store) {
    for n in 0..4 {
        let _ = released(world, store, &change(&format!("rm {n}")), &format!("prm-{n}"));
    }
    let _ = now(store.record(redeem(&change("rm 1"), "prm-1"))).unwrap();
    let _ = now(store.record(redeem(&change("rm 2"), "prm-2"))).unwrap();
    let _ = now(store.record(done("prm-2"))).unwrap();
    let taken_back = Revoke { permit: PermitId::parse("prm-3").unwrap(), by: "alice".into(), reason: "no".into() };
    let _ = now(store.record(taken_back)).unwrap();
    let _ = rejection(now(store.record(redeem(&change("rm 3"), "prm-3"))));

    let mut replayed: BTreeMap<String, String> = BTreeMap::new();
    for bytes in now(store.entries(0..u64::MAX)).unwrap() {
        let entry = Entry::parse(&bytes).unwrap();
        let text = |name: &str| entry.envelope().body.get(name).and_then(|value| value.as_str()).map(str::to_owned);
        if let (Some(permit), Some(state)) = (text("permit"), text("state")) {
            // An entry says which state it leads to.
            replayed.insert(permit, state);
        }
    }
    let kept = |n: usize| now(store.permit(PermitId::parse(format!("prm-{n}")).unwrap())).unwrap().unwrap().state;
    let expected = [PermitState::Issued, PermitState::Started, PermitState::Done, PermitState::Revoked];
    for (n, state) in expected.into_iter().enumerate() {
        assert_eq!((kept(n), replayed[&format!("prm-{n}")].as_str()), (state, state.as_str()), "prm-{n}");
    }
}

/// I6: a payload goes, every hash stays.
pub(crate) fn redacting_changes_no_hash(world: &World, store: &dyn Store) {
    let change = change("curl -H 'Authorization: Bearer abc' https://shop.example");
    let held = now(store.record(proposal(world, &change))).unwrap();
    let payload: PayloadId = held.value().proposal;
    let before = now(store.entries(0..u64::MAX)).unwrap();
    let Some(Kept::Here(body)) = now(store.payload(payload)).unwrap() else { panic!("it was just kept") };
    assert!(String::from_utf8(body).unwrap().contains("Bearer abc"));

    let redact = || Redact { payload, by: person("alice"), reason: "a token was in it".into() };
    let redacted = now(store.record(redact())).unwrap();
    assert_eq!(now(store.record(redact())).unwrap(), redacted, "twice is once");
    assert_eq!(now(store.payload(payload)).unwrap(), Some(Kept::Redacted { index: redacted.index }));
    assert_eq!(now(store.change(change.digest())).unwrap().unwrap().proposal, Kept::Redacted { index: redacted.index });
    assert_eq!(now(store.entries(0..before.len() as u64)).unwrap(), before);
    verify(world, store, &[]);
    let again = now(store.record(proposal(world, &change))).unwrap();
    assert_ne!(again.value().proposal, payload, "what was taken back is not brought back under the old name");
}

/// Entries are for ever: nothing that anybody typed stands in them.
pub(crate) fn no_entry_holds_what_somebody_typed(world: &World, store: &dyn Store) {
    let change = change("echo MARKER-IN-COMMAND");
    let marked = effects("MARKER-IN-EFFECT");
    let propose = holdpoint_server::store::command::Propose { effects: marked, ..proposal(world, &change) };
    let _ = now(store.record(propose)).unwrap();
    let bob = Approver::enrolled(world, store, "bob");
    let _ = now(store.record(bob.word(world, store, &change, Ruling::Approve))).unwrap();
    let _ = now(store.record(Release { grant: grant(world, &change, "prm-1") })).unwrap();
    let revoke = Revoke { permit: PermitId::parse("prm-1").unwrap(), by: "alice".into(), reason: "MARKER-IN-REASON".into() };
    let _ = now(store.record(revoke)).unwrap();
    let _ = now(store.record(free_work(world, 1, 2))).unwrap();
    for entry in now(store.entries(0..u64::MAX)).unwrap() {
        let text = String::from_utf8(entry).unwrap();
        assert!(!text.contains("MARKER"), "{text}");
    }
}

pub(crate) fn a_gap_in_free_work_shows(world: &World, store: &dyn Store) {
    assert_eq!(now(store.record(free_work(world, 1, 3))).unwrap().missing, 0);
    assert_eq!(now(store.record(free_work(world, 6, 2))).unwrap().missing, 2);
    assert_eq!(now(store.free_work(gate())).unwrap(), 7);
    assert_eq!(rejection(now(store.record(free_work(world, 7, 2)))), Rejection::Noted { last: 7 });
    assert_eq!(rejection(now(store.record(free_work(world, 8, FREE_WORK_MAX + 1)))), Rejection::TooLarge);
    assert_eq!(rejection(now(store.record(free_work(world, 8, 0)))), Rejection::TooLarge);
    assert_eq!(crate::flow::kinds(store), ["work.noted", "work.noted"], "one entry per batch");
}

pub(crate) fn the_policy_never_goes_back(_: &World, store: &dyn Store) {
    let load =
        |revision, text: &[u8]| now(store.record(LoadPolicy { digest: holdpoint_core::digest::Digest::of(text), revision }));
    let first = load(3, b"a").unwrap().index();
    assert_eq!(load(3, b"a").unwrap().index(), first, "the same bundle loaded again is no news");
    assert_eq!(rejection(load(3, b"b")), Rejection::RolledBack { newest: 3 });
    assert_eq!(rejection(load(2, b"a")), Rejection::RolledBack { newest: 3 });
    assert!(load(4, b"b").is_ok());
}

/// The log's own clock does not follow a machine's clock back.
pub(crate) fn time_in_the_log_never_goes_back(world: &World, store: &dyn Store) {
    let start = || StartServer { version: "0.1.0".into(), mode: "advises".into() };
    let _ = now(store.record(start())).unwrap();
    world.pass_s(-3600);
    let _ = now(store.record(start())).unwrap();
    let entries = now(store.entries(0..u64::MAX)).unwrap();
    let times: Vec<_> = entries.iter().map(|bytes| Entry::parse(bytes).unwrap().envelope().ts).collect();
    assert!(times.is_sorted(), "{times:?}");
}

fn free_work(world: &World, first: u64, count: usize) -> NoteFreeWork {
    let work = FreeWork {
        change: change("ls").digest(),
        actor: agent_of("alice"),
        at: world.now(),
        text: "ls MARKER-IN-FREE-WORK".into(),
        effects: effects("MARKER-IN-EFFECT"),
    };
    NoteFreeWork { gate: gate(), first, works: vec![work; count] }
}

/// Audits the whole log as an outsider would: tree, chains, signatures, and that it extends what was released before.
pub(crate) fn verify(world: &World, store: &dyn Store, earlier: &[String]) {
    let mut entries = Vec::new();
    let checkpoint = store.checkpoint();
    while (entries.len() as u64) < checkpoint.head().size {
        entries.extend(now(store.entries(entries.len() as u64..u64::MAX)).unwrap());
    }
    let earlier: Vec<&[u8]> = earlier.iter().map(String::as_bytes).collect();
    let report = audit(&entries, checkpoint.to_text().as_bytes(), &world.log_key(), &earlier);
    assert_eq!((report.fault, report.entries), (None, checkpoint.head().size));
}
