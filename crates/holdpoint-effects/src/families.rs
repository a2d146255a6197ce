//! What everyday programs do, from the data files in `families/`.
//!
//! A family file is read by people first. It says which options of a command take a value, what its operands mean, and
//! which effects it has when. Every file carries examples that the tests of this crate run.
//!
//! *In scope:* the schema of those files. *Out of scope:* matching a command line against them (`shell/apply.rs`); the form in
//! which the program has them (`build.rs`).

use std::sync::OnceLock;

use holdpoint_core::effect::{Certainty, ResourceKind, Reversibility, Unit, Verb};
use serde::Deserialize;

use crate::code::alike::Tongue;
use crate::data;

/// The command that a program's name stands for. Each is read once, and only when it is met.
pub(crate) fn command(name: &str) -> Option<&'static Command> {
    let (_, line) = NAMES.get(NAMES.binary_search_by_key(&name, |(known, _)| *known).ok()?)?;
    let (text, command) = (LINES.get(*line)?, COMMANDS.get(*line)?);
    Some(command.get_or_init(|| Box::new(data::read(text))))
}

/// The program whose options a variable holds, whoever starts it.
pub(crate) fn has_options_in(variable: &str) -> Option<&'static str> {
    OPTION_VARIABLES.iter().find(|(name, _)| *name == variable).map(|(_, program)| *program)
}

/// Whether a package of a registry is one whose program is known not to do more than a build or a test does.
pub(crate) fn is_package(name: &str) -> bool {
    PACKAGES.binary_search(&name).is_ok()
}

static COMMANDS: [OnceLock<Box<Command>>; LINES.len()] = [const { OnceLock::new() }; LINES.len()];

// `NAMES`: each name of a command with the number of its line, sorted; `LINES`: the commands; `PACKAGES`: sorted names;
// `OPTION_VARIABLES`: each variable that holds options, with a program that takes them.
include!(concat!(env!("OUT_DIR"), "/commands.rs"));

/// A program.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Eq))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Command {
    #[cfg_attr(not(test), expect(dead_code, reason = "build.rs makes the index of them"))]
    pub(crate) names: Vec<String>,
    /// Options that take the next word as their value.
    #[serde(default)]
    pub(crate) valued: Vec<String>,
    /// Options that have a value only where it is attached to them: `gawk -oFILE`.
    #[serde(default)]
    pub(crate) attached: Vec<String>,
    /// Whether `-abc` is one option and not three.
    #[serde(default)]
    pub(crate) long_with_one_dash: bool,
    /// Options that are one, although they have one dash and several letters, and take no value.
    #[serde(default)]
    pub(crate) whole: Vec<String>,
    /// Options with which the program only informs or rehearses.
    #[serde(default)]
    pub(crate) harmless_with: Vec<String>,
    /// Options whose values are operands: `curl --url`.
    #[serde(default)]
    pub(crate) operands_of: Vec<String>,
    /// Variables whose words count as if they stood in front of its own: `PYTEST_ADDOPTS`.
    #[serde(default)]
    pub(crate) options_in: Vec<String>,
    /// Whether its operands are addresses, so that a word which the line does not determine but for the path at its end is one.
    #[serde(default)]
    pub(crate) addresses: bool,
    /// Whether it says nothing of what is in the files that it is given, or needs a secret to work with and keeps it.
    #[serde(default)]
    pub(crate) keeps_secrets: bool,
    /// What the command does when no effect below applies.
    #[serde(default)]
    pub(crate) otherwise: Otherwise,
    #[serde(default)]
    pub(crate) effect: Vec<Template>,
    #[serde(default)]
    pub(crate) sub: Vec<Sub>,
    /// What can be done instead, or before, whichever of its losses it is: the first of these that fits.
    #[serde(default)]
    pub(crate) safer: Vec<Safer>,
}

/// A subcommand: one or more words after the program's own options.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Eq))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Sub {
    pub(crate) names: Vec<String>,
    #[serde(default)]
    pub(crate) valued: Vec<String>,
    #[serde(default)]
    pub(crate) harmless_with: Vec<String>,
    #[serde(default)]
    pub(crate) otherwise: Otherwise,
    #[serde(default)]
    pub(crate) effect: Vec<Template>,
    /// As for a command.
    #[serde(default)]
    pub(crate) safer: Vec<Safer>,
}

