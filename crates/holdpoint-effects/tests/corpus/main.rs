//! Replays the fuzz corpora of the readers.

mod shell;
mod sql;
mod tool_call;

use holdpoint_testkit::corpus::replay;

#[test]
fn commands() {
    replay("shell", shell::holds).unwrap();
}

#[test]
fn sql_texts() {
    replay("sql", sql::holds).unwrap();
}

#[test]
fn tool_calls() {
    replay("tool_call", tool_call::holds).unwrap();
}
