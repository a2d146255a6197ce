//! Every drill comes out as it is committed, in all its runs.

use std::process::{Command, Stdio};

use holdpoint_testkit::tool;

#[test]
fn every_incident_is_held_as_its_file_says() {
    let mut drills = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    let output = drills.arg("drill").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    if said.contains("was not run") {
        tool::not_run("every_incident_is_held_as_its_file_says", "only root can be several users: the part behind the runner");
    }
}
