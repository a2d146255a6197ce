//! git's configuration by name: what it runs, what leads it elsewhere, and what is known to do neither.
//!
//! Sources: git-config(1), and the pages it refers to for `trailer`, `interactive`, `submodule` and `uploadpack`.
//!
//! *Out of scope:* where a setting is given and what is said of it (`git.rs`).

use super::value::Value;

/// Configuration whose value git runs or obeys.
const RUN: [&str; 18] = [
    "core.alternaterefscommand",
    "core.askpass",
    "core.editor",
    "core.fsmonitor",
    "core.gitproxy",
    "core.hookspath",
    "core.pager",
    "core.sshcommand",
    "credential.helper",
    "diff.external",
    "gpg.program",
    "include.path",
    "init.templatedir",
    "interactive.difffilter",
    "sendemail.smtpserver",
    "sequence.editor",
    "sendemail.sendmailcmd",
    "uploadpack.packobjectshook",
];

/// Sections in which some keys hold a command.
const RUN_SECTIONS: [&str; 12] = [
    "browser.",
    "credential.",
    "diff.",
    "difftool.",
    "filter.",
    "gpg.",
    "man.",
    "merge.",
    "mergetool.",
    "pager.",
    "sendemail.",
    "trailer.",
];

const RUN_KEYS: [&str; 10] =
    [".clean", ".cmd", ".command", ".driver", ".helper", ".process", ".program", ".smudge", ".textconv", ".tocmd"];

/// Settings that change how git shows, counts or records, and neither run anything nor lead anywhere. A name that ends in a
/// dot is a section.
const HARMLESS: [&str; 76] = [
    "add.",
    "advice.",
    "apply.",
    "author.",
    "blame.",
    "branch.autosetupmerge",
    "branch.autosetuprebase",
    "branch.sort",
    "checkout.",
    "clone.defaultremotename",
    "color.",
    "column.",
    "commit.",
    "committer.",
    "core.abbrev",
    "core.autocrlf",
    "core.bigfilethreshold",
    "core.checkstat",
    "core.commentchar",
    "core.compression",
    "core.eol",
    "core.filemode",
    "core.ignorecase",
    "core.longpaths",
    "core.loosecompression",
    "core.multipackindex",
    "core.precomposeunicode",
    "core.preloadindex",
    "core.quotepath",
    "core.safecrlf",
    "core.sparsecheckout",
    "core.splitindex",
    "core.symlinks",
    "core.trustctime",
    "core.untrackedcache",
    "core.whitespace",
    "credential.interactive",
    "credential.usehttppath",
    "credential.username",
    "feature.",
    "fetch.",
    "format.",
    "gc.auto",
    "gc.autodetach",
    "gpg.format",
    "grep.",
    "http.extraheader",
    "http.lowspeedlimit",
    "http.lowspeedtime",
    "http.maxrequests",
    "http.postbuffer",
    "http.useragent",
    "http.version",
    "i18n.",
    "index.",
    "init.defaultbranch",
    "interactive.singlekey",
    "log.",
    "maintenance.",
    "notes.",
    "pack.",
    "pretty.",
    "protocol.file.allow",
    "protocol.version",
    "pull.",
    "push.",
    "rebase.",
    "rerere.",
    "safe.directory",
    "stash.",
    "status.",
    "submodule.fetchjobs",
    "submodule.recurse",
    "tag.",
    "user.",
    "versionsort.",
];

/// Keys of `diff` and `merge` and of a branch or remote that say how, not what to run.
const HARMLESS_KEYS: [(&str, &[&str]); 4] = [
    (
        "diff.",
        &[
            "algorithm",
            "colormoved",
            "colormovedws",
            "context",
            "dirstat",
            "ignoresubmodules",
            "indentheuristic",
            "interhunkcontext",
            "mnemonicprefix",
            "noprefix",
            "relative",
            "renamelimit",
            "renames",
            "statgraphwidth",
            "submodule",
            "suppressblankempty",
            "wordregex",
            "wserrorhighlight",
        ],
    ),
    ("http.", &["extraheader"]),
    ("merge.", &["autostash", "conflictstyle", "directoryrenames", "ff", "log", "renamelimit", "renames", "stat", "verbosity"]),
    ("remote.", &["fetch", "prune", "tagopt"]),
];

