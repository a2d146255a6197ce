//! Replays the fuzz corpus of policy files.

mod bundle;

use holdpoint_testkit::corpus::replay;

#[test]
fn bundles() {
    replay("bundle", bundle::holds).unwrap();
}
