//! What a path means, beyond being a file: a secret, the agent's own rules, something that will run later by itself.
//!
//! *In scope:* the spelling of a path. *Out of scope:* whether anything is there, and where symbolic links lead: the gate
//! answers [`Question::Path`](holdpoint_core::question::Question::Path) with a canonical path, and that is what should be
//! classified; an uncanonical one is made lexically normal first and no more.
//!
//! The knowledge is in `paths.toml`, with examples that the tests run.

use std::borrow::Cow;
use std::sync::LazyLock;

use holdpoint_core::change::Setting;
use holdpoint_core::effect::ResourceKind;
use serde::Deserialize;

use crate::data;

/// What a path is, by its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Hooks, rules files, prompts and tool servers of a coding agent.
    AgentConfiguration,
    /// Definitions of continuous integration and of code ownership.
    CiConfiguration,
    /// A private key, token or password, a file that holds one, or a directory of such files.
    Credential,
    /// A disk or a switch of the kernel.
    Device,
    /// None of the others.
    File,
    /// Holdpoint's own program, settings and data.
    Guard,
    /// Something that will run later by itself, or that says what will.
    Persistence,
    /// Who may do what on this machine.
    Privilege,
}

impl Kind {
    /// The kind of resource that an effect on such a path names.
    pub const fn resource_kind(self) -> ResourceKind {
        match self {
            Self::AgentConfiguration => ResourceKind::AgentConfiguration,
            Self::CiConfiguration => ResourceKind::CiConfiguration,
            Self::Credential => ResourceKind::Credential,
            Self::Device => ResourceKind::Device,
            Self::File => ResourceKind::File,
            Self::Guard => ResourceKind::Guard,
            Self::Persistence => ResourceKind::Persistence,
            Self::Privilege => ResourceKind::Privilege,
        }
    }
}

/// Where the person's and Holdpoint's own things lie, as far as the setting tells: all absolute and canonical.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Own<'a> {
    /// The person's home directory (`HOME`).
    pub home: Option<&'a str>,
    /// The data directory of the installation in use (`HOLDPOINT_DATA`).
    pub data: Option<&'a str>,
    /// The running program (`HOLDPOINT_PROGRAM`).
    pub program: Option<&'a str>,
}

impl<'a> Own<'a> {
    /// Takes them from the variables of a setting, where the gate has put them.
    pub fn of(setting: &'a Setting) -> Self {
        let path = |name| setting.variables.get(name).map(String::as_str).filter(|path| path.starts_with('/'));
        Self { home: path("HOME"), data: path("HOLDPOINT_DATA"), program: path("HOLDPOINT_PROGRAM") }
    }

