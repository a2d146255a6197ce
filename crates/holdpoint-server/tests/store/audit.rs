//! Lies in a database: each is made in a real file, and the audit names it.

use std::fs;
use std::path::Path;

use holdpoint_core::approval::Ruling;
use holdpoint_core::digest::Digest;
use holdpoint_server::data_directory::DataDirectory;
use holdpoint_server::store::command::{LoadPolicy, NoteFreeWork, OpenSession, Redact, Redeem, Release, Revoke, Settle};
use holdpoint_server::store::record::{ActOutcome, FreeWork};
use holdpoint_server::store::sqlite::SqliteStore;
use holdpoint_server::store::sqlite::audit::{Payloads, Report, audit};
use holdpoint_server::store::{Record as _, Store};
use rusqlite::Connection;

use crate::world::*;

/// A database that nobody has touched is what its log says.
pub(crate) fn holds(world: &World, path: &Path) {
    let report = audit(path, &world.log_key(), &[]).unwrap();
    assert!(report.holds() && report.rows.is_some(), "{report:#?}");
}

/// An installation with one of everything.
struct Installation {
    world: World,
    scratch: tempfile::TempDir,
    checkpoint: String,
}

impl Installation {
    fn new() -> Self {
        let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
        let directory = DataDirectory::open(&scratch.path().join("data")).unwrap();
        let store = SqliteStore::open(directory.into(), world.surroundings()).unwrap();
        live(&world, &store);
        let checkpoint = store.checkpoint().to_text();
        drop(store);
        Self { world, scratch, checkpoint }
    }

    /// What the audit of a copy says in which somebody has done this.
    fn after(&self, lie: &str) -> Vec<String> {
        let copy = self.scratch.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        fs::create_dir(&copy).unwrap();
        for file in fs::read_dir(self.scratch.path().join("data")).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        let database = Connection::open(copy.join("holdpoint.db")).unwrap();
        database.execute_batch(lie).unwrap();
        drop(database);
        faults(&audit(&copy, &self.world.log_key(), &[]).unwrap())
    }
}

fn faults(report: &Report) -> Vec<String> {
    let log = report.log.fault.iter().map(ToString::to_string);
    log.chain(report.faults.named().iter().map(ToString::to_string)).collect()
}

/// Changes in every state, words, permits, a redaction, a session, free work, a policy: 298 entries in all.
fn live(world: &World, store: &dyn Store) {
    let bob = Approver::enrolled(world, store, "bob");
    let _ = now(store.record(LoadPolicy { digest: policy(), revision: 3 })).unwrap();
    let session = OpenSession {
        session: holdpoint_core::actor::AgentId::parse("claude-code/1").unwrap(),
        agent: "claude-code".into(),
        on_behalf_of: person("alice"),
        secret: Digest::of(b"secret"),
        code: None,
    };
    let _ = now(store.record(session)).unwrap();
    let done_change = change("rm done");
    let _ = now(store.record(proposal(world, &done_change))).unwrap();
    let _ = now(store.record(bob.word(world, store, &done_change, Ruling::Approve))).unwrap();
    let _ = now(store.record(Release { grant: grant(world, &done_change, "prm-done") })).unwrap();
    let redeem = Redeem { tool_use: Some("toolu_1".into()), ..redeem(&done_change, "prm-done") };
    let _ = now(store.record(redeem)).unwrap();
    let _ = now(store.record(done("prm-done"))).unwrap();
    let _ = redeemed(world, store, &change("rm lost"), "prm-lost");
    let outcome = ActOutcome::Indeterminate { why: "the host went away".into() };
    let _ = now(store.record(Settle { outcome, ..done("prm-lost") })).unwrap();
    let _ = released(world, store, &change("rm back"), "prm-back");
    let taken = Revoke { permit: done("prm-back").permit, by: "alice".into(), reason: "no".into() };
    let _ = now(store.record(taken)).unwrap();
    let held = now(store.record(proposal(world, &change("curl -H token")))).unwrap();
    let payload = held.value().proposal;
    now(store.record(Redact { payload, by: person("alice"), reason: "a token".into() })).unwrap();
    for first in 1..=280 {
        let work = FreeWork {
            change: change("ls").digest(),
            actor: agent_of("alice"),
            at: world.now(),
            text: "ls".into(),
            effects: effects("ls"),
        };
        now(store.record(NoteFreeWork { gate: gate(), first, works: vec![work] })).unwrap();
    }
}

