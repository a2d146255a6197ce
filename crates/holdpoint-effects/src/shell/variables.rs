//! Variables with a meaning: those that make programs run code, load it, or look for it elsewhere.
//!
//! *Out of scope:* what a variable holds while the text is followed (`state.rs`, `assign.rs`).

use holdpoint_core::effect::{Certainty, Effect, ResourceKind, Reversibility, Verb};
use holdpoint_core::question::FileKind;

use super::address::is_aws_alike;
use super::effect::plain;
use super::files::Target;
use super::syntax::Span;
use super::value::{Piece, Value};
use super::walker::{Globs, Site, Walker};
use crate::world::Content;

impl Walker<'_> {
    pub(crate) fn check_variable(&mut self, name: &str, value: &Value, span: &Span) {
        self.evaluated_later(value, span);
        self.told_by_variable(name, value, span);
        let known = value.known();
        // npm takes its settings in either case, cargo has one of these for every target.
        let upper = if name.starts_with("npm_config_") { name.to_ascii_uppercase() } else { name.to_owned() };
        let of_target = name.starts_with("CARGO_TARGET_") && (name.ends_with("_RUNNER") || name.ends_with("_LINKER"))
            || (name.starts_with("CMAKE_") && name.ends_with("_LAUNCHER"));
        let of_jvm = upper.ends_with("_OPTS") && upper != "FZF_DEFAULT_OPTS";
        let by_name = known.is_some() && COMMAND_ENDINGS.iter().any(|ending| upper.ends_with(ending));
        let lies_in_scratch = |text: &str| text.split(':').any(|place| SCRATCH.iter().any(|scratch| place.starts_with(scratch)));
        let mentions = |flags: &[&str]| known.as_deref().is_none_or(|text| flags.iter().any(|flag| text.contains(flag)));
        if COMMAND_VARIABLES.contains(&upper.as_str()) || of_target || by_name {
            if known.as_deref() != Some("") {
                self.run_by_variable(value, span);
            }
        } else if CODE_VARIABLES.contains(&upper.as_str()) {
            if !known.as_deref().is_some_and(|text| is_harmless_value(name, text)) {
                self.opaque(name, "a variable makes other programs run code", span.clone());
            }
        } else if of_jvm && known.as_deref().is_some_and(|text| JVM_AGENTS.iter().any(|agent| text.contains(agent))) {
            self.opaque(name, "a variable makes other programs load code", span.clone());
        } else if let Some((_, markers)) = SETTINGS_VARIABLES.iter().find(|(setting, _)| *setting == upper) {
            self.settings_chosen(name, value, markers, span);
        } else if HOME_VARIABLES.contains(&upper.as_str()) {
            self.home_chosen(name, value, span);
        } else if upper.starts_with("AWS_ENDPOINT_URL")
            && !known.as_deref().is_some_and(|text| text.is_empty() || is_aws_alike(text))
        {
            self.unseen_code(name, "another service than the one that the keys are for", span);
        } else if OPTION_VARIABLES.iter().any(|(option, flags)| *option == name && mentions(flags)) {
            self.opaque(name, "a variable makes other programs run code", span.clone());
        } else if PLACE_VARIABLES.contains(&name) && known.as_deref().is_some_and(lies_in_scratch) {
            self.opaque(name, "a variable lets programs load code that anybody may have put there", span.clone());
        } else if SOURCE_VARIABLES.contains(&upper.as_str())
            && !known.as_deref().is_some_and(|text| text.is_empty() || USUAL_SOURCES.iter().any(|usual| text.contains(usual)))
        {
            self.opaque(name, "a variable lets packages come from elsewhere", span.clone());
        } else if AGENT_VARIABLES.contains(&name) {
            let summary = format!("Lets an agent run with other settings than those that are guarded (`{name}`)");
            let effect = plain(Verb::Modify, ResourceKind::Guard, name, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        } else if name == "PATH" {
            self.search_path(value, span);
        } else if SEARCHED_VARIABLES.contains(&name) {
            self.searched_for_code(name, value, span);
        } else if name == "GLOBIGNORE" {
            self.globs = self.globs.max(Globs::Hidden);
        }
    }

    /// Follows the command that a variable holds. Whoever runs it puts words behind it that the line does not say: to a program that
    /// loses what it is given they matter.
    fn run_by_variable(&mut self, value: &Value, span: &Span) {
        let loses = value.known().is_some_and(|text| text.split_whitespace().any(|word| LOSES.contains(&word)));
        self.inner_text(value, span.clone());
        if loses {
            let mut text = value.clone();
            text.push(Piece::Text(" ".to_owned()));
            text.append(Value::loose());
            self.inner_text(&text, span.clone());
        }
    }

    /// A file of settings that can name a program to run, or another server: read where it can be, believed where the person keeps
    /// such files.
    fn settings_chosen(&mut self, name: &str, value: &Value, markers: &[&str], span: &Span) {
        let why = "a variable lets programs obey settings that can name a program to run or another server";
        let files: Option<Vec<String>> = value.known().map(|text| text.split(':').map(str::to_owned).collect());
        let directory = self.directory();
        let is_plain = |file: &String| match self.target(&Value::text(file.as_str()), directory.as_deref()) {
            Target::Nothing | Target::Scratch => true,
            Target::Exactly(path) => self.settings_are_plain(&path, markers),
            _ => false,
        };
        // What a line makes for itself holds what the line put there.
        if !value.is_scratch() && !files.is_some_and(|files| files.iter().all(is_plain)) {
            self.opaque(name, why, span.clone());
        }
    }

    fn settings_are_plain(&self, path: &str, markers: &[&str]) -> bool {
        let kept = self.world.home().and_then(|home| path.strip_prefix(home)).is_some_and(|below| below.starts_with("/."));
        if path == "/dev/null" || (kept && !self.is_rewritten(path)) || self.site != Site::Here {
            return true;
        }
        let is_plain = |text: &str| !markers.iter().any(|marker| text.contains(marker));
        match (self.held(path), self.world.content(path)) {
            (Some(held), _) => is_plain(&held.text),
            (None, Content::Text(text)) if !self.is_rewritten(path) => is_plain(text),
            _ => self.world.path(path).is_some_and(|facts| facts.kind == FileKind::Missing) && !self.is_rewritten(path),
        }
    }

    /// A directory of settings and tools: where anybody may have put something there already, programs obey it.
    fn home_chosen(&mut self, name: &str, value: &Value, span: &Span) {
        let Target::Exactly(path) = self.target(value, self.directory().as_deref()) else { return };
        let open = SCRATCH
            .iter()
            .any(|scratch| path.strip_prefix(scratch).is_some_and(|below| below.is_empty() || below.starts_with('/')));
        let there = self.world.path(&path).is_none_or(|facts| facts.kind != FileKind::Missing) || self.is_rewritten(&path);
        if open && there && self.site == Site::Here {
            self.opaque(name, "a variable lets programs obey settings that anybody may have put there", span.clone());
        }
    }

    /// Sets a variable by other means than an assignment: `read`, `printf -v`.
    pub(super) fn set_otherwise(&mut self, name: &str, values: Vec<Value>, span: &Span) {
        values.iter().for_each(|value| self.check_other_setting(name, value, span));
        self.state.set(name, values);
    }

    /// Notes what it means that a variable gets a value by other means than an assignment. Nobody spells a search path like that.
    pub(super) fn check_other_setting(&mut self, name: &str, value: &Value, span: &Span) {
        if name == "PATH" {
            return self.opaque(name, "nobody can tell where programs are looked up", span.clone());
        }
        self.check_variable(name, value, span);
    }

    /// Programs load code from other directories: those of the work tree and the machine are its own, in others anybody may write.
    fn searched_for_code(&mut self, name: &str, value: &Value, span: &Span) {
        let foreign = |place: &str| ["/tmp", "/var/tmp", "/dev/shm"].iter().any(|open| place.starts_with(open));
        if value.known().is_none_or(|places| places.split(':').any(foreign)) {
            return self.opaque(name, "a variable makes programs load code from where anybody may put it", span.clone());
        }
        let summary = format!("Lets programs load code from other directories (`{name}`)");
        let effect = plain(Verb::Execute, ResourceKind::Program, name, summary, span.clone());
        self.note(Effect { certainty: Certainty::Delegated, ..effect });
    }

    /// Programs are looked up elsewhere: harmless when only the usual directories come before the ones that were there.
    fn search_path(&mut self, value: &Value, span: &Span) {
        let before = value.shown();
        let summary = format!("Looks for programs in other directories (`{before}`)");
        let effect = plain(Verb::Execute, ResourceKind::Program, "PATH", summary, span.clone());
        self.note(Effect { certainty: Certainty::Delegated, ..effect });
    }
}

