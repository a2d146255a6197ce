//! Replays the fuzz corpora of what is signed.

mod permit;
mod statement;

use holdpoint_testkit::corpus::replay;

#[test]
fn permits() {
    replay("permit", permit::holds).unwrap();
}

#[test]
fn statements() {
    replay("statement", statement::holds).unwrap();
}
