//! The lines of a Makefile: conditionals, assignments, definitions, rules and what includes other files.
//!
//! A condition that hangs on what nobody knows is taken both ways: what its branches set are further values.

use std::rc::Rc;

use super::{Choice, Makefile, Pattern, RecipeLine, Scope, Variable, continues, stem, words};
use crate::recipe::{LINES_MAX, is_undetermined};

/// Most lines of a Makefile and its includes.
const FILE_LINES_MAX: usize = 12_000;
/// Most targets that one line gives a rule.
const LINE_TARGETS_MAX: usize = 512;
/// Deepest nesting of files that include others, and of text that makes text.
const INCLUDES_MAX: usize = 6;
/// Most values that one variable is followed through.
const CHOICES_MAX: usize = 6;

/// What is known of the branch of a conditional that is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Branch {
    /// An earlier branch was taken.
    Done,
    /// Nobody knows which branch is taken.
    Either,
    Skipped,
    Taken,
}

#[derive(Debug, Default)]
struct Reading {
    conditions: Vec<Branch>,
    /// The recipes that lines with a tab belong to.
    recipe: Option<usize>,
    /// Whether a rule stands above, so that lines with a tab are a recipe.
    open: bool,
    definition: Option<Definition>,
}

#[derive(Debug)]
struct Definition {
    name: String,
    how: Assigns,
    exported: bool,
    text: String,
    nested: usize,
}

impl Reading {
    fn is_active(&self) -> bool {
        self.conditions.iter().all(|branch| matches!(branch, Branch::Either | Branch::Taken))
    }

