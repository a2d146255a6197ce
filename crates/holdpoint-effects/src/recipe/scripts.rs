//! Scripts of `package.json`, tasks of `deno.json`, scripts of `composer.json`, aliases of cargo's `config.toml`.

use serde_json::Value;

use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX};

/// The texts that `npm run NAME` runs, those before and behind it included; nothing where there is no such script.
pub(crate) fn package(text: &str, name: &str) -> Option<Vec<String>> {
    let package: Value = serde_json::from_str(text).ok()?;
    let script = |name: &str| package.get("scripts")?.get(name)?.as_str().map(str::to_owned);
    script(name)?;
    Some(
        [format!("pre{name}"), name.to_owned(), format!("post{name}")]
            .iter()
            .filter_map(|name| script(name))
            .filter(|text| bounded(text))
            .collect(),
    )
}

/// What `npm install` runs of the project itself.
pub(crate) fn package_installs(text: &str) -> Vec<String> {
    let Ok(package) = serde_json::from_str::<Value>(text) else { return Vec::new() };
    let script = |name: &&str| package.get("scripts")?.get(*name)?.as_str().map(str::to_owned);
    ["preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare"]
        .iter()
        .filter_map(script)
        .filter(|text| bounded(text))
        .collect()
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
    fn scripts_are_found_by_name_with_what_surrounds_them() {
        let text = r#"{"scripts": {"prebuild": "rm -rf dist", "build": "tsc", "prepare": "husky"}}"#;
        assert_eq!(package(text, "build").unwrap(), ["rm -rf dist", "tsc"]);
        assert_eq!(package(text, "test"), None);
        assert_eq!(package_installs(text), ["husky"]);
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
