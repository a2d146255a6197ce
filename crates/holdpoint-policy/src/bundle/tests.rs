//! What may be put in force, and what a loader says when it may not.

use super::*;

use std::sync::LazyLock;

use holdpoint_core::signed::Signer;
use ring::signature::{Ed25519KeyPair, KeyPair as _};

struct Key(Ed25519KeyPair);

impl Key {
    fn new(seed: u8) -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&[seed; 32]).unwrap())
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).as_ref().try_into().unwrap()
    }

    fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey::from_bytes(self.0.public_key().as_ref().try_into().unwrap())
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn noon() -> Timestamp {
    at("2026-11-20T12:00:00Z")
}

fn manifest(files: &Files, revision: u64) -> Manifest {
    Manifest::build(files, revision, at("2026-11-20T00:00:00Z"), at("2027-11-20T00:00:00Z")).unwrap()
}

/// The manifest of the shipped files; making it runs their examples, so it is made once.
fn of_shipped(revision: u64) -> Manifest {
    static MANIFEST: LazyLock<Manifest> = LazyLock::new(|| manifest(&shipped::files(), 0));
    Manifest { revision, ..MANIFEST.clone() }
}

fn signed(manifest: &Manifest) -> Signed<Manifest> {
    Signed::sign(manifest, &Key::new(1)).unwrap()
}

fn open(files: &Files, manifest: &Manifest, newest_seen: u64, now: Timestamp) -> Result<Bundle, Error> {
    Bundle::reopen(files, &signed(manifest), &[Key::new(1).verifying_key()], newest_seen, now)
}

fn with(files: &[(&str, &str)]) -> Files {
    let more = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    shipped::files().into_iter().chain(more).collect()
}

fn problems(report: &Report) -> Vec<String> {
    report.problems.iter().map(ToString::to_string).collect()
}

const RULE: &str = r#"@id("no-friday")
@reason("r")
@remedy("m")
@needs("approvals:1")
@source("s")
@severity("high")
forbid (principal, action == Action::"publish", resource)
unless { resource.dossier.approvals >= 1 };
"#;

#[test]
fn a_signed_bundle_opens_with_its_estate() {
    let files = with(&[("estate.toml", "[environments.prod]\nproduction = true\n")]);
    let bundle = Bundle::open(
        &files,
        &signed(&manifest(&files, 7)),
        &[Key::new(2), Key::new(1)].map(|key| key.verifying_key()),
        7,
        noon(),
    );
    let bundle = bundle.unwrap();
    assert_eq!((bundle.revision(), bundle.estate().environments.len()), (7, 1));
    assert_eq!(bundle.digest(), Bundle::unsigned(&files).unwrap().digest(), "who signed it does not change what it says");
    assert_ne!(bundle.digest(), Bundle::shipped().unwrap().digest());
}

#[test]
fn a_bundle_that_nobody_who_may_has_signed_does_not_open() {
    let files = shipped::files();
    let signed = signed(&of_shipped(1));
    for keys in [vec![], vec![Key::new(2).verifying_key()]] {
        let refused = Bundle::reopen(&files, &signed, &keys, 0, noon());
        assert_eq!(refused.err(), Some(Error::Unsigned(signed::Error::WrongSignature)));
    }
}

#[test]
fn a_revision_never_goes_back() {
    let files = shipped::files();
    let manifest = of_shipped(6);
    assert_eq!(open(&files, &manifest, 7, noon()).err(), Some(Error::RolledBack { revision: 6, newest_seen: 7 }));
    assert!(open(&files, &manifest, 6, noon()).is_ok());
}

#[test]
fn a_bundle_has_its_time() {
    let files = shipped::files();
    let manifest = of_shipped(1);
    let (first, last) = (manifest.not_before, manifest.expires);
    let before = first - std::time::Duration::from_nanos(1);
    assert_eq!(open(&files, &manifest, 0, before).err(), Some(Error::NotYet { not_before: first }));
    assert!(open(&files, &manifest, 0, first).is_ok());
    assert_eq!(open(&files, &manifest, 0, last).err(), Some(Error::Expired { expires: last }));
}

#[test]
fn a_file_changed_added_or_removed_after_signing_is_named() {
    let files = shipped::files();
    let manifest = of_shipped(1);
    let other = |change: fn(&mut Files)| {
        let mut files = files.clone();
        change(&mut files);
        open(&files, &manifest, 0, noon()).err()
    };
    let named = |path: &str| Some(Error::OtherFiles { paths: vec![path.to_owned()] });
    assert_eq!(other(|files| files.get_mut("default/git.cedar").unwrap().push(b'\n')), named("default/git.cedar"));
    assert_eq!(other(|files| drop(files.remove("default/guard.cedar"))), named("default/guard.cedar"));
    assert_eq!(other(|files| drop(files.insert("team/a/b.cedar".into(), Vec::new()))), named("team/a/b.cedar"));
}

