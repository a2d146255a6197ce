//! What Claude Code's settings files add up to: whether our hooks run at all, and what stands beside them.
//!
//! Facts, from code.claude.com/docs/en/settings and …/hooks as of version 2.1.274: of a setting that stands in several files the
//! managed one counts, else that of the project for this person, of the project, of the person. Hooks of all files run, beside
//! each other, unless `disableAllHooks` says no (managed ones then still run, unless the managed file says so itself) or a
//! managed `allowManagedHooksOnly` keeps to those of the organisation. A hook may change a call by `updatedInput`.
//!
//! *In scope:* what follows from the texts. *Out of scope:* reading them; settings given on the command line or by plugins.

use serde_json::Value;

use super::settings::{EVENTS, is_ours};

/// Which file a setting is in, what counts first first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// The organisation's, which only an administrator can write.
    Managed,
    /// The project's for this person alone: `.claude/settings.local.json`.
    Local,
    /// The project's: `.claude/settings.json`.
    Project,
    /// The person's.
    User,
}

impl Scope {
    /// All of them, in this order.
    pub const ALL: [Self; 4] = [Self::Managed, Self::Local, Self::Project, Self::User];

    /// What people call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Local => "your settings for this project",
            Self::Managed => "the managed settings",
            Self::Project => "this project's settings",
            Self::User => "your settings",
        }
    }
}

/// What the files of several scopes add up to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The file that switches hooks off, where one does.
    pub switched_off: Option<Scope>,
    /// Whether only managed hooks run.
    pub managed_only: bool,
    /// What keeps the host from asking the person about commands: a mode, or a permission for all of them.
    pub unasked: Vec<(Scope, String)>,
    /// Hooks of others that are asked before a tool is used, and may change the call.
    pub beside: Vec<(Scope, String)>,
}

impl Standing {
    /// Adds up the files that there are; of several of one scope the first counts. One that is not JSON says nothing here.
    pub fn of(files: &[(Scope, String)]) -> Self {
        let mut files: Vec<(Scope, Value)> =
            files.iter().filter_map(|(scope, text)| Some((*scope, serde_json::from_str(text).ok()?))).collect();
        files.sort_by_key(|(scope, _)| *scope);
        let first = |key: &[&str]| files.iter().find_map(|(scope, file)| Some((*scope, at(file, key)?)));
        let switched_off = first(&["disableAllHooks"]).filter(|(_, off)| *off == &Value::Bool(true)).map(|(scope, _)| scope);
        let managed_only = files
            .iter()
            .any(|(scope, file)| *scope == Scope::Managed && at(file, &["allowManagedHooksOnly"]) == Some(&Value::Bool(true)));
        let mode = first(&["permissions", "defaultMode"]).filter(|(_, mode)| *mode == UNASKED_MODE);
        let permitted = files.iter().flat_map(|(scope, file)| {
            let rules = at(file, &["permissions", "allow"]).and_then(Value::as_array).into_iter().flatten();
            rules.filter_map(Value::as_str).filter(|rule| ALL_COMMANDS.contains(rule)).map(move |rule| (*scope, rule.to_owned()))
        });
        let unasked = mode.map(|(scope, _)| (scope, UNASKED_MODE.to_owned())).into_iter().chain(permitted).collect();
        let beside = files.iter().flat_map(|(scope, file)| foreign(file).into_iter().map(move |hook| (*scope, hook))).collect();
        Self { switched_off, managed_only, unasked, beside }
    }

    /// Whether hooks of a scope run.
    pub fn runs(&self, scope: Scope) -> bool {
        match self.switched_off {
            Some(Scope::Managed) => false,
            Some(_) => scope == Scope::Managed,
            None => scope == Scope::Managed || !self.managed_only,
        }
    }
}

/// The mode in which the host asks the person nothing. Hooks run all the same, and their denials count.
const UNASKED_MODE: &str = "bypassPermissions";
/// Permissions for every command there is.
const ALL_COMMANDS: [&str; 4] = ["*", "Bash", "Bash(*)", "Bash(:*)"];

