//! `holdpoint install AGENT`: puts a gate before an agent, and says what that is worth.
//!
//! `holdpoint install system` is in [`crate::install_system`].

use std::io::Write as _;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anstream::println;
use anyhow::Context as _;
use clap::ValueEnum;
use holdpoint_api::home::Home;
use holdpoint_api::v1::{OpenSessionV1, SessionV1, path};
use holdpoint_core::digest::Digest;
use holdpoint_gates::agent::claude_code::scopes::Scope;
use holdpoint_gates::agent::claude_code::settings::{self, SETTINGS_MAX_BYTES};
use holdpoint_gates::agent::{claude_code, hook};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::canary::{self, Said};
use crate::context::{Installation, PATIENCE};
use crate::exit::Exit;
use crate::install_system;

/// Put a gate before an agent, or set up the whole machine
///
/// `claude-code`: shows what changes in the agent's settings, keeps a copy of what was there, and asks the new hook two questions
/// to see that it answers. `system`: as root, gives the control plane and the runner user ids of their own. `--undo` takes either
/// out again.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  holdpoint install claude-code\n  sudo holdpoint install system --person alice=1000 --dry-run"
)]
pub(crate) struct Arguments {
    /// The agent, or `system`
    what: What,
    /// In the settings of the project in this directory instead of yours
    #[arg(long)]
    project: bool,
    /// Show what would change and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Take the gate out again
    #[arg(long)]
    undo: bool,
    #[command(flatten)]
    system: install_system::Options,
}

/// What can be installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The hook of Claude Code, as you
    ClaudeCode,
    /// The control plane and the runner of the whole machine, as root
    System,
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: &Arguments) -> anyhow::Result<Exit> {
    if arguments.what == What::System {
        let ending = if arguments.undo { install_system::Wanted::Undone } else { install_system::Wanted::Done };
        return install_system::run(installation, &arguments.system, ending, arguments.dry_run);
    }
    let file = SettingsFile::locate(arguments.project)?;
    if arguments.undo {
        return undo(&file, arguments.dry_run);
    }
    let command = hook_command(installation)?;
    let before = file.read()?;
    let after = settings::with_hooks(&before, &command).with_context(|| format!("`{}` is left alone", file.path.display()))?;
    println!("{}", file.path.display());
    print_difference(&before, &after);
    if arguments.dry_run {
        println!("nothing was changed");
        return Ok(Exit::Done);
    }
    open_session(installation)?;
    file.install(&before, &after)?;
    verify(&file, &command)
}

fn undo(file: &SettingsFile, dry_run: bool) -> anyhow::Result<Exit> {
    let now = file.read()?;
    let before = file.as_it_was(&now)?;
    println!("{}", file.path.display());
    print_difference(&now, before.as_deref().unwrap_or_default());
    if dry_run || before.as_deref().unwrap_or_default() == now {
        println!("nothing was changed");
        return Ok(Exit::Done);
    }
    file.restore(before.as_deref())?;
    println!("the gate is out: from now on nothing stands before Claude Code here");
    Ok(Exit::Done)
}

/// What the host is to run: this program, whatever happens to `PATH` later, with the data directory it has now.
pub(crate) fn hook_command(installation: &Installation) -> anyhow::Result<String> {
    let program = std::env::current_exe().context("this program cannot be found")?;
    hook_command_of(program.to_str().context("the path of this program is not UTF-8")?, installation)
}

/// What the host would be told to run by the program at this path.
pub(crate) fn hook_command_of(program: &str, installation: &Installation) -> anyhow::Result<String> {
    let home = installation.home()?;
    let data = home.root().to_str().context("the path of the data directory is not UTF-8")?;
    let data = data.replace('\'', r"'\''");
    Ok(hook::crash_proof(program, &format!("hook claude-code --data '{data}'")))
}

