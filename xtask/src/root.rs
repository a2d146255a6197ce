//! Where the repository is.

use std::path::{Path, PathBuf};

/// Returns the repository's root directory, which holds `xtask/`.
///
/// `cargo run` and `cargo test` say at run time where the manifest is; the compiled-in path is only
/// for a binary started by hand, and would be wrong in a copied build directory.
pub(crate) fn root() -> PathBuf {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    xtask.parent().map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}
