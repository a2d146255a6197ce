//! Scripts of `package.json`: `npm run NAME` and the other ways to say so, in one package or in all of a workspace.

use super::super::options::Line;
use super::super::syntax::Span;
use super::super::value::{Field, Value};
use super::super::walker::Walker;
use super::super::wrapper::{leading, parse_with};
use super::Recipe;
use crate::recipe::scripts::{self, Script};
use crate::recipe::{DEPTH_MAX, Step};
use crate::world::absolute;

/// Options in front of a package manager's word that take a value.
const VALUED: [&str; 10] =
    ["--prefix", "-C", "--dir", "--cwd", "--loglevel", "--filter", "-F", "--scope", "--registry", "--node-options"];
/// Those of npm that name a workspace; to pnpm `-w` is a switch for the package around all others.
const NPM_VALUED: [&str; 2] = ["-w", "--workspace"];
/// Most packages of a workspace that are read for one command.
const PACKAGES_MAX: usize = 32;

/// What the words of a package manager's command ask for.
enum Asked {
    /// Scripts that run by themselves with one of its own words.
    Around(&'static [&'static str]),
    /// A script, with the words behind its name.
    Script(String, usize),
    /// Nothing that runs a script.
    Nothing,
}

impl Walker<'_> {
    pub(super) fn package_scripts(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let (line, used) = leading(arguments, &valued(program));
        let words = arguments.get(used..).unwrap_or_default();
        if program == "yarn" && words.first().and_then(Field::known).as_deref() == Some("workspace") {
            let Some(name) = words.get(1).and_then(Field::known) else { return };
            let Some((root, text, _)) = self.nearest_text(&package_json(), directory) else { return };
            return self.asked_in(program, words.get(2..).unwrap_or_default(), &self.workspaces(&root, &text, Some(&name)), span);
        }
        let mut inside = directory.to_owned();
        for moved in ["--prefix", "-C", "--dir", "--cwd"].iter().flat_map(|name| line.values(name)) {
            let Some(moved) = moved.known() else { return };
            inside = absolute(&moved, &inside);
        }
        let Some((path, text, _)) = self.nearest_text(&package_json(), &inside) else { return };
        let (behind, _) = parse_with(words.get(1..).unwrap_or_default(), &valued(program));
        // `-ws` is a word of its own, and not `-w s`.
        let all = arguments.iter().any(|word| word.known().as_deref() == Some("-ws"));
        let named = self.names_workspace(&line).or_else(|| self.names_workspace(&behind)).filter(|_| !all);
        let packages = match (named, all || is_recursive(&line) || is_recursive(&behind)) {
            (Some(name), _) => self.workspaces(&path, &text, Some(&name)),
            (None, true) => self.workspaces(&path, &text, None),
            (None, false) => vec![(path, text)],
        };
        let words =
            if words.first().and_then(Field::known).as_deref() == Some("workspaces") { words.get(1..) } else { Some(words) };
        self.asked_in(program, words.unwrap_or_default(), &packages, span);
    }

    /// What is asked for, in each of some packages.
    fn asked_in(&mut self, program: &str, words: &[Field], packages: &[(String, String)], span: &Span) {
        match asked(program, words) {
            Asked::Around(names) => {
                for (path, text) in packages {
                    let found: Vec<Script> = names.iter().filter_map(|name| scripts::script(text, name)).collect();
                    self.package_recipe(program, path, names.first().copied().unwrap_or_default(), found, span);
                }
            }
            Asked::Nothing => {}
            Asked::Script(name, behind) => {
                let more = handed_on(program, words.get(behind..).unwrap_or_default());
                for (path, text) in packages {
                    self.package_script(program, path, text, &name, &more, span);
                }
            }
        }
    }

    fn package_script(&mut self, program: &str, path: &str, text: &str, name: &str, more: &[String], span: &Span) {
        let Some(mut found) = scripts::package(text, name) else { return };
        let quoted: String = more.iter().map(|word| format!(" '{}'", word.replace('\'', "'\\''"))).collect();
        found.iter_mut().filter(|script| script.name == name).for_each(|script| script.text.push_str(&quoted));
        self.package_recipe(program, path, name, found, span);
    }

    fn package_recipe(&mut self, program: &str, path: &str, name: &str, found: Vec<Script>, span: &Span) {
        let steps = Step::all(path, found.into_iter().map(|script| script.text).collect());
        let directory = path.rsplit_once('/').map_or("/", |(place, _)| place).to_owned();
        let recipe = Recipe { name: format!("{path} {name}"), steps: &steps, variables: &[], program, directory: &directory };
        self.recipe(&recipe, span);
    }

    fn names_workspace(&self, line: &Line) -> Option<String> {
        ["-w", "--workspace", "--filter", "-F", "--scope"].iter().flat_map(|name| line.values(name)).find_map(Field::known)
    }

    /// The packages of a workspace: all, or those that are named so. Patterns of packages are taken as all.
    fn workspaces(&self, root: &str, text: &str, name: Option<&str>) -> Vec<(String, String)> {
        let place = root.rsplit_once('/').map_or("/", |(place, _)| place);
        let name = name.filter(|name| !name.contains(['*', '{', '!', '[']) && !name.contains("..."));
        if let Some(found) = name.and_then(|name| self.first_text(&package_json(), &absolute(name, place))) {
            return vec![found];
        }
        let mut patterns = scripts::workspaces(text);
        if let Some((_, text)) = self.first_text(&["pnpm-workspace.yaml".to_owned()], place) {
            patterns.extend(scripts::pnpm_workspaces(&text));
        }
        // Where no workspace is described, every package below is one, and this is the first of them.
        if patterns.is_empty() {
            return vec![(root.to_owned(), text.to_owned())];
        }
        let mut found: Vec<(String, String)> = Vec::new();
        for pattern in patterns.iter().filter(|pattern| !pattern.starts_with('!')) {
            let files = absolute(&format!("{}/package.json", pattern.trim_end_matches('/')), place);
            let paths: Vec<String> = if files.contains(['*', '?', '{']) {
                self.world.matches(&files).unwrap_or_default().to_vec()
            } else {
                vec![files]
            };
            let texts = paths.into_iter().take(PACKAGES_MAX).filter_map(|path| self.first_text(std::slice::from_ref(&path), "/"));
            found.extend(texts.filter(|(_, text)| name.is_none_or(|name| scripts::is_named(text, name))));
        }
        found.truncate(PACKAGES_MAX);
        found
    }

    /// `concurrently "npm:watch-*"`: scripts by name or pattern; `false` where a word is none.
    pub(in super::super) fn runs_named_script(
        &mut self,
        program: &str,
        word: &Field,
        directory: Option<&str>,
        span: &Span,
    ) -> bool {
        let named = word.known().and_then(|word| {
            let (manager, pattern) = word.split_once(':')?;
            super::MANAGERS.contains(&manager).then(|| pattern.to_owned())
        });
        let (Some(pattern), Some(directory)) = (named, directory) else { return false };
        let word = Field::new(Value::text(pattern), word.span.clone());
        self.run_all(program, &[word], directory, span);
        true
    }

    /// `run-s a b`, `run-p 'build:*'`, `npm-run-all`: scripts by name or pattern, in the package around.
    pub(super) fn run_all(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let Some((path, text, _)) = self.nearest_text(&package_json(), directory) else { return };
        let words = arguments.iter().filter_map(Field::known).take_while(|word| word != "--");
        for word in words.filter(|word| !word.starts_with('-')) {
            let (pattern, more) = word.split_once(' ').unwrap_or((&word, ""));
            for name in scripts::names(&text, pattern).into_iter().take(DEPTH_MAX) {
                let more: Vec<String> = more.split_whitespace().map(str::to_owned).collect();
                self.package_script(program, &path, &text, &name, &more, span);
            }
        }
    }

    /// `turbo run build`, `nx run-many -t test`, `lerna run lint`: the script of that name in every package that has one.
    pub(super) fn run_everywhere(&mut self, program: &str, arguments: &[Field], directory: &str, span: &Span) {
        let Some((path, text, _)) = self.nearest_text(&package_json(), directory) else { return };
        let words: Vec<String> = arguments.iter().filter_map(Field::known).take_while(|word| word != "--").collect();
        let mut names: Vec<String> = Vec::new();
        for word in words.iter().filter(|word| !word.starts_with("--") || word.starts_with("--target")) {
            let bare = word.rsplit_once('=').map_or(word.as_str(), |(_, value)| value);
            names.extend(bare.split(',').map(|name| name.rsplit_once(['#', ':']).map_or(name, |(_, name)| name).to_owned()));
            names.push(bare.to_owned());
        }
        let mut packages = self.workspaces(&path, &text, None);
        packages.push((path, text));
        for (path, text) in packages {
            for name in &names {
                self.package_script(program, &path, &text, name, &[], span);
            }
        }
    }
}

