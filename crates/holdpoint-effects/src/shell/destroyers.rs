//! Programs that can destroy, and where the programs of a machine lie: the names by which a command line is known for one that
//! matters, whoever starts it.

use super::wrappers::is_shell;

/// Directories whose programs are those that their names say.
pub(super) const PROGRAM_DIRECTORIES: [&str; 8] =
    ["/bin", "/usr/bin", "/usr/local/bin", "/sbin", "/usr/sbin", "/usr/local/sbin", "/opt/homebrew/bin", "/snap/bin"];

/// Whether a name is that of a program that can destroy, or that runs what can.
pub(super) fn destroys(name: &str) -> bool {
    let name = match name.rsplit_once('/') {
        Some((place, base)) if PROGRAM_DIRECTORIES.contains(&place) => base,
        _ => name,
    };
    is_shell(name) || name.starts_with("mkfs") || DESTROYERS.contains(&name)
}

/// Whether a path is that of a program of this machine that can destroy.
pub(super) fn is_destroyer(path: &str) -> bool {
    path.rsplit_once('/')
        .is_some_and(|(place, base)| PROGRAM_DIRECTORIES.contains(&place) && (destroys(base) || base == "busybox"))
}

const DESTROYERS: [&str; 22] = [
    "dd",
    "docker",
    "doas",
    "dropdb",
    "env",
    "find",
    "git",
    "helm",
    "kubectl",
    "mv",
    "nohup",
    "podman",
    "psql",
    "rm",
    "shred",
    "ssh",
    "sudo",
    "terraform",
    "tofu",
    "truncate",
    "unlink",
    "xargs",
];
