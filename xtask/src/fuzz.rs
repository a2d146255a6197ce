//! `./x fuzz`: libFuzzer over the parsers of foreign bytes.
//!
//! The instrumentation is what cargo-fuzz asks the compiler for; a nightly compiler adds the address
//! sanitizer, without it the targets still find panics, overflows, hangs and memory hunger.
//! Each corpus is replayed by an ordinary test of the crate that owns the parser.

use crate::cargo::{cargo, output, run};
use crate::root::root;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use std::process::{Command, ExitCode, Stdio};

/// How long `./x fuzz` runs a target.
const SECONDS: u64 = 60;
/// How long `./x soak` runs a target.
pub(crate) const SOAK_SECONDS: u64 = 600;
/// One input may not take longer, nor the whole process more memory.
const LIMITS: [&str; 3] = ["-timeout=5", "-rss_limit_mb=2048", "-max_len=65536"];

const COVERAGE: &[&str] = &[
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "--cfg=fuzzing",
];

/// Runs one target or all of them, each for so many seconds.
pub(crate) fn fuzz(arguments: &[String]) -> Result<ExitCode> {
    let seconds = match arguments.get(1) {
        Some(text) => text.parse().with_context(|| format!("`{text}` is no number of seconds"))?,
        None => SECONDS,
    };
    match arguments.first() {
        Some(target) => fuzz_some(std::slice::from_ref(target), seconds)?,
        None => fuzz_all(seconds)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs every target for so many seconds.
pub(crate) fn fuzz_all(seconds: u64) -> Result<()> {
    fuzz_some(&targets()?, seconds)
}

fn fuzz_some(targets: &[String], seconds: u64) -> Result<()> {
    let built = build()?;
    let mut broken = Vec::new();
    for target in targets {
        println!("fuzzing {target} for {seconds} s");
        let corpus = root().join("fuzz/corpus").join(target);
        let finds = root().join("fuzz/artifacts").join(target);
        std::fs::create_dir_all(&finds).context("cannot make the directory for finds")?;
        // New inputs go to the first directory, which is not tracked; the seeds come from the second.
        let grown = root().join("fuzz/target/corpus").join(target);
        std::fs::create_dir_all(&grown).context("cannot make the directory for new inputs")?;
        let ran = run(Command::new(built.join(target))
            // PostgreSQL's parser carries two copies of one C library's constants; that is no find.
            .env("ASAN_OPTIONS", "detect_odr_violation=0")
            .args(LIMITS)
            .arg(format!("-max_total_time={seconds}"))
            .arg("-print_final_stats=1")
            .arg(format!("-artifact_prefix={}/", finds.display()))
            .args([grown, corpus]));
        if let Err(error) = ran {
            eprintln!("{target}: {error:#}");
            broken.push(target.as_str());
        }
    }
    if !broken.is_empty() {
        bail!("found something in {}; the inputs are in fuzz/artifacts", broken.join(", "));
    }
    Ok(())
}

/// The targets, which are the files in `fuzz/fuzz_targets`.
fn targets() -> Result<Vec<String>> {
    let directory = root().join("fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&directory).context("there is no `fuzz/fuzz_targets`")? {
        let path = entry.context("cannot list the fuzz targets")?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(path.file_stem().map(|stem| stem.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Builds all targets and returns the directory they are in.
fn build() -> Result<PathBuf> {
    let host = host()?;
    let nightly = has_nightly();
    let mut flags = COVERAGE.join(" ");
    if nightly {
        flags += " -Zsanitizer=address";
    }
    let mut cargo = if nightly { Command::new("cargo") } else { cargo() };
    if nightly {
        cargo.arg("+nightly").current_dir(root());
        for leaked in ["CARGO", "RUSTC", "RUSTUP_TOOLCHAIN"] {
            cargo.env_remove(leaked);
        }
    }
    // With an explicit target the flags reach the fuzzed code only, not build scripts.
    run(cargo.args(["build", "--release", "--manifest-path", "fuzz/Cargo.toml", "--target", &host]).env("RUSTFLAGS", flags))?;
    Ok(root().join("fuzz/target").join(host).join("release"))
}

fn has_nightly() -> bool {
    let version = Command::new("rustup")
        .args(["run", "nightly", "cargo", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    version.is_ok_and(|status| status.success())
}

fn host() -> Result<String> {
    let version = output(Command::new("rustc").arg("-vV"))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}
