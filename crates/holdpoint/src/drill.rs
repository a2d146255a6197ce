//! `holdpoint drill`: documented incidents replayed against the live gates, in throw-away homes.
//!
//! Each drill runs twice: with the gates off, for what it would have cost, and with them on. With them on everything is real:
//! a control plane is started, the hook is installed as a person would install it, and the command goes through the hook as
//! the agent's host would send it. What happened is compared with the output that is committed beside the script.
//!
//! ```text
//! # a line of the story
//! setup> a command that prepares the home
//! agent> a command that the agent runs, as the incident has it: through the hook where the gates are on
//! script> holdpoint run … : the same without a hook; with the gates off, bash in its place
//! look>  a command that shows what is left
//! ```

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use anstream::println;
use anyhow::Context as _;
use holdpoint_gates::agent::claude_code::settings;

use crate::canary::{self, Said};
use crate::exit::Exit;

/// One drill with its two files.
macro_rules! drill {
    ($name:literal) => {
        (
            $name,
            include_str!(concat!("../../../drills/", $name, ".drill")),
            include_str!(concat!("../../../drills/", $name, ".out")),
        )
    };
}

/// The drills there are: name, script, and what it must print.
const DRILLS: &[(&str, &str, &str)] =
    &[drill!("11-home-directory"), drill!("12-cache-on-a-data-disk"), drill!("13-moves-onto-nothing")];

/// How a script has a command run through a gate.
const RUNNER: &str = "holdpoint run --shell";

/// Replay documented incidents against the live gates, in throw-away homes
///
/// Exit status 0: everything was held that must be, 3: something went differently.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Which ones, by the beginning of their names [default: all]
    names: Vec<String>,
    /// Write what happens as what is expected, into this directory
    #[arg(long, value_name = "DIR", hide = true)]
    write: Option<PathBuf>,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let wanted =
        |name: &str| arguments.names.is_empty() || arguments.names.iter().any(|wanted| name.starts_with(wanted.as_str()));
    let mut exit = Exit::Done;
    for (name, script, expected) in DRILLS.iter().filter(|(name, ..)| wanted(name)) {
        let happened = replay(script).with_context(|| format!("the drill `{name}` could not be run"))?;
        println!("{happened}");
        if let Some(directory) = &arguments.write {
            std::fs::write(directory.join(name).with_extension("out"), &happened)?;
        } else if happened != *expected {
            println!("{name}: this is not what was expected:\n{expected}");
            exit = Exit::Held;
        }
    }
    Ok(exit)
}

/// Runs a script with the gates off, then with them on, and tells what happened.
fn replay(script: &str) -> anyhow::Result<String> {
    let story: Vec<_> = script.lines().filter(|line| line.starts_with('#')).collect();
    let mut told = story.join("\n") + "\n";
    for gates in [Gates::Off, Gates::On] {
        let _ = writeln!(told, "\n== gates {}", gates.as_str());
        let home = Home::new()?;
        let installed = match gates {
            Gates::Off => None,
            Gates::On => Some(Installed::in_home(&home)?),
        };
        for line in script.lines() {
            home.step(line, installed.as_ref(), &mut told)?;
        }
    }
    Ok(told)
}

#[derive(Debug, Clone, Copy)]
enum Gates {
    Off,
    On,
}

impl Gates {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::On => "on",
        }
    }
}

/// A home directory that is thrown away.
struct Home {
    directory: PathBuf,
}

