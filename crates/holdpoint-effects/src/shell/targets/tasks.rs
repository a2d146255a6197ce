//! `just`, `task`, `composer`, `deno task`, and aliases of cargo: which file they read, and what it says that they run.

use std::collections::BTreeMap;

use super::super::syntax::Span;
use super::super::value::{Field, Value};
use super::super::walker::{Site, Walker};
use super::super::wrapper::{leading, parse_with};
use super::Recipe;
use super::prints::{prints, text_of};
use crate::recipe::justfile::{self, Host};
use crate::recipe::{Step, UNDETERMINED, project, scripts, taskfile};
use crate::world::absolute;

/// Options of just that take a value.
const JUST_VALUED: [&str; 10] = [
    "-f",
    "--justfile",
    "-d",
    "--working-directory",
    "--dotenv-path",
    "-E",
    "--dotenv-filename",
    "--color",
    "--shell",
    "--chooser",
];
/// Options with which just runs nothing.
const JUST_LOOKS: [&str; 14] = [
    "-l",
    "--list",
    "-n",
    "--dry-run",
    "-s",
    "--show",
    "--summary",
    "--evaluate",
    "--dump",
    "--groups",
    "--variables",
    "-V",
    "--version",
    "--help",
];
/// Options with which task runs nothing.
const TASK_LOOKS: [&str; 11] =
    ["-l", "--list", "-a", "--list-all", "-n", "--dry", "--summary", "--status", "-h", "--help", "--version"];

