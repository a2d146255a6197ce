//! A machine with four users, below a directory of its own: the control plane, the runner, the agent, and a service.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use holdpoint_testkit::browser::{Browser, Verification};
use holdpoint_testkit::tool;
use tempfile::TempDir;

/// What nobody but the program may ever see.
pub(crate) const PASSWORD: &str = "correct-horse-battery";

/// What stands in for `psql`: it shows what it was given, and can be told to stay.
const PSQL: &str = r#"#!/bin/sh
case "$*" in
*stay*)
    exec 3> "$ROOT/fifo"
    setsid sh -c 'exec sleep 1000' &
    echo "begun $$"
    exec sleep 1000 ;;
*status*) exit 7 ;;
*shows*) env; echo "uid $(id -u) $(id -G)"; pwd; ls -A "$HOME"; printf %s "$PGPASSWORD" | base64; cat "$PGPASSFILE" ;;
*" -f "*) shift; shift; cat "$@" ;;
*) echo "ran: $*" ;;
esac
"#;

/// A machine with three users, below a directory of its own.
pub(crate) struct Machine {
    pub(crate) root: TempDir,
    pub(crate) agent: u32,
    pub(crate) site: u32,
    // Not below a directory for temporary files, where nothing is worth being kept.
    srv: TempDir,
    pub(crate) server: Child,
    pub(crate) runner: Child,
}

