//! Whole logs, sound and tampered with: the audit names the first thing that is wrong.
#![cfg(test)]

mod sample;

use holdpoint_log::audit::{Fault, Report, audit, audit_directory};
use holdpoint_log::canonical;
use holdpoint_log::checkpoint::{self, SignedCheckpoint};
use holdpoint_log::entry::{self, Link};
use holdpoint_log::export::{self, File, directory};
use holdpoint_log::note;
use holdpoint_log::tile::bundle;
use proptest::prelude::*;
use sample::SampleLog;
use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::LazyLock;

/// Enough for one full tile on level 0, partial ones on 0 and 1.
const SIZE: usize = 300;

fn note_of(checkpoint: &SignedCheckpoint) -> Vec<u8> {
    checkpoint.to_text().into_bytes()
}

fn audit_entries(log: &SampleLog, entries: &[Vec<u8>]) -> Report {
    audit(entries, &note_of(&log.checkpoint()), &log.key(), &[])
}

type Files = BTreeMap<String, Vec<u8>>;

fn files(log: &SampleLog) -> Files {
    let checkpoint = log.checkpoint();
    let files = directory(&log.entries, &checkpoint).map(|file| file.unwrap());
    files.map(|File { path, bytes }| (path, bytes)).collect()
}

fn audit_files(log: &SampleLog, files: &Files, earlier: &[&[u8]]) -> Report {
    let read = |path: &str, _: usize| Ok::<_, Infallible>(files.get(path).cloned());
    audit_directory(read, &log.key(), earlier).unwrap()
}

/// Replaces text in an entry without making it malformed.
fn rewrite(entry: &mut Vec<u8>, from: &str, to: &str) {
    let text = String::from_utf8(entry.clone()).unwrap();
    assert!(text.contains(from), "{text} has no {from}");
    *entry = text.replace(from, to).into_bytes();
}

#[test]
fn a_sound_log_holds() {
    let log = SampleLog::of(SIZE);
    let earlier = [0, 1, 256, 299, 300, 256].map(|size| note_of(&log.checkpoint_at(size)));
    let earlier: Vec<_> = earlier.iter().map(Vec::as_slice).collect();
    let expected = Report {
        origin: log.key().origin,
        signed: Some(*log.checkpoint().head()),
        entries: 300,
        subjects: 7,
        earlier: 6,
        fault: None,
    };
    assert_eq!(audit(&log.entries, &note_of(&log.checkpoint()), &log.key(), &earlier), expected);
    assert_eq!(audit_files(&log, &files(&log), &earlier), expected);
}

#[test]
fn the_empty_log_holds() {
    let log = SampleLog::of(0);
    assert_eq!(audit_entries(&log, &[]).fault, None);
    assert_eq!(files(&log).keys().collect::<Vec<_>>(), ["checkpoint"]);
    assert_eq!(audit_files(&log, &files(&log), &[]).fault, None);
}

#[test]
fn a_malformed_entry_is_named() {
    let log = SampleLog::of(SIZE);
    let mut entries = log.entries.clone();
    entries[7].push(b' ');
    let offset = log.entries[7].len();
    let error = entry::Error::Canonical(canonical::Error::NotCanonical { offset });
    let report = audit_entries(&log, &entries);
    assert_eq!((report.entries, report.fault), (7, Some(Fault::Entry { index: 7, error })));
}

#[test]
fn an_altered_entry_shows_in_the_root() {
    let log = SampleLog::of(SIZE);
    let mut entries = log.entries.clone();
    rewrite(&mut entries[7], "step 7", "step 8");
    let report = audit_entries(&log, &entries);
    assert!(matches!(report.fault, Some(Fault::Root { size: 300, .. })), "{report:?}");
}

