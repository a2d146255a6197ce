//! What `doctor` looks at where root has set the whole machine up: whether the wall keeps out whoever asks.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use holdpoint_api::system::System;
use holdpoint_api::unix;

use rustix::fs::Access;

use super::copies;
use super::finding::Finding;

/// How long the runner may take to take up a conversation.
const CONNECTING_MAX: Duration = Duration::from_secs(2);

/// Looks at an installation of the whole machine, as the user who asks.
pub(super) fn look(system: &System) -> Vec<Finding> {
    let own = rustix::process::geteuid().as_raw();
    if own == 0 {
        return vec![Finding::note("wall", "root is on both sides of it; ask as the user whose agents it keeps out")];
    }
    let mut findings = vec![look_at_person(system, own), look_at_wall(system), look_at_runner(system)];
    findings.extend(system.config().sites.iter().map(|(name, site)| look_at_site(name, Path::new(&site.directory))));
    findings.extend(copies::look("program", &system.places().program()));
    findings
}

fn look_at_person(system: &System, own: u32) -> Finding {
    match system.config().person(own) {
        Some(person) => Finding::good("user", format!("what has your user id {own} acts for {person}")),
        None => Finding::bad(
            "user",
            format!("your user id {own} acts for nobody in this installation"),
            format!("root adds you to `{}`", system.places().config().display()),
        ),
    }
}

/// Whether somebody with our user id finds the way closed. That it is closed is what makes the difference to advice.
fn look_at_wall(system: &System) -> Finding {
    let places = system.places();
    let open: Vec<PathBuf> = [places.data(), places.runner_data(), places.credentials()]
        .into_iter()
        .filter(|path| !matches!(std::fs::read_dir(path), Err(error) if error.kind() == ErrorKind::PermissionDenied))
        .collect();
    match open.first() {
        None => Finding::good("wall", "keys, record and credentials are out of your reach, and so of your agents'"),
        Some(path) => Finding::bad(
            "wall",
            format!("`{}` is not closed to you, or not there", path.display()),
            "as root: holdpoint install system",
        ),
    }
}

/// Whether what belongs to a site can be changed without it.
fn look_at_site(name: &str, directory: &Path) -> Finding {
    match rustix::fs::access(directory, Access::WRITE_OK) {
        Ok(()) => Finding::bad(
            "site",
            format!("you can write to `{}`, so `{name}` keeps nothing from your agents", directory.display()),
            format!("as root: take the right to write away from everybody but its user: chmod go-w '{}'", directory.display()),
        ),
        Err(_) => Finding::good("site", format!("what is in `{}` is changed through `--site {name}` alone", directory.display())),
    }
}

fn look_at_runner(system: &System) -> Finding {
    match unix::connect(&system.places().runner_socket(), CONNECTING_MAX) {
        Ok(_) => Finding::good("runner", "it listens"),
        Err(error) => Finding::bad("runner", format!("it is away: {error}"), "as root: systemctl start holdpoint-runner"),
    }
}
