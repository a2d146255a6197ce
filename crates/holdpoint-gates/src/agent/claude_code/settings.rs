//! Claude Code's settings file: our hooks in it, and nothing else touched.
//!
//! Pure: text in, text out. Values that are not ours keep their exact text, keys their order. What is not one JSON object with
//! the shapes that the host documents is refused and left alone: it is the user's file, not ours.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::json;
use serde_json::value::{RawValue, to_raw_value};

use crate::agent::strict;

/// The events at which the host asks us.
pub const EVENTS: [&str; 3] = ["PreToolUse", "PostToolUse", "PostToolUseFailure"];
/// How long the host waits for the hook, in seconds. The hook itself answers within one.
pub const TIMEOUT_S: u64 = 10;
/// Longest settings file in bytes.
pub const SETTINGS_MAX_BYTES: usize = 4 * 1024 * 1024;
/// What every command of ours holds, whatever the program is called and wherever it lies.
const MARK: &str = " hook claude-code ";

/// The settings with our hooks in them, each event once, running `command`. Settings that have exactly that stay as they are.
///
/// # Errors
/// Refuses settings of a shape that the host does not document.
pub fn with_hooks(settings: &str, command: &str) -> Result<String, Foreign> {
    let wanted = group(command);
    if deviations(settings, command).is_ok_and(|found| found.is_empty()) {
        return Ok(settings.to_owned());
    }
    edit(settings, |groups, event| {
        if EVENTS.contains(&event) {
            groups.push(wanted.clone());
        }
    })
}

/// The settings without our hooks.
///
/// # Errors
/// As [`with_hooks`].
pub fn without_hooks(settings: &str) -> Result<String, Foreign> {
    let ours = EVENTS.iter().map(|event| installed(settings, event)).collect::<Result<Vec<_>, _>>()?;
    if ours.concat().is_empty() { Ok(settings.to_owned()) } else { edit(settings, |_, _| {}) }
}

/// The commands of ours that the settings run at an event for every tool.
///
/// # Errors
/// As [`with_hooks`].
pub fn installed(settings: &str, event: &str) -> Result<Vec<String>, Foreign> {
    let top = Object::of_file(settings)?;
    let Some(hooks) = top.value("hooks") else { return Ok(Vec::new()) };
    let Some(groups) = Object::read(hooks.get(), "`hooks`")?.value(event).map(ToOwned::to_owned) else { return Ok(Vec::new()) };
    let mut commands = Vec::new();
    for group in list(groups.get(), "an event")? {
        let group: serde_json::Value = serde_json::from_str(group.get()).map_err(|_| Foreign::Shape("a group of hooks"))?;
        let all_tools = matches!(group.get("matcher").and_then(|matcher| matcher.as_str()), None | Some("" | "*"));
        let hooks = group.get("hooks").and_then(|hooks| hooks.as_array()).into_iter().flatten();
        commands.extend(hooks.filter(|hook| all_tools && is_ours(hook)).filter_map(command_of).map(str::to_owned));
    }
    Ok(commands)
}

/// How our hooks differ from what is written for `command` today, in words; nothing where they are exactly that. The host obeys
/// every key of an entry, and one that we did not write may switch it off.
///
/// # Errors
/// As [`with_hooks`].
pub fn deviations(settings: &str, command: &str) -> Result<Vec<String>, Foreign> {
    let wanted = group(command);
    let mut deviations = Vec::new();
    for event in EVENTS {
        let found = ours_at(settings, event)?;
        match found.as_slice() {
            [] => deviations.push(format!("{event}: it is missing")),
            [ours] => differences(ours, &wanted, &format!("{event}: "), &mut deviations),
            _ => deviations.push(format!("{event}: it stands there {} times", found.len())),
        }
    }
    Ok(deviations)
}

