//! Justfiles, as just reads them (just.systems/man), as far as a bounded reading goes.
//!
//! *In scope:* recipes with their dependencies, arguments and attributes, variables and expressions, settings of shells and
//! directories, aliases, imports. *Out of scope:* modules: undetermined.

mod expression;

use std::cell::RefCell;
use std::collections::BTreeMap;

use self::expression::{Around, evaluate};
use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, Step, UNDETERMINED, beside_quotes};

/// What a justfile asks of the world.
pub(crate) trait Host {
    fn text(&self, name: &str) -> Option<String>;
    fn output(&self, command: &str) -> String;
    fn variable(&self, name: &str) -> Option<String>;
}

/// What recipes run.
#[derive(Debug, Default)]
pub(crate) struct Run {
    pub(crate) steps: Vec<Step>,
    /// What the steps find in their environment.
    pub(crate) variables: Vec<(String, Vec<String>)>,
}

#[derive(Debug, Clone, Default)]
struct Recipe {
    parameters: Vec<Parameter>,
    before: Vec<Vec<String>>,
    behind: Vec<Vec<String>>,
    body: Vec<(String, usize)>,
}

#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    default: Option<String>,
    rest: bool,
    exported: bool,
}

#[derive(Default)]
struct Justfile {
    /// Several of one name where attributes choose among them.
    recipes: BTreeMap<String, Vec<Recipe>>,
    first: Option<String>,
    aliases: BTreeMap<String, String>,
    assignments: Vec<(String, String, bool)>,
    shell: Vec<String>,
    positional: bool,
    exports_all: bool,
    lines: usize,
}

/// Most lines of a justfile and its imports.
const FILE_LINES_MAX: usize = 6_000;

/// What the words of a command run: recipes, with their arguments behind them. Nothing where that cannot be told.
pub(crate) fn run(
    text: &str,
    file: &str,
    words: &[String],
    given: &BTreeMap<String, String>,
    directory: &str,
    host: &dyn Host,
) -> Option<Run> {
    let mut justfile = Justfile::default();
    justfile.read(text, host, 0);
    let asked = RefCell::new(Vec::new());
    let output = |command: &str| {
        asked.borrow_mut().push(Step { text: command.to_owned(), file: file.to_owned(), always: true, ..Step::default() });
        host.output(command)
    };
    let environment = |name: &str| host.variable(name);
    let mut variables: BTreeMap<String, String> = BTreeMap::new();
    let mut run = Run::default();
    for (name, value, exported) in &justfile.assignments {
        let around = Around { variables: &variables, output: &output, environment: &environment, directory };
        let value = given.get(name).cloned().unwrap_or_else(|| evaluate(value, &around));
        if *exported || justfile.exports_all {
            run.variables.push((name.clone(), vec![value.clone()]));
        }
        variables.insert(name.clone(), value);
    }
    let around = Around { variables: &variables, output: &output, environment: &environment, directory };
    let mut following = Following { justfile: &justfile, file, around, run };
    let first: Vec<String> = justfile.first.clone().into_iter().collect();
    let mut rest = if words.is_empty() { first.as_slice() } else { words };
    while let Some((name, behind)) = rest.split_first() {
        let taken = following.takes(name, behind.len())?;
        let (arguments, after) = behind.split_at_checked(taken)?;
        following.follow(name, arguments, 0);
        rest = after;
    }
    let mut run = following.run;
    let mut steps = asked.into_inner();
    steps.append(&mut run.steps);
    Some(Run { steps, ..run })
}

