use super::*;
use holdpoint_core::actor::AgentId;
use holdpoint_core::effect::{Alternative, Environment, Magnitude, Resource, ResourceKind, Unit, Verb};
use holdpoint_core::estate::{EnvironmentEntry, System, Tier};

fn person(name: &str) -> PersonId {
    PersonId::parse(name).unwrap()
}

fn agent() -> Actor {
    Actor::Agent { id: AgentId::parse("claude-code_9f3a").unwrap(), on_behalf_of: person("alice") }
}

/// Everything a card is made of, owned.
struct World {
    artefact: Artefact,
    setting: Setting,
    effects: Vec<Effect>,
    decision: Decision,
    dossier: Dossier,
    estate: Estate,
    said: Option<String>,
    times_proposed: u32,
}

impl World {
    fn deletion() -> Self {
        Self {
            artefact: Artefact::Command { text: "rm -rf ~/old && ls".into() },
            setting: Setting { directory: "/home/alice/shop".into(), variables: BTreeMap::new(), target: "host:laptop".into() },
            effects: vec![effect("Deletes 12 files under /home/alice/old", Environment::Local, Reversibility::Irreversible)],
            decision: Decision::of(vec![held("destroys-work", Severity::Medium, "confirm")]),
            dossier: Dossier::default(),
            estate: Estate::default(),
            said: Some("cleaning up, see https://evil.test".into()),
            times_proposed: 1,
        }
    }

    fn card(&self) -> Card {
        let gate = GateId::parse("claude-code").unwrap();
        Card::of(&Known {
            change: Digest::of(b"change"),
            artefact: &self.artefact,
            setting: &self.setting,
            inputs: &BTreeMap::from([("/home/alice/shop/x.sh".to_owned(), Digest::of(b"ls"))]),
            effects: &Effects::found(self.effects.clone()),
            requester: &agent(),
            gate: &gate,
            decision: &self.decision,
            policy: Digest::of(b"policy"),
            dossier: &self.dossier,
            estate: &self.estate,
            proposed_at: "2026-11-20T12:00:00Z".parse().unwrap(),
            round: 1,
            times_proposed: self.times_proposed,
            said: self.said.as_deref(),
        })
    }
}

fn effect(summary: &str, environment: Environment, reversibility: Reversibility) -> Effect {
    Effect {
        verb: Verb::Delete,
        resource: Resource { kind: ResourceKind::File, name: "/home/alice/old".into() },
        environment,
        magnitude: Magnitude::at_most(12, Unit::Files),
        reversibility,
        certainty: Certainty::Exact,
        summary: summary.into(),
        span: Some(0..12),
        safer: Some(Box::new(Alternative { command: Some("mv -n old old.aside".into()), says: "keeps it".into() })),
    }
}

fn held(id: &str, severity: Severity, needs: &str) -> Holding {
    Holding {
        id: id.into(),
        reason: "it destroys work that git does not keep".into(),
        remedy: "Move it aside instead".into(),
        source: "default pack".into(),
        severity,
        needs: Some(Need::parse_list(needs).unwrap()),
        effects: vec![0],
    }
}

fn text(card: &Card) -> String {
    let mut text = format!("{}\n", card.command.text());
    for section in &card.sections {
        text.push_str(&format!("{}\n", section.heading));
        section.lines.iter().for_each(|line| text.push_str(&format!("  {}\n", line.text())));
    }
    text
}