#[test]
fn a_database_that_nobody_touched_holds_and_is_counted() {
    let installation = Installation::new();
    let path = installation.scratch.path().join("data");
    let report = audit(&path, &installation.world.log_key(), &[installation.checkpoint.as_bytes()]).unwrap();
    assert!(report.holds(), "{:#?}", faults(&report));
    assert_eq!((report.log.entries, report.log.earlier), (298, 1));
    assert_eq!(report.payloads, Payloads { kept: 294, redacted: 1 });
}

#[test]
fn every_lie_in_a_database_is_named() {
    let installation = Installation::new();
    let held = change("curl -H token").digest().to_string();
    let done = change("rm done").digest().to_string();
    let state = |state: &str| {
        format!("UPDATE change SET state = '{state}', doc = json_set(doc, '$.state', '{state}') WHERE digest = '{done}';")
    };
    let lies: Vec<(String, &[&str])> = vec![
        // Payloads.
        ("UPDATE payload SET body = CAST('no' AS BLOB) WHERE body = CAST('a token' AS BLOB);".into(), &["is not what the log committed to"]),
        ("UPDATE payload SET salt = zeroblob(32) WHERE body = CAST('a token' AS BLOB);".into(), &["is not what the log committed to"]),
        ("DELETE FROM payload WHERE body = CAST('a token' AS BLOB);".into(), &["is gone, and no entry says that it was redacted"]),
        (
            "UPDATE payload SET salt = NULL, body = NULL, redacted_idx = 7 WHERE body = CAST('a token' AS BLOB);".into(),
            &["is marked as redacted, and no entry says so"],
        ),
        ("DELETE FROM payload WHERE salt IS NULL;".into(), &["was redacted by entry 17, and its row says something else"]),
        (
            "INSERT INTO payload (id, salt, body) VALUES ('hmac-sha256:' || lower(hex(zeroblob(32))), zeroblob(32), x'00');".into(),
            &["is in no entry"],
        ),
        ("INSERT INTO payload (id, salt, body) VALUES ('mine', zeroblob(32), x'00');".into(), &["no payload can have: `mine`"]),
        // Changes.
        (format!("DELETE FROM change WHERE digest = '{done}';"), &["change sha256:", "it is not there"]),
        (state("held"), &["`state` is held, the log says spent"]),
        (
            format!("UPDATE change SET doc = json_set(doc, '$.decision.guardrails', json('[]')) WHERE digest = '{held}';"),
            &["the log says something else for `decision`"],
        ),
        (
            format!("UPDATE change SET doc = json_set(doc, '$.spoken', json('{{\"bob\":\"approve\"}}')) WHERE digest = '{held}';"),
            &["the log says something else for `spoken`"],
        ),
        (format!("UPDATE change SET waits_until = 9 WHERE digest = '{held}';"), &["`waits_until` is 9, the log says"]),
        (format!("UPDATE change SET doc = 'x' WHERE digest = '{held}';"), &["its record is no record"]),
        // Permits.
        (
            "UPDATE permit SET state = 'issued', spent_at = NULL, spent_idx = NULL,
             doc = json_set(doc, '$.state', 'issued', '$.spent', NULL, '$.settled', NULL) WHERE id = 'prm-done';".into(),
            &["permit prm-done: `state` is issued, the log says done"],
        ),
        (
            "UPDATE permit SET doc = json_set(doc, '$.grant.not_after', '2030-01-01T00:00:00Z') WHERE id = 'prm-back';".into(),
            &["permit prm-back: in its record the log says something else for `grant`"],
        ),
        (
            "INSERT INTO permit SELECT 'prm-mine', change, 'issued', not_after, idx, NULL, NULL, doc FROM permit WHERE id = 'prm-back';".into(),
            &["permit prm-mine: it is there, and no entry of the log speaks of it"],
        ),
        ("UPDATE permit SET doc = json_set(doc, '$.spent.tool_use', 'other') WHERE id = 'prm-done';".into(), &["`spent`"]),
        ("UPDATE permit SET doc = json_set(doc, '$.settled.outcome.why', 'other') WHERE id = 'prm-lost';".into(), &["`settled`"]),
        // Words, keys, codes, sessions, gates, policy, chains.
        (
            format!("INSERT INTO word SELECT 9999, '{held}', round, doc FROM word;"),
            &["word 9999: it is there, and no entry of the log speaks of it"],
        ),
        ("DELETE FROM word;".into(), &["word 5: the log speaks of it, and it is not there"]),
        ("UPDATE word SET doc = json_set(doc, '$.assurance', 'P2');".into(), &["word 5: in its record"]),
        (
            "UPDATE credential SET doc = json_set(doc, '$.credential.person', 'mallory');".into(),
            &["the log says something else for `credential`"],
        ),
        ("UPDATE credential SET doc = json_set(doc, '$.label', 'mine');".into(), &["the log says something else for `label`"]),
        ("DELETE FROM credential;".into(), &["credential ", "it is not there"]),
        ("UPDATE code SET doc = json_set(doc, '$.used_at', NULL);".into(), &["the log says something else for `used_at`"]),
        ("DELETE FROM code;".into(), &["code code:sha256:", "it is not there"]),
        (
            format!("UPDATE session SET doc = json_set(doc, '$.secret', '{}');", Digest::of(b"mine")),
            &["session claude-code/1: in its record the log says something else for `secret`"],
        ),
        ("UPDATE gate SET last = 5;".into(), &["gate claude-code: `last` is 5, the log says 280"]),
        ("UPDATE policy SET doc = json_set(doc, '$.revision', 2);".into(), &["policy 1: in its record"]),
        ("UPDATE policy SET doc = '{\"revision\":99,' || substr(doc, 2);".into(), &["a name stands in it twice"]),
        ("UPDATE chain SET seq = 1 WHERE subject = 'gate:claude-code';".into(), &["`seq` is 1, the log says 280"]),
        // The log itself, and what stands beside it.
        ("UPDATE log_entry SET kind = 'work.noted' WHERE idx = 3;".into(), &["entry 3: the column `kind` beside it"]),
        ("UPDATE log_entry SET subject = 'x' WHERE idx = 3;".into(), &["entry 3: the column `subject` beside it"]),
        ("UPDATE log_entry SET leaf = zeroblob(32) WHERE idx = 3;".into(), &["entry 3: the column `leaf` beside it"]),
        (
            "UPDATE log_entry SET body = CAST(replace(body, 'agent:claude-code/alice', 'agent:claude-code/carol') AS BLOB) WHERE idx = 4;".into(),
            &["entries have root"],
        ),
        ("DELETE FROM log_entry WHERE idx = 297;".into(), &["there are 297 entries, the checkpoint covers 298"]),
        ("UPDATE tile SET data = zeroblob(8192);".into(), &["the stored `tile/0/000` does not hold the hashes"]),
        ("DELETE FROM tile;".into(), &["the stored `tile/0/000`"]),
        ("INSERT INTO tile VALUES (1, 0, zeroblob(8192));".into(), &["2 tiles are stored, the entries fill 1"]),
        ("UPDATE log_head SET size = 297;".into(), &["`log_head` is not the head of these entries"]),
        // What would lie later.
        (
            "CREATE TRIGGER t AFTER UPDATE ON permit BEGIN UPDATE permit SET state = 'issued'; END;".into(),
            &["sqlite_schema t: it is there"],
        ),
        ("DROP INDEX word_by_change;".into(), &["sqlite_schema word_by_change", "it is not there"]),
    ];
    for (lie, expected) in lies {
        let faults = installation.after(&lie).join("\n");
        for expected in expected {
            assert!(faults.contains(expected), "{lie}\nis expected to be told as `{expected}`, not as\n{faults}");
        }
    }
}

