//! Makefiles, as GNU make reads them ("Writing Rules" and "How to Use Variables" of its manual), as far as a bounded reading goes.
//!
//! *In scope:* explicit rules, prerequisites, plain variables, all branches of conditionals, `include` of literal names.
//! *Out of scope:* pattern rules, `define`, functions and what the shell gives: undetermined.

use std::collections::{BTreeMap, BTreeSet};

use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, UNDETERMINED};

/// Most lines of a Makefile and its includes.
const FILE_LINES_MAX: usize = 8_000;
/// Most values that one variable is followed through, where conditions choose among them.
const VALUES_MAX: usize = 3;
/// Most references that are followed for one line.
const REFERENCES_MAX: usize = 200;

/// A Makefile with what it includes.
#[derive(Debug, Default)]
pub(crate) struct Makefile {
    rules: BTreeMap<String, Rule>,
    first: Option<String>,
    variables: BTreeMap<String, Vec<String>>,
    lines: usize,
}

#[derive(Debug, Clone, Default)]
struct Rule {
    prerequisites: Vec<String>,
    recipe: Vec<String>,
}

impl Makefile {
    /// Takes in a text. `included` gives the text of a file by the name that the Makefile has for it.
    pub(crate) fn read(&mut self, text: &str, included: &dyn Fn(&str) -> Option<String>) {
        let mut targets: Vec<String> = Vec::new();
        let mut defining = false;
        for line in joined(text) {
            self.lines += 1;
            if self.lines > FILE_LINES_MAX {
                return;
            }
            if let Some(recipe) = line.strip_prefix('\t').filter(|_| !targets.is_empty() && !defining) {
                targets.iter().for_each(|target| self.add_recipe(target, recipe));
                continue;
            }
            let bare = without_comment(&line);
            let bare = bare.trim();
            let word = bare.split_whitespace().next().unwrap_or_default();
            defining = (defining || word == "define") && word != "endef";
            if bare.is_empty() || defining || word == "endef" || CONDITIONS.contains(&word) {
                continue;
            }
            if matches!(word, "include" | "-include" | "sinclude") {
                for name in bare.split_whitespace().skip(1).filter(|name| !name.contains('$')) {
                    if let Some(text) = included(name) {
                        self.read(&text, &|_| None);
                    }
                }
            } else if let Some((name, how, value)) = assignment(bare) {
                self.assign(name, how, value);
                targets.clear();
            } else if let Some(named) = self.rule(bare) {
                targets = named;
            }
        }
    }

    fn add_recipe(&mut self, target: &str, line: &str) {
        if let Some(rule) = self.rules.get_mut(target).filter(|rule| rule.recipe.len() < LINES_MAX) {
            rule.recipe.push(line.to_owned());
        }
    }

    fn assign(&mut self, name: &str, how: Assigns, value: &str) {
        let values = self.variables.entry(name.to_owned()).or_default();
        match how {
            Assigns::Adds if !values.is_empty() => values.iter_mut().for_each(|before| {
                before.push(' ');
                before.push_str(value);
            }),
            Assigns::Adds | Assigns::Sets if values.len() < VALUES_MAX => values.push(value.to_owned()),
            Assigns::Adds | Assigns::Sets => *values = vec![UNDETERMINED.to_owned()],
            Assigns::Undetermined => *values = vec![UNDETERMINED.to_owned()],
        }
    }

    /// Takes in `targets: prerequisites ; recipe`; gives the targets.
    fn rule(&mut self, line: &str) -> Option<Vec<String>> {
        let (targets, rest) = line.split_once(':')?;
        let rest = rest.trim_start_matches(':');
        let (prerequisites, recipe) = rest.split_once(';').map_or((rest, None), |(before, recipe)| (before, Some(recipe)));
        // `target: NAME = value` sets a variable for a target.
        let own = assignment(prerequisites.trim());
        let targets: Vec<String> = self.expanded(targets, &[]).into_iter().flat_map(|text| words(&text)).collect();
        for target in &targets {
            let rule = self.rules.entry(target.clone()).or_default();
            if own.is_none() {
                rule.prerequisites.extend(words(prerequisites).into_iter().filter(|word| word != "|"));
            }
            rule.recipe.extend(recipe.map(|recipe| recipe.trim().to_owned()));
            if self.first.is_none() && !target.starts_with('.') && !target.contains('%') {
                self.first = Some(target.clone());
            }
        }
        if let Some((name, how, value)) = own {
            self.assign(name, how, value);
        }
        Some(targets)
    }

