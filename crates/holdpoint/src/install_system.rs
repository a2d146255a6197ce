//! `holdpoint install system`: as root, gives the control plane and the runner user ids of their own.
//!
//! It plans wholly first, then does what it planned; `--dry-run` prints the plan. Nothing that is there is overwritten but what an
//! earlier run of this command wrote: a configuration, keys and credentials stay as they are. So the same command brings a newer
//! program into an installation, and makes the services heed a changed configuration.

mod units;

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use anstream::println;
use anyhow::Context as _;
use holdpoint_api::system::{Places, System};
use holdpoint_api::user::group_of;
use holdpoint_core::actor::PersonId;
use holdpoint_core::signed::Signer as _;
use holdpoint_log::note::Signer as _;
use holdpoint_server::data_directory::{self, DataDirectory};
use holdpoint_server::keys::InstallationKey;

use crate::context::Installation;
use crate::exit::Exit;
use units::{RUNNER, SERVER};

/// How the machine is set up.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "For `system`")]
pub(crate) struct Options {
    /// A person and a user id whose programs act for them; once for each [default: who called sudo]
    #[arg(long, value_name = "NAME=UID", value_parser = person)]
    person: Vec<(PersonId, u32)>,
    /// The console's address
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:7423", hide = true)]
    console: std::net::SocketAddr,
    /// The user ids of the control plane and of the runner, instead of making users
    #[arg(long, value_name = "UID,UID", value_parser = two_users, hide = true)]
    users: Option<(u32, u32)>,
    /// The first of the user ids that act
    #[arg(long, value_name = "UID", default_value_t = 60_600, hide = true)]
    acting_from: u32,
    /// The directories, all of them root's, in which the runner looks for programs [default: those of the system]
    #[arg(long, value_name = "PATH", hide = true)]
    path: Option<String>,
    /// How many user ids act, and so how many acts can be under way at a time
    #[arg(long, value_name = "COUNT", default_value_t = 32, hide = true)]
    acting_count: u32,
}

/// Which way it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The machine is set up.
    Done,
    /// It is no longer.
    Undone,
}

fn person(text: &str) -> Result<(PersonId, u32), String> {
    let (name, uid) = text.split_once('=').ok_or("a person is `NAME=UID`")?;
    let person = PersonId::parse(name).map_err(|error| error.to_string())?;
    Ok((person, uid.parse().map_err(|_| format!("`{uid}` is no user id"))?))
}

fn two_users(text: &str) -> Result<(u32, u32), String> {
    let two = text.split_once(',').and_then(|(server, runner)| server.parse().ok().zip(runner.parse().ok()));
    two.ok_or_else(|| format!("`{text}` is not two user ids"))
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, options: &Options, wanted: Wanted, dry_run: bool) -> anyhow::Result<Exit> {
    let steps = match wanted {
        Wanted::Done => to_install(installation.root(), options)?,
        Wanted::Undone => to_remove(installation.root()),
    };
    for step in &steps {
        println!("{}", step.says);
    }
    if dry_run {
        println!("nothing was changed");
        return Ok(Exit::Done);
    }
    anyhow::ensure!(rustix::process::geteuid().is_root(), "only root can set up the machine: run it with sudo");
    for step in steps {
        (step.act)().with_context(|| format!("failed: {}", step.says))?;
    }
    println!("{}", what_next(wanted));
    Ok(Exit::Done)
}

/// One thing that is done, and how it is told.
struct Step {
    says: String,
    act: Box<dyn FnOnce() -> anyhow::Result<()>>,
}

impl Step {
    fn new(says: impl Into<String>, act: impl FnOnce() -> anyhow::Result<()> + 'static) -> Self {
        Self { says: says.into(), act: Box::new(act) }
    }
}

fn what_next(wanted: Wanted) -> String {
    match wanted {
        Wanted::Done => format!(
            "The machine is set up. People enrol with the links in {SERVER}'s file: sudo cat /var/lib/holdpoint/invitations\n\
             Put credentials into /etc/holdpoint/credentials.d: see docs/guide/runner.md\n\
             Each person: holdpoint install claude-code; holdpoint doctor"
        ),
        Wanted::Undone => {
            "The services are gone. The record, the keys, the credentials and the users are still there: remove them by \
            hand when nobody needs the record any more."
                .to_owned()
        }
    }
}