    fn is_sure(&self) -> bool {
        !self.conditions.contains(&Branch::Either)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Assigns {
    Adds,
    Expands,
    IfUnset,
    Refers,
    Runs,
}

impl Makefile<'_> {
    /// Takes in a text.
    pub(crate) fn read(&mut self, text: &str) {
        self.read_at(text, 0);
    }

    pub(super) fn read_at(&mut self, text: &str, depth: usize) {
        if depth > INCLUDES_MAX {
            return;
        }
        let mut reading = Reading::default();
        for (number, line) in logical_lines(text) {
            self.lines += 1;
            if self.lines > FILE_LINES_MAX {
                return;
            }
            self.line(&line, number, &mut reading, depth);
        }
    }

    fn line(&mut self, line: &str, number: usize, reading: &mut Reading, depth: usize) {
        if reading.definition.is_some() {
            return self.defined(line, reading);
        }
        if let Some(recipe) = line.strip_prefix('\t').filter(|_| reading.open) {
            if let Some(lines) = reading.recipe.filter(|_| reading.is_active()).and_then(|at| self.recipes.get_mut(at))
                && lines.len() < LINES_MAX
            {
                let text = recipe.replace("\\\n\t", "\\\n");
                lines.push(RecipeLine { text, line: number, file: Rc::clone(&self.file) });
            }
            return;
        }
        let bare = without_comment(&line.replace("\\\n", " ")).trim().to_owned();
        let (word, rest) = bare.split_once(char::is_whitespace).map_or((bare.as_str(), ""), |(word, rest)| (word, rest.trim()));
        if bare.is_empty() || self.condition(word, rest, reading) || !reading.is_active() {
            return;
        }
        match word {
            "include" | "-include" | "sinclude" => self.include(rest, depth),
            "define" | "override" | "export" | "private" if definition(&bare).is_some() => reading.definition = definition(&bare),
            "export" if rest.is_empty() => self.exports_all = true,
            "export" if assignment(rest).is_none() => {
                let names = self.expand(rest, &Scope::default());
                self.exports.extend(names.iter().flat_map(|names| words(names)));
            }
            "unexport" | "vpath" | "load" | "-load" => {}
            "undefine" => drop(self.variables.remove(rest)),
            _ => self.statement(&bare, number, reading, depth),
        }
    }

    fn statement(&mut self, bare: &str, number: usize, reading: &mut Reading, depth: usize) {
        if let Some(assigned) = assignment(bare) {
            self.assign(&assigned, reading.is_sure());
            return;
        }
        if let Some((targets, rest)) = split_rule(bare) {
            return self.rule(targets, rest, number, reading);
        }
        // Functions that stand alone make text that is read in their place.
        let made = self.expand(bare, &Scope::default());
        for text in made.iter().filter(|text| !text.trim().is_empty() && !is_undetermined(text) && text.as_str() != bare) {
            self.read_at(text, depth + 1);
        }
    }

    fn include(&mut self, names: &str, depth: usize) {
        let names: Vec<String> = self.expand(names, &Scope::default()).iter().flat_map(|names| words(names)).collect();
        for name in names.into_iter().filter(|name| !is_undetermined(name)) {
            if let Some(text) = self.host.text(&name) {
                let outer = std::mem::replace(&mut self.file, name.as_str().into());
                self.read_at(&text, depth + 1);
                self.file = outer;
            }
        }
    }

    /// Takes in a line of a definition.
    fn defined(&mut self, line: &str, reading: &mut Reading) {
        let Some(mut definition) = reading.definition.take() else { return };
        let word = line.split_whitespace().next().unwrap_or_default();
        definition.nested += usize::from(word == "define");
        if word != "endef" {
            definition.text.push_str(line);
            definition.text.push('\n');
        } else if definition.nested == 0 {
            let text = definition.text.strip_suffix('\n').unwrap_or_default();
            let assigned = Assigned {
                name: &definition.name,
                how: definition.how,
                value: text,
                exported: definition.exported,
                always: false,
            };
            return if reading.is_active() {
                self.assign(&assigned, reading.is_sure())
            };
        } else {
            definition.nested -= 1;
            definition.text.push_str(line);
            definition.text.push('\n');
        }
        reading.definition = Some(definition);
    }

    /// Takes in a line of a conditional; `false` where it is none.
    fn condition(&mut self, word: &str, rest: &str, reading: &mut Reading) -> bool {
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let branch = if reading.is_active() { self.branch(word, rest) } else { Branch::Done };
                reading.conditions.push(branch);
            }
            "else" => {
                let before = reading.conditions.pop().unwrap_or(Branch::Done);
                let (word, rest) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
                let next = match before {
                    Branch::Done | Branch::Taken => Branch::Done,
                    Branch::Either => Branch::Either,
                    Branch::Skipped if rest.is_empty() => Branch::Taken,
                    Branch::Skipped => self.branch(word, rest.trim()),
                };
                reading.conditions.push(next);
            }
            "endif" => drop(reading.conditions.pop()),
            _ => return false,
        }
        true
    }

    fn branch(&mut self, word: &str, rest: &str) -> Branch {
        let holds = match word {
            "ifdef" | "ifndef" => self.is_defined(rest),
            _ => self.are_equal(rest),
        };
        match (holds, matches!(word, "ifneq" | "ifndef")) {
            (None, _) => Branch::Either,
            (Some(holds), not) if holds != not => Branch::Taken,
            _ => Branch::Skipped,
        }
    }

    fn is_defined(&mut self, name: &str) -> Option<bool> {
        let name = self.expand(name, &Scope::default()).into_iter().next()?;
        match self.variables.get(&name) {
            Some(variable) if variable.sure => Some(variable.choices.iter().any(|choice| !choice.text.is_empty())),
            Some(_) => None,
            None => self.host.variable(&name).is_some().then_some(true),
        }
    }

    fn are_equal(&mut self, rest: &str) -> Option<bool> {
        let (one, other) = operands(rest)?;
        let (one, other) = (self.expand(&one, &Scope::default()), self.expand(&other, &Scope::default()));
        if one.iter().chain(&other).any(|text| is_undetermined(text)) {
            return None;
        }
        let equal = one.iter().flat_map(|one| other.iter().map(move |other| one.trim() == other.trim()));
        let equal: Vec<bool> = equal.collect();
        let first = *equal.first()?;
        equal.iter().all(|equal| *equal == first).then_some(first)
    }

    /// Takes in an assignment; where it is not sure to be made, as one more value.
    fn assign(&mut self, assigned: &Assigned<'_>, sure: bool) {
        let scope = Scope::default();
        for name in self.expand(assigned.name, &scope) {
            let variable = self.variables.get(&name).cloned().unwrap_or_default();
            if assigned.exported {
                self.exports.insert(name.clone());
            }
            let from_outside = variable.choices.is_empty() && self.host.variable(&name).is_some();
            let kept = (variable.given && !assigned.always)
                || (assigned.how == Assigns::IfUnset && (from_outside || (variable.sure && !variable.choices.is_empty())));
            if kept {
                continue;
            }
            let new = match assigned.how {
                Assigns::Adds => self.added(&name, &variable, assigned.value),
                Assigns::Expands => self.chosen(assigned.value),
                Assigns::IfUnset | Assigns::Refers => vec![Choice { text: assigned.value.to_owned(), recursive: true }],
                Assigns::Runs => self.run_shell(assigned.value, &scope).into_iter().map(Choice::simple).collect(),
            };
            // What may be added counts as added: a list is taken at its longest.
            let replaces = match assigned.how {
                Assigns::Adds => true,
                Assigns::IfUnset => sure && variable.choices.is_empty(),
                _ => sure,
            };
            let mut choices = if replaces { Vec::new() } else { variable.choices };
            for choice in new {
                if choices.contains(&choice) {
                    continue;
                }
                choices.push(choice);
                if choices.len() > CHOICES_MAX {
                    choices = vec![Choice::simple(crate::recipe::UNDETERMINED.to_owned())];
                }
            }
            let sure = sure || variable.sure;
            self.variables.insert(name, Variable { choices, given: variable.given, sure });
        }
    }

    fn chosen(&mut self, value: &str) -> Vec<Choice> {
        self.expand(value, &Scope::default()).into_iter().map(Choice::simple).collect()
    }

    fn added(&mut self, name: &str, variable: &Variable, value: &str) -> Vec<Choice> {
        if variable.choices.is_empty() {
            let before = self.host.variable(name).unwrap_or_default();
            let value = Choice { text: value.to_owned(), recursive: true };
            return if before.is_empty() {
                vec![value]
            } else {
                before.into_iter().map(|before| Choice { text: format!("{before} {}", value.text), recursive: true }).collect()
            };
        }
        let mut added = Vec::new();
        for choice in &variable.choices {
            if choice.recursive {
                added.push(Choice { text: format!("{} {value}", choice.text), recursive: true });
            } else {
                let more = self.expand(value, &Scope::default());
                added.extend(more.iter().map(|more| Choice::simple(format!("{} {more}", choice.text).trim_start().to_owned())));
            }
        }
        added
    }

    /// Takes in what stands on both sides of a rule's colon.
    fn rule(&mut self, targets: &str, rest: &str, number: usize, reading: &mut Reading) {
        let double = rest.starts_with(':');
        let rest = rest.trim_start_matches(':').trim();
        let targets: Vec<String> = self.expand(targets.trim_end_matches('&'), &Scope::default());
        let targets: Vec<String> = targets.iter().flat_map(|text| words(text)).take(LINE_TARGETS_MAX).collect();
        // `target: NAME = value` sets a variable for a target.
        if let Some(assigned) = assignment(rest) {
            reading.open = false;
            return self.own_variable(&targets, &assigned);
        }
        let (behind, inline) = rest.split_once(';').map_or((rest, None), |(behind, recipe)| (behind, Some(recipe.trim())));
        let (pattern, names) = match split_rule(behind) {
            Some((pattern, names)) => (Some(pattern.trim()), names),
            None => (None, behind),
        };
        let recipe = self.recipes.len();
        let line = |text: &str| RecipeLine { text: text.to_owned(), line: number, file: Rc::clone(&self.file) };
        let lines: Vec<RecipeLine> = inline.map(line).into_iter().collect();
        self.recipes.push(lines);
        (reading.recipe, reading.open) = (Some(recipe), true);
        let names: Vec<String> = self.expand(names, &Scope::default()).iter().flat_map(|names| words(names)).collect();
        let shared = Shared { recipe, beside: double || !reading.is_sure(), pattern };
        for target in targets {
            self.add_rule(&target, &names, &shared);
        }
    }

    fn add_rule(&mut self, target: &str, names: &[String], shared: &Shared<'_>) {
        let suffixes = target.strip_prefix('.').and_then(|rest| rest.split_once('.'));
        let (is_pattern, target_pattern) = match (suffixes, shared.pattern) {
            (Some((from, to)), None) if names.is_empty() && !from.is_empty() && !to.is_empty() && !to.contains('.') => {
                let from = format!("%.{from}");
                return self.add_pattern(&format!("%.{to}"), &[from], shared);
            }
            // Which targets these are is not known; what they may be is.
            (_, Some(pattern)) if is_undetermined(target) => (true, pattern),
            _ => (target.contains('%'), target),
        };
        if is_pattern {
            return self.add_pattern(target_pattern, names, shared);
        }
        let stem = shared.pattern.and_then(|pattern| stem(pattern, target)).unwrap_or_default().to_owned();
        let rule = self.rules.entry(target.to_owned()).or_default();
        rule.prerequisites.extend(names.iter().map(|name| name.replacen('%', &stem, usize::from(!stem.is_empty()))));
        if !stem.is_empty() {
            rule.stem = stem;
        }
        rule.recipes.push((shared.recipe, shared.beside));
        if self.first.is_none() && (!target.starts_with('.') || target.contains('/')) && !is_undetermined(target) {
            self.first = Some(target.to_owned());
        }
    }

    fn add_pattern(&mut self, target: &str, names: &[String], shared: &Shared<'_>) {
        let (target, prerequisites) = (target.to_owned(), names.to_vec());
        self.patterns.push(Pattern { target, prerequisites, recipe: Some(shared.recipe), variables: Vec::new() });
    }

    fn own_variable(&mut self, targets: &[String], assigned: &Assigned<'_>) {
        let choices = match assigned.how {
            Assigns::Expands => self.chosen(assigned.value),
            Assigns::Runs => self.run_shell(assigned.value, &Scope::default()).into_iter().map(Choice::simple).collect(),
            Assigns::Adds => {
                let before = self.variables.get(assigned.name).cloned().unwrap_or_default();
                self.added(assigned.name, &before, assigned.value)
            }
            Assigns::IfUnset | Assigns::Refers => vec![Choice { text: assigned.value.to_owned(), recursive: true }],
        };
        let given = self.variables.get(assigned.name).is_some_and(|variable| variable.given);
        for choice in choices.into_iter().filter(|_| !given) {
            let variable = (assigned.name.to_owned(), choice);
            for target in targets {
                if target.contains('%') {
                    let pattern = Pattern {
                        target: target.clone(),
                        prerequisites: Vec::new(),
                        recipe: None,
                        variables: vec![variable.clone()],
                    };
                    self.patterns.push(pattern);
                } else {
                    self.rules.entry(target.clone()).or_default().variables.push(variable.clone());
                }
            }
        }
    }
}

