//! Secrets in addresses: whoever answers at an address, and whoever is on the way, learns all of it.
//!
//! *In scope:* variables that the line does not set and whose names say that they hold a secret, in the path, query or host name
//! of what is asked for, or anywhere in what is asked without encryption; the environment as a whole in what is posted.
//! *Out of scope:* headers and bodies that are encrypted, where a credential belongs (`families/network.toml` has bodies).

use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};

use super::address::is_this_machine;
use super::effect::plain;
use super::syntax::{Command, Form, List, Part, Span, Word};
use super::walker::Walker;

impl Walker<'_> {
    /// Notes the secrets that the words of a command put into an address.
    pub(super) fn leaks(&mut self, words: &[&Word], span: &Span) {
        let named = |names: &[&str]| words.iter().filter_map(|word| word.plain()).any(|word| names.contains(&word));
        let (asks, resolves, posts) = (named(&ASKING), named(&RESOLVING), named(&POSTING));
        if !asks && !resolves && !posts {
            return;
        }
        // What goes over the wire in clear is anybody's on the way, wherever it stands in the request.
        let in_clear = asks && words.iter().filter_map(|word| word.plain()).any(is_clear_text);
        let found: Vec<Secret<'_>> = words.iter().flat_map(|word| secrets_in(word, resolves || in_clear)).collect();
        let found = found.into_iter().filter(|secret| asks || resolves || matches!(secret, Secret::Printed(_)));
        let printed = words.iter().filter(|_| posts && !resolves).flat_map(|word| printed_in(word));
        let found: Vec<Secret<'_>> = found.chain(printed).collect();
        for secret in found {
            let (name, summary) = match secret {
                Secret::Printed(program) => (program, format!("Sends what `{program}` prints of the environment to others")),
                Secret::Variable(name) => (name, format!("Sends the secret `${name}` in an address or in clear text")),
            };
            let set = self.state.variables.get(name).is_some_and(|values| values.iter().all(|value| value.known().is_some()));
            if !set || matches!(secret, Secret::Printed(_)) {
                let effect = plain(Verb::Publish, ResourceKind::Credential, name, summary, span.clone());
                self.note(Effect {
                    environment: Environment::Unknown,
                    reversibility: Reversibility::Irreversible,
                    certainty: Certainty::Worst,
                    ..effect
                });
            }
        }
    }
}

/// Programs that ask for what an address names.
const ASKING: [&str; 9] = ["aria2c", "curl", "curlie", "http", "https", "wget", "wget2", "xh", "xhs"];

/// Programs that ask for a name, which reaches whoever serves its zone.
const RESOLVING: [&str; 8] = ["dig", "dog", "drill", "getent", "host", "nslookup", "ping", "traceroute"];

/// Programs whose words others read: comments, issues, notices.
const POSTING: [&str; 6] = ["gh", "glab", "hub", "jira", "slack", "tea"];

/// What an address holds that is nobody else's to know.
#[derive(Debug, Clone, Copy)]
enum Secret<'w> {
    /// The environment, or a secret of it, as this program prints it.
    Printed(&'w str),
    Variable(&'w str),
}

/// The secrets in a word's address: behind its host, or anywhere where the name itself is asked for.
fn secrets_in(word: &Word, resolves: bool) -> Vec<Secret<'_>> {
    let mut before = String::new();
    let mut found = Vec::new();
    for part in &word.parts {
        match part {
            Part::Text { text, .. } => before.push_str(text),
            Part::Parameter { parameter, .. } => {
                if is_secret_name(&parameter.name) && (resolves || is_behind_a_host(&before)) {
                    found.push(Secret::Variable(parameter.name.as_str()));
                }
                before.push('x');
            }
            Part::Command { list, .. } => {
                if resolves || is_behind_a_host(&before) {
                    found.extend(printer(list).map(Secret::Printed));
                }
                before.push('x');
            }
            Part::Arithmetic { .. } | Part::Process { .. } => before.push('x'),
        }
    }
    found
}

/// What the commands in a word print of the environment.
fn printed_in(word: &Word) -> Vec<Secret<'_>> {
    let lists = word.parts.iter().filter_map(|part| match part {
        Part::Command { list, .. } => Some(list),
        _ => None,
    });
    lists.filter_map(|list| printer(list).map(Secret::Printed)).collect()
}

/// Whether it is an address elsewhere, with a name in the public domain, that is asked without encryption.
fn is_clear_text(text: &str) -> bool {
    let host = text.strip_prefix("http://").map(|rest| rest.split(['/', '?', ':']).next().unwrap_or_default());
    host.is_some_and(|host| host.contains('.')) && !is_this_machine(text)
}

/// The first command of a list that prints the environment or a secret of it.
fn printer(list: &List) -> Option<&str> {
    let commands = list.items.iter().flat_map(|item| std::iter::once(&item.first).chain(item.rest.iter().map(|(_, next)| next)));
    commands.flat_map(stages).find_map(|words| {
        let (program, rest) = words.split_first()?;
        let program = program.plain()?;
        let options = rest.iter().all(|word| word.plain().is_some_and(|word| word.starts_with('-')));
        let prints = match program {
            "declare" | "env" | "export" | "set" | "typeset" => options,
            "printenv" => options || rest.iter().any(|word| word.plain().is_none_or(is_secret_name)),
            _ => false,
        };
        prints.then_some(program)
    })
}

/// The words of the simple commands that a command, or a pipe, is made of.
fn stages(command: &Command) -> Vec<&[Word]> {
    match &command.form {
        Form::Pipeline(stages) => stages.iter().flat_map(self::stages).collect(),
        Form::Simple(simple) => vec![simple.words.as_slice()],
        _ => Vec::new(),
    }
}

/// Whether a text is the beginning of an address elsewhere that has named its host already.
fn is_behind_a_host(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let is_address = !text.starts_with('-') && !text.contains(char::is_whitespace);
    is_address && rest.contains(['/', '?']) && !is_this_machine(text)
}

/// What keys are of that only name something.
const NO_SECRET: [&str; 12] =
    ["CACHE", "FILE", "FOREIGN", "ISSUE", "OBJECT", "PARTITION", "PRIMARY", "PROJECT", "PUBLIC", "S3", "SITE", "SORT"];

/// Whether the name of a variable says that it holds a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let says = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "APIKEY", "API_KEY", "ACCESS_KEY", "PRIVATE_KEY"];
    let is_key = name.strip_suffix("_KEY").is_some_and(|of| !NO_SECRET.iter().any(|kind| of.ends_with(kind)));
    is_key || says.iter().any(|word| name.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_in_an_address_once_the_host_is_named() {
        for text in ["https://example.org/", "https://example.org?k=", "example.org/a/"] {
            assert!(is_behind_a_host(text), "{text}");
        }
        for text in ["https://", "Authorization: Bearer ", "http://localhost:3000/", "-u", ""] {
            assert!(!is_behind_a_host(text), "{text}");
        }
    }

    #[test]
    fn a_name_says_that_it_is_secret() {
        assert!(["GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "api_key"].iter().all(|name| is_secret_name(name)));
        assert!(["KEY", "ID", "PUBLIC_KEY", "PAGE"].iter().all(|name| !is_secret_name(name)));
    }
}