#[test]
fn a_bundle_for_another_program_does_not_open() {
    let files = shipped::files();
    let good = of_shipped(1);
    let newer = Manifest { minimum_program: "99.0.0".into(), ..good.clone() };
    assert_eq!(open(&files, &newer, 0, noon()).err(), Some(Error::Program { minimum: "99.0.0".into() }));
    let odd = Manifest { minimum_program: "soon".into(), ..good.clone() };
    assert_eq!(open(&files, &odd, 0, noon()).err(), Some(Error::Program { minimum: "soon".into() }));
    let other = Manifest { language: 2, ..good };
    assert_eq!(open(&files, &other, 0, noon()).err(), Some(Error::Language { written: 2 }));
}

#[test]
fn nobody_can_sign_what_is_unsound() {
    let files = with(&[("team/pay/a.cedar", RULE)]);
    let refused = Manifest::build(&files, 1, noon(), noon()).unwrap_err();
    assert_eq!(problems(&refused).len(), 2, "no example holds it and none just misses it: {refused}");
}

#[test]
fn packs_only_forbid_and_names_are_never_taken_twice() {
    let permit = RULE.replace("forbid", "permit").replace("no-friday", "yes");
    let taken = RULE.replace("no-friday", "guard");
    let reserved = RULE.replace("no-friday", "broad-permit");
    let report = validate(&with(&[("team/pay/a.cedar", &permit), ("team/pay/b.cedar", &taken), ("team/pay/c.cedar", &reserved)]));
    assert_eq!(
        problems(&report),
        [
            "team/pay/a.cedar:1: guardrail `yes`: it permits, and a pack may only forbid\n  \
         Everything is permitted by one policy that is built in; write the opposite as `forbid … unless { … }`",
            "team/pay/b.cedar:1: guardrail `guard`: the name is taken by default/guard.cedar:3\n  \
         Guardrails are never replaced, only added",
            "team/pay/c.cedar:1: guardrail `broad-permit`: the name is taken by the program itself",
        ]
    );
}

#[test]
fn every_mistake_is_found_in_one_pass_and_knows_its_line() {
    let cases: &[(&str, &str, &str)] = &[
        (
            "@severity(\"high\")",
            "@severity(\"grave\")",
            "1: guardrail `no-friday`: `@severity` is one of low, medium, high, critical",
        ),
        ("@reason(\"r\")\n", "", "1: guardrail `no-friday`: `@reason` is missing"),
        ("@reason", "@raeson", "1: guardrail `no-friday`: `@raeson` is no annotation"),
        ("@id(\"no-friday\")\n", "", "1: `@id` is missing"),
        ("no-friday", "No Friday", "1: guardrail `No Friday`: `No Friday` is no name"),
        ("approvals:1", "approvals:0", "1: guardrail `no-friday`: `@needs`: `approvals:0` is none of"),
        ("approvals:1", "confirm", "1: guardrail `no-friday`: `confirm` releases what is low or medium, and this is high"),
        ("Action::\"publish\"", "Action::\"pubish\"", "1: guardrail `no-friday`: for policy `no-friday`, unrecognized action"),
        ("approvals >= 1", "aprovals >= 1", "1: guardrail `no-friday`: for policy `no-friday`, attribute `aprovals`"),
        ("unless {", "unless", "8: unexpected token"),
        ("principal,", "principal == ?principal,", "7: "),
        (
            "resource.dossier.approvals >= 1",
            "resource.dossier.approvers.contains(Person::\"bob\")",
            "1: guardrail `no-friday`: the estate lists no person `bob`",
        ),
        (
            "resource.dossier.approvals >= 1",
            "resource.dossier.waived.contains(Guardrail::\"x\")",
            "1: guardrail `no-friday`: there is no guardrail `x`",
        ),
        ("principal,", "principal == Agent::\"a\",", "1: guardrail `no-friday`: `Agent::\"a\"` lives for one session"),
    ];
    for (from, to, expected) in cases {
        let text = RULE.replacen(from, to, 1);
        assert_ne!(text, RULE);
        let report = validate(&with(&[("team/pay/a.cedar", &text)]));
        let found = problems(&report);
        assert!(found.iter().any(|problem| problem.starts_with(&format!("team/pay/a.cedar:{expected}"))), "{to}: {found:#?}");
    }
}

#[test]
fn an_example_that_comes_out_otherwise_stops_the_bundle() {
    let lying = "[[example]]\nsays = \"a read\"\ndoes = \"read file lossless\"\nholds = [\"guard\"]\n";
    let report = test(&with(&[("team/pay/a.examples.toml", lying)]));
    assert_eq!(problems(&report), ["team/pay/a.examples.toml:1: `a read` should be held by `guard` and is free"]);
    let near = "[[example]]\nsays = \"a read\"\ndoes = \"read file lossless\"\nholds = []\nnear = [\"gaurd\"]\n";
    let report = test(&with(&[("team/pay/a.examples.toml", near)]));
    assert_eq!(problems(&report), ["team/pay/a.examples.toml:1: `a read` names `gaurd`, which is no guardrail"]);
    let odd = "[[example]]\nsays = \"a read\"\ndoes = \"raed file lossless\"\nholds = []\n";
    assert!(
        problems(&test(&with(&[("team/pay/a.examples.toml", odd)])))[0]
            .starts_with("team/pay/a.examples.toml:3: `raed` is none of")
    );
}

