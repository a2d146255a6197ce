//! What bash really runs, against what the reader says: over lines that a generator makes of bash's whole grammar.
//!
//! Every line runs in real bash in a throw-away directory, with programs that only write down their words. Each program that ran
//! must be among those that the reader lists, and what `rm` and `mv` were given, and what `kubectl` was told to delete, must be
//! named by an effect, or lie below something that is; or else the line must be opaque. How often the reader says more than
//! bash did is counted: a reader that calls everything opaque would never be wrong.
#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "runs bash, in a directory of its own, to compare with the reader"
)]
#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failure here is a failed test"
)]

mod flow;
mod sandbox;
mod spelling;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Mutex;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::{Certainty, Effect, Verb};
use holdpoint_core::question::{Answer, Answers, FileKind, PathFacts, Place, Question};
use holdpoint_testkit::dice::Dice;

use self::sandbox::{Run, Sandbox, resolved};

/// What the reader says of a line.
struct Said {
    programs: BTreeSet<String>,
    effects: Vec<Effect>,
}

impl Said {
    fn is_opaque(&self) -> bool {
        self.effects.iter().any(|effect| effect.certainty == Certainty::Opaque)
    }

    /// Whether the reader knows what the line does, down to the words.
    fn is_precise(&self) -> bool {
        let everything = |effect: &Effect| effect.resource.name == "/" || effect.resource.name.contains('…');
        !self.is_opaque() && !self.effects.iter().any(everything)
    }

    /// Why the reader was wrong about a program that ran; nothing where it was not.
    fn misses(&self, run: &Run) -> Option<String> {
        if self.is_opaque() {
            return None;
        }
        if !self.programs.contains(&run.program) {
            return Some(format!("`{}` ran", run.program));
        }
        let operands = run.arguments.iter().filter(|word| !word.starts_with('-') && !word.is_empty());
        match run.program.as_str() {
            // One file alone goes nowhere.
            "mv" if operands.clone().count() < 2 => None,
            "mv" | "rm" => operands
                .map(|word| resolved(&run.directory, word))
                .find(|path| !self.names(path))
                .map(|path| format!("`{path}` was given to {}", run.program)),
            "kubectl" if run.arguments.first().is_some_and(|word| word == "delete") => {
                let name = run.arguments.get(2)?;
                let named = self.effects.iter().any(|effect| {
                    effect.verb == Verb::Delete
                        && (effect.resource.name.contains(name)
                            || effect.resource.name.contains('…')
                            || effect.summary.contains(name))
                });
                (!named).then(|| format!("kubectl was told to delete `{name}`"))
            }
            _ => None,
        }
    }

    /// Whether an effect is on this path, on something above it, or, for a move into a directory, right below it.
    fn names(&self, path: &str) -> bool {
        self.effects.iter().filter(|effect| effect.verb != Verb::Read).any(|effect| {
            let name = &effect.resource.name;
            let plain = name.split(['*', '?', '[']).next().unwrap_or_default();
            // A source or a target that the line does not determine.
            if name.contains('…') {
                return true;
            }
            if !name.starts_with('/') {
                return false;
            }
            if effect.summary.contains(&format!("`{path}`")) {
                return true;
            }
            let real = resolved("/", name);
            let above = |above: &str, below: &str| {
                above == "/" || below == above || below.strip_prefix(above).is_some_and(|rest| rest.starts_with('/'))
            };
            let prefix = plain.rsplit_once('/').map_or("", |(parent, _)| parent);
            above(name, path) || above(&real, path) || (plain.len() < name.len() && above(prefix, path)) || above(path, &real)
        })
    }
}

fn read(line: &str, sandbox: &Sandbox) -> Said {
    let work = sandbox.work();
    let variables = BTreeMap::from([("HOME".to_owned(), work.join("home").to_string_lossy().into_owned())]);
    let setting = Setting { directory: work.to_string_lossy().into_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text: line.to_owned() };
    let mut answers = Answers::default();
    for _ in 0..6 {
        let reading = holdpoint_effects::read(&artefact, &setting, &answers);
        if reading.questions.is_empty() {
            break;
        }
        for question in reading.questions {
            let answer = answered(&question, sandbox);
            answers.insert(question, answer);
        }
    }
    let effects = holdpoint_effects::read(&artefact, &setting, &answers).effects.iter().cloned().collect();
    Said { programs: holdpoint_effects::programs_that_may_run(line, &setting, &answers), effects }
}

fn answered(question: &Question, sandbox: &Sandbox) -> Answer {
    match question {
        Question::Canonical { path } => {
            Answer::Name { name: fs::canonicalize(path).ok().map(|path| path.to_string_lossy().into_owned()) }
        }
        Question::Glob { pattern } => Answer::Matches { paths: sandbox.matches(pattern), complete: true },
        Question::Path { path } => Answer::Path { facts: facts(path) },
        _ => Answer::Unknown { why: "nobody knows".to_owned() },
    }
}

fn facts(path: &str) -> PathFacts {
    let kind = match fs::symlink_metadata(path) {
        Ok(found) if found.is_dir() => FileKind::Directory,
        Ok(found) if found.is_symlink() => FileKind::Symlink,
        Ok(_) => FileKind::File,
        Err(_) => FileKind::Missing,
    };
    let canonical = fs::canonicalize(path).map_or_else(|_| path.to_owned(), |path| path.to_string_lossy().into_owned());
    PathFacts { canonical, kind, place: Place::WorkTree, files: Some(1), git: None }
}

