//! What must hold for any bytes that come in place of a host's message.

use holdpoint_gates::agent::claude_code::message::{Event, read};

/// A message about a call that has not happened yet is put to the control plane or cannot be read: it is never idle, for then
/// the call would go on unasked.
pub(crate) fn holds(bytes: &[u8]) {
    let event = read(bytes);
    let said: Option<serde_json::Value> = serde_json::from_slice(bytes).ok();
    let before = said.is_some_and(|said| said.get("hook_event_name").is_some_and(|name| name == "PreToolUse"));
    assert!(!before || matches!(event, Ok(Event::Before(_)) | Err(_)), "a call that nobody asks about");
}
