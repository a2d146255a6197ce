//! `ssh` and its kin: what runs on another machine, and what options make them run or load on this one before that.
//!
//! Source: ssh(1) and ssh_config(5).

use holdpoint_core::effect::{Effect, Environment, ResourceKind, Reversibility, Verb};

use super::effect::plain;
use super::options::Line;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use super::wrapper::{joined, leading};
use crate::world::Content;

/// Settings whose value is a command, or a library that is loaded.
const RUN: [&str; 6] =
    ["knownhostscommand", "localcommand", "pkcs11provider", "proxycommand", "securitykeyprovider", "xauthlocation"];

impl Walker<'_> {
    /// One command on many hosts.
    pub(super) fn ssh_to_many(&mut self, program: &str, arguments: &[Field], span: &Span) {
        let valued = ["-w", "-x", "-l", "-t", "-u", "-f", "-R", "-g", "-H", "-h", "-o", "-e", "-p", "-O", "-X"];
        let (_, used) = leading(arguments, &valued);
        let text = joined(arguments.get(used..).unwrap_or_default());
        let summary = format!("Runs commands on many hosts through `{program}`");
        let effect = plain(Verb::Execute, ResourceKind::Host, program, summary, span.clone());
        self.note(Effect { environment: Environment::Unknown, ..effect });
        self.elsewhere(Environment::Unknown, |walker| walker.inner_text(&text, span.clone()));
    }

    pub(super) fn ssh(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let mut valued = vec![
            "-B", "-b", "-c", "-D", "-E", "-e", "-F", "-I", "-i", "-J", "-L", "-l", "-m", "-O", "-o", "-P", "-p", "-Q", "-R",
            "-S", "-W", "-w",
        ];
        if program == "autossh" {
            valued.push("-M");
        }
        let (line, used) = leading(arguments, &valued);
        self.run_by_options(&line, directory, span);
        let Some((host, mut rest)) = arguments.get(used..).and_then(<[Field]>::split_first) else {
            return self.note(plain(
                Verb::Read,
                ResourceKind::Program,
                program,
                format!("Looks only (`{program}`)"),
                span.clone(),
            ));
        };
        // Options may also follow the host.
        let (behind, more) = leading(rest, &valued);
        self.run_by_options(&behind, directory, span);
        rest = rest.get(more..).unwrap_or_default();
        let name = host.shown();
        let name = name.rsplit('@').next().unwrap_or_default().to_owned();
        if opens_back(&line) || opens_back(&behind) {
            let summary = format!("Lets whoever reaches `{name}` connect to this machine or through it");
            let effect = plain(Verb::Publish, ResourceKind::Host, &name, summary, span.clone());
            let environment = Environment::from(name.clone());
            self.note(Effect { environment, reversibility: Reversibility::Irreversible, ..effect });
        }
        let environment = Environment::from(name.clone());
        let summary = format!("Runs commands on `{name}` through ssh");
        let effect = plain(Verb::Execute, ResourceKind::Host, &name, summary, span.clone());
        self.note(Effect { environment: environment.clone(), ..effect });
        let text = joined(rest);
        let empty = rest.is_empty();
        self.elsewhere(
            environment,
            |walker| {
                if empty { walker.run_input("ssh", span) } else { walker.inner_text(&text, span.clone()) }
            },
        );
    }

    /// `sftp -b - HOST` with the orders on the line or in a file that can be read; `false` for everything else.
    pub(super) fn sftp_orders(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) -> bool {
        let (line, used) =
            leading(arguments, &["-B", "-b", "-c", "-D", "-F", "-i", "-J", "-l", "-o", "-P", "-R", "-S", "-s", "-X"]);
        let [host] = arguments.get(used..).unwrap_or_default() else { return false };
        let others = ["-D", "-F", "-S", "-X", "-o"].iter().any(|name| line.has(name));
        let text = match (line.values("-b").last().map(Field::shown).as_deref(), &self.input) {
            (Some("-") | None, Input::Text(text)) => text.known(),
            (Some(file), _) if file != "-" => self.text_of(&Field::new(Value::text(file), span.clone()), directory),
            _ => None,
        };
        let Some(text) = text.filter(|_| !others) else { return false };
        let host = host.shown().rsplit('@').next().unwrap_or_default().to_owned();
        for order in text.lines().map(|order| order.trim().trim_start_matches(['-', '@'])).filter(|order| !order.is_empty()) {
            self.sftp_order(order, &host, directory, span);
        }
        let summary = format!("Opens a session on `{host}` with orders that were read");
        self.note(plain(Verb::Read, ResourceKind::Host, &host, summary, span.clone()));
        true
    }

    /// One order (sftp(1), "Interactive Commands").
    fn sftp_order(&mut self, order: &str, host: &str, directory: Option<&str>, span: &Span) {
        let mut words = order.split_whitespace();
        let name = words.next().unwrap_or_default().to_ascii_lowercase();
        let operands: Vec<&str> = words.filter(|word| !word.starts_with('-')).collect();
        let field = |text: &str| Field::new(Value::text(text), span.clone());
        match name.as_str() {
            "bye" | "cd" | "df" | "exit" | "help" | "lcd" | "lls" | "lpwd" | "ls" | "progress" | "pwd" | "quit" | "version" => {}
            name if name.starts_with(['#', '?']) => {}
            "get" | "mget" | "reget" => match operands.as_slice() {
                [_, target] => self.overwrite(&field(target), directory),
                [source] => self.overwrite(&field(source.rsplit('/').next().unwrap_or_default()), directory),
                _ => self.unseen_code("sftp", "an order that is not known", span),
            },
            "mput" | "put" | "reput" => operands.first().into_iter().for_each(|file| self.send(&field(file), directory)),
            "chgrp" | "chmod" | "chown" | "ln" | "mkdir" | "rename" | "rm" | "rmdir" | "symlink" => {
                let summary = format!("Changes or removes files on `{host}`: {order}");
                let effect = plain(Verb::Delete, ResourceKind::File, host, summary, span.clone());
                let environment = Environment::from(host.to_owned());
                self.note(Effect { environment, reversibility: Reversibility::Irreversible, ..effect });
            }
            name if name.starts_with('!') => self.inner_text(&Value::text(order.trim_start_matches('!')), span.clone()),
            _ => self.unseen_code("sftp", "an order that is not known", span),
        }
    }

    /// Notes what options run: settings, files of settings, libraries.
    fn run_by_options(&mut self, line: &Line, directory: Option<&str>, span: &Span) {
        let sets = |field: &Field| is_run(field.value.head());
        if line.values("-o").any(sets) || line.has("-I") || line.values("--ssh").next().is_some() {
            self.unseen_code("ssh", "a command or a library in an option", span);
        }
        for file in line.values("-F").filter(|file| !matches!(file.known().as_deref(), Some("none" | "/dev/null"))) {
            let path = match self.target(&file.value, directory) {
                super::files::Target::Exactly(path) if self.site == Site::Here && !self.is_rewritten(&path) => Some(path),
                _ => None,
            };
            let own = path
                .as_deref()
                .zip(self.world.home())
                .is_some_and(|(path, home)| path.strip_prefix(home) == Some("/.ssh/config"));
            let text = path.as_deref().map(|path| self.world.content(path));
            let reads = matches!(text, Some(Content::Text(text)) if !text.lines().any(is_run));
            if !own && !reads {
                self.unseen_code("ssh", &format!("the settings in `{}`", file.shown()), span);
            }
        }
        line.values("-E").for_each(|file| self.modify(file, directory, super::files::APPENDS));
    }
}

