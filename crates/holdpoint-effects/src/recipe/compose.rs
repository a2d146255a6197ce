//! Compose files (compose-spec.io): what the services of a file are lent of the machine, as `docker run` would be told on its line.
//!
//! *In scope:* mounts, devices, rights and namespaces, files that secrets and configurations come from, what a service depends on,
//! what a service is told to run, variables with their defaults. *Out of scope:* what that does inside of a container; `include` and
//! `extends`.

use std::collections::BTreeSet;

use super::yaml::Node;
use super::{LINES_MAX, UNDETERMINED};

/// What a service asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Service {
    pub(crate) name: String,
    pub(crate) line: usize,
    /// Options of `docker run` that say the same.
    pub(crate) options: Vec<String>,
    /// Files of the machine that it gets to read.
    pub(crate) files: Vec<String>,
    /// What it runs, as a line for a shell, where its image does not say it.
    pub(crate) command: Option<String>,
    /// Where it runs that.
    pub(crate) directory: Option<String>,
}

/// The services of a file that are started: those that are named and what they depend on, or all of them.
pub(crate) fn services(text: &str, named: &[String], variable: &dyn Fn(&str) -> Option<String>) -> Option<Vec<Service>> {
    let root = Node::read(text)?;
    let services = root.at("services")?;
    let mut wanted: Vec<String> = named.to_vec();
    let mut done: BTreeSet<String> = BTreeSet::new();
    if named.is_empty() {
        wanted.extend(services.entries().map(|(name, _)| name.to_owned()));
    }
    let mut found = Vec::new();
    while let Some(name) = wanted.pop().filter(|_| found.len() < LINES_MAX) {
        let Some(service) = services.at(&name).filter(|_| done.insert(name.clone())) else { continue };
        for needs in ["depends_on", "links"].iter().filter_map(|key| service.at(key)) {
            wanted.extend(needs.entries().map(|(name, _)| name.to_owned()));
            let listed = needs.items().iter().filter_map(Node::text).filter_map(|text| text.split(':').next());
            wanted.extend(listed.map(str::to_owned));
        }
        found.push(Service {
            line: service.line(),
            command: command(service, variable),
            directory: service.text_at("working_dir").map(|place| filled(place, variable)),
            options: options(service, variable),
            files: ["secrets", "configs"]
                .iter()
                .flat_map(|kind| files(&root, service, kind, variable))
                .chain(only_read(service, variable))
                .collect(),
            name,
        });
    }
    found.reverse();
    Some(found)
}

/// The entry point and the command of a service: each is a line, or a list of words.
fn command(service: &Node, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let quoted = |word: &str| format!("'{}'", filled(word, variable).replace('\'', "'\\''"));
    let text = |node: &Node| match node.text() {
        Some(line) => filled(line, variable),
        None => node.items().iter().filter_map(Node::text).map(quoted).collect::<Vec<_>>().join(" "),
    };
    let parts: Vec<String> = ["entrypoint", "command"].iter().filter_map(|key| service.at(key)).map(text).collect();
    Some(parts.join(" ")).filter(|line| !line.trim().is_empty())
}

/// The files from which the secrets or configurations of a service come.
fn files(root: &Node, service: &Node, kind: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let named = service.at(kind).map_or(&[][..], Node::items).iter();
    let named = named.filter_map(|one| one.text().or_else(|| one.text_at("source")));
    named.filter_map(|name| root.at(kind)?.at(name)?.text_at("file")).map(|file| filled(file, variable)).collect()
}

fn options(service: &Node, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let mut options = Vec::new();
    if service.text_at("privileged") == Some("true") {
        options.push("--privileged".to_owned());
    }
    for (key, option) in [("pid", "--pid"), ("ipc", "--ipc"), ("userns_mode", "--userns"), ("network_mode", "--network")] {
        options.extend(service.text_at(key).map(|value| format!("{option}={}", filled(value, variable))));
    }
    for (key, option) in [("cap_add", "--cap-add"), ("devices", "--device"), ("security_opt", "--security-opt")] {
        let values = service.at(key).map_or(&[][..], Node::items).iter().filter_map(Node::text);
        // What only takes rights away is lent to nobody.
        let values = values.filter(|value| !value.starts_with("no-new-privileges"));
        options.extend(values.map(|value| format!("{option}={}", filled(value, variable))));
    }
    for volume in service.at("volumes").map_or(&[][..], Node::items) {
        let text = match volume {
            Node::Text { text, .. } => filled(text, variable),
            _ => match (volume.text_at("source"), volume.text_at("target")) {
                (Some(source), Some(target)) => format!("{}:{target}", filled(source, variable)),
                _ => continue,
            },
        };
        let reads = text.ends_with(":ro") || volume.text_at("read_only") == Some("true");
        if !(reads && is_one_file(&text)) {
            options.extend(["-v".to_owned(), text]);
        }
    }
    options
}