#[test]
fn a_missing_doubled_or_moved_entry_breaks_a_chain() {
    let log = SampleLog::of(SIZE);
    let fault = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut entries = log.entries.clone();
        change(&mut entries);
        audit_entries(&log, &entries).fault
    };
    let missing = fault(&|entries| drop(entries.remove(0)));
    // Every index behind the gap is off by one; the first entry that names a predecessor shows it.
    let expected = Fault::Chain {
        index: 3,
        subject: "chg_3".parse().unwrap(),
        expected: Link::After { prev: 2, seq: 2 },
        got: Link::After { prev: 3, seq: 2 },
    };
    assert_eq!(missing, Some(expected));
    let doubled = fault(&|entries| entries.insert(1, entries[0].clone()));
    let expected =
        Fault::Chain { index: 1, subject: "chg_0".parse().unwrap(), expected: Link::After { prev: 0, seq: 2 }, got: Link::First };
    assert_eq!(doubled, Some(expected));
    let moved = fault(&|entries| entries.swap(100, 200));
    assert!(matches!(moved, Some(Fault::Chain { index: 100.., .. })), "{moved:?}");
}

#[test]
fn entries_cut_off_or_added_at_the_end_show() {
    let log = SampleLog::of(SIZE);
    assert_eq!(audit_entries(&log, &log.entries[..299]).fault, Some(Fault::Truncated { found: 299, signed: 300 }));
    let longer = SampleLog::of(SIZE + 1);
    assert_eq!(audit_entries(&log, &longer.entries).fault, Some(Fault::Surplus { signed: 300 }));
}

/// What a plain hash chain cannot show: whoever holds the key writes the end of the log anew and signs it.
#[test]
fn a_history_rewritten_with_the_logs_own_key_shows_against_an_earlier_checkpoint() {
    let before = SampleLog::of(SIZE);
    let mut after = SampleLog::of(SIZE);
    rewrite(&mut after.entries[250], "step 250", "step 000");
    assert_eq!(audit_entries(&after, &after.entries).fault, None, "by itself the new history is sound");

    let kept = [note_of(&before.checkpoint_at(200)), note_of(&before.checkpoint_at(260))];
    let kept: Vec<_> = kept.iter().map(Vec::as_slice).collect();
    let report = audit(&after.entries, &note_of(&after.checkpoint()), &after.key(), &kept);
    let fault =
        Fault::Fork { size: 260, signed: before.checkpoint_at(260).head().root, computed: after.checkpoint_at(260).head().root };
    assert_eq!((report.earlier, report.fault), (1, Some(fault)));
}

#[test]
fn a_log_restored_from_a_backup_shows_against_a_later_checkpoint() {
    let log = SampleLog::of(SIZE);
    let later = note_of(&log.checkpoint());
    let report = audit(&log.entries[..200], &note_of(&log.checkpoint_at(200)), &log.key(), &[&later]);
    assert_eq!((report.signed, report.fault), (None, Some(Fault::RolledBack { earlier: 300, latest: 200 })));
}

#[test]
fn a_checkpoint_of_another_key_is_not_read_further() {
    let log = SampleLog::of(SIZE);
    let mut key = log.key();
    key.verifier = note::Verifier::new("holdpoint.example/acme".parse().unwrap(), [9; 32]);
    let report = audit(&log.entries, &note_of(&log.checkpoint()), &key, &[]);
    let not_signed = matches!(report.fault, Some(Fault::Checkpoint(checkpoint::Error::Note(note::Error::NotSignedBy { .. }))));
    assert!(not_signed && report.signed.is_none() && report.entries == 0, "{report:?}");

    let report = audit(&log.entries, &note_of(&log.checkpoint()), &log.key(), &[b"junk"]);
    assert!(matches!(report.fault, Some(Fault::EarlierCheckpoint { position: 0, .. })), "{report:?}");
}

#[test]
fn a_directory_has_these_files_and_the_checkpoint_comes_last() {
    let log = SampleLog::of(SIZE);
    let paths: Vec<_> = directory(&log.entries, &log.checkpoint()).map(|file| file.unwrap().path).collect();
    let expected = ["tile/entries/000", "tile/0/000", "tile/entries/001.p/44", "tile/0/001.p/44", "tile/1/000.p/1", "checkpoint"];
    assert_eq!(paths, expected);
}

