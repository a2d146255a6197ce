//! Replays the fuzz corpora of the readers.

mod sql;

use holdpoint_testkit::corpus::replay;

#[test]
fn sql_texts() {
    replay("sql", sql::holds).unwrap();
}
