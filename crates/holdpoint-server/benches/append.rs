//! How many durable appends a second, beside a raw file that commits in groups as well: 64 producers, taking turns in one run.
//!
//! Two measures of the store. *Entries*: the command that leaves nothing but an entry (a server's start, with its longest words),
//! against a file with exactly as many bytes. *Commands*: a batch of free work, an entry and a payload of about 1 KiB in all.
//!
//! The store does more than the file for the same bytes: it plans, writes canonical JSON, hashes the tree, commits entry, chain
//! and head in one transaction, and signs a checkpoint before it answers.
//!
//! Beside what came out of a disk that others may be using stands what each writer's thread needed of a processor for an append,
//! system calls included: that depends far less on who else was working. `-- commands=40` or
//! `-- entries=40` writes so many of each producer and nothing else, for a tool that counts instructions.

#![allow(clippy::allow_attributes, clippy::panic, clippy::unwrap_used, reason = "a bench that cannot run says so by panicking")]

use std::fmt;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, GateId, PersonId};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{Effects, ResourceKind};
use holdpoint_server::data_directory::DataDirectory;
use holdpoint_server::keys::InstallationKey;
use holdpoint_server::store::command::{Act, LABEL_MAX_BYTES, NoteFreeWork, StartServer};
use holdpoint_server::store::record::FreeWork;
use holdpoint_server::store::sqlite::SqliteStore;
use holdpoint_server::store::{Record as _, Store as _, Surroundings};
use tokio::sync::{mpsc, oneshot};

const PRODUCERS: usize = 64;
const COMMAND_BYTES: usize = 1024;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

fn main() {
    if let Some(rounds) = argument("entries=") {
        return write_rounds(rounds, |_, _| start());
    }
    if let Some(rounds) = argument("commands=") {
        return write_rounds(rounds, note);
    }
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let _guard = runtime.enter();
    let file = RawFile::open(&directory.path().join("raw"));
    let (bare, whole) = (open(&directory.path().join("bare")), open(&directory.path().join("whole")));
    let _ = runtime.block_on(bare.record(start())).unwrap();
    let entry_bytes = runtime.block_on(bare.entries(0..1)).unwrap().first().map(Vec::len).unwrap();
    let numbers: Arc<Vec<AtomicU64>> = Arc::new((0..PRODUCERS).map(|_| AtomicU64::new(0)).collect());
    let (mut small_files, mut entries, mut large_files, mut commands) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..TURNS {
        small_files.push(runtime.block_on(raw(&file, entry_bytes)));
        let kept = bare.clone();
        entries.push(runtime.block_on(turn("store", move |_| {
            let store = kept.clone();
            async move {
                let _ = store.record(start()).await.unwrap();
            }
        })));
        large_files.push(runtime.block_on(raw(&file, COMMAND_BYTES)));
        let (kept, counted) = (whole.clone(), numbers.clone());
        commands.push(runtime.block_on(turn("store", move |producer| {
            let (store, numbers) = (kept.clone(), counted.clone());
            async move {
                let first = numbers.get(producer).unwrap().fetch_add(1, Ordering::Relaxed) + 1;
                store.record(note(producer, first)).await.unwrap();
            }
        })));
    }
    tell("entries", entry_bytes, &Pace::median(small_files), &Pace::median(entries));
    tell("commands", COMMAND_BYTES, &Pace::median(large_files), &Pace::median(commands));
}

fn argument(name: &str) -> Option<u64> {
    std::env::args().find_map(|argument| argument.strip_prefix(name)?.parse().ok())
}

/// Writes so many commands of each producer.
fn write_rounds<A: Act>(rounds: u64, act: impl Fn(usize, u64) -> A) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let store = open(directory.path());
    for first in 1..=rounds {
        let commits: Vec<_> = (0..PRODUCERS).map(|producer| store.record(act(producer, first))).collect();
        for commit in commits {
            let _ = runtime.block_on(commit).unwrap();
        }
    }
    println!("{} commands", rounds * PRODUCERS as u64);
}

fn tell(what: &str, bytes: usize, file: &Pace, store: &Pace) {
    let ratio = store.appends_per_s / file.appends_per_s;
    println!("raw file, group commit, {bytes:>4} bytes  {file}");
    println!("store (SQLite), {what:<12}       {store}   ratio {ratio:.2}");
}

/// How fast appends came through, and what they cost.
struct Pace {
    appends_per_s: f64,
    writer_us: f64,
}

