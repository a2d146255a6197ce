//! Every drill comes out as it is committed, in both its runs.

use std::process::{Command, Stdio};

#[test]
fn every_incident_is_held_as_its_file_says() {
    let mut drills = Command::new(env!("CARGO_BIN_EXE_holdpoint"));
    let output = drills.arg("drill").stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
}
