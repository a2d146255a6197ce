//! The shipped policy judges the corpus of command lines, as an agent's.
//!
//! *In scope:* reader and policy together, for each line. *Out of scope:* the reader's effects by themselves
//! (`crates/holdpoint-effects/tests/everyday.rs`), and answers of a real machine (`hook.rs`).

#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

#[path = "../../holdpoint-effects/tests/everyday/corpus.rs"]
mod corpus;
#[path = "../../holdpoint-effects/tests/everyday/world.rs"]
mod world;

use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;

use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::effect::{Effect, Effects, Environment, Resource};
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::case::{Freezes, Surroundings, environments_in_reach};
use holdpoint_policy::{Bundle, Case, decide, shipped};

use corpus::{Line, Verdict};

/// Loaded once: to read the pack takes longer than to judge with it.
static SHIPPED: LazyLock<Bundle> = LazyLock::new(|| Bundle::shipped().unwrap());

#[test]
fn the_shipped_policy_holds_what_must_wait_and_lets_the_rest_pass() {
    let mut judge = Judge::default();
    let lines: Vec<Line> = corpus::lines().collect();
    let wrong: Vec<String> = lines.iter().filter_map(|line| judge.misjudged(line)).collect();
    assert!(wrong.is_empty(), "{} of {} lines are judged wrongly:\n{}", wrong.len(), lines.len(), wrong.join("\n"));
}

#[test]
fn the_shipped_policy_lets_pass_whatever_is_offered_instead() {
    let mut judge = Judge::default();
    let offered = |line: Line| world::read(&line.text, &[]).effects.iter().filter_map(|effect| effect.safer.clone()).collect();
    let offered: BTreeSet<String> = corpus::lines().flat_map::<Vec<_>, _>(offered).filter_map(|safer| safer.command).collect();
    let held = offered.iter().filter_map(|command| {
        let holding = judge.guardrails_of(command);
        (!holding.is_empty()).then(|| format!("{command}\n  {holding:?}"))
    });
    let held: Vec<String> = held.collect();
    assert!(held.is_empty() && offered.len() > 50, "of {} alternatives wait:\n{}", offered.len(), held.join("\n"));
}

#[test]
fn what_is_known_to_be_judged_wrongly_still_is_and_is_little() {
    let mut judge = Judge::default();
    let (open, harmless) =
        (corpus::open().collect::<Vec<Line>>(), corpus::lines().filter(|line| line.verdict == Verdict::Free).count());
    let right: Vec<String> = open.iter().filter(|line| judge.misjudged(line).is_none()).map(Line::to_string).collect();
    assert!(right.is_empty(), "these are judged rightly now and move to their themes:\n{}", right.join("\n"));
    let held = open.iter().filter(|line| line.verdict == Verdict::Free).count();
    assert!(held * 100 <= harmless, "{held} of {harmless} harmless lines wait");
    assert!(open.len() <= held + PASSING_MAX, "{} lines pass that must wait", open.len() - held);
}

/// So many lines that must wait are known to pass; there shall never be more.
const PASSING_MAX: usize = 15;

#[test]
fn no_shipped_guardrail_reads_a_name_so_that_one_answer_serves_all_names() {
    let reads_one = |(path, text): (String, Vec<u8>)| {
        let text = String::from_utf8(text).unwrap();
        (path.ends_with(".cedar") && text.contains("context.name")).then_some(path)
    };
    assert_eq!(shipped::files().into_iter().filter_map(reads_one).collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn the_corpus_is_in_order() {
    assert_eq!(corpus::faults(), Vec::<String>::new());
}

/// The policy, which is asked once for each shape of effect: an effect without its name, its sentence and its place in the line.
#[derive(Default)]
struct Judge {
    known: HashMap<(Effect, Vec<Environment>), BTreeSet<String>>,
}

impl Judge {
    /// What the policy made of a line, if that is not what the corpus says.
    fn misjudged(&mut self, line: &Line) -> Option<String> {
        let held = self.guardrails_of(&line.text);
        let is_right = held.is_empty() == (line.verdict == Verdict::Free);
        let found = if held.is_empty() { "passes".to_owned() } else { held.into_iter().collect::<Vec<_>>().join(", ") };
        (!is_right).then(|| format!("{line}\n  {found}"))
    }

    fn guardrails_of(&mut self, text: &str) -> BTreeSet<String> {
        let world::Read { setting, answers, effects } = world::read(text, &[]);
        let in_reach = environments_in_reach(&setting, &answers);
        effects.iter().flat_map(|effect| self.holds(effect, &in_reach)).collect()
    }

    fn holds(&mut self, effect: &Effect, in_reach: &[Environment]) -> BTreeSet<String> {
        let resource = Resource { kind: effect.resource.kind, name: String::new() };
        let shape = Effect { resource, summary: String::new(), span: None, safer: None, ..effect.clone() };
        let key = (shape, in_reach.to_vec());
        self.known.entry(key).or_insert_with_key(|(shape, in_reach)| guardrails(shape, in_reach)).clone()
    }
}

/// The guardrails of the shipped pack that hold an effect of an agent's.
fn guardrails(effect: &Effect, in_reach: &[Environment]) -> BTreeSet<String> {
    let estate = Estate::default();
    let nothing = BTreeSet::new();
    let around = Surroundings { estate: &estate, freezes: &Freezes::none(), gate: Strength::Advises, in_reach, waived: &nothing };
    let agent = Actor::Agent { id: AgentId::parse("agent").unwrap(), on_behalf_of: PersonId::parse("alice").unwrap() };
    let case = Case::assemble(agent, &Effects::found(vec![effect.clone()]), Dossier::default(), &around);
    let decision = decide(SHIPPED.policies(), &case);
    decision.guardrails().iter().map(|held| held.id.clone()).collect()
}