/// Whoever adds to the end of the log without its key cannot have it signed unseen.
#[test]
fn an_entry_behind_the_signed_ones_is_named_before_it_is_signed() {
    let installation = Installation::new();
    let before = installation.checkpoint.clone();
    let data = installation.scratch.path().join("data");
    let guard = fs::read(data.join("released-checkpoint")).unwrap();
    let store = SqliteStore::open(DataDirectory::open(&data).unwrap().into(), installation.world.surroundings()).unwrap();
    let _ = now(store.record(proposal(&installation.world, &change("rm late")))).unwrap();
    drop(store);
    // As a crash leaves it between the commit and the signature, or somebody who writes to the file.
    let slot = guard.chunks(2048).find(|slot| slot.starts_with(before.as_bytes())).unwrap();
    fs::write(data.join("released-checkpoint"), slot).unwrap();
    let report = audit(&data, &installation.world.log_key(), &[]).unwrap();
    let faults = faults(&report);
    assert_eq!(faults.len(), 1, "{faults:#?}");
    assert!(faults[0].starts_with("entry 298 is not signed"), "{faults:#?}");
    fs::write(data.join("released-checkpoint"), "nonsense").unwrap();
    let report = audit(&data, &installation.world.log_key(), &[]).unwrap();
    assert!(!report.holds() && report.rows.is_none(), "{report:#?}");
}

