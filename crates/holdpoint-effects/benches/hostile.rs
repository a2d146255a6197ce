//! Looks for texts that take long to read: fragments of shell again and again up to the longest text that is read.
//!
//! `№` in a fragment is a number that grows, so that names differ.
//!
//! First every pair of fragments, in three arrangements; then the slowest are changed a little, many times, and whatever became
//! slower is kept. Each text is read as a gate reads it, with answers from the invented world; what counts is how long the thread ran for
//! the slowest single reading.
//! `-- changes=N` says how many changes are tried, `-- every=N` takes only each Nth pair.
#![expect(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a bench reads its arguments, and prints")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::{Answer, Answers, Question};
use holdpoint_testkit::dice::Dice;
use rustix::time::{ClockId, clock_gettime};

#[path = "../tests/everyday/world.rs"]
#[expect(dead_code, reason = "the readings are made here one by one")]
mod world;

const TEXT_BYTES: usize = 64 * 1024;
const CHANGES: usize = 3_000;
/// How many of the slowest are kept, changed and shown.
const KEPT: usize = 24;
const ROUNDS_MAX: usize = 4;

const FRAGMENTS: [&str; 133] = [
    "a",
    "a ",
    "a;",
    "a\n",
    "é",
    "#",
    "-a ",
    "--a=b ",
    "$",
    "$x ",
    "$x",
    "x=1;",
    "x=$x$x;",
    "x=a[$x];",
    "a[",
    "]",
    "=",
    "'",
    "\"",
    "\\",
    "'a' ",
    "\"a\" ",
    "\"$x\" ",
    "{",
    "}",
    ",",
    "{a,b}",
    "{1..9} ",
    "`",
    "`a` ",
    "$(",
    "$(a) ",
    "(",
    ")",
    "((",
    "))",
    "$((",
    "$[",
    "[[ ",
    " ]]",
    "*",
    "?",
    "[",
    "[!a]",
    "**/",
    "~",
    "~/.ssh/",
    "/",
    "a/",
    "../",
    ".env ",
    "<",
    ">",
    "<<",
    "<<<a ",
    "<<E\n",
    "E\n",
    "cat <<E\nx $y\nE\n",
    "> f;",
    ">> f;",
    "2>&1 ",
    "|",
    "||",
    "&&",
    "&",
    ";",
    "!",
    "time ",
    "coproc ",
    "if a;then ",
    "fi;",
    "for v in a b;do ",
    "done;",
    "while a;do ",
    "case a in a) ",
    ";;",
    "esac;",
    "f() { ",
    "};",
    "f;",
    "function f ",
    "git ",
    "git push ",
    "git -c a=b ",
    "rm ",
    "rm -rf ",
    "cd a;",
    "cd x && ",
    "sudo ",
    "env ",
    "xargs ",
    "find . ",
    "-exec ",
    "docker run ",
    "kubectl ",
    "python3 -c '",
    "node -e '",
    "psql -c '",
    "select 1;",
    "import os\n",
    "os.remove(",
    "bash -c '",
    "eval ",
    "source x;",
    "export x=1;",
    "declare -a a;",
    "a=(b c);",
    "${a[1]} ",
    "${x:-",
    "${x@P} ",
    "${!x} ",
    "$((1+x)) ",
    "trap a EXIT;",
    "IFS=a;",
    "cp a b;",
    "mv a b ",
    "./x ",
    "make ",
    "npm run ",
    "ssh h ",
    "tar xf a ",
    "sed -e s/a/b/ ",
    "awk '",
    "curl -d @a ",
    "http://h/ ",
    "foo ",
    "unset x;",
    "local a=",
    "v№=1;",
    "v№ ",
    "mv a№ b№;",
    "rm a№;",
    "cd a№;",
];

fn main() {
    let mut slowest: Vec<Found> = Vec::new();
    let every = argument("every=").unwrap_or(1);
    for (at, text) in pairs().enumerate() {
        if at % every == 0 {
            keep(&mut slowest, Found::of(text));
        }
    }
    show("of all pairs", &slowest);
    let mut chance = Dice::new(1);
    for _ in 0..argument("changes=").unwrap_or(CHANGES) {
        let Some(one) = slowest.get(chance.below(slowest.len())) else { break };
        let changed = one.text.changed(&mut chance);
        keep(&mut slowest, Found::of(changed));
    }
    slowest.iter_mut().for_each(Found::measure_again);
    slowest.sort_by_key(|found| std::cmp::Reverse(found.took));
    show("after changes", &slowest);
}

