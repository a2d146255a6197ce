//! What a call of an agent's own tool does: file edits, reads, fetches, sub-agents.
//!
//! *In scope:* the built-in tools of Claude Code, from a committed table with examples. *Out of scope:* the text of shell
//! tools, which the shell reader judges, and what tool servers do (`mcp__…`): nothing in a call says so, and it is opaque.
//!
//! A tool the table does not know, or an input it does not fit, is opaque as well.

mod claude_code;

use holdpoint_core::change::Setting;
use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::question::{Answer, Answers, FileKind, PathFacts, Place, Question};
use serde_json::{Map, Value};

use self::claude_code::{Act, Tool};
use crate::paths::Own;
use crate::world::{World, absolute};
use crate::{Reading, loss, paths, recover, shell};

/// Reads the call of a tool that an agent's host offers. `input` is the JSON object that the host would hand to the tool.
pub fn read(host: &str, tool: &str, input: &str, setting: &Setting, answers: &Answers) -> Reading {
    let call = (host == claude_code::HOST).then(|| claude_code::find(tool)).flatten().and_then(|known| {
        let fields = serde_json::from_str(input).ok()?;
        Call { tool, known, fields, setting, answers }.reading()
    });
    call.unwrap_or_else(|| Reading {
        effects: Effects::opaque(ResourceKind::Program, tool, &format!("a call of the tool `{tool}`")),
        questions: Vec::new(),
    })
}

/// A call that the table knows.
struct Call<'a> {
    tool: &'a str,
    known: &'static Tool,
    fields: Map<String, Value>,
    setting: &'a Setting,
    answers: &'a Answers,
}

