//! A change: what is proposed, sealed.
//!
//! The **digest** of a change covers what decides its meaning at the act: the artefact's exact bytes, the working directory,
//! the variables on the allow-list, the content of every input file that was read, and the target. It covers neither
//! effects nor prose nor session ids, or no retry would ever match.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::digest::{Digest, FieldHasher};
use crate::question::Answers;

/// What a gate is asked about to see whether it holds anything: as bad as can be, behind a condition that is never met.
pub const CANARY: &str = "test canary = alive && rm -rf ~";

/// Longest artefact in bytes.
pub const ARTEFACT_MAX_BYTES: usize = 256 * 1024;
/// Most variables a setting may carry.
pub const VARIABLES_MAX: usize = 64;
/// Longest value of a variable, directory or target in bytes.
pub const SETTING_VALUE_MAX_BYTES: usize = 16 * 1024;

/// The exact bytes proposed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Artefact {
    /// A program and its arguments, with no shell between.
    Argv {
        /// The program, then its arguments.
        argv: Vec<String>,
    },
    /// Text that bash will read.
    Command {
        /// The text.
        text: String,
    },
    /// A call of a tool that an agent's host offers, such as a file edit.
    ToolCall {
        /// The host, such as `claude-code`.
        host: String,
        /// The tool as the host names it.
        tool: String,
        /// The tool's input: one JSON object, exactly as it came.
        input: String,
    },
}

impl Artefact {
    /// Its size in bytes.
    pub fn size_bytes(&self) -> usize {
        match self {
            Self::Argv { argv } => argv.iter().map(|word| word.len() + 1).sum(),
            Self::Command { text } => text.len(),
            Self::ToolCall { host, tool, input } => host.len() + tool.len() + input.len(),
        }
    }

    /// The artefact as a person reads it.
    pub fn text(&self) -> String {
        match self {
            Self::Argv { argv } => argv.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            Self::Command { text } => text.clone(),
            Self::ToolCall { tool, input, .. } => format!("{tool} {input}"),
        }
    }

    /// Where each word of a command that has no shell stands in [`Artefact::text`], in bytes.
    pub fn word_spans(argv: &[String]) -> Vec<Range<usize>> {
        let mut at = 0;
        let span = |word: &String| {
            let start = at;
            at += quoted(word).len() + 1;
            start..at - 1
        };
        argv.iter().map(span).collect()
    }

    /// Whether it is the [`CANARY`], byte for byte. Nothing would happen if it ran, so nobody need be asked about it. There is no
    /// other sign of a canary, or whoever shows it could keep something real from people.
    pub fn is_canary(&self) -> bool {
        matches!(self, Self::Command { text } if text == CANARY)
    }

    fn hash_into(&self, hasher: &mut FieldHasher) {
        match self {
            Self::Argv { argv } => {
                hasher.text("argv").count(argv.len());
                for word in argv {
                    hasher.text(word);
                }
            }
            Self::Command { text } => {
                hasher.text("command").text(text);
            }
            Self::ToolCall { host, tool, input } => {
                hasher.text("tool-call").text(host).text(tool).text(input);
            }
        }
    }
}

/// Writes a word so that a shell would read it back as that one word.
pub fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=:,@%+".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Where an artefact would act: the part of the world that decides what its bytes mean.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// The canonical working directory.
    pub directory: String,
    /// The variables on the allow-list that are set.
    pub variables: BTreeMap<String, String>,
    /// The machine and user, cluster or database that the gate acts on, such as `host:laptop-17/uid:1000`.
    pub target: String,
}

/// What is proposed, sealed under its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    // INVARIANT: `digest` is the hash of all the other fields; only `seal` builds the value.
    artefact: Artefact,
    setting: Setting,
    inputs: BTreeMap<String, Digest>,
    digest: Digest,
}

impl Change {
    /// Seals a proposal. The input files are those whose text the answers hold.
    ///
    /// # Errors
    /// Refuses a proposal that is larger than any of the named bounds; nothing is cut short.
    pub fn seal(artefact: Artefact, setting: Setting, answers: &Answers) -> Result<Self, TooLarge> {
        let bounded = |what, size, max| if size <= max { Ok(()) } else { Err(TooLarge { what, size, max }) };
        bounded("artefact", artefact.size_bytes(), ARTEFACT_MAX_BYTES)?;
        bounded("number of variables", setting.variables.len(), VARIABLES_MAX)?;
        for value in setting.variables.iter().flat_map(|(name, value)| [name, value]).chain([&setting.directory, &setting.target])
        {
            bounded("value of the setting", value.len(), SETTING_VALUE_MAX_BYTES)?;
        }
        let inputs = answers.inputs();
        let digest = digest(&artefact, &setting, &inputs);
        Ok(Self { artefact, setting, inputs, digest })
    }