impl Justfile {
    fn read(&mut self, text: &str, host: &dyn Host, depth: usize) {
        let mut current: Option<String> = None;
        let mut open = String::new();
        for (number, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line)) {
            self.lines += 1;
            if self.lines > FILE_LINES_MAX {
                return;
            }
            if line.starts_with([' ', '\t']) && open.is_empty() {
                let recipe = current.as_ref().and_then(|name| self.recipes.get_mut(name)).and_then(|recipes| recipes.last_mut());
                if let Some(recipe) = recipe.filter(|recipe| recipe.body.len() < LINES_MAX) {
                    recipe.body.push((line.to_owned(), number));
                }
                continue;
            }
            if open.is_empty() && (line.trim().is_empty() || line.starts_with(['#', '['])) {
                // An empty line in a script is part of it.
                if let Some(recipe) =
                    current.as_ref().and_then(|name| self.recipes.get_mut(name)).and_then(|recipes| recipes.last_mut())
                    && line.trim().is_empty()
                {
                    recipe.body.push((String::new(), number));
                }
                continue;
            }
            // Texts in three quotes and lines that end in a backslash go on.
            open.push_str(line.strip_suffix('\\').unwrap_or(line));
            let unclosed = ["'''", "\"\"\"", "```"].iter().any(|quote| open.matches(quote).count() % 2 == 1);
            let brackets = open.contains(":=") && open.matches(['(', '[']).count() > open.matches([')', ']']).count();
            if unclosed || brackets || line.ends_with('\\') {
                open.push('\n');
                continue;
            }
            current = self.statement(open.trim(), host, depth);
            open.clear();
        }
    }

    /// Takes in a line at the left margin; gives the name of the recipe that it begins.
    fn statement(&mut self, line: &str, host: &dyn Host, depth: usize) -> Option<String> {
        if let Some(setting) = line.strip_prefix("set ") {
            self.setting(setting);
        } else if let Some((name, target)) = line.strip_prefix("alias ").and_then(|rest| rest.split_once(":=")) {
            self.aliases.insert(name.trim().to_owned(), target.trim().to_owned());
        } else if let Some(name) = line.strip_prefix("import? ").or_else(|| line.strip_prefix("import ")) {
            let name = name.trim().trim_matches(['\'', '"']);
            if let Some(text) = host.text(name).filter(|_| depth < DEPTH_MAX) {
                self.read(&text, host, depth + 1);
            }
        } else if let Some((name, value)) = line.split_once(":=").filter(|(name, _)| !name.contains([':', '\'', '"', '`'])) {
            let exported = name.trim_start().starts_with("export ");
            let name = name.trim().trim_start_matches("export ").trim().to_owned();
            self.assignments.push((name, value.trim().to_owned(), exported));
        } else {
            return self.head(line, depth == 0);
        }
        None
    }

    fn setting(&mut self, setting: &str) {
        let (name, value) = setting.split_once(":=").map_or((setting.trim(), ""), |(name, value)| (name.trim(), value.trim()));
        match name {
            "shell" => self.shell = quoted(value),
            "positional-arguments" => self.positional = value != "false",
            "export" => self.exports_all = value != "false",
            _ => {}
        }
    }

    fn head(&mut self, line: &str, own: bool) -> Option<String> {
        let at = outside_quotes(line, ':')?;
        let (before, behind) = (line.get(..at)?, line.get(at + 1..)?);
        let mut words = pieces(before).into_iter();
        let name = words.next()?.trim_start_matches('@').to_owned();
        let parameters = words.map(|word| {
            let (name, default) =
                word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value.to_owned())));
            Parameter {
                name: name.trim_start_matches(['*', '+', '$']).to_owned(),
                default,
                rest: name.starts_with(['*', '+']),
                exported: name.contains('$'),
            }
        });
        let behind = behind.split(" #").next().unwrap_or_default();
        let (before, after) = behind.split_once("&&").unwrap_or((behind, ""));
        let recipe = Recipe { parameters: parameters.collect(), before: needs(before), behind: needs(after), body: Vec::new() };
        // What is imported is never the default.
        if own {
            self.first.get_or_insert_with(|| name.clone());
        }
        self.recipes.entry(name.clone()).or_default().push(recipe);
        Some(name)
    }
}

struct Following<'a> {
    justfile: &'a Justfile,
    file: &'a str,
    around: Around<'a>,
    run: Run,
}