#[test]
fn a_directory_is_not_finished_with_a_checkpoint_of_other_entries() {
    let log = SampleLog::of(SIZE);
    let result: Result<Vec<_>, _> = directory(&log.entries, &log.checkpoint_at(299)).collect();
    assert!(matches!(result, Err(export::Error::OtherCheckpoint { .. })));
}

#[test]
fn every_missing_file_is_named() {
    let log = SampleLog::of(SIZE);
    for path in files(&log).into_keys() {
        let mut files = files(&log);
        files.remove(&path);
        assert_eq!(audit_files(&log, &files, &[]).fault, Some(Fault::Missing { path }));
    }
}

#[test]
fn a_file_that_is_no_part_of_the_export_is_named() {
    let log = SampleLog::of(SIZE);
    let paths: Vec<_> = files(&log).into_keys().collect();
    let with = |stranger: Option<&str>| {
        let paths = paths.iter().cloned().chain(stranger.map(str::to_owned));
        audit_files(&log, &files(&log), &[]).without_strangers(paths).fault
    };
    assert_eq!(with(None), None);
    // The last three are tiles: of a shorter log, of a longer one, of a level that is not there yet.
    for path in ["notes.txt", "checkpoint.old", "tile/entries/001", "tile/0/001.p/40", "tile/0/002.p/1", "tile/2/000.p/1"] {
        assert_eq!(with(Some(path)), Some(Fault::Stranger { path: path.to_owned(), size: 300 }));
    }
}

#[test]
fn an_oversized_file_is_not_read() {
    let log = SampleLog::of(SIZE);
    for path in files(&log).into_keys() {
        let mut files = files(&log);
        files.get_mut(&path).unwrap().resize(3_000_000, 0);
        let fault = audit_files(&log, &files, &[]).fault;
        assert!(matches!(&fault, Some(Fault::Oversized { path: named, .. }) if *named == path), "{fault:?}");
    }
}

#[test]
fn a_bundle_with_something_behind_it_is_named() {
    let log = SampleLog::of(SIZE);
    let mut files = files(&log);
    files.get_mut("tile/entries/001.p/44").unwrap().push(0);
    let path = "tile/entries/001.p/44".parse().unwrap();
    let error = bundle::Error::Trailing { bytes: 1 };
    assert_eq!(audit_files(&log, &files, &[]).fault, Some(Fault::Bundle { path, error }));
}

/// A checkpoint can claim any size; its reader must not try to allocate or to count up to it.
#[test]
fn a_signed_but_absurd_size_ends_at_the_first_missing_file() {
    let log = SampleLog::of(1);
    let signer = note::Ed25519Signer::from_seed("holdpoint.example/acme".parse().unwrap(), &[42; 32]).unwrap();
    let head = holdpoint_log::tree::TreeHead { size: holdpoint_log::tree::MAX_SIZE, root: holdpoint_log::hash::empty_root() };
    let huge = checkpoint::Checkpoint { origin: log.key().origin, head }.sign(&signer).unwrap();
    let files = Files::from([("checkpoint".to_owned(), note_of(&huge))]);
    assert_eq!(audit_files(&log, &files, &[]).fault, Some(Fault::Missing { path: "tile/entries/000".to_owned() }));
}

#[test]
fn a_file_that_cannot_be_read_is_an_error_and_no_verdict() {
    let log = SampleLog::of(SIZE);
    let files = files(&log);
    for broken in files.keys() {
        let read = |path: &str, _: usize| if path == broken { Err("disk on fire") } else { Ok(files.get(path).cloned()) };
        assert_eq!(audit_directory(read, &log.key(), &[]), Err("disk on fire"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_bit_flip_in_any_file_is_found(file in any::<prop::sample::Index>(), bit in any::<prop::sample::Index>()) {
        let (log, files) = &*EXPORTED;
        let mut files = files.clone();
        let file = file.index(files.len());
        let bytes = files.values_mut().nth(file).unwrap();
        let bit = bit.index(bytes.len() * 8);
        bytes[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(audit_files(log, &files, &[]).fault.is_some());
    }
}

static EXPORTED: LazyLock<(SampleLog, Files)> = LazyLock::new(|| {
    let log = SampleLog::of(SIZE);
    let files = files(&log);
    (log, files)
});
