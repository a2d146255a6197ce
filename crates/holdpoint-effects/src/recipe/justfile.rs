//! Justfiles, as just reads them (just.systems/man), as far as a bounded reading goes.
//!
//! *In scope:* recipes, their dependencies and parameters, plain variables, aliases. *Out of scope:* functions, conditions,
//! imports: undetermined.

use std::collections::BTreeMap;

use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, UNDETERMINED};

/// What a recipe runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Run {
    /// A line for the shell.
    Line(String),
    /// A whole script, with the interpreter that its first line names.
    Script(String),
}

#[derive(Debug, Default)]
struct Recipe {
    parameters: Vec<(String, Option<String>)>,
    needs: Vec<String>,
    body: Vec<String>,
}

/// What the words of a command run: recipes, with their arguments behind them. Nothing where that cannot be told.
pub(crate) fn commands(text: &str, words: &[String]) -> Option<Vec<Run>> {
    let file = Justfile::read(text)?;
    let first = file.first.clone().into_iter().collect::<Vec<_>>();
    let mut rest = if words.is_empty() { first.as_slice() } else { words };
    let mut runs = Vec::new();
    while let Some((name, behind)) = rest.split_first() {
        let name = file.aliases.get(name).unwrap_or(name);
        let recipe = file.recipes.get(name)?;
        let taken = if recipe.parameters.iter().any(|(name, _)| name.starts_with(['*', '+'])) {
            behind.len()
        } else {
            recipe.parameters.len().min(behind.len())
        };
        let (arguments, after) = behind.split_at_checked(taken)?;
        file.run(name, arguments, 0, &mut runs);
        rest = after;
    }
    Some(runs)
}

#[derive(Debug, Default)]
struct Justfile {
    recipes: BTreeMap<String, Recipe>,
    first: Option<String>,
    variables: BTreeMap<String, String>,
    aliases: BTreeMap<String, String>,
}

impl Justfile {
    /// Nothing where another shell than the usual ones is set.
    fn read(text: &str) -> Option<Self> {
        let mut file = Self::default();
        let mut current: Option<String> = None;
        for line in text.lines() {
            if line.starts_with([' ', '\t']) {
                if let Some(recipe) =
                    current.as_ref().and_then(|name| file.recipes.get_mut(name)).filter(|recipe| recipe.body.len() < LINES_MAX)
                {
                    recipe.body.push(line.trim_start().to_owned());
                }
                continue;
            }
            let bare = line.trim();
            if bare.is_empty() || bare.starts_with(['#', '[']) {
                continue;
            }
            current = None;
            if let Some(setting) = bare.strip_prefix("set ") {
                let usual = !setting.starts_with("shell") || setting.contains("\"bash\"") || setting.contains("\"sh\"");
                if !usual {
                    return None;
                }
            } else if let Some((name, target)) = bare.strip_prefix("alias ").and_then(|rest| rest.split_once(":=")) {
                file.aliases.insert(name.trim().to_owned(), target.trim().to_owned());
            } else if let Some((name, value)) = bare.split_once(":=") {
                let name = name.trim().trim_start_matches("export ").to_owned();
                file.variables.insert(name, plain(value).unwrap_or_else(|| UNDETERMINED.to_owned()));
            } else if let Some(head) = bare.split_once(':') {
                current = Some(file.head(head));
            }
        }
        Some(file)
    }

    fn head(&mut self, (before, behind): (&str, &str)) -> String {
        let mut words = before.split_whitespace();
        let name = words.next().unwrap_or_default().trim_start_matches('@').to_owned();
        let parameter = |word: &str| match word.split_once('=') {
            Some((name, default)) => (name.to_owned(), plain(default)),
            None => (word.to_owned(), None),
        };
        let parameters = words.map(parameter).collect();
        let needs = behind.split_whitespace().filter(|word| *word != "&&").map(|word| word.trim_matches(['(', ')']).to_owned());
        let recipe = Recipe { parameters, needs: needs.collect(), body: Vec::new() };
        self.first.get_or_insert_with(|| name.clone());
        self.recipes.insert(name.clone(), recipe);
        name
    }

    fn run(&self, name: &str, arguments: &[String], depth: usize, runs: &mut Vec<Run>) {
        let Some(recipe) = self.recipes.get(name).filter(|_| depth < DEPTH_MAX && runs.len() < LINES_MAX) else { return };
        for need in &recipe.needs {
            self.run(need, &[], depth + 1, runs);
        }
        let mut values = self.variables.clone();
        for (at, (parameter, default)) in recipe.parameters.iter().enumerate() {
            let rest = parameter.starts_with(['*', '+']);
            let given = arguments.get(at..).filter(|given| !given.is_empty());
            let value = given.map(|given| if rest { given.join(" ") } else { given.first().cloned().unwrap_or_default() });
            let value = value.or_else(|| default.clone()).unwrap_or_else(|| UNDETERMINED.to_owned());
            values.insert(parameter.trim_start_matches(['*', '+', '$']).to_owned(), value);
        }
        let lines = recipe.body.iter().map(|line| filled(line, &values)).filter(|line| line.len() <= LINE_MAX_BYTES);
        if recipe.body.first().is_some_and(|line| line.starts_with("#!")) {
            return runs.push(Run::Script(lines.collect::<Vec<_>>().join("\n")));
        }
        runs.extend(lines.map(|line| Run::Line(line.trim_start_matches(['@', '-']).to_owned())));
    }
}

/// A text in quotes, without them.
fn plain(value: &str) -> Option<String> {
    let value = value.trim();
    ["'", "\""].iter().find_map(|quote| {
        let inner = value.strip_prefix(quote)?.strip_suffix(quote)?;
        (!inner.contains(quote) && !inner.contains('\\')).then(|| inner.to_owned())
    })
}

/// A line with its `{{name}}` filled in.
fn filled(line: &str, values: &BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        whole.push_str(before);
        whole.push_str(values.get(name.trim()).map_or(UNDETERMINED, String::as_str));
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_run_with_what_they_need_and_are_given() {
        let text = "out := 'build'\nalias c := clean\n\ndefault: test\n\n# a comment\n@clean dir=\"dist\": \n    @rm -rf {{out}} {{dir}}\n\ntest *args:\n    cargo test {{args}} {{os()}}\n";
        let run = |words: &[&str]| commands(text, &words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let line = |text: &str| Run::Line(text.to_owned());
        assert_eq!(run(&["c"]), Some(vec![line("rm -rf build dist")]));
        assert_eq!(run(&["clean", "~"]), Some(vec![line("rm -rf build ~")]));
        assert_eq!(run(&["test", "-x", "y"]), Some(vec![line(&format!("cargo test -x y {UNDETERMINED}"))]));
        assert_eq!(run(&["nothing"]), None);
        assert_eq!(run(&[]).map(|runs| runs.len()), Some(1));
    }

    #[test]
    fn a_recipe_with_an_interpreter_is_one_script() {
        let text = "a:\n    #!/usr/bin/env python3\n    import os\n";
        assert_eq!(commands(text, &["a".to_owned()]), Some(vec![Run::Script("#!/usr/bin/env python3\nimport os".to_owned())]));
        assert_eq!(commands("set shell := [\"fish\", \"-c\"]\na:\n  b\n", &["a".to_owned()]), None);
    }
}
