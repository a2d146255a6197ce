//! Scripts of `package.json`, tasks of `deno.json`, scripts of `composer.json`, aliases of cargo's `config.toml`.

use serde_json::Value;

use super::yaml::Node;
use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX};

/// A script of a `package.json`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// What installing a package runs of the project itself.
pub(crate) const INSTALL: [&str; 8] =
    ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare", "dependencies"];
/// What packing it runs, to publish it or not.
pub(crate) const PACK: [&str; 6] = ["prepublishOnly", "prepack", "prepare", "postpack", "publish", "postpublish"];
/// What giving it a new version runs.
pub(crate) const VERSION: [&str; 3] = ["preversion", "version", "postversion"];

/// Commands of npm, and other names of some (docs.npmjs.com/cli): npm takes any beginning that only one of them has.
const NPM: [(&str, &str); 111] = [
    ("access", ""),
    ("add", "install"),
    ("adduser", ""),
    ("audit", ""),
    ("author", "owner"),
    ("bugs", ""),
    ("c", "config"),
    ("cache", ""),
    ("ci", ""),
    ("cit", "install-ci-test"),
    ("clean-install", "ci"),
    ("clean-install-test", "install-ci-test"),
    ("completion", ""),
    ("config", ""),
    ("create", "init"),
    ("ddp", "dedupe"),
    ("dedupe", ""),
    ("deprecate", ""),
    ("diff", ""),
    ("dist-tag", ""),
    ("dist-tags", "dist-tag"),
    ("docs", ""),
    ("doctor", ""),
    ("edit", ""),
    ("exec", ""),
    ("explain", ""),
    ("explore", ""),
    ("find", "search"),
    ("find-dupes", ""),
    ("fund", ""),
    ("get", ""),
    ("help", ""),
    ("help-search", ""),
    ("home", "docs"),
    ("hook", ""),
    ("i", "install"),
    ("ic", "ci"),
    ("info", "view"),
    ("init", ""),
    ("innit", "init"),
    ("install", ""),
    ("install-ci-test", ""),
    ("install-clean", "ci"),
    ("install-test", ""),
    ("isntall", "install"),
    ("isntall-clean", "ci"),
    ("issues", "bugs"),
    ("it", "install-test"),
    ("la", "ls"),
    ("link", ""),
    ("list", "ls"),
    ("ll", "ls"),
    ("ln", "link"),
    ("login", ""),
    ("logout", ""),
    ("ls", ""),
    ("ogr", "org"),
    ("org", ""),
    ("outdated", ""),
    ("owner", ""),
    ("pack", ""),
    ("ping", ""),
    ("pkg", ""),
    ("prefix", ""),
    ("profile", ""),
    ("prune", ""),
    ("publish", ""),
    ("query", ""),
    ("r", "uninstall"),
    ("rb", "rebuild"),
    ("rebuild", ""),
    ("remove", "uninstall"),
    ("repo", ""),
    ("restart", ""),
    ("rm", "uninstall"),
    ("root", ""),
    ("rum", "run"),
    ("run", ""),
    ("run-script", "run"),
    ("s", "search"),
    ("sbom", ""),
    ("se", "search"),
    ("search", ""),
    ("set", ""),
    ("show", "view"),
    ("shrinkwrap", ""),
    ("star", ""),
    ("stars", ""),
    ("start", ""),
    ("stop", ""),
    ("t", "test"),
    ("team", ""),
    ("test", ""),
    ("token", ""),
    ("tst", "test"),
    ("un", "uninstall"),
    ("uninstall", ""),
    ("unlink", "uninstall"),
    ("unpublish", ""),
    ("unstar", ""),
    ("up", "update"),
    ("update", ""),
    ("upgrade", "update"),
    ("urn", "run"),
    ("v", "view"),
    ("verison", "version"),
    ("version", ""),
    ("view", ""),
    ("whoami", ""),
    ("why", "explain"),
    ("x", "exec"),
];