/// Variables whose value is a command that a program runs.
const COMMAND_VARIABLES: &[&str] = &[
    "ACLOCAL",
    "AR",
    "AS",
    "AUTOCONF",
    "AUTOHEADER",
    "AUTOM4TE",
    "AUTOMAKE",
    "AWS_PAGER",
    "BAT_PAGER",
    "BROWSER",
    "CARGO_BUILD_RUSTC",
    "CARGO_BUILD_RUSTC_WRAPPER",
    "CC",
    "CXX",
    "DELTA_PAGER",
    "EDITOR",
    "FCEDIT",
    "FZF_DEFAULT_COMMAND",
    "GH_BROWSER",
    "GH_EDITOR",
    "GH_PAGER",
    "GIT_ASKPASS",
    "GIT_EDITOR",
    "GIT_EXTERNAL_DIFF",
    "GIT_PAGER",
    "GIT_SEQUENCE_EDITOR",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "HGEDITOR",
    "KUBECTL_EXTERNAL_DIFF",
    "KUBE_EDITOR",
    "LD",
    "LESSCLOSE",
    "LESSOPEN",
    "MANPAGER",
    "NPM_CONFIG_EDITOR",
    "NPM_CONFIG_SCRIPT_SHELL",
    "NPM_CONFIG_VIEWER",
    "PAGER",
    "PROMPT_COMMAND",
    "PSQL_EDITOR",
    "PSQL_PAGER",
    "RSYNC_RSH",
    "RUSTC",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_WRAPPER",
    "RUSTDOC",
    "SSH_ASKPASS",
    "SUDO_ASKPASS",
    "SVN_EDITOR",
    "SVN_SSH",
    "SYSTEMD_EDITOR",
    "SYSTEMD_PAGER",
    "VISUAL",
];
/// How the names of others end, such as `RESTIC_PASSWORD_COMMAND` and `CRASHPAGER`.
const COMMAND_ENDINGS: [&str; 6] = ["EDITOR", "PAGER", "_ASKPASS", "_COMMAND", "_PASSCOMMAND", "_RSH"];
/// Variables that say where programs find code to load.
const SEARCHED_VARIABLES: &[&str] = &["DYLD_FRAMEWORK_PATH", "DYLD_LIBRARY_PATH", "LD_LIBRARY_PATH"];
/// Variables that make other programs load or run code.
const CODE_VARIABLES: &[&str] = &[
    "ANSIBLE_CONFIG",
    "BASH_ALIASES",
    "BASH_CMDS",
    "BASH_ENV",
    "BASH_LOADABLES_PATH",
    "CURL_HOME",
    "DYLD_INSERT_LIBRARIES",
    "ENV",
    "EXECIGNORE",
    "EXINIT",
    "GCC_EXEC_PREFIX",
    "GIT_ALLOW_PROTOCOL",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_PARAMETERS",
    "GIT_CONFIG_SYSTEM",
    "GIT_EXEC_PATH",
    "GIT_PROXY_COMMAND",
    "GIT_TEMPLATE_DIR",
    "GNUMAKEFLAGS",
    "GROFF_BIN_PATH",
    "LD_AUDIT",
    "LD_PRELOAD",
    "LUA_INIT",
    "MAKEFILES",
    "MAKEFLAGS",
    "NPM_CONFIG_GIT",
    "NPM_CONFIG_GLOBALCONFIG",
    "NPM_CONFIG_NODE_OPTIONS",
    "NPM_CONFIG_USERCONFIG",
    "NULLCMD",
    "OPENSSL_CONF",
    "PERL5DB",
    "PERL5OPT",
    "PROMPT0",
    "PS0",
    "PS1",
    "PS2",
    "PS4",
    "PYTHONBREAKPOINT",
    "PYTHONSTARTUP",
    "READNULLCMD",
    "RIPGREP_CONFIG_PATH",
    "TAR_OPTIONS",
    "VIMINIT",
    "WGETRC",
];
/// Variables that do so only with some of their values.
const OPTION_VARIABLES: &[(&str, &[&str])] = &[
    ("CARGO_ENCODED_RUSTFLAGS", &["linker"]),
    ("FZF_DEFAULT_OPTS", &["become", "bind", "execute", "preview"]),
    ("GOFLAGS", &["toolexec", "exec"]),
    ("JAVA_TOOL_OPTIONS", &["agent", "@"]),
    ("JDK_JAVA_OPTIONS", &["agent", "@"]),
    ("LESS", &["+", "--log", "-o", "-O"]),
    ("MAVEN_ARGS", &["exec", "-s", "-f", "settings"]),
    ("MAVEN_OPTS", &["agent", "-Dmaven.ext"]),
    ("NODE_OPTIONS", &["require", "import", "loader", "-r"]),
    ("RUBYOPT", &["-r", "-I", "-C", "-e", "-x", "-S"]),
    ("RUSTFLAGS", &["linker"]),
    ("_JAVA_OPTIONS", &["agent"]),
];
/// Variables that say where programs look for code before they look in their own places.
const PLACE_VARIABLES: &[&str] =
    &["CLASSPATH", "FACTERLIB", "LD_LIBRARY_PATH", "NODE_PATH", "PERL5LIB", "PYTHONHOME", "PYTHONPATH", "RUBYLIB"];