/// Opens the agent's session, unless there is one.
fn open_session(installation: &Installation) -> anyhow::Result<()> {
    let home = installation.home()?;
    let path = home.session(claude_code::NAME);
    if path.exists() {
        return Ok(());
    }
    let opening = OpenSessionV1 { agent: claude_code::NAME.to_owned() };
    let session: SessionV1 = installation
        .client(PATIENCE)?
        .post(path::SESSIONS, &opening)
        .context("no session can be opened for the agent: start the control plane first with `holdpoint up`")?;
    keep_secret(&home, &path, &serde_json::to_vec(&session)?)?;
    println!("session {} acts on behalf of {}: attribution, not proof", session.id, session.on_behalf_of);
    Ok(())
}

fn keep_secret(home: &Home, path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let directory = path.parent().unwrap_or(home.root());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content).with_context(|| format!("`{}` cannot be written", path.display()))
}

/// Asks the hook that is now configured what it says, as the host would.
fn verify(file: &SettingsFile, command: &str) -> anyhow::Result<Exit> {
    let deviations = settings::deviations(&file.read()?, command)?;
    anyhow::ensure!(deviations.is_empty(), "the settings do not hold what was written: something else writes them");
    let free = canary::ask(command, "ls", "/");
    let dangerous = canary::ask_the_worst(command);
    match (&free, &dangerous) {
        (Said::Nothing, Said::Deny(_)) => {
            println!("verified: `ls` passes, `rm -rf ~` is held");
            println!("restart running sessions of Claude Code; `holdpoint doctor` tells whether the gate is in force");
            Ok(Exit::Done)
        }
        _ => {
            println!("the hook does not answer as it should: `ls` → {free:?}, `rm -rf ~` → {dangerous:?}");
            Ok(Exit::Held)
        }
    }
}

/// One of Claude Code's settings files.
#[derive(Debug)]
pub(crate) struct SettingsFile {
    /// Where it is.
    pub(crate) path: PathBuf,
}

impl SettingsFile {
    /// The files of a scope, what counts first first: the person's own, those of the project in this directory, the organisation's.
    pub(crate) fn of(scope: Scope) -> anyhow::Result<Vec<Self>> {
        let project = || std::env::current_dir().context("the working directory is gone").map(|here| here.join(".claude"));
        let path = match scope {
            Scope::Local => project()?.join("settings.local.json"),
            Scope::Managed => return Ok(managed()),
            Scope::Project => project()?.join("settings.json"),
            Scope::User => match std::env::var_os("CLAUDE_CONFIG_DIR") {
                Some(directory) => PathBuf::from(directory).join("settings.json"),
                None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".claude/settings.json"),
            },
        };
        Ok(vec![Self { path }])
    }

    /// The user's own file, or that of the project in this directory.
    fn locate(project: bool) -> anyhow::Result<Self> {
        let files = Self::of(if project { Scope::Project } else { Scope::User })?;
        files.into_iter().next().context("there is no such settings file")
    }

    /// Its text; nothing where there is no such file yet.
    pub(crate) fn read(&self) -> anyhow::Result<String> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if text.len() > SETTINGS_MAX_BYTES => anyhow::bail!("`{}` is too long", self.path.display()),
            Ok(text) => Ok(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error).with_context(|| format!("`{}` cannot be read", self.path.display())),
        }
    }

    fn backup(&self) -> PathBuf {
        self.path.with_extension("json.before-holdpoint")
    }

    /// Where the text lies: at the end of the links, be there a file yet or not.
    fn place(&self) -> PathBuf {
        let mut place = self.path.clone();
        for _ in 0..LINKS_MAX {
            let Ok(target) = place.read_link() else { break };
            // A relative target counts from the directory of the link, an absolute one replaces it.
            place = place.parent().unwrap_or(Path::new("/")).join(target);
        }
        place
    }

    /// Puts our hooks in and keeps what was there, as long as nothing of it was ours.
    fn install(&self, before: &str, after: &str) -> anyhow::Result<()> {
        if before == after {
            return Ok(());
        }
        let written = Digest::of(after.as_bytes());
        let kept = match self.kept() {
            Some(kept) if kept.written == Digest::of(before.as_bytes()) => Some(Kept { written, ..kept }),
            _ if settings::without_hooks(before)? != before => None,
            _ => Some(Kept { before: self.place().exists().then(|| before.to_owned()), written }),
        };
        self.write(after)?;
        // A crash before this line: the hooks are in, and to undo them edits them out.
        kept.map_or(Ok(()), |kept| {
            replace(&self.backup(), &serde_json::to_string(&kept)?).context("what was there cannot be kept")
        })
    }

    fn kept(&self) -> Option<Kept> {
        serde_json::from_str(&std::fs::read_to_string(self.backup()).ok()?).ok()
    }

    /// What the settings were before, byte for byte, if nothing but our hooks has changed since; else these without
    /// them. Nothing
    /// where there was no file.
    fn as_it_was(&self, now: &str) -> anyhow::Result<Option<String>> {
        let without = settings::without_hooks(now)?;
        // Blank is no settings, as the host has it.
        let value = |text: &str| serde_json::from_str::<Value>(if text.trim().is_empty() { "{}" } else { text }).ok();
        let same = |before: Option<&str>| value(before.unwrap_or_default()) == value(&without);
        match self.kept() {
            Some(kept) if kept.written == Digest::of(now.as_bytes()) || same(kept.before.as_deref()) => Ok(kept.before),
            _ => Ok(self.place().exists().then_some(without)),
        }
    }

    /// Puts back what was there and lets go of the copy.
    fn restore(&self, before: Option<&str>) -> anyhow::Result<()> {
        match before {
            Some(before) => self.write(before)?,
            None if self.place().exists() => {
                std::fs::remove_file(self.place()).with_context(|| format!("`{}` cannot be removed", self.path.display()))?;
            }
            None => {}
        }
        match std::fs::remove_file(self.backup()) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).context("the copy cannot be removed"),
            _ => Ok(()),
        }
    }

    /// Replaces the file as a whole. A link stays a link: its target is what is replaced.
    fn write(&self, text: &str) -> anyhow::Result<()> {
        replace(&self.place(), text).with_context(|| format!("`{}` cannot be written", self.path.display()))
    }
}