impl Call<'_> {
    /// What the call does; nothing where its input is not what the tool takes.
    fn reading(&self) -> Option<Reading> {
        match self.known.act {
            Act::Command => Some(self.command(self.text("command")?)),
            Act::Delegate => Some(self.delegated()),
            Act::Edit => self.edit(),
            Act::EditCell => self.edit_cell(),
            Act::Fetch => self.fetch(),
            Act::LeaveWorktree => self.leave_worktree(),
            Act::List => Some(only(self.read_effect(ResourceKind::File, &self.path_or_here()?))),
            Act::Publish => Some(only(self.effect(Verb::Publish, ResourceKind::Service, Reversibility::Irreversible))),
            Act::Read => self.read_file(),
            Act::Schedule => Some(self.schedule()),
            Act::Search => Some(self.search()),
            Act::Session => Some(only(self.effect(Verb::Modify, ResourceKind::Process, Reversibility::Lossless))),
            Act::Stop => Some(only(self.effect(Verb::Stop, ResourceKind::Process, Reversibility::Regenerable))),
            Act::Write => self.write(),
        }
    }

    /// Shell text: the same as a command of its own.
    fn command(&self, text: &str) -> Reading {
        let world = World::new(self.setting, self.answers);
        Reading::of(shell::text(text, &world).0, world)
    }

    fn delegated(&self) -> Reading {
        let effect = self.effect(Verb::Execute, ResourceKind::Program, Reversibility::Lossless);
        let summary = format!("Starts {}, whose own tool calls are decided one by one", self.tool);
        only(Effect { certainty: Certainty::Delegated, summary, ..effect })
    }

    /// A prompt that comes back by the clock, when nobody may be watching: in this session, or kept on disk beyond it.
    fn schedule(&self) -> Reading {
        only(self.effect(Verb::Create, ResourceKind::Persistence, Reversibility::Lossless))
    }

    fn search(&self) -> Reading {
        let effect = self.effect(Verb::Read, ResourceKind::Service, Reversibility::Lossless);
        let resource = Resource { kind: ResourceKind::Service, name: "web-search".into() };
        only(Effect { resource, environment: Environment::Unknown, summary: "Searches the web".into(), ..effect })
    }

    fn fetch(&self) -> Option<Reading> {
        let host = web_host(self.text("url")?)?;
        let kind = if METADATA_HOSTS.contains(&host.as_str()) { ResourceKind::Credential } else { ResourceKind::Host };
        let effect = self.effect(Verb::Read, kind, Reversibility::Lossless);
        Some(only(Effect {
            resource: Resource { kind, name: host.clone() },
            environment: Environment::Named(host.clone()),
            summary: format!("Fetches a page from {host}"),
            ..effect
        }))
    }

    fn leave_worktree(&self) -> Option<Reading> {
        let (reversibility, certainty) = match (self.text("action")?, self.fields.get("discard_changes")) {
            ("keep", _) => return Some(only(self.effect(Verb::Modify, ResourceKind::Process, Reversibility::Lossless))),
            // The tool itself declines to remove a work tree that holds uncommitted work.
            ("remove", None | Some(Value::Bool(false))) => (Reversibility::Git, Certainty::Exact),
            ("remove", Some(_)) => (Reversibility::Irreversible, Certainty::Worst),
            _ => return None,
        };
        let summary = "Removes the session's work tree".to_owned();
        Some(only(Effect { certainty, summary, ..self.effect(Verb::Delete, ResourceKind::GitWork, reversibility) }))
    }

    fn read_file(&self) -> Option<Reading> {
        let path = self.path_or_here()?;
        let question = Question::Canonical { path: path.clone() };
        let kind = |path: &str| match paths::classify(path, self.own()).resource_kind() {
            ResourceKind::File if self.meets_secrets(path) => ResourceKind::Credential,
            // The keys that Holdpoint signs with lie among its own files.
            ResourceKind::Guard if path.ends_with(".key") => ResourceKind::Credential,
            kind => kind,
        };
        Some(match self.answers.to(&question) {
            Some(Answer::Name { name: Some(canonical) }) => match kind(canonical) {
                ResourceKind::File if paths::is_secret_elsewhere(canonical) => self.read_found(canonical),
                kind => only(self.read_effect(kind, canonical)),
            },
            _ => {
                let effect = self.read_effect(kind(&path), &path);
                self.asking(Effect { certainty: Certainty::Worst, ..effect }, question)
            }
        })
    }

    /// Reads what has a secret's name: one where the task has no business.
    fn read_found(&self, path: &str) -> Reading {
        let question = Question::Path { path: path.to_owned() };
        let secret = self.read_effect(ResourceKind::Credential, path);
        match self.answers.to(&question) {
            Some(Answer::Path { facts }) if loss::is_for_the_task(facts) => only(self.read_effect(ResourceKind::File, path)),
            Some(Answer::Path { .. }) => only(secret),
            _ => self.asking(Effect { certainty: Certainty::Worst, ..secret }, question),
        }
    }

    /// Whether a search at a path is for files with a secret's name, or goes through the whole home directory.
    fn meets_secrets(&self, path: &str) -> bool {
        let named = |glob| paths::classify(&format!("{path}/{glob}"), self.own()) == paths::Kind::Credential;
        self.text("glob").is_some_and(named) || self.home().is_some_and(|home| recover::holds(path, home))
    }

    fn read_effect(&self, kind: ResourceKind, path: &str) -> Effect {
        self.file_effect(Verb::Read, kind, path, Reversibility::Lossless)
    }

    /// Replaces a file as a whole.
    fn write(&self) -> Option<Reading> {
        Some(self.change_file(Verb::Overwrite, &self.path()?, Reversibility::Irreversible))
    }

    /// Replaces pieces of text. The text that goes stands in the call itself, so the edit can be turned round; replacing
    /// every occurrence cannot always.
    fn edit(&self) -> Option<Reading> {
        let pieces = match self.fields.get("edits") {
            Some(edits) => edits.as_array()?.iter().map(|edit| Piece::of(edit.as_object()?)).collect::<Option<Vec<_>>>()?,
            None => vec![Piece::of(&self.fields)?],
        };
        let way_back = match pieces.iter().max()? {
            Piece::One => Reversibility::Lossless,
            Piece::Every => Reversibility::Effort,
            Piece::Whole => return self.write(),
        };
        Some(self.change_file(Verb::Modify, &self.path()?, way_back))
    }

    fn edit_cell(&self) -> Option<Reading> {
        let way_back = match self.fields.get("edit_mode").map(Value::as_str) {
            Some(Some("insert")) => Reversibility::Lossless,
            None | Some(Some("delete" | "replace")) => Reversibility::Irreversible,
            Some(_) => return None,
        };
        Some(self.change_file(Verb::Modify, &self.path()?, way_back))
    }

    /// Changes what is at a path. `way_back` is the one that the call itself leaves; git may know a better one.
    fn change_file(&self, verb: Verb, path: &str, way_back: Reversibility) -> Reading {
        let question = Question::Path { path: path.to_owned() };
        match self.answers.to(&question) {
            Some(Answer::Path { facts }) if facts.kind == FileKind::Symlink && facts.canonical != path => {
                self.change_file_behind_link(verb, &facts.canonical, way_back)
            }
            Some(Answer::Path { facts }) => only(self.change_found(verb, facts, way_back)),
            _ => self.asking(self.change_unknown(verb, path, way_back), question),
        }
    }

    fn change_file_behind_link(&self, verb: Verb, path: &str, way_back: Reversibility) -> Reading {
        let question = Question::Path { path: path.to_owned() };
        match self.answers.to(&question) {
            // A link that is found where a canonical path was given has just been put there.
            Some(Answer::Path { facts }) if facts.kind != FileKind::Symlink => only(self.change_found(verb, facts, way_back)),
            _ => self.asking(self.change_unknown(verb, path, way_back), question),
        }
    }

    fn change_found(&self, verb: Verb, facts: &PathFacts, way_back: Reversibility) -> Effect {
        let verb = if facts.kind == FileKind::Missing { Verb::Create } else { verb };
        let kind = loss::resource_kind(facts, self.own());
        let effect = self.file_effect(verb, kind, &facts.canonical, loss::if_destroyed(facts).min(way_back));
        if kept_by_host(kind, facts) { kept(effect) } else { effect }
    }

    fn change_unknown(&self, verb: Verb, path: &str, way_back: Reversibility) -> Effect {
        let kind = paths::classify(path, self.own()).resource_kind();
        Effect { certainty: Certainty::Worst, ..self.file_effect(verb, kind, path, way_back) }
    }

    fn file_effect(&self, verb: Verb, kind: ResourceKind, path: &str, reversibility: Reversibility) -> Effect {
        let act = match verb {
            Verb::Create => "Creates",
            Verb::Modify => "Edits",
            Verb::Overwrite => "Replaces",
            _ => "Reads",
        };
        Effect {
            resource: Resource { kind, name: path.to_owned() },
            magnitude: Magnitude::at_most(1, Unit::Files),
            summary: format!("{act} {path}"),
            ..self.effect(verb, kind, reversibility)
        }
    }

    /// An effect that the tool's name says all of.
    fn effect(&self, verb: Verb, kind: ResourceKind, reversibility: Reversibility) -> Effect {
        Effect {
            verb,
            resource: Resource { kind, name: self.tool.to_owned() },
            environment: Environment::Local,
            magnitude: Magnitude::at_most(1, Unit::Items),
            reversibility,
            certainty: Certainty::Exact,
            summary: format!("Uses the tool {}", self.tool),
            span: None,
            safer: None,
        }
    }

    /// Adds a question, unless it was put already and had no answer.
    fn asking(&self, effect: Effect, question: Question) -> Reading {
        let questions = if self.answers.holds(&question) { Vec::new() } else { vec![question] };
        Reading { questions, ..only(effect) }
    }

    /// The path the call names, made absolute and lexically normal as the host does.
    fn path(&self) -> Option<String> {
        let path = self.text(self.known.path.as_deref()?)?;
        let expanded = match (path.strip_prefix('~'), self.home()) {
            (Some(below), Some(home)) if below.is_empty() || below.starts_with('/') => format!("{home}{below}"),
            (Some(_), _) => return None,
            (None, _) => path.to_owned(),
        };
        (!path.is_empty() && !path.contains('\0')).then(|| absolute(&expanded, &self.setting.directory))
    }

    fn path_or_here(&self) -> Option<String> {
        let given = self.known.path.as_deref().is_some_and(|field| self.fields.contains_key(field));
        if self.known.here && !given { Some(self.setting.directory.clone()) } else { self.path() }
    }

    fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    fn home(&self) -> Option<&str> {
        self.own().home
    }

    fn own(&self) -> Own<'_> {
        Own::of(self.setting)
    }
}

