//! `holdpoint doctor`: is the gate in force, what is it worth, and what is missing?

mod copies;
mod finding;
mod system;

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::time::Duration;

use anstream::println;
use anstyle::{AnsiColor, Style};
use holdpoint_api::client::Client;
use holdpoint_api::v1::{ModeV1, StatusV1, path};
use holdpoint_core::Timestamp;
use holdpoint_core::actor::GateId;
use holdpoint_gates::agent::claude_code::scopes::{Scope, Standing};
use holdpoint_gates::agent::claude_code::{self, settings};
use holdpoint_gates::desk::{Asker, Desk};
use holdpoint_gates::registry::GATES;

use crate::canary::{self, Said};
use crate::context::Installation;
use crate::exit::Exit;
use crate::install::{SettingsFile, hook_command, hook_command_of};
use crate::show;
use finding::{Finding, Verdict};

/// How long the control plane may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Tell whether the gates are in force, what they are worth, and what is missing
///
/// Asks the hooks of Claude Code about a free and a dangerous call, as the host would; nothing is run. Exit status 0: all is
/// well, 3: something falls short.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(installation: &Installation, arguments: &Arguments) -> anyhow::Result<Exit> {
    let system = installation.system()?;
    let start = if system.is_some() { "as root: systemctl start holdpoint" } else { "holdpoint up" };
    let mut findings = look_at_control_plane(&installation.client(PATIENCE)?, start);
    findings.extend(system.iter().flat_map(system::look));
    findings.extend(look_at_data(installation)?);
    findings.push(look_at_snapshot(installation, start));
    findings.extend(look_at_hooks(installation)?);
    findings.extend(GATES.iter().map(|gate| {
        Finding::note("gate", format!("`{}` stands before {} and {}", gate.name, gate.stands_before, gate.strength.as_str()))
    }));
    let holds = findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    if arguments.json {
        show::json(&serde_json::json!({ "holds": holds, "findings": findings }))?;
    } else {
        findings.iter().for_each(print);
    }
    Ok(if holds { Exit::Done } else { Exit::Held })
}

fn print(finding: &Finding) {
    let (style, word) = match finding.verdict {
        Verdict::Bad => (AnsiColor::Red.on_default().bold(), "BAD "),
        Verdict::Good => (AnsiColor::Green.on_default(), "good"),
        Verdict::Note => (Style::new(), "note"),
    };
    println!("{style}{word}{style:#}  {:<13} {}", finding.what, finding.says);
    if let Some(remedy) = &finding.remedy {
        println!("                    → {remedy}");
    }
}

fn look_at_control_plane(client: &Client, start: &str) -> Vec<Finding> {
    let status: StatusV1 = match client.get(path::STATUS) {
        Ok(status) => status,
        Err(error) => return vec![Finding::bad("control plane", error.to_string(), format!("start it: {start}"))],
    };
    let mode = match status.mode {
        ModeV1::Advisory => Finding::note("mode", format!("advisory: {}", status.mode_reason)),
        ModeV1::Enforcing => Finding::good("mode", format!("enforcing: {}", status.mode_reason)),
    };
    let people = match status.enrolled {
        0 => Finding::bad(
            "people",
            "nobody is enrolled, so nothing that is held can be released",
            format!("enrol at {}", status.console),
        ),
        enrolled => Finding::good("people", format!("{enrolled} with a passkey")),
    };
    let up =
        format!("version {} at {}, policy revision {}, {} held", status.version, status.console, status.revision, status.held);
    vec![Finding::good("control plane", up), mode, people]
}

fn look_at_data(installation: &Installation) -> anyhow::Result<Vec<Finding>> {
    let home = installation.home()?;
    let mut findings = vec![private("data", home.root(), 0o700)];
    let session = home.session(claude_code::NAME);
    findings.push(if session.exists() {
        private("session", &session, 0o600)
    } else {
        Finding::bad("session", format!("`{}` is missing", session.display()), "holdpoint install claude-code")
    });
    Ok(findings)
}

/// Whether a path is ours and nobody else's.
fn private(what: &'static str, path: &Path, mode: u32) -> Finding {
    let shown = path.display();
    let metadata = match path.metadata() {
        Ok(metadata) => metadata,
        Err(error) => return Finding::bad(what, format!("`{shown}`: {error}"), "holdpoint up"),
    };
    let found = metadata.permissions().mode() & 0o777;
    if metadata.uid() != rustix::process::getuid().as_raw() {
        return Finding::note(what, format!("`{shown}` belongs to another user"));
    }
    if found & !mode != 0 {
        return Finding::bad(what, format!("others can reach `{shown}` (mode {found:o})"), format!("chmod {mode:o} '{shown}'"));
    }
    Finding::good(what, format!("`{shown}` is private"))
}

fn look_at_snapshot(installation: &Installation, start: &str) -> Finding {
    let left = || -> anyhow::Result<_> {
        let (home, gate) = (installation.home()?, GateId::parse(claude_code::NAME)?);
        Ok(Desk::open(gate, &home, installation.client(PATIENCE)?, Asker::Person)?.snapshot_left()?)
    };
    match left() {
        Err(error) => Finding::bad("snapshot", error.to_string(), format!("start the control plane: {start}")),
        Ok(head) if head.issued_at > Timestamp::now() => Finding::bad(
            "snapshot",
            format!("it was made at {:.0}, which is still to come", head.issued_at),
            "set the clock right",
        ),
        Ok(head) if head.not_after < Timestamp::now() => Finding::bad(
            "snapshot",
            format!("it was good until {:.0}", head.not_after),
            format!("start the control plane: {start}"),
        ),
        Ok(head) => Finding::good(
            "snapshot",
            format!("revision {}, free work goes on without the control plane until {:.0}", head.revision, head.not_after),
        ),
    }
}