/// Most links that are followed one after the other, as the kernel has it.
const LINKS_MAX: usize = 40;

/// What was there before our hooks, and what was written then: as long as that stands there, nobody has changed it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    /// The text; nothing where there was no file.
    before: Option<String>,
    written: Digest,
}

/// Replaces a file as a whole; it keeps its mode.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))?;
    let unfinished = path.with_extension("holdpoint-new");
    std::fs::write(&unfinished, text)?;
    if let Ok(metadata) = std::fs::metadata(path) {
        std::fs::set_permissions(&unfinished, metadata.permissions())?;
    }
    std::fs::rename(&unfinished, path)
}

/// The organisation's files: pieces beside the main one are laid over it in the order of their names.
fn managed() -> Vec<SettingsFile> {
    let directory = Path::new(if cfg!(target_os = "macos") { MANAGED_MACOS } else { MANAGED });
    let pieces =
        std::fs::read_dir(directory.join("managed-settings.d")).into_iter().flatten().flatten().map(|piece| piece.path());
    let mut paths: Vec<PathBuf> = pieces.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect();
    paths.sort();
    paths.reverse();
    paths.push(directory.join("managed-settings.json"));
    paths.into_iter().map(|path| SettingsFile { path }).collect()
}

/// Where an administrator puts settings for everybody (<https://code.claude.com/docs/en/settings>).
const MANAGED: &str = "/etc/claude-code";
const MANAGED_MACOS: &str = "/Library/Application Support/ClaudeCode";

/// Prints what changes: the lines between the common beginning and the common end.
fn print_difference(before: &str, after: &str) {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let most = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(most).take_while(|(a, b)| a == b).count();
    for line in old.iter().take(old.len() - tail).skip(head) {
        println!("  - {line}");
    }
    for line in new.iter().take(new.len() - tail).skip(head) {
        println!("  + {line}");
    }
}
