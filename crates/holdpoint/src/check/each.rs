//! `holdpoint check command --each`: a verdict for each command of a list, such as a shell's history.
//!
//! In scope: taking the list apart, one line for each command, the sum. Out of scope: the decision, which is that of
//! `check command` about the same words.

use std::fs::File;
use std::io::{self, BufRead, BufReader, IsTerminal as _, Read as _, Write};
use std::path::Path;

use anyhow::Context as _;
use holdpoint_api::v1::{JudgementV1, VerdictV1};
use holdpoint_core::change::{ARTEFACT_MAX_BYTES, Artefact};
use indicatif::ProgressBar;
use serde::Serialize;

use super::judge::Judge;
use crate::exit::Exit;
use crate::show;

/// What stands behind each command of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    LineFeed,
    Null,
}

/// What is printed about one command with `--json`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    /// Which one of the list it is, from 1; what was left out counts.
    number: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    judgement: Option<&'a JudgementV1>,
    /// Why there is no judgement.
    #[serde(skip_serializing_if = "Option::is_none")]
    unreadable: Option<&'a str>,
}

/// Judges every command of a file, `-` for standard input, and adds up.
pub(super) fn run(judge: &Judge, list: &Path, ending: Ending, json: bool) -> anyhow::Result<Exit> {
    let unreadable = || format!("`{}` cannot be read", list.display());
    let (input, bar) = open(list).with_context(unreadable)?;
    let mut commands = Commands { input, ending, number: 0 };
    let mut sum = Sum::default();
    while let Some(command) = commands.read().with_context(unreadable)? {
        let judged = command.judged(judge);
        sum.add(&judged);
        tell(&command, &judged, json).context("standard output cannot be written")?;
        bar.inc(command.length);
    }
    bar.finish_and_clear();
    sum.tell(json).context("the sum cannot be written")?;
    Ok(sum.exit())
}

/// The list, and a bar for whoever waits and does not see the lines themselves.
fn open(list: &Path) -> io::Result<(Box<dyn BufRead>, ProgressBar)> {
    let bar = |size: Option<u64>| match size {
        _ if io::stdout().is_terminal() => ProgressBar::hidden(),
        Some(size) => ProgressBar::new(size),
        None => ProgressBar::new_spinner(),
    };
    if list == Path::new("-") {
        return Ok((Box::new(io::stdin().lock()), bar(None)));
    }
    let file = File::open(list)?;
    let about = file.metadata()?;
    Ok((Box::new(BufReader::new(file)), bar(about.is_file().then_some(about.len()))))
}

/// The commands of a list, one after the other.
struct Commands<R> {
    input: R,
    ending: Ending,
    number: u64,
}

#[derive(Debug, PartialEq, Eq)]
struct Command {
    number: u64,
    /// The command, or why it cannot be read.
    text: Result<String, &'static str>,
    /// How many bytes of the list it took.
    length: u64,
}

impl Command {
    /// What is decided about it, or why nothing can be.
    fn judged(&self, judge: &Judge) -> Result<JudgementV1, String> {
        let text = self.text.clone()?;
        judge.judge(Artefact::Command { text }).map_err(|error| format!("{error:#}"))
    }
}

impl<R: BufRead> Commands<R> {
    /// The next command that is more than nothing.
    fn read(&mut self) -> io::Result<Option<Command>> {
        while let Some(command) = self.read_any()? {
            if !command.text.as_deref().is_ok_and(|text| self.is_left_out(text)) {
                return Ok(Some(command));
            }
        }
        Ok(None)
    }

    fn read_any(&mut self) -> io::Result<Option<Command>> {
        let ending = match self.ending {
            Ending::LineFeed => b'\n',
            Ending::Null => 0,
        };
        let mut bytes = Vec::new();
        let mut length = self.input.by_ref().take(ARTEFACT_MAX_BYTES as u64 + 1).read_until(ending, &mut bytes)?;
        if length == 0 {
            return Ok(None);
        }
        self.number += 1;
        let ended = bytes.pop_if(|byte| *byte == ending).is_some();
        let text = if !ended && bytes.len() > ARTEFACT_MAX_BYTES {
            length += self.input.skip_until(ending)?;
            Err("it is longer than 64 KiB")
        } else {
            String::from_utf8(bytes).map_err(|_| "it is not UTF-8")
        };
        Ok(Some(Command { number: self.number, text, length: length as u64 }))
    }

    /// A line with nothing on it or with a comment only, as bash writes the time into its history.
    fn is_left_out(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty() || (self.ending == Ending::LineFeed && text.starts_with('#'))
    }
}

