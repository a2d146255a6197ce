//! `holdpoint policy`: look at guardrails, check them, run their examples, sign them.

use std::fs;
use std::path::{Path, PathBuf};

use anstream::println;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use holdpoint_core::Timestamp;
use holdpoint_core::signed::{Signed, Signer as _};
use holdpoint_policy::bundle::{self, Bundle, Manifest};
use holdpoint_policy::policies::Files;
use holdpoint_policy::{Report, shipped};
use holdpoint_server::keys::InstallationKey;
use holdpoint_server::policy_files::{PolicyFiles, read_files};
use jiff::ToSpan as _;

use crate::context::Installation;
use crate::exit::Exit;
use crate::show;

/// Look at guardrails, check them, run their examples, sign them
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    verb: Verb,
    /// Print one JSON object
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write the shipped guardrails to a directory, as a place to start from
    Export {
        /// A new or empty directory
        directory: PathBuf,
    },
    /// List the guardrails that ship with this program
    List,
    /// Sign the files of a directory and put them in force in the installation
    ///
    /// The examples must hold. The revision grows by one; a running control plane takes the new bundle up within seconds, and keeps
    /// the old one when something is wrong with it.
    Sign {
        /// The directory
        directory: PathBuf,
        /// For how many days the bundle is good
        #[arg(long, default_value_t = 365)]
        days: i32,
        /// The revision, where the former one is lost; otherwise it is one more than that
        #[arg(long)]
        revision: Option<u64>,
    },
    /// Check a directory's files and run their examples
    Test {
        /// The directory
        directory: PathBuf,
    },
    /// Check a directory's files: language, ids, needs, estate
    Validate {
        /// The directory
        directory: PathBuf,
    },
}

/// Runs the command. Exit status 0: sound. 3: something is wrong, and it is said where. 1: it could not be read.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.verb {
        Verb::Export { directory } => export(&directory),
        Verb::List => list(arguments.json),
        Verb::Sign { directory, days, revision } => sign(installation, &directory, days, revision, arguments.json),
        Verb::Test { directory } => tell(&bundle::test(&read_files(&directory)?), arguments.json),
        Verb::Validate { directory } => tell(&bundle::validate(&read_files(&directory)?), arguments.json),
    }
}

fn tell(report: &Report, json: bool) -> anyhow::Result<Exit> {
    if json {
        show::json(report)?;
    } else {
        println!("{report}");
    }
    Ok(if report.sound() { Exit::Done } else { Exit::Held })
}

fn list(json: bool) -> anyhow::Result<Exit> {
    let bundle = Bundle::shipped().map_err(|report| anyhow::anyhow!("{report}"))?;
    if json {
        show::json(&bundle.policies().guardrails())?;
        return Ok(Exit::Done);
    }
    for guardrail in bundle.policies().guardrails() {
        println!("{:<9} {:<32} {}", guardrail.severity, guardrail.id, guardrail.reason);
    }
    Ok(Exit::Done)
}

fn export(directory: &Path) -> anyhow::Result<Exit> {
    fs::create_dir_all(directory).with_context(|| format!("`{}` cannot be made", directory.display()))?;
    if fs::read_dir(directory)?.next().is_some() {
        bail!("`{}` is not empty: name a new directory", directory.display());
    }
    let files = shipped::starting_point();
    write(directory, &files)?;
    println!(
        "{} files in {}; edit them, then `holdpoint policy test` and `holdpoint policy sign`",
        files.len(),
        directory.display()
    );
    Ok(Exit::Done)
}

fn write(directory: &Path, files: &Files) -> anyhow::Result<()> {
    for (name, bytes) in files {
        let path = directory.join(name);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, bytes).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(())
}

fn sign(installation: &Installation, directory: &Path, days: i32, revision: Option<u64>, json: bool) -> anyhow::Result<Exit> {
    let home = installation.home()?;
    let files = read_files(directory)?;
    let report = bundle::test(&files);
    if !report.sound() {
        return tell(&report, json);
    }
    let key = InstallationKey::read_in(home.root()).context("the installation's key cannot be used; run `holdpoint up` once")?;
    let now = Timestamp::now();
    let next = PolicyFiles::of(&home).signed_revision(&key.verifying_key())?.unwrap_or(0) + 1;
    let revision = revision.unwrap_or(next);
    if revision < next {
        bail!("revision {} is signed already: the next one is {next}", next - 1);
    }
    let expires = now.checked_add((i64::from(days) * 24).hours()).context("that is too far away")?;
    let manifest = Manifest::build(&files, revision, now, expires).map_err(|report| anyhow::anyhow!("{report}"))?;
    let signed = Signed::sign(&manifest, &key)?;
    PolicyFiles::of(&home).exchange(&files, &signed).context("the bundle cannot be put in place")?;
    if json {
        show::json(&serde_json::json!({ "revision": revision, "guardrails": report.guardrails, "examples": report.examples }))?;
    } else {
        println!("revision {revision} is signed: {} guardrails, {} examples hold", report.guardrails, report.examples);
    }
    Ok(Exit::Done)
}
