//! A small log as Holdpoint would write it, for the tests of whole logs.

use holdpoint_log::checkpoint::{Checkpoint, LogKey, SignedCheckpoint};
use holdpoint_log::commitment::{Salt, commit};
use holdpoint_log::entry::{Entry, Envelope, Link, Timestamp};
use holdpoint_log::note::{Ed25519Signer, Signer as _};
use holdpoint_log::tree::Frontier;
use std::collections::HashMap;

/// Entries with the key that signs for them.
pub(crate) struct SampleLog {
    /// The entries, as bytes.
    pub(crate) entries: Vec<Vec<u8>>,
    signer: Ed25519Signer,
}

impl SampleLog {
    /// Writes `size` entries about seven subjects, interleaved.
    pub(crate) fn of(size: usize) -> Self {
        let signer = Ed25519Signer::from_seed("holdpoint.example/acme".parse().unwrap(), &[42; 32]).unwrap();
        let mut last: HashMap<usize, (u64, Link)> = HashMap::new();
        let entries = (0..size).map(|index| {
            let subject = (index * index + index / 3) % 7;
            let link = last.get(&subject).map_or(Link::First, |(index, link)| link.next(*index));
            last.insert(subject, (index as u64, link));
            entry(index, subject, link).into_bytes()
        });
        Self { entries: entries.collect(), signer }
    }

    /// What one must know to verify the log.
    pub(crate) fn key(&self) -> LogKey {
        LogKey::named_by(self.signer.verifier().clone()).unwrap()
    }

    /// The signed checkpoint over the first `size` entries.
    pub(crate) fn checkpoint_at(&self, size: usize) -> SignedCheckpoint {
        let mut frontier = Frontier::default();
        for entry in &self.entries[..size] {
            frontier.push(holdpoint_log::hash::leaf_hash(entry));
        }
        Checkpoint { origin: self.key().origin, head: frontier.head() }.sign(&self.signer).unwrap()
    }

    /// The signed checkpoint over all entries.
    pub(crate) fn checkpoint(&self) -> SignedCheckpoint {
        self.checkpoint_at(self.entries.len())
    }
}

fn entry(index: usize, subject: usize, link: Link) -> Entry {
    let body = serde_json::json!({ "note": format!("step {index}") });
    let envelope = Envelope {
        id: format!("entry-{index}").parse().unwrap(),
        kind: "change.proposed".parse().unwrap(),
        subject: format!("chg_{subject}").parse().unwrap(),
        link,
        actor: "agent:7f3a".parse().unwrap(),
        ts: Timestamp::from_unix_micros(1_795_154_400_000_000 + index as u64).unwrap(),
        idem: None,
        payload: vec![commit(&Salt([subject as u8; 32]), &index.to_be_bytes())],
        body: body.as_object().unwrap().clone(),
    };
    Entry::new(envelope).unwrap()
}
