//! What must hold for any call of an agent's tool: a name on the first line, the input below it.

use std::collections::{BTreeMap, BTreeSet};

use holdpoint_core::change::Setting;
use holdpoint_core::question::Answers;
use holdpoint_effects::tool;

/// A call has at least one effect, and asks each question once.
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (name, input) = text.split_once('\n').unwrap_or((text, ""));
    let setting = Setting {
        directory: "/home/alice/shop".into(),
        variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
        target: "host:laptop/uid:1000".into(),
    };
    let reading = tool::read("claude-code", name, input, &setting, &Answers::default());
    assert!(reading.effects.iter().next().is_some(), "a call without effects");
    let once: BTreeSet<String> = reading.questions.iter().map(|question| format!("{question:?}")).collect();
    assert_eq!(once.len(), reading.questions.len(), "a question put twice");
}