fn valued(program: &str) -> Vec<&'static str> {
    let of_npm: &[&str] = if program == "npm" { &NPM_VALUED } else { &[] };
    VALUED.iter().chain(of_npm).copied().collect()
}

fn package_json() -> [String; 1] {
    ["package.json".to_owned()]
}

/// The words that a script gets: npm keeps the options in front of `--` for itself.
fn handed_on(program: &str, words: &[Field]) -> Vec<String> {
    let end = words.iter().position(|word| word.known().as_deref() == Some("--")).unwrap_or(words.len());
    let (before, behind) = words.split_at_checked(end).unwrap_or_default();
    let before: Vec<Field> = if program == "npm" { parse_with(before, &valued(program)).0.operands } else { before.to_vec() };
    before.iter().chain(behind.iter().skip(1)).map(Field::shown).collect()
}

fn is_recursive(line: &Line) -> bool {
    ["--workspaces", "-ws", "-r", "--recursive"].iter().any(|name| line.has_exactly(name))
}

/// What the words behind a package manager's name ask for.
fn asked(program: &str, words: &[Field]) -> Asked {
    let known = |at: usize| words.get(at).and_then(Field::known);
    let Some(first) = known(0) else {
        return if program == "yarn" && words.is_empty() { Asked::Around(&scripts::INSTALL) } else { Asked::Nothing };
    };
    let word = if program == "npm" { scripts::npm_command(&first).unwrap_or(&first) } else { first.as_str() };
    match word {
        "run" | "run-script" | "foreach" => {
            let at = words
                .iter()
                .skip(1)
                .position(|word| !word.value.head().starts_with('-') && word.known().as_deref() != Some("run"));
            let Some(at) = at.map(|at| at + 1) else { return Asked::Nothing };
            known(at).map_or(Asked::Nothing, |name| Asked::Script(name, at + 1))
        }
        "install" | "ci" | "add" | "i" | "install-test" | "install-ci-test" | "link" | "rebuild" => {
            Asked::Around(&scripts::INSTALL)
        }
        "pack" | "publish" => Asked::Around(&scripts::PACK),
        "version" if words.len() > 1 => Asked::Around(&scripts::VERSION),
        "t" | "tst" | "test" => Asked::Script("test".to_owned(), 1),
        "restart" | "start" | "stop" => Asked::Script(word.to_owned(), 1),
        _ if program != "npm" => Asked::Script(first, 1),
        _ => Asked::Nothing,
    }
}
