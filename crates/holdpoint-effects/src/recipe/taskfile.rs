//! Taskfiles (taskfile.dev/reference): tasks, what they depend on, and all the shell text that running one may run.
//!
//! *In scope:* commands, dependencies, `preconditions`, `status`, variables that the file or the line gives (`sh:` ones included),
//! `dir`, `env`, loops over lists, deferred commands, wildcard names. *Out of scope:* functions of templates, `includes`:
//! undetermined.

use std::collections::BTreeMap;

use super::yaml::Node;
use super::{DEPTH_MAX, LINE_MAX_BYTES, LINES_MAX, Step, UNDETERMINED, UNSET};

/// What tasks run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) steps: Vec<Step>,
    /// What the steps find in their environment.
    pub(crate) variables: Vec<(String, Vec<String>)>,
}

/// What a Taskfile asks of the world: what a command of the shell may print.
type Output<'o> = &'o dyn Fn(&str) -> String;

struct Taskfile<'n> {
    root: &'n Node,
    file: &'n str,
    output: Output<'n>,
    given: &'n BTreeMap<String, String>,
    run: Run,
}

/// What tasks run, with the variables that the line gives; nothing where one is not found.
pub(crate) fn run(text: &str, file: &str, names: &[String], given: &BTreeMap<String, String>, output: Output<'_>) -> Option<Run> {
    let root = Node::read(text)?;
    let mut taskfile = Taskfile { root: &root, file, output, given, run: Run::default() };
    let variables = taskfile.variables(root.at("vars"), &BTreeMap::new());
    taskfile.environment(root.at("env"), &variables);
    let default = ["default".to_owned()];
    for name in if names.is_empty() { default.as_slice() } else { names } {
        taskfile.task(name)?;
        taskfile.follow(name, &variables, 0);
    }
    Some(taskfile.run)
}

impl<'n> Taskfile<'n> {
    /// A task by its name, one of its aliases, or a pattern of names; with what the pattern stands for.
    fn task(&self, name: &str) -> Option<(&'n Node, String)> {
        let tasks = self.root.at("tasks")?;
        if let Some(task) = tasks.at(name) {
            return Some((task, String::new()));
        }
        tasks.entries().find_map(|(known, task)| {
            let aliased = task.at("aliases").is_some_and(|names| names.items().iter().any(|alias| alias.text() == Some(name)));
            let matched = known.split_once('*').and_then(|(head, tail)| name.strip_prefix(head)?.strip_suffix(tail));
            (aliased || matched.is_some()).then(|| (task, matched.unwrap_or_default().to_owned()))
        })
    }

    fn follow(&mut self, name: &str, outer: &BTreeMap<String, String>, depth: usize) {
        let Some((task, matched)) = self.task(name).filter(|_| depth < DEPTH_MAX && self.run.steps.len() < LINES_MAX) else {
            return;
        };
        let mut variables = outer.clone();
        variables.insert("TASK".to_owned(), name.to_owned());
        variables.insert("MATCH".to_owned(), matched);
        let variables = self.variables(task.at("vars"), &variables);
        self.environment(task.at("env"), &variables);
        let directory = task.text_at("dir").map(|dir| filled(dir, &variables));
        for need in task.at("deps").map_or(&[][..], Node::items) {
            self.call(need, &variables, depth);
        }
        for test in ["preconditions", "status"].iter().filter_map(|key| task.at(key)).flat_map(Node::items) {
            let text = test.text().or_else(|| test.text_at("sh"));
            self.push(text, test.line(), &variables, directory.as_deref());
        }
        let commands = match task {
            Node::Map(_) => task.at("cmds").or_else(|| task.at("cmd")),
            other => Some(other),
        };
        for command in commands.map_or(&[][..], Node::items) {
            self.command(command, &variables, directory.as_deref(), depth);
        }
    }