/// Whether the host has a copy of what its own tool is about to replace: Claude Code keeps a checkpoint of each file before its
/// editing tools change it, for `/rewind` (<https://code.claude.com/docs/en/checkpointing>). Believed for ordinary files of the work
/// tree only, where an agent writes its own work over and over.
fn kept_by_host(kind: ResourceKind, facts: &PathFacts) -> bool {
    let ordinary = matches!(kind, ResourceKind::File | ResourceKind::GitWork);
    ordinary && facts.kind == FileKind::File && facts.place == Place::WorkTree
}

/// The effect on a file whose former content the host can put back, as git could.
fn kept(effect: Effect) -> Effect {
    let resource = Resource { kind: ResourceKind::File, ..effect.resource };
    Effect { resource, reversibility: effect.reversibility.min(Reversibility::Git), ..effect }
}

/// How much of a file one replacement touches, from little to all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    /// One occurrence of a text.
    One,
    /// Every occurrence.
    Every,
    /// An empty text to replace stands for the whole file.
    Whole,
}

impl Piece {
    fn of(edit: &Map<String, Value>) -> Option<Self> {
        edit.get("new_string")?.as_str()?;
        let every = !matches!(edit.get("replace_all"), None | Some(Value::Bool(false)));
        Some(match edit.get("old_string")?.as_str()? {
            "" => Self::Whole,
            _ if every => Self::Every,
            _ => Self::One,
        })
    }
}

/// The host of a web address, in lower case; nothing where it is none or is spelled so that readers may disagree.
fn web_host(url: &str) -> Option<String> {
    let lower = url.trim().to_ascii_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://"))?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = authority.rsplit('@').next()?;
    if let Some(bracketed) = host.strip_prefix('[') {
        let address: std::net::Ipv6Addr = bracketed.split_once(']')?.0.parse().ok()?;
        return Some(address.to_ipv4_mapped().map_or_else(|| address.to_string(), |mapped| mapped.to_string()));
    }
    let host = host.split(':').next()?.trim_end_matches('.');
    let plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    // An address may also be written as one number, in octal or in hexadecimal: 2852039166, 0xa9fea9fe.
    let numeric = host.rsplit('.').next()?.starts_with(|first: char| first.is_ascii_digit());
    let agreed = !numeric || host.parse::<std::net::Ipv4Addr>().is_ok();
    (!host.is_empty() && plain && agreed).then(|| host.to_owned())
}

/// Where clouds hand out the machine's own credentials.
const METADATA_HOSTS: [&str; 5] =
    ["100.100.100.200", "169.254.169.254", "169.254.170.2", "fd00:ec2::254", "metadata.google.internal"];

fn only(effect: Effect) -> Reading {
    Reading { effects: Effects::found(vec![effect]), questions: Vec::new() }
}

#[cfg(test)]
mod tests;
