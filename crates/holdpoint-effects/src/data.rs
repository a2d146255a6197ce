//! The data files as the program has them: the JSON that `build.rs` makes of the TOML beside it.

use serde::Deserialize;

/// Takes in one piece of data.
#[expect(clippy::expect_used, reason = "the data are part of the program, and the tests of this crate read every piece")]
pub(crate) fn read<T: Deserialize<'static>>(json: &'static str) -> T {
    serde_json::from_str(json).expect("build.rs wrote it, and the tests read it")
}