impl Walker<'_> {
    pub(super) fn just_targets(&mut self, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) = leading(arguments, &JUST_VALUED);
        if line.options.iter().any(|given| JUST_LOOKS.contains(&given.name.as_str())) {
            return;
        }
        let named: Vec<String> = line.values("-f").chain(line.values("--justfile")).filter_map(Field::known).collect();
        let usual = ["justfile", "Justfile", ".justfile"].map(str::to_owned);
        let words: Option<Vec<String>> = arguments.get(used..).unwrap_or_default().iter().map(Field::known).collect();
        let found = match named.first() {
            Some(file) => {
                self.first_text(std::slice::from_ref(file), directory).map(|(path, text)| (path, text, directory.to_owned()))
            }
            None => self.nearest_text(&usual, directory),
        };
        let (Some(words), Some((path, text, mut inside))) = (words, found) else { return };
        if let Some(moved) = line.values("-d").chain(line.values("--working-directory")).find_map(Field::known) {
            inside = absolute(&moved, directory);
        }
        let mut given: BTreeMap<String, String> = BTreeMap::new();
        let is_given = |word: &&String| {
            word.split_once('=').is_some_and(|(name, _)| !name.is_empty() && !name.contains([' ', '-', '/', '.']))
        };
        let leading_words = words.iter().take_while(is_given).count();
        let (set, words) = words.split_at_checked(leading_words).unwrap_or_default();
        given.extend(set.iter().filter_map(|word| word.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())));
        let file = path.rsplit('/').next().unwrap_or_default();
        let host = TaskHost { walker: self, directory: &inside };
        let Some(run) = justfile::run(&text, file, words, &given, &inside, &host) else { return };
        let name = format!("{path} {}", words.join(" "));
        let recipe = Recipe { name, steps: &run.steps, variables: &run.variables, program: "just", directory: &inside };
        self.recipe(&recipe, span);
    }

    pub(super) fn task_targets(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) =
            leading(arguments, &["-t", "--taskfile", "-d", "--dir", "-o", "--output", "-C", "--concurrency", "-I", "--interval"]);
        if line.options.iter().any(|given| TASK_LOOKS.contains(&given.name.as_str())) {
            return;
        }
        let usual = ["Taskfile.yml", "taskfile.yml", "Taskfile.yaml", "taskfile.yaml", "Taskfile.dist.yml"].map(str::to_owned);
        let mut from = directory.to_owned();
        if let Some(moved) = line.values("-d").chain(line.values("--dir")).find_map(Field::known) {
            from = absolute(&moved, directory);
        }
        let named: Vec<String> = line.values("-t").chain(line.values("--taskfile")).filter_map(Field::known).collect();
        let found = match named.first() {
            Some(file) => self.first_text(std::slice::from_ref(file), directory).map(|(path, text)| {
                let place = path.rsplit_once('/').map_or("/", |(place, _)| place).to_owned();
                (path, text, place)
            }),
            None => self.nearest_text(&usual, &from),
        };
        let words: Vec<String> = arguments.get(used..).unwrap_or_default().iter().map(|word| text_of(&word.value)).collect();
        let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let (names, behind) = words.split_at_checked(end).unwrap_or_default();
        let (given, names): (Vec<String>, Vec<String>) =
            names.iter().filter(|word| !word.starts_with('-')).cloned().partition(|word| word.contains('='));
        let mut given: BTreeMap<String, String> = given
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        given.insert("CLI_ARGS".to_owned(), behind.iter().skip(1).cloned().collect::<Vec<_>>().join(" "));
        let Some((path, text, inside)) = found else {
            // taskipy has the same name.
            return self.project_tasks("taskipy", arguments, directory, span);
        };
        let host = TaskHost { walker: self, directory: &inside };
        let file = path.rsplit('/').next().unwrap_or_default();
        let Some(run) = taskfile::run(&text, file, &names, &given, &|command| host.output(command)) else { return };
        let name = format!("{path} {}", names.join(" "));
        let recipe = Recipe { name, steps: &run.steps, variables: &run.variables, program, directory: &inside };
        self.recipe(&recipe, span);
    }

    pub(super) fn composer_scripts(&mut self, arguments: &[Field], directory: &str, span: &Span) {
        let words: Vec<String> = arguments.iter().filter_map(Field::known).filter(|word| !word.starts_with('-')).collect();
        let name = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            ["run" | "run-script", name, ..] | [name, ..] => (*name).to_owned(),
            [] => return,
        };
        let Some((path, text, inside)) = self.nearest_text(&["composer.json".to_owned()], directory) else { return };
        let lines = scripts::composer(&text, &name).unwrap_or_default();
        let (name, steps) = (format!("{path} {name}"), Step::all(&path, lines));
        self.recipe(&Recipe { name, steps: &steps, variables: &[], program: "composer", directory: &inside }, span);
    }

    /// `poe NAME`, `pdm run NAME`, `hatch run NAME`, `mise run NAME`: tasks that the project's description holds.
    pub(super) fn project_tasks(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let words: Vec<String> = arguments.iter().filter_map(Field::known).filter(|word| !word.starts_with('-')).collect();
        let words =
            if words.first().is_some_and(|word| matches!(word.as_str(), "r" | "run")) { words.get(1..) } else { words.get(..) };
        let Some((name, more)) = words.and_then(<[String]>::split_first) else { return };
        let files = if program == "mise" {
            ["mise.toml", ".mise.toml", ".config/mise.toml"].map(str::to_owned).to_vec()
        } else {
            vec!["pyproject.toml".to_owned()]
        };
        let Some((path, text, inside)) = self.nearest_text(&files, directory) else { return };
        let Some(mut texts) = project::task(&text, program, name) else { return };
        let quoted: String = more.iter().map(|word| format!(" '{}'", word.replace('\'', "'\\''"))).collect();
        if let Some(last) = texts.last_mut() {
            last.push_str(&quoted);
        }
        let (name, steps) = (format!("{path} {program} {name}"), Step::all(&path, texts));
        self.recipe(&Recipe { name, steps: &steps, variables: &[], program, directory: &inside }, span);
    }

    /// `pre-commit run`: the hooks that the project writes out itself.
    pub(super) fn hooks(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, _) =
            parse_with(arguments, &["-c", "--config", "--files", "--hook-stage", "--from-ref", "--to-ref", "--color"]);
        let words: Vec<String> = line.operands.iter().filter_map(Field::known).collect();
        if words.first().map(String::as_str) != Some("run") {
            return;
        }
        let named: Vec<String> = line.values("-c").chain(line.values("--config")).filter_map(Field::known).collect();
        let files = if named.is_empty() { vec![".pre-commit-config.yaml".to_owned()] } else { named };
        let Some((path, text, inside)) = self.nearest_text(&files, directory) else { return };
        let hooks = project::hooks(&text, words.get(1).map(String::as_str)).unwrap_or_default();
        let step = |(text, line): (String, usize)| Step { text, line, file: path.clone(), ..Step::default() };
        let steps: Vec<Step> = hooks.into_iter().map(step).collect();
        let name = format!("{path} {}", words.join(" "));
        self.recipe(&Recipe { name, steps: &steps, variables: &[], program, directory: &inside }, span);
    }

    /// `deno task NAME`.
    pub(in super::super) fn deno_task(&mut self, name: &str, directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let usual = ["deno.json".to_owned(), "deno.jsonc".to_owned()];
        let Some((path, text, directory)) = self.nearest_text(&usual, directory) else { return };
        let lines = scripts::deno(&text, name).unwrap_or_default();
        let (name, steps) = (format!("{path} {name}"), Step::all(&path, lines));
        self.recipe(&Recipe { name, steps: &steps, variables: &[], program: "deno", directory: &directory }, span);
    }

    /// `cargo NAME` where that is an alias of the project; `false` where it is none.
    pub(in super::super) fn cargo_alias(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return false };
        let Some((first, rest)) = arguments.split_first() else { return false };
        let Some(name) =
            first.known().filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
        else {
            return false;
        };
        let path = absolute(".cargo/config.toml", directory);
        if self.is_rewritten(&path) || self.reading.contains(&path) {
            return false;
        }
        let Some(words) = self.world.file_text(&path).and_then(|text| scripts::cargo_alias(text, &name)) else { return false };
        let words = words.into_iter().map(|word| Field::new(Value::text(word), first.span.clone()));
        let cargo = Field::new(Value::text("cargo"), first.span.clone());
        let words: Vec<Field> = std::iter::once(cargo).chain(words).chain(rest.iter().cloned()).collect();
        self.reading.insert(path.clone());
        self.run_words(&words, Some(directory), span);
        self.reading.remove(&path);
        true
    }
}

/// What a justfile or Taskfile may ask.
struct TaskHost<'a, 'w> {
    walker: &'a Walker<'w>,
    directory: &'a str,
}

impl Host for TaskHost<'_, '_> {
    fn text(&self, name: &str) -> Option<String> {
        let path = absolute(name, self.directory);
        self.walker.world.file_text(&path).filter(|_| !self.walker.is_rewritten(&path)).map(str::to_owned)
    }

    fn output(&self, command: &str) -> String {
        match prints(self.walker, command, self.directory).as_slice() {
            [only] => only.clone(),
            _ => UNDETERMINED.to_owned(),
        }
    }

    fn variable(&self, name: &str) -> Option<String> {
        super::set_variable(self.walker, name)
    }
}
