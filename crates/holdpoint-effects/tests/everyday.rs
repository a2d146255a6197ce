//! Command lines of everyday work, dangerous and harmless, read in a small invented world.
//!
//! What is judged here are effects, by a rule close to the default policy (`waits`). The policy itself judges the same lines in
//! the program's own tests (`crates/holdpoint/tests/everyday.rs`).

#[path = "everyday/corpus.rs"]
#[expect(dead_code, reason = "the lines that are open are for those who ask a policy")]
mod corpus;
#[path = "everyday/world.rs"]
#[expect(dead_code, reason = "the settings and answers are for those who ask a policy")]
mod world;

use holdpoint_core::effect::{Certainty, Effect, Environment, ResourceKind, Reversibility, Unit, Verb};

use corpus::{Line, Verdict};
use world::TREE;

fn effects(text: &str) -> Vec<Effect> {
    effects_with(text, &[])
}

fn effects_with(text: &str, more: &[(&str, &str)]) -> Vec<Effect> {
    world::read(text, more).effects.into()
}

/// What the default policy holds of an agent's, in short.
fn waits(effect: &Effect) -> bool {
    use ResourceKind as Kind;
    let (kind, verb, way_back) = (effect.resource.kind, effect.verb, effect.reversibility);
    let local = effect.environment == Environment::Local;
    let changes = matches!(verb, Verb::Create | Verb::Delete | Verb::Modify | Verb::Overwrite | Verb::Rewrite);
    match kind {
        _ if effect.certainty == Certainty::Opaque => return true,
        Kind::Credential if verb == Verb::Read => return true,
        // `cp .env.example .env` in a fresh work tree makes what nobody has yet.
        Kind::Credential | Kind::Secret if changes && local => {
            return verb == Verb::Modify || way_back >= Reversibility::Regenerable;
        }
        Kind::Credential | Kind::Secret => return !(local && verb == Verb::Read),
        Kind::AgentConfiguration | Kind::CiConfiguration | Kind::Device | Kind::Guard | Kind::Persistence | Kind::Privilege => {
            return verb != Verb::Read;
        }
        _ => {}
    }
    match verb {
        Verb::Approve | Verb::Grant => true,
        Verb::Publish => !(local && matches!(kind, Kind::ContainerImage | Kind::Database | Kind::Package | Kind::Table)),
        Verb::Stop => !local || matches!(kind, Kind::Host | Kind::Service),
        Verb::Read => false,
        _ if kind == Kind::GitHistory => matches!(verb, Verb::Modify | Verb::Rewrite) || way_back >= Reversibility::Git,
        _ if local => waits_here(effect),
        Verb::Execute => {
            matches!(effect.certainty, Certainty::Delegated | Certainty::Worst)
                || matches!(
                    kind,
                    Kind::ClusterObject
                        | Kind::Container
                        | Kind::Database
                        | Kind::Infrastructure
                        | Kind::Service
                        | Kind::Table
                        | Kind::Volume
                )
        }
        _ => (kind == Kind::Network && verb == Verb::Create) || (way_back >= Reversibility::Regenerable && !few_rows(effect)),
    }
}

/// The part of it that is about the asker's own machine.
fn waits_here(effect: &Effect) -> bool {
    use ResourceKind as Kind;
    let way_back = effect.reversibility;
    let counted = effect.magnitude.count.is_some();
    let loses = matches!(effect.verb, Verb::Delete | Verb::Modify | Verb::Overwrite | Verb::Rewrite);
    match effect.resource.kind {
        Kind::Network => (loses || effect.verb == Verb::Execute) && way_back >= Reversibility::Effort,
        _ if !loses => false,
        Kind::File | Kind::GitLocal | Kind::GitWork => way_back >= Reversibility::Effort,
        Kind::Database | Kind::Table | Kind::Volume => {
            way_back >= Reversibility::Irreversible && !(effect.magnitude.unit == Unit::Rows && counted)
        }
        Kind::Container | Kind::ContainerImage | Kind::Host | Kind::Package | Kind::Process | Kind::Program | Kind::Service => {
            way_back >= Reversibility::Effort && !counted
        }
        Kind::Repository => effect.verb != Verb::Modify || way_back >= Reversibility::Regenerable,
        _ => false,
    }
}