impl Choice {
    pub(super) fn simple(text: String) -> Self {
        Self { text, recursive: false }
    }
}

/// What the targets of one line have in common.
struct Shared<'a> {
    recipe: usize,
    /// Whether the recipe stands beside others of the same target.
    beside: bool,
    /// The pattern of a static pattern rule.
    pattern: Option<&'a str>,
}

struct Assigned<'a> {
    name: &'a str,
    how: Assigns,
    value: &'a str,
    exported: bool,
    /// Whether it counts against the command line.
    always: bool,
}

/// `NAME = value` and its other forms.
fn assignment(line: &str) -> Option<Assigned<'_>> {
    let (mut line, mut exported, mut always) = (line.trim(), false, false);
    while let Some((word, rest)) = line.split_once(char::is_whitespace).filter(|(word, _)| is_modifier(word)) {
        exported |= word == "export";
        always |= word == "override";
        line = rest.trim_start();
    }
    let at = top_level(line, &['=', ':'])?;
    let (before, from) = line.split_at_checked(at)?;
    let colons = from.len() - from.trim_start_matches(':').len();
    let value = from.get(colons..)?.strip_prefix('=').filter(|_| colons < 4)?;
    let (name, how) = match before.chars().last() {
        _ if colons > 0 => (before, Assigns::Expands),
        Some('+') => (before.strip_suffix('+')?, Assigns::Adds),
        Some('?') => (before.strip_suffix('?')?, Assigns::IfUnset),
        Some('!') => (before.strip_suffix('!')?, Assigns::Runs),
        _ => (before, Assigns::Refers),
    };
    let name = name.trim();
    let plain = !name.is_empty() && top_level(name, &[' ', '\t', ';', '#']).is_none();
    plain.then(|| Assigned { name, how, value: value.trim_start(), exported, always })
}

