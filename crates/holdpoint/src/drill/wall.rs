//! A drill behind the runner: a machine that `holdpoint install system` has set up below a directory that is thrown away, with an
//! agent under a user id of its own. The agent heeds no gate that advises, so that it need not go around one: what holds is that
//! it lacks the credential, and that the kernel lets nobody touch what belongs to another user id.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{PermissionsExt as _, chown, lchown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::Context as _;

use super::home::{Home, is_up, without_gate};

/// How a script has a command run through the runner.
const RUN: &str = "holdpoint run";
/// The user ids of drills begin here. Each process that drills has its own.
const USERS_FROM: u32 = 1_500_000_000;
/// How many user ids one drill takes.
const USERS: u32 = 16;

/// Runs a script on such a machine.
pub(super) fn replay(script: &str, told: &mut String) -> anyhow::Result<()> {
    let machine = Machine::set_up()?;
    script.lines().try_for_each(|line| machine.step(line, told))
}

struct Machine {
    home: Home,
    runner_user: u32,
    /// Whose the things are that are not the agent's.
    owner: u32,
    services: Vec<Child>,
}

impl Machine {
    fn set_up() -> anyhow::Result<Self> {
        let mut home = Home::new()?;
        let first = USERS_FROM + std::process::id() * USERS;
        let (server, runner, agent) = (first, first + 1, first + 2);
        home.user = Some(agent);
        for directory in [home.directory.clone(), home.directory.join("tools")] {
            fs::set_permissions(directory, fs::Permissions::from_mode(0o755))?;
        }
        chown(home.path(), Some(agent), Some(agent))?;
        let mut machine = Self { home, runner_user: runner, owner: first + 3, services: Vec::new() };
        let tools = machine.home.directory.join("tools");
        let mut install = machine.as_root(&std::env::current_exe()?);
        install.args(["install", "system", "--console", "127.0.0.1:0", "--acting-count", "4"]);
        install.args(["--person", &format!("alice={agent}"), "--users", &format!("{server},{runner}")]);
        install.args(["--acting-from", &(first + 8).to_string(), "--path", &format!("{}:/usr/bin:/bin", tools.display())]);
        let installed = install.output()?;
        anyhow::ensure!(installed.status.success(), "{}", String::from_utf8_lossy(&installed.stderr));
        machine.start(server)?;
        Ok(machine)
    }

    fn root(&self) -> PathBuf {
        self.home.directory.join("root")
    }

    fn program(&self) -> PathBuf {
        self.root().join("usr/local/bin/holdpoint")
    }

    fn as_root(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/").stdin(Stdio::null());
        command.arg("--root").arg(self.root());
        command
    }

    /// Starts both services, and waits until each is ready.
    fn start(&mut self, server_user: u32) -> anyhow::Result<()> {
        let mut server = self.as_root(&self.program());
        server.args(["up", "--system"]).uid(server_user).gid(server_user).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut server = server.spawn().context("the control plane cannot be started")?;
        let output = server.stdout.take().context("the control plane says nothing")?;
        self.services.push(server);
        anyhow::ensure!(is_up(output), "the control plane did not come up");
        let mut runner = self.as_root(&self.program());
        runner.args(["gate", "command"]).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut runner = runner.spawn().context("the runner cannot be started")?;
        let said = runner.stderr.take().context("the runner says nothing")?;
        self.services.push(runner);
        let mut said = BufReader::new(said).lines().map_while(Result::ok);
        anyhow::ensure!(said.any(|line| line.contains("listening")), "the runner did not come up");
        // It goes on speaking, and somebody has to listen.
        std::thread::spawn(move || said.for_each(drop));
        Ok(())
    }

    fn step(&self, line: &str, told: &mut String) -> anyhow::Result<()> {
        let Some((role, command)) = line.split_once("> ") else { return Ok(()) };
        match role {
            "setup" => drop(self.home.bash(command)?),
            "program" => self.home.tool(command)?,
            "credential" => self.keep(command)?,
            "theirs" => command.split(' ').try_for_each(|path| self.give_away(path))?,
            "around" => {}
            "script" => {
                let command = without_gate(command);
                let _ = writeln!(told, "script> {command}");
                told.push_str(&self.home.bash(&command)?);
            }
            _ => {
                let _ = writeln!(told, "{role}> {command}");
                let run = format!("'{}' --root '{}' run", self.program().display(), self.root().display());
                told.push_str(&self.home.bash(&command.replace(RUN, &run))?);
            }
        }
        Ok(())
    }

    /// Gives what lies in the agent's home, and all below it, to another user id.
    fn give_away(&self, path: &str) -> anyhow::Result<()> {
        let below = path.strip_prefix("~/").context("what is theirs lies below `~/`")?;
        let mut left = vec![self.home.path().join(below)];
        while let Some(path) = left.pop() {
            lchown(&path, Some(self.owner), Some(self.owner))?;
            if fs::symlink_metadata(&path)?.is_dir() {
                left.extend(fs::read_dir(&path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?);
            }
        }
        Ok(())
    }

    /// Gives the runner a credential, and the agent nothing.
    fn keep(&self, text: &str) -> anyhow::Result<()> {
        let (program, setting) = text.split_once(' ').context("a credential is `PROGRAM NAME=VALUE`")?;
        let (name, value) = setting.split_once('=').context("a credential is `PROGRAM NAME=VALUE`")?;
        let file = self.root().join("etc/holdpoint/credentials.d").join(program).with_extension("toml");
        let content =
            format!("programs = ['{program}']\n[secrets]\nvalue = '{value}'\n[variables]\n{name} = '${{secret.value}}'\n");
        fs::write(&file, content)?;
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600))?;
        Ok(chown(&file, Some(self.runner_user), Some(self.runner_user))?)
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for service in self.services.iter_mut().rev() {
            let _ = service.kill();
            let _ = service.wait();
        }
    }
}
