//! How many durable appends a second, beside a raw file that commits in groups as well: 64 producers, taking turns in one run.
//!
//! Two measures of the store. *Entries*: the command that leaves nothing but an entry (a server's start, with its longest words),
//! against a file with exactly as many bytes. *Commands*: a batch of free work, an entry and a payload of about 1 KiB in all.
//!
//! The store does more than the file for the same bytes: it plans, writes canonical JSON, hashes the tree, commits entry, chain
//! and head in one transaction, and signs a checkpoint before it answers.

#![allow(clippy::allow_attributes, clippy::panic, clippy::unwrap_used, reason = "a bench that cannot run says so by panicking")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use holdpoint_core::Timestamp;
use holdpoint_core::actor::{Actor, AgentId, GateId, PersonId};
use holdpoint_core::digest::Digest;
use holdpoint_core::effect::{Effects, ResourceKind};
use holdpoint_server::data_directory::DataDirectory;
use holdpoint_server::keys::InstallationKey;
use holdpoint_server::store::command::{LABEL_MAX_BYTES, NoteFreeWork, StartServer};
use holdpoint_server::store::record::FreeWork;
use holdpoint_server::store::sqlite::SqliteStore;
use holdpoint_server::store::{Record as _, Store as _, Surroundings};
use tokio::sync::{mpsc, oneshot};

const PRODUCERS: usize = 64;
const COMMAND_BYTES: usize = 1024;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

fn main() {
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
        entries.push(runtime.block_on(turn(move |_| {
            let store = kept.clone();
            async move {
                let _ = store.record(start()).await.unwrap();
            }
        })));
        large_files.push(runtime.block_on(raw(&file, COMMAND_BYTES)));
        let (kept, counted) = (whole.clone(), numbers.clone());
        commands.push(runtime.block_on(turn(move |producer| {
            let (store, numbers) = (kept.clone(), counted.clone());
            async move {
                let first = numbers.get(producer).unwrap().fetch_add(1, Ordering::Relaxed) + 1;
                store.record(note(producer, first)).await.unwrap();
            }
        })));
    }
    tell("entries", entry_bytes, median(small_files), median(entries));
    tell("commands", COMMAND_BYTES, median(large_files), median(commands));
}

fn tell(what: &str, bytes: usize, file: f64, store: f64) {
    println!("raw file, group commit, {bytes:>4} bytes  {file:>9.0} appends/s");
    println!("store (SQLite), {what:<12}       {store:>9.0} appends/s   ratio {:.2}", store / file);
}

/// Appends so many bytes at a time to the file.
async fn raw(file: &RawFile, bytes: usize) -> f64 {
    let file = file.clone();
    turn(move |_| {
        let file = file.clone();
        async move { file.append(vec![b'x'; bytes]).await }
    })
    .await
}

/// Lets every producer append for a while, one at a time each; gives appends a second.
async fn turn<F, T>(append: F) -> f64
where
    F: Fn(usize) -> T + Clone + Send + 'static,
    T: Future<Output = ()> + Send,
{
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
    f64::from(count) / began.elapsed().as_secs_f64()
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap()
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
    fn open(path: &Path) -> Self {
        let mut file = File::create(path).unwrap();
        let (queue, mut waiting) = mpsc::channel::<(Vec<u8>, oneshot::Sender<()>)>(1024);
        std::thread::spawn(move || {
            let mut batch = Vec::new();
            while waiting.blocking_recv_many(&mut batch, 256) > 0 {
                let bytes: Vec<u8> = batch.iter().flat_map(|(bytes, _)| bytes.iter().copied()).collect();
                file.write_all(&bytes).unwrap();
                file.sync_data().unwrap();
                for (_, done) in batch.drain(..) {
                    let _ = done.send(());
                }
            }
        });
        Self(queue)
    }

    async fn append(&self, bytes: Vec<u8>) {
        let (done, heard) = oneshot::channel();
        self.0.send((bytes, done)).await.unwrap();
        heard.await.unwrap();
    }
}