    /// Whether a path, in its normal form, is Holdpoint's program or lies in its data directory, wherever those are.
    fn guards(&self, path: &[Name<'_>]) -> bool {
        let named = |own: Option<&'a str>| own.map(normal).filter(|own| !own.is_empty());
        named(self.data).is_some_and(|data| path.starts_with(&data)) || named(self.program).is_some_and(|program| path == program)
    }
}

/// Tells what an absolute path is. The usual places of homes and of Holdpoint count besides those that are named, because a
/// variable does not decide what a secret is.
pub fn classify(path: &str, own: Own<'_>) -> Kind {
    let path = normal(path);
    if own.guards(&path) {
        return Kind::Guard;
    }
    let home = own.home.map(normal).filter(|home| !home.is_empty());
    let mut parts = path.as_slice();
    let mut homes = homes(parts, home.as_deref());
    // Bounded: every step makes `parts` shorter.
    while let Some(inner) = nested(parts) {
        parts = inner;
        homes = [None, None];
    }
    let found = INDEX.rules(parts, &homes).into_iter().filter_map(|at| TABLE.rule.get(at));
    let excepted = |rule: &&Rule| rule.except.iter().any(|pattern| pattern.fits(parts, &homes));
    found.filter(|rule| !excepted(rule)).map(|rule| rule.kind).next().unwrap_or(Kind::File)
}

/// Whether secrets of a person lie below a directory by the rules for their home: `~/.aws`, `~/.config`, the home itself.
/// What may lie anywhere, such as `.env`, does not count, or no search through a work tree could pass.
pub fn holds_secrets(path: &str, own: Own<'_>) -> bool {
    let path = normal(path);
    let home = own.home.map(normal).filter(|home| !home.is_empty());
    if home.as_ref().is_some_and(|home| home.starts_with(&path)) {
        return true;
    }
    let below = homes(&path, home.as_deref());
    let in_home = |pattern: &&Pattern| pattern.anchor == Anchor::Home;
    let secrets = TABLE.rule.iter().filter(|rule| rule.kind == Kind::Credential).flat_map(|rule| &rule.paths);
    secrets.filter(in_home).any(|pattern| below.iter().flatten().any(|below| pattern.leads_through(below)))
}

/// Whether a path's name means a secret where the task has no business: outside the work tree and the places for scratch.
/// Inside, the same name is a fixture or a source, so whoever asks must know where the path lies.
pub fn is_secret_elsewhere(path: &str) -> bool {
    let path = normal(path);
    let homes = homes(&path, None);
    let fits = |patterns: &[Pattern]| patterns.iter().any(|pattern| pattern.fits(&path, &homes));
    fits(&TABLE.found.paths) && !fits(&TABLE.found.except)
}

/// Whether a directory holds Holdpoint's program or data, wherever those are.
pub fn holds_guard(path: &str, own: Own<'_>) -> bool {
    let path = normal(path);
    let inside = |own: Option<&str>| own.map(normal).is_some_and(|own| own.len() > path.len() && own.starts_with(&path));
    inside(own.data) || inside(own.program)
}

/// Whether what is Holdpoint's own is, or holds, a key with which it signs or a session with which somebody acts.
pub fn is_guard_secret(path: &str) -> bool {
    let path = normal(path);
    let (Some(last), parent) = (path.last(), path.iter().rev().nth(1)) else { return false };
    let whole = (last == "holdpoint" || last == "holdpoint-data") && parent.is_none_or(|parent| parent != "bin");
    whole || last.ends_with(".key") || last == "*" || path.iter().any(|name| name == "sessions")
}

/// Whether a path that git ignores is output that a build, a test run or an install makes again. `path` is relative to the
/// work tree, as git lists it; a secret inside such output is not.
pub fn regenerable(path: &str) -> bool {
    let names: Vec<&str> = path.split('/').filter(|name| !name.is_empty()).collect();
    let (Some(last), false) = (names.last(), names.contains(&"..")) else { return false };
    let any = |patterns: &[String], name: &str| patterns.iter().any(|pattern| name_fits(pattern, name));
    let made = names.iter().any(|name| any(&TABLE.regenerable.directories, name)) || any(&TABLE.regenerable.files, last);
    made && !last.ends_with(".tfstate") && classify(&format!("/{path}"), Own::default()) == Kind::File
}

/// A name along a path, in lower case.
type Name<'p> = Cow<'p, str>;

/// The names along a path, lexically normal.
fn normal(path: &str) -> Vec<Name<'_>> {
    let mut names = Vec::new();
    for name in path.split('/') {
        match name {
            "" | "." => {}
            ".." => {
                names.pop();
            }
            name => names.push(lower(name)),
        }
    }
    names
}

fn lower(name: &str) -> Name<'_> {
    let changes = |byte: u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    if name.bytes().any(changes) { Cow::Owned(name.to_lowercase()) } else { Cow::Borrowed(name) }
}

/// The path below a person's home: below the one that was named, and below the one its spelling shows.
fn homes<'a, 'p>(parts: &'a [Name<'p>], named: Option<&[Name<'p>]>) -> [Option<&'a [Name<'p>]>; 2] {
    let usual = match parts {
        [root, below @ ..] if root == "root" => Some(below),
        [top, _, below @ ..] if top == "home" || top == "users" => Some(below),
        _ => None,
    };
    [named.and_then(|home| parts.strip_prefix(home)), usual]
}

/// What is left of a path that leads through a nested work tree.
fn nested<'a, 'p>(parts: &'a [Name<'p>]) -> Option<&'a [Name<'p>]> {
    let through = |pattern: &Pattern| {
        let starts = 0..parts.len();
        starts.rev().find_map(|start| pattern.remainder(parts.get(start..)?)).filter(|rest| !rest.is_empty())
    };
    TABLE.nested.iter().find_map(through)
}

