//! Exit codes: stable, because scripts and agents rely on them.

use std::process::ExitCode;

/// How a command ended. `run` passes its child's status through and says its own outcomes in the 120s instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: allowed, or done.
    Done,
    /// 1: we could not find out, and nothing ran.
    CouldNotFindOut,
    /// 3: held; for a command that gives a verdict, it falls short.
    Held,
    /// 4: refused.
    Refused,
    /// Any other status, such as that of a child.
    Status(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::CouldNotFindOut => 1,
            Exit::Held => 3,
            Exit::Refused => 4,
            Exit::Status(status) => status,
        })
    }
}

/// Prints what is wrong with the command line: 0 for help and version, else 2. `run` says its usage errors as 122, so that they
/// cannot be mistaken for the child's.
pub(crate) fn usage(error: &clap::Error) -> ExitCode {
    let _ = error.print();
    match (error.use_stderr(), names_run(std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned()))) {
        (false, _) => ExitCode::SUCCESS,
        (true, true) => ExitCode::from(122),
        (true, false) => ExitCode::from(2),
    }
}

/// Whether the first word that is neither an option nor an option's value is `run`.
fn names_run(mut words: impl Iterator<Item = String>) -> bool {
    while let Some(word) = words.next() {
        match word.as_str() {
            "--data" | "--root" | "--url" => drop(words.next()),
            option if option.starts_with('-') => {}
            command => return command == "run",
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_is_found_behind_the_options_that_every_command_takes() {
        let names = |line: &str| names_run(line.split(' ').map(str::to_owned));
        assert!(names("run"));
        assert!(names("--data /run/holdpoint run --shell"));
        assert!(names("--data=x run"));
        assert!(!names("--data run check"));
        assert!(!names("check run"));
    }
}
