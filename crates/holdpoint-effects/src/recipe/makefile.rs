//! Makefiles, as GNU make reads them ("Writing Rules", "How to Use Variables" and "Functions" of its manual).
//!
//! ```text
//! text ──► read (lines, conditionals, assignments, rules) ──► goals ──► steps for a shell
//!             └──────► expand, functions ◄────────────────────┘
//! ```
//!
//! *In scope:* what stands here is the part that walks from goals to recipes. A text that hangs on what nobody knows has several
//! values, or [`UNDETERMINED`](super::UNDETERMINED) in it. *Out of scope:* which files are newer than others (every recipe that may run
//! counts), make's own rules for compilers, archives, `vpath`, and loaded objects.

mod expand;
mod functions;
mod read;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, Step, UNDETERMINED, UNSET, beside_quotes};

/// Most targets of one recipe that are followed one by one; the others are followed together.
const ALONE_MAX: usize = 3;
/// Most targets that are walked through.
const TARGETS_MAX: usize = 2_000;

/// What a Makefile asks of the world.
pub(crate) trait Host {
    /// The text of a file, by the name that the Makefile has for it.
    fn text(&self, name: &str) -> Option<String>;
    /// What a command of the shell may print; several where it hangs on what nobody knows.
    fn output(&self, command: &str) -> Vec<String>;
    /// What a variable of the environment may hold; nothing where it is not known to be set.
    fn variable(&self, name: &str) -> Option<Vec<String>>;
}

/// A Makefile with what it includes.
pub(crate) struct Makefile<'h> {
    host: &'h dyn Host,
    /// The file that is being read, as a person would call it.
    file: Rc<str>,
    variables: BTreeMap<String, Variable>,
    rules: BTreeMap<String, Rule>,
    patterns: Vec<Pattern>,
    recipes: Vec<Vec<RecipeLine>>,
    first: Option<String>,
    exports: BTreeSet<String>,
    exports_all: bool,
    /// What `$(shell …)` runs, as often as its text is another one.
    asked: Vec<Step>,
    lines: usize,
    followed: usize,
}

/// A value that a variable may have.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    text: String,
    /// Whether references in it are followed when it is used.
    recursive: bool,
}

#[derive(Debug, Clone, Default)]
struct Variable {
    choices: Vec<Choice>,
    /// Whether the command line gives it, so that nothing in the file changes it.
    given: bool,
    /// Whether it is set whatever conditions say.
    sure: bool,
}

#[derive(Debug, Clone, Default)]
struct Rule {
    prerequisites: Vec<String>,
    /// Which recipes it has, and whether each stands beside those before it: for double colons, and where conditions choose.
    recipes: Vec<(usize, bool)>,
    stem: String,
    variables: Vec<(String, Choice)>,
}

#[derive(Debug, Clone)]
struct Pattern {
    target: String,
    prerequisites: Vec<String>,
    recipe: Option<usize>,
    variables: Vec<(String, Choice)>,
}

#[derive(Debug, Clone)]
struct RecipeLine {
    text: String,
    line: usize,
    file: Rc<str>,
}

/// Where references are looked up before the variables of the file.
#[derive(Debug, Clone, Default)]
struct Scope {
    /// Automatic variables, and the arguments of `$(call …)`.
    automatic: Vec<(String, String)>,
    /// Variables of targets, the innermost last.
    own: Vec<(String, Choice)>,
    depth: usize,
}

/// A recipe with the target that it runs for.
struct Job {
    recipe: usize,
    scope: Scope,
}

impl<'h> Makefile<'h> {
    pub(crate) fn new(host: &'h dyn Host, file: &str) -> Self {
        Self {
            host,
            file: file.into(),
            variables: BTreeMap::new(),
            rules: BTreeMap::new(),
            patterns: Vec::new(),
            recipes: Vec::new(),
            first: None,
            exports: BTreeSet::new(),
            exports_all: false,
            asked: Vec::new(),
            lines: 0,
            followed: 0,
        }
    }

    /// A variable that the command line gives; nothing in the file changes it but `override`.
    pub(crate) fn give(&mut self, name: &str, value: &str) {
        let choice = Choice { text: value.to_owned(), recursive: true };
        self.variables.insert(name.to_owned(), Variable { choices: vec![choice], given: true, sure: true });
    }

    /// A variable that make itself has.
    pub(crate) fn preset(&mut self, name: &str, value: &str) {
        let choice = Choice { text: value.to_owned(), recursive: false };
        self.variables.insert(name.to_owned(), Variable { choices: vec![choice], given: false, sure: true });
    }

