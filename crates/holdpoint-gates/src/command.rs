//! The command runner: proposes a command, and when it is permitted runs exactly that.
//!
//! What runs is what was decided. The program is looked up once and run by its path; the directory is the canonical one; input
//! files are read again just before the act; a script that stands alone runs from a sealed copy of the text that was decided
//! about ([`sealed`]); and no variable brings code along that nobody read (`environment`).
//!
//! **The gate advises** while it runs as the user it serves: who can run this can run the command without it.

mod child;
mod environment;
pub mod sealed;

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};

use holdpoint_api::v1::ResultV1;
use holdpoint_core::actor::Strength;
use holdpoint_core::change::Artefact;
use holdpoint_core::permit::Warrant;

use crate::passage::{Execute, Gate, Seen, Unreadable};
use crate::setting::Surroundings;
use sealed::Sealed;

pub use environment::withheld;

/// The gate's name.
pub const NAME: &str = "command";

/// What is to be run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Words {
    /// A program and its arguments, with no shell between. Never empty.
    Argv(Vec<String>),
    /// Text for bash.
    Shell(String),
}

impl Words {
    fn artefact(&self) -> Artefact {
        match self {
            Self::Argv(argv) => Artefact::Argv { argv: argv.clone() },
            Self::Shell(text) => Artefact::Command { text: text.clone() },
        }
    }

    /// The argument vector that the operating system gets.
    fn argv(&self) -> Vec<String> {
        match self {
            Self::Argv(argv) => argv.clone(),
            Self::Shell(text) => ["bash", "--noprofile", "--norc", "-c", "--", text].map(str::to_owned).to_vec(),
        }
    }

    /// Where the program is looked up. The reader reads text as the system's bash does, so it is that which runs it.
    fn search_path<'a>(&self, search_path: &'a str) -> &'a str {
        match self {
            Self::Argv(_) => search_path,
            Self::Shell(_) => BASH_IS_IN,
        }
    }
}

/// The directories of the system in which bash is looked for.
const BASH_IS_IN: &str = "/bin:/usr/bin:/opt/homebrew/bin:/usr/local/bin:/run/current-system/sw/bin";

/// A command on its way through the gate.
#[derive(Debug)]
pub struct Command {
    words: Words,
    directory: PathBuf,
    search_path: String,
    surroundings: Surroundings,
    ready: Option<Ready>,
}

/// What was read last: what will run, if anything will.
#[derive(Debug)]
struct Ready {
    program: PathBuf,
    directory: String,
    script: Option<Sealed>,
}

impl Command {
    /// A command that is to run in a directory, its program looked up along `search_path` as `PATH` spells it.
    pub const fn new(words: Words, directory: PathBuf, search_path: String, surroundings: Surroundings) -> Self {
        Self { words, directory, search_path, surroundings, ready: None }
    }
}

impl Gate for Command {
    const STRENGTH: Strength = Strength::Advises;

    fn read(&mut self) -> Result<Seen, Unreadable> {
        let argv = self.words.argv();
        let name = argv.first().filter(|name| !name.is_empty()).ok_or_else(|| Unreadable::because("there is nothing to run"))?;
        let program = look_up(name, &self.directory, self.words.search_path(&self.search_path))?;
        if self.ready.as_ref().is_some_and(|before| before.program != program) {
            return Err(Unreadable::because(format!("`{name}` is another program than a moment ago")));
        }
        let seen = self.surroundings.see(self.words.artefact(), &self.directory)?;
        let directory = seen.change.setting().directory.clone();
        let script = match &self.words {
            Words::Argv(argv) => Sealed::script_of(argv, &program, &directory, &seen.answers)?,
            Words::Shell(_) => None,
        };
        self.ready = Some(Ready { program, directory, script });
        Ok(seen)
    }
}

impl Execute for Command {
    fn run(&mut self, _warrant: Warrant) -> ResultV1 {
        let Some(Ready { program, directory, script }) = self.ready.take() else {
            return ResultV1::NotStarted { why: "nothing was read".to_owned() };
        };
        let argv = self.words.argv();
        let mut command = match &script {
            Some(script) => script.command(&argv),
            None => {
                let mut command = std::process::Command::new(&program);
                // Bash looks for itself by the name it is given: its path leaves nothing to look for.
                if matches!(self.words, Words::Argv(_)) {
                    command.arg0(argv.first().map_or("", String::as_str));
                }
                command.args(argv.iter().skip(1));
                command
            }
        };
        child::run(environment::without_code(&mut command).current_dir(&directory))
    }
}

/// Finds the program that a name stands for, as `execvp` would.
fn look_up(name: &str, directory: &Path, search_path: &str) -> Result<PathBuf, Unreadable> {
    let candidates = if name.contains('/') {
        vec![directory.join(name)]
    } else {
        search_path.split(':').map(|entry| directory.join(entry).join(name)).collect()
    };
    let found = candidates.into_iter().find(|path| is_program(path));
    found.ok_or_else(|| Unreadable::because(format!("no program `{name}` is found")))
}

fn is_program(path: &Path) -> bool {
    path.is_file() && rustix::fs::access(path, rustix::fs::Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    fn program(directory: &Path, name: &str, mode: u32) -> PathBuf {
        let path = directory.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "#!/bin/sh\n").unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_program_is_the_first_on_the_path_that_can_be_executed() {
        let root = tempfile::tempdir().unwrap();
        let (first, second) = (root.path().join("first"), root.path().join("second"));
        program(&first, "tool", 0o644);
        std::fs::create_dir(first.join("other")).unwrap();
        let path = format!("{}:{}", first.display(), second.display());
        assert!(look_up("tool", root.path(), &path).is_err());
        let found = program(&second, "tool", 0o755);
        assert_eq!(look_up("tool", root.path(), &path), Ok(found.clone()));
        assert_eq!(look_up("second/tool", root.path(), ""), Ok(found));
        assert!(look_up("other", root.path(), &path).is_err(), "a directory is no program");
    }

    #[test]
    fn a_program_that_is_exchanged_after_the_decision_does_not_run() {
        let root = tempfile::tempdir().unwrap();
        let search_path = format!("{}:{}", root.path().join("late").display(), root.path().join("bin").display());
        program(&root.path().join("bin"), "tool", 0o755);
        let surroundings = Surroundings::new(|_| None::<&str>, "host:t/uid:1".into()).unwrap();
        let words = Words::Argv(vec!["tool".into()]);
        let mut command = Command::new(words, root.path().to_path_buf(), search_path, surroundings);
        assert!(command.read().is_ok());
        program(&root.path().join("late"), "tool", 0o755);
        assert!(command.read().is_err());
    }

    #[test]
    fn text_for_the_shell_is_never_taken_for_an_option() {
        assert_eq!(Words::Shell("-x".into()).argv(), ["bash", "--noprofile", "--norc", "-c", "--", "-x"]);
    }
}