#[test]
fn a_card_tells_the_facts_first_and_the_agents_words_last() {
    let mut world = World::deletion();
    world.effects.push(Effect {
        certainty: Certainty::Worst,
        span: None,
        safer: None,
        ..effect("", Environment::Named("prod-eu".into()), Reversibility::Effort)
    });
    let production = EnvironmentEntry { production: true, aliases: BTreeSet::new(), frozen: false };
    world.estate.environments.insert("prod-eu".into(), production);
    world.estate.systems.insert(
        "checkout".into(),
        System {
            tier: Tier::try_from(1).unwrap(),
            domains: BTreeSet::from(["payment".into()]),
            owners: BTreeSet::new(),
            executive: None,
            resources: BTreeSet::from(["/home/alice/*".into()]),
        },
    );
    insta::assert_snapshot!(text(&world.card()), @r#"
    rm -rf ~/old && ls
    Changes
      1. Deletes 12 files under /home/alice/old (delete, 12 files)
      2. delete file /home/alice/old (delete, 12 files; this is the worst it may do)
    Reach
      local, not production; system checkout, tier 1 payment
      production: prod-eu; system checkout, tier 1 payment
      in /home/alice/shop on host:laptop
      reads /home/alice/shop/x.sh (sha256:c7b68ac37f364473e922936708e7f43c293dd07b295171566c07ff5fe024fab9)
    Undo
      nobody knows of a way back (effect 1)
      with effort, from a copy that is known to exist (effect 2)
      safer: `mv -n old old.aside` keeps it (effect 1)
    Missing
      missing: the confirmation of alice, for whom it is done, or an approval
    Who
      agent claude-code_9f3a for alice at the gate claude-code, 2026-11-20 12:00:00 UTC
    Since last
      this very change was never proposed before
    Held by
      it destroys work that git does not keep (medium, effect 1)
      Move it aside instead (rule destroys-work, from default pack)
    Agent says (unverified)
      "cleaning up, see https://evil.test"
    "#);
}

#[test]
fn whatever_the_card_shows_is_in_its_digest() {
    let shown = |change: fn(&mut World)| {
        let mut world = World::deletion();
        change(&mut world);
        world.card().shown
    };
    let same = shown(|_| {});
    assert_eq!(same, shown(|_| {}));
    let changes: [fn(&mut World); 8] = [
        |world| world.artefact = Artefact::Command { text: "rm -rf ~/old && ls ".into() },
        |world| world.setting.directory = "/".into(),
        |world| drop(world.setting.variables.insert("HOME".into(), "/".into())),
        |world| world.effects = vec![effect("Deletes", Environment::Unknown, Reversibility::Irreversible)],
        |world| world.decision = Decision::of(vec![held("destroys-work", Severity::High, "confirm")]),
        |world| world.dossier = Dossier::hypothetical(&[Need::Approvals { count: 1 }]),
        |world| world.said = None,
        |world| world.times_proposed = 2,
    ];
    for (n, change) in changes.into_iter().enumerate() {
        assert_ne!(same, shown(change), "{n}");
    }
}

#[test]
fn what_cannot_be_seen_is_counted_and_spelled_out() {
    let mut world = World::deletion();
    world.artefact = Artefact::Command { text: "ls \u{202E}# \u{2066}fr- mr".into() };
    world.said = Some("first line\nHeld by nobody".into());
    let card = text(&world.card());
    assert!(card.starts_with("ls ⟨U+202E⟩# ⟨U+2066⟩fr- mr\n"), "{card}");
    assert!(card.contains("2 characters of it cannot be seen"), "{card}");
    assert!(card.contains("\"first line⟨U+000A⟩Held by nobody\""), "{card}");
}

#[test]
fn what_nobody_reads_is_not_released_from_a_card() {
    let mut world = World::deletion();
    assert!(world.card().unfit.is_empty());
    world.artefact = Artefact::Command { text: "x".repeat(READABLE_MAX_BYTES + 1) };
    world.effects = vec![effect("", Environment::Local, Reversibility::Git); READABLE_EFFECTS_MAX + 1];
    let card = world.card();
    assert_eq!(card.unfit.len(), 2, "{:?}", card.unfit);
    assert_eq!(card.command.text().len(), READABLE_MAX_BYTES + 1, "it is shown whole all the same");
}

#[test]
fn everybody_gets_the_one_button_that_is_theirs() {
    let decide = |severity, needs: &str| Decision::of(vec![held("rule", severity, needs)]);
    let nobody = Dossier::default();
    let can =
        |who: &str, decision: &Decision, dossier: &Dossier, others| release_by(&person(who), &agent(), decision, dossier, others);

    let medium = decide(Severity::Medium, "confirm");
    assert_eq!(can("alice", &medium, &nobody, Others::None), Release::Confirm);
    assert_eq!(can("bob", &medium, &nobody, Others::Some), Release::Approve, "an approval does as well");
    let grave = decide(Severity::High, "confirm");
    assert_eq!(can("alice", &grave, &nobody, Others::None), Release::RunYourself);
    assert!(matches!(can("alice", &grave, &nobody, Others::Some), Release::Not(_)));

    let shared = decide(Severity::High, "approvals:1");
    assert!(matches!(can("alice", &shared, &nobody, Others::Some), Release::Not(_)));
    assert_eq!(can("alice", &shared, &nobody, Others::None), Release::RunYourself);
    assert_eq!(can("bob", &shared, &nobody, Others::Some), Release::Approve);

    let by_two = decide(Severity::Critical, "approvals:2, senior:1");
    let one = Dossier::hypothetical(&[Need::Approvals { count: 1 }]);
    assert!(matches!(can("person-0", &by_two, &one, Others::Some), Release::Not(_)), "nobody approves twice");
    assert_eq!(can("bob", &by_two, &one, Others::Some), Release::Approve);

    let evidence = decide(Severity::High, "evidence:tests");
    assert!(matches!(can("bob", &evidence, &nobody, Others::Some), Release::Not(_)));
    let refused = Decision::of(vec![Holding { needs: None, ..held("rule", Severity::Low, "confirm") }]);
    assert!(matches!(can("alice", &refused, &nobody, Others::None), Release::Not(_)));
    assert!(matches!(can("bob", &Decision::Allow, &nobody, Others::Some), Release::Not(_)));
}