/// A pattern of the table, taken apart once.
#[derive(Debug, Deserialize)]
#[serde(try_from = "String")]
struct Pattern {
    anchor: Anchor,
    names: Vec<String>,
    /// Whether everything below is meant too.
    deep: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Anchor {
    Anywhere,
    Home,
    Root,
}

impl Pattern {
    fn fits(&self, parts: &[Name<'_>], homes: &[Option<&[Name<'_>]>]) -> bool {
        match self.anchor {
            Anchor::Anywhere if !self.deep => {
                let start = parts.len().checked_sub(self.names.len());
                start.and_then(|start| parts.get(start..)).is_some_and(|rest| self.fits_here(rest))
            }
            Anchor::Anywhere => (0..parts.len()).any(|start| parts.get(start..).is_some_and(|rest| self.fits_here(rest))),
            Anchor::Home => homes.iter().flatten().any(|below| self.fits_here(below)),
            Anchor::Root => self.fits_here(parts),
        }
    }

    fn fits_here(&self, parts: &[Name<'_>]) -> bool {
        self.remainder(parts).is_some_and(|rest| self.deep || rest.is_empty())
    }

    /// Whether a directory lies on the way to what is meant.
    fn leads_through(&self, directory: &[Name<'_>]) -> bool {
        directory.len() < self.names.len() && self.names.iter().zip(directory).all(|(pattern, name)| name_fits(pattern, name))
    }

    /// What follows the names of this pattern, where they come first.
    fn remainder<'a, 'p>(&self, parts: &'a [Name<'p>]) -> Option<&'a [Name<'p>]> {
        let (head, rest) = parts.split_at_checked(self.names.len())?;
        self.names.iter().zip(head).all(|(pattern, name)| name_fits(pattern, name)).then_some(rest)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let anchors = [("**/", Anchor::Anywhere), ("~/", Anchor::Home), ("/", Anchor::Root)];
        let anchored = anchors.iter().find_map(|(prefix, anchor)| Some((*anchor, text.strip_prefix(prefix)?)));
        let (anchor, rest) = anchored.ok_or_else(|| format!("`{text}` starts with none of `/`, `~/`, `**/`"))?;
        let (rest, deep) = rest.strip_suffix("/**").map_or((rest, false), |rest| (rest, true));
        let names: Vec<String> = rest.split('/').map(str::to_lowercase).collect();
        if names.iter().any(|name| name.is_empty() || name.contains("**")) {
            return Err(format!("`{text}` has an empty name or `**` inside"));
        }
        Ok(Self { anchor, names, deep })
    }
}

/// Whether a name fits a pattern in which `*` stands for any run of characters. Linear in the name for every star.
pub(crate) fn name_fits(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern == name };
    let Some(mut name) = name.strip_prefix(first) else { return false };
    let Some((pieces, last)) = rest.rsplit_once('*') else { return name.ends_with(rest) };
    for piece in pieces.split('*') {
        match name.split_once(piece) {
            Some((_, after)) => name = after,
            None => return false,
        }
    }
    name.ends_with(last)
}