    /// A variable that the command line gives; nothing in the file changes it.
    pub(crate) fn give(&mut self, name: &str, value: &str) {
        self.variables.insert(name.to_owned(), vec![value.replace('$', "$$")]);
    }

    /// A variable that the file does not set itself.
    pub(crate) fn inherit(&mut self, name: &str, value: &str) {
        self.variables.entry(name.to_owned()).or_insert_with(|| vec![value.replace('$', "$$")]);
    }

    /// The lines that are run for these goals, in some order that make could take.
    pub(crate) fn commands(&self, goals: &[String]) -> Vec<String> {
        let first: Vec<String> = self.first.iter().cloned().collect();
        let goals = if goals.is_empty() { &first } else { goals };
        let (mut done, mut lines) = (BTreeSet::new(), Vec::new());
        for goal in goals {
            self.run(goal, 0, &mut done, &mut lines);
        }
        lines
    }

    fn run(&self, target: &str, depth: usize, done: &mut BTreeSet<String>, lines: &mut Vec<String>) {
        let Some(rule) = self.rules.get(target).filter(|_| depth < DEPTH_MAX && lines.len() < LINES_MAX) else { return };
        if !done.insert(target.to_owned()) {
            return;
        }
        for prerequisite in rule.prerequisites.iter().flat_map(|word| self.expanded(word, &[])).flat_map(|text| words(&text)) {
            self.run(&prerequisite, depth + 1, done, lines);
        }
        let prerequisites = rule.prerequisites.join(" ");
        let first = rule.prerequisites.first().cloned().unwrap_or_default();
        let automatic = [("@", target.to_owned()), ("<", first), ("^", prerequisites.clone()), ("+", prerequisites)];
        for line in &rule.recipe {
            let line = line.trim_start_matches(['@', '-', '+', ' ', '\t']);
            if lines.len() < LINES_MAX {
                lines.extend(self.expanded(line, &automatic).into_iter().filter(|line| !line.trim().is_empty()));
            }
        }
    }

    /// A text with its references followed, under each of the values that a variable may have.
    fn expanded(&self, text: &str, automatic: &[(&str, String)]) -> Vec<String> {
        let several = self.variables.iter().filter(|(name, values)| values.len() > 1 && refers(text, name)).map(|(name, _)| name);
        let several: Vec<&String> = several.take(2).collect();
        match several.as_slice() {
            [] => vec![self.expand(text, automatic, &mut 0, None)],
            [name] => {
                let values = self.variables.get(*name).map_or(0, Vec::len);
                (0..values).map(|at| self.expand(text, automatic, &mut 0, Some((name, at)))).collect()
            }
            _ => (0..VALUES_MAX).map(|at| self.expand(text, automatic, &mut 0, Some(("", at)))).collect(),
        }
    }

    fn expand(&self, text: &str, automatic: &[(&str, String)], followed: &mut usize, chosen: Option<(&str, usize)>) -> String {
        let mut whole = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            whole.push_str(before);
            *followed += 1;
            if *followed > REFERENCES_MAX || whole.len() > LINE_MAX_BYTES {
                return UNDETERMINED.to_owned();
            }
            if let Some(after) = after.strip_prefix('$') {
                whole.push('$');
                rest = after;
                continue;
            }
            let (name, behind) = reference(after);
            rest = behind;
            let known = automatic.iter().find(|(automatic, _)| *automatic == name).map(|(_, value)| value.clone());
            match known.or_else(|| self.value(name, chosen)) {
                Some(value) => whole.push_str(&self.expand(&value, automatic, followed, chosen)),
                None => whole.push_str(UNDETERMINED),
            }
        }
        whole.push_str(rest);
        whole
    }

    fn value(&self, name: &str, chosen: Option<(&str, usize)>) -> Option<String> {
        let values = self.variables.get(name)?;
        let at = chosen.filter(|(chosen, _)| chosen.is_empty() || *chosen == name).map_or(0, |(_, at)| at);
        values.get(at).or_else(|| values.last()).filter(|value| value.as_str() != UNDETERMINED).cloned()
    }
}

const CONDITIONS: [&str; 13] = [
    "ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "export", "unexport", "vpath", "undefine", "override", "private", "load",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Assigns {
    Adds,
    Sets,
    Undetermined,
}

