//! What an act gets, what it can use up, what it leaves, and how it ends.

use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, ChildStdout, Command, Stdio};

use holdpoint_api::v1::path;
use holdpoint_testkit::browser::Browser;

use super::machine::{Machine, PASSWORD, Ran};
use super::nothing_is_left;

/// A program that does what its last word asks.
const TOOL: &str = r#"#!/bin/sh
case "$3" in
*1*) umask; ulimit -c; ulimit -t; ulimit -p; ulimit -n; ulimit -f; ulimit -v
     grep -E '^(NoNewPrivs|CapEff|CapBnd|Groups):' /proc/self/status
     ls /proc/self/fd; cat; echo "standard input is empty" ;;
*2*) cat "$ROOT/tools/many-bytes" ;;
*3*) echo "$PGPASSWORD" > "/tmp/left-$(id -u)"; echo "who $(id -u)"; exec cat "$ROOT/gate" ;;
*4*) exec 3> "$ROOT/fifo"; setsid sleep 1000 & exec yes ;;
*5*) kill -SEGV $$ ;;
esac
"#;

impl Machine {
    /// Puts the program in the place of `psql`.
    fn with_tool(test: &str) -> Option<Self> {
        let machine = Self::for_test(test)?;
        fs::write(machine.at("tools/psql"), TOOL).unwrap();
        machine.credential("");
        Some(machine)
    }

    fn begin(&self, number: u32) -> (Child, BufReader<ChildStdout>) {
        let mut client = self.holdpoint();
        client.args(["run", "--", "psql", "-X", "-c", &format!("select {number}")]);
        let mut client = client.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let output = BufReader::new(client.stdout.take().unwrap());
        (client, output)
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).unwrap();
    line.trim().to_owned()
}

#[test]
fn an_act_gets_the_published_limits_and_nothing_that_it_could_inherit() {
    let Some(machine) = Machine::with_tool("an_act_gets_the_published_limits_and_nothing_that_it_could_inherit") else { return };
    machine.credential("[limits]\ncpu_seconds = 77\nprocesses = 60\nopen_files = 99\nfile_mib = 3\nmemory_mib = 2048\n");
    let ran = machine.run(&["psql", "-X", "-c", "select 1"]);
    assert_eq!(ran.status, Some(0), "{ran:?}");
    // dash counts the length of files in blocks of 512 bytes, and memory in KiB.
    let expected = format!("0077\n0\n77\n60\n99\n{}\n{}\n", 3 * 1024 * 2, 2048 * 1024);
    assert!(ran.stdout.starts_with(&expected), "{expected}\n{ran:?}");
    for told in ["NoNewPrivs:\t1\n", "CapEff:\t0000000000000000\n"] {
        assert!(ran.stdout.contains(told), "{told}: {ran:?}");
    }
    // What this test was started with every process of it has; the runner adds nothing.
    let any = Command::new("sh").args(["-c", "ls /proc/self/fd"]).stdin(Stdio::null()).output().unwrap();
    let expected = format!("NoNewPrivs:\t1\n{}standard input is empty\n", String::from_utf8_lossy(&any.stdout));
    assert!(ran.stdout.ends_with(&expected), "{expected}\n{ran:?}");
}

/// What no system can start: its interpreter is not there.
const UNSTARTABLE: &str = "#!/nonexistent/interpreter\n";

#[test]
fn a_program_that_cannot_be_started_did_not_begin() {
    let Some(machine) = Machine::with_tool("a_program_that_cannot_be_started_did_not_begin") else { return };
    fs::write(machine.at("tools/psql"), UNSTARTABLE).unwrap();
    let ran = machine.run(&["psql", "-X", "-c", "select 1"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(121), ""), "{ran:?}");
    assert!(ran.stderr.contains("could not be started: No such file"), "{ran:?}");
    // Only the process that has not become the program yet can say so: a program's own 127 is the program's.
    fs::write(machine.at("tools/psql"), "#!/bin/sh\nexit 127\n").unwrap();
    assert_eq!(machine.run(&["psql", "-X", "-c", "select 1"]).status, Some(127));
}

#[test]
fn a_permit_outlives_an_act_that_did_not_begin() {
    let test = "a_permit_outlives_an_act_that_did_not_begin";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::with_tool(test) else { return };
    let act = ["psql", "-X", "-c", "drop table orders"];
    machine.release(&browser, &machine.run(&act), "credential");
    fs::write(machine.at("tools/psql"), UNSTARTABLE).unwrap();
    assert_eq!(machine.run(&act).status, Some(121));
    fs::write(machine.at("tools/psql"), TOOL).unwrap();
    assert_eq!(machine.run(&act).status, Some(0), "what did not begin has spent nothing");
    assert_eq!(machine.run(&act).status, Some(123), "what ran has");
}

