//! What a decision costs on the path of every command an agent types, and what loading costs a hook that is on its own.
#![expect(clippy::expect_used, reason = "a bench that cannot begin has nothing to measure")]
#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "a bench is not the crate: it looks at the clock and tells"
)]

use std::time::Instant;

use divan::{Bencher, black_box};
use holdpoint_core::actor::{Actor, AgentId, PersonId, Strength};
use holdpoint_core::decision::Decision;
use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};
use holdpoint_core::estate::Estate;
use holdpoint_core::quorum::Dossier;
use holdpoint_policy::case::{Freezes, Surroundings};
use holdpoint_policy::policies::Files;
use holdpoint_policy::{Bundle, Case, Policies, bundle, decide, shipped};

fn main() {
    divan::main();
    // A list of the benches, or a choice among them, wants no figures of its own.
    if std::env::args().skip(1).all(|argument| argument == "--bench") {
        the_slowest_of_many();
    }
}

/// The bar is a percentile, which divan does not report: one decision after the other, each timed.
fn the_slowest_of_many() {
    println!("\ndecide, one effect, {DECISIONS} decisions     p50 µs    p99 µs  p99.9 µs");
    for count in [13, 100, 1000] {
        let policies = Policies::load(&guardrails(count)).expect("the shipped guardrails load");
        let case = case(1);
        let time_one = |_| {
            let began = Instant::now();
            black_box(decide(black_box(&policies), black_box(&case)));
            began.elapsed().as_secs_f64() * 1e6
        };
        let mut took: Vec<f64> = (0..DECISIONS).map(time_one).collect();
        took.sort_by(f64::total_cmp);
        let at = |share: f64| took.get((DECISIONS as f64 * share) as usize).copied().unwrap_or_default();
        println!("{count:>5} guardrails                    {:>9.1} {:>9.1} {:>9.1}", at(0.5), at(0.99), at(0.999));
    }
}

/// Enough for a hundred beyond the last percentile but one.
const DECISIONS: usize = 10_000;

/// One effect that some guardrails hold.
#[divan::bench(args = [13, 100, 1000])]
fn decide_with_guardrails(bencher: Bencher<'_, '_>, count: usize) {
    let policies = Policies::load(&guardrails(count)).expect("the shipped guardrails load");
    let case = case(1);
    assert_ne!(decide(&policies, &case), Decision::Allow);
    bencher.bench(|| decide(black_box(&policies), black_box(&case)));
}

/// The shipped pack, one effect.
#[divan::bench]
fn decide_with_the_default_pack(bencher: Bencher<'_, '_>) {
    let shipped = Bundle::shipped().expect("the shipped pack loads");
    let case = case(1);
    bencher.bench(|| decide(black_box(shipped.policies()), black_box(&case)));
}

/// The shipped pack, a change as large as a long script.
#[divan::bench]
fn case_with_64_effects(bencher: Bencher<'_, '_>) {
    let shipped = Bundle::shipped().expect("the shipped pack loads");
    let case = case(64);
    bencher.bench(|| decide(black_box(shipped.policies()), black_box(&case)));
}

/// What a hook pays when the server is away.
#[divan::bench]
fn bundle_load() -> Bundle {
    Bundle::shipped().expect("the shipped pack loads")
}

/// What the server pays before it puts a bundle in force.
#[divan::bench]
fn bundle_load_with_examples() -> holdpoint_policy::Report {
    bundle::test(&shipped::files())
}

/// The shipped guardrails, as many as asked for, again and again under other names.
fn guardrails(count: usize) -> Files {
    let files = shipped::files();
    // The case is about files, so their guardrails come first.
    let (first, others): (Vec<_>, Vec<_>) =
        files.iter().filter(|(path, _)| path.ends_with(".cedar")).partition(|(path, _)| path.contains("files"));
    let cedar = first.into_iter().chain(others);
    let texts: Vec<_> = cedar.map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect();
    let rules: Vec<_> = texts.iter().flat_map(|text| text.split("@id(\"").skip(1)).collect();
    let named = |n: usize| rules.get(n % rules.len()).map(|rule| format!("@id(\"g{n}-{rule}\n")).unwrap_or_default();
    let text =
        (0..count).map(named).collect::<String>().replace("Guardrail::\"freeze\"", "Guardrail::\"g0-file-loss-with-effort\"");
    Files::from([("many/all.cedar".to_owned(), text.into_bytes())])
}

fn case(effects: usize) -> Case {
    let effect = |n: usize| Effect {
        verb: Verb::Delete,
        resource: Resource { kind: ResourceKind::File, name: format!("/home/alice/notes/{n}") },
        environment: Environment::Local,
        magnitude: Magnitude::at_most(3, Unit::Files),
        reversibility: Reversibility::Irreversible,
        certainty: Certainty::Exact,
        summary: String::new(),
        span: None,
        safer: None,
    };
    let actor = Actor::Agent {
        id: AgentId::parse("claude-code/1").expect("a well-formed name"),
        on_behalf_of: PersonId::parse("alice").expect("a well-formed name"),
    };
    let around = Surroundings {
        estate: &Estate::default(),
        freezes: &Freezes::none(),
        gate: Strength::Advises,
        in_reach: &[],
        waived: &Default::default(),
    };
    Case::assemble(actor, &Effects::found((0..effects).map(effect).collect()), Dossier::default(), &around)
}
