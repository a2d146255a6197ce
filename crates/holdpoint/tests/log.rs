//! `holdpoint log verify` on a real installation: beside the running server, after it, and after somebody has written to the file.

#![allow(
    clippy::allow_attributes,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "what fails in a test's own functions fails the test"
)]

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

struct Installation {
    directory: TempDir,
    server: Option<Child>,
}

impl Installation {
    fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut installation = Self { directory, server: None };
        let mut server = installation.program();
        server.args(["up", "--listen", "127.0.0.1:0", "--person", "alice"]).stdout(Stdio::piped()).stderr(Stdio::null());
        let server = installation.server.insert(server.spawn().unwrap());
        // The invitation is the last that it says: by then it listens.
        let said = BufReader::new(server.stdout.take().unwrap()).lines().map_while(Result::ok);
        said.into_iter().find(|line| line.contains("/enrol#")).unwrap();
        installation
    }

    fn program(&self) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
        program.env("HOME", self.directory.path()).env("HOLDPOINT_DATA", self.data()).env_remove("HOLDPOINT_URL");
        program.stdin(Stdio::null());
        program
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.program().args(arguments).output().unwrap()
    }

    fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = Command::new("kill").arg(server.id().to_string()).status();
            let _ = server.wait();
        }
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop();
    }
}

fn told(output: &Output) -> (Option<i32>, String) {
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

#[test]
fn the_database_of_an_installation_is_verified_whether_or_not_it_runs() {
    let mut installation = Installation::start();
    let (status, text) = told(&installation.run(&["log", "verify"]));
    assert_eq!(status, Some(0), "{text}");
    assert!(text.contains("the database is what the log says"), "{text}");
    installation.stop();
    let (status, text) = told(&installation.run(&["log", "verify", "--json"]));
    assert_eq!(status, Some(0), "{text}");
    let told_json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((&told_json["holds"], &told_json["database"]["faults"]), (&Value::Bool(true), &serde_json::json!([])));

    let database = rusqlite::Connection::open(installation.data().join("holdpoint.db")).unwrap();
    database.execute("UPDATE policy SET doc = json_set(doc, '$.revision', 99)", []).unwrap();
    database.execute("DELETE FROM payload WHERE id = (SELECT min(id) FROM payload)", []).unwrap();
    drop(database);
    let (status, text) = told(&installation.run(&["log", "verify"]));
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("is gone, and no entry says that it was redacted"), "{text}");
    assert!(text.contains("policy 1: in its record the log says something else for `revision`"), "{text}");
}

#[test]
fn an_export_is_verified_for_what_does_not_belong_to_it() {
    let installation = Installation::start();
    let export = installation.directory.path().join("export");
    let export_name = export.to_str().unwrap();
    assert!(installation.run(&["log", "export", export_name]).status.success());
    assert_eq!(told(&installation.run(&["log", "verify", export_name])).0, Some(0));
    std::fs::write(export.join("tile/notes.txt"), "read me").unwrap();
    let (status, text) = told(&installation.run(&["log", "verify", export_name]));
    assert_eq!(status, Some(3), "{text}");
    assert!(text.contains("`tile/notes.txt` does not belong to an export"), "{text}");

    let mistaken = installation.run(&["log", "verify", installation.data().to_str().unwrap()]);
    assert_eq!(mistaken.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&mistaken.stderr).contains("--data"), "{mistaken:?}");
}