fn is_modifier(word: &str) -> bool {
    matches!(word, "export" | "override" | "private" | "unexport")
}

/// `define NAME =`, with the words that may stand in front.
fn definition(line: &str) -> Option<Definition> {
    let mut rest = line;
    let mut exported = false;
    while let Some((word, behind)) = rest.split_once(char::is_whitespace).filter(|(word, _)| is_modifier(word)) {
        exported |= word == "export";
        rest = behind.trim_start();
    }
    let rest = rest.strip_prefix("define")?.strip_prefix(char::is_whitespace)?.trim();
    let endings = [(":::=", Assigns::Expands), ("::=", Assigns::Expands), (":=", Assigns::Expands), ("+=", Assigns::Adds)];
    let endings = endings.into_iter().chain([("?=", Assigns::IfUnset), ("!=", Assigns::Runs), ("=", Assigns::Refers)]);
    let found = endings.into_iter().find_map(|(ending, how)| Some((rest.strip_suffix(ending)?.trim(), how)));
    let (name, how) = found.unwrap_or((rest, Assigns::Refers));
    Some(Definition { name: name.to_owned(), how, exported, text: String::new(), nested: 0 })
}

/// What stands before and behind the colon of a rule.
fn split_rule(line: &str) -> Option<(&str, &str)> {
    let at = top_level(line, &[':'])?;
    Some((line.get(..at)?, line.get(at + 1..)?))
}

