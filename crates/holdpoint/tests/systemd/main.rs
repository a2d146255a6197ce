//! A system installation under the real systemd: set up, started, used, restarted, brought up to date, and taken out again.
//!
//! Where systemd cannot be booted in namespaces, the units are checked by `systemd-analyze verify` all the same.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

mod booted;

use std::fs;

use holdpoint_testkit::browser::{Browser, Page, Verification};

use booted::{Booted, said};

/// The program that is tested.
const PROGRAM: &str = env!("CARGO_BIN_EXE_holdpoint");
/// What nobody but the program may ever see.
const PASSWORD: &str = "correct-horse-battery";
/// What stands in for `psql`: it says who it is and what it could do.
const PSQL: &str = r#"#!/bin/sh
echo "uid $(id -u) groups $(id -G) with $PGPASSWORD"
grep -E '^(NoNewPrivs|CapEff|Seccomp):' /proc/self/status
ls /home 2>&1
touch /usr/anything /etc/anything /var/anything 2>&1
echo "tmp $(ls -A /tmp)"
"#;

/// A machine that is set up, with somebody whose agents it keeps out and a service of its own.
struct Machine {
    booted: Booted,
    alice: u32,
    shop: u32,
}

impl Machine {
    fn for_test(test: &str) -> Option<Self> {
        let booted = Booted::for_test(test)?;
        booted.does(&["useradd", "-m", "alice"]);
        booted.shell("useradd --system -m -d /srv/shop shop; chmod 755 /srv/shop; echo once > /srv/shop/order; chown shop: /srv/shop/order");
        let [alice, shop] = ["alice", "shop"].map(|name| booted.does(&["id", "-u", name]).trim().parse().unwrap());
        let machine = Self { booted, alice, shop };
        // One that nobody has, and that stays: people sign for the console's address.
        let console = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        machine.booted.does(&[PROGRAM, "install", "system", "--person", &format!("alice={alice}"), "--console", &console]);
        Some(machine)
    }

    /// Runs a command as the agent, and gives its status and what it said. The secret is not in it.
    fn agent(&self, words: &[&str]) -> (i32, String) {
        let output = self.booted.command_as(self.alice, words).output().unwrap();
        let said = said(&output);
        assert!(!said.contains(PASSWORD), "the agent saw the secret: {said}");
        (output.status.code().unwrap(), said)
    }

    fn run(&self, words: &[&str]) -> (i32, String) {
        self.agent(&[&["holdpoint", "run", "--"], words].concat())
    }

    fn main_pids(&self) -> [String; 2] {
        ["holdpoint", "holdpoint-runner"].map(|unit| self.booted.does(&["systemctl", "show", "--value", "-p", "MainPID", unit]))
    }

    /// Has alice enrol with the passkey that is plugged in.
    fn enrol(&self, page: &Page) {
        let invitations = self.booted.does(&["cat", "/var/lib/holdpoint/invitations"]);
        let enrol = invitations.lines().find(|line| line.contains("alice")).unwrap().split_whitespace().next().unwrap();
        page.go(enrol).unwrap();
        page.press("#begin").unwrap();
        page.read("alice this computer").unwrap();
    }
}

/// Has alice release what is held.
fn release(page: &Page, held: &str) {
    let card = held.split_whitespace().find(|word| word.contains("/changes/sha256:"));
    let card = card.unwrap_or_else(|| panic!("nothing is held: {held}"));
    page.go(&format!("{card}?as=alice")).unwrap();
    page.press("#release").unwrap();
    page.read("This change is released").unwrap();
}

