//! `holdpoint log`: take the record out, and verify it without trusting whoever keeps it.

use std::fs;
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use anstream::println;
use anyhow::{Context as _, bail};
use clap::Subcommand;
use holdpoint_api::client::{Client, Endpoint};
use holdpoint_api::v1::path;
use holdpoint_log::audit::{Report, audit, audit_directory};
use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};
use holdpoint_log::export::Exporter;
use holdpoint_log::tile::{WIDTH, bundle};
use holdpoint_server::store::sqlite::audit as database;
use indicatif::ProgressBar;
use serde::Serialize;

use crate::context::{Installation, PATIENCE};
use crate::exit::Exit;
use crate::show;

/// Take the record out and verify it offline
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
    /// Write the log as a directory of C2SP tiles, with its newest checkpoint
    ///
    /// Any tool for C2SP tlog-tiles reads it. Keep the checkpoint elsewhere: it is what shows, later, that nothing was taken back.
    Export {
        /// A new or empty directory
        directory: PathBuf,
    },
    /// Verify the log: every entry, every chain of steps, the tree, the signature; and all that the database keeps beside it
    ///
    /// Of an installation also each payload is compared with the commitment in its entry, and every table with what the entries add
    /// up to. The control plane may be running. Exit status 0: it holds. 3: it does not, and what is wrong is named. 1: it could not
    /// be read.
    Verify {
        /// An exported directory [default: the installation's data directory]
        directory: Option<PathBuf>,
        /// The log's public key as `NAME+ID+KEY` or a file with it [default: the installation's]
        #[arg(long)]
        key: Option<String>,
        /// A checkpoint that was kept from earlier; the log must extend it. May be given several times
        #[arg(long, value_name = "FILE")]
        earlier: Vec<PathBuf>,
    },
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.verb {
        Verb::Export { directory } => export(installation, &directory, arguments.json),
        Verb::Verify { directory, key, earlier } => {
            let key = log_key(installation, key.as_deref())?;
            let earlier = earlier.iter().map(|path| read(path)).collect::<anyhow::Result<Vec<_>>>()?;
            let earlier: Vec<&[u8]> = earlier.iter().map(Vec::as_slice).collect();
            let found = match directory {
                Some(directory) => Found::Log(verify_directory(&directory, &key, &earlier)?),
                None => verify_installation(installation, &key, &earlier)?,
            };
            tell(&found, arguments.json)
        }
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("`{}` cannot be read", path.display()))
}

fn log_key(installation: &Installation, given: Option<&str>) -> anyhow::Result<LogKey> {
    let text = match given {
        Some(text) if Path::new(text).is_file() => String::from_utf8(read(Path::new(text))?).context("the key is not text")?,
        Some(text) => text.to_owned(),
        None => {
            let path = installation.home()?.log_key();
            let key = read(&path).context("name the log's public key with --key, or the installation with --data")?;
            String::from_utf8(key).context("the installation's key is not text")?
        }
    };
    let verifier = text.trim().parse().context("the log's key is not of the form `NAME+ID+KEY`")?;
    LogKey::named_by(verifier).context("the log's key does not name a log")
}

/// The checkpoint of the running installation, and a client to have its entries with.
fn checkpoint(installation: &Installation) -> anyhow::Result<(Client, Vec<u8>)> {
    let client = installation.client(PATIENCE)?;
    let note = fetch(&client, path::LOG_CHECKPOINT)?;
    Ok((client, note))
}

fn fetch(client: &Client, path: &str) -> anyhow::Result<Vec<u8>> {
    let (status, body) = client.exchange_bytes("GET", path, &[]).context("the log cannot be had; is `holdpoint up` running?")?;
    if status == 200 { Ok(body) } else { bail!("the control plane answered {status} for `{path}`") }
}