/// What the policy lets pass anywhere.
fn few_rows(effect: &Effect) -> bool {
    effect.magnitude.unit == Unit::Rows && effect.magnitude.count.is_some_and(|count| count <= 100)
}

/// The lines of a kind that are judged otherwise, each with where it stands, what was found and why that is wrong.
fn misjudged(verdict: Verdict) -> Vec<String> {
    let wrong = |line: Line| {
        let effects = effects(&line.text);
        let held = effects.iter().any(waits);
        (held != (verdict == Verdict::Hold)).then(|| format!("{line}\n{}", shown(&effects)))
    };
    corpus::lines().filter(|line| line.verdict == verdict).filter_map(wrong).collect()
}

fn shown(effects: &[Effect]) -> String {
    let one = |effect: &Effect| {
        format!(
            "  {} {} {} {}: {}",
            effect.verb,
            effect.resource.kind,
            effect.reversibility.as_str(),
            effect.certainty.as_str(),
            effect.summary
        )
    };
    effects.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_must_wait_waits() {
    let passed = misjudged(Verdict::Hold);
    assert!(passed.is_empty(), "{} lines pass that must wait:\n{}", passed.len(), passed.join("\n"));
}

#[test]
fn a_search_path_through_the_work_tree_runs_what_lies_there_and_not_what_the_name_says() {
    let search_path = format!("{TREE}/scripts:/usr/bin:/bin");
    let waits = |line| effects_with(line, &[("PATH", &search_path)]).iter().any(waits);
    assert!(waits("ls"), "a script that deletes");
    assert!(waits("env ls -l"));
    assert!(waits("cat ~/data/x"), "a link to rm");
    assert!(!waits("wc README.md"), "found in a directory of the system all the same");
    assert!(!waits("pytest"), "a tool that the project brings along");
    assert!(!waits("eslint ."), "whatever starts it: it runs the project's code");
    assert!(waits("head README.md"), "a look that another file takes");
    assert!(!effects("ls").iter().any(self::waits), "with the usual search path nobody asks");
}

#[test]
fn a_push_goes_from_the_branch_that_the_line_checked_out() {
    assert!(effects("git switch main && git push").iter().any(waits));
    assert!(effects("git checkout main && git merge feature && git push").iter().any(waits));
    assert!(!effects("git checkout -b fix && git push").iter().any(waits));
}

#[test]
fn rm_under_another_name_is_rm() {
    assert!(effects("scripts/rm-by-another-name -rf ~/data").iter().any(waits));
    assert!(!effects("scripts/native -rf ~/data").iter().any(waits), "nobody knows this one");
}

#[test]
fn what_is_harmless_passes() {
    let held = misjudged(Verdict::Free);
    assert!(held.is_empty(), "{} lines wait that are harmless:\n{}", held.len(), held.join("\n"));
}

#[test]
fn a_directory_around_holdpoint_is_named_as_the_guard() {
    let data = [("HOLDPOINT_DATA", "/home/alice/.local/state/hp")];
    let touches =
        |line: &str| effects_with(line, &data).iter().any(|effect| effect.resource.kind == ResourceKind::Guard && waits(effect));
    for line in
        ["rm -rf ~/.local", "mv ~/.local/state /tmp/x", "rm -rf ~", "find ~/.local -delete", "rsync -a --delete x/ ~/.local"]
    {
        assert!(touches(line), "{line}");
    }
    for line in ["rm -rf ~/.cache", "ls ~/.local", "cp -r ~/.local/share/fonts /tmp/x"] {
        assert!(!touches(line), "{line}");
    }
}

#[test]
fn every_effect_has_a_sentence_and_stands_in_the_text() {
    for line in corpus::lines() {
        for effect in effects(&line.text) {
            assert!(!effect.summary.is_empty(), "{line}");
            assert!(effect.span.is_none_or(|span| line.text.get(span).is_some()), "a span outside the text: {line}");
        }
    }
}

#[test]
fn the_corpus_is_large_and_half_of_it_is_harmless() {
    let (all, harmless) = (corpus::lines().count(), corpus::lines().filter(|line| line.verdict == Verdict::Free).count());
    assert!(all >= 1_500 && 2 * harmless >= all, "{all} lines, {harmless} of them harmless");
}

#[test]
fn no_line_stands_twice_or_without_a_reason() {
    assert_eq!(corpus::faults(), Vec::<String>::new());
}

#[test]
fn every_file_of_the_corpus_is_read() {
    #![expect(clippy::disallowed_methods, reason = "the test compares what is compiled in with what lies in the directory")]
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/everyday");
    let names = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let there: std::collections::BTreeSet<String> =
        names.filter_map(|name| name.strip_suffix(".txt").map(str::to_owned)).collect();
    assert_eq!(there, corpus::FILES.iter().map(|(name, _)| (*name).to_owned()).collect());
}

/// The command lines that the families show as examples.
#[expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads the data as they were written, or fails")]
fn examples() -> Vec<String> {
    let families = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/families")).unwrap();
    let texts = families.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let shown = |text: String| {
        let table: toml::Table = toml::from_str(&text).unwrap();
        let examples = table.get("example").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        examples.iter().map(|example| example["line"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    texts.flat_map(shown).collect()
}

#[test]
fn whatever_is_offered_instead_passes() {
    let mut held = Vec::new();
    let mut offered = 0;
    for line in corpus::lines().map(|line| line.text).chain(examples()) {
        for safer in effects(&line).into_iter().filter_map(|effect| effect.safer) {
            // What stands in backticks is a command as well, unless it is an option.
            let in_words = safer.says.split('`').skip(1).step_by(2).filter(|part| !part.starts_with('-'));
            for command in safer.command.as_deref().into_iter().chain(in_words) {
                offered += 1;
                let reasons: Vec<Effect> = effects(command).into_iter().filter(waits).collect();
                if !reasons.is_empty() {
                    held.push(format!("{line}\n  offers {command}\n{}", shown(&reasons)));
                }
            }
        }
    }
    assert!(held.is_empty(), "{} alternatives wait:\n{}", held.len(), held.join("\n"));
    assert!(offered > 400, "only {offered} alternatives were seen");
}

/// The words that say what an effect is about, where the line has them: the last name of a path, or the resource's own words.
fn telling<'a>(effect: &'a Effect, line: &str) -> Option<&'a str> {
    let name = effect.resource.name.trim_end_matches('/');
    let last = name.rsplit('/').next().unwrap_or_default();
    (last.len() > 2 && line.matches(last).count() == 1).then_some(last)
}

/// Whether what a part does stands elsewhere: in a variable, a here-document, a pipe, a script, a recipe that the line writes.
fn stands_for_other_text(part: &str, line: &str) -> bool {
    let fed = line.split_once(part).is_some_and(|(before, _)| before.ends_with("| "));
    let recipe = part.starts_with("make ") || part.starts_with("npm ");
    recipe
        || part.contains('$')
        || part.contains("<<")
        || part.starts_with("./")
        || part.contains("scripts/")
        || part == "~"
        || fed
}

#[test]
fn what_is_held_points_at_the_words_it_comes_from() {
    let mut wrong = Vec::new();
    for line in corpus::lines().map(|line| line.text) {
        for effect in effects(&line).into_iter().filter(waits) {
            let part = effect.span.clone().and_then(|span| line.get(span));
            let told = part.is_some_and(|part| {
                telling(&effect, &line).is_none_or(|word| part.contains(word) || stands_for_other_text(part, &line))
            });
            if !told {
                wrong.push(format!("{line}\n  marks {part:?} for: {} ({})", effect.summary, effect.resource.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} effects point elsewhere:\n{}", wrong.len(), wrong.join("\n"));
}