    /// A command, or what stands for several: a task, a loop, something for the end.
    fn command(&mut self, command: &Node, variables: &BTreeMap<String, String>, directory: Option<&str>, depth: usize) {
        if command.text().is_some() {
            return self.push(command.text(), command.line(), variables, directory);
        }
        if let Some(deferred) = command.at("defer") {
            return self.command(deferred, variables, directory, depth);
        }
        for variables in self.rounds(command, variables) {
            if command.at("task").is_some() {
                self.call(command, &variables, depth);
            }
            self.push(command.text_at("cmd"), command.line(), &variables, directory);
        }
    }

    /// A task that another one calls.
    fn call(&mut self, need: &Node, variables: &BTreeMap<String, String>, depth: usize) {
        for variables in self.rounds(need, variables) {
            let Some(name) = need.text().or_else(|| need.text_at("task")) else { continue };
            let given = self.variables(need.at("vars"), &variables);
            self.follow(&filled(name, &variables), &given, depth + 1);
        }
    }

    /// The variables of every round of a `for`, or those that there are.
    fn rounds(&self, node: &Node, variables: &BTreeMap<String, String>) -> Vec<BTreeMap<String, String>> {
        let Some(over) = node.at("for") else { return vec![variables.clone()] };
        let item = over.text_at("as").unwrap_or("ITEM").to_owned();
        let texts: Vec<String> = match over {
            Node::List(items) => items.iter().filter_map(Node::text).map(|text| filled(text, variables)).collect(),
            _ => match over.text_at("var").and_then(|name| variables.get(name)) {
                Some(list) => list.split_whitespace().map(str::to_owned).collect(),
                None => vec![UNDETERMINED.to_owned()],
            },
        };
        let with = |text: String| {
            let mut variables = variables.clone();
            variables.insert(item.clone(), text);
            variables
        };
        texts.into_iter().take(LINES_MAX).map(with).collect()
    }

    /// The variables of a mapping beside those that there are; the line's count before them.
    fn variables(&mut self, node: Option<&Node>, outer: &BTreeMap<String, String>) -> BTreeMap<String, String> {
        let mut variables = outer.clone();
        variables.extend(self.given.clone());
        for (name, value) in node.into_iter().flat_map(Node::entries).filter(|(name, _)| !self.given.contains_key(*name)) {
            let text = match value {
                Node::Text { text, .. } => filled(text, &variables),
                Node::List(items) => items.iter().filter_map(Node::text).collect::<Vec<_>>().join(" "),
                Node::Map(_) => match value.text_at("sh") {
                    Some(command) => {
                        let command = filled(command, &variables);
                        self.push(Some(&command), value.line(), &variables, None);
                        (self.output)(&command)
                    }
                    None => UNDETERMINED.to_owned(),
                },
            };
            variables.insert(name.to_owned(), text);
        }
        variables
    }

    fn environment(&mut self, node: Option<&Node>, variables: &BTreeMap<String, String>) {
        let found = self.variables(node, variables);
        for (name, _) in node.into_iter().flat_map(Node::entries) {
            let value = found.get(name).cloned().unwrap_or_default();
            self.run.variables.push((name.to_owned(), vec![value]));
        }
    }

    fn push(&mut self, text: Option<&str>, line: usize, variables: &BTreeMap<String, String>, directory: Option<&str>) {
        let Some(text) = text.filter(|_| self.run.steps.len() < LINES_MAX) else { return };
        let mut text = filled(text, variables);
        if let Some(directory) = directory {
            text = format!("cd '{}' && {{ {}\n}}", directory.replace('\'', ""), text.trim_end());
        }
        if text.len() > LINE_MAX_BYTES {
            UNDETERMINED.clone_into(&mut text);
        }
        let text = super::beside_quotes(&text);
        self.run.steps.push(Step { text, line, file: self.file.to_owned(), ..Step::default() });
    }
}

/// A text with its `{{.NAME}}` filled in.
fn filled(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, behind)) = after.split_once("}}") else { break };
        whole.push_str(before);
        whole.push_str(&template(inner.trim_matches(['-', ' ']), variables));
        rest = behind;
    }
    whole.push_str(rest);
    whole
}

