//! Looking at paths, and sending what lies there away: which of them are secrets, or hold some.
//!
//! *Out of scope:* what a path means by its spelling ([`paths`]), and acts that change or lose it (`files.rs`).

use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::{FileKind, Question};

use super::apply::behind;
use super::budget::PATH_MAX_BYTES;
use super::effect::plain;
use super::files::Target;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use crate::families;
use crate::loss::is_for_the_task;
use crate::paths;
use crate::recover::kind_of;
use crate::world::absolute;

/// Most matches of a pattern whose links are followed; the others count by their spelling.
const FOLLOWED_MAX: usize = 8;

impl Walker<'_> {
    /// Looks at what an operand names, a directory with everything in it. Only what is telling is an effect of its own.
    pub(crate) fn look(&mut self, operand: &Field, directory: Option<&str>) {
        for (name, kind) in self.telling(&operand.value, directory) {
            self.note(plain(Verb::Read, kind, &name, format!("Reads `{name}`"), operand.span.clone()));
        }
    }

    /// Looks at the file that an operand names. The program does not go into directories: it only says that it meets one.
    pub(crate) fn look_in_file(&mut self, operand: &Field, directory: Option<&str>) {
        if self.telling(&operand.value, directory).is_empty() {
            return;
        }
        let is_directory = match self.target(&operand.value, directory) {
            Target::Exactly(path) if self.site == Site::Here && !self.is_rewritten(&path) => {
                kind_of(self.world, &path, None) != ResourceKind::Credential
                    && self.world.path(&path).is_some_and(|facts| facts.kind == FileKind::Directory)
            }
            _ => false,
        };
        if !is_directory {
            self.look(operand, directory);
        }
    }

    /// Looks at the secrets that a program of which nothing is known is handed: as a word, behind `=`, or behind `@`. One that
    /// an option names as what it works with is used, not shown: `--env-file .env`, `--key=server.key`.
    pub(crate) fn handed(&mut self, arguments: &[Field], directory: Option<&str>) {
        let mut option = String::new();
        for field in arguments.iter().take_while(|_| !self.budget.is_spent()) {
            let head = field.value.head().to_owned();
            let behind = ["@", "*=@", "*="].iter().find_map(|marker| behind(field, marker));
            let named = behind.as_ref().unwrap_or(field);
            let name = if head.starts_with('-') { head.clone() } else { std::mem::take(&mut option) };
            if !works_with_secrets(name.split('=').next().unwrap_or_default()) && (behind.is_some() || !head.starts_with('-')) {
                self.look_by_name(named, directory);
            }
            option = if head.starts_with('-') && !head.contains('=') { head } else { String::new() };
        }
    }

    /// Looks at what is a secret by its spelling.
    pub(crate) fn look_by_name(&mut self, operand: &Field, directory: Option<&str>) {
        let named = match self.target(&operand.value, directory) {
            Target::Exactly(path) => vec![(path.clone(), kind_of(self.world, &path, None))],
            Target::Matching(pattern) => self.matching(&pattern),
            _ => Vec::new(),
        };
        for (name, _) in named.into_iter().filter(|(_, kind)| *kind == ResourceKind::Credential) {
            let summary = format!("Hands `{name}` to a program");
            self.note(plain(Verb::Read, ResourceKind::Credential, &name, summary, operand.span.clone()));
        }
    }

    /// Notes what the guard and agents obey, where a program that does more than look is handed it and nothing that is known of the
    /// program says what becomes of it.
    pub(super) fn hands_what_is_obeyed(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, before: usize) {
        let keeps = families::command(program).is_some_and(|command| command.keeps_secrets);
        let said = self.noted_since(before);
        let looks = said.iter().all(|effect| effect.verb == Verb::Read);
        if self.site != Site::Here || keeps || looks || said.iter().any(|effect| is_obeyed(effect.resource.kind)) {
            return;
        }
        for field in arguments.iter().take_while(|_| self.budget.walk_steps(1)).cloned().collect::<Vec<_>>() {
            let value = behind(&field, "*=").unwrap_or(field);
            let Target::Exactly(path) = self.target(&value.value, directory) else { continue };
            let kind = kind_of(self.world, &path, None);
            if is_obeyed(kind) {
                let summary = format!("Hands `{path}` to `{program}`, which may change it");
                let effect = plain(Verb::Modify, kind, &path, summary, value.span.clone());
                self.note(Effect { reversibility: Reversibility::Effort, certainty: Certainty::Worst, ..effect });
            }
        }
    }

    /// Whether an operand names a secret and nothing else.
    pub(crate) fn names_a_secret(&self, operand: &Field, directory: Option<&str>) -> bool {
        let telling = self.telling(&operand.value, directory);
        !telling.is_empty() && telling.iter().all(|(_, kind)| *kind == ResourceKind::Credential)
    }

    /// Looks at secrets that become known by another name, which no longer says what they are.
    pub(crate) fn named_again(&mut self, sources: &[Field], target: &Field, directory: Option<&str>) {
        let Target::Exactly(name) = self.target(&target.value, directory) else { return };
        let keeps = self.spelled(&name) == ResourceKind::Credential
            || self.world.path(&name).is_some_and(|facts| facts.kind == FileKind::Directory);
        if !keeps {
            sources.iter().for_each(|source| self.look_by_name(source, directory));
        }
    }

    /// Sends what an operand names away.
    pub(crate) fn send(&mut self, operand: &Field, directory: Option<&str>) {
        let telling = self.telling(&operand.value, directory);
        for (name, kind) in telling {
            self.note(published(&name, kind, operand.span.clone()));
        }
        let shown = operand.shown();
        self.note(published(&shown, ResourceKind::File, operand.span.clone()));
    }

    /// What of all that a word names is more than a file.
    fn telling(&self, value: &Value, directory: Option<&str>) -> Vec<(String, ResourceKind)> {
        let named = match self.target(value, directory) {
            Target::Below(start, name) if name == "*" => vec![(start.clone(), self.spelled(&start))],
            // What has such a name is not looked for: there may be any of it.
            Target::Below(start, name) => {
                let spelled = [name.clone(), name.replace(['*', '?'], "")].map(|name| format!("{start}/{name}"));
                spelled.map(|path| (path.clone(), self.spelled(&path))).into()
            }
            Target::Exactly(path) => vec![self.led_to(path)],
            Target::Matching(pattern) => self.matching(&pattern),
            // Nobody knows in which directory, but what has this name is a secret in any.
            Target::Unknown => {
                let path = value.known().map(|name| absolute(&name, "/")).filter(|path| path.len() <= PATH_MAX_BYTES);
                path.map(|path| (path.clone(), kind_of(self.world, &path, None))).into_iter().collect()
            }
            Target::Nothing | Target::Scratch => Vec::new(),
        };
        let secret = |(path, kind): (String, ResourceKind)| match kind {
            ResourceKind::Guard if paths::is_guard_secret(&path) => (path, ResourceKind::Credential),
            kind => (path, kind),
        };
        named.into_iter().map(secret).filter(|(_, kind)| *kind != ResourceKind::File).collect()
    }

    fn matching(&self, pattern: &str) -> Vec<(String, ResourceKind)> {
        let paths = match self.site {
            Site::Here => self.world.matches(pattern),
            Site::There(_) | Site::Throwaway => None,
        };
        match paths {
            Some(paths) => {
                let (followed, others) = paths.split_at_checked(FOLLOWED_MAX).unwrap_or((paths, &[]));
                let spelled = others.iter().map(|path| (path.clone(), self.spelled(path)));
                followed.iter().map(|path| self.led_to(path.clone())).chain(spelled).collect()
            }
            // A star in a rule's place, or nothing there: `~/.ssh/*`, `.env*`.
            None => [pattern.to_owned(), pattern.replace(['*', '?'], "")].map(|path| (path.clone(), self.spelled(&path))).into(),
        }
    }

    /// A path as it is spelled where that is telling, otherwise as its links lead.
    fn led_to(&self, path: String) -> (String, ResourceKind) {
        let spelled = self.spelled(&path);
        let canonical = match self.site {
            Site::Here if spelled == ResourceKind::File => self.world.name(Question::Canonical { path: path.clone() }).flatten(),
            _ => None,
        };
        let path = canonical.map_or(path, str::to_owned);
        let kind = match self.spelled(&path) {
            ResourceKind::File if self.is_found_secret(&path) => ResourceKind::Credential,
            kind => kind,
        };
        (path, kind)
    }

    /// Whether a path has a secret's name in a place where the task has no business.
    fn is_found_secret(&self, path: &str) -> bool {
        self.site == Site::Here && paths::is_secret_elsewhere(path) && !self.world.path(path).is_some_and(is_for_the_task)
    }

    /// What a path is by its spelling; a directory in which secrets lie by rule counts as one.
    fn spelled(&self, path: &str) -> ResourceKind {
        match kind_of(self.world, path, None) {
            // Public keys lie among the private ones.
            ResourceKind::File if !path.ends_with(".pub") && paths::holds_secrets(path, self.world.own()) => {
                ResourceKind::Credential
            }
            kind => kind,
        }
    }
}

/// Whether the guard or agents obey it.
fn is_obeyed(kind: ResourceKind) -> bool {
    matches!(kind, ResourceKind::AgentConfiguration | ResourceKind::Guard)
}

/// Whether an option's name says that the program works with a secret.
fn works_with_secrets(option: &str) -> bool {
    let long = option.to_ascii_lowercase();
    ["auth", "cert", "conf", "cred", "env", "ident", "key", "pass", "pem", "secret", "token"]
        .iter()
        .any(|word| long.starts_with("--") && long.contains(word))
        || matches!(option, "-i" | "-e")
}

fn published(name: &str, kind: ResourceKind, span: Span) -> Effect {
    let summary = format!("Sends `{name}` away");
    Effect {
        environment: Environment::Unknown,
        reversibility: Reversibility::Irreversible,
        ..plain(Verb::Publish, kind, name, summary, span)
    }
}