/// Each hook of ours at an event, in its group and without its neighbours there.
fn ours_at(settings: &str, event: &str) -> Result<Vec<serde_json::Value>, Foreign> {
    let top = Object::of_file(settings)?;
    let Some(hooks) = top.value("hooks") else { return Ok(Vec::new()) };
    let Some(groups) = Object::read(hooks.get(), "`hooks`")?.value(event).map(ToOwned::to_owned) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for group in list(groups.get(), "an event")? {
        let group: serde_json::Value = serde_json::from_str(group.get()).map_err(|_| Foreign::Shape("a group of hooks"))?;
        let hooks = group.get("hooks").and_then(|hooks| hooks.as_array()).into_iter().flatten();
        found.extend(hooks.filter(|hook| is_ours(hook)).map(|hook| {
            let mut alone = group.clone();
            if let Some(group) = alone.as_object_mut() {
                group.insert("hooks".to_owned(), json!([hook]));
            }
            alone
        }));
    }
    Ok(found)
}

/// Where two values differ, key for key.
fn differences(found: &serde_json::Value, wanted: &serde_json::Value, at: &str, deviations: &mut Vec<String>) {
    use serde_json::Value;
    match (found, wanted) {
        (Value::Object(found), Value::Object(wanted)) => {
            let unknown = found.iter().filter(|(key, _)| !wanted.contains_key(*key));
            deviations.extend(unknown.map(|(key, value)| format!("{at}`{key}` is {value}, and nobody wrote it")));
            for (key, wanted) in wanted {
                match found.get(key) {
                    Some(found) => differences(found, wanted, &format!("{at}`{key}` "), deviations),
                    None => deviations.push(format!("{at}`{key}` is missing")),
                }
            }
        }
        (Value::Array(found), Value::Array(wanted)) if found.len() == wanted.len() => {
            found.iter().zip(wanted).for_each(|(found, wanted)| differences(found, wanted, at, deviations));
        }
        (found, wanted) if found == wanted => {}
        (found, wanted) => deviations.push(format!("{at}is {found} and should be {wanted}")),
    }
}

fn command_of(hook: &serde_json::Value) -> Option<&str> {
    hook.get("command")?.as_str()
}

/// Whether a hook is one of ours.
pub(super) fn is_ours(hook: &serde_json::Value) -> bool {
    command_of(hook).is_some_and(|command| command.contains(MARK) && command.to_lowercase().contains("holdpoint"))
}

/// One group of hooks, as the host documents it.
fn group(command: &str) -> serde_json::Value {
    json!({ "matcher": "*", "hooks": [{ "type": "command", "command": command, "timeout": TIMEOUT_S }] })
}

/// Takes our hooks out of every event, lets `change` add to what is left, and drops what is left empty.
fn edit(settings: &str, change: impl Fn(&mut Vec<serde_json::Value>, &str)) -> Result<String, Foreign> {
    let mut top = Object::of_file(settings)?;
    let mut hooks = top.value("hooks").map_or_else(|| Ok(Object::default()), |hooks| Object::read(hooks.get(), "`hooks`"))?;
    let names: Vec<String> = hooks.0.iter().map(|(name, _)| name.clone()).collect();
    let missing = EVENTS.iter().map(|event| (*event).to_owned()).filter(|event| !names.contains(event)).collect::<Vec<_>>();
    for event in names.iter().chain(&missing) {
        let before = hooks.value(event).map_or_else(|| Ok(Vec::new()), |groups| list(groups.get(), "an event"))?;
        let mut added = Vec::new();
        change(&mut added, event);
        let mut kept = Vec::new();
        for group in &before {
            kept.extend(without_ours(group.clone())?);
        }
        let untouched = kept.len() == before.len() && kept.iter().zip(&before).all(|(kept, was)| kept.get() == was.get());
        if untouched && added.is_empty() {
            continue;
        }
        kept.extend(added.iter().filter_map(|group| to_raw_value(group).ok()));
        hooks.set(event, if kept.is_empty() { None } else { Some(raw(&lay_out_list(&kept, 2))?) });
    }
    top.set("hooks", if hooks.0.is_empty() { None } else { Some(raw(&hooks.lay_out(1))?) });
    Ok(top.lay_out(0) + "\n")
}

