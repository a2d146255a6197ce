//! What the reader says of programs in Python and JavaScript, against the interpreters themselves.
//!
//! Each program runs with functions that delete replaced by ones that only say what they were given. What they were given is what
//! the reader must say is deleted: no path less, and none more. Of a program that begins with a comment `at worst` it says more, the
//! root standing for any path; when it learns to be exact, the comment goes.
#![expect(clippy::disallowed_methods, reason = "runs interpreters, which delete nothing, to compare with the reader")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::process::{Command, Stdio};

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::Verb;
use holdpoint_core::question::Answers;
use holdpoint_testkit::tool;

const PYTHON_STUBS: &str = "\
import os, shutil, pathlib
def _told(path, *_, **__): print('deletes', os.path.normpath(str(path)))
os.remove = os.unlink = os.rmdir = shutil.rmtree = _told
pathlib.Path.unlink = pathlib.Path.rmdir = _told
";
const JAVASCRIPT_STUBS: &str = "\
{ const fs = require('fs'), path = require('path');
for (const name of ['rmSync', 'unlinkSync', 'rmdirSync']) fs[name] = what => console.log('deletes', path.normalize(String(what))); }
";

#[test]
fn python_programs_delete_what_the_reader_says() {
    compare("python3", &["-"], PYTHON_STUBS, include_str!("programs/python.txt"));
}

#[test]
fn javascript_programs_delete_what_the_reader_says() {
    compare("node", &["-"], JAVASCRIPT_STUBS, include_str!("programs/javascript.txt"));
}

fn compare(interpreter: &str, arguments: &[&str], stubs: &str, programs: &str) {
    if Command::new(interpreter).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return tool::not_run("programs", interpreter);
    }
    let mut differences = Vec::new();
    for program in programs.trim_end().split("\n%%\n") {
        let real = really_deletes(interpreter, arguments, &format!("{stubs}{program}\n"));
        let said = says_it_deletes(interpreter, program);
        let exact = real == said;
        let covers = said.contains("/") || real.is_subset(&said);
        let at_worst = program.lines().next().is_some_and(|first| first.ends_with(" at worst"));
        let wrong = if at_worst { exact || !covers } else { !exact };
        if wrong {
            differences.push(format!("{program}\n  deletes {real:?}\n  the reader says {said:?}"));
        }
    }
    assert!(differences.is_empty(), "{} programs are read wrongly:\n{}", differences.len(), differences.join("\n\n"));
}

fn really_deletes(interpreter: &str, arguments: &[&str], program: &str) -> BTreeSet<String> {
    let directory = tempfile::tempdir().unwrap();
    let mut child = Command::new(interpreter)
        .args(arguments)
        .current_dir(directory.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the interpreter starts");
    child.stdin.take().unwrap().write_all(program.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{program}\n{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    told.lines().filter_map(|line| line.strip_prefix("deletes ")).map(str::to_owned).collect()
}

fn says_it_deletes(interpreter: &str, program: &str) -> BTreeSet<String> {
    let text = format!("{interpreter} - <<'END OF PROGRAM'\n{program}\nEND OF PROGRAM\n");
    let setting = Setting { directory: "/w".to_owned(), variables: [].into(), target: String::new() };
    let reading = holdpoint_effects::read(&Artefact::Command { text }, &setting, &Answers::default());
    let deleted = reading.effects.iter().filter(|effect| effect.verb == Verb::Delete);
    deleted.map(|effect| effect.resource.name.clone()).collect()
}
