//! What a store does after something went wrong: with a commit, with a disk, with whoever copies files.

use std::fs;
use std::sync::Arc;

use holdpoint_server::data_directory::{self, DataDirectory};
use holdpoint_server::store::memory::{Disk, Faults, MemoryStore};
use holdpoint_server::store::record::ChangeState;
use holdpoint_server::store::sqlite::{OpenError, SqliteStore};
use holdpoint_server::store::{CommitError, Record as _, Store};

use crate::world::*;

fn open(world: &World, path: &std::path::Path) -> Result<SqliteStore, OpenError> {
    SqliteStore::open(Arc::new(DataDirectory::open(path).unwrap()), world.surroundings())
}

/// The lie first: the commit is said to have failed, and was kept.
#[test]
fn a_commit_that_failed_but_was_kept_is_found_under_its_key() {
    let (world, disk, faults) = (World::new(), Disk::default(), Faults::default());
    let store = MemoryStore::open(&disk, &faults, world.surroundings()).unwrap();
    let change = change("rm -rf build");
    let _ = released(&world, &store, &change, "prm-1");
    faults.then_fail_but_persist();
    let asked = now(store.record_once(redeem(&change, "prm-1"), retry("k", b"redeem")));
    assert_eq!(asked.map(|_| ()), Err(CommitError::OutcomeUnknown));
    assert_eq!(now(store.record(proposal(&world, &change))).map(|_| ()), Err(CommitError::Stopped));
    drop(store);
    assert_eq!(world.fatal().len(), 1, "the process is told to end");

    let next = MemoryStore::open(&disk, &faults, world.surroundings()).unwrap();
    let again = now(next.record_once(redeem(&change, "prm-1"), retry("k", b"redeem"))).unwrap();
    assert_eq!(again.value().change, change.digest());
    let spent = rejection(now(next.record(redeem(&change, "prm-1"))));
    assert_eq!(spent.as_str(), "already-used");
    crate::invariants::verify(&world, &next, &[]);
}

#[test]
fn a_commit_that_failed_happens_when_it_is_asked_again() {
    let (world, disk, faults) = (World::new(), Disk::default(), Faults::default());
    let store = MemoryStore::open(&disk, &faults, world.surroundings()).unwrap();
    let before = store.checkpoint();
    faults.then_fail();
    let change = change("rm -rf build");
    assert_eq!(now(store.record(proposal(&world, &change))).map(|_| ()), Err(CommitError::OutcomeUnknown));
    assert_eq!(store.checkpoint(), before, "nothing was released for it");
    drop(store);
    let next = MemoryStore::open(&disk, &faults, world.surroundings()).unwrap();
    assert_eq!(now(next.change(change.digest())).unwrap(), None);
    assert_eq!(now(next.record(proposal(&world, &change))).unwrap().value().times_proposed, 1);
}

#[test]
fn nothing_is_said_while_a_commit_hangs() {
    let (world, disk, faults) = (World::new(), Disk::default(), Faults::default());
    let store = MemoryStore::open(&disk, &faults, world.surroundings()).unwrap();
    let stalled = faults.then_stall();
    let change = change("rm -rf build");
    let mut held =
        store.commit(holdpoint_server::store::command::Submission { command: proposal(&world, &change).into(), retry: None });
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(held.as_mut().poll(&mut context).is_pending());
    assert_eq!(store.checkpoint().head().size, 0);
    drop(stalled);
    assert!(now(held).is_ok());
    assert_eq!(store.checkpoint().head().size, 1);
}

#[test]
fn two_stores_never_write_in_one_directory() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = open(&world, &path).unwrap();
    assert!(matches!(DataDirectory::open(&path), Err(data_directory::Error::Held { .. })));
    drop(store);
    assert!(open(&world, &path).is_ok());
}

#[test]
fn a_database_put_back_from_a_backup_is_not_gone_on_with() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = open(&world, &path).unwrap();
    let _ = now(store.record(proposal(&world, &change("rm 1")))).unwrap();
    drop(store);
    let backup = fs::read(path.join("holdpoint.db")).unwrap();
    let store = open(&world, &path).unwrap();
    let _ = now(store.record(proposal(&world, &change("rm 2")))).unwrap();
    drop(store);
    fs::write(path.join("holdpoint.db"), backup).unwrap();
    let refused = open(&world, &path).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Behind { size: 1, released: 2 }), "{refused}");
}

#[test]
fn a_database_with_another_history_is_not_gone_on_with() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let (path, other) = (scratch.path().join("data"), scratch.path().join("other"));
    for (path, text) in [(&path, "rm 1"), (&other, "rm 2")] {
        let store = open(&world, path).unwrap();
        let _ = now(store.record(proposal(&world, &change(text)))).unwrap();
    }
    fs::copy(other.join("holdpoint.db"), path.join("holdpoint.db")).unwrap();
    let refused = open(&world, &path).map(drop).unwrap_err();
    assert!(matches!(refused, OpenError::Forked { released: 1 }), "{refused}");
}

#[test]
fn a_log_without_what_it_released_is_not_gone_on_with() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = open(&world, &path).unwrap();
    let _ = now(store.record(proposal(&world, &change("rm 1")))).unwrap();
    drop(store);
    fs::remove_file(path.join("released-checkpoint")).unwrap();
    assert!(matches!(open(&world, &path).map(drop), Err(OpenError::Guard { .. })));
    fs::write(path.join("released-checkpoint"), "nonsense").unwrap();
    assert!(matches!(open(&world, &path).map(drop), Err(OpenError::Guard { .. })));
}

#[test]
fn an_entry_that_was_changed_in_the_database_is_noticed() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = open(&world, &path).unwrap();
    let _ = now(store.record(proposal(&world, &change("rm 1")))).unwrap();
    drop(store);
    let database = rusqlite::Connection::open(path.join("holdpoint.db")).unwrap();
    database.execute("UPDATE log_entry SET leaf = zeroblob(32) WHERE idx = 0", []).unwrap();
    drop(database);
    assert!(matches!(open(&world, &path).map(drop), Err(OpenError::Damaged { .. })));
}

/// Past a full tile, the right edge comes from tiles and leaves of two levels.
#[test]
fn a_log_of_many_tiles_opens_again_as_it_was() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = open(&world, &path).unwrap();
    let held = (0..600).map(|n| store.record(proposal(&world, &change(&format!("rm {n}")))));
    let held: Vec<_> = held.collect();
    now(async {
        for held in held {
            let _ = held.await.unwrap();
        }
    });
    let released = store.checkpoint().to_text();
    drop(store);
    let store = open(&world, &path).unwrap();
    assert_eq!(store.checkpoint().to_text(), released);
    assert_eq!(state(&store, &change("rm 599")), ChangeState::Held);
    let _ = now(store.record(proposal(&world, &change("one more")))).unwrap();
    crate::invariants::verify(&world, &store, &[released]);
}

#[test]
fn a_key_of_another_name_does_not_go_on_with_a_log() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    drop(open(&world, &path).unwrap());
    let other = holdpoint_log::note::Ed25519Signer::from_seed("log.example/other".parse().unwrap(), &[7; 32]).unwrap();
    let surroundings = holdpoint_server::store::Surroundings { signer: Arc::new(other), ..world.surroundings() };
    let refused = SqliteStore::open(Arc::new(DataDirectory::open(&path).unwrap()), surroundings).map(drop);
    assert!(matches!(refused, Err(OpenError::OtherOrigin { .. })));
}