/// A group of hooks without ours; nothing where ours were all it had. A group without any of ours keeps its exact text.
fn without_ours(group: Box<RawValue>) -> Result<Option<Box<RawValue>>, Foreign> {
    let mut object = Object::read(group.get(), "a group of hooks")?;
    let Some(hooks) = object.value("hooks") else { return Ok(Some(group)) };
    let before = list(hooks.get(), "the hooks of a group")?;
    let ours = |hook: &RawValue| serde_json::from_str(hook.get()).is_ok_and(|hook| is_ours(&hook));
    if !before.iter().any(|hook| ours(hook)) {
        return Ok(Some(group));
    }
    let kept: Vec<_> = before.into_iter().filter(|hook| !ours(hook)).collect();
    if kept.is_empty() {
        return Ok(None);
    }
    object.set("hooks", Some(raw(&lay_out_list(&kept, 4))?));
    Ok(Some(raw(&object.lay_out(3))?))
}

/// A JSON object with its keys in order and its values as text.
#[derive(Default)]
struct Object(Vec<(String, Box<RawValue>)>);

impl Object {
    /// Reads a whole file; one that is not there or empty has no settings.
    fn of_file(settings: &str) -> Result<Self, Foreign> {
        if settings.trim().is_empty() { Ok(Self::default()) } else { Self::read(settings, "the file") }
    }

    fn read(text: &str, what: &'static str) -> Result<Self, Foreign> {
        strict::check(text.as_bytes(), SETTINGS_MAX_BYTES).map_err(|error| Foreign::Unreadable(error.to_string()))?;
        serde_json::from_str(text).map_err(|_| Foreign::Shape(what))
    }