/// What a comparison counted.
#[derive(Debug, Default)]
struct Sum {
    lines: usize,
    ran: usize,
    precise: usize,
    opaque: usize,
    /// Why lines were not read precisely: how often, and one of them.
    vague: BTreeMap<String, (usize, String)>,
    missed: Vec<(String, String)>,
}

impl Sum {
    fn compare(&mut self, line: &str, sandbox: &Sandbox) {
        let runs = sandbox.run(line);
        sandbox.prepare();
        let said = read(line, sandbox);
        self.lines += 1;
        self.ran += usize::from(!runs.is_empty());
        self.precise += usize::from(said.is_precise());
        self.opaque += usize::from(said.is_opaque());
        if !said.is_precise() {
            for effect in
                said.effects.iter().filter(|effect| effect.certainty == Certainty::Opaque || effect.resource.name == "/")
            {
                self.vague.entry(effect.summary.clone()).or_insert_with(|| (0, line.to_owned())).0 += 1;
            }
        }
        if let Some(why) = runs.iter().find_map(|run| said.misses(run)) {
            self.missed.push((line.to_owned(), why));
        }
    }
}

/// Makes a line that is wrongly read as short as it can be.
fn shrunk(line: &str, sandbox: &Sandbox) -> (String, String) {
    let wrong = |line: &str| {
        let runs = sandbox.run(line);
        sandbox.prepare();
        let said = read(line, sandbox);
        runs.iter().find_map(|run| said.misses(run))
    };
    let mut best: Vec<char> = line.chars().collect();
    let mut why = wrong(line).unwrap_or_default();
    let mut size = best.len() / 2;
    let mut tries = 0;
    while size > 0 && tries < SHRINKS_MAX {
        let mut at = 0;
        let before = best.len();
        while at + size <= best.len() && tries < SHRINKS_MAX {
            tries += 1;
            let shorter: Vec<char> = best.iter().take(at).chain(best.iter().skip(at + size)).copied().collect();
            match wrong(&shorter.iter().collect::<String>()) {
                Some(reason) => (best, why) = (shorter, reason),
                None => at += size,
            }
        }
        if best.len() == before {
            size /= 2;
        }
    }
    (best.into_iter().collect(), why)
}

/// Most reasons for doubt that are shown.
const SHOWN_MAX: usize = 20;
const SHRINKS_MAX: usize = 150;
/// Most wrong lines that a worker shows.
const MISSED_MAX: usize = 4;
const THREADS: usize = 2;

/// Compares lines from a generator, and shows those that were read wrongly.
fn compare(count: usize, line: impl Fn(&mut Dice) -> String + Sync) -> Sum {
    let next = Mutex::new(0_u64);
    let sums: Vec<Sum> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..THREADS)
            .map(|_| {
                scope.spawn(|| {
                    let sandbox = Sandbox::new();
                    let mut sum = Sum::default();
                    loop {
                        let seed = {
                            let mut next = next.lock().unwrap();
                            *next += 1;
                            *next
                        };
                        if seed > count as u64 || sum.missed.len() >= MISSED_MAX {
                            break;
                        }
                        sum.compare(&line(&mut Dice::new(seed)), &sandbox);
                    }
                    sum.missed = sum.missed.iter().map(|(line, _)| shrunk(line, &sandbox)).collect();
                    sum
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    sums.into_iter().fold(Sum::default(), |mut all, sum| {
        all.lines += sum.lines;
        all.ran += sum.ran;
        all.precise += sum.precise;
        all.opaque += sum.opaque;
        for (why, (count, line)) in sum.vague {
            all.vague.entry(why).or_insert((0, line)).0 += count;
        }
        all.missed.extend(sum.missed);
        all
    })
}

fn report(name: &str, sum: &Sum) {
    println!("{name}: {} lines, {} ran something, {} read precisely, {} opaque", sum.lines, sum.ran, sum.precise, sum.opaque);
    let mut vague: Vec<_> = sum.vague.iter().collect();
    vague.sort_by_key(|(_, (count, _))| std::cmp::Reverse(*count));
    vague
        .iter()
        .take(SHOWN_MAX)
        .for_each(|(why, (count, line))| println!("  {count:4} {why}, as in: {}", line.replace('\n', "⏎")));
    let missed: Vec<String> = sum.missed.iter().map(|(line, why)| format!("{why}:\n{line}")).collect();
    assert!(missed.is_empty(), "bash ran what the reader did not see:\n{}", missed.join("\n%%\n"));
    assert!(sum.ran * 10 >= sum.lines * 9, "only {} of {} lines ran anything: the test no longer tests", sum.ran, sum.lines);
}

fn count() -> usize {
    // More of them in a soak, as for the property tests.
    proptest::test_runner::Config::default().cases as usize * 4
}

#[test]
fn whatever_a_spelled_line_runs_was_seen() {
    let sum = compare(count(), spelling::line);
    report("spelled lines", &sum);
}

#[test]
fn whatever_flows_through_variables_and_functions_was_seen() {
    let sum = compare(count(), flow::line);
    report("flowing lines", &sum);
}
