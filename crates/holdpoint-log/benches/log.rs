//! What the log costs a writer per entry and per batch. The bars stand in the design, §9.

#![expect(clippy::unwrap_used, reason = "a bench that cannot be set up stops the run")]

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use holdpoint_log::checkpoint::{Checkpoint, LogKey, SignedCheckpoint};
use holdpoint_log::entry::{Entry, Envelope, Link, Timestamp};
use holdpoint_log::hash::{Hash, leaf_hash};
use holdpoint_log::note::{Ed25519Signer, Signer as _};
use holdpoint_log::tile::Tiler;
use holdpoint_log::tree::{Frontier, TreeHead};

fn main() {
    divan::main();
}

/// One batch of the writer: 32 entries are what 64 producers fill it with.
const BATCH: usize = 32;

#[divan::bench]
fn hash_a_1kib_leaf(bencher: Bencher<'_, '_>) {
    let entry = [b'x'; 1024];
    bencher.counter(BytesCount::of_slice(&entry)).bench(|| leaf_hash(black_box(&entry)));
}

#[divan::bench]
fn frontier_push(bencher: Bencher<'_, '_>) {
    let mut frontier = Frontier::default();
    let leaf = Hash([1; 32]);
    bencher.counter(ItemsCount::new(1_u32)).bench_local(|| frontier.push(black_box(leaf)));
}

/// Everything a writer computes for a batch: leaf hashes, frontier, tiles, root, signature. The commit comes on top.
#[divan::bench]
fn append_1kib_entries(bencher: Bencher<'_, '_>) {
    let signer = signer();
    let entry = [b'x'; 1024];
    let (mut frontier, mut tiler, mut full) = (Frontier::default(), Tiler::default(), Vec::new());
    bencher.counter(ItemsCount::new(BATCH)).bench_local(|| {
        for _ in 0..BATCH {
            let leaf = leaf_hash(black_box(&entry));
            frontier.push(leaf);
            tiler.push(leaf, &mut full);
        }
        full.clear();
        sign(&signer, frontier.head())
    });
}

#[divan::bench]
fn write_an_entry(bencher: Bencher<'_, '_>) {
    let envelope = envelope();
    bencher.with_inputs(|| envelope.clone()).bench_values(Entry::new);
}

#[divan::bench]
fn read_an_entry(bencher: Bencher<'_, '_>) {
    let entry = Entry::new(envelope()).unwrap();
    bencher.bench(|| Entry::parse(black_box(entry.as_bytes())));
}

#[divan::bench]
fn sign_a_checkpoint(bencher: Bencher<'_, '_>) {
    let signer = signer();
    bencher.bench(|| sign(&signer, black_box(HEAD)));
}

#[divan::bench]
fn verify_a_checkpoint(bencher: Bencher<'_, '_>) {
    let signer = signer();
    let log = LogKey::named_by(signer.verifier().clone()).unwrap();
    let note = sign(&signer, HEAD).to_text();
    bencher.bench(|| SignedCheckpoint::open(black_box(note.as_bytes()), &log));
}

const HEAD: TreeHead = TreeHead { size: 1_000_000, root: Hash([7; 32]) };

fn signer() -> Ed25519Signer {
    Ed25519Signer::from_seed("log.example".parse().unwrap(), &[7; 32]).unwrap()
}

fn sign(signer: &Ed25519Signer, head: TreeHead) -> SignedCheckpoint {
    Checkpoint { origin: "log.example".parse().unwrap(), head }.sign(signer).unwrap()
}

fn envelope() -> Envelope {
    Envelope {
        id: "entry-1".parse().unwrap(),
        kind: "permit.consumed".parse().unwrap(),
        subject: "chg_1".parse().unwrap(),
        link: Link::First.next(41),
        actor: "agent:7f3a".parse().unwrap(),
        ts: Timestamp::from_unix_micros(1_795_154_400_000_000).unwrap(),
        idem: None,
        payload: Vec::new(),
        body: [("note".to_owned(), "x".repeat(800).into())].into_iter().collect(),
    }
}
