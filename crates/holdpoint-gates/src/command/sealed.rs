//! A script that runs from a sealed copy of its text, so that nobody can exchange it between the decision and the act.
//!
//! Only a script that *stands alone* can be moved: one that a plain shell runs and that never asks where it lies. Any other is
//! read again just before the act and run where it is; the moment in between remains, and is the operating system's.

use std::os::fd::{AsRawFd as _, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::Command;

use holdpoint_core::question::{Answer, Answers, Question};

use crate::seen::Unreadable;

/// Shells that read a script from any path alike.
const SHELLS: [&str; 5] = ["ash", "bash", "dash", "ksh", "sh"];
/// What a script says that asks where it lies.
const ASKS_WHERE_IT_LIES: [&str; 5] = ["$0", "${0", "BASH_SOURCE", "$_", "${_"];

/// A script's text in memory that nothing can change any more.
#[derive(Debug)]
pub struct Sealed {
    shell: PathBuf,
    /// Options of the shell, from its line or the script's first.
    options: Vec<String>,
    /// Which word of the command line is the script.
    at: usize,
    memory: OwnedFd,
}

impl Sealed {
    /// Seals the script that a command line runs, where it runs one that stands alone and whose text the answers hold.
    ///
    /// # Errors
    /// Fails where the system has no memory that can be sealed.
    pub fn script_of(argv: &[String], program: &Path, directory: &str, answers: &Answers) -> Result<Option<Self>, Unreadable> {
        let Some(found) = Found::in_line(argv, program, directory, answers) else { return Ok(None) };
        let memory = seal(found.text).map_err(|error| Unreadable::because(format!("the script cannot be sealed: {error}")))?;
        Ok(Some(Self { shell: found.shell, options: found.options, at: found.at, memory }))
    }

    /// The command that runs the sealed text with the same arguments.
    pub(super) fn command(&self, argv: &[String]) -> Command {
        let mut command = Command::new(&self.shell);
        command.args(&self.options).arg(format!("/proc/self/fd/{}", self.memory.as_raw_fd()));
        command.args(argv.iter().skip(self.at + 1));
        command
    }
}

/// A script that stands alone, and how it would be run.
#[derive(Debug, PartialEq, Eq)]
struct Found<'a> {
    shell: PathBuf,
    options: Vec<String>,
    at: usize,
    text: &'a str,
}

impl<'a> Found<'a> {
    fn in_line(argv: &[String], program: &Path, directory: &str, answers: &'a Answers) -> Option<Self> {
        if is_shell(program) {
            let options: Vec<_> = argv.iter().skip(1).take_while(|word| is_plain_option(word)).cloned().collect();
            let at = 1 + options.len();
            let text = text_of(&Path::new(directory).join(argv.get(at)?), answers)?;
            return Some(Self { shell: program.to_path_buf(), options, at, text });
        }
        let text = text_of(program, answers)?;
        let mut words = text.lines().next()?.strip_prefix("#!")?.split_whitespace();
        let shell = PathBuf::from(words.next()?);
        let options: Vec<_> = words.map(str::to_owned).collect();
        (is_shell(&shell) && options.iter().all(|word| is_plain_option(word))).then_some(Self { shell, options, at: 0, text })
    }
}

fn is_shell(program: &Path) -> bool {
    program.file_name().and_then(|name| name.to_str()).is_some_and(|name| SHELLS.contains(&name))
}

/// Options that change nothing about where a shell takes its commands from.
fn is_plain_option(word: &str) -> bool {
    word.strip_prefix('-').is_some_and(|letters| !letters.is_empty() && letters.bytes().all(|letter| b"efuvx".contains(&letter)))
}

/// The text of the script at a path, if the answers hold it and it stands alone.
fn text_of<'a>(path: &Path, answers: &'a Answers) -> Option<&'a str> {
    let path = path.to_str()?.to_owned();
    let Some(Answer::FileText { text }) = answers.to(&Question::FileText { path }) else { return None };
    (!ASKS_WHERE_IT_LIES.iter().any(|asks| text.contains(asks))).then_some(text)
}

/// Puts text into memory that can be read and never written again. The child inherits it.
fn seal(text: &str) -> std::io::Result<OwnedFd> {
    use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};
    let memory = memfd_create("holdpoint-script", MemfdFlags::ALLOW_SEALING)?;
    let mut file = std::fs::File::from(memory);
    std::io::Write::write_all(&mut file, text.as_bytes())?;
    let memory = OwnedFd::from(file);
    fcntl_add_seals(&memory, SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL)?;
    Ok(memory)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Stdio;

    fn holding(path: &str, text: &str) -> Answers {
        let mut answers = Answers::default();
        answers.insert(Question::FileText { path: path.into() }, Answer::FileText { text: text.into() });
        answers
    }

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn what_runs_is_the_text_that_was_decided_about_whatever_lies_at_the_path_now() {
        let answers = holding("/w/clean.sh", "echo decided \"$@\"");
        let argv = words("sh -eu clean.sh one two");
        let sealed = Sealed::script_of(&argv, Path::new("/bin/sh"), "/w", &answers).unwrap().unwrap();
        let output = sealed.command(&argv).stdin(Stdio::null()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "decided one two\n");
    }

    #[test]
    fn sealed_text_cannot_be_changed() {
        let mut file = std::fs::File::from(seal("echo decided").unwrap());
        assert!(std::io::Write::write_all(&mut file, b"rm -rf ~").is_err());
        assert!(file.set_len(0).is_err());
    }

    #[test]
    fn a_script_that_is_run_by_its_own_first_line_is_found() {
        let answers = holding("/w/clean.sh", "#!/bin/sh -e\necho ok");
        let found = Found::in_line(&words("./clean.sh x"), Path::new("/w/clean.sh"), "/w", &answers).unwrap();
        assert_eq!(
            (found.shell.as_path(), found.options.as_slice(), found.at),
            (Path::new("/bin/sh"), &["-e".to_owned()][..], 0)
        );
    }

    #[test]
    fn a_script_that_asks_where_it_lies_stays_where_it_is() {
        let stays = |line: &str, program: &str, text: &str| {
            Found::in_line(&words(line), Path::new(program), "/w", &holding("/w/clean.sh", text)).is_none()
        };
        assert!(stays("sh clean.sh", "/bin/sh", "cd \"$(dirname \"$0\")\""));
        assert!(stays("bash clean.sh", "/bin/bash", ". \"${BASH_SOURCE%/*}/lib.sh\""));
        assert!(stays("./clean.sh", "/w/clean.sh", "#!/usr/bin/env python3\nprint(1)"));
        assert!(stays("python3 clean.sh", "/usr/bin/python3", "print(1)"));
        assert!(stays("sh -c clean.sh", "/bin/sh", "ls"));
        assert!(stays("sh other.sh", "/bin/sh", "ls"));
    }
}
