//! Acting as a site's user is an effect of its own: what is done there is done with rights that the asker does not have.
//!
//! So it is told beside what the line does, whatever that is; a read as well, for what the site's user may read the asker may not.
//! It happens where the site is: in the environment that root has named for it, and in one that nobody knows where root has not.

use holdpoint_core::effect::{
    Certainty, Effect, Effects, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb,
};

/// The effects of an artefact that runs at the site of this name.
pub(crate) fn acted_at(name: &str, environment: Option<&String>, effects: Effects) -> Effects {
    let gravest = effects.iter().map(|effect| effect.reversibility).max().unwrap_or(Reversibility::Lossless);
    let known = effects.iter().all(|effect| matches!(effect.certainty, Certainty::Exact | Certainty::Worst));
    let (certainty, what) = match known {
        true => (Certainty::Exact, "for what stands here and nothing else"),
        false => (Certainty::Worst, "and not all that it would do is known"),
    };
    let effect = Effect {
        verb: Verb::Execute,
        resource: Resource { kind: ResourceKind::Privilege, name: format!("site:{name}") },
        environment: environment.cloned().map_or(Environment::Unknown, Environment::from),
        magnitude: Magnitude::at_most(1, Unit::Items),
        reversibility: gravest,
        certainty,
        summary: format!("Acts as the user of the site `{name}`, {what}"),
        span: None,
        safer: None,
    };
    Effects::found(Vec::from(effects).into_iter().chain([effect]).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use holdpoint_core::change::{Artefact, Setting};
    use holdpoint_core::question::Answers;

    /// The effect that a site of this environment adds to a line.
    fn added(line: &str, environment: Option<&str>) -> Effect {
        let argv = line.split(' ').map(str::to_owned).collect();
        let named = environment.map(|name| (crate::SITE_ENVIRONMENT.to_owned(), name.to_owned()));
        let variables = [(crate::SITE.to_owned(), "shop".to_owned())].into_iter().chain(named).collect();
        let setting = Setting { directory: "/srv/shop".into(), variables, target: "t".into() };
        let reading = crate::read(&Artefact::Argv { argv }, &setting, &Answers::default());
        reading.effects.iter().last().unwrap().clone()
    }

    #[test]
    fn whatever_is_done_at_a_site_is_told_to_be_done_with_its_rights() {
        for line in ["ls", "rm -r uploads", "make deploy", "cat .env"] {
            let effect = added(line, None);
            assert_eq!((effect.verb, effect.resource.kind), (Verb::Execute, ResourceKind::Privilege), "{line}");
            assert_eq!((effect.resource.name.as_str(), effect.environment), ("site:shop", Environment::Unknown), "{line}");
        }
        assert_eq!(added("rm -r uploads", Some("production")).environment, Environment::Named("production".into()));
        assert_eq!(added("rm -r uploads", Some("local")).environment, Environment::Local);
    }

    #[test]
    fn how_much_of_it_is_known_is_told() {
        assert_eq!(added("rm -r uploads", None).certainty, Certainty::Exact);
        assert_eq!(added("./unknown-program", None).certainty, Certainty::Worst);
    }
}
