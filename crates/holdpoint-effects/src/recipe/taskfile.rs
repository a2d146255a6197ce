//! Taskfiles (taskfile.dev), as far as a bounded reading of their usual layout goes: tasks, their commands, what they depend on.
//!
//! *Out of scope:* YAML's other ways to write the same, includes, templates: undetermined.

use std::collections::BTreeMap;

use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, UNDETERMINED};

#[derive(Debug, Default)]
struct Task {
    needs: Vec<String>,
    commands: Vec<String>,
}

/// The shell texts that tasks run; nothing where one is not found.
pub(crate) fn commands(text: &str, names: &[String]) -> Option<Vec<String>> {
    let (tasks, variables) = read(text);
    let default = ["default".to_owned()];
    let names = if names.is_empty() { default.as_slice() } else { names };
    let mut texts = Vec::new();
    for name in names {
        tasks.get(name)?;
        run(&tasks, &variables, name, 0, &mut texts);
    }
    Some(texts)
}

fn run(tasks: &BTreeMap<String, Task>, variables: &BTreeMap<String, String>, name: &str, depth: usize, texts: &mut Vec<String>) {
    let Some(task) = tasks.get(name).filter(|_| depth < DEPTH_MAX && texts.len() < LINES_MAX) else { return };
    for need in &task.needs {
        run(tasks, variables, need, depth + 1, texts);
    }
    texts.extend(task.commands.iter().map(|command| filled(command, variables)).filter(|text| text.len() <= LINE_MAX_BYTES));
}

/// Tasks and variables, by the indentation of the lines.
fn read(text: &str) -> (BTreeMap<String, Task>, BTreeMap<String, String>) {
    let (mut tasks, mut variables): (BTreeMap<String, Task>, BTreeMap<String, String>) = Default::default();
    let (mut section, mut task, mut key) = (String::new(), String::new(), String::new());
    let mut task_indent = usize::MAX;
    let mut block: Option<usize> = None;
    for line in text.lines() {
        let bare = line.trim();
        let indent = line.len() - line.trim_start().len();
        if let Some(outer) = block {
            if bare.is_empty() || indent > outer {
                let last = tasks.get_mut(&task).and_then(|task| task.commands.last_mut());
                if let Some(last) = last.filter(|last| last.len() < LINE_MAX_BYTES) {
                    last.push_str(bare);
                    last.push('\n');
                }
                continue;
            }
            block = None;
        }
        if bare.is_empty() || bare.starts_with('#') {
            continue;
        }
        let (name, value) = bare.split_once(':').map_or((bare, ""), |(name, value)| (name.trim(), value.trim()));
        if indent == 0 {
            name.clone_into(&mut section);
            task_indent = usize::MAX;
        } else if section == "vars" && !value.is_empty() {
            variables.insert(name.to_owned(), unquoted(value));
        } else if section == "tasks" {
            if indent <= task_indent {
                task_indent = indent;
                task = unquoted(name);
                key.clear();
                let commands = if value.is_empty() { Vec::new() } else { listed(value) };
                tasks.insert(task.clone(), Task { needs: Vec::new(), commands });
                continue;
            }
            let Some(current) = tasks.get_mut(&task) else { continue };
            match bare.strip_prefix("- ") {
                Some(item) if matches!(key.as_str(), "cmds" | "deps") => {
                    let item = item.trim();
                    if let Some(other) = item.strip_prefix("task:") {
                        current.needs.push(unquoted(other.trim()));
                    } else if key == "deps" {
                        current.needs.push(unquoted(item));
                    } else {
                        let command = item.strip_prefix("cmd:").unwrap_or(item).trim();
                        let opens = matches!(command, "|" | ">" | "|-" | ">-");
                        block = opens.then_some(indent);
                        current.commands.push(if opens { String::new() } else { unquoted(command) });
                    }
                }
                Some(_) => {}
                None => {
                    name.clone_into(&mut key);
                    match (name, value) {
                        ("cmds" | "cmd", value) if !value.is_empty() => current.commands.extend(listed(value)),
                        ("deps", value) if !value.is_empty() => current.needs.extend(listed(value)),
                        _ => {}
                    }
                }
            }
        }
    }
    (tasks, variables)
}

/// `[a, b]`, or one text.
fn listed(value: &str) -> Vec<String> {
    match value.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(inner) => inner.split(',').map(|item| unquoted(item.trim())).collect(),
        None => vec![unquoted(value)],
    }
}

fn unquoted(text: &str) -> String {
    let inner = ["'", "\""].iter().find_map(|quote| text.strip_prefix(quote)?.strip_suffix(quote));
    inner.unwrap_or(text).to_owned()
}

/// A text with its `{{.NAME}}` filled in.
fn filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, behind)) = after.split_once("}}") else { break };
        whole.push_str(before);
        let value = variables.get(name.trim().trim_start_matches('.')).filter(|value| !value.contains("{{"));
        whole.push_str(value.map_or(UNDETERMINED, String::as_str));
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_run_with_what_they_need() {
        let text = "version: '3'\n\nvars:\n  OUT: build\n\ntasks:\n  default:\n    deps: [clean]\n    cmds:\n      - task: lint\n      - go build -o {{.OUT}}\n      - cmd: |\n          echo a\n          echo b\n  clean:\n    cmds:\n      - rm -rf {{.OUT}} {{.CLI_ARGS}}\n  lint: golangci-lint run\n";
        let run = |names: &[&str]| commands(text, &names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
        assert_eq!(run(&["clean"]), Some(vec![format!("rm -rf build {UNDETERMINED}")]));
        let all = run(&[]).unwrap();
        assert_eq!(all.len(), 4);
        assert!(all.contains(&"golangci-lint run".to_owned()) && all.contains(&"echo a\necho b\n".to_owned()), "{all:?}");
        assert_eq!(run(&["nothing"]), None);
    }
}
