//! A machine of its own for a test: the real systemd, booted in namespaces on top of this machine's files.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use holdpoint_testkit::tool;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};
use tempfile::TempDir;

/// Where systemd lies, on different systems.
const SYSTEMD: [&str; 2] = ["/lib/systemd/systemd", "/usr/lib/systemd/systemd"];
/// How long a boot may take. It takes a second.
const BOOT_MAX: Duration = Duration::from_secs(60);

/// How long it may take until everything has ended.
const ENDING_MAX: Timespec = Timespec { tv_sec: 30, tv_nsec: 0 };

/// How many machines this process has booted.
static BOOTED: AtomicU32 = AtomicU32::new(0);

/// A booted machine. It ends when the value does, with everything that runs on it.
pub(crate) struct Booted {
    outside: Child,
    init: String,
    cgroup: PathBuf,
    _directories: [TempDir; 2],
}

impl Booted {
    /// Boots a machine, where one can be booted.
    pub(crate) fn for_test(test: &str) -> Option<Self> {
        if !rustix::process::geteuid().is_root() {
            tool::not_run(test, "only root can boot systemd in namespaces");
            return None;
        }
        let Some(systemd) = SYSTEMD.iter().find(|path| Path::new(path).exists()) else {
            tool::not_run(test, "no systemd");
            return None;
        };
        for needed in ["unshare", "nsenter", "setpriv", "systemctl", "useradd", "journalctl", "systemd-analyze"] {
            tool::find(test, &[needed])?;
        }
        let Some(cgroup) = own_cgroup() else {
            tool::not_possible(test, "no cgroup of version 2 can be made");
            return None;
        };
        let booted = Self::boot(systemd, cgroup);
        if booted.is_none() {
            tool::not_possible(test, "systemd does not boot in namespaces here");
        }
        booted
    }

    fn boot(systemd: &str, cgroup: PathBuf) -> Option<Self> {
        let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let [root, notify] = directories.each_ref().map(TempDir::path);
        let told = UnixDatagram::bind(notify.join("socket")).unwrap();
        told.set_read_timeout(Some(BOOT_MAX)).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/systemd/boot.sh");
        let mut boot = Command::new("unshare");
        boot.args(["--mount", "--propagation", "private", "sh"]).arg(script).args([root, &cgroup, notify]).arg(systemd);
        let outside = boot.stdin(Stdio::null()).spawn().unwrap();
        let id = outside.id();
        let mut booted = Self { outside, init: String::new(), cgroup, _directories: directories };
        let mut message = [0; 4096];
        loop {
            // A boot that breaks off says nothing more; then this waits to its end, and says so.
            let length = told.recv(&mut message).ok()?;
            if String::from_utf8_lossy(&message[..length]).contains("READY=1") {
                break;
            }
        }
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        booted.init = children.split_whitespace().next()?.to_owned();
        Some(booted)
    }

    /// A command inside, as root.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.init, "--all", "sh", "-c", "cd / && exec \"$@\"", "inside"]);
        command
            .args(words)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
            .env("LC_ALL", "C")
            .stdin(Stdio::null());
        command
    }

    /// A command inside, as another user.
    pub(crate) fn command_as(&self, user: u32, words: &[&str]) -> Command {
        let user = user.to_string();
        let mut all = vec!["setpriv", "--reuid", &user, "--regid", &user, "--clear-groups", "--", "env", "HOME=/home/alice"];
        all.extend(words);
        self.command(&all)
    }

    /// Runs a command inside, as root, and gives its output; it must succeed.
    pub(crate) fn does(&self, words: &[&str]) -> String {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The same for a text of the shell.
    pub(crate) fn shell(&self, text: &str) -> String {
        self.does(&["sh", "-euc", text])
    }
}

impl Drop for Booted {
    fn drop(&mut self) {
        let init = self.init.parse().ok().and_then(Pid::from_raw);
        let init = init.and_then(|pid| pidfd_open(pid, PidfdFlags::empty()).ok());
        let _ = self.outside.kill();
        let _ = self.outside.wait();
        // Process 1 of a name space has ended when everything in there has; only then is the group free.
        if let Some(init) = init {
            let _ = poll(&mut [PollFd::new(&init, PollFlags::IN)], Some(&ENDING_MAX));
        }
        let _ = Command::new("find").arg(&self.cgroup).args(["-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]).output();
    }
}

/// Makes a group of version 2, where that hierarchy is mounted for writing.
fn own_cgroup() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
    let mounted = mounts.lines().find_map(|line| {
        let mut fields = line.split(' ').skip(1);
        let place = fields.next()?;
        (fields.next()? == "cgroup2").then(|| PathBuf::from(place))
    });
    // The tests of one process run at the same time.
    let number = BOOTED.fetch_add(1, Ordering::Relaxed);
    let own = mounted?.join(format!("holdpoint-test-{}-{number}", std::process::id()));
    fs::create_dir(&own).ok().map(|()| own)
}

/// The text of what a command said, both ways.
pub(crate) fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}