impl Machine {
    /// Sets the machine up, where this process may be several users.
    pub(crate) fn for_test(test: &str) -> Option<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        if !rustix::process::geteuid().is_root() {
            tool::not_run(test, "only root can be three users");
            return None;
        }
        // No two tests of this machine, in whatever process, have a user id in common.
        let base = 1_000_000 + (std::process::id() * 8 + COUNT.fetch_add(1, Ordering::SeqCst) % 8) * 32;
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let (server, runner, agent, site) = (base, base + 1, base + 2, base + 3);
        let mut install = holdpoint(Path::new(env!("CARGO_BIN_EXE_holdpoint")), root.path());
        install.args(["install", "system", "--person", &format!("alice={agent}"), "--users", &format!("{server},{runner}")]);
        install.args(["--acting-from", &format!("{}", base + 8), "--acting-count", "4", "--console", "127.0.0.1:0"]);
        install.args(["--path", &format!("{}:/usr/bin:/bin", root.path().join("tools").display())]);
        let installed = install.output().unwrap();
        assert!(installed.status.success(), "{installed:?}");
        let program = root.path().join("usr/local/bin/holdpoint");
        furnish(root.path(), runner, agent);
        let srv = tempfile::tempdir_in("/run").unwrap();
        add_site(root.path(), srv.path(), site);
        let (server, runner) = (start_server(&program, root.path(), server), start_runner(&program, root.path()));
        Some(Self { root, agent, site, srv, server, runner })
    }

    /// Starts the runner anew, as a service manager would.
    pub(crate) fn restart_runner(&mut self) {
        self.runner = start_runner(&self.at("usr/local/bin/holdpoint"), self.root.path());
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    pub(crate) fn shop(&self) -> PathBuf {
        self.srv.path().canonicalize().unwrap().join("shop")
    }

    pub(crate) fn home(&self) -> PathBuf {
        self.at("home/alice")
    }

    /// A command of the agent's, with an environment in which it has tried everything.
    pub(crate) fn as_agent(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.uid(self.agent).gid(self.agent).env_clear().current_dir(self.home()).stdin(Stdio::null());
        command.env("HOME", self.home()).env("PATH", format!("{}:/usr/bin:/bin", self.at("usr/local/bin").display()));
        command.env("HOLDPOINT_URL", "http://127.0.0.1:9").env("HOLDPOINT_DATA", self.home());
        command.env("PGOPTIONS", "--evil=1").env("PGHOST", "evil.example").env("BASH_ENV", "/tmp/evil").env("LANG", "C.UTF-8");
        command
    }

    pub(crate) fn holdpoint(&self) -> Command {
        let mut command = self.as_agent(self.at("usr/local/bin/holdpoint").to_str().unwrap());
        command.arg("--root").arg(self.root.path());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Ran {
        Ran::of(self.holdpoint().args(["run", "--"]).args(words).output().unwrap())
    }

    pub(crate) fn shell(&self, text: &str) -> Ran {
        Ran::of(self.as_agent("/bin/sh").args(["-c", text]).env("ROOT", self.root.path()).output().unwrap())
    }

    pub(crate) fn credential(&self, more: &str) {
        self.credential_for("localhost", more);
    }

    pub(crate) fn credential_for(&self, host: &str, more: &str) {
        let text = format!(
            "programs = ['psql']\n[secrets]\npassword = '{PASSWORD}'\n[variables]\nPGHOST = '{host}'\n\
             ROOT = '{}'\nPGPASSWORD = '${{secret.password}}'\n[files]\nPGPASSFILE = 'localhost:*:*:*:${{secret.password}}'\n{more}",
            self.root.path().display()
        );
        fs::write(self.at("etc/holdpoint/credentials.d/shop.toml"), text).unwrap();
    }

    /// Begins a command that stays, and gives its own process id once it runs.
    pub(crate) fn begin_one_that_stays(&self, sql: &str) -> (Child, BufReader<std::process::ChildStdout>, String) {
        let mut client = self.holdpoint();
        client.args(["run", "--", "psql", "-c", sql]).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut client = client.spawn().unwrap();
        let mut output = BufReader::new(client.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let pid = line.trim().strip_prefix("begun ").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        (client, output, pid)
    }

    /// A pipe that is at its end when nothing of a command that stays is left.
    pub(crate) fn until_nothing_is_left(&self) -> fs::File {
        let path = self.at("fifo");
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").args(["-m", "622"]).arg(&path).status().unwrap().success());
        // For reading and writing at first, so that opening it waits for nobody.
        fs::OpenOptions::new().read(true).write(true).open(&path).unwrap()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        for child in [&mut self.runner, &mut self.server] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

pub(crate) fn holdpoint(program: &Path, root: &Path) -> Command {
    // As a service manager starts it: whoever runs the tests under `nohup` has hang-ups ignored, and that is inherited.
    let mut command = Command::new("env");
    command.args(["--default-signal=HUP,INT,QUIT,TERM", "--"]).arg(program);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").current_dir("/").stdin(Stdio::null());
    command.arg("--root").arg(root);
    command
}

/// Gives the machine a home, a program and a credential.
fn furnish(root: &Path, runner: u32, agent: u32) {
    let (home, tools) = (root.join("home/alice"), root.join("tools"));
    fs::create_dir_all(&home).unwrap();
    chown(&home, Some(agent), Some(agent)).unwrap();
    fs::set_permissions(&home, fs::Permissions::from_mode(0o700)).unwrap();
    fs::create_dir(&tools).unwrap();
    fs::write(tools.join("psql"), PSQL).unwrap();
    fs::set_permissions(tools.join("psql"), fs::Permissions::from_mode(0o755)).unwrap();
    let credential = root.join("etc/holdpoint/credentials.d/shop.toml");
    fs::write(&credential, "").unwrap();
    chown(&credential, Some(runner), Some(runner)).unwrap();
    fs::set_permissions(&credential, fs::Permissions::from_mode(0o600)).unwrap();
}

/// Gives the machine a site: a service's user, and what belongs to it.
fn add_site(root: &Path, srv: &Path, user: u32) {
    fs::set_permissions(srv, fs::Permissions::from_mode(0o755)).unwrap();
    let directory = srv.canonicalize().unwrap().join("shop");
    fs::create_dir_all(directory.join("uploads")).unwrap();
    fs::write(directory.join("uploads/order.pdf"), "the only copy").unwrap();
    for path in [directory.clone(), directory.join("uploads"), directory.join("uploads/order.pdf")] {
        chown(&path, Some(user), Some(user)).unwrap();
    }
    fs::set_permissions(directory.join("uploads"), fs::Permissions::from_mode(0o750)).unwrap();
    let site = format!(
        "\n[sites.shop]\nuser = {user}\ndirectory = {directory:?}\nprograms = ['rm', 'ls', 'tool']\nenvironment = 'local'\n"
    );
    let config = fs::OpenOptions::new().append(true).open(root.join("etc/holdpoint/config.toml"));
    config.unwrap().write_all(site.as_bytes()).unwrap();
}

fn start_server(program: &Path, root: &Path, uid: u32) -> Child {
    let mut server = holdpoint(program, root);
    server.args(["up", "--system"]).uid(uid).gid(uid).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut server = server.spawn().unwrap();
    let mut said = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("enrol")), "the control plane does not start");
    server
}

fn start_runner(program: &Path, root: &Path) -> Child {
    let mut runner = holdpoint(program, root);
    runner.args(["gate", "command"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut runner = runner.spawn().unwrap();
    let mut said = BufReader::new(runner.stderr.take().unwrap()).lines().map_while(Result::ok);
    assert!(said.any(|line| line.contains("listening")), "the runner does not start");
    std::thread::spawn(move || said.for_each(|line| eprintln!("runner: {line}")));
    runner
}

/// How a command of the agent's went. The secret was not in what it saw.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let ran = Self { status: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) };
        assert!(!format!("{ran:?}").contains(PASSWORD), "the agent saw the secret: {ran:?}");
        ran
    }
}

impl Machine {
    /// Has alice enrol with a passkey and release what a card is about, which must say so.
    pub(crate) fn release(&self, browser: &Browser, held: &Ran, card_says: &str) {
        let card = held.stderr.split_whitespace().find(|word| word.contains("/changes/sha256:"));
        let card = card.unwrap_or_else(|| panic!("nothing is held: {held:?}"));
        let page = browser.visitor().unwrap();
        let _passkey = page.plug_in(Verification::Passes).unwrap();
        let invitations = fs::read_to_string(self.at("var/lib/holdpoint/invitations")).unwrap();
        let enrol = invitations.lines().find(|line| line.contains("alice")).unwrap().split_whitespace().next().unwrap();
        page.go(enrol).unwrap();
        page.press("#begin").unwrap();
        page.read("alice this computer").unwrap();
        page.go(&format!("{card}?as=alice")).unwrap();
        page.read(card_says).unwrap();
        page.press("#release").unwrap();
        page.read("This change is released").unwrap();
    }
}