#[test]
fn needs_that_ask_for_too_little_or_too_much_stop_the_bundle() {
    let examples = "[[example]]\nsays = \"a release\"\ndoes = \"publish package irreversible\"\nat = \"unknown\"\n\
                    holds = [\"no-friday\", \"publishes\"]\n\n[[example]]\nsays = \"a read\"\ndoes = \"read file lossless\"\n\
                    holds = []\nnear = [\"no-friday\"]\n";
    let run = |rule: &str| problems(&test(&with(&[("team/pay/a.cedar", rule), ("team/pay/a.examples.toml", examples)])));
    assert_eq!(run(RULE), Vec::<String>::new());
    let promise = "team/pay/a.cedar:1: guardrail `no-friday`: ";
    assert_eq!(
        run(&RULE.replace("dossier.approvals >= 1", "dossier.approvals >= 2")),
        [format!("{promise}what `@needs` asks for (approvals:1) does not release it")]
    );
    assert_eq!(
        run(&RULE.replace("approvals:1", "approvals:2")),
        [format!("{promise}less than `@needs` releases it already: approvals:1")]
    );
    assert_eq!(
        run(&RULE.replace("approvals:1", "approvals:1, evidence:scan")),
        [format!("{promise}less than `@needs` releases it already: approvals:1")]
    );
    assert_eq!(
        run(&RULE.replace("@needs(\"approvals:1\")\n", "")),
        [format!("{promise}it has no `@needs`, which refuses for good, yet approvals release it")]
    );
}

#[test]
fn an_overlay_only_raises() {
    let shipped = Bundle::shipped().unwrap();
    let overlay = |path: &str, text: &str| shipped.overlaid(&Files::from([(path.to_owned(), text.as_bytes().to_vec())]));
    let raised = overlay("overlay/here.cedar", RULE).unwrap();
    assert_eq!(raised.policies().guardrails().len(), shipped.policies().guardrails().len() + 1);
    assert_ne!(raised.digest(), shipped.digest());
    assert!(overlay("overlay/here.cedar", &RULE.replace("forbid", "permit")).is_err());
    assert!(overlay("overlay/here.cedar", &RULE.replace("no-friday", "guard")).is_err());
    let again = Files::from([("overlay/here.cedar".to_owned(), Vec::new())]);
    assert!(raised.overlaid(&again).is_err(), "an overlay took away what an overlay had added");
    for elsewhere in ["estate.toml", "default/git.cedar", "overlay/here.examples.toml", "team/a/b.cedar"] {
        assert!(overlay(elsewhere, "").is_err(), "{elsewhere}");
    }
}

#[test]
fn files_without_a_guardrail_are_no_bundle() {
    assert!(!validate(&Files::new()).sound());
}

#[test]
fn a_foreign_schema_is_refused_and_the_own_one_accepted() {
    assert!(validate(&with(&[("schema.cedarschema", language::SCHEMA)])).sound());
    assert!(!validate(&with(&[("schema.cedarschema", "entity Person;")])).sound());
}

#[test]
fn hostile_text_is_refused_without_running_out_of_stack() {
    let deep = |open: &str, middle: &str, close: &str, times: usize| {
        let body = format!("{}{middle}{}", open.repeat(times), close.repeat(times));
        RULE.replace("resource.dossier.approvals >= 1", &body)
    };
    let nested: [(&str, &str, &str); 7] = [
        ("(", "true", ")"),
        ("[", "1", "]"),
        ("{a: ", "1", "}"),
        ("if true then true else ", "true", ""),
        ("if ", "true", " then true else true"),
        ("true && ", "true", ""),
        ("!", "true", ""),
    ];
    for (open, middle, close) in nested {
        for times in [30, 100, 250, 1000, 100_000] {
            let text = deep(open, middle, close, times);
            let read = Policies::load(&Files::from([("team/pay/a.cedar".to_owned(), text.into_bytes())]));
            assert!(times < 1000 || read.is_err(), "{open} {times}");
        }
    }
}

#[test]
fn files_that_another_digest_names_do_not_open() {
    let shipped = Bundle::shipped().unwrap();
    let opened = Bundle::of_digest(shipped.files(), shipped.digest(), 7).unwrap();
    assert_eq!((opened.revision(), opened.digest()), (7, shipped.digest()));
    assert!(matches!(Bundle::of_digest(shipped.files(), Digest::of(b"other"), 7), Err(Error::OtherFiles { .. })));
}