#[test]
fn a_machine_that_is_set_up_keeps_its_agent_out() {
    let Some(machine) = Machine::for_test("a_machine_that_is_set_up_keeps_its_agent_out") else { return };
    let booted = &machine.booted;
    assert_eq!(booted.does(&["systemctl", "is-active", "holdpoint", "holdpoint-runner"]), "active\nactive\n");
    let verified =
        booted.command(&["sh", "-c", "systemd-analyze verify /etc/systemd/system/holdpoint*.service"]).output().unwrap();
    assert!(verified.status.success() && said(&verified).is_empty(), "{verified:?}");
    let modes = booted.shell("stat -c '%A %U %G %n' /etc/holdpoint/* /run/holdpoint* /run/holdpoint*/* /var/lib/holdpoint*");
    let expected = "-rw-r--r-- root root /etc/holdpoint/config.toml\n\
        drwx------ holdpoint-runner holdpoint-runner /etc/holdpoint/credentials.d\n\
        -rw-r--r-- root root /etc/holdpoint/installation.pub\n\
        -rw-r--r-- root root /etc/holdpoint/log.vkey\n\
        drwxr-xr-x holdpoint holdpoint /run/holdpoint\n\
        drwxr-xr-x root root /run/holdpoint-runner\n\
        drwx--x--x root root /run/holdpoint-runner/acts\n\
        srw-rw-rw- root root /run/holdpoint-runner/launcher\n\
        srw-rw-rw- root root /run/holdpoint-runner/socket\n\
        -rw-r--r-- holdpoint holdpoint /run/holdpoint/snapshot.json\n\
        srw-rw-rw- holdpoint holdpoint /run/holdpoint/socket\n\
        drwx------ holdpoint holdpoint /var/lib/holdpoint\n\
        drwx------ holdpoint-runner holdpoint-runner /var/lib/holdpoint-runner\n";
    assert_eq!(modes, expected);
    let processes = booted.shell("ps -eo user:20,group:20,args | grep '/holdpoint [ug]' | grep -v grep | tr -s ' '");
    assert_eq!(
        processes,
        "holdpoint holdpoint /usr/local/bin/holdpoint up --system\nroot root /usr/local/bin/holdpoint gate command\n\
         holdpoint-runner holdpoint-runner /usr/local/bin/holdpoint gate command --holding --root /\n"
    );
    let [server, runner] = machine.main_pids().map(|pid| pid.trim().to_owned());
    for attempt in [
        "systemctl stop holdpoint",
        "systemctl restart holdpoint-runner",
        "systemctl disable holdpoint",
        "systemctl edit --runtime --full holdpoint < /dev/null",
        "systemctl set-property holdpoint MemoryMax=1",
        &format!("kill {server}"),
        &format!("kill {runner}"),
        &format!("cat /proc/{server}/environ"),
        "cat /var/lib/holdpoint/installation.key",
        "ls /etc/holdpoint/credentials.d",
        "touch /etc/systemd/system/holdpoint.service",
        "mkdir /etc/systemd/system/holdpoint.service.d",
        "journalctl -q -u holdpoint | grep .",
    ] {
        let (status, said) = machine.agent(&["sh", "-c", attempt]);
        assert_ne!(status, 0, "{attempt}: {said}");
    }
    assert_eq!(machine.main_pids().map(|pid| pid.trim().to_owned()), [server, runner], "nothing was stopped");
    let (status, doctor) = machine.agent(&["holdpoint", "doctor"]);
    for finding in ["enforcing: it has a user id of its own", "out of your reach", "acts for alice", "it listens"] {
        assert!(doctor.contains(finding), "{finding}: {status} {doctor}");
    }
    for (unit, most) in [("holdpoint", 1.5), ("holdpoint-runner", 3.0)] {
        let assessed = booted.does(&["systemd-analyze", "security", "--no-pager", unit]);
        let last = assessed.lines().last().unwrap();
        let exposure: f64 = last.split_whitespace().find_map(|word| word.parse().ok()).unwrap();
        assert!(exposure <= most, "{last}");
        eprintln!("{last}");
    }
}

