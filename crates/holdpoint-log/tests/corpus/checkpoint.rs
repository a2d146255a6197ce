//! What must hold for any bytes that claim to be a signed note.

use holdpoint_log::checkpoint::{LogKey, SignedCheckpoint};
use holdpoint_log::note::Note;

/// A note is written back byte for byte; a checkpoint opens only as the very note it came in.
#[expect(clippy::unwrap_used, reason = "a panic is the find")]
pub(crate) fn holds(bytes: &[u8]) {
    let Ok(note) = Note::parse(bytes) else { return };
    assert_eq!(note.to_text().as_bytes(), bytes);
    let key = include_str!("../vectors/sum.golang.org.vkey").trim().parse().unwrap();
    let log = LogKey::named_by(key).unwrap();
    if let Ok(checkpoint) = SignedCheckpoint::open(bytes, &log) {
        assert_eq!(checkpoint.note(), &note);
        assert_eq!(checkpoint.to_text().as_bytes(), bytes);
    }
}
