//! What one act of the runner may use up. Root says it, for each credential and each site; these are the fields of `[limits]`.

use serde::{Deserialize, Serialize};

/// What one act may use up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// How long it may last, in seconds.
    pub seconds: u64,
    /// How much processor time one process may use, in seconds.
    pub cpu_seconds: u64,
    /// How many processes and threads its user may have at a time.
    pub processes: u64,
    /// How many files a process may hold open.
    pub open_files: u64,
    /// The longest file it may write, in MiB.
    pub file_mib: u64,
    /// The memory that one process may map, in MiB.
    pub memory_mib: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { seconds: 15 * 60, cpu_seconds: 15 * 60, processes: 256, open_files: 1024, file_mib: 1024, memory_mib: 8 * 1024 }
    }
}
