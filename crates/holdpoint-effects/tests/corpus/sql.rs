//! What must hold for any bytes that claim to be SQL or a psql script.

use holdpoint_core::effect::{Certainty, Environment};
use holdpoint_effects::sql;

/// There are effects, the same ones each time; text that is not UTF-8 or has a NUL is never known.
pub(crate) fn holds(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let environment = Environment::Named("production".into());
    let found = [sql::read(&text, &environment, None), sql::read_psql(&text, &environment, None)];
    for effects in &found {
        assert!(!effects.is_empty());
        let opaque = effects.iter().any(|effect| effect.certainty == Certainty::Opaque);
        assert!(opaque || !text.contains('\0'), "a NUL was read");
    }
    assert_eq!(found, [sql::read(&text, &environment, None), sql::read_psql(&text, &environment, None)]);
}
