//! Reads `estate.toml`, and checks that what it says hangs together.
//!
//! *Out of scope:* what the words mean ([`holdpoint_core::estate`]).

use std::collections::BTreeMap;

use holdpoint_core::actor::PersonId;
use holdpoint_core::estate::Estate;
use toml::de::{DeTable, DeValue};

use crate::report::{Place, Problem};
use crate::statements::line_at;

/// The estate that a file describes; what is wrong with it is added to `problems`.
pub(crate) fn read(file: &str, text: &str, problems: &mut Vec<Problem>) -> Estate {
    match toml::from_str::<Estate>(text) {
        Ok(estate) => {
            problems.extend(Source::of(file, text).contradictions(&estate));
            estate
        }
        Err(error) => {
            let line = error.span().map_or(1, |span| line_at(text, span.start));
            problems.push(Problem::at(&Place { file: file.to_owned(), line }, error.message().trim().to_owned()));
            Estate::default()
        }
    }
}

/// The text of an estate, to find the lines of what stands in it.
struct Source<'a> {
    file: &'a str,
    text: &'a str,
    table: Option<DeTable<'a>>,
}

impl<'a> Source<'a> {
    fn of(file: &'a str, text: &'a str) -> Self {
        Self { file, text, table: DeTable::parse(text).ok().map(toml::Spanned::into_inner) }
    }

    fn contradictions(&self, estate: &Estate) -> Vec<Problem> {
        let mut problems = self.unknown_people(estate);
        problems.extend(self.ambiguous_environments(estate));
        problems.extend(self.odd_patterns(estate));
        problems
    }

    fn unknown_people(&self, estate: &Estate) -> Vec<Problem> {
        let mut problems = Vec::new();
        for (name, system) in &estate.systems {
            let mut check = |role: &str, key: &str, person: &PersonId| {
                if !estate.people.contains_key(person) {
                    let message = format!("the {role} `{person}` of system `{name}` is not among the people");
                    let hint = format!("Add a table `[people.{person}]`, or correct the name");
                    problems.push(self.problem(&["systems", name, key], Some(person.as_str()), message).hint(hint));
                }
            };
            system.owners.iter().for_each(|owner| check("owner", "owners", owner));
            system.executive.iter().for_each(|executive| check("executive", "executive", executive));
        }
        problems
    }

    /// A name that stands for two environments could make production look like something else.
    fn ambiguous_environments(&self, estate: &Estate) -> Vec<Problem> {
        let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
        let mut problems = Vec::new();
        let all = estate.environments.iter().flat_map(|(name, entry)| {
            let aliases = entry.aliases.iter().map(move |alias| (name.as_str(), alias.as_str()));
            [(name.as_str(), name.as_str())].into_iter().chain(aliases)
        });
        for (environment, spelled) in all {
            if ["", "unknown"].contains(&spelled) {
                let message = format!("no environment can be called `{spelled}`");
                problems.push(self.problem(&["environments", environment], Some(spelled), message));
            }
            if let Some(other) = owners.insert(spelled, environment).filter(|other| *other != environment) {
                let message = format!("`{spelled}` stands for both `{other}` and `{environment}`");
                problems.push(self.problem(&["environments", environment, "aliases"], Some(spelled), message));
            }
        }
        problems
    }

    fn odd_patterns(&self, estate: &Estate) -> Vec<Problem> {
        let patterns = estate.systems.iter().flat_map(|(name, system)| system.resources.iter().map(move |it| (name, it)));
        let odd = patterns.filter(|(_, pattern)| {
            let fixed = pattern.strip_suffix('*').unwrap_or(pattern);
            fixed.is_empty() || fixed.contains('*')
        });
        odd.map(|(name, pattern)| {
            let message = format!("`{pattern}` is no name of a resource, nor the beginning of one with a closing `*`");
            self.problem(&["systems", name, "resources"], Some(pattern), message)
        })
        .collect()
    }

    fn problem(&self, path: &[&str], item: Option<&str>, message: String) -> Problem {
        Problem::at(&Place { file: self.file.to_owned(), line: self.line(path, item) }, message)
    }

    /// The line of the value at a path, or of one item of the array that stands there.
    fn line(&self, path: &[&str], item: Option<&str>) -> usize {
        let mut at = 0;
        let mut table = self.table.as_ref();
        let mut value = None;
        for key in path {
            let Some((found, next)) = table.and_then(|table| table.get_key_value(*key)) else { break };
            at = found.span().start;
            table = next.get_ref().as_table();
            value = Some(next.get_ref());
        }
        let items = value.and_then(DeValue::as_array).into_iter().flat_map(|array| array.iter());
        let mut named = items.filter(|entry| item.is_some() && entry.get_ref().as_str() == item).map(|entry| entry.span().start);
        line_at(self.text, named.next().unwrap_or(at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problems(text: &str) -> Vec<String> {
        let mut problems = Vec::new();
        read("estate.toml", text, &mut problems);
        problems.iter().map(ToString::to_string).collect()
    }

    const SOUND: &str = r#"
[environments.prod-eu]
production = true
aliases = ["gke_prod"]

[people.carol]
name = "Carol"
seniority = "senior"

[systems.checkout]
tier = 1
domains = ["payment"]
owners = ["carol"]
executive = "carol"
resources = ["/srv/checkout/*"]
"#;

    #[test]
    fn a_sound_estate_is_read() {
        let mut problems = Vec::new();
        let estate = read("estate.toml", SOUND, &mut problems);
        assert_eq!((problems, estate.systems.len(), estate.people.len()), (vec![], 1, 1));
    }

    #[test]
    fn an_estate_that_does_not_hang_together_names_the_line() {
        let broken = SOUND
            .replace("owners = [\"carol\"]", "owners = [\n  \"carol\",\n  \"dave\",\n]")
            .replace("executive = \"carol\"", "executive = \"erin\"");
        assert_eq!(
            problems(&broken),
            [
                "estate.toml:15: the owner `dave` of system `checkout` is not among the people\n  Add a table `[people.dave]`, or correct the name",
                "estate.toml:17: the executive `erin` of system `checkout` is not among the people\n  Add a table `[people.erin]`, or correct the name",
            ]
        );
    }

    #[test]
    fn a_name_never_stands_for_two_environments() {
        let twice = format!("{SOUND}\n[environments.staging]\nproduction = false\naliases = [\"gke_prod\"]\n");
        assert_eq!(problems(&twice), ["estate.toml:19: `gke_prod` stands for both `prod-eu` and `staging`"]);
        assert_eq!(
            problems("[environments.unknown]\nproduction = false\n"),
            ["estate.toml:1: no environment can be called `unknown`"]
        );
    }

    #[test]
    fn a_star_in_the_middle_is_not_taken_for_a_pattern() {
        let odd = SOUND.replace("/srv/checkout/*", "/srv/*/checkout");
        assert_eq!(problems(&odd).len(), 1);
    }

    #[test]
    fn unknown_keys_and_tiers_that_do_not_exist_are_refused() {
        let unknown = problems(&SOUND.replace("domains", "domain"));
        assert!(unknown[0].starts_with("estate.toml:12: unknown field `domain`"), "{unknown:?}");
        let tier = problems(&SOUND.replace("tier = 1", "tier = 0"));
        assert!(tier[0].starts_with("estate.toml:11: a tier is 1"), "{tier:?}");
    }
}
