//! How many durable appends a second, beside a raw file that commits in groups as well: 64 producers, about 1 KiB each, the two
//! taking turns in one run.
//!
//! The store does more than the file for the same bytes: it plans, hashes the tree, commits entry, payload and head in one
//! transaction, and signs a checkpoint before it answers.

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
use holdpoint_server::store::command::NoteFreeWork;
use holdpoint_server::store::record::FreeWork;
use holdpoint_server::store::sqlite::SqliteStore;
use holdpoint_server::store::{Record as _, Surroundings};
use tokio::sync::{mpsc, oneshot};

const PRODUCERS: usize = 64;
const ENTRY_BYTES: usize = 1024;
const TURN: Duration = Duration::from_secs(3);
const TURNS: usize = 5;

fn main() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let directory = tempfile::tempdir_in(std::env::current_dir().unwrap()).unwrap();
    let (mut files, mut stores) = (Vec::new(), Vec::new());
    let _guard = runtime.enter();
    let file = RawFile::open(&directory.path().join("raw"));
    let store = open(&directory.path().join("data"));
    let numbers: Arc<Vec<AtomicU64>> = Arc::new((0..PRODUCERS).map(|_| AtomicU64::new(0)).collect());
    for _ in 0..TURNS {
        let raw = file.clone();
        files.push(runtime.block_on(turn(move |_| {
            let raw = raw.clone();
            async move { raw.append(vec![b'x'; ENTRY_BYTES]).await }
        })));
        let (kept, counted) = (store.clone(), numbers.clone());
        stores.push(runtime.block_on(turn(move |producer| {
            let (store, numbers) = (kept.clone(), counted.clone());
            async move {
                let first = numbers.get(producer).unwrap().fetch_add(1, Ordering::Relaxed) + 1;
                store.record(note(producer, first)).await.unwrap();
            }
        })));
    }
    let (file, store) = (median(files), median(stores));
    println!("raw file, group commit     {file:>9.0} appends/s");
    println!("store (SQLite), commands   {store:>9.0} appends/s");
    println!("ratio                      {:>9.2}", store / file);
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

/// One act whose payload has about as many bytes as the file's entries.
fn note(producer: usize, first: u64) -> NoteFreeWork {
    let work = FreeWork {
        change: Digest::of(&first.to_be_bytes()),
        actor: Actor::Agent { id: AgentId::parse("claude-code_1").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() },
        at: Timestamp::UNIX_EPOCH,
        text: "x".repeat(ENTRY_BYTES / 2),
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