    /// The variables that recipes find in their environment, with the values that each may have.
    pub(crate) fn exported(&mut self) -> Vec<(String, Vec<String>)> {
        let inherited = |name: &String, host: &dyn Host| host.variable(name).is_some();
        let names: Vec<String> = self
            .variables
            .iter()
            .filter(|(name, variable)| {
                variable.given || self.exports_all || self.exports.contains(*name) || inherited(name, self.host)
            })
            .map(|(name, _)| name.clone())
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
            .collect();
        names.into_iter().map(|name| (name.clone(), self.value(&name, &Scope::default()))).collect()
    }

    /// What is run for these goals, in some order that make could take: what reading the file runs comes first.
    pub(crate) fn steps(&mut self, goals: &[String]) -> Vec<Step> {
        let default = self.default_goal();
        let goals = if goals.is_empty() { default.as_slice() } else { goals };
        let (mut done, mut jobs) = (BTreeSet::new(), Vec::new());
        for goal in goals {
            self.walk(goal, &Scope::default(), &mut done, &mut jobs);
        }
        let mut steps = Vec::new();
        for job in together(jobs) {
            self.emit(&job, &mut steps);
        }
        let mut asked = std::mem::take(&mut self.asked);
        asked.append(&mut steps);
        asked
    }

    fn default_goal(&mut self) -> Vec<String> {
        let named = self.variables.contains_key(".DEFAULT_GOAL").then(|| self.value(".DEFAULT_GOAL", &Scope::default()));
        match named {
            Some(names) => names.iter().flat_map(|names| words(names)).collect(),
            None => self.first.iter().cloned().collect(),
        }
    }

    fn walk(&mut self, target: &str, scope: &Scope, done: &mut BTreeSet<String>, jobs: &mut Vec<Job>) {
        if scope.depth >= DEPTH_MAX || done.len() >= TARGETS_MAX || !done.insert(target.to_owned()) {
            return;
        }
        let mut rule = self.rules.get(target).cloned().unwrap_or_default();
        let mut recipes = self.counting(&rule);
        let mut scope = Scope { depth: scope.depth + 1, ..scope.clone() };
        for pattern in self.patterns.iter().filter(|pattern| stem(&pattern.target, target).is_some()) {
            scope.own.extend(pattern.variables.iter().cloned());
        }
        scope.own.extend(rule.variables.iter().cloned());
        if recipes.is_empty()
            && let Some((pattern, stem)) = self.implicit(target)
        {
            rule.prerequisites.extend(pattern.prerequisites.iter().map(|name| name.replacen('%', &stem, 1)));
            recipes.extend(pattern.recipe);
            rule.stem = stem;
        }
        scope.automatic = automatic(target, &rule);
        // With `.SECONDEXPANSION` the automatic variables may stand in the prerequisites.
        let prerequisites: Vec<String> = rule
            .prerequisites
            .iter()
            .flat_map(
                |name| if name.contains("$(") || name.contains("$@") { self.expand(name, &scope) } else { vec![name.clone()] },
            )
            .flat_map(|names| words(&names))
            .filter(|name| name != "|" && name != ".WAIT")
            .collect();
        for prerequisite in &prerequisites {
            self.walk(prerequisite, &scope, done, jobs);
        }
        jobs.extend(recipes.into_iter().map(|recipe| Job { recipe, scope: scope.clone() }));
    }

    /// The recipes of a rule that count: where a file gives a target several, the last one.
    fn counting(&self, rule: &Rule) -> Vec<usize> {
        let filled = |at: usize| self.recipes.get(at).is_some_and(|lines| !lines.is_empty());
        let mut counting = Vec::new();
        for (at, beside) in rule.recipes.iter().filter(|(at, _)| filled(*at)) {
            if !beside {
                counting.clear();
            }
            counting.push(*at);
        }
        counting
    }

    /// The pattern rule that fits a target best, and what its stem is.
    fn implicit(&self, target: &str) -> Option<(Pattern, String)> {
        let fitting = self.patterns.iter().filter(|pattern| pattern.recipe.is_some());
        let fitting = fitting.filter_map(|pattern| Some((pattern, stem(&pattern.target, target)?)));
        fitting.min_by_key(|(_, stem)| stem.len()).map(|(pattern, stem)| (pattern.clone(), stem.to_owned()))
    }