/// A text: something once, something again and again, something once.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Text {
    before: Vec<&'static str>,
    again: Vec<&'static str>,
    behind: Vec<&'static str>,
}

impl Text {
    fn whole(&self) -> String {
        let (before, again, behind) = (self.before.concat(), self.again.concat(), self.behind.concat());
        let mut whole = before;
        for number in 0_usize.. {
            let piece = again.replace('№', &number.to_string());
            if piece.is_empty() || whole.len() + piece.len() + behind.len() > TEXT_BYTES {
                break;
            }
            whole.push_str(&piece);
        }
        whole + &behind
    }

    /// With one fragment more, less or another.
    fn changed(&self, chance: &mut Dice) -> Self {
        let mut changed = self.clone();
        let fragment = *chance.one_of(&FRAGMENTS);
        let part = match chance.below(4) {
            0 => &mut changed.before,
            1 => &mut changed.behind,
            _ => &mut changed.again,
        };
        let at = chance.below(part.len() + 1);
        match chance.below(3) {
            0 if part.len() > 1 => drop(part.remove(at.min(part.len() - 1))),
            1 if at < part.len() => drop(part.splice(at..=at, [fragment])),
            _ => part.insert(at, fragment),
        }
        changed
    }
}

/// All pairs: taking turns; the first once; half of each.
fn pairs() -> impl Iterator<Item = Text> {
    let both = |one, other| {
        let turns = Text { before: vec![], again: vec![one, other], behind: vec![] };
        let once = Text { before: vec![one], again: vec![other], behind: vec![] };
        let half = vec![one; TEXT_BYTES / 2 / one.len()];
        [turns, once, Text { before: half, again: vec![other], behind: vec![] }]
    };
    FRAGMENTS.into_iter().flat_map(move |one| FRAGMENTS.into_iter().flat_map(move |other| both(one, other)))
}

/// A text and what its slowest reading took.
struct Found {
    text: Text,
    took: Duration,
}

impl Found {
    fn of(text: Text) -> Self {
        let took = slowest_reading(text.whole());
        Self { text, took }
    }

    /// What it takes without whatever else went on at the time.
    fn measure_again(&mut self) {
        let again = (0..3).map(|_| slowest_reading(self.text.whole())).min();
        self.took = self.took.min(again.unwrap_or(self.took));
    }
}

fn slowest_reading(text: String) -> Duration {
    let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
    let setting = Setting { directory: world::TREE.to_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text };
    let (mut answers, mut slowest) = (Answers::default(), Duration::ZERO);
    for _ in 0..=ROUNDS_MAX {
        let start = processor_time();
        let questions = black_box(holdpoint_effects::read(&artefact, &setting, &answers)).questions;
        slowest = slowest.max(processor_time().saturating_sub(start));
        if questions.is_empty() {
            break;
        }
        for question in questions {
            let answer = answer(&question);
            answers.insert(question, answer);
        }
    }
    slowest
}

/// What this thread ran for: it says little of who else was working.
fn processor_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap_or_default()
}

/// As the invented world says, and each script that it does not know leads to more text.
fn answer(question: &Question) -> Answer {
    match (question, world::answer(question)) {
        (Question::FileText { .. }, Answer::Unknown { .. }) => Answer::FileText { text: "a;".repeat(TEXT_BYTES / 2) },
        (_, answer) => answer,
    }
}

fn keep(slowest: &mut Vec<Found>, mut found: Found) {
    let least = slowest.last().filter(|_| slowest.len() >= KEPT).map_or(Duration::ZERO, |last| last.took);
    if found.took <= least || slowest.iter().any(|other| other.text == found.text) {
        return;
    }
    found.measure_again();
    if found.took > least {
        slowest.push(found);
        slowest.sort_by_key(|found| std::cmp::Reverse(found.took));
        slowest.truncate(KEPT);
    }
}

fn show(when: &str, slowest: &[Found]) {
    println!("the slowest {when}, ms");
    for found in slowest {
        let Text { before, again, behind } = &found.text;
        let before = if before.len() > 8 { format!("half {:?}", before.first()) } else { format!("{before:?}") };
        println!("{:>8.1} {before} {again:?}… {behind:?}", found.took.as_secs_f64() * 1e3);
    }
}

/// The number behind an argument such as `every=`.
fn argument(name: &str) -> Option<usize> {
    std::env::args().find_map(|argument| argument.strip_prefix(name)?.parse().ok())
}