/// The command that npm takes a word for; nothing where it takes it for none.
pub(crate) fn npm_command(word: &str) -> Option<&'static str> {
    let mut beginning = NPM.iter().filter(|(name, _)| name.starts_with(word));
    let found = NPM.iter().find(|(name, _)| *name == word).or_else(|| match (beginning.next(), beginning.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    })?;
    Some(if found.1.is_empty() { found.0 } else { found.1 })
}

fn scripts_of(text: &str) -> Vec<Script> {
    let Ok(package) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let scripts = package.get("scripts").and_then(Value::as_object).into_iter().flatten();
    let scripts = scripts.filter_map(|(name, text)| Some(Script { name: name.clone(), text: text.as_str()?.to_owned() }));
    scripts.filter(|script| bounded(&script.text)).collect()
}

/// One script, without those around it.
pub(crate) fn script(text: &str, name: &str) -> Option<Script> {
    scripts_of(text).into_iter().find(|script| script.name == name)
}

/// The scripts that `npm run NAME` runs, those before and behind it included; nothing where there is no such script.
pub(crate) fn package(text: &str, name: &str) -> Option<Vec<Script>> {
    let all = scripts_of(text);
    let find = |name: &str| all.iter().find(|script| script.name == name).cloned();
    find(name)?;
    Some([format!("pre{name}"), name.to_owned(), format!("post{name}")].iter().filter_map(|name| find(name)).collect())
}

/// The names of the scripts that fit a pattern of npm-run-all: `*` stands for what has no colon, `**` for anything.
pub(crate) fn names(text: &str, pattern: &str) -> Vec<String> {
    let fits = |name: &str| match pattern.split_once('*') {
        None => name == pattern,
        Some((head, tail)) => name.strip_prefix(head).is_some_and(|rest| {
            let tail = tail.trim_start_matches('*');
            rest.ends_with(tail) && (pattern.contains("**") || !rest.contains(':'))
        }),
    };
    scripts_of(text).into_iter().map(|script| script.name).filter(|name| fits(name)).collect()
}

/// Where the packages of a workspace lie, as its root says.
pub(crate) fn workspaces(text: &str) -> Vec<String> {
    let Ok(package) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let listed = package.get("workspaces").map(|listed| listed.get("packages").unwrap_or(listed));
    let patterns = listed.and_then(Value::as_array).into_iter().flatten();
    patterns.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// The same, as `pnpm-workspace.yaml` says.
pub(crate) fn pnpm_workspaces(text: &str) -> Vec<String> {
    let root = Node::read(text);
    let packages = root.as_ref().and_then(|root| root.at("packages")).map_or(&[][..], Node::items);
    packages.iter().filter_map(Node::text).map(str::to_owned).collect()
}

/// Whether a package has this name, with or without the scope in front of it.
pub(crate) fn is_named(text: &str, name: &str) -> bool {
    let package = serde_json::from_str::<Value>(text).ok();
    let own = package.as_ref().and_then(|package| package.get("name")).and_then(Value::as_str);
    own.is_some_and(|own| own == name || own.rsplit('/').next() == Some(name))
}

/// The texts of a task of Deno and of those it depends on.
pub(crate) fn deno(text: &str, name: &str) -> Option<Vec<String>> {
    let file: Value = serde_json::from_str(text).ok()?;
    let tasks = file.get("tasks")?;
    let (mut texts, mut open) = (Vec::new(), vec![name.to_owned()]);
    for at in 0..DEPTH_MAX {
        let Some(name) = open.get(at).cloned() else { break };
        let Some(task) = tasks.get(&name) else { continue };
        texts.extend(task.as_str().or_else(|| task.get("command")?.as_str()).map(str::to_owned).filter(|text| bounded(text)));
        let needs = task.get("dependencies").and_then(Value::as_array).into_iter().flatten();
        open.extend(needs.filter_map(Value::as_str).map(str::to_owned));
    }
    (!texts.is_empty()).then_some(texts)
}

/// The texts of a script of Composer: `@name` is another one, `@php` the interpreter, a class is PHP and nothing that is read.
pub(crate) fn composer(text: &str, name: &str) -> Option<Vec<String>> {
    let file: Value = serde_json::from_str(text).ok()?;
    let scripts = file.get("scripts")?;
    let (mut texts, mut open) = (Vec::new(), vec![name.to_owned()]);
    for at in 0..DEPTH_MAX {
        let Some(name) = open.get(at).cloned() else { break };
        let lines: Vec<&str> = match scripts.get(&name) {
            Some(Value::String(line)) => vec![line],
            Some(Value::Array(lines)) => lines.iter().filter_map(Value::as_str).collect(),
            _ => continue,
        };
        for line in lines.into_iter().take(LINES_MAX) {
            match line.strip_prefix('@') {
                Some(rest) if rest.starts_with("php ") || rest.starts_with("composer ") || rest.starts_with("putenv ") => {
                    texts.push(rest.replacen("putenv ", "export ", 1));
                }
                Some(other) => open.push(other.split_whitespace().next().unwrap_or_default().to_owned()),
                None if line.contains("::") && !line.contains(' ') => {}
                None => texts.push(line.to_owned()),
            }
        }
    }
    (!texts.is_empty()).then_some(texts)
}

/// The words that an alias of cargo stands for.
pub(crate) fn cargo_alias(text: &str, name: &str) -> Option<Vec<String>> {
    let section = text.split_once("[alias]")?.1;
    let section = section.split("\n[").next().unwrap_or(section);
    let line = section.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        (key.trim().trim_matches('"') == name).then(|| value.trim())
    })?;
    let texts: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    Some(texts.iter().flat_map(|text| text.split_whitespace()).map(str::to_owned).collect())
}

