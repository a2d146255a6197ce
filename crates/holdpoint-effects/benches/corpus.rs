//! How long reading the command lines of everyday work takes, over whole corpora: percentiles, and the slowest lines.
//!
//! Each line of `tests/everyday/` is read as a gate reads it: again with the answers of the invented world until no question is
//! left. Two figures for each line: the last reading alone, with all answers there, and all readings together. What answering
//! takes is in neither. `HOLDPOINT_CORPUS=FILE` reads the lines of a file instead, `⏎` standing for a new line there as well.
//!
//! The lines take turns, and each figure is the median (and the least) of what a line took in all turns. `-- passes=N` says how
//! many; `-- only=N` reads everything so often and measures nothing, for a tool that counts instructions.
#![expect(clippy::disallowed_macros, clippy::disallowed_methods, reason = "a bench reads the clock and its corpus, and prints")]
#![expect(clippy::unwrap_used, reason = "a bench that cannot run says so by panicking")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::{Duration, Instant};

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;

#[path = "../tests/everyday/corpus.rs"]
#[expect(dead_code, reason = "what is right about the lines matters elsewhere")]
mod corpus;
#[path = "../tests/everyday/world.rs"]
#[expect(dead_code, reason = "the readings are made here one by one")]
mod world;

/// As often as a gate answers.
const ROUNDS_MAX: usize = 4;
const PASSES: usize = 25;
const SLOWEST: usize = 10;

fn main() {
    let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
    let setting = Setting { directory: world::TREE.to_owned(), variables, target: String::new() };
    let mut lines: Vec<Line> = texts().into_iter().map(|text| Line::prepared(text, &setting)).collect();
    if let Some(passes) = argument("only=") {
        (0..passes).for_each(|_| lines.iter().for_each(|line| line.read(&setting)));
        return;
    }
    for _ in 0..argument("passes=").unwrap_or(PASSES) {
        lines.iter_mut().for_each(|line| line.measure(&setting));
    }
    report(&lines);
}

/// One command line, and what it took.
struct Line {
    artefact: Artefact,
    /// The answers there are at each reading.
    answers: Vec<Answers>,
    /// What the readings took in each pass.
    took: Vec<Vec<Duration>>,
}

impl Line {
    fn prepared(text: String, setting: &Setting) -> Self {
        let artefact = Artefact::Command { text };
        let mut answers = vec![Answers::default()];
        for _ in 0..ROUNDS_MAX {
            let mut known = answers.last().cloned().unwrap_or_default();
            let questions = holdpoint_effects::read(&artefact, setting, &known).questions;
            if questions.is_empty() {
                break;
            }
            for question in questions {
                let answer = world::answer(&question);
                known.insert(question, answer);
            }
            answers.push(known);
        }
        Self { artefact, answers, took: Vec::new() }
    }

    fn read(&self, setting: &Setting) {
        for answers in &self.answers {
            black_box(holdpoint_effects::read(black_box(&self.artefact), setting, answers));
        }
    }

    fn measure(&mut self, setting: &Setting) {
        let took = self.answers.iter().map(|answers| {
            let start = Instant::now();
            black_box(holdpoint_effects::read(black_box(&self.artefact), setting, answers));
            start.elapsed()
        });
        let took = took.collect();
        self.took.push(took);
    }

    /// What the readings took in all passes, by `one` of each pass, in order.
    fn in_order(&self, one: impl Fn(&Vec<Duration>) -> Duration) -> Vec<Duration> {
        let mut all: Vec<Duration> = self.took.iter().map(one).collect();
        all.sort_unstable();
        all
    }

    /// The text on one line, shortened.
    fn shown(&self) -> String {
        let Artefact::Command { text } = &self.artefact else { return String::new() };
        text.replace('\n', "⏎").chars().take(100).collect()
    }
}

fn report(lines: &[Line]) {
    println!("{} lines, {} readings", lines.len(), lines.iter().map(|line| line.answers.len()).sum::<usize>());
    println!("µs, of all lines         {:>8} {:>8} {:>8} {:>8} {:>8}", "p50", "p90", "p99", "max", "mean");
    let last = |pass: &Vec<Duration>| pass.last().copied().unwrap_or_default();
    let all = |pass: &Vec<Duration>| pass.iter().sum();
    row("one reading, median", lines.iter().map(|line| middle(&line.in_order(last))));
    row("one reading, least", lines.iter().map(|line| least(&line.in_order(last))));
    row("all readings, median", lines.iter().map(|line| middle(&line.in_order(all))));
    row("all readings, least", lines.iter().map(|line| least(&line.in_order(all))));
    let mut slowest: Vec<(Duration, &Line)> = lines.iter().map(|line| (middle(&line.in_order(last)), line)).collect();
    slowest.sort_by_key(|(took, _)| std::cmp::Reverse(*took));
    println!("the slowest, one reading (and how many there are)");
    for (took, line) in slowest.into_iter().take(SLOWEST) {
        println!("{:>8.1} ×{} {}", micros(took), line.answers.len(), line.shown());
    }
}

fn row(what: &str, took: impl Iterator<Item = Duration>) {
    let mut took: Vec<Duration> = took.collect();
    took.sort_unstable();
    let at = |percent: usize| micros(took.get((took.len() * percent / 100).min(took.len() - 1)).copied().unwrap_or_default());
    let mean = micros(took.iter().sum()) / took.len() as f64;
    println!("{what:<24} {:>8.1} {:>8.1} {:>8.1} {:>8.1} {mean:>8.1}", at(50), at(90), at(99), at(100));
}

fn middle(in_order: &[Duration]) -> Duration {
    in_order.get(in_order.len() / 2).copied().unwrap_or_default()
}

fn least(in_order: &[Duration]) -> Duration {
    in_order.first().copied().unwrap_or_default()
}

fn micros(took: Duration) -> f64 {
    took.as_secs_f64() * 1e6
}

fn texts() -> Vec<String> {
    match std::env::var("HOLDPOINT_CORPUS") {
        Ok(file) => std::fs::read_to_string(file).unwrap().lines().map(|line| line.replace('⏎', "\n")).collect(),
        Err(_) => corpus::lines().map(|line| line.text).collect(),
    }
}

/// The number behind an argument such as `passes=`.
fn argument(name: &str) -> Option<usize> {
    std::env::args().find_map(|argument| argument.strip_prefix(name)?.parse().ok())
}
