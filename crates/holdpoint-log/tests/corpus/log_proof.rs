//! What must hold for any bytes that claim to prove an entry.

use holdpoint_log::proof::LogProof;

/// A proof is written back byte for byte.
pub(crate) fn holds(bytes: &[u8]) {
    if let Ok(proof) = LogProof::parse(bytes) {
        assert_eq!(proof.to_text().as_bytes(), bytes);
    }
}
