//! What must hold for any bytes that claim to be a program in Python or JavaScript.

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;

/// A program has at least one effect, and the same ones each time, each pointing into the command that runs it.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let setting = Setting {
        directory: "/home/alice/shop".into(),
        variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
        target: "host:laptop/uid:1000".into(),
    };
    for words in [["python3", "-c"], ["node", "-e"]] {
        let argv: Vec<String> = words.into_iter().chain([text]).map(str::to_owned).collect();
        let artefact = Artefact::Argv { argv };
        let read = || holdpoint_effects::read(&artefact, &setting, &Answers::default());
        let reading = read();
        assert!(reading.effects.iter().next().is_some(), "a program without effects");
        assert_eq!(read(), reading);
    }
}
