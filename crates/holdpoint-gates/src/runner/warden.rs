//! What stands between the launcher and an act at a site: root, so that the act cannot touch it, and the parent of everything that
//! the act begins, so that all of it can be ended.
//!
//! ```text
//!  launcher ──frames on its standard input──▶ warden (root) ──▶ the program (the site's user)
//!                                                 ▲                └─▶ whatever it begins, in whatever session it hides
//!                                                 └── adopts what loses its parent (PR_SET_CHILD_SUBREAPER in prctl(2))
//! ```
//!
//! An act elsewhere has a user id to itself, so that everything with that user id is the act. A site's user has services of its
//! own running, which are none of ours to end: here, what descends from the warden is the act, and nothing else is.
//!
//! **Out of scope**: what other services do at an act's request (cron, a socket-activated service). They are not its descendants.

use std::io;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitOptions, getpid, kill_process, kill_process_group, set_child_subreaper, wait};

use super::frame::{self, Kind};
use super::launcher::code;
use super::start::{Excuse, Starting};

/// Runs a command as a site's user to its end, and to the end of everything that it began. Gives its status as a shell would.
///
/// The first frame on our standard input is what the command gets on its own; further ones are signals; the end of it is the end.
///
/// # Errors
/// Where nothing was begun.
pub fn stand_over(mut command: Command, user: u32, group: u32) -> io::Result<i32> {
    let excuse = Excuse::of_stdin()?;
    begin(&mut command, user, group, &excuse).inspect_err(|error| excuse.give(&error.to_string()))
}

fn begin(command: &mut Command, user: u32, group: u32, excuse: &Excuse) -> io::Result<i32> {
    set_child_subreaper(Some(getpid()))?;
    let mut orders = io::stdin();
    let first = frame::read(&mut orders)?.ok_or_else(|| io::Error::other("nothing is to be run"))?;
    let (starting, stdin) = Starting::pair()?;
    let mut child = command.env_clear().current_dir("/").uid(user).gid(group).process_group(0).stdin(stdin).spawn()?;
    // The command still holds the other end, which would be heard from for ever.
    command.stdin(Stdio::null());
    starting.say(&first.payload);
    let pid = pid_of(&child);
    std::thread::spawn(move || {
        heed(&mut orders, pid);
        end(pid);
    });
    let status = child.wait();
    end_all();
    if let Some(why) = starting.why_not() {
        excuse.give(&why);
    }
    Ok(status.ok().and_then(code).unwrap_or(UNKNOWN))
}

/// The status where the operating system did not say one.
const UNKNOWN: i32 = 255;

fn pid_of(child: &Child) -> Option<Pid> {
    i32::try_from(child.id()).ok().and_then(Pid::from_raw)
}

/// Sends signals on until nobody is left to send any.
fn heed(orders: &mut impl io::Read, group: Option<Pid>) {
    while let Ok(Some(frame)) = frame::read(orders) {
        if let (Kind::Signal, Some(signal), Some(group)) = (frame.kind, frame.signal(), group) {
            let _ = kill_process_group(group, signal);
        }
    }
}

/// Ends the program; whoever waits for it ends the rest.
fn end(pid: Option<Pid>) {
    if let Some(pid) = pid {
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Ends everything that descends from this process. What is killed becomes our child at the latest when its parents are gone, so
/// once there is no child there is nobody.
fn end_all() {
    loop {
        for pid in descendants() {
            let _ = kill_process(pid, Signal::KILL);
        }
        match wait(WaitOptions::empty()) {
            Err(Errno::INTR) | Ok(_) => {}
            Err(_) => return,
        }
    }
}

/// The processes that descend from this one, as /proc has them now.
fn descendants() -> Vec<Pid> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let parents: Vec<(i32, i32)> = pids.filter_map(|pid| Some((pid, parent_of(pid)?))).collect();
    let mut found = vec![getpid().as_raw_nonzero().get()];
    let mut at = 0;
    while let Some(parent) = found.get(at).copied() {
        found.extend(parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid));
        at += 1;
    }
    found.into_iter().skip(1).filter_map(Pid::from_raw).collect()
}

/// Field 4 of proc_pid_stat(5), counted behind the name, which may hold anything.
fn parent_of(pid: i32) -> Option<i32> {
    let stat = std::fs::read(format!("/proc/{pid}/stat")).ok()?;
    let behind = stat.iter().rposition(|byte| *byte == b')')?;
    let rest = String::from_utf8_lossy(stat.get(behind + 1..)?).into_owned();
    rest.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_began_is_found_whatever_it_calls_itself() {
        let mut child = Command::new("sh").args(["-c", "sh -c 'read x' & read y"]).stdin(Stdio::piped()).spawn().unwrap();
        let pid = pid_of(&child).unwrap();
        assert!(descendants().contains(&pid));
        assert_eq!(parent_of(pid.as_raw_nonzero().get()), Some(getpid().as_raw_nonzero().get()));
        assert_eq!(parent_of(1), Some(0), "a name with blanks and brackets is no field");
        drop(child.stdin.take());
        child.wait().unwrap();
    }
}