impl Pace {
    /// The median of each figure by itself.
    fn median(turns: Vec<Self>) -> Self {
        let figure = |of: fn(&Self) -> f64| {
            let mut values: Vec<f64> = turns.iter().map(of).collect();
            values.sort_by(f64::total_cmp);
            values.get(values.len() / 2).copied().unwrap()
        };
        Self { appends_per_s: figure(|turn| turn.appends_per_s), writer_us: figure(|turn| turn.writer_us) }
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>9.0} appends/s  {:>6.1} µs of a processor each", self.appends_per_s, self.writer_us)
    }
}

/// How long all threads of this name have run so far (the first field of `schedstat`, in nanoseconds: the kernel's `sched-stats.rst`).
fn processor_time(thread: &str) -> Duration {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|task| task.unwrap().path());
    let named = tasks.filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim_end() == thread));
    let ran = |task: PathBuf| {
        std::fs::read_to_string(task.join("schedstat")).unwrap().split(' ').next().unwrap().parse::<u64>().unwrap()
    };
    Duration::from_nanos(named.map(ran).sum())
}

/// Appends so many bytes at a time to the file.
async fn raw(file: &RawFile, bytes: usize) -> Pace {
    let file = file.clone();
    turn(RawFile::THREAD, move |_| {
        let file = file.clone();
        async move { file.append(vec![b'x'; bytes]).await }
    })
    .await
}

/// Lets every producer append for a while, one at a time each, and asks what the threads that write needed for it.
async fn turn<F, T>(writers: &str, append: F) -> Pace
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = ()> + Send,
{
    let ran_before = processor_time(writers);
    let began = Instant::now();
    let mut producers = tokio::task::JoinSet::new();
    for producer in 0..PRODUCERS {
        let append = append.clone();
        producers.spawn(async move {
            let mut count = 0_u32;
            while began.elapsed() < TURN {
                append(producer).await;
                count += 1;
            }
            count
        });
    }
    let count: u32 = producers.join_all().await.into_iter().sum();
    let appends_per_s = f64::from(count) / began.elapsed().as_secs_f64();
    let ran = processor_time(writers) - ran_before;
    Pace { appends_per_s, writer_us: ran.as_secs_f64() * 1e6 / f64::from(count) }
}

fn open(path: &Path) -> Arc<SqliteStore> {
    let directory = Arc::new(DataDirectory::open(path).unwrap());
    let key = Arc::new(InstallationKey::open(&directory).unwrap());
    let surroundings = Surroundings {
        clock: Arc::new(Timestamp::now),
        signer: Arc::new(key.log_signer().unwrap()),
        fatal: Arc::new(|why| panic!("{why}")),
    };
    Arc::new(SqliteStore::open(directory, surroundings).unwrap())
}

/// The command that leaves an entry and nothing else, as long as it can be.
fn start() -> StartServer {
    StartServer { version: "x".repeat(LABEL_MAX_BYTES), mode: "y".repeat(LABEL_MAX_BYTES) }
}

/// One act whose payload has about as many bytes as the file's entries.
fn note(producer: usize, first: u64) -> NoteFreeWork {
    let work = FreeWork {
        change: Digest::of(&first.to_be_bytes()),
        actor: Actor::Agent { id: AgentId::parse("claude-code_1").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() },
        at: Timestamp::UNIX_EPOCH,
        text: "x".repeat(COMMAND_BYTES / 2),
        effects: Effects::opaque(ResourceKind::Program, "bench", "nothing"),
    };
    NoteFreeWork { gate: GateId::parse(format!("gate-{producer}")).unwrap(), first, works: vec![work] }
}

/// A file with one writer that takes what waits, writes it, and syncs once.
#[derive(Clone)]
struct RawFile(mpsc::Sender<(Vec<u8>, oneshot::Sender<()>)>);

impl RawFile {
    const THREAD: &str = "raw file";

    fn open(path: &Path) -> Self {
        let mut file = File::create(path).unwrap();
        let (queue, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(1024);
        let write = move || {
            let mut batch = Vec::new();
            while waiting.blocking_recv_many(&mut batch, 256) > 0 {
                let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                for (_, done) in batch.drain(..) {
                    let _ = done.send(());
                }
            }
        };
        std::thread::Builder::new().name(Self::THREAD.to_owned()).spawn(write).unwrap();
        Self(queue)
    }

    async fn append(&self, bytes: Vec<u8>) {
        let (done, heard) = oneshot::channel();
        self.0.send((bytes, done)).await.unwrap();
        heard.await.unwrap();
    }
}