/// Where whoever uses the machine may leave files.
const SCRATCH: [&str; 3] = ["/dev/shm", "/tmp", "/var/tmp"];
/// Variables that say from where packages are fetched, whose code then runs.
const SOURCE_VARIABLES: &[&str] = &[
    "GOPROXY",
    "NPM_CONFIG_REGISTRY",
    "PIP_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_INDEX_URL",
];
/// What stands in such a variable where packages come from their usual place or from this machine.
const USUAL_SOURCES: &[&str] = &["direct", "off", "://localhost", "://127.0.0.1"];
/// Variables that name a file of settings, and what stands in one that names a program to run or another server.
const SETTINGS_VARIABLES: &[(&str, &[&str])] = &[
    ("AWS_CONFIG_FILE", &["credential_process", "endpoint_url"]),
    ("KUBECONFIG", &["exec:", "auth-provider", "cmd-path", "\"exec\"", "insecure-skip-tls-verify: true"]),
    ("PIP_CONFIG_FILE", &["index-url", "find-links", "trusted-host"]),
    ("PSQLRC", &["\\!", "\\i", "\\o", "\\g", "\\w", "\\copy", "`", "|", ";"]),
    ("TF_CLI_CONFIG_FILE", &["credentials_helper", "dev_overrides", "mirror", "host "]),
    ("UV_CONFIG_FILE", &["index", "find-links"]),
    ("YARN_RC_FILENAME", &["yarnPath", "plugins", "npmRegistryServer"]),
];
/// Variables that name a directory in which programs find settings or tools that they run.
const HOME_VARIABLES: &[&str] = &[
    "ANSIBLE_HOME",
    "AZURE_CONFIG_DIR",
    "BUNDLE_APP_CONFIG",
    "CARGO_HOME",
    "CLOUDSDK_CONFIG",
    "DOCKER_CONFIG",
    "GH_CONFIG_DIR",
    "GRADLE_USER_HOME",
    "HELM_CONFIG_HOME",
    "HELM_PLUGINS",
    "HOME",
    "NPM_CONFIG_PREFIX",
    "PYTHONUSERBASE",
    "RUSTUP_HOME",
    "XDG_CONFIG_DIRS",
    "XDG_CONFIG_HOME",
    "ZDOTDIR",
];
/// What an option of a Java machine begins with that loads code into it.
const JVM_AGENTS: [&str; 5] = ["-javaagent", "-agentpath", "-agentlib", "-XX:OnOutOfMemoryError", "-XX:OnError"];
/// Programs that lose what they are given.
const LOSES: [&str; 9] = ["dd", "find", "mv", "rm", "rmdir", "shred", "truncate", "unlink", "xargs"];
/// Variables that say where an agent finds its settings, and with them its hooks, or where Holdpoint is.
const AGENT_VARIABLES: &[&str] = &[
    "CLAUDE_CONFIG_DIR",
    "CODEX_HOME",
    "CURSOR_CONFIG_DIR",
    "GEMINI_CONFIG_DIR",
    "HOLDPOINT_DATA",
    "HOLDPOINT_URL",
    "OPENCODE_CONFIG",
];

/// Whether the value of a variable that can make programs run code makes them run none.
fn is_harmless_value(name: &str, text: &str) -> bool {
    let switches =
        |word: &str| word.trim_start_matches('-').bytes().all(|byte| byte.is_ascii_digit() || b"jkswBl.".contains(&byte));
    match name {
        "MAKEFLAGS" | "GNUMAKEFLAGS" => text.split_whitespace().all(switches),
        "PS0" | "PS1" | "PS2" | "PS4" => !text.contains(['$', '`']),
        "PYTHONBREAKPOINT" => matches!(text, "" | "0"),
        _ => matches!(text, "" | "/dev/null"),
    }
}
