//! What of our environment a command gets: all of it but the variables with which others make programs run code.
//!
//! What was decided is what runs. A variable can have bash read a file first, put a function in the place of a program, or load a
//! library into every process, and none of that stands in the command. Whoever wants one says so in the command itself
//! (`env PYTHONPATH=src pytest`), where it is read like everything else.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::process::Command;

/// Takes out of a command's environment what makes programs run code that nobody read.
pub(super) fn without_code(command: &mut Command) -> &mut Command {
    std::env::vars_os().filter(|(name, value)| carries_code(name, value)).for_each(|(name, _)| {
        command.env_remove(name);
    });
    command
}

/// The variables of this process that no command gets and that somebody might miss, in their order.
pub fn withheld() -> Vec<String> {
    let told = |name: &OsString| !SET_BY_DISTRIBUTIONS.iter().any(|known| name == known);
    let withheld = std::env::vars_os().filter(|(name, value)| carries_code(name, value)).map(|(name, _)| name);
    let mut names: Vec<String> = withheld.filter(told).map(|name| name.to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn carries_code(name: &OsStr, value: &OsStr) -> bool {
    let name = name.as_bytes();
    let is = |list: &[&str]| list.iter().any(|known| name == known.as_bytes());
    let starts = |list: &[&str]| list.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
    if starts(&["GIT_"]) {
        return !(is(&GIT_WITHOUT_CODE) || starts(&GIT_GROUPS_WITHOUT_CODE) || is(&COMMANDS) && is_plain_name(value));
    }
    starts(&LOADERS) || is(&CODE) || (is(&COMMANDS) && !is_plain_name(value))
}

/// Whether a value names one program and nothing else.
fn is_plain_name(value: &OsStr) -> bool {
    value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
}

/// Functions of bash, and what the dynamic loader obeys.
const LOADERS: [&str; 3] = ["BASH_FUNC_", "DYLD_", "LD_"];
/// The readers know them, or they are harmless.
const GIT_WITHOUT_CODE: [&str; 6] =
    ["GIT_CEILING_DIRECTORIES", "GIT_DIR", "GIT_INDEX_FILE", "GIT_OPTIONAL_LOCKS", "GIT_TERMINAL_PROMPT", "GIT_WORK_TREE"];
const GIT_GROUPS_WITHOUT_CODE: [&str; 3] = ["GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_SSL_"];
/// Hold a command that other programs run: welcome while it is a mere name.
const COMMANDS: [&str; 13] = [
    "BROWSER",
    "EDITOR",
    "GIT_EDITOR",
    "GIT_PAGER",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "MANPAGER",
    "PAGER",
    "PSQL_EDITOR",
    "PSQL_PAGER",
    "RSYNC_RSH",
    "SYSTEMD_EDITOR",
    "VISUAL",
];
/// Make shells, interpreters and everyday programs run or load what no command line shows.
const CODE: [&str; 38] = [
    "BASHOPTS",
    "BASH_ENV",
    "CDPATH",
    "CLASSPATH",
    "ENV",
    "GCONV_PATH",
    "GLOBIGNORE",
    "GNUMAKEFLAGS",
    "JAVA_TOOL_OPTIONS",
    "JDK_JAVA_OPTIONS",
    "LESSCLOSE",
    "LESSOPEN",
    "MAKEFILES",
    "MAKEFLAGS",
    "MALLOC_CONF",
    "NODE_OPTIONS",
    "NODE_PATH",
    "PERL5DB",
    "PERL5LIB",
    "PERL5OPT",
    "PERLLIB",
    "PROMPT_COMMAND",
    "PS0",
    "PS4",
    "PSQLRC",
    "PYTHONHOME",
    "PYTHONINSPECT",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "RIPGREP_CONFIG_PATH",
    "RSYNC_CONNECT_PROG",
    "RUBYLIB",
    "RUBYOPT",
    "SHELLOPTS",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "TAR_OPTIONS",
    "_JAVA_OPTIONS",
];
/// Many a distribution sets them for every shell: nobody has to hear of them.
const SET_BY_DISTRIBUTIONS: [&str; 5] = ["BASHOPTS", "LESSCLOSE", "LESSOPEN", "SHELLOPTS", "SSH_ASKPASS"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_programs_run_code_is_withheld() {
        for (name, value) in [
            ("BASH_ENV", "x"),
            ("BASH_FUNC_ls%%", "() { rm x; }"),
            ("LD_PRELOAD", "x.so"),
            ("GIT_SSH_COMMAND", "sh -c x"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_EXTERNAL_DIFF", "rm"),
            ("PAGER", "sh -c 'rm x'"),
            ("GIT_EDITOR", "/tmp/x"),
            ("PERL5OPT", "-Mx"),
        ] {
            assert!(carries_code(name.as_ref(), value.as_ref()), "{name}");
        }
    }

    #[test]
    fn what_commands_need_every_day_stays() {
        for (name, value) in [
            ("HOME", "/home/alice"),
            ("PATH", "/usr/bin"),
            ("EDITOR", "vim"),
            ("GIT_AUTHOR_NAME", "Alice"),
            ("GIT_DIR", "/x/.git"),
            ("GIT_EDITOR", "true"),
            ("PGHOST", "db"),
            ("VIRTUAL_ENV", "/w/.venv"),
        ] {
            assert!(!carries_code(name.as_ref(), value.as_ref()), "{name}");
        }
    }
}