    /// The texts of a recipe, for the target of the job.
    fn emit(&mut self, job: &Job, steps: &mut Vec<Step>) {
        let Some(lines) = self.recipes.get(job.recipe).cloned() else { return };
        let through = self.through(&job.scope);
        let mut texts: Vec<(String, usize, Rc<str>)> = Vec::new();
        if self.rules.contains_key(".ONESHELL") {
            let text: Vec<&str> = lines.iter().map(|line| line.text.trim_start_matches(['@', '-', '+'])).collect();
            let first = lines.first().map_or((0, Rc::clone(&self.file)), |line| (line.line, Rc::clone(&line.file)));
            texts.extend(self.expand(&text.join("\n"), &job.scope).into_iter().map(|text| (text, first.0, Rc::clone(&first.1))));
        } else {
            for line in lines {
                let expanded = self.expand(&line.text, &job.scope);
                let each = expanded.iter().flat_map(|text| unescaped_lines(text));
                texts.extend(each.map(|text| (text, line.line, Rc::clone(&line.file))));
            }
        }
        for (text, line, file) in texts {
            let bare = text.trim_start_matches(['@', '-', '+', ' ', '\t']);
            let prefix = text.get(..text.len() - bare.len()).unwrap_or_default();
            let always = prefix.contains('+');
            let text = if bare.len() > LINE_MAX_BYTES { UNDETERMINED.to_owned() } else { beside_quotes(bare) };
            if !text.trim().is_empty() && steps.len() < LINES_MAX {
                steps.push(Step { text, line, file: file.to_string(), through: through.clone(), always, at_input: false });
            } else if steps.len() == LINES_MAX {
                let text = UNDETERMINED.to_owned();
                steps.push(Step { text, line, file: file.to_string(), always, ..Step::default() });
            }
        }
    }

    /// The program that runs the recipes, with its options, where it is not one of the usual shells.
    fn through(&mut self, scope: &Scope) -> Vec<String> {
        let shell = self.value("SHELL", scope).into_iter().next().unwrap_or_default();
        let name = shell.rsplit('/').next().unwrap_or_default();
        if matches!(name, "" | "ash" | "bash" | "dash" | "ksh" | "sh" | "zsh") || shell.contains("HOLDPOINT_PLAIN") {
            return Vec::new();
        }
        let flags = self.value(".SHELLFLAGS", scope).into_iter().next().unwrap_or_default();
        let flags = if flags.is_empty() || flags.contains(UNSET) { "-c".to_owned() } else { flags };
        words(&shell).into_iter().chain(words(&flags)).collect()
    }
}

/// The jobs, with those beyond the first few of one recipe made one, whose automatic variables name all of their targets.
fn together(jobs: Vec<Job>) -> Vec<Job> {
    let mut count: BTreeMap<usize, usize> = BTreeMap::new();
    let mut kept: Vec<Job> = Vec::new();
    for job in jobs {
        let seen = count.entry(job.recipe).or_default();
        *seen += 1;
        match kept.iter_mut().rfind(|kept| kept.recipe == job.recipe).filter(|_| *seen > ALONE_MAX) {
            Some(last) if *seen > ALONE_MAX + 1 => {
                for ((_, names), (_, more)) in last.scope.automatic.iter_mut().zip(&job.scope.automatic) {
                    if names.len() + more.len() < LINE_MAX_BYTES / 2 {
                        names.push(' ');
                        names.push_str(more);
                    } else {
                        UNDETERMINED.clone_into(names);
                    }
                }
            }
            _ => kept.push(job),
        }
    }
    kept
}

fn automatic(target: &str, rule: &Rule) -> Vec<(String, String)> {
    let prerequisites: Vec<&str> = rule.prerequisites.iter().map(String::as_str).take_while(|name| *name != "|").collect();
    let all = prerequisites.join(" ");
    let first = prerequisites.first().copied().unwrap_or_default().to_owned();
    [("@", target.to_owned()), ("<", first), ("^", all.clone()), ("+", all.clone()), ("?", all), ("*", rule.stem.clone())]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// What `%` stands for where a name fits a pattern.
fn stem<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    let (before, behind) = pattern.split_once('%')?;
    name.strip_prefix(before)?.strip_suffix(behind).filter(|stem| !stem.is_empty())
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The lines of a text, those that end in a backslash with the next one.
fn unescaped_lines(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.split('\n') {
        match lines.last_mut().filter(|_| open) {
            Some(last) => {
                last.push('\n');
                last.push_str(line);
            }
            None => lines.push(line.to_owned()),
        }
        open = continues(line);
    }
    lines
}

/// Whether a line ends in a backslash that takes the next one in.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

#[cfg(test)]
mod tests;
