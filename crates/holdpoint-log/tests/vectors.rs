//! What others signed and published, replayed. `tests/vectors/README.md` says where each file is from.
#![cfg(test)]

use holdpoint_log::checkpoint::{self, LogKey, SignedCheckpoint};
use holdpoint_log::cosignature::{self, Witness};
use holdpoint_log::hash::leaf_hash;
use holdpoint_log::note::{Note, Verifier};
use holdpoint_log::proof::LogProof;

const NOTE: &str = include_str!("vectors/signed-note-example.note");
const NOTE_KEY: &str = include_str!("vectors/signed-note-example.vkey");
const SUMDB: &str = include_str!("vectors/sum.golang.org.checkpoint");
const SUMDB_KEY: &str = include_str!("vectors/sum.golang.org.vkey");
const PROOF: &str = include_str!("vectors/witnessed.tlog-proof");
const PROOF_ENTRY: &[u8] = include_bytes!("vectors/witnessed.entry");
const PROOF_POLICY: &str = include_str!("vectors/witnessed.policy");

fn sumdb() -> LogKey {
    let verifier = SUMDB_KEY.trim_end().parse().unwrap();
    LogKey { origin: "go.sum database tree".parse().unwrap(), verifier }
}

/// The key of the policy's line that starts with `role`.
fn policy_key(role: &str) -> &'static str {
    let line = PROOF_POLICY.lines().find(|line| line.starts_with(role)).unwrap();
    line.split(' ').next_back().unwrap()
}

#[test]
fn the_example_of_the_signed_note_format_verifies() {
    let note = Note::parse(NOTE.as_bytes()).unwrap();
    let verifier: Verifier = NOTE_KEY.trim_end().parse().unwrap();
    assert_eq!(note.verify(&verifier), Ok(()));
    assert_eq!(note.text(), "This is an example message.\n");
    assert_eq!(note.to_text(), NOTE);
    assert_eq!(format!("{verifier}\n"), NOTE_KEY);
}

#[test]
fn a_production_checkpoint_of_the_go_checksum_database_opens() {
    let opened = SignedCheckpoint::open(SUMDB.as_bytes(), &sumdb()).unwrap();
    assert_eq!(opened.head().size, 35_225_469);
    assert_eq!(opened.head().root.to_string(), "vt5T6GaLCXvyHFl9VUvvItR43XZxfLgftEcTyO3eJCQ=");
    assert_eq!(opened.to_text(), SUMDB);
}

#[test]
fn every_single_bit_flip_of_the_production_checkpoint_is_refused() {
    for bit in 0..SUMDB.len() * 8 {
        let mut flipped = SUMDB.as_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(SignedCheckpoint::open(&flipped, &sumdb()).is_err(), "bit {bit}");
    }
}

#[test]
fn the_checkpoint_of_one_log_is_not_that_of_another() {
    let other = LogKey::named_by(sumdb().verifier).unwrap();
    assert!(matches!(SignedCheckpoint::open(SUMDB.as_bytes(), &other), Err(checkpoint::Error::OtherOrigin { .. })));
}

#[test]
fn a_proof_that_torchwood_accepts_holds_and_is_cosigned_by_a_real_witness() {
    let log = LogKey::named_by(policy_key("log").parse().unwrap()).unwrap();
    let witness: Witness = policy_key("witness").parse().unwrap();
    let proof = LogProof::parse(PROOF.as_bytes()).unwrap();
    assert_eq!((proof.index(), proof.to_text().as_str()), (12_345, PROOF));

    let checkpoint = proof.verify(&leaf_hash(PROOF_ENTRY), &log).unwrap();
    assert_eq!(checkpoint.head().size, 70_000);
    let cosignature = witness.verify(&checkpoint).unwrap();
    assert_eq!((cosignature.witness(), cosignature.time_s()), (witness.name(), 1_795_156_619));

    assert!(proof.verify(&leaf_hash(b"another entry"), &log).is_err());
}

#[test]
fn a_cosignature_with_any_bit_flipped_or_none_at_all_is_refused() {
    let log = LogKey::named_by(policy_key("log").parse().unwrap()).unwrap();
    let witness: Witness = policy_key("witness").parse().unwrap();
    let verdict = |proof: &[u8]| {
        let proof = LogProof::parse(proof).ok()?;
        let checkpoint = proof.verify(&leaf_hash(PROOF_ENTRY), &log).ok()?;
        Some(witness.verify(&checkpoint))
    };
    assert!(matches!(verdict(PROOF.as_bytes()), Some(Ok(_))));
    let cosignature = PROOF.rfind('\u{2014}').unwrap();
    for bit in cosignature * 8..PROOF.len() * 8 {
        let mut flipped = PROOF.as_bytes().to_vec();
        flipped[bit / 8] ^= 1 << (bit % 8);
        assert!(!matches!(verdict(&flipped), Some(Ok(_))), "bit {bit}");
    }
    assert_eq!(
        verdict(&PROOF.as_bytes()[..cosignature]),
        Some(Err(cosignature::Error::Missing { witness: witness.name().clone() }))
    );
}