/// Whether options of ssh open a port there that leads back here.
fn opens_back(line: &Line) -> bool {
    let forwards = |field: &Field| field.value.head().to_ascii_lowercase().starts_with("remoteforward");
    line.has("-R") || line.values("-o").any(forwards)
}

/// Whether a setting, as a line of a file or behind `-o`, names a command or a library, or another file of settings.
fn is_run(setting: &str) -> bool {
    let setting = setting.trim_start().to_ascii_lowercase();
    let name = setting.split([' ', '\t', '=']).next().unwrap_or_default();
    let value = setting.get(name.len()..).unwrap_or_default().trim_matches([' ', '\t', '=', '"']);
    let conditional = name == "match" && value.contains("exec");
    (RUN.contains(&name) && value != "none") || name == "include" || conditional
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_run_something_are_told_from_the_others() {
        for setting in [
            "ProxyCommand sh -c x",
            "  proxycommand=nc %h",
            "Include /tmp/x",
            "Match host a exec \"x\"",
            "PKCS11Provider /tmp/x.so",
        ] {
            assert!(is_run(setting), "{setting}");
        }
        for setting in
            ["HostName 127.0.0.1", "ProxyCommand none", "Match host a", "IdentityFile ~/.ssh/x", "# ProxyCommand x", ""]
        {
            assert!(!is_run(setting), "{setting}");
        }
    }
}