#[test]
fn what_is_held_is_released_and_run_across_a_restart_and_an_upgrade() {
    let test = "what_is_held_is_released_and_run_across_a_restart_and_an_upgrade";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    let booted = &machine.booted;
    let credential = format!(
        "programs = ['psql']\n[secrets]\npassword = '{PASSWORD}'\n[variables]\nPGHOST = 'localhost'\nPGPASSWORD = '${{secret.password}}'\n"
    );
    // In through the file systems that both sides see.
    let handed = tempfile::tempdir_in("/var/tmp").unwrap();
    fs::write(handed.path().join("shop.toml"), credential).unwrap();
    fs::write(handed.path().join("psql"), PSQL).unwrap();
    fs::write(
        handed.path().join("site"),
        format!("\n[sites.shop]\nuser = {}\ndirectory = '/srv/shop'\nprograms = ['rm']\nenvironment = 'local'\n", machine.shop),
    )
    .unwrap();
    let from = handed.path().display();
    booted.shell(&format!(
        "install -o holdpoint-runner -m 600 {from}/shop.toml /etc/holdpoint/credentials.d/shop.toml\n\
         install -m 755 {from}/psql /usr/local/bin/psql\ncat {from}/site >> /etc/holdpoint/config.toml"
    ));

    let (status, ran) = machine.run(&["psql", "-X", "-c", "select 1"]);
    assert_eq!(status, 0, "{ran}");
    for told in ["with [masked]", "NoNewPrivs:\t1", "CapEff:\t0000000000000000", "Seccomp:\t2"] {
        assert!(ran.contains(told), "{told}: {ran}");
    }
    assert!(ran.contains("uid 60600 groups 60600") && ran.contains("\ntmp \n") && !ran.contains("alice"), "{ran}");
    assert_eq!(ran.matches("Read-only file system").count() + ran.matches("Permission denied").count(), 4, "{ran}");

    let act = ["psql", "-c", "drop table orders"];
    let (status, held) = machine.run(&act);
    assert_eq!(status, 123, "{held}");
    let page = browser.visitor().unwrap();
    let _passkey = page.plug_in(Verification::Passes).unwrap();
    machine.enrol(&page);
    release(&page, &held);

    // The same command brings a newer program in, and makes the services heed the configuration. A day's work goes on behind it.
    let before = machine.main_pids();
    let newer = handed.path().join("holdpoint");
    fs::copy(PROGRAM, &newer).unwrap();
    fs::OpenOptions::new()
        .append(true)
        .open(&newer)
        .map(|mut file| std::io::Write::write_all(&mut file, b"newer").unwrap())
        .unwrap();
    booted.does(&[newer.to_str().unwrap(), "install", "system"]);
    let after = machine.main_pids();
    assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{before:?} {after:?}");
    for pid in &after {
        let program = booted.does(&["readlink", &format!("/proc/{}/exe", pid.trim())]);
        assert_eq!(program, "/usr/local/bin/holdpoint\n", "the services are the program that was brought in");
    }
    booted.does(&["cmp", newer.to_str().unwrap(), "/usr/local/bin/holdpoint"]);

    let (status, ran) = machine.run(&act);
    assert_eq!(status, 0, "what was released before passes after: {ran}");
    assert_eq!(machine.run(&act).0, 123, "a permit is spent once");

    let remove = ["holdpoint", "run", "--site", "shop", "--", "rm", "/srv/shop/order"];
    assert_ne!(machine.agent(&["rm", "-f", "/srv/shop/order"]).0, 0);
    let (status, held) = machine.agent(&remove);
    assert_eq!(status, 123, "{held}");
    release(&page, &held);
    let (status, ran) = machine.agent(&remove);
    assert_eq!(status, 0, "{ran}");
    booted.shell("test ! -e /srv/shop/order");

    booted.does(&["systemctl", "restart", "holdpoint", "holdpoint-runner"]);
    assert_eq!(machine.run(&["psql", "-X", "-c", "select 1"]).0, 0, "ready means ready");
    let journal = booted.does(&["journalctl", "--no-pager"]);
    let codes = booted.does(&["cat", "/var/lib/holdpoint/invitations"]);
    let codes = codes.split_whitespace().filter_map(|word| word.split_once("code="));
    for secret in codes.map(|(_, code)| code).chain([PASSWORD]) {
        assert!(!journal.contains(secret), "the journal tells `{secret}`");
    }
    assert!(journal.contains("asked caller="), "the journal tells who asked for what");

    booted.does(&["holdpoint", "install", "system", "--undo"]);
    let gone = booted.command(&["systemctl", "is-active", "holdpoint", "holdpoint-runner"]).output().unwrap();
    assert!(!gone.status.success() && said(&gone).starts_with("inactive\ninactive"), "{gone:?}");
    booted.shell("test -e /var/lib/holdpoint/holdpoint.db && test -e /etc/holdpoint/credentials.d/shop.toml");
}
