//! Replays the fuzz corpora of the log's parsers.

mod checkpoint;
mod log_proof;

use holdpoint_testkit::corpus::replay;

#[test]
fn checkpoints() {
    replay("checkpoint", checkpoint::holds).unwrap();
}

#[test]
fn log_proofs() {
    replay("log_proof", log_proof::holds).unwrap();
}
