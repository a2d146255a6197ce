//! Replays the fuzz corpus of the agents' messages.

mod hook_message;

use holdpoint_testkit::corpus::replay;

#[test]
fn hook_messages() {
    replay("hook_message", hook_message::holds).unwrap();
}
