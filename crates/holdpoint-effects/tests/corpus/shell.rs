//! What must hold for any bytes that claim to be a command line.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;

/// A command has at least one effect, the same ones each time, each pointing into the text; no question is put twice.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let setting = Setting {
        directory: "/home/alice/shop".into(),
        variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
        target: "host:laptop/uid:1000".into(),
    };
    let artefact = Artefact::Command { text: text.to_owned() };
    let read = || holdpoint_effects::read(&artefact, &setting, &Answers::default());
    let reading = read();
    assert!(reading.effects.iter().next().is_some(), "a command without effects");
    for effect in reading.effects.iter() {
        let span = effect.span.clone().unwrap_or(0..0);
        assert!(text.get(span.clone()).is_some(), "an effect points at {span:?}, which is not in the text");
    }
    let once: BTreeSet<String> = reading.questions.iter().map(|question| format!("{question:?}")).collect();
    assert_eq!(once.len(), reading.questions.len(), "a question put twice");
    assert_eq!(read(), reading);
}