/// Where one of these letters stands first outside of references.
fn top_level(line: &str, letters: &[char]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut before = ' ';
    for (at, letter) in line.char_indices() {
        match letter {
            '(' | '{' if before == '$' || depth > 0 => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            letter if depth == 0 && letters.contains(&letter) && before != '\\' => return Some(at),
            _ => {}
        }
        before = letter;
    }
    None
}

/// The two texts that `ifeq` compares.
fn operands(rest: &str) -> Option<(String, String)> {
    if let Some(inner) = rest.strip_prefix('(') {
        let inner = inner.strip_suffix(')')?;
        let at = top_level(inner, &[','])?;
        return Some((inner.get(..at)?.trim().to_owned(), inner.get(at + 1..)?.trim().to_owned()));
    }
    let quoted = |text: &str| {
        let quote = text.chars().next().filter(|letter| matches!(letter, '\'' | '"'))?;
        let end = text.get(1..)?.find(quote)?;
        Some((text.get(1..=end)?.to_owned(), text.get(end + 2..)?.trim().to_owned()))
    };
    let (one, behind) = quoted(rest)?;
    Some((one, quoted(&behind)?.0))
}

/// The lines with their numbers; what ends in a backslash goes on with the next.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match lines.last_mut().filter(|_| open) {
            Some((_, last)) => {
                last.push('\n');
                last.push_str(line);
            }
            None => lines.push((at + 1, line.to_owned())),
        }
        open = continues(line);
    }
    lines
}

fn without_comment(line: &str) -> &str {
    let sign = line.char_indices().find(|(at, letter)| *letter == '#' && !line.get(..*at).unwrap_or_default().ends_with('\\'));
    // `$(shell echo '#')` is no comment inside of a reference.
    match sign {
        Some((at, _)) if line.get(..at).is_some_and(|before| before.matches("$(").count() <= before.matches(')').count()) => {
            line.get(..at).unwrap_or_default()
        }
        _ => line,
    }
}
