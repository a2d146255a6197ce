//! The program as it is shipped: a release build that brings its C library along, where there is one to bring.
//!
//! A hook is a process for each command that an agent types, and half a millisecond of each went into finding, mapping and binding
//! three libraries. The program stays position-independent. It asks no name service, which is what static glibc is bad at.

use crate::cargo::{cargo, output, run, target_directory};
use anyhow::Result;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Builds the program and says where it is.
pub(crate) fn build() -> Result<PathBuf> {
    run(cargo().args(["rustc", "--release", "--locked", "--package", "holdpoint", "--bin", "holdpoint", "--"]).args(flags()))?;
    path()
}

/// Where the program is once it was built.
pub(crate) fn path() -> Result<PathBuf> {
    Ok(target_directory()?.join("release").join("holdpoint"))
}

fn flags() -> &'static [&'static str] {
    if has_static_c_library() { &["-C", "target-feature=+crt-static"] } else { &[] }
}

/// Whether the C compiler finds glibc as an archive; where it does not, it repeats the name that it was asked for.
fn has_static_c_library() -> bool {
    cfg!(all(target_os = "linux", target_env = "gnu"))
        && output(Command::new("cc").arg("-print-file-name=libc.a")).is_ok_and(|found| Path::new(found.trim()).is_absolute())
}