fn tell(command: &Command, judged: &Result<JudgementV1, String>, json: bool) -> anyhow::Result<()> {
    let text = command.text.as_deref().ok();
    let mut out = anstream::stdout().lock();
    if json {
        let (judgement, unreadable) = (judged.as_ref().ok(), judged.as_ref().err().map(String::as_str));
        serde_json::to_writer(&mut out, &Line { number: command.number, command: text, judgement, unreadable })?;
        writeln!(out)?;
    } else {
        let judged = judged.as_ref().map_err(String::as_str);
        writeln!(out, "{}", show::judgement_line(text.unwrap_or_default(), judged))?;
    }
    Ok(())
}

/// How many met which verdict.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sum {
    allowed: u64,
    held: u64,
    refused: u64,
    unreadable: u64,
}

impl Sum {
    fn add(&mut self, judged: &Result<JudgementV1, String>) {
        let count = match judged.as_ref().map(|judged| judged.decision) {
            Ok(VerdictV1::Allow) => &mut self.allowed,
            Ok(VerdictV1::Hold) => &mut self.held,
            Ok(VerdictV1::Refuse) => &mut self.refused,
            Err(_) => &mut self.unreadable,
        };
        *count += 1;
    }

    /// Prints the sum: beside the objects, where those are what is printed.
    fn tell(&self, json: bool) -> io::Result<()> {
        let Self { allowed, held, refused, unreadable } = self;
        let all = allowed + held + refused + unreadable;
        let mut text = format!("{all} commands: {allowed} allowed, {held} held, {refused} refused");
        if *unreadable > 0 {
            text.push_str(&format!(", {unreadable} could not be read"));
        }
        if json { writeln!(anstream::stderr(), "{text}") } else { writeln!(anstream::stdout(), "\n{text}") }
    }

    /// The gravest of what was met. What could not be read is no verdict, but nobody may take it for an allowance.
    const fn exit(&self) -> Exit {
        match self {
            Self { refused: 1.., .. } => Exit::Refused,
            Self { held: 1.., .. } => Exit::Held,
            Self { unreadable: 1.., .. } => Exit::CouldNotFindOut,
            Self { .. } => Exit::Done,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(list: &[u8], ending: Ending) -> Vec<(u64, Result<String, &'static str>)> {
        let mut commands = Commands { input: list, ending, number: 0 };
        std::iter::from_fn(|| commands.read().unwrap()).map(|command| (command.number, command.text)).collect()
    }

    fn ok(number: u64, text: &str) -> (u64, Result<String, &'static str>) {
        (number, Ok(text.to_owned()))
    }

    #[test]
    fn what_cannot_be_read_is_said_and_the_rest_is_read() {
        let long = "x".repeat(ARTEFACT_MAX_BYTES);
        let list = [long.as_bytes(), b"\n", long.as_bytes(), b"y\nls \xff\nls\n", long.as_bytes(), b"z"].concat();
        let too_long = || Err("it is longer than 64 KiB");
        assert_eq!(
            commands(&list, Ending::LineFeed),
            [ok(1, &long), (2, too_long()), (3, Err("it is not UTF-8")), ok(4, "ls"), (5, too_long())]
        );
    }

    #[test]
    fn a_history_is_a_command_a_line_without_its_times() {
        let list = b"#1700000000\ngit status\n\n  \n  rm -rf x # really\n# ls\nlast";
        assert_eq!(commands(list, Ending::LineFeed), [ok(2, "git status"), ok(5, "  rm -rf x # really"), ok(7, "last")]);
        assert_eq!(commands(b"", Ending::LineFeed), []);
    }

    #[test]
    fn commands_that_end_with_null_may_have_several_lines() {
        let list = b"# where\ncat <<E\nx\nE\n\0\0ls\0";
        assert_eq!(commands(list, Ending::Null), [ok(1, "# where\ncat <<E\nx\nE\n"), ok(3, "ls")]);
    }

    #[test]
    fn every_byte_of_the_list_counts_for_the_bar() {
        let list = [b"ls\n".as_slice(), &[b'x'; ARTEFACT_MAX_BYTES + 9], b"\nlast"].concat();
        let mut commands = Commands { input: list.as_slice(), ending: Ending::LineFeed, number: 0 };
        let lengths: Vec<u64> = std::iter::from_fn(|| commands.read().unwrap()).map(|command| command.length).collect();
        assert_eq!(lengths.iter().sum::<u64>(), list.len() as u64);
    }

    #[test]
    fn the_gravest_verdict_is_the_exit_status_and_the_unread_never_counts_as_allowed() {
        let exit = |allowed, held, refused, unreadable| Sum { allowed, held, refused, unreadable }.exit();
        assert_eq!(exit(1, 1, 1, 1), Exit::Refused);
        assert_eq!(exit(1, 1, 0, 1), Exit::Held);
        assert_eq!(exit(1, 0, 0, 1), Exit::CouldNotFindOut);
        assert_eq!(exit(1, 0, 0, 0), Exit::Done);
    }
}
