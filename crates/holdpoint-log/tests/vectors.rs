//! What others signed and published, replayed. `tests/vectors/README.md` says where each file is from.
#![cfg(test)]

use holdpoint_log::checkpoint::{self, LogKey, SignedCheckpoint};
use holdpoint_log::cosignature::{self, Witness};
use holdpoint_log::hash::leaf_hash;
use holdpoint_log::note::{Ed25519Signer, Note, Verifier};
use holdpoint_log::proof::LogProof;
use holdpoint_log::tree::Frontier;

const NOTE: &str = include_str!("vectors/signed-note-example.note");
const NOTE_KEY: &str = include_str!("vectors/signed-note-example.vkey");
const GO_NOTE: &str = include_str!("vectors/go-note-example.note");
const GO_KEYS: &str = include_str!("vectors/go-note-example.keys");
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
fn the_example_of_gos_note_package_verifies_for_both_signers_and_is_signed_alike() {
    let [peter, enoch, secret] = GO_KEYS.lines().collect::<Vec<_>>().try_into().unwrap();
    let note = Note::parse(GO_NOTE.as_bytes()).unwrap();
    assert_eq!(note.to_text(), GO_NOTE);
    for key in [peter, enoch] {
        assert_eq!(note.verify(&key.parse::<Verifier>().unwrap()), Ok(()), "{key}");
    }
    let signer = Ed25519Signer::from_secret_text(secret).unwrap();
    let signed = Note::sign(note.text().to_owned(), &signer).unwrap().to_text();
    assert_eq!(signed.lines().last(), GO_NOTE.lines().nth(3));
}

#[test]
fn the_tree_of_the_certificate_transparency_reference_has_its_roots() {
    let leaves: [&[u8]; 8] = [b"", b"\x00", b"\x10", b" !", b"01", b"@ABC", b"PQRSTUVW", b"`abcdefghijklmno"];
    let roots = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];
    let mut frontier = Frontier::default();
    for (leaf, root) in leaves.into_iter().zip(roots) {
        frontier.push(leaf_hash(leaf));
        let computed: String = frontier.root().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(computed, root, "{} leaves", frontier.size());
    }
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