fn to_install(root: &Path, options: &Options) -> anyhow::Result<Vec<Step>> {
    let places = Places::below(root);
    let whole_machine = root == Path::new("/");
    let program = places.program();
    let mut steps = Vec::new();
    if options.users.is_none() {
        anyhow::ensure!(whole_machine, "users are made on the whole machine only: name two with --users");
        steps.extend([SERVER, RUNNER].map(|name| Step::new(format!("user      {name}"), move || make_user(name))));
    }
    steps.push(copy_program(program.clone())?);
    steps.push(write_config(&places, options)?);
    steps.extend(make_directories(&places, options));
    steps.push(pin_keys(&places, options));
    if whole_machine {
        steps.extend(write_units(&places));
        steps.push(Step::new("start     both services anew, and at every start of the machine", || {
            systemctl(&["daemon-reload"])?;
            systemctl(&["enable", SERVER, RUNNER])?;
            // Services that run already would go on with the program that was there before.
            systemctl(&["restart", SERVER, RUNNER])
        }));
    }
    Ok(steps)
}

fn to_remove(root: &Path) -> Vec<Step> {
    let places = Places::below(root);
    let mut steps = Vec::new();
    if root == Path::new("/") {
        steps.push(Step::new("stop      both services", || systemctl(&["disable", "--now", SERVER, RUNNER])));
    }
    let units = [SERVER, RUNNER].map(|name| places.units().join(format!("{name}.service")));
    for path in units.into_iter().chain([places.config()]) {
        steps.push(Step::new(format!("remove    {}", path.display()), move || match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }));
    }
    steps
}