/// Whether git runs or obeys the value of a setting.
pub(super) fn is_run(name: &str) -> bool {
    let section = RUN_SECTIONS.iter().any(|section| name.starts_with(section));
    // `pager.log` is a command; `submodule.x.update` may be one.
    let whole = name.starts_with("pager.") || (name.starts_with("submodule.") && name.ends_with(".update"));
    RUN.contains(&name) || whole || (section && RUN_KEYS.iter().any(|key| name.ends_with(key)))
}

/// Whether a setting is known to run nothing and to lead nowhere, whatever its value.
pub(super) fn is_harmless(name: &str) -> bool {
    let listed = HARMLESS.iter().any(|known| if known.ends_with('.') { name.starts_with(known) } else { name == *known });
    let keyed = HARMLESS_KEYS
        .iter()
        .any(|(section, keys)| name.starts_with(section) && name.rsplit('.').next().is_some_and(|key| keys.contains(&key)));
    listed || keyed
}

/// Whether a setting makes git push, fetch, clean or sign otherwise than its command line and the person's settings say.
pub(super) fn redirects(name: &str, value: &Value) -> bool {
    let is = |word: &str| value.known().is_none_or(|text| text.eq_ignore_ascii_case(word));
    // What the line does not determine may say no.
    let may_say_no = || !value.known().is_some_and(|text| TRUE.iter().any(|word| text.eq_ignore_ascii_case(word)));
    let ends = |keys: &[&str]| keys.iter().any(|key| name.ends_with(key));
    match name.split('.').next().unwrap_or_default() {
        "branch" => ends(&[".pushremote"]),
        "core" => name == "core.worktree",
        "http" => ends(&[".sslverify"]) && may_say_no(),
        "clean" => name == "clean.requireforce" && may_say_no(),
        "commit" | "tag" => ends(&[".gpgsign"]) && may_say_no(),
        "credential" => ends(&[".helper"]) && value.known().is_none_or(|text| text.starts_with('!')),
        "push" => (name == "push.default" && (is("matching") || is("mirror"))) || (name == "push.gpgsign" && may_say_no()),
        "remote" => {
            let forces = value.known().is_none_or(|text| text.starts_with(['+', ':']));
            (ends(&[".push"]) && forces)
                || ends(&[".mirror", ".pushdefault", ".pushurl", ".receivepack", ".uploadpack", ".url", ".vcs"])
        }
        "url" => ends(&[".insteadof", ".pushinsteadof"]),
        _ => false,
    }
}

/// What git takes for yes (git-config(1), "Values").
const TRUE: [&str; 4] = ["1", "on", "true", "yes"];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_or_a_safety_is_switched_off_by_whatever_may_say_no() {
        for name in ["clean.requireforce", "commit.gpgsign", "push.gpgsign", "tag.gpgsign"] {
            for value in [Value::text("false"), Value::text(""), Value::unknown()] {
                assert!(redirects(name, &value), "{name}");
            }
            assert!(!redirects(name, &Value::text("True")), "{name}");
        }
    }

    #[test]
    fn what_is_harmless_runs_nothing() {
        for name in RUN {
            assert!(!is_harmless(name), "{name}");
        }
        for name in ["trailer.x.cmd", "pager.log", "diff.x.textconv", "merge.x.driver", "submodule.x.update", "gpg.ssh.program"] {
            assert!(is_run(name) && !is_harmless(name), "{name}");
        }
        for name in ["user.name", "color.ui", "diff.renames", "merge.conflictstyle", "http.https://a.example/.extraheader"] {
            assert!(is_harmless(name) && !is_run(name), "{name}");
        }
        for name in ["protocol.ext.allow", "remote.origin.proxy", "no.such.setting", "http.proxy"] {
            assert!(!is_harmless(name), "{name}");
        }
    }
}
