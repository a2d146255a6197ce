//! What must hold for any bytes that claim to be what a person approved.

use holdpoint_core::approval::{STATEMENT_MAX_BYTES, Statement, challenge};

/// A statement that is read keeps within its bounds, and reads the same when it is written anew.
#[expect(clippy::unwrap_used, reason = "a panic is the find")]
pub(crate) fn holds(bytes: &[u8]) {
    let _ = challenge(bytes);
    if let Ok(statement) = Statement::read(bytes) {
        assert!(bytes.len() <= STATEMENT_MAX_BYTES);
        let again = serde_json::to_vec(&statement).unwrap();
        assert_eq!(Statement::read(&again), Ok(statement));
    }
}