    fn value(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| &**value)
    }

    fn set(&mut self, key: &str, value: Option<Box<RawValue>>) {
        match (self.0.iter_mut().find(|(name, _)| name == key), value) {
            (Some((_, old)), Some(new)) => *old = new,
            (None, Some(new)) => self.0.push((key.to_owned(), new)),
            (_, None) => self.0.retain(|(name, _)| name != key),
        }
    }

    /// Writes the object, each key on a line of its own, `depth` levels deep.
    fn lay_out(&self, depth: usize) -> String {
        let entries = self.0.iter().map(|(key, value)| format!("{}: {}", serde_json::Value::from(key.as_str()), value.get()));
        wrap('{', '}', entries.collect(), depth)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Object;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

fn list(text: &str, what: &'static str) -> Result<Vec<Box<RawValue>>, Foreign> {
    serde_json::from_str(text).map_err(|_| Foreign::Shape(what))
}

fn raw(text: &str) -> Result<Box<RawValue>, Foreign> {
    RawValue::from_string(text.to_owned()).map_err(|error| Foreign::Unreadable(error.to_string()))
}

fn lay_out_list(items: &[Box<RawValue>], depth: usize) -> String {
    wrap('[', ']', items.iter().map(|item| item.get().to_owned()).collect(), depth)
}

fn wrap(open: char, close: char, items: Vec<String>, depth: usize) -> String {
    if items.is_empty() {
        return format!("{open}{close}");
    }
    let (inner, outer) = ("  ".repeat(depth + 1), "  ".repeat(depth));
    format!("{open}\n{inner}{}\n{outer}{close}", items.join(&format!(",\n{inner}")))
}

/// Settings that are not of the shape that the host documents. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// Something in them is of another shape.
    #[error("{0} is not of the shape that Claude Code documents")]
    Shape(&'static str),
    /// They are not JSON, or can be read in more ways than one.
    #[error("{0}")]
    Unreadable(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    const COMMAND: &str = "'/opt/holdpoint/bin/holdpoint' hook claude-code || { exit 2; }";
    const THEIRS: &str = r#"{
  "model": "opus",
  "permissions": { "allow": ["Bash(ls:*)"],   "deny": [] },
  "hooks": {
    "PreToolUse": [
      {"matcher": "Bash", "hooks": [{"type": "command", "command": "theirs.sh", "timeout": 1e1}]}
    ],
    "Stop": [{"hooks": [{"type": "command", "command": "bell"}]}]
  },
  "zeta": 1.50
}
"#;

    #[test]
    fn hooks_are_added_beside_what_is_there_and_every_foreign_byte_stays() {
        let settings = with_hooks(THEIRS, COMMAND).unwrap();
        insta::assert_snapshot!(settings);
        for event in EVENTS {
            assert_eq!(installed(&settings, event).unwrap(), [COMMAND]);
        }
    }

    #[test]
    fn installing_twice_changes_nothing_and_a_moved_program_replaces_the_old_one() {
        let once = with_hooks(THEIRS, COMMAND).unwrap();
        assert_eq!(with_hooks(&once, COMMAND).unwrap(), once);
        let moved = COMMAND.replace("/opt", "/usr");
        let twice = with_hooks(&once, &moved).unwrap();
        assert_eq!(installed(&twice, "PreToolUse").unwrap(), [moved]);
        assert!(!twice.contains("/opt/holdpoint"));
    }

    #[test]
    fn taking_the_hooks_out_leaves_what_was_there() {
        let there_and_back = without_hooks(&with_hooks(THEIRS, COMMAND).unwrap()).unwrap();
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&there_and_back), value(THEIRS));
        assert_eq!(without_hooks(&with_hooks("{}", COMMAND).unwrap()).unwrap(), "{}\n");
        assert_eq!(without_hooks(THEIRS).unwrap(), THEIRS);
    }

    #[test]
    fn a_file_that_is_not_there_yet_has_no_settings() {
        let settings = with_hooks("", COMMAND).unwrap();
        assert_eq!(installed(&settings, "PreToolUse").unwrap(), [COMMAND]);
        assert_eq!(installed("", "PreToolUse").unwrap(), Vec::<String>::new());
        assert_eq!(without_hooks("").unwrap(), "");
    }

    #[test]
    fn settings_that_cannot_be_understood_are_left_alone() {
        for foreign in [
            "// comment\n{}",
            "[]",
            r#"{"hooks": []}"#,
            r#"{"hooks": {"PreToolUse": {}}}"#,
            r#"{"hooks": {"PreToolUse": ["x"]}}"#,
            r#"{"hooks": {}, "hooks": {}}"#,
            "{",
        ] {
            assert!(with_hooks(foreign, COMMAND).is_err(), "{foreign}");
        }
    }

    #[test]
    fn an_entry_that_was_disarmed_is_not_what_install_writes() {
        let armed = with_hooks("{}", COMMAND).unwrap();
        assert_eq!(deviations(&armed, COMMAND), Ok(Vec::new()));
        for (from, to) in [
            ("exit 2", "exit 0"),
            ("\"timeout\":10", "\"timeout\":0.001"),
            ("\"timeout\":10", "\"timeout\":10,\"async\":true"),
            ("\"timeout\":10", "\"timeout\":10,\"if\":\"Bash(never)\""),
            ("\"timeout\":10", "\"timeout\":10,\"once\":true"),
            ("\"timeout\":10", "\"timeout\":10,\"shell\":\"powershell\""),
            ("\"type\":\"command\"", "\"type\":\"prompt\""),
            ("\"matcher\":\"*\"", "\"matcher\":\"Read\""),
            ("'/opt/holdpoint", "/tmp/only-what-doctor-asks '/opt/holdpoint"),
        ] {
            let disarmed = armed.replacen(from, to, 1);
            assert_ne!(disarmed, armed, "{from}");
            assert_eq!(deviations(&disarmed, COMMAND).unwrap().len(), 1, "{to}");
            assert_eq!(deviations(&with_hooks(&disarmed, COMMAND).unwrap(), COMMAND), Ok(Vec::new()), "installing repairs it");
        }
    }

    #[test]
    fn a_hook_for_some_tools_only_does_not_count_as_installed() {
        let some = with_hooks("{}", COMMAND).unwrap().replace("\"*\"", "\"Bash\"");
        assert_eq!(installed(&some, "PreToolUse").unwrap(), Vec::<String>::new());
    }
}