/// What leaves a way back or shows first what would go.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Eq))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Safer {
    /// The names of the programs it is for; all of the command's where none is named.
    #[serde(default)]
    pub(crate) programs: Vec<String>,
    /// The subcommands it is for, as they are named above; all where none is named.
    #[serde(default)]
    pub(crate) subcommands: Vec<String>,
    /// The command to run, with holes for words of the line as they stand there: `{line}` for all of it, `{program}` and
    /// `{arguments}` for its two parts, `{before}` and `{behind}` for what stands on either side of the subcommand, `{operands}`,
    /// `{first}`, `{rest}`, `{last}`, `{paths}` for what stands behind `--`, or an option's value such as `{--name}`. Nothing
    /// where no command would help.
    pub(crate) run: Option<String>,
    /// Words of the line that are left out of it.
    #[serde(default)]
    pub(crate) without: Vec<String>,
    /// What it does, in words that go on from it; a sentence of its own where there is no command.
    pub(crate) says: String,
}

/// What stands when none of the effects applies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Otherwise {
    /// It changes only what is the asker's own and loses nothing.
    Changes,
    /// It runs code that belongs to the work tree: builds, tests, scripts.
    Delegates,
    /// It looks and changes nothing.
    #[default]
    Reads,
    /// It is not known.
    Unknown,
}

/// One effect of a command, and when it has it.
#[derive(Debug, Deserialize)]
#[cfg_attr(test, derive(PartialEq, Eq))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Template {
    /// At least one of these options is given.
    #[serde(default)]
    pub(crate) when: Vec<String>,
    /// None of these options is given.
    #[serde(default)]
    pub(crate) unless: Vec<String>,
    /// An operand equals one of these, or starts with one that ends in `*`. `{assignment}` has a `=` in it, `{elsewhere}` is an address that does not
    /// plainly lead to this machine, `{here}` one that does, `{store}` one that does and at whose port a store of data answers, and `{store-delete}`
    /// one of these that names a deletion; `{stays}` is a route of `curl --resolve` or `--connect-to` to this machine, `{secret}` a name that says that it is of a secret. A star that
    /// is not at the end stands for any run of characters.
    #[serde(default)]
    pub(crate) when_operand: Vec<String>,
    /// The last operand does. `{far}` is a path of another machine, `{near}` one of this.
    #[serde(default)]
    pub(crate) when_last: Vec<String>,
    /// The last operand does not.
    #[serde(default)]
    pub(crate) unless_last: Vec<String>,
    /// No operand does.
    #[serde(default)]
    pub(crate) unless_operand: Vec<String>,
    /// At least one of these options is given as well.
    #[serde(default)]
    pub(crate) with: Vec<String>,
    /// What it reads from its standard input is not known, or holds one of these texts.
    #[serde(default)]
    pub(crate) when_input: Vec<String>,
    /// One of these variables has that value where the command runs, written `NAME=value`.
    #[serde(default)]
    pub(crate) when_variable: Vec<String>,
    /// None of these variables surely has that value; what stands for an operand may stand for the value.
    #[serde(default)]
    pub(crate) unless_variable: Vec<String>,
    /// The value of one of the options equals one of these, or starts with one that ends in `*`.
    #[serde(default)]
    pub(crate) when_value: Vec<String>,
    /// Not all values of the options in `when` do so.
    #[serde(default)]
    pub(crate) unless_values: Vec<String>,
    /// What is sent is not plainly a GraphQL document that only asks.
    #[serde(default)]
    pub(crate) unless_graphql_asks: bool,
    /// It counts only where the line determines it: an operand that is not known is not taken for one of `when_operand`.
    #[serde(default)]
    pub(crate) surely: bool,
    #[serde(default)]
    pub(crate) operands_min: usize,
    pub(crate) operands_max: Option<usize>,
    /// What happens to paths; everything below is then found by looking at them.
    pub(crate) paths: Option<Paths>,
    /// The words that `of` names are a program in a language that is not read, and what all languages write alike says what it does.
    pub(crate) code: Option<Tongue>,
    /// Which words are those paths, or that program.
    #[serde(default)]
    pub(crate) of: Of,
    /// Options that name the directory in which those paths lie: `curl --output-dir`.
    #[serde(default)]
    pub(crate) below: Vec<String>,
    /// What stands before the path in such a word: `of=` at its beginning, or, with a star, `*=@` anywhere. A word with none
    /// of them names no path.
    #[serde(default)]
    pub(crate) marked: Vec<String>,
    /// Signs at the first of which the path in such a word ends: `flash:r:FILE:i`.
    #[serde(default)]
    pub(crate) until: String,
    /// What is put behind the path, with live stars and question marks: `split` writes `PREFIXaa` and so on, `gzip` `FILE.gz`.
    #[serde(default)]
    pub(crate) suffix: String,
    pub(crate) verb: Option<Verb>,
    pub(crate) kind: Option<ResourceKind>,
    /// The resource's name: `{operands}`, `{first}`, `{rest}`, `{last}`, `{program}`, or an option such as `{--name}`. In a
    /// summary, `{words}` is all operands as one, such as `ns shop`.
    #[serde(default)]
    pub(crate) name: String,
    #[serde(default)]
    pub(crate) environment: Place,
    /// How much: one for each operand unless it is said.
    pub(crate) unit: Option<Unit>,
    #[serde(default)]
    pub(crate) unbounded: bool,
    pub(crate) reversibility: Option<Reversibility>,
    #[serde(default)]
    pub(crate) certainty: Option<Certainty>,
    /// What the repository's state says about the loss.
    pub(crate) measure: Option<Measure>,
    #[serde(default)]
    pub(crate) summary: String,
    /// As for a command, for this effect alone.
    #[serde(default)]
    pub(crate) safer: Vec<Safer>,
}

