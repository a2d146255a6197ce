//! Programs of packages that are fetched when they are called: `npx`, `uvx`, `pnpm dlx` and their like.
//!
//! *In scope:* whether anybody can know what runs: it is installed in the project, or data describe it. Anything else is code
//! that is not seen before it runs.

use holdpoint_core::question::{FileKind, PathFacts, Place};

use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use super::wrapper::leading;
use super::wrappers::RUNNER;
use crate::families;
use crate::world::absolute;

/// Most directories, from the working one upwards, in which an installed program is looked for.
const AROUND_MAX: usize = 4;

impl Walker<'_> {
    /// `npx NAME`: a program of the project where it is installed, otherwise one that is fetched first and seen by nobody.
    pub(super) fn fetched(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let (line, used) = leading(arguments, RUNNER.valued);
        let packages: Vec<String> = ["-p", "--package", "--from", "--spec", "--with"]
            .iter()
            .flat_map(|name| line.values(name))
            .map(Field::shown)
            .collect();
        let called = line.values("-c").chain(line.values("--call")).next().is_some();
        let rest = arguments.get(used..).unwrap_or_default();
        let named = if packages.is_empty() { rest.first().map(Field::shown).into_iter().collect() } else { packages };
        for package in named.iter().filter(|package| !package.is_empty()) {
            if !is_known_package(package) && !self.is_installed(package, directory) {
                self.unseen_code(program, &format!("`{package}`, which is fetched and not read"), span);
            }
        }
        match rest.split_first() {
            Some((name, words)) if !called => {
                let bare = Field::new(Value::text(package_name(&name.shown())), name.span.clone());
                let bare = if name.known().is_some() { bare } else { name.clone() };
                let words: Vec<Field> = std::iter::once(bare).chain(words.iter().cloned()).collect();
                self.run_words(&words, directory, span);
            }
            _ => self.simple_wrapper(&RUNNER, arguments, directory, span),
        }
    }

    /// Whether a package's program lies where the project keeps those of its dependencies.
    fn is_installed(&self, package: &str, directory: Option<&str>) -> bool {
        let Some(directory) = directory.filter(|_| self.site == Site::Here) else { return false };
        let name = package_name(package);
        let own = |facts: &PathFacts| facts.place == Place::WorkTree && matches!(facts.kind, FileKind::File | FileKind::Symlink);
        let exists = |path: String| self.world.path(&path).is_some_and(own);
        // A package of a workspace finds the programs of those around it.
        let around = std::iter::successors(Some(directory), |inner| inner.rsplit_once('/').map(|(outer, _)| outer));
        around.take(AROUND_MAX).any(|place| {
            ["node_modules/.bin", ".venv/bin"].iter().any(|programs| exists(absolute(&format!("{programs}/{name}"), place)))
        })
    }
}

/// A package without scope and version: `@scope/name@1.2` is `name`, `ruff>=0.5` is `ruff`.
fn package_name(package: &str) -> &str {
    let unscoped = package.strip_prefix('@').and_then(|rest| rest.split_once('/')).map_or(package, |(_, name)| name);
    unscoped.split(['@', '=', '>', '<', '~', '[', '!']).next().unwrap_or(unscoped)
}

/// Whether a package is one that data describe. An address, a directory or a repository of a forge is none.
fn is_known_package(package: &str) -> bool {
    let name = package_name(package);
    match package.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, _)) => families::is_package(&format!("@{scope}/{name}")),
        None if package.contains([':', '/']) || name.is_empty() => false,
        None => families::command(name).is_some() || families::is_package(name),
    }
}