/// The rules' patterns by what they begin with: a path is looked up by its names instead of being held against each of some
/// hundred patterns.
struct Index {
    /// Patterns whose first name has no star, sorted by it.
    named: Vec<(&'static str, Indexed)>,
    /// The others.
    starred: Vec<Indexed>,
}

/// A pattern and the place of its rule.
type Indexed = (usize, &'static Pattern);

impl Index {
    fn of(rules: &'static [Rule]) -> Self {
        let all = rules.iter().enumerate().flat_map(|(at, rule)| rule.paths.iter().map(move |pattern| (at, pattern)));
        let (mut named, mut starred) = (Vec::new(), Vec::new());
        for indexed in all {
            match indexed.1.names.first() {
                Some(name) if !name.contains('*') => named.push((name.as_str(), indexed)),
                _ => starred.push(indexed),
            }
        }
        named.sort_by_key(|(name, _)| *name);
        Self { named, starred }
    }

    /// The places of the rules with a pattern that fits, in order.
    fn rules(&self, parts: &[Name<'_>], homes: &[Option<&[Name<'_>]>]) -> Vec<usize> {
        let mut found = Vec::new();
        for start in 0..parts.len() {
            let Some(rest @ [first, ..]) = parts.get(start..) else { continue };
            let from = self.named.partition_point(|(name, _)| *name < first.as_ref());
            let same = self.named.iter().skip(from).take_while(|(name, _)| name == first).map(|(_, indexed)| indexed);
            let here = |pattern: &Pattern| match pattern.anchor {
                Anchor::Anywhere => true,
                // What is below a home is an end of the path, which its length tells.
                Anchor::Home => homes.iter().flatten().any(|below| below.len() == rest.len()),
                Anchor::Root => start == 0,
            };
            found.extend(same.filter(|(_, pattern)| here(pattern) && pattern.fits_here(rest)).map(|(rule, _)| *rule));
        }
        found.extend(self.starred.iter().filter(|(_, pattern)| pattern.fits(parts, homes)).map(|(rule, _)| *rule));
        found.sort_unstable();
        found
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    found: Found,
    nested: Vec<Pattern>,
    rule: Vec<Rule>,
    regenerable: Regenerable,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    kind: Kind,
    paths: Vec<Pattern>,
    #[serde(default)]
    except: Vec<Pattern>,
    #[cfg(test)]
    #[serde(default)]
    examples: Vec<String>,
    #[cfg(test)]
    #[serde(default)]
    near_misses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Found {
    paths: Vec<Pattern>,
    except: Vec<Pattern>,
    #[cfg(test)]
    #[serde(default)]
    examples: Vec<String>,
    #[cfg(test)]
    #[serde(default)]
    near_misses: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Regenerable {
    directories: Vec<String>,
    files: Vec<String>,
    #[cfg(test)]
    #[serde(default)]
    examples: Vec<String>,
    #[cfg(test)]
    #[serde(default)]
    near_misses: Vec<String>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| data::read(include_str!(concat!(env!("OUT_DIR"), "/paths.json"))));
static INDEX: LazyLock<Index> = LazyLock::new(|| Index::of(&TABLE.rule));

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOME: &str = "/home/alice";

    fn classify(path: &str, home: Option<&str>) -> Kind {
        super::classify(path, Own { home, ..Own::default() })
    }

    /// The table with its examples.
    fn as_written() -> Table {
        toml::from_str(include_str!("../paths.toml")).unwrap()
    }

    fn at_home(example: &str) -> String {
        example.strip_prefix('~').map_or_else(|| example.to_owned(), |below| format!("{HOME}{below}"))
    }

    #[test]
    fn every_example_falls_under_its_rule_and_no_near_miss_does() {
        for rule in &as_written().rule {
            for example in &rule.examples {
                assert_eq!(classify(&at_home(example), Some(HOME)), rule.kind, "{example}");
            }
            for near_miss in &rule.near_misses {
                assert_ne!(classify(&at_home(near_miss), Some(HOME)), rule.kind, "{near_miss}");
            }
            assert!(!rule.examples.is_empty() && !rule.near_misses.is_empty(), "{:?} shows nothing", rule.kind);
        }
    }

    #[test]
    fn every_regenerable_example_is_and_no_near_miss_is() {
        let written = as_written().regenerable;
        for example in &written.examples {
            assert!(regenerable(example), "{example}");
        }
        for near_miss in &written.near_misses {
            assert!(!regenerable(near_miss), "{near_miss}");
        }
    }

    #[test]
    fn every_name_that_is_a_secret_elsewhere_is_and_no_near_miss_is() {
        let written = as_written().found;
        for example in &written.examples {
            assert!(is_secret_elsewhere(&at_home(example)), "{example}");
        }
        for near_miss in &written.near_misses {
            assert!(!is_secret_elsewhere(&at_home(near_miss)), "{near_miss}");
        }
    }

    #[test]
    fn a_home_that_is_not_where_homes_are_is_believed_besides_the_usual_ones() {
        assert_eq!(classify("/data/people/dora/.ssh/id_rsa", Some("/data/people/dora/")), Kind::Credential);
        assert_eq!(classify("/data/people/dora/.aws/credentials", None), Kind::File, "nothing says that this is a home");
        assert_eq!(classify("/home/alice/.aws/credentials", Some("/nowhere")), Kind::Credential);
        assert_eq!(classify("/home/alice/.aws/credentials", Some("/")), Kind::Credential);
    }

    #[test]
    fn holdpoint_knows_its_own_files_wherever_they_lie() {
        let own = Own { home: Some(HOME), data: Some("/mnt/guarded/"), program: Some("/srv/build/hp") };
        let kind = |path: &str| super::classify(path, own);
        for path in ["/mnt/guarded", "/mnt/Guarded/holdpoint.db", "/mnt/x/../guarded/policy/a.cedar", "/srv/build/hp"] {
            assert_eq!(kind(path), Kind::Guard, "{path}");
        }
        for path in ["/mnt/guarded-not/holdpoint.db", "/mnt", "/srv/build/hp/x", "/srv/build"] {
            assert_eq!(kind(path), Kind::File, "{path}");
        }
        assert_eq!(super::classify("/srv/a", Own { data: Some("/"), ..own }), Kind::File, "the root is nobody's data directory");
    }

    #[test]
    fn the_way_to_secrets_holds_them_and_a_work_tree_does_not() {
        let own = Own { home: Some(HOME), ..Own::default() };
        for path in ["/", "/home", HOME, "/home/alice/.aws", "/home/alice/.config/", "/home/bob/.docker", "/root/.docker"] {
            assert!(holds_secrets(path, own), "{path}");
        }
        for path in ["/home/alice/shop", "/home/alice/.docker/machine", "/srv", "/etc/nginx", "/home/alice/.aws/config"] {
            assert!(!holds_secrets(path, own), "{path}");
        }
    }

    #[test]
    fn the_way_to_the_guard_is_known_wherever_it_lies() {
        let own = Own { home: Some(HOME), data: Some("/mnt/a/guarded"), program: Some("/srv/build/hp") };
        for path in ["/", "/mnt", "/mnt/a/", "/srv/build", "/srv"] {
            assert!(holds_guard(path, own), "{path}");
        }
        for path in ["/mnt/a/guarded", "/mnt/b", "/srv/build/hp", HOME] {
            assert!(!holds_guard(path, own), "{path}");
        }
    }

    #[test]
    fn spelling_games_do_not_change_what_a_path_is() {
        for path in [
            "/home/alice/.ssh/id_rsa/",
            "//home//alice/./.ssh//id_rsa",
            "/home/alice/shop/../.ssh/id_rsa",
            "/../../home/alice/.SSH/ID_RSA",
            "/home/alice/shop/.claude/worktrees/../../../.ssh/id_rsa",
        ] {
            assert_eq!(classify(path, Some(HOME)), Kind::Credential, "{path}");
        }
    }

    #[test]
    fn a_nested_work_tree_is_no_home_and_its_root_belongs_to_the_agent() {
        assert_eq!(classify("/home/alice/.claude/worktrees/x/.bashrc", Some(HOME)), Kind::File);
        assert_eq!(
            classify("/home/alice/.claude/worktrees/x/.claude/worktrees/y/.mcp.json", Some(HOME)),
            Kind::AgentConfiguration
        );
        assert_eq!(classify("/srv/shop/.claude/worktrees/x", Some(HOME)), Kind::AgentConfiguration);
    }

    #[test]
    fn a_star_stays_inside_one_name() {
        assert!(name_fits("*.pem", "a.b.pem") && name_fits("a*b*c", "axxbyyc") && name_fits("*", ""));
        assert!(!name_fits("a*a", "a") && !name_fits("*.pem", "a.pem.txt") && !name_fits("a*b*c", "axxc"));
    }

    /// Every name in the patterns, with something in place of its stars.
    fn names_of_patterns() -> Vec<String> {
        let patterns = TABLE.rule.iter().flat_map(|rule| rule.paths.iter().chain(&rule.except));
        let names = patterns.flat_map(|pattern| &pattern.names).map(|name| name.replace('*', "x"));
        names.chain(["x".to_owned()]).collect()
    }

    /// The rules that fit a path, found by holding it against each pattern.
    fn rules_one_by_one(parts: &[Name<'_>], homes: &[Option<&[Name<'_>]>]) -> Vec<usize> {
        let fits = |rule: &Rule| rule.paths.iter().any(|pattern| pattern.fits(parts, homes));
        TABLE.rule.iter().enumerate().filter(|(_, rule)| fits(rule)).map(|(at, _)| at).collect()
    }

    proptest! {
        #[test]
        fn the_index_finds_the_rules_that_fit(
            names in proptest::collection::vec(proptest::sample::select(names_of_patterns()), 0..7),
            root in proptest::sample::select(vec!["", "/home/alice", "/Users/bob", "/root", "/srv/x"]),
        ) {
            let path = format!("{root}/{}", names.join("/"));
            let parts = normal(&path);
            let homes = homes(&parts, None);
            let mut found = INDEX.rules(&parts, &homes);
            found.dedup();
            prop_assert_eq!(found, rules_one_by_one(&parts, &homes));
        }

        #[test]
        fn any_text_has_a_kind(path in "\\PC*", home in proptest::option::of("\\PC*")) {
            let kind = classify(&path, home.as_deref());
            prop_assert_eq!(kind, classify(&format!("{path}/"), home.as_deref()));
            let _ = regenerable(&path);
        }
    }
}