/// What a command does to paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Paths {
    /// They are no paths but a command: the values of options are put together to a text, operands are words, and one alone is text.
    Call,
    /// It takes them away and leaves what they held under the name with `suffix`, or without its ending.
    Carry,
    Copy,
    Create,
    Delete,
    Edit,
    /// It takes away what is in them, and then fills them.
    Empty,
    /// It puts files into them whose names the line does not say.
    Fill,
    /// The last operand becomes another name for what is elsewhere.
    Link,
    /// It puts files over those of the same name in them.
    Merge,
    Modify,
    Move,
    Overwrite,
    Read,
    /// It writes what it compiled: a program that is there already can be compiled again.
    Rebuild,
    /// It writes what they hold packed over the names without their endings.
    Restore,
    /// It runs them as scripts.
    Run,
    /// It sends them away.
    Send,
    /// It brings into shape what they hold. In the work tree that is work on it.
    Shape,
    /// It puts them where the person can take them back from.
    Trash,
    /// It unpacks an archive in them, whose names are not read.
    Unpack,
    /// The same, told to replace what is there without asking.
    UnpackOver,
}

/// Which words of a command line are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Of {
    /// The last names of the addresses that the operands are.
    Basenames,
    First,
    /// What it reads from its standard input.
    Input,
    Last,
    /// These names, whatever the line says.
    Named(Vec<String>),
    /// The values of these options.
    Options(Vec<String>),
    #[default]
    Operands,
    Rest,
    Second,
    /// What the line sets these variables to.
    Variables(Vec<String>),
    /// The directory the command runs in.
    WorkingDirectory,
}

/// How the place of an effect is found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// `-H`, `--context`, `DOCKER_HOST`, otherwise the local daemon.
    Docker,
    /// `--context`, otherwise the current one.
    Kubernetes,
    #[default]
    Local,
    /// `-h`, a connection string, `PGHOST`, otherwise the local socket.
    Postgres,
    /// The current workspace.
    Terraform,
    /// Some service elsewhere.
    Unknown,
}

