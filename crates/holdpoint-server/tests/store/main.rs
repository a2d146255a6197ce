//! One suite of questions, put to every backend.
#![cfg(test)]

mod audit;
mod flow;
mod invariants;
mod recovery;
mod world;

use std::sync::Arc;

use holdpoint_server::data_directory::DataDirectory;
use holdpoint_server::store::Store;
use holdpoint_server::store::memory::{Disk, Faults, MemoryStore};
use holdpoint_server::store::sqlite::SqliteStore;
use world::World;

/// A place where a store keeps what must outlive it.
trait Place {
    fn new() -> Self;
    fn open(&self, world: &World) -> Box<dyn Store>;
    /// Compares all that is kept with what the log says of it, where there is a file to read it from.
    fn audit(&self, _: &World) {}
}

struct InMemory(Disk);

impl Place for InMemory {
    fn new() -> Self {
        Self(Disk::default())
    }

    fn open(&self, world: &World) -> Box<dyn Store> {
        Box::new(MemoryStore::open(&self.0, &Faults::default(), world.surroundings()).unwrap())
    }
}

struct InSqlite(tempfile::TempDir);

impl Place for InSqlite {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn open(&self, world: &World) -> Box<dyn Store> {
        let directory = DataDirectory::open(&self.0.path().join("data")).unwrap();
        Box::new(SqliteStore::open(Arc::new(directory), world.surroundings()).unwrap())
    }

    fn audit(&self, world: &World) {
        audit::holds(world, &self.0.path().join("data"));
    }
}

/// Puts a question to a store, then opens the same place again: all that was said is still there.
fn ask<P: Place>(question: fn(&World, &dyn Store)) {
    let (world, place) = (World::new(), P::new());
    let store = place.open(&world);
    question(&world, store.as_ref());
    let released = store.checkpoint().to_text();
    drop(store);
    let reopened = place.open(&world);
    assert_eq!(reopened.checkpoint().to_text(), released);
    invariants::verify(&world, reopened.as_ref(), &[released]);
    place.audit(&world);
    assert_eq!(world.fatal(), []);
}

macro_rules! suite {
    ($backend:ident: $place:ty; $($module:ident::$question:ident),* $(,)?) => {
        mod $backend {
            use super::*;
            $(#[test] fn $question() { ask::<$place>($module::$question); })*
        }
    };
}

macro_rules! suites {
    ($($backend:ident: $place:ty),*) => {
        $(suite! { $backend: $place;
            flow::a_change_that_is_held_again_loses_its_permit,
            flow::a_code_is_good_once_for_one_thing_in_time,
            flow::a_held_change_is_released_and_carried_out_once,
            flow::a_key_that_was_revoked_meanwhile_does_not_speak,
            flow::a_permit_is_good_for_one_change_gate_owner_and_time,
            flow::a_permit_of_a_round_that_is_over_does_not_come_back,
            flow::a_permit_whose_act_did_not_begin_lives_on,
            flow::a_rejection_stops_the_change_and_takes_its_permit_back,
            flow::a_revoked_permit_lets_its_change_wait_again,
            flow::a_word_answers_what_was_asked_once_in_time,
            flow::asking_takes_nobodys_permit_away,
            flow::free_work_is_not_a_proposal,
            flow::nobody_approves_a_change_that_has_become_their_own,
            flow::one_change_has_one_live_permit,
            flow::only_the_same_tool_call_hears_its_redemption_again,
            flow::time_ends_what_nobody_used,
            flow::what_was_said_of_one_round_does_not_count_in_the_next,
            invariants::a_client_that_asks_again_hears_the_same,
            invariants::a_gap_in_free_work_shows,
            invariants::a_permit_is_spent_once_however_many_ask,
            invariants::every_answer_is_covered_by_a_checkpoint_of_one_log,
            invariants::no_entry_holds_what_somebody_typed,
            invariants::redacting_changes_no_hash,
            invariants::the_log_alone_tells_what_became_of_every_permit,
            invariants::the_policy_never_goes_back,
            invariants::time_in_the_log_never_goes_back,
        })*
    };
}

suites! { memory: InMemory, sqlite: InSqlite }