/// What a template comes to: a variable, a text, or a variable with a text in its place where it is not set.
fn template(inner: &str, variables: &BTreeMap<String, String>) -> String {
    let variable = |word: &str| {
        let name = word.strip_prefix('.')?;
        let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        plain.then(|| variables.get(name).cloned().or_else(|| preset(name)).unwrap_or_else(|| UNSET.to_owned()))
    };
    let quoted =
        |word: &str| ["\"", "'", "`"].iter().find_map(|quote| word.strip_prefix(quote)?.strip_suffix(quote)).map(str::to_owned);
    if let Some(value) = variable(inner) {
        return value;
    }
    let parts: Vec<&str> = inner.split_whitespace().collect();
    match parts.as_slice() {
        ["default", text, name] | [name, "|", "default", text] => match (variable(name), quoted(text)) {
            (Some(value), Some(text)) => {
                if value == UNSET || value.is_empty() {
                    text
                } else {
                    value
                }
            }
            _ => UNDETERMINED.to_owned(),
        },
        ["OS"] | ["ARCH"] | ["exeExt"] | ["now", ..] => super::PLAIN.to_owned(),
        _ => UNDETERMINED.to_owned(),
    }
}

/// What the runner itself sets.
fn preset(name: &str) -> Option<String> {
    let value = match name {
        "CHECKSUM" | "TIMESTAMP" | "TASK_VERSION" => super::PLAIN,
        "ROOT_DIR" | "TASKFILE_DIR" | "USER_WORKING_DIR" => ".",
        _ => return None,
    };
    Some(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str, names: &[&str], given: &[(&str, &str)]) -> Option<Vec<String>> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let given = given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let run = run(text, "Taskfile.yml", &names, &given, &|_| UNDETERMINED.to_owned())?;
        Some(run.steps.into_iter().map(|step| step.text).collect())
    }

    #[test]
    fn tasks_run_with_what_they_need() {
        let text = "version: '3'\n\nvars:\n  OUT: build\n\ntasks:\n  default:\n    deps: [clean]\n    cmds:\n      - task: lint\n      - go build -o {{.OUT}}\n      - cmd: |\n          echo a\n          echo b\n  clean:\n    cmds:\n      - rm -rf {{.OUT}} {{.CLI_ARGS}}\n  lint: golangci-lint run\n";
        assert_eq!(texts(text, &["clean"], &[]), Some(vec![format!("rm -rf build {UNSET}")]));
        assert_eq!(texts(text, &["clean"], &[("OUT", "x"), ("CLI_ARGS", "~")]), Some(vec!["rm -rf x ~".to_owned()]));
        assert_eq!(
            texts(text, &[], &[]).unwrap(),
            [&format!("rm -rf build {UNSET}"), "golangci-lint run", "go build -o build", "echo a\necho b\n"]
        );
        assert_eq!(texts(text, &["nothing"], &[]), None);
    }

    #[test]
    fn tests_loops_and_variables_of_commands_count() {
        let text = "version: '3'\ntasks:\n  x:\n    dir: sub\n    vars:\n      V: {sh: git describe}\n    status: [test -f a]\n    preconditions:\n      - sh: rm -rf p\n    cmds:\n      - for: [a, b]\n        cmd: rm {{.ITEM}}-{{.V}}\n      - defer: rm z\n";
        assert_eq!(
            texts(text, &["x"], &[]).unwrap(),
            [
                "git describe".to_owned(),
                "cd 'sub' && { rm -rf p\n}".to_owned(),
                "cd 'sub' && { test -f a\n}".to_owned(),
                format!("cd 'sub' && {{ rm a-{UNDETERMINED}\n}}"),
                format!("cd 'sub' && {{ rm b-{UNDETERMINED}\n}}"),
                "cd 'sub' && { rm z\n}".to_owned(),
            ]
        );
    }
}