/// What of a repository's state an effect loses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Measure {
    /// Changes to tracked files that no commit holds.
    Modified,
    /// Such changes at and below the operands.
    ModifiedOperands,
    /// Entries in the stash.
    Stashed,
    /// Files that git neither tracks nor ignores.
    Untracked,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use holdpoint_core::change::{Artefact, Setting};
    use holdpoint_core::effect::Effect;
    use holdpoint_core::question::Answers;

    use super::*;

    // `SOURCES`: the files as they were written, by name.
    include!(concat!(env!("OUT_DIR"), "/sources.rs"));

    /// One family of commands.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Family {
        command: Vec<Command>,
        #[serde(default)]
        packages: Vec<String>,
        #[serde(default)]
        example: Vec<Example>,
    }

    /// A command line with the effects it must have.
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Example {
        line: String,
        /// `free`, or effects as `verb kind reversibility`.
        expect: Vec<String>,
    }

    /// The families as they were written.
    fn families() -> Vec<Family> {
        let read = |(file, text): &(&str, &str)| toml::from_str(text).unwrap_or_else(|error| panic!("{file}: {error}"));
        SOURCES.iter().map(read).collect()
    }

    #[test]
    fn every_command_is_found_by_each_of_its_names_as_it_was_written() {
        let families = families();
        let written: Vec<&Command> = families.iter().flat_map(|family| &family.command).collect();
        for (name, is) in written.iter().flat_map(|is| is.names.iter().map(move |name| (name, is))) {
            assert_eq!(command(name), Some(*is), "{name}");
        }
        assert_eq!((written.len(), command("no such program")), (LINES.len(), None));
        assert!(families.iter().flat_map(|family| &family.packages).all(|package| is_package(package)));
        assert!(!is_package("no-such-package"));
    }

    fn effects(line: &str) -> Vec<Effect> {
        let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
        let setting = Setting { directory: "/home/alice/shop".to_owned(), variables, target: String::new() };
        crate::read(&Artefact::Command { text: line.to_owned() }, &setting, &Answers::default()).effects.into()
    }

    /// Loses nothing that anybody would miss, whatever the answers.
    fn is_free(effect: &Effect) -> bool {
        let lossless = effect.reversibility <= Reversibility::Git || effect.certainty == Certainty::Delegated;
        let quiet =
            matches!(effect.verb, Verb::Create | Verb::Delete | Verb::Execute | Verb::Modify | Verb::Overwrite | Verb::Read);
        let telling = matches!(
            effect.resource.kind,
            ResourceKind::Credential
                | ResourceKind::Guard
                | ResourceKind::Persistence
                | ResourceKind::Privilege
                | ResourceKind::AgentConfiguration
        );
        lossless && quiet && !telling && effect.certainty != Certainty::Opaque
    }

    #[test]
    fn every_example_has_the_effects_it_says() {
        let mut wrong = Vec::new();
        for example in families().iter().flat_map(|family| &family.example) {
            let found = effects(&example.line);
            let shown: Vec<String> = found
                .iter()
                .map(|effect| format!("{} {} {}", effect.verb, effect.resource.kind, effect.reversibility.as_str()))
                .collect();
            let fits = if example.expect == ["free"] {
                found.iter().all(is_free)
            } else {
                example.expect.iter().all(|expected| shown.contains(expected))
            };
            if !fits {
                wrong.push(format!("`{}` should be {:?} and is {shown:?}", example.line, example.expect));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn every_alternative_is_offered_for_an_example() {
        let mut missing = Vec::new();
        for family in families() {
            let offered: Vec<(String, String)> = (family.example.iter())
                .flat_map(|example| effects(&example.line))
                .filter_map(|effect| effect.safer)
                .map(|safer| (safer.says, safer.command.unwrap_or_default()))
                .collect();
            let of = |command: &'static Command| {
                let of_subs =
                    command.sub.iter().flat_map(|sub| sub.safer.iter().chain(sub.effect.iter().flat_map(|is| &is.safer)));
                command.safer.iter().chain(command.effect.iter().flat_map(|is| &is.safer)).chain(of_subs)
            };
            for safer in family.command.iter().filter_map(|is| command(is.names.first()?)).flat_map(of) {
                let fits = |(says, command): &(String, String)| *says == safer.says && command.is_empty() == safer.run.is_none();
                if !offered.iter().any(fits) {
                    missing.push(format!("no example is offered {:?}, which {}", safer.run, safer.says));
                }
            }
        }
        assert!(missing.is_empty(), "{}", missing.join("\n"));
    }

    #[test]
    fn every_file_that_says_something_shows_examples() {
        for family in families().iter().filter(|family| !family.command.is_empty()) {
            assert!(!family.example.is_empty(), "a family without examples");
        }
    }

    #[test]
    fn every_template_says_what_it_does() {
        let families = families();
        let templates = families.iter().flat_map(|family| &family.command).flat_map(|command| {
            command.effect.iter().chain(command.sub.iter().flat_map(|sub| &sub.effect)).map(move |template| (command, template))
        });
        for (command, template) in templates {
            let said = template.paths.is_some()
                || template.code.is_some()
                || (template.verb.is_some() && template.kind.is_some() && !template.summary.is_empty());
            assert!(said, "an effect of {:?}", command.names);
        }
    }
}
