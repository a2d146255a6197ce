//! What must hold of text that bash itself refuses.
#![expect(clippy::disallowed_methods, clippy::expect_used, reason = "asks bash, and a failure here is a failed test")]

use std::process::{Command, Stdio};

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::Certainty;
use holdpoint_core::question::Answers;

/// Text that `bash -n` refuses is opaque: the reader does not claim to know what no shell would run. Only what the reader claims
/// to have read is shown to bash, and bash runs none of it.
pub(crate) fn holds(bytes: &[u8]) {
    let Some(text) = std::str::from_utf8(bytes).ok().filter(|text| is_read(text)) else { return };
    assert!(accepts(text), "bash refuses what the reader claims to have read:\n{text}");
}

/// Whether the reader has no doubt about any part of the text.
pub(crate) fn is_read(text: &str) -> bool {
    let setting = Setting { directory: "/home/alice/shop".into(), variables: [].into(), target: String::new() };
    let reading = holdpoint_effects::read(&Artefact::Command { text: text.to_owned() }, &setting, &Answers::default());
    !reading.effects.iter().any(|effect| effect.certainty == Certainty::Opaque)
}

/// Whether bash can parse the text.
pub(crate) fn accepts(text: &str) -> bool {
    let status = Command::new("/bin/bash")
        .args(["--noprofile", "--norc", "-n", "-c", "--", text])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.expect("bash can be started").success()
}