#[test]
fn whoever_has_something_on_standard_input_hears_that_it_was_not_passed_on() {
    let test = "whoever_has_something_on_standard_input_hears_that_it_was_not_passed_on";
    let Some(machine) = Machine::for_test(test) else { return };
    machine.credential("");
    fs::write(machine.home().join("drop.sql"), "drop table orders;").unwrap();
    let run = format!("holdpoint --root {} run -- psql -X -c 'select 1'", machine.root.path().display());
    for given in ["< drop.sql", "< fifo"] {
        let ran = machine.shell(&format!("mkfifo fifo; exec 4<> fifo; echo drop >&4; {run} {given}"));
        assert_eq!(ran.status, Some(0), "{ran:?}");
        assert!(ran.stderr.contains("standard input was not passed on"), "{given}: {ran:?}");
    }
    assert_eq!(machine.run(&["psql", "-X", "-c", "select 1"]).stderr, "", "and nobody else does");
}

#[test]
fn a_large_output_of_any_bytes_comes_out_as_it_went_in() {
    let Some(machine) = Machine::with_tool("a_large_output_of_any_bytes_comes_out_as_it_went_in") else { return };
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    fs::write(machine.at("tools/many-bytes"), &bytes).unwrap();
    let (mut client, mut output) = machine.begin(2);
    let mut came = Vec::new();
    output.read_to_end(&mut came).unwrap();
    assert!(came == bytes, "{} bytes of {}", came.len(), bytes.len());
    assert!(client.wait().unwrap().success());
}

#[test]
fn two_acts_at_a_time_are_two_users_and_leave_nothing_to_the_next() {
    let Some(machine) = Machine::with_tool("two_acts_at_a_time_are_two_users_and_leave_nothing_to_the_next") else { return };
    let gate = machine.at("gate");
    assert!(Command::new("mkfifo").args(["-m", "644"]).arg(&gate).status().unwrap().success());
    // For reading and writing, so that opening it waits for nobody, here and there.
    let held_open = fs::OpenOptions::new().read(true).write(true).open(&gate).unwrap();
    let (mut one, mut of_one) = machine.begin(3);
    let (mut other, mut of_other) = machine.begin(3);
    let users = [line(&mut of_one), line(&mut of_other)].map(|told| told.strip_prefix("who ").unwrap().parse::<u32>().unwrap());
    assert_ne!(users[0], users[1]);
    let left = |user: &u32| fs::exists(format!("/tmp/left-{user}")).unwrap();
    // They go on when nobody holds the pipe open any more; one that comes to it later finds that as well.
    drop(fs::remove_file(&gate));
    drop(held_open);
    for (client, mut output) in [(&mut one, of_one), (&mut other, of_other)] {
        output.read_to_end(&mut Vec::new()).unwrap();
        // The pipe may be gone before the last of them looks for it.
        assert!(client.wait().unwrap().code().is_some_and(|code| code <= 1));
    }
    assert!(!users.iter().any(left), "the next one with this user id would have read it");
}

#[test]
fn an_act_whose_output_nobody_takes_ends_with_all_it_began() {
    let Some(machine) = Machine::with_tool("an_act_whose_output_nobody_takes_ends_with_all_it_began") else { return };
    let fifo = machine.until_nothing_is_left();
    let (mut client, mut output) = machine.begin(4);
    assert_eq!(line(&mut output), "y");
    drop(output);
    assert!(!client.wait().unwrap().success());
    nothing_is_left(&machine, fifo);
}

#[test]
fn death_by_a_signal_is_told_as_a_shell_tells_it() {
    let Some(machine) = Machine::with_tool("death_by_a_signal_is_told_as_a_shell_tells_it") else { return };
    assert_eq!(machine.run(&["psql", "-X", "-c", "select 5"]).status, Some(139));
    fs::write(machine.at("tools/psql"), "#!/bin/sh\necho begun\nexec sleep 1000\n").unwrap();
    for (signal, status) in [("HUP", 129), ("INT", 130), ("QUIT", 131), ("TERM", 143)] {
        let (mut client, mut output) = machine.begin(1);
        assert_eq!(line(&mut output), "begun");
        assert_eq!(machine.shell(&format!("kill -{signal} {}", client.id())).status, Some(0));
        assert_eq!(client.wait().unwrap().code(), Some(status), "{signal}");
    }
}