impl Following<'_> {
    fn recipes(&self, name: &str) -> Option<Vec<Recipe>> {
        let name = self.justfile.aliases.get(name).map_or(name, String::as_str);
        self.justfile.recipes.get(name).cloned()
    }

    /// How many of the words behind a recipe's name are its arguments.
    fn takes(&self, name: &str, there: usize) -> Option<usize> {
        let recipes = self.recipes(name)?;
        let recipe = recipes.first()?;
        Some(if recipe.parameters.iter().any(|parameter| parameter.rest) { there } else { recipe.parameters.len().min(there) })
    }

    fn follow(&mut self, name: &str, arguments: &[String], depth: usize) {
        if depth >= DEPTH_MAX || self.run.steps.len() >= LINES_MAX {
            return;
        }
        for recipe in self.recipes(name).unwrap_or_default() {
            let values = self.values(&recipe, arguments);
            self.needs(&recipe.before, &values, depth);
            self.body(&recipe, &values);
            self.needs(&recipe.behind, &values, depth);
        }
    }

    fn values(&mut self, recipe: &Recipe, arguments: &[String]) -> BTreeMap<String, String> {
        let mut values = self.around.variables.clone();
        for (at, parameter) in recipe.parameters.iter().enumerate() {
            let given = arguments.get(at..).filter(|given| !given.is_empty());
            let given =
                given.map(|given| if parameter.rest { given.join(" ") } else { given.first().cloned().unwrap_or_default() });
            let default = || match &parameter.default {
                Some(default) => evaluate(default, &self.with(&values)),
                None if parameter.rest => String::new(),
                None => UNDETERMINED.to_owned(),
            };
            let value = given.unwrap_or_else(default);
            if parameter.exported || self.justfile.exports_all {
                self.run.variables.push((parameter.name.clone(), vec![value.clone()]));
            }
            values.insert(parameter.name.clone(), value);
        }
        if self.justfile.positional {
            let all: Vec<String> = arguments.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
            values.insert("@".to_owned(), all.join(" "));
        }
        values
    }

    fn with<'v>(&'v self, variables: &'v BTreeMap<String, String>) -> Around<'v> {
        Around {
            variables,
            ..Around {
                variables,
                output: self.around.output,
                environment: self.around.environment,
                directory: self.around.directory,
            }
        }
    }

    fn needs(&mut self, needs: &[Vec<String>], values: &BTreeMap<String, String>, depth: usize) {
        for need in needs {
            let Some((name, arguments)) = need.split_first() else { continue };
            let arguments: Vec<String> = arguments.iter().map(|text| evaluate(text, &self.with(values))).collect();
            self.follow(name, &arguments, depth + 1);
        }
    }

    fn body(&mut self, recipe: &Recipe, values: &BTreeMap<String, String>) {
        let Some((first, line)) = recipe.body.iter().find(|(text, _)| !text.trim().is_empty()) else { return };
        let indent = first.len() - first.trim_start().len();
        if let Some(interpreter) = first.trim_start().strip_prefix("#!") {
            let through = interpreter.split_whitespace().map(str::to_owned).collect();
            let lines: Vec<String> = recipe
                .body
                .iter()
                .map(|(text, _)| self.filled(text.get(indent..).unwrap_or(text.trim_start()), values))
                .collect();
            let text = bounded(lines.join("\n"));
            return self.push(Step { text, line: *line, through, at_input: true, ..Step::default() }, values);
        }
        let mut open = String::new();
        for (text, line) in &recipe.body {
            let bare = if open.is_empty() { text.trim_start() } else { text.as_str() };
            open.push_str(bare);
            if bare.ends_with('\\') {
                open.push('\n');
                continue;
            }
            let text = self.filled(open.trim_start_matches(['@', '-']), values);
            open.clear();
            if !text.trim().is_empty() && !text.starts_with('#') {
                let through = if is_usual(&self.justfile.shell) { Vec::new() } else { self.justfile.shell.clone() };
                self.push(Step { text: bounded(text), line: *line, through, ..Step::default() }, values);
            }
        }
    }

    fn push(&mut self, step: Step, values: &BTreeMap<String, String>) {
        if self.run.steps.len() >= LINES_MAX {
            return;
        }
        let text = match values.get("@").filter(|_| step.through.is_empty()) {
            Some(arguments) => format!("set -- {arguments}; {}", step.text),
            None => step.text,
        };
        self.run.steps.push(Step { text: beside_quotes(&text), file: self.file.to_owned(), ..step });
    }

    /// A line with its `{{…}}` filled in.
    fn filled(&self, line: &str, values: &BTreeMap<String, String>) -> String {
        let mut whole = String::new();
        let mut rest = line;
        while let Some((before, after)) = rest.split_once("{{") {
            whole.push_str(before);
            if let Some(after) = after.strip_prefix("{{") {
                whole.push_str("{{");
                rest = after;
                continue;
            }
            let Some((inner, behind)) = after.split_once("}}") else { break };
            whole.push_str(&evaluate(inner, &self.with(values)));
            rest = behind;
        }
        whole.push_str(rest);
        whole
    }
}

fn bounded(text: String) -> String {
    if text.len() > 8 * LINE_MAX_BYTES { UNDETERMINED.to_owned() } else { text }
}

/// Whether a setting names a shell that reads as bash does.
fn is_usual(shell: &[String]) -> bool {
    shell.first().is_none_or(|program| matches!(program.rsplit('/').next(), Some("bash" | "dash" | "sh" | "zsh")))
}