fn at<'a>(file: &'a Value, key: &[&str]) -> Option<&'a Value> {
    key.iter().try_fold(file, |value, name| value.get(name))
}

/// What others run before a tool is used, in words: the command, the address, or the kind of hook.
fn foreign(file: &Value) -> Vec<String> {
    let [before, ..] = EVENTS;
    let groups = at(file, &["hooks", before]).and_then(Value::as_array).into_iter().flatten();
    let hooks = groups.filter_map(|group| group.get("hooks")?.as_array()).flatten();
    let named = |hook: &Value| {
        let text = |key| hook.get(key).and_then(Value::as_str);
        text("command").or_else(|| text("url")).or_else(|| text("type")).unwrap_or("a hook of no known kind").to_owned()
    };
    hooks.filter(|hook| !is_ours(hook)).map(named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = r#"{"type":"command","command":"'/opt/holdpoint' hook claude-code || { exit 2; }"}"#;

    fn standing(files: &[(Scope, &str)]) -> Standing {
        Standing::of(&files.iter().map(|(scope, text)| (*scope, (*text).to_owned())).collect::<Vec<_>>())
    }

    #[test]
    fn whoever_counts_first_says_whether_hooks_run() {
        let (on, off) = (r#"{"disableAllHooks":false}"#, r#"{"disableAllHooks":true}"#);
        for (files, switched_off, user, managed) in [
            (vec![(Scope::User, off)], Some(Scope::User), false, true),
            (vec![(Scope::User, off), (Scope::Local, on)], None, true, true),
            (vec![(Scope::Local, off), (Scope::Project, on), (Scope::User, on)], Some(Scope::Local), false, true),
            (vec![(Scope::Managed, off), (Scope::User, on)], Some(Scope::Managed), false, false),
            (vec![(Scope::User, "{}"), (Scope::Local, "not JSON")], None, true, true),
        ] {
            let found = standing(&files);
            let runs = (found.runs(Scope::User), found.runs(Scope::Managed));
            assert_eq!((found.switched_off, runs), (switched_off, (user, managed)), "{files:?}");
        }
    }

    #[test]
    fn only_an_administrator_can_keep_to_managed_hooks() {
        let only = r#"{"allowManagedHooksOnly":true}"#;
        assert!(!standing(&[(Scope::Managed, only)]).runs(Scope::User));
        assert!(standing(&[(Scope::Managed, only)]).runs(Scope::Managed));
        assert!(standing(&[(Scope::Project, only)]).runs(Scope::User));
    }

    #[test]
    fn a_hook_of_somebody_else_before_a_tool_is_named_and_ours_and_later_ones_are_not() {
        let settings = format!(
            r#"{{"hooks":{{"PreToolUse":[{{"matcher":"Bash","hooks":[{{"type":"command","command":"theirs.sh"}},{OURS}]}},
            {{"hooks":[{{"type":"http","url":"http://127.0.0.1/x"}},{{"type":"prompt"}}]}}],
            "PostToolUse":[{{"hooks":[{{"type":"command","command":"bell"}}]}}]}}}}"#
        );
        let found = standing(&[(Scope::Project, &settings)]).beside;
        let expected = ["theirs.sh", "http://127.0.0.1/x", "prompt"].map(|hook| (Scope::Project, hook.to_owned()));
        assert_eq!(found, expected);
    }

    #[test]
    fn what_keeps_the_host_from_asking_is_found_where_it_counts() {
        let bypass = r#"{"permissions":{"defaultMode":"bypassPermissions","allow":["Bash(npm test)","Bash(*)"]}}"#;
        let found = |what: &str| (Scope::User, what.to_owned());
        assert_eq!(standing(&[(Scope::User, bypass)]).unasked, [found("bypassPermissions"), found("Bash(*)")]);
        let asked = r#"{"permissions":{"defaultMode":"default"}}"#;
        assert_eq!(standing(&[(Scope::User, bypass), (Scope::Local, asked)]).unasked, [found("Bash(*)")]);
    }
}