/// Gives every entry below `size` to `take`, page by page, with a bar where somebody watches.
fn each_entry(client: &Client, size: u64, mut take: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<()> {
    let bar = ProgressBar::new(size);
    let mut next = 0;
    while next < size {
        let count = usize::try_from(size - next).unwrap_or(WIDTH).min(WIDTH);
        let page = fetch(client, &format!("{}?from={next}&count={count}", path::LOG_ENTRIES))?;
        for entry in bundle::decode(&page, count).context("a page of the log is malformed")? {
            take(entry)?;
        }
        next += count as u64;
        bar.set_position(next);
    }
    bar.finish_and_clear();
    Ok(())
}

fn export(installation: &Installation, directory: &Path, json: bool) -> anyhow::Result<Exit> {
    let key = log_key(installation, None)?;
    let (client, note) = checkpoint(installation)?;
    let signed = SignedCheckpoint::open(&note, &key).context("the checkpoint is not signed by the installation's key")?;
    fs::create_dir_all(directory).with_context(|| format!("`{}` cannot be made", directory.display()))?;
    if fs::read_dir(directory)?.next().is_some() {
        bail!("`{}` is not empty: name a new directory", directory.display());
    }
    let mut exporter = Exporter::default();
    each_entry(&client, signed.head().size, |entry| write_all(directory, exporter.push(entry)?))?;
    // The checkpoint comes last: a directory without one is not an export.
    write_all(directory, exporter.finish(&signed).context("the entries do not add up to the checkpoint")?)?;
    if json {
        show::json(&serde_json::json!({ "directory": directory, "entries": signed.head().size }))?;
    } else {
        println!("{} entries in {}", signed.head().size, directory.display());
    }
    Ok(Exit::Done)
}

fn write_all(directory: &Path, files: Vec<holdpoint_log::export::File>) -> anyhow::Result<()> {
    for file in files {
        let path = directory.join(&file.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(&path, &file.bytes).with_context(|| format!("`{}` cannot be written", path.display()))?;
    }
    Ok(())
}

/// What was verified, and what was found.
enum Found {
    /// The database of an installation.
    Database(database::Report),
    /// Entries alone.
    Log(Report),
}

/// Reads the database where it lies on this machine. Through a server only the entries can be had.
fn verify_installation(installation: &Installation, key: &LogKey, earlier: &[&[u8]]) -> anyhow::Result<Found> {
    match installation.endpoint()? {
        Endpoint::Unix(_) if database::is_data_directory(installation.home()?.root()) => {
            let root = installation.home()?;
            let report = database::audit(root.root(), key, earlier);
            Ok(Found::Database(report.with_context(|| format!("`{}` cannot be verified", root.root().display()))?))
        }
        Endpoint::Tcp(_) | Endpoint::Unix(_) => Ok(Found::Log(verify_running(installation, key, earlier)?)),
    }
}

fn verify_running(installation: &Installation, key: &LogKey, earlier: &[&[u8]]) -> anyhow::Result<Report> {
    let (client, note) = checkpoint(installation)?;
    let size = SignedCheckpoint::open(&note, key).map_or(0, |signed| signed.head().size);
    let mut entries = Vec::new();
    each_entry(&client, size, |entry| {
        entries.push(entry.to_vec());
        Ok(())
    })?;
    Ok(audit(entries, &note, key, earlier))
}

fn verify_directory(directory: &Path, key: &LogKey, earlier: &[&[u8]]) -> anyhow::Result<Report> {
    if database::is_data_directory(directory) {
        bail!("`{0}` is a data directory, not an export: verify it with `holdpoint log verify --data {0}`", directory.display());
    }
    let read = |path: &str, max: usize| match fs::File::open(directory.join(path)) {
        Ok(file) => {
            let mut bytes = Vec::new();
            file.take(max as u64 + 1).read_to_end(&mut bytes).map(|_| Some(bytes))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    };
    let report: std::io::Result<Report> = audit_directory(read, key, earlier);
    let unreadable = || format!("`{}` cannot be read", directory.display());
    let mut paths = Vec::new();
    list(directory, &mut PathBuf::new(), &mut paths).with_context(unreadable)?;
    Ok(report.with_context(unreadable)?.without_strangers(paths))
}

/// Lists the files below a directory by their paths relative to it, with slashes. Links are files here, and not followed.
fn list(directory: &Path, below: &mut PathBuf, paths: &mut Vec<String>) -> std::io::Result<()> {
    for entry in fs::read_dir(directory.join(&below))? {
        let entry = entry?;
        below.push(entry.file_name());
        if entry.file_type()?.is_dir() && below.components().count() <= DEPTH_MAX {
            list(directory, below, paths)?;
        } else {
            paths.push(below.to_string_lossy().into_owned());
        }
        below.pop();
    }
    Ok(())
}

/// Deeper than any tile lies; what is below is named as what it is, a stranger.
const DEPTH_MAX: usize = 10;

#[derive(Serialize)]
struct Told<'a> {
    holds: bool,
    origin: &'a str,
    size: Option<u64>,
    entries: u64,
    subjects: usize,
    fault: Option<String>,
    /// Nothing where only entries were verified.
    database: Option<ToldOfDatabase>,
}

#[derive(Serialize)]
struct ToldOfDatabase {
    payloads: u64,
    redacted: u64,
    /// Nothing where the log could not be followed.
    rows: Option<u64>,
    faults: Vec<String>,
    more_faults: u64,
}

impl<'a> Told<'a> {
    fn of(found: &'a Found) -> Self {
        let (report, database, holds) = match found {
            Found::Database(found) => (&found.log, Some(ToldOfDatabase::of(found)), found.holds()),
            Found::Log(report) => (report, None, report.fault.is_none()),
        };
        Self {
            holds,
            origin: report.origin.as_str(),
            size: report.signed.as_ref().map(|head| head.size),
            entries: report.entries,
            subjects: report.subjects,
            fault: report.fault.as_ref().map(ToString::to_string),
            database,
        }
    }
}

impl ToldOfDatabase {
    fn of(found: &database::Report) -> Self {
        Self {
            payloads: found.payloads.kept,
            redacted: found.payloads.redacted,
            rows: found.rows,
            faults: found.faults.named().iter().map(ToString::to_string).collect(),
            more_faults: found.faults.more(),
        }
    }
}

fn tell(found: &Found, json: bool) -> anyhow::Result<Exit> {
    let told = Told::of(found);
    if json {
        show::json(&told)?;
    } else {
        tell_people(&told);
    }
    Ok(if told.holds { Exit::Done } else { Exit::Held })
}

fn tell_people(told: &Told<'_>) {
    match &told.fault {
        None => println!("the log of {} holds: {} entries about {} subjects, signed", told.origin, told.entries, told.subjects),
        Some(fault) => println!("the log of {} does not hold after {} entries: {fault}", told.origin, told.entries),
    }
    let Some(database) = &told.database else {
        return println!("only the entries were verified, not what a database keeps beside them");
    };
    match (database.rows, database.faults.is_empty()) {
        (None, _) => println!("the tables beside it were not compared: without the log nothing says what must be in them"),
        (Some(rows), true) => println!(
            "the database is what the log says: {} payloads fit, {} were redacted, {rows} rows follow from the entries",
            database.payloads, database.redacted
        ),
        (Some(_), false) => println!("the database is not what the log says:"),
    }
    database.faults.iter().for_each(|fault| println!("  {fault}"));
    if database.more_faults > 0 {
        println!("  and {} more", database.more_faults);
    }
}