impl Home {
    fn new() -> anyhow::Result<Self> {
        let mut bytes = [0; 8];
        ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut bytes)
            .map_err(|_| anyhow::anyhow!("no randomness"))?;
        let directory = std::env::temp_dir().join(format!("holdpoint-drill-{:016x}", u64::from_be_bytes(bytes)));
        std::fs::create_dir_all(directory.join("home"))?;
        std::fs::create_dir_all(directory.join("data"))?;
        Ok(Self { directory: directory.canonicalize()? })
    }

    fn path(&self) -> PathBuf {
        self.directory.join("home")
    }

    /// A program that knows of nothing but this home.
    fn program(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", self.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin").env("USER", "drill");
        for (name, value) in [("GIT_AUTHOR_NAME", "drill"), ("GIT_COMMITTER_NAME", "drill")] {
            command.env(name, value);
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            command.env(name, "drill@example.org");
        }
        // Without gates the home itself may be gone by now: that is what some drills are about.
        let home = self.path();
        command.current_dir(if home.is_dir() { &home } else { &self.directory }).stdin(Stdio::null());
        command
    }

    /// Does what one line of a script says.
    fn step(&self, line: &str, installed: Option<&Installed>, told: &mut String) -> anyhow::Result<()> {
        let Some((role, command)) = line.split_once("> ") else { return Ok(()) };
        match (role, installed) {
            ("setup", _) => {
                self.bash(command)?;
            }
            ("agent", None) => {
                let _ = writeln!(told, "agent> {command}");
                told.push_str(&self.bash(command)?);
            }
            ("agent", Some(installed)) => {
                let _ = writeln!(told, "agent> {command}");
                let directory = self.path().display().to_string();
                match canary::ask_from(self.program("sh"), &installed.hook, command, &directory) {
                    Said::Deny(reason) => told.push_str(&self.plain(&reason)),
                    Said::Nothing | Said::Allow => told.push_str(&self.bash(command)?),
                    Said::Nonsense(what) => anyhow::bail!("the hook says `{what}`"),
                }
            }
            ("script", None) => {
                let _ = writeln!(told, "script> {}", command.replace(RUNNER, "bash -c"));
                told.push_str(&self.bash(&command.replace(RUNNER, "bash -c"))?);
            }
            ("script", Some(installed)) => {
                let _ = writeln!(told, "script> {command}");
                told.push_str(&self.bash(&command.replace(RUNNER, &installed.runner))?);
            }
            ("look", _) => {
                let _ = writeln!(told, "look> {command}");
                told.push_str(&self.bash(command)?);
            }
            _ => anyhow::bail!("`{role}` is none of setup, agent, script, look"),
        }
        Ok(())
    }

    fn bash(&self, command: &str) -> anyhow::Result<String> {
        // A command may take the working directory away below bash; what it prints then is no part of the story.
        let output =
            self.program("bash").args(["-c", &format!("exec 2>&1; {command}")]).output().context("bash cannot be started")?;
        Ok(self.plain(&String::from_utf8_lossy(&output.stdout)))
    }

    /// Text without what differs from run to run: the home's place, digests, ports.
    fn plain(&self, text: &str) -> String {
        let text = text.replace(&self.path().display().to_string(), "~");
        let mut plain = String::new();
        for line in text.lines() {
            let words: Vec<_> = line.split(' ').map(plain_word).collect();
            let _ = writeln!(plain, "{}", words.join(" "));
        }
        plain
    }
}

/// A word without a digest or a port in it.
fn plain_word(word: &str) -> String {
    let hex = |text: &str| text.len() >= 12 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bare = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    let digest = bare.rsplit(['/', ':']).next().unwrap_or(bare);
    let word = if hex(digest) { word.replace(digest, "…") } else { word.to_owned() };
    match (word.find("://"), word.find("/changes/")) {
        (Some(scheme), Some(path)) if scheme < path => {
            let (head, tail) = word.split_at(path);
            let host = head.rsplit_once(':').map_or(head, |(host, _)| host);
            format!("{host}:…{tail}")
        }
        _ => word,
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Holdpoint as a person has it: a control plane that runs and a hook in the agent's settings.
struct Installed {
    control_plane: Child,
    hook: String,
    /// What stands for [`RUNNER`] in a script: this program, run by the agent.
    runner: String,
}

impl Installed {
    fn in_home(home: &Home) -> anyhow::Result<Self> {
        let program = std::env::current_exe()?;
        let data = home.directory.join("data");
        let mut up = home.program(&program);
        up.arg("--data").arg(&data).args(["up", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut control_plane = up.spawn().context("the control plane cannot be started")?;
        let output = control_plane.stdout.take().context("the control plane says nothing")?;
        let runner = format!("CLAUDECODE=1 '{}' --data '{}' run --shell", program.display(), data.display());
        let mut installed = Self { control_plane, hook: String::new(), runner };
        anyhow::ensure!(is_up(output), "the control plane did not come up");
        let install = home.program(&program).arg("--data").arg(&data).args(["install", "claude-code"]).output()?;
        anyhow::ensure!(install.status.success(), "install failed: {}", String::from_utf8_lossy(&install.stdout));
        let settings = std::fs::read_to_string(home.path().join(".claude/settings.json"))?;
        installed.hook = settings::installed(&settings, "PreToolUse")?.pop().context("no hook was installed")?;
        Ok(installed)
    }
}

/// Waits until the control plane says that it is up, and goes on listening so that it can go on speaking.
fn is_up(output: std::process::ChildStdout) -> bool {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if line.contains(" is up") {
                let _ = sender.send(());
            }
        }
    });
    receiver.recv().is_ok()
}

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.control_plane.kill();
        let _ = self.control_plane.wait();
    }
}