fn bounded(text: &str) -> bool {
    text.len() <= LINE_MAX_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn npm_takes_beginnings_and_other_names() {
        for (word, command) in [
            ("rum", "run"),
            ("urn", "run"),
            ("run-s", "run"),
            ("publ", "publish"),
            ("tes", "test"),
            ("t", "test"),
            ("isntall", "install"),
        ] {
            assert_eq!(npm_command(word), Some(command), "{word}");
        }
        assert_eq!(npm_command("ru"), None, "several begin so");
        assert_eq!(npm_command("nothing"), None);
    }

    #[test]
    fn packages_of_a_workspace_are_found() {
        assert_eq!(workspaces(r#"{"workspaces": ["packages/*"]}"#), ["packages/*"]);
        assert_eq!(workspaces(r#"{"workspaces": {"packages": ["a"]}}"#), ["a"]);
        assert_eq!(pnpm_workspaces("packages:\n  - 'apps/*'\n"), ["apps/*"]);
        assert!(is_named(r#"{"name": "@acme/web"}"#, "web") && !is_named("{}", "web"));
    }

    #[test]
    fn scripts_are_found_by_name_with_what_surrounds_them() {
        let text = r#"{"scripts": {"prebuild": "rm -rf dist", "build": "tsc", "prepare": "husky"}}"#;
        let texts = |name| package(text, name).map(|scripts| scripts.into_iter().map(|script| script.text).collect::<Vec<_>>());
        assert_eq!(texts("build").unwrap(), ["rm -rf dist", "tsc"]);
        assert_eq!(texts("test"), None);
        assert_eq!(script(text, "prepare").unwrap().text, "husky");
        assert_eq!(names(text, "pre*"), ["prebuild", "prepare"]);
        let text = r#"{"tasks": {"a": "deno run x.ts", "b": {"command": "echo b", "dependencies": ["a"]}, "c": {"dependencies": ["c"]}}}"#;
        assert_eq!(deno(text, "b").unwrap(), ["echo b", "deno run x.ts"]);
        assert_eq!(deno(text, "c"), None, "a circle");
        let text = r#"{"scripts": {"all": ["@lint", "rm -rf var", "App\\Tasks::run"], "lint": "phpcs"}}"#;
        assert_eq!(composer(text, "all").unwrap(), ["rm -rf var", "phpcs"]);
        let text = "[build]\njobs = 2\n[alias]\nxtask = \"run --package xtask --\"\np = [\"publish\", \"--dry-run\"]\n[term]\n";
        assert_eq!(cargo_alias(text, "p").unwrap(), ["publish", "--dry-run"]);
        assert_eq!(cargo_alias(text, "jobs"), None);
    }
}