/// What was redacted cannot be compared any more; what is left of it still is.
#[test]
fn a_database_whose_every_payload_was_redacted_still_holds() {
    let installation = Installation::new();
    let data = installation.scratch.path().join("data");
    let store = SqliteStore::open(DataDirectory::open(&data).unwrap().into(), installation.world.surroundings()).unwrap();
    let database = Connection::open(data.join("holdpoint.db")).unwrap();
    let mut statement = database.prepare("SELECT id FROM payload WHERE body IS NOT NULL LIMIT 20").unwrap();
    let ids: Vec<String> = statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    for id in ids {
        let payload = id.try_into().unwrap();
        now(store.record(Redact { payload, by: person("alice"), reason: "all of it".into() })).unwrap();
    }
    holds(&installation.world, &data);
}

/// Beside a server that is writing, the audit reads one moment, and the checkpoint it takes covers that.
#[test]
fn an_audit_beside_a_busy_writer_holds() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = SqliteStore::open(DataDirectory::open(&path).unwrap().into(), world.surroundings()).unwrap();
    std::thread::scope(|scope| {
        let (world, store) = (&world, &store);
        let writer = scope.spawn(move || {
            for n in 0..200 {
                let _ = redeemed(world, store, &change(&format!("rm {n}")), &format!("prm-{n}"));
            }
        });
        while !writer.is_finished() {
            holds(world, &path);
        }
        writer.join().unwrap();
    });
    holds(&world, &path);
}

/// A refused command keeps nothing that no entry names: the audit would call it strange.
#[test]
fn a_refused_command_leaves_no_payload() {
    let (world, scratch) = (World::new(), tempfile::tempdir().unwrap());
    let path = scratch.path().join("data");
    let store = SqliteStore::open(DataDirectory::open(&path).unwrap().into(), world.surroundings()).unwrap();
    let _ = released(&world, &store, &change("rm 1"), "prm-1");
    let by = Revoke { permit: done("prm-1").permit, by: "not a name".into(), reason: "no".into() };
    assert!(now(store.record(by)).is_err());
    let _ = now(store.record(proposal(&world, &change("rm 2")))).unwrap();
    holds(&world, &path);
}
