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
//! program> NAME SCRIPT: a stand-in for a program that reaches production
//! credential> PROGRAM NAME=VALUE: what the program needs; in a file of the agent's home, or with the runner
//! theirs> PATH…: what belongs to another user id where there are several
//! around> a command that the agent runs where no hook sees it, once a hook has held it
//! wall>  a command that the agent runs behind the runner, where the credential is
//! ```
//!
//! A drill that says `wall>` runs a third time, on a machine that root has set up: see [`wall`].

mod home;
mod wall;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use anstream::println;
use anyhow::Context as _;
use holdpoint_gates::agent::claude_code::settings;

use crate::canary::{self, Said};
use crate::exit::Exit;
use home::{Home, RUNNER, is_up, without_gate};

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
const DRILLS: &[(&str, &str, &str)] = &[
    drill!("01-environment-made-anew"),
    drill!("09-destroy-after-a-swapped-state"),
    drill!("10-found-credential"),
    drill!("11-home-directory"),
    drill!("12-cache-on-a-data-disk"),
    drill!("13-moves-onto-nothing"),
    drill!("14-past-the-named-targets"),
];

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
        let Replayed { told: happened, whole } =
            replay(script).with_context(|| format!("the drill `{name}` could not be run"))?;
        println!("{happened}");
        if !whole {
            println!("{name}: the part behind the runner was not run: only root can be several users");
        }
        let as_expected = if whole { happened == *expected } else { expected.starts_with(&happened) };
        if let Some(directory) = &arguments.write {
            std::fs::write(directory.join(name).with_extension("out"), &happened)?;
        } else if !as_expected {
            println!("{name}: this is not what was expected:\n{expected}");
            exit = Exit::Held;
        }
    }
    Ok(exit)
}

/// What happened in a drill, and whether all of it could be run.
struct Replayed {
    told: String,
    whole: bool,
}

/// Runs a script with the gates off, then with them on, then behind the runner where it says so, and tells what happened.
fn replay(script: &str) -> anyhow::Result<Replayed> {
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
            step(&home, line, installed.as_ref(), &mut told)?;
        }
    }
    let behind_the_wall = script.lines().any(|line| line.starts_with("wall> "));
    let whole = !behind_the_wall || rustix::process::geteuid().is_root();
    if behind_the_wall && whole {
        told.push_str("\n== behind the runner\n");
        wall::replay(script, &mut told)?;
    }
    Ok(Replayed { told, whole })
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

/// Does what one line of a script says.
fn step(home: &Home, line: &str, installed: Option<&Installed>, told: &mut String) -> anyhow::Result<()> {
    let Some((role, command)) = line.split_once("> ") else { return Ok(()) };
    match (role, installed) {
        ("setup", _) => {
            home.bash(command)?;
        }
        ("agent", None) => {
            let _ = writeln!(told, "agent> {command}");
            told.push_str(&home.bash(command)?);
        }
        ("agent", Some(installed)) => {
            let _ = writeln!(told, "agent> {command}");
            let directory = home.path().display().to_string();
            match canary::ask_from(home.program("sh"), &installed.hook, command, &directory) {
                Said::Deny(reason) => told.push_str(&home.plain(&reason)),
                Said::Nothing | Said::Allow => told.push_str(&home.bash(command)?),
                Said::Nonsense(what) => anyhow::bail!("the hook says `{what}`"),
            }
        }
        ("script", None) => {
            let command = without_gate(command);
            let _ = writeln!(told, "script> {command}");
            told.push_str(&home.bash(&command)?);
        }
        ("script", Some(installed)) => {
            let _ = writeln!(told, "script> {command}");
            told.push_str(&home.bash(&command.replace(RUNNER, &installed.runner))?);
        }
        ("look", _) | ("around", Some(_)) => {
            let _ = writeln!(told, "{role}> {command}");
            told.push_str(&home.bash(command)?);
        }
        ("around", None) | ("theirs" | "wall", _) => {}
        ("program", _) => home.tool(command)?,
        ("credential", _) => {
            let (_, setting) = command.split_once(' ').context("a credential is `PROGRAM NAME=VALUE`")?;
            std::fs::write(home.path().join("shop/.env"), format!("{setting}\n"))?;
        }
        _ => anyhow::bail!("`{role}` is no part of a drill"),
    }
    Ok(())
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

impl Drop for Installed {
    fn drop(&mut self) {
        let _ = self.control_plane.kill();
        let _ = self.control_plane.wait();
    }
}