/// Whether a mount is of some one thing below a directory of the machine: what cannot be written there is lent as any file is. Whoever
/// may read a socket may speak to it.
fn is_one_file(mount: &str) -> bool {
    let source = mount.split(':').next().unwrap_or_default();
    source.starts_with('/') && source.matches('/').count() > 1 && !source.contains(".sock")
}

/// What a service may only read of the machine.
fn only_read(service: &Node, variable: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let texts =
        service.at("volumes").map_or(&[][..], Node::items).iter().filter_map(Node::text).map(|text| filled(text, variable));
    texts
        .filter(|text| text.ends_with(":ro") && is_one_file(text))
        .filter_map(|text| Some(text.split_once(':')?.0.to_owned()))
        .collect()
}

/// A text with its `${NAME}`, `${NAME:-text}` and `$NAME` filled in.
fn filled(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> String {
    let (mut whole, mut rest) = (String::new(), text);
    // compose knows the home by its sign.
    if let Some(below) = text.strip_prefix('~').filter(|below| below.is_empty() || below.starts_with(['/', ':'])) {
        whole = variable("HOME").unwrap_or_else(|| UNDETERMINED.to_owned());
        rest = below;
    }
    while let Some((before, after)) = rest.split_once('$') {
        whole.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            whole.push('$');
            rest = after;
        } else if let Some((inner, behind)) = after.strip_prefix('{').and_then(|after| after.split_once('}')) {
            let end = inner.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(inner.len());
            let (name, operation) = inner.split_at_checked(end).unwrap_or((inner, ""));
            let default = [":-", "-"].iter().find_map(|sign| operation.strip_prefix(sign));
            let value = variable(name).or_else(|| default.map(|default| filled(default, variable)));
            whole.push_str(&value.unwrap_or_else(|| UNDETERMINED.to_owned()));
            rest = behind;
        } else {
            let end = after.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(after.len());
            let (name, behind) = after.split_at_checked(end).unwrap_or((after, ""));
            whole.push_str(&variable(name).unwrap_or_else(|| UNDETERMINED.to_owned()));
            rest = behind;
        }
    }
    whole.push_str(rest);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_are_told_as_docker_is_told_on_its_line() {
        let text = "x-base: &base\n  privileged: true\nservices:\n  db:\n    image: postgres\n    volumes: [data:/var/lib/postgresql/data]\n  web:\n    <<: *base\n    depends_on: {db: {condition: service_started}}\n    volumes:\n      - ${HOME}:/h\n      - /etc/localtime:/etc/localtime:ro\n      - type: bind\n        source: ${SRC:-./src}\n        target: /src\n    secrets: [key]\n  other: {cap_add: [SYS_ADMIN]}\nsecrets:\n  key: {file: ~/.ssh/id_rsa}\n";
        let home = |name: &str| (name == "HOME").then(|| "/home/alice".to_owned());
        let web = services(text, &["web".to_owned()], &home).unwrap();
        assert_eq!(web.iter().map(|service| service.name.as_str()).collect::<Vec<_>>(), ["db", "web"]);
        let only = web.get(1).unwrap();
        assert_eq!(only.options, ["--privileged", "-v", "/home/alice:/h", "-v", "./src:/src"]);
        assert_eq!(only.files, ["/home/alice/.ssh/id_rsa", "/etc/localtime"]);
        assert_eq!(services(text, &[], &home).unwrap().len(), 3);
    }

    #[test]
    fn what_a_service_runs_is_its_entry_point_and_its_command() {
        let text = "services:\n  a: {entrypoint: [sh, -c], command: [\"rm -rf $${X:-/d}\"], working_dir: /w}\n  b: {command: 'rm -rf ${HOME}/d'}\n  c: {image: x}\n";
        let home = |name: &str| (name == "HOME").then(|| "/home/alice".to_owned());
        let all = services(text, &[], &home).unwrap();
        let mut commands: Vec<Option<&str>> = all.iter().map(|service| service.command.as_deref()).collect();
        commands.sort_unstable();
        assert_eq!(commands, [None, Some("'sh' '-c' 'rm -rf ${X:-/d}'"), Some("rm -rf /home/alice/d")]);
    }
}
