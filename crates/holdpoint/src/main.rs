//! The `holdpoint` binary: one file per command, and the wiring.

fn main() {}
