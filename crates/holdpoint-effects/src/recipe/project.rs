//! Tasks that a project's own description holds: `pyproject.toml` (poe, taskipy, pdm, hatch, rye), `mise.toml`, and the hooks of
//! `.pre-commit-config.yaml` that are written out in it.
//!
//! *Out of scope:* tasks that are functions of Python or Ruby (invoke, rake, `script = …`), and hooks of other repositories: what
//! they run is not in the file.

use toml::{Table, Value};

use super::yaml::Node;
use super::{DEPTH_MAX, LINES_MAX};

/// Where the tasks of a runner stand in `pyproject.toml`.
fn tables<'t>(root: &'t Table, runner: &str) -> Vec<&'t Table> {
    let under = |path: &[&str]| {
        let mut at = root;
        for key in path {
            at = at.get(*key)?.as_table()?;
        }
        Some(at)
    };
    match runner {
        "hatch" => {
            let environments = under(&["tool", "hatch", "envs"]).into_iter().flatten().filter_map(|(_, one)| one.as_table());
            environments.filter_map(|one| one.get("scripts")?.as_table()).collect()
        }
        "pdm" => under(&["tool", "pdm", "scripts"]).into_iter().collect(),
        "poe" => under(&["tool", "poe", "tasks"]).into_iter().collect(),
        "rye" => under(&["tool", "rye", "scripts"]).into_iter().collect(),
        "taskipy" => under(&["tool", "taskipy", "tasks"]).into_iter().collect(),
        "mise" => under(&["tasks"]).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The texts that a task runs, with those it calls; nothing where the file has no such task.
pub(crate) fn task(text: &str, runner: &str, name: &str) -> Option<Vec<String>> {
    let root: Table = text.parse().ok()?;
    let tables = tables(&root, runner);
    // hatch has the environment in front of the name.
    let name = if runner == "hatch" { name.rsplit_once(':').map_or(name, |(_, name)| name) } else { name };
    let mut texts = Vec::new();
    follow(&tables, name, 0, &mut texts).then_some(texts)
}

fn follow(tables: &[&Table], name: &str, depth: usize, texts: &mut Vec<String>) -> bool {
    let Some(task) = tables.iter().find_map(|table| table.get(name)).filter(|_| depth < DEPTH_MAX) else { return false };
    // taskipy and pdm run what stands around a task as npm does.
    for around in [format!("pre_{name}"), name.to_owned(), format!("post_{name}")] {
        if around == name {
            definition(tables, task, depth, texts);
        } else {
            follow(tables, &around, depth + 1, texts);
        }
    }
    true
}

fn definition(tables: &[&Table], task: &Value, depth: usize, texts: &mut Vec<String>) {
    if texts.len() >= LINES_MAX || depth >= DEPTH_MAX {
        return;
    }
    match task {
        Value::String(text) => named_or_run(tables, text, depth, texts),
        Value::Array(items) => items.iter().for_each(|item| definition(tables, item, depth + 1, texts)),
        Value::Table(table) => {
            for key in ["depends", "deps", "sequence", "composite", "cmd", "shell", "run", "chain"] {
                if let Some(part) = table.get(key) {
                    definition(tables, part, depth + 1, texts);
                }
            }
        }
        _ => {}
    }
}

/// A text is the name of another task, or runs.
fn named_or_run(tables: &[&Table], text: &str, depth: usize, texts: &mut Vec<String>) {
    let first = text.split_whitespace().next().unwrap_or_default();
    let others = tables.iter().any(|table| table.contains_key(first));
    // A task of the same name as the program that it runs does not call itself.
    if !others || depth > DEPTH_MAX / 2 || !follow(tables, first, depth + 4, texts) || text.trim() != first {
        texts.push(text.to_owned());
    }
}

/// The commands of the hooks that a project writes out itself, all or one of them.
pub(crate) fn hooks(text: &str, wanted: Option<&str>) -> Option<Vec<(String, usize)>> {
    let root = Node::read(text)?;
    let local = root.at("repos")?.items().iter().filter(|repository| repository.text_at("repo") == Some("local"));
    let hooks = local.filter_map(|repository| repository.at("hooks")).flat_map(Node::items);
    let hooks = hooks.filter(|hook| wanted.is_none_or(|wanted| hook.text_at("id") == Some(wanted)));
    let runs = hooks.filter_map(|hook| {
        let entry = hook.at("entry")?;
        let arguments: Vec<&str> = hook.at("args").map_or(&[][..], Node::items).iter().filter_map(Node::text).collect();
        let quoted: String = arguments.iter().map(|word| format!(" '{}'", word.replace('\'', "'\\''"))).collect();
        Some((format!("{}{quoted}", entry.text()?), entry.line()))
    });
    Some(runs.take(LINES_MAX).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_of_python_projects_are_found() {
        let text = "[tool.poe.tasks]\nlint = 'ruff check'\nwipe = { shell = 'rm -rf ~' }\nall = ['lint', { cmd = 'pytest' }]\nc = { script = 'a:b' }\n[tool.pdm.scripts]\nb.cmd = 'rm -rf build'\n[tool.hatch.envs.dev.scripts]\nt = ['c', 'pytest {args}']\nc = 'rm -rf cov'\n";
        assert_eq!(task(text, "poe", "all").unwrap(), ["ruff check", "pytest"]);
        assert_eq!(task(text, "poe", "wipe").unwrap(), ["rm -rf ~"]);
        assert_eq!(task(text, "poe", "c").unwrap(), Vec::<String>::new());
        assert_eq!(task(text, "pdm", "b").unwrap(), ["rm -rf build"]);
        assert_eq!(task(text, "hatch", "dev:t").unwrap(), ["rm -rf cov", "pytest {args}"]);
        assert_eq!(task(text, "pdm", "lint"), None);
        assert!(task("[tool.poe.tasks]\na = ['a']\n", "poe", "a").is_some(), "a circle comes to an end");
    }

    #[test]
    fn hooks_that_are_written_out_are_found() {
        let text = "repos:\n- repo: https://example.org/x\n  hooks: [{id: y}]\n- repo: local\n  hooks:\n  - id: z\n    entry: ./z.sh\n    args: [-v]\n";
        assert_eq!(hooks(text, None).unwrap(), [("./z.sh '-v'".to_owned(), 7)]);
        assert_eq!(hooks(text, Some("y")).unwrap(), []);
    }
}
