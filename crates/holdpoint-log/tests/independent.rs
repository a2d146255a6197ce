//! An exported log, verified by code that this project did not write: Go's `golang.org/x/mod/sumdb`, called by the
//! small program in `xtask/verifiers/sumdb`.
//!
//! Needs Go and the sources that Debian packages as `golang-go` and `golang-golang-x-mod-dev`; `./x test` sees to
//! them. Without them the test says loudly that it did not run, and fails under `CI=true`.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "runs a foreign program on real files; the crate itself stays pure")]

mod sample;

use holdpoint_log::export::{File, directory};
use sample::SampleLog;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// Around the edges of tiles, and large enough for three levels of them.
const SIZES: [usize; 7] = [1, 2, 255, 256, 257, 700, 66_000];

#[test]
fn go_accepts_what_we_export_and_refuses_it_altered() {
    let verifier = match build_verifier() {
        Ok(verifier) => verifier,
        Err(missing) => return not_run(&missing),
    };
    for size in SIZES {
        let log = SampleLog::of(size);
        let exported = export(&log);
        let verdict = verify(&verifier, exported.path(), &log);
        assert!(verdict.status.success(), "{size} entries: {verdict:?}");
        let expected = format!("OK: {size} entries, root {}\n", log.checkpoint().head().root);
        assert_eq!(String::from_utf8_lossy(&verdict.stdout), expected);
    }
    let log = SampleLog::of(700);
    let exported = export(&log);
    for path in files_below(exported.path()) {
        let sound = fs::read(&path).unwrap();
        let mut altered = sound.clone();
        let middle = altered.len() / 2;
        altered[middle] ^= 1;
        fs::write(&path, altered).unwrap();
        let verdict = verify(&verifier, exported.path(), &log);
        assert!(!verdict.status.success(), "{} altered: {verdict:?}", path.display());
        fs::write(&path, sound).unwrap();
    }
    assert!(verify(&verifier, exported.path(), &log).status.success());
}

/// Builds the program, or says what is missing. Uses no network and no module proxy.
fn build_verifier() -> Result<PathBuf, String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../xtask/verifiers/sumdb/main.go");
    let scratch = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = scratch.join("sumdb-verifier");
    let built = go(scratch).arg("build").arg("-o").arg(&program).arg(source).output();
    let Ok(built) = built else { return Err("no Go (Debian: golang-go)".to_owned()) };
    let complaint = String::from_utf8_lossy(&built.stderr).into_owned();
    if complaint.contains("cannot find package") {
        return Err("no golang.org/x/mod sources (Debian: golang-golang-x-mod-dev)".to_owned());
    }
    assert!(built.status.success(), "the verifier does not compile: {complaint}");
    Ok(program)
}

/// Go as Debian's packages of Go sources want to be used.
fn go(scratch: &Path) -> Command {
    let mut go = Command::new("go");
    let sources = std::env::var_os("HOLDPOINT_GOPATH").unwrap_or_else(|| "/usr/share/gocode".into());
    go.env("GO111MODULE", "off").env("GOPATH", sources).env("GOFLAGS", "").env("GOPROXY", "off").env("GOTOOLCHAIN", "local");
    go.env("CGO_ENABLED", "0").env("GOCACHE", scratch.join("go-cache")).current_dir(scratch);
    go
}

fn export(log: &SampleLog) -> TempDir {
    let target = tempfile::tempdir().unwrap();
    let checkpoint = log.checkpoint();
    for file in directory(&log.entries, &checkpoint) {
        let File { path, bytes } = file.unwrap();
        let path = target.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    target
}

fn verify(verifier: &Path, exported: &Path, log: &SampleLog) -> Output {
    Command::new(verifier).arg(exported).arg(log.key().verifier.to_string()).output().unwrap()
}

fn files_below(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

/// Says what was left out: to the person at the terminal past the capture of the test harness, and to `./x test`.
fn not_run(why: &str) {
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the independent verifier must run here: {why}");
    let note = format!("independent verification of the log: {why}\n");
    std::io::stderr().write_all(format!("NOT RUN: {note}").as_bytes()).unwrap();
    if let Some(notes) = std::env::var_os("HOLDPOINT_NOT_RUN") {
        OpenOptions::new().append(true).create(true).open(notes).unwrap().write_all(note.as_bytes()).unwrap();
    }
}