    /// The digest: the change's only name.
    pub const fn digest(&self) -> Digest {
        self.digest
    }

    /// What is proposed.
    pub const fn artefact(&self) -> &Artefact {
        &self.artefact
    }

    /// Where it would act.
    pub const fn setting(&self) -> &Setting {
        &self.setting
    }

    /// The input files and the digests of their content.
    pub const fn inputs(&self) -> &BTreeMap<String, Digest> {
        &self.inputs
    }
}

fn digest(artefact: &Artefact, setting: &Setting, inputs: &BTreeMap<String, Digest>) -> Digest {
    let mut hasher = FieldHasher::new("holdpoint.change.v1");
    artefact.hash_into(&mut hasher);
    hasher.text(&setting.directory).text(&setting.target).count(setting.variables.len());
    for (name, value) in &setting.variables {
        hasher.text(name).text(value);
    }
    hasher.count(inputs.len());
    for (path, content) in inputs {
        hasher.text(path).field(content.as_bytes());
    }
    hasher.finish()
}

/// A proposal beyond a bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the {what} is {size} where at most {max} is read")]
pub struct TooLarge {
    what: &'static str,
    size: usize,
    max: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::question::{Answer, Question};

    fn setting() -> Setting {
        Setting {
            directory: "/home/alice/shop".into(),
            variables: BTreeMap::from([("HOME".into(), "/home/alice".into())]),
            target: "host:laptop/uid:1000".into(),
        }
    }

    fn sealed(artefact: Artefact, setting: Setting, answers: &Answers) -> Digest {
        Change::seal(artefact, setting, answers).unwrap().digest()
    }

    #[test]
    fn each_word_stands_where_the_text_shows_it() {
        let argv = ["rm", "-rf", "a b", "it's", ""].map(str::to_owned).to_vec();
        let text = Artefact::Argv { argv: argv.clone() }.text();
        let words: Vec<_> = Artefact::word_spans(&argv).into_iter().map(|span| text.get(span).unwrap()).collect();
        assert_eq!(words, ["rm", "-rf", "'a b'", "'it'\\''s'", "''"]);
    }

    #[test]
    fn whatever_decides_the_meaning_changes_the_digest() {
        let none = Answers::default();
        let command = |text: &str| Artefact::Command { text: text.into() };
        let before = sealed(command("sh clean.sh"), setting(), &none);
        assert_eq!(before, sealed(command("sh clean.sh"), setting(), &none), "a retry is the same change");

        let mut elsewhere = setting();
        elsewhere.directory = "/home/alice".into();
        let mut other_home = setting();
        other_home.variables.insert("HOME".into(), "/".into());
        let mut other_target = setting();
        other_target.target = "host:prod/uid:0".into();
        let mut read = Answers::default();
        read.insert(Question::FileText { path: "/home/alice/shop/clean.sh".into() }, Answer::FileText { text: "ls".into() });
        let mut rewritten = Answers::default();
        rewritten.insert(
            Question::FileText { path: "/home/alice/shop/clean.sh".into() },
            Answer::FileText { text: "rm -rf ~".into() },
        );

        let argv = Artefact::Argv { argv: vec!["sh".into(), "clean.sh".into()] };
        let others = [
            sealed(command("sh clean.sh "), setting(), &none),
            sealed(argv, setting(), &none),
            sealed(command("sh clean.sh"), elsewhere, &none),
            sealed(command("sh clean.sh"), other_home, &none),
            sealed(command("sh clean.sh"), other_target, &none),
            sealed(command("sh clean.sh"), setting(), &read),
            sealed(command("sh clean.sh"), setting(), &rewritten),
        ];
        let distinct: std::collections::BTreeSet<_> = others.iter().chain([&before]).collect();
        assert_eq!(distinct.len(), others.len() + 1);
    }

    #[test]
    fn too_large_is_refused_and_never_cut() {
        let artefact = Artefact::Command { text: "x".repeat(ARTEFACT_MAX_BYTES + 1) };
        assert!(Change::seal(artefact, setting(), &Answers::default()).is_err());
    }

    #[test]
    fn an_argument_vector_is_shown_as_a_shell_would_read_it() {
        let argv = Artefact::Argv { argv: vec!["rm".into(), "-rf".into(), "a b".into(), "it's".into(), String::new()] };
        assert_eq!(argv.text(), r"rm -rf 'a b' 'it'\''s' ''");
    }
}