fn make_user(name: &str) -> anyhow::Result<()> {
    if uid_of(name).is_ok() {
        return Ok(());
    }
    let mut command = Command::new("useradd");
    command.args(["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]);
    succeed(command.args(["--shell", "/usr/sbin/nologin", name]))
}

fn uid_of(name: &str) -> anyhow::Result<u32> {
    let output = Command::new("id").args(["-u", name]).output()?;
    let text = String::from_utf8(output.stdout)?;
    text.trim().parse().with_context(|| format!("there is no user `{name}`"))
}

/// The user ids of the control plane and the runner.
fn users(named: Option<(u32, u32)>) -> anyhow::Result<(u32, u32)> {
    match named {
        Some(named) => Ok(named),
        None => Ok((uid_of(SERVER)?, uid_of(RUNNER)?)),
    }
}

/// A program that its callers could exchange would be no wall.
fn copy_program(to: PathBuf) -> anyhow::Result<Step> {
    let from = std::env::current_exe().context("this program cannot tell where it lies")?;
    Ok(Step::new(format!("program   {}", to.display()), move || {
        let directory = to.parent().context("the program needs a directory")?;
        fs::create_dir_all(directory)?;
        if from.canonicalize()? != to {
            let fresh = to.with_extension("fresh");
            fs::copy(&from, &fresh)?;
            fs::rename(&fresh, &to)?;
        }
        chown(&to, Some(0), Some(0))?;
        fs::set_permissions(&to, fs::Permissions::from_mode(0o755))?;
        let metadata = fs::metadata(directory)?;
        let roots = metadata.uid() == 0 && metadata.mode() & 0o002 == 0;
        anyhow::ensure!(roots, "`{}` is not root's alone", directory.display());
        Ok(())
    }))
}

fn write_config(places: &Places, options: &Options) -> anyhow::Result<Step> {
    // One that is there stays as it is, so nobody has to say again what it says.
    let people = if places.config().exists() { Vec::new() } else { people(options)? };
    let (path, options) = (places.config(), options.clone());
    Ok(Step::new(format!("file      {} (who is who; yours to edit)", path.display()), move || {
        let (server, runner) = users(options.users)?;
        let directory = path.parent().context("the configuration needs a directory")?;
        make(directory, 0, 0o755)?;
        write_where_nothing_is(&path, &config(&options, &people, server, runner), 0o644)
    }))
}

fn people(options: &Options) -> anyhow::Result<Vec<(PersonId, u32)>> {
    if !options.person.is_empty() {
        return Ok(options.person.clone());
    }
    let called = std::env::var("SUDO_USER").ok().zip(std::env::var("SUDO_UID").ok());
    let (name, uid) = called.context("whose programs are guarded? name them: --person NAME=UID")?;
    Ok(vec![(PersonId::parse(name)?, uid.parse()?)])
}

fn config(options: &Options, people: &[(PersonId, u32)], server: u32, runner: u32) -> String {
    let mut uids: std::collections::BTreeMap<&PersonId, Vec<u32>> = std::collections::BTreeMap::new();
    for (person, uid) in people {
        uids.entry(person).or_default().push(*uid);
    }
    let path = options.path.as_ref().map(|path| format!("path = {path:?}\n")).unwrap_or_default();
    let people: String = uids.iter().map(|(person, uids)| format!("{person:?} = {uids:?}\n", person = person.as_str())).collect();
    format!(
        "# Who is who on this machine, for Holdpoint. Root's; everybody reads it. Restart both services after a change.\n\n\
         [server]\nuser = {server}\nlisten = \"{listen}\"\n\n\
         # Each act of the runner has one of these user ids to itself. Nobody else may have them.\n\
         [runner]\nuser = {runner}\nacting_from = {from}\nacting_count = {count}\n{path}\n\
         # The user ids whose programs act for a person.\n[people]\n{people}",
        listen = options.console,
        from = options.acting_from,
        count = options.acting_count,
    )
}

/// The directories, each its owner's.
fn make_directories(places: &Places, options: &Options) -> Vec<Step> {
    let step = |path: PathBuf, whose: &'static str, mode: u32| {
        let named = options.users;
        Step::new(format!("directory {} ({whose}'s, mode {mode:o})", path.display()), move || {
            let (server, runner) = users(named)?;
            let owner = if whose == SERVER { server } else { runner };
            make(&path, owner, mode)
        })
    };
    vec![
        step(places.data(), SERVER, 0o700),
        step(places.run(), SERVER, 0o755),
        step(places.runner_data(), RUNNER, 0o700),
        step(places.credentials(), RUNNER, 0o700),
    ]
}

fn are_pinned(places: &Places) -> bool {
    ["installation.pub", "log.vkey"].iter().all(|name| places.etc().join(name).is_file())
}

/// Makes the control plane's key and pins its public half.
fn pin_keys(places: &Places, options: &Options) -> Step {
    let (places, named) = (places.clone(), options.users);
    Step::new(format!("keys      pinned in {}", places.etc().display()), move || {
        let (server, _) = users(named)?;
        let data = places.data();
        let directory = match DataDirectory::open(&data) {
            // Its control plane is at work, and would not be without the keys that are pinned.
            Err(data_directory::Error::Held { .. }) if are_pinned(&places) => return Ok(()),
            directory => directory?,
        };
        let key = Arc::new(InstallationKey::open(&directory)?);
        for entry in fs::read_dir(&data)? {
            chown(entry?.path(), Some(server), Some(group_of(server)))?;
        }
        let log = key.log_signer()?;
        for (path, text) in
            [("installation.pub", format!("{}\n", key.verifying_key())), ("log.vkey", format!("{}\n", log.verifier()))]
        {
            let path = places.etc().join(path);
            write_where_nothing_is(&path, &text, 0o644)?;
            let pinned = fs::read_to_string(&path)?;
            anyhow::ensure!(pinned == text, "`{}` pins another key than the one in `{}`", path.display(), data.display());
        }
        anyhow::ensure!(System::find(places.prefix())?.is_some(), "`{}` is gone", places.config().display());
        Ok(())
    })
}

fn make(directory: &Path, owner: u32, mode: u32) -> anyhow::Result<()> {
    fs::create_dir_all(directory)?;
    fs::set_permissions(directory, fs::Permissions::from_mode(mode))?;
    Ok(chown(directory, Some(owner), Some(group_of(owner)))?)
}

/// The units, which say among the rest where the runner may write: at the sites of the configuration.
fn write_units(places: &Places) -> [Step; 2] {
    let step = |name: &'static str, text: fn(&System) -> String| {
        let (path, prefix) = (places.units().join(format!("{name}.service")), places.prefix().to_owned());
        Step::new(format!("file      {}", path.display()), move || {
            let system = System::find(&prefix)?.context("the configuration is gone")?;
            fs::write(&path, text(&system))?;
            Ok(fs::set_permissions(&path, fs::Permissions::from_mode(0o644))?)
        })
    };
    [step(SERVER, units::server), step(RUNNER, units::runner)]
}

fn write_where_nothing_is(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    match fs::OpenOptions::new().write(true).create_new(true).mode(mode).open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        opened => {
            let mut file = opened?;
            file.write_all(text.as_bytes())?;
            Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
        }
    }
}

fn systemctl(arguments: &[&str]) -> anyhow::Result<()> {
    succeed(Command::new("systemctl").args(arguments))
}

fn succeed(command: &mut Command) -> anyhow::Result<()> {
    let status = command.status().with_context(|| format!("`{}` cannot be run", command.get_program().display()))?;
    anyhow::ensure!(status.success(), "`{}` failed: {status}", command.get_program().display());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_a_name_and_a_user_id() {
        assert_eq!(person("alice=1000").unwrap().1, 1000);
        for bad in ["alice", "alice=", "=1000", "alice=-1", "a b=1000"] {
            assert!(person(bad).is_err(), "{bad}");
        }
    }
}