/// `NAME = value` and its other forms.
fn assignment(line: &str) -> Option<(&str, Assigns, &str)> {
    let at = line.find('=')?;
    let (name, value) = (line.get(..at)?, line.get(at + 1..)?);
    let (name, how) = match name.strip_suffix(['+', '!', '?', ':']) {
        Some(bare) if name.ends_with('+') => (bare, Assigns::Adds),
        Some(bare) if name.ends_with('!') => (bare, Assigns::Undetermined),
        Some(bare) => (bare.trim_end_matches(':'), Assigns::Sets),
        None => (name, Assigns::Sets),
    };
    let name = name.trim();
    let name = ["export ", "override "].iter().fold(name, |name, word| name.strip_prefix(word).unwrap_or(name)).trim();
    let plain =
        !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || matches!(letter, ':' | '#' | '$' | '='));
    plain.then_some((name, how, value.trim()))
}

/// The name behind a dollar sign, and what follows it; an empty name where it is none that is followed.
fn reference(text: &str) -> (&str, &str) {
    let close = match text.chars().next() {
        Some('(') => ')',
        Some('{') => '}',
        Some(letter) => {
            let (name, rest) = text.split_at_checked(letter.len_utf8()).unwrap_or((text, ""));
            return (name, rest);
        }
        None => return ("", ""),
    };
    let mut depth = 0_usize;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            let inner = text.get(1..at).unwrap_or_default();
            let plain =
                letter == close && !inner.contains(|letter: char| letter.is_whitespace() || matches!(letter, '$' | ':' | ','));
            return (if plain { inner } else { "" }, text.get(at + 1..).unwrap_or_default());
        }
    }
    ("", "")
}

fn refers(text: &str, name: &str) -> bool {
    text.contains(&format!("({name})")) || text.contains(&format!("{{{name}}}"))
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// The lines with their continuations.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let continues = line.ends_with('\\') && !line.ends_with("\\\\");
        let part = line.strip_suffix('\\').filter(|_| continues).unwrap_or(line);
        match lines.last_mut().filter(|_| open) {
            Some(last) => {
                last.push(' ');
                last.push_str(part.trim_start());
            }
            None => lines.push(part.to_owned()),
        }
        open = continues;
    }
    lines
}

fn without_comment(line: &str) -> &str {
    match line.find('#') {
        Some(at) if !line.get(..at).unwrap_or_default().ends_with('\\') => line.get(..at).unwrap_or_default(),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(text: &str, goals: &[&str]) -> Vec<String> {
        let mut makefile = Makefile::default();
        makefile.read(text, &|name| (name == "more.mk").then(|| "more:\n\techo more\n".to_owned()));
        makefile.commands(&goals.iter().map(|goal| (*goal).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_target_runs_what_it_depends_on_and_its_own_lines() {
        let text = "OUT := build\n.PHONY: clean\nall: a b\n\t@echo all\na:\n\tcc -o $(OUT)/$@ $<\nb: ; touch b\nclean:\n\t-rm -rf $(OUT) \\\n\t  dist\n";
        assert_eq!(commands(text, &[]), ["cc -o build/a ", "touch b", "echo all"]);
        assert_eq!(commands(text, &["clean"]), ["rm -rf build  dist"]);
        assert_eq!(commands("include more.mk\n", &["more"]), ["echo more"]);
        assert_eq!(commands("a: a\n\techo a\n", &["a"]), ["echo a"], "a circle");
    }

    #[test]
    fn what_is_not_determined_is_a_variable_of_the_shell() {
        let line = |text: &str| commands(text, &["x"]);
        assert_eq!(line("x:\n\trm -rf $(shell pwd)/y $$HOME\n"), [format!("rm -rf {UNDETERMINED}/y $HOME")]);
        assert_eq!(line("A != pwd\nx:\n\trm $(A)\n"), [format!("rm {UNDETERMINED}")]);
        assert_eq!(line("A = $(A)\nx:\n\trm $(A)\n").len(), 1, "a variable that holds itself");
    }

    #[test]
    fn each_branch_of_a_condition_counts() {
        let text = "ifdef CI\nD = build\nelse\nD = /home/alice\nendif\nx:\n\trm -rf $(D)\n";
        assert_eq!(commands(text, &["x"]), ["rm -rf build", "rm -rf /home/alice"]);
    }

    #[test]
    fn the_command_line_gives_variables() {
        let mut makefile = Makefile::default();
        makefile.read("D ?= build\nx:\n\trm -rf $(D)\n", &|_| None);
        makefile.give("D", "~");
        assert_eq!(makefile.commands(&["x".to_owned()]), ["rm -rf ~"]);
    }
}
