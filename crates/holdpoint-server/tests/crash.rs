//! The process is killed wherever it is, again and again, on one data directory.
//!
//! The test starts itself as a child. The child opens the store and lets many producers hold, release, redeem and settle
//! changes; after each acknowledgement it writes one line to its standard output. The parent reads a seeded number of lines and
//! kills the child with SIGKILL, then opens the store itself and looks: everything acknowledged is there, no permit was spent
//! twice, the log verifies, and every checkpoint ever seen is borne out by it.
//!
//! `HOLDPOINT_KILLS` says how often (500 unless told; the soak says 10000), `HOLDPOINT_SEED` from which seed.
#![cfg(test)]

#[path = "store/world.rs"]
#[expect(dead_code, reason = "the suite of the store uses the rest of it")]
mod world;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use holdpoint_core::Timestamp;
use holdpoint_core::actor::PermitId;
use holdpoint_core::permit::PermitState;
use holdpoint_log::audit::audit;
use holdpoint_log::entry::Entry;
use holdpoint_server::data_directory::DataDirectory;
use holdpoint_server::store::command::Release;
use holdpoint_server::store::sqlite::SqliteStore;
use holdpoint_server::store::{Record as _, Store};
use world::*;

const CHILD: &str = "HOLDPOINT_CRASH_CHILD";
const LIMIT: &str = "HOLDPOINT_CRASH_FILE_LIMIT";
const CHILD_ARGUMENTS: [&str; 4] = ["--exact", "whatever_was_acknowledged_survives_kill_9", "--nocapture", "--test-threads=1"];
const PRODUCERS: u64 = 16;

#[test]
fn whatever_was_acknowledged_survives_kill_9() {
    if let Some(directory) = std::env::var_os(CHILD) {
        return be_the_child(Path::new(&directory));
    }
    let kills = number("HOLDPOINT_KILLS", 500);
    let mut random = Random(number("HOLDPOINT_SEED", 1));
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    let mut seen = Seen::default();
    for kill in 0..kills {
        let lines = 1 + random.next() % 60;
        run_and_kill(&path, lines, &mut seen);
        // Looking at everything each time would take the time that the next kills need.
        if kill % 50 == 49 || kill + 1 == kills {
            verify(&path, &seen, kill + 1);
        }
    }
    println!("{kills} kills, {} permits acknowledged as spent, {} checkpoints seen", seen.spent.len(), seen.checkpoints.len());
}

/// Files may not grow past a limit: every write after that fails, as on a full disk.
#[test]
fn a_full_disk_stops_the_store_with_a_message_and_loses_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("data");
    let mut seen = Seen::default();
    run_and_kill(&path, 20, &mut seen);
    // Ignored signals stay ignored in a program that is started: without this, the first write past the limit would kill it.
    let mut limited = Command::new("sh");
    limited.args(["-c", "trap '' XFSZ; exec \"$@\"", "sh"]).arg(std::env::current_exe().unwrap()).args(CHILD_ARGUMENTS);
    let output = limited.env(CHILD, &path).env(LIMIT, "300000").output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("the store has stopped: writing the database"), "{told}");
    assert_eq!(output.status.code(), Some(FULL), "{told}");
    String::from_utf8(output.stdout).unwrap().lines().for_each(|line| seen.note(line));
    verify(&path, &seen, 1);
    run_and_kill(&path, 20, &mut seen);
    verify(&path, &seen, 2);
}

/// The status of a child that ended because its store did.
const FULL: i32 = 74;

fn child(path: &Path) -> Command {
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(CHILD_ARGUMENTS);
    child.env(CHILD, path);
    child
}

fn run_and_kill(path: &Path, lines: u64, seen: &mut Seen) {
    let mut child = child(path).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut acknowledged = 0;
    while acknowledged < lines {
        let Some(line) = said.next() else {
            let output = child.wait_with_output().unwrap();
            panic!("the child ended by itself: {}", String::from_utf8_lossy(&output.stderr));
        };
        acknowledged += u64::from(line.starts_with("ack "));
        seen.note(&line);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What it said before it died counts as said.
    said.for_each(|line| seen.note(&line));
}

/// What the children have acknowledged.
#[derive(Default)]
struct Seen {
    held: Vec<String>,
    spent: BTreeMap<String, u64>,
    checkpoints: Vec<String>,
}

impl Seen {
    /// Takes in one line. A line that was cut short by the kill was not said; what is not ours is the test harness.
    fn note(&mut self, line: &str) {
        let Some(line) = line.strip_suffix(" .") else { return };
        match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["ack", "held", change] => self.held.push((*change).to_owned()),
            ["ack", "redeemed", permit, index] => {
                let before = self.spent.insert((*permit).to_owned(), index.parse().unwrap());
                assert_eq!(before, None, "{permit} was acknowledged as spent twice");
            }
            ["checkpoint", note] => self.checkpoints.push(note.replace('|', "\n").replace('~', " ")),
            _ => {}
        }
    }
}