/// The texts in quotes.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['"', '\'']) {
        let (_, from) = rest.split_at_checked(at).unwrap_or_default();
        let quote = from.chars().next().unwrap_or('"');
        let Some((inner, behind)) = from.get(1..).unwrap_or_default().split_once(quote) else { break };
        found.push(inner.to_owned());
        rest = behind;
    }
    found
}

/// Where a letter stands first outside of quotes and brackets.
fn outside_quotes(line: &str, wanted: char) -> Option<usize> {
    let (mut quote, mut depth) = (None, 0_usize);
    for (at, letter) in line.char_indices() {
        match (quote, letter) {
            (Some(open), letter) if open == letter => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'' | '`') => quote = Some(letter),
            (None, '(') => depth += 1,
            (None, ')') => depth = depth.saturating_sub(1),
            (None, letter) if letter == wanted && depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Words between blanks outside of quotes and brackets.
fn pieces(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = outside_quotes(rest, ' ').unwrap_or(rest.len());
        let (word, behind) = rest.split_at_checked(end).unwrap_or((rest, ""));
        found.push(word.to_owned());
        rest = behind.trim_start();
    }
    found
}

/// What a recipe depends on: names, or names with arguments in brackets.
fn needs(text: &str) -> Vec<Vec<String>> {
    pieces(text)
        .iter()
        .map(|word| match word.strip_prefix('(').and_then(|word| word.strip_suffix(')')) {
            Some(inner) => pieces(inner),
            None => vec![word.clone()],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Host for Nothing {
        fn text(&self, name: &str) -> Option<String> {
            (name == "more.just").then(|| "more:\n  echo more\n".to_owned())
        }
        fn output(&self, _command: &str) -> String {
            UNDETERMINED.to_owned()
        }
        fn variable(&self, _name: &str) -> Option<String> {
            None
        }
    }

    fn steps(text: &str, words: &[&str]) -> Option<Vec<Step>> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        run(text, "justfile", &words, &BTreeMap::new(), "/p", &Nothing).map(|run| run.steps)
    }

    fn texts(text: &str, words: &[&str]) -> Option<Vec<String>> {
        Some(steps(text, words)?.into_iter().map(|step| step.text).collect())
    }

    #[test]
    fn recipes_run_with_what_they_need_and_are_given() {
        let text = "out := 'build'\nalias c := clean\n\ndefault: test\n\n# a comment\n@clean dir=\"dist\": \n    @rm -rf {{out}} {{dir}}\n\ntest *args:\n    cargo test {{args}} {{ read('x') }}\n";
        assert_eq!(texts(text, &["c"]).unwrap(), ["rm -rf build dist"]);
        assert_eq!(texts(text, &["clean", "~"]).unwrap(), ["rm -rf build ~"]);
        assert_eq!(texts(text, &["test", "-x", "y"]).unwrap(), [format!("cargo test -x y {UNDETERMINED}")]);
        assert_eq!(texts(text, &["nothing"]), None);
        assert_eq!(texts(text, &[]).unwrap().len(), 1);
    }

    #[test]
    fn expressions_are_evaluated() {
        let text = "a := 'x'\nb := a + '-' + \"y\" / 'z'\nc := if a == 'x' { 'p' } else { 'q' }\nd := env_var_or_default('D', 'e')\nv := `git describe`\nr (k): \nx: (y b c) && z\n  echo {{ c }} {{d}} {{ v }} {{justfile_directory()}}\ny one two='2':\n  rm {{one}} {{two}}\nz: \n  echo z\nimport 'more.just'\n";
        assert_eq!(
            texts(text, &["x"]).unwrap(),
            ["git describe".to_owned(), "rm x-y/z p".to_owned(), format!("echo p e {UNDETERMINED} /p"), "echo z".to_owned(),]
        );
        assert_eq!(texts(text, &["more"]).unwrap().last().unwrap(), "echo more");
    }

    #[test]
    fn a_recipe_with_an_interpreter_is_one_script() {
        let text = "a:\n    #!/usr/bin/env python3\n    import os\n\n    if x:\n        y()\n";
        let only = steps(text, &["a"]).unwrap().remove(0);
        assert_eq!(only.text, "#!/usr/bin/env python3\nimport os\n\nif x:\n    y()");
        assert_eq!((only.through, only.at_input), (vec!["/usr/bin/env".to_owned(), "python3".to_owned()], true));
        let fish = steps("set shell := [\"fish\", \"-c\"]\na:\n  b\n", &["a"]).unwrap().remove(0);
        assert_eq!(fish.through, ["fish", "-c"]);
    }
}