/// What stands before Claude Code in this directory: our hooks in all its settings files, what keeps them from running, and what
/// runs beside them.
fn look_at_hooks(installation: &Installation) -> anyhow::Result<Vec<Finding>> {
    let mut files = Vec::new();
    for scope in Scope::ALL {
        for file in SettingsFile::of(scope)? {
            files.push((scope, file.read()?));
        }
    }
    let standing = Standing::of(&files);
    let command = hook_command(installation)?;
    let (mut findings, mut hooks) = (Vec::new(), Vec::new());
    for (scope, text) in &files {
        let place = scope.as_str();
        match installed(text, &command) {
            Ok(Some(hook)) if standing.runs(*scope) => {
                findings.push(Finding::good("hooks", format!("in {place}, at every event")));
                hooks.push(hook);
            }
            Ok(Some(_)) => findings.push(Finding::note("hooks", format!("in {place}, where hooks do not run"))),
            Ok(None) => {}
            Err(why) => {
                let other = of_another_program(installation, text);
                let copy = other.as_ref().and_then(|(program, _)| copies::look("hooks", Path::new(program)));
                let changed = || Finding::bad("hooks", why.clone(), "holdpoint install claude-code");
                let finding = copy.unwrap_or_else(changed).in_place(place);
                if finding.verdict != Verdict::Bad && standing.runs(*scope) {
                    hooks.extend(other.map(|(_, command)| command));
                }
                findings.push(finding);
            }
        }
    }
    // Hooks that somebody changed do stand there, and were named.
    let nothing_runs = hooks.is_empty() && findings.iter().all(|finding| finding.verdict != Verdict::Bad);
    findings.extend(why_hooks_do_not_run(&standing, nothing_runs));
    findings.extend(what_stands_beside(&standing));
    hooks.dedup();
    findings.extend(hooks.iter().flat_map(|hook| ask_canaries(hook)));
    Ok(findings)
}

fn why_hooks_do_not_run(standing: &Standing, nothing_runs: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut add = |says: String, remedy: &str| {
        findings.push(if nothing_runs { Finding::bad("hooks", says, remedy) } else { Finding::note("hooks", says) });
    };
    if let Some(scope) = standing.switched_off {
        add(format!("{} switch hooks off", scope.as_str()), "take `disableAllHooks` out of them");
    }
    if standing.managed_only {
        add("the managed settings let no hooks run but their own".to_owned(), "have an administrator put ours into them");
    }
    if nothing_runs {
        findings.push(Finding::bad("hooks", "nothing stands before Claude Code here", "holdpoint install claude-code"));
    }
    findings
}

fn what_stands_beside(standing: &Standing) -> Vec<Finding> {
    let unasked = standing.unasked.iter().map(|(scope, what)| {
        let says =
            format!("`{what}` in {}: Claude Code itself asks nobody, so what Holdpoint lets pass runs at once", scope.as_str());
        Finding::note("unasked", says)
    });
    let beside = standing.beside.iter().map(|(scope, hook)| {
        let says = format!("`{hook}` in {} is asked too and may change a call that Holdpoint has judged", scope.as_str());
        Finding::note("other hook", says)
    });
    unasked.chain(beside).collect()
}

/// The command of ours that runs at every event, exactly as `install` writes it; nothing where there is none at any. Canaries
/// cannot tell an entry that answers them alone from one that answers the host, so nothing but what we wrote counts.
fn installed(text: &str, command: &str) -> Result<Option<String>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    let deviations = settings::deviations(text, command).map_err(|error| error.to_string())?;
    match deviations.as_slice() {
        [] => Ok(Some(command.to_owned())),
        missing if missing.iter().all(|what| what.ends_with("it is missing")) && missing.len() == settings::EVENTS.len() => {
            Ok(None)
        }
        changed => Err(format!("they are not what this program installs: {}", changed.join("; "))),
    }
}

/// The program that the hooks run, and their command, where nothing but the program makes them other hooks than we would write.
fn of_another_program(installation: &Installation, text: &str) -> Option<(String, String)> {
    let found = settings::installed(text, settings::EVENTS.first()?).ok()?.into_iter().next()?;
    let program = found.strip_prefix('\'')?.split_once("' hook ")?.0.replace(r"'\''", "'");
    let command = hook_command_of(&program, installation).ok()?;
    settings::deviations(text, &command).is_ok_and(|found| found.is_empty()).then_some((program, command))
}

/// Asks the hook as the host would.
fn ask_canaries(hook: &str) -> Vec<Finding> {
    let reinstall = "holdpoint install claude-code";
    let free = match canary::ask(hook, "ls", "/") {
        Said::Nothing => Finding::good("free call", "`ls` passes without a word"),
        said => Finding::bad("free call", format!("`ls` → {said:?}"), "see above what is away; then ask again"),
    };
    let dangerous = match canary::ask_the_worst(hook) {
        Said::Deny(_) => Finding::good("held call", "`rm -rf ~` is held"),
        said => Finding::bad("held call", format!("`rm -rf ~` → {said:?}"), reinstall),
    };
    let unreadable = match canary::sing(hook, b"{\"hook_event_name\":\"PreToolUse\"") {
        Said::Deny(_) => Finding::good("broken call", "what cannot be read is held"),
        said => Finding::bad("broken call", format!("half a message → {said:?}"), reinstall),
    };
    vec![free, dangerous, unreadable]
}
