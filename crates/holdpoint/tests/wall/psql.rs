//! The real `psql` and a real PostgreSQL: the password is the runner's, and the agent works with the database all the same.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use holdpoint_testkit::tool;
use tempfile::TempDir;

use super::machine::{Machine, PASSWORD};

/// PostgreSQL asks who it runs as, so that has to be somebody whom the machine knows, and not root.
const NOBODY: u32 = 65_534;

/// A PostgreSQL of the test's own, which lets nobody in without the password.
struct Postgres {
    programs: PathBuf,
    directory: TempDir,
    port: u16,
}

impl Postgres {
    fn for_test(test: &str) -> Option<Self> {
        tool::find(test, &["psql"])?;
        let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
        let Some(programs) = versions.filter(|bin| bin.join("initdb").is_file()).max() else {
            tool::not_run(test, "no PostgreSQL");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        chown(directory.path(), Some(NOBODY), Some(NOBODY)).unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let postgres = Self { programs, directory, port };
        let password = postgres.directory.path().join("password");
        fs::write(&password, PASSWORD).unwrap();
        fs::set_permissions(&password, fs::Permissions::from_mode(0o644)).unwrap();
        let data = postgres.data();
        postgres.does("initdb", &["-D", &data, "-U", "deploy", "-A", "scram-sha-256", "--pwfile", password.to_str().unwrap()]);
        let options = format!("-c listen_addresses=127.0.0.1 -c port={port} -c unix_socket_directories= -c fsync=off");
        postgres.does("pg_ctl", &["-D", &data, "-w", "-l", "/dev/null", "-o", &options, "start"]);
        Some(postgres)
    }

    fn data(&self) -> String {
        self.directory.path().join("data").display().to_string()
    }

    fn does(&self, program: &str, arguments: &[&str]) {
        let mut command = Command::new(self.programs.join(program));
        command.args(arguments).uid(NOBODY).gid(NOBODY).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        let command = command.current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().unwrap().success(), "{program} {arguments:?}");
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let mut stop = Command::new(self.programs.join("pg_ctl"));
        stop.args(["-D", &self.data(), "-m", "immediate", "-w", "stop"]).uid(NOBODY).gid(NOBODY).current_dir("/");
        let _ = stop.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[test]
fn the_real_psql_works_with_a_password_that_its_asker_does_not_have() {
    let test = "the_real_psql_works_with_a_password_that_its_asker_does_not_have";
    let Some(machine) = Machine::for_test(test) else { return };
    let Some(postgres) = Postgres::for_test(test) else { return };
    fs::remove_file(machine.at("tools/psql")).unwrap();
    let credential = format!(
        "programs = ['psql']\n[secrets]\npassword = '{PASSWORD}'\n[variables]\nPGHOST = '127.0.0.1'\nPGPORT = '{}'\n\
         PGUSER = 'deploy'\nPGDATABASE = 'postgres'\n[files]\nPGPASSFILE = '*:*:*:deploy:${{secret.password}}'\n",
        postgres.port
    );
    fs::write(machine.at("etc/holdpoint/credentials.d/shop.toml"), credential).unwrap();
    let directly = format!("psql -w -h 127.0.0.1 -p {} -U deploy -c 'select 1' postgres", postgres.port);
    assert_eq!(machine.shell(&directly).status, Some(2), "without the password nobody gets in");

    let ran = machine.run(&["psql", "-X", "-At", "-c", "select 6 * 7"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "42\n"), "{ran:?}");
    for (name, text) in [(".psqlrc", "select 'from the rc file';\n"), ("report.sql", "select current_user, 'répört' as title;\n")]
    {
        let path = machine.home().join(name);
        fs::write(&path, text).unwrap();
        chown(&path, Some(machine.agent), Some(machine.agent)).unwrap();
    }
    let ran = machine.run(&["psql", "-At", "-f", "report.sql"]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "deploy|répört\n"), "the caller's settings are not there: {ran:?}");
    let ran = machine.run(&["psql", "-X", "-At", "-v", "ON_ERROR_STOP=1", "-c", "select * from nothing"]);
    assert_eq!(ran.status, Some(1), "its status is passed on: {ran:?}");
    assert!(ran.stderr.contains("relation \"nothing\" does not exist"), "{ran:?}");
    let (one, other) = PASSWORD.split_at(9);
    let ran = machine.run(&["psql", "-X", "-At", "-c", &format!("select '{one}' || '{other}'")]);
    assert_eq!((ran.status, ran.stdout.as_str()), (Some(0), "[masked]\n"), "{ran:?}");

    for held in [
        &["psql", "-X", "-c", "\\! cat $PGPASSFILE"][..],
        &["psql", "-X", "-c", "copy (select 1) to program 'cat $PGPASSFILE'"],
        &["psql", "-X", "-c", "select pg_read_file('/etc/passwd')"],
        &["psql", "-X", "-h", "127.0.0.2", "-c", "select 1"],
        &["psql", "-X", "-c", "drop database template1"],
    ] {
        let ran = machine.run(held);
        assert_eq!((ran.status, ran.stdout.as_str()), (Some(123), ""), "{held:?}: {ran:?}");
    }
    assert!(Path::new(&postgres.data()).exists());
}