#[test]
fn when_the_runner_is_killed_nobody_claims_to_know_and_the_next_one_clears_up() {
    let test = "when_the_runner_is_killed_nobody_claims_to_know_and_the_next_one_clears_up";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(mut machine) = Machine::for_test(test) else { return };
    machine.credential("");
    let held = machine.run(&["psql", "-c", "drop table stay"]);
    machine.release(&browser, &held, "credential");
    let change = held.stderr.split_whitespace().find_map(|word| word.split_once("/changes/")).unwrap().1.to_owned();
    let state =
        |machine: &Machine| machine.api("GET", &format!("{}/{change}", path::CHANGES), "", "").1["progress"]["state"].clone();
    let fifo = machine.until_nothing_is_left();
    let (client, _output, _) = machine.begin_one_that_stays("drop table stay");
    assert_eq!(state(&machine), "started");
    machine.runner.kill().unwrap();
    machine.runner.wait().unwrap();
    let ended = Ran::of(client.wait_with_output().unwrap());
    assert_eq!(ended.status, Some(121), "{ended:?}");
    assert!(ended.stderr.contains("nobody here can tell how far it came"), "{ended:?}");
    machine.restart_runner();
    assert_eq!(state(&machine), "indeterminate", "it was told before anybody could ask for more");
    nothing_is_left(&machine, fifo);
    assert_eq!(machine.run(&["psql", "-c", "select 1"]).status, Some(0));
}

#[test]
fn what_is_run_is_the_text_that_was_released_whatever_lies_there_now() {
    let test = "what_is_run_is_the_text_that_was_released_whatever_lies_there_now";
    let Some(browser) = Browser::for_test(test).unwrap() else { return };
    let Some(machine) = Machine::for_test(test) else { return };
    machine.credential("");
    let (file, aside) = (machine.home().join("migrate.sql"), machine.home().join("worse.sql"));
    fs::write(&file, "drop table baskets;").unwrap();
    fs::write(&aside, "drop table customers;").unwrap();
    for path in [&file, &aside] {
        chown(path, Some(machine.agent), Some(machine.agent)).unwrap();
    }
    let act = ["psql", "-X", "-f", "migrate.sql"];
    let held = machine.run(&act);
    assert_eq!(held.status, Some(123), "{held:?}");
    machine.release(&browser, &held, "credential");
    for swap in ["mv migrate.sql kept.sql && ln -s worse.sql migrate.sql", "rm migrate.sql && cp worse.sql migrate.sql"] {
        assert_eq!(machine.shell(swap).status, Some(0));
        let ran = machine.run(&act);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(123), ""), "{swap}: {ran:?}");
    }
    assert_eq!(machine.shell("mv kept.sql migrate.sql").status, Some(0));
    let ran = machine.run(&act);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "drop table baskets;"), "{ran:?}");
}

#[test]
fn nothing_that_an_agent_can_look_at_shows_a_credential() {
    let Some(machine) = Machine::for_test("nothing_that_an_agent_can_look_at_shows_a_credential") else { return };
    machine.credential("");
    let fifo = machine.until_nothing_is_left();
    let (mut client, _output, pid) = machine.begin_one_that_stays("select 'stay'");
    for attempt in [
        format!("cat /proc/{pid}/environ"),
        format!("cat /proc/{pid}/mem"),
        format!("ls -l /proc/{pid}/fd"),
        format!("ls /proc/{pid}/cwd/"),
        format!("ls {}/run/holdpoint-runner/acts/*", machine.root.path().display()),
        format!("kill -ABRT {pid}"),
    ] {
        let ran = machine.shell(&attempt);
        assert_ne!(ran.status, Some(0), "{attempt}: {ran:?}");
    }
    // Whatever anybody may see of all processes of this machine: the words of their command lines.
    let mut everything = Command::new("sh");
    everything.args(["-c", "ps axeww; cat /proc/*/cmdline 2>/dev/null | tr '\\0' ' '"]).uid(machine.agent).gid(machine.agent);
    let shown = String::from_utf8_lossy(&everything.output().unwrap().stdout).into_owned();
    assert!(shown.contains("select 'stay'") && !shown.contains(PASSWORD));
    client.kill().unwrap();
    client.wait().unwrap();
    nothing_is_left(&machine, fifo);
    fs::set_permissions(machine.home(), fs::Permissions::from_mode(0o700)).unwrap();
}