fn verify(path: &Path, seen: &Seen, kills: u64) {
    let world = World::new();
    let store = open(path, &world);
    let mut entries = Vec::new();
    let size = store.checkpoint().head().size;
    while (entries.len() as u64) < size {
        entries.extend(now(store.entries(entries.len() as u64..u64::MAX)).unwrap());
    }
    let earlier: Vec<&[u8]> = seen.checkpoints.iter().map(String::as_bytes).collect();
    let report = audit(&entries, store.checkpoint().to_text().as_bytes(), &world.log_key(), &earlier);
    assert_eq!((report.fault, report.entries), (None, size), "after {kills} kills");

    let mut spent_in_log: BTreeMap<String, u64> = BTreeMap::new();
    for (bytes, index) in entries.iter().zip(0..) {
        let entry = Entry::parse(bytes).unwrap();
        if entry.envelope().kind.as_str() == "permit.redeemed" {
            let permit = entry.envelope().body["permit"].as_str().unwrap().to_owned();
            assert_eq!(spent_in_log.insert(permit, index), None, "a permit was spent twice");
        }
    }
    for (permit, index) in &seen.spent {
        assert_eq!(spent_in_log.get(permit), Some(index), "{permit} was acknowledged");
        let kept = now(store.permit(PermitId::parse(permit.clone()).unwrap())).unwrap().unwrap();
        assert!(matches!(kept.state, PermitState::Started | PermitState::Done), "{permit}");
        assert_eq!(kept.spent.map(|spent| spent.index), Some(*index));
    }
    for change in &seen.held {
        assert!(now(store.change(change.parse().unwrap())).unwrap().is_some(), "{change} was acknowledged");
    }
}

fn open(path: &Path, world: &World) -> SqliteStore {
    SqliteStore::open(Arc::new(DataDirectory::open(path).unwrap()), world.surroundings()).unwrap()
}

/// Works until it is killed or its store stops.
fn be_the_child(path: &Path) {
    if let Ok(limit) = std::env::var(LIMIT) {
        limit_file_size(limit.parse().unwrap());
    }
    let world = World::new();
    let mut surroundings = world.surroundings();
    surroundings.clock = Arc::new(Timestamp::now);
    surroundings.fatal = Arc::new(|fatal| {
        eprintln!("{fatal}");
        std::process::exit(FULL);
    });
    let directory = Arc::new(DataDirectory::open(path).unwrap());
    let store = match SqliteStore::open(directory, surroundings) {
        Ok(store) => store,
        Err(error) => panic!("{error}"),
    };
    let begun = store.checkpoint().head().size;
    std::thread::scope(|scope| {
        for producer in 0..PRODUCERS {
            let store = &store;
            scope.spawn(move || produce(store, begun, producer));
        }
    });
}

fn produce(store: &dyn Store, begun: u64, producer: u64) {
    let clock = World::new();
    clock.follow(Timestamp::now());
    for n in 0_u64.. {
        let name = format!("{begun}-{producer}-{n}");
        let (change, permit) = (change(&format!("rm {name}")), format!("prm-{name}"));
        let Ok(held) = now(store.record(proposal(&clock, &change))) else { return };
        say(store, &format!("ack held {}", held.value().change));
        let Ok(_) = now(store.record(Release { grant: grant(&clock, &change, &permit) })) else { return };
        // Two gates ask at once; one is refused.
        let (first, second) = (store.record(redeem(&change, &permit)), store.record(redeem(&change, &permit)));
        for redeemed in [now(first), now(second)].into_iter().flatten() {
            say(store, &format!("ack redeemed {permit} {}", redeemed.index()));
        }
        if n % 2 == 0 {
            let _ = now(store.record(done(&permit)));
        }
    }
}

/// Acknowledges: one line in one write, so that a kill leaves it whole or recognisably cut.
fn say(store: &dyn Store, what: &str) {
    let checkpoint = store.checkpoint().to_text().replace(' ', "~").replace('\n', "|");
    let _ = std::io::stdout().lock().write_all(format!("checkpoint {checkpoint} .\n{what} .\n").as_bytes());
}

fn limit_file_size(bytes: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    setrlimit(Resource::Fsize, Rlimit { current: Some(bytes), maximum: Some(bytes) }).unwrap();
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().map_or(otherwise, |text| text.parse().unwrap())
}

/// Marsaglia's xorshift64: what is killed when can be had again from the seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}
