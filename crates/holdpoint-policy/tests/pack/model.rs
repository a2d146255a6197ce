//! The shipped pack once more, without Cedar: what it must say about any case, in the plainest words that Rust has.
//!
//! Written from the headings of `policies/default`, not from the rules; where the two differ, one of them is wrong.

use std::collections::BTreeSet;

use holdpoint_core::actor::Actor;
use holdpoint_core::effect::Certainty::{Delegated, Exact, Opaque, Worst};
use holdpoint_core::effect::ResourceKind::*;
use holdpoint_core::effect::Reversibility::{Effort, Git, Irreversible, Lossless};
use holdpoint_core::effect::Verb::*;
use holdpoint_core::effect::{Environment, Unit};
use holdpoint_core::estate::Production;
use holdpoint_policy::case::Placed;
use holdpoint_policy::{Case, decide};
use proptest::prelude::*;

use crate::cases::{SHIPPED, cases, ids};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_pack_says_what_the_model_says(case in cases(1)) {
        let said = ids(&decide(SHIPPED.policies(), &case));
        prop_assert_eq!(said, model(&case, &case.effects[0]).into_iter().map(str::to_owned).collect());
    }
}

/// What holds one effect.
fn model(case: &Case, Placed { effect, standing }: &Placed) -> BTreeSet<&'static str> {
    let (verb, kind, way_back) = (effect.verb, effect.resource.kind, effect.reversibility);
    let local = effect.environment == Environment::Local;
    let (no, yes) = (standing.production == Production::No, standing.production == Production::Yes);
    let person = matches!(case.actor, Actor::Person { .. });
    let tier_one = standing.tier.is_some_and(|tier| tier.number() == 1) && !no;
    let count = effect.magnitude.count;
    let rows = effect.magnitude.unit == Unit::Rows;
    let few_rows = rows && count.is_some_and(|count| count <= 100);

    let confirmed = case.dossier.confirmed() || case.dossier.approvals() >= 1;
    let approved = case.dossier.approvals() >= 1;
    let two_and_senior = case.dossier.approvals() >= 2 && case.dossier.senior_approvals() >= 1;

    let loses = matches!(verb, Delete | Modify | Overwrite | Rewrite);
    let changes = loses || verb == Create;
    let reconfigures = changes || verb == Grant;
    let acts = verb != Read;
    let secret = matches!(kind, Credential | Secret);
    let unjudged = matches!(effect.certainty, Delegated | Worst);
    let near_production = case.reach == Production::Yes;

    let mut held = BTreeSet::new();
    let mut hold = |released: bool, id: &'static str, holds: bool| {
        if holds && !released {
            held.insert(id);
        }
    };

    // Everybody.
    hold(two_and_senior || case.waived.contains("freeze"), "freeze", acts && standing.frozen && !local);
    if person {
        hold(two_and_senior, "four-eyes-loss", (loses || verb == Stop) && tier_one && way_back == Irreversible);
        hold(two_and_senior, "four-eyes-unseen", tier_one && effect.certainty == Opaque);
        return held;
    }

    // This machine.
    hold(confirmed, "file-loss-with-effort", loses && local && kind == File && way_back == Effort);
    hold(confirmed, "file-loss-for-good", loses && local && kind == File && way_back == Irreversible);
    let things = matches!(kind, Container | ContainerImage | Host | Package | Process | Program | Service);
    hold(confirmed, "local-loss", loses && local && things && way_back >= Effort && count.is_none());
    hold(confirmed, "network-local", (loses || verb == Execute) && local && kind == Network && way_back >= Effort);
    hold(confirmed, "stops-local-service", verb == Stop && local && matches!(kind, Host | Service));
    let data = matches!(kind, Database | Table | Volume);
    hold(confirmed, "data-loss-local", loses && local && data && way_back == Irreversible && !(rows && count.is_some()));
    hold(approved, "device", (reconfigures || matches!(verb, Execute | Stop)) && kind == Device);
    hold(approved, "production-local-loss", loses && local && yes && way_back >= Effort);

    // Git.
    hold(confirmed, "uncommitted-work", loses && kind == GitWork && way_back >= Effort);
    hold(confirmed, "local-history", loses && kind == GitLocal && way_back >= Effort);
    hold(approved, "shared-history", loses && kind == GitHistory && (verb == Rewrite || way_back >= Git));
    hold(confirmed, "default-branch", verb == Modify && kind == GitHistory && way_back < Git);
    hold(approved, "says-yes-for-a-person", verb == Approve);
    let settings = verb == Grant || ((loses || verb == Stop) && way_back > Lossless);
    hold(approved, "repository-settings", kind == Repository && settings);

    // What watches, what runs later, who may do what.
    hold(two_and_senior, "guard", acts && kind == Guard);
    let told = matches!(kind, AgentConfiguration | CiConfiguration);
    hold(confirmed, "agent-configuration", (reconfigures || verb == Execute) && kind == AgentConfiguration && no);
    hold(confirmed, "ci-configuration", reconfigures && kind == CiConfiguration && no);
    hold(approved, "shared-configuration", (reconfigures || verb == Execute) && told && !no);
    hold(confirmed, "persistence", (reconfigures || verb == Execute) && kind == Persistence && no);
    let later = matches!(verb, Create | Delete | Execute | Modify | Overwrite);
    hold(approved, "persistence-elsewhere", later && kind == Persistence && !no);
    let rights = verb == Grant || ((changes || verb == Execute) && kind == Privilege);
    hold(confirmed, "privilege", rights && no);
    hold(approved, "privilege-elsewhere", rights && !no);

    // Secrets.
    hold(two_and_senior, "credential-read", verb == Read && (kind == Credential || (kind == Secret && !local)));
    let set = loses || verb == Create;
    hold(confirmed, "credential-change", set && local && secret && (verb == Modify || way_back > Lossless));
    hold(two_and_senior, "credential-elsewhere", (reconfigures || verb == Stop) && secret && !local);
    hold(two_and_senior, "credential-published", verb == Publish && secret);
    let followed = effect.certainty == Exact;
    hold(approved, "credential-unfollowed", verb == Execute && kind == Credential && !followed);

    // Running and sending.
    hold(confirmed, "unseen-content", effect.certainty == Opaque && local && !near_production);
    hold(approved, "unseen-content-elsewhere", effect.certainty == Opaque && (!local || near_production));
    hold(approved, "code-near-production", verb == Execute && unjudged && kind != Credential && (yes || near_production));
    hold(approved, "code-elsewhere", verb == Execute && unjudged && kind != Credential && !local && !no && !yes);
    let inside = matches!(kind, ClusterObject | Container | Database | Infrastructure | Service | Table | Volume);
    hold(approved, "inside-shared-systems", verb == Execute && inside && !local && !no);
    let own_registry = local && matches!(kind, ContainerImage | Database | Package | Table);
    hold(approved, "publishes", verb == Publish && !own_registry);

    // What others share.
    let elsewhere = changes && !local && kind != GitHistory && !few_rows;
    let in_place = matches!(verb, Create | Modify);
    hold(confirmed, "staging-loss", elsewhere && no && way_back >= if in_place { Irreversible } else { Effort });
    hold(approved, "shared-loss", elsewhere && !no && way_back > Lossless);
    hold(confirmed, "stops-staging", verb == Stop && !local && no);
    hold(approved, "stops-shared-service", verb == Stop && !no);
    hold(approved, "network-elsewhere", verb == Create && kind == Network && !no);
    let grows = matches!(kind, Host | Infrastructure | Volume) && count.is_none_or(|count| count > 50);
    hold(approved, "production-growth", verb == Create && yes && grows);
    hold(approved, "production-rows", changes && yes && kind == Table && rows && !few_rows);
    hold(approved, "production-schema", changes && yes && matches!(kind, Database | Table) && !rows);

    // What the company stands on.
    hold(two_and_senior, "tier-one", acts && tier_one);
    let regulated = ["identity", "inventory", "payment", "pricing"];
    let in_domain = regulated.iter().any(|domain| standing.domains.contains(*domain));
    hold(two_and_senior, "regulated-domain", acts && !no && in_domain);
    held
}
