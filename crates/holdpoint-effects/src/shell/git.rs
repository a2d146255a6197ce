//! `git`: its own options, what it pushes, aliases and configuration that run programs. The rest is in `families/git.toml`.

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, Question};

use super::apply::Applied;
use super::effect::plain;
use super::files::Target;
use super::options::{Line, Style, parse};
use super::settings::{is_harmless, is_run, redirects};
use super::state::Branch;
use super::stirred::Stirred;
use super::subcommands::subcommand;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Input, Site, Walker};
use super::wrapper::leading;
use crate::families;
use crate::world::absolute;

impl Walker<'_> {
    pub(crate) fn git(&mut self, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let valued: Vec<String> =
            ["-C", "-c", "--git-dir", "--work-tree", "--namespace", "--super-prefix", "--config-env", "--exec-path"]
                .map(str::to_owned)
                .into();
        let (own, used) =
            parse(arguments, Style { valued: [&valued, &[]], stops_at_operand: true, abbreviates: true, ..Style::default() });
        let rest = arguments.get(used..).unwrap_or_default();
        for setting in own.values("-c") {
            self.configured(setting, Lasts::Once, span);
        }
        if own.values("--exec-path").next().is_some() || own.values("--config-env").next().is_some() {
            self.opaque("git", "git runs programs from elsewhere", span.clone());
        }
        let inside = self.git_directory(&own, directory);
        if self.borrows_settings(&own, directory) {
            self.opaque("git", "another directory's settings for git can name programs to run", span.clone());
        }
        self.git_reaches(rest, span);
        let Some(command) = families::command("git") else { return };
        let (sub, _) = subcommand(command, rest);
        let name = sub.map_or("", |(_, name)| name);
        // Git takes these for the subcommands `help` and `version`, whatever stands behind them.
        if rest.is_empty() || ["-h", "--help", "-v", "--version"].iter().any(|name| own.rehearses(name)) {
            return self.note(plain(Verb::Read, ResourceKind::Program, "git", "Looks only (`git`)".to_owned(), span.clone()));
        }
        let unanswered = matches!(&self.input, Input::Text(text) if text.known().as_deref() == Some(""));
        if unanswered && rest.iter().any(|word| matches!(word.known().as_deref(), Some("-p" | "--patch"))) {
            let summary = format!("Asks which changes `git {name}` shall take, and nobody answers");
            return self.note(plain(Verb::Read, ResourceKind::Program, "git", summary, span.clone()));
        }
        if let Some(words) = in_each_repository(rest) {
            return self.apart(|walker| walker.git(words, None, span));
        }
        if sub.is_none() {
            return self.git_alias(rest, inside.as_deref(), span);
        }
        match name {
            "push" | "send-pack" => self.git_push(rest, inside.as_deref(), span),
            "config" => self.git_config(rest, inside.as_deref(), span),
            "remote add" | "remote rename" | "remote set-url" => self.git_remote(name, rest, inside.as_deref(), span),
            "worktree remove" => self.git_worktree_remove(rest, inside.as_deref(), span),
            _ => self.apply("git", command, rest, inside.as_deref(), span),
        }
        if matches!(name, "am" | "apply") {
            self.git_patches(rest, inside.as_deref(), span);
        }
        self.git_runs(name, rest, inside.as_deref(), span);
        self.shows_history(name, rest, inside.as_deref(), span);
        self.git_unchecked(name, span);
        let line = Applied::of("git", command, rest, inside.as_deref(), span).line;
        self.state.stirred = self.state.stirred.max(Stirred::by(name, &line));
        if let Some(branch) = Self::checks_out(name, &line) {
            self.state.branch = Branch::Now(branch);
        }
    }

    /// Variables with which the hooks of a repository do nothing.
    fn git_unchecked(&mut self, sub: &str, span: &Span) {
        let off = |name: &str, values: &[&str]| {
            let set = self.state.variables.get(name);
            set.is_some_and(|set| set.iter().any(|value| value.known().is_none_or(|text| values.contains(&text.as_str()))))
        };
        let checked = matches!(sub, "am" | "cherry-pick" | "commit" | "merge" | "push" | "rebase" | "revert");
        if checked && (off("HUSKY", &["0"]) || off("HUSKY_SKIP_HOOKS", &["1", "true"]) || off("LEFTHOOK", &["0", "false"])) {
            let summary = "Skips the checks that hooks make".to_owned();
            let effect = plain(Verb::Modify, ResourceKind::Guard, "hooks", summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
    }

    /// Whether the line makes git take the repository, and with it the settings, of another place than the one it works in.
    fn borrows_settings(&self, own: &Line, directory: Option<&str>) -> bool {
        let set = self.state.variables.get("GIT_DIR").and_then(|values| values.first()).cloned();
        let Some(kept) = own.values("--git-dir").next().map(|field| field.value.clone()).or(set) else { return false };
        let (Some(kept), Some(directory)) = (kept.known(), directory) else { return true };
        let root = self.repository_at(directory).map_or(directory, |facts| facts.root.as_str());
        let kept = absolute(&kept, directory);
        ![absolute(".git", directory), absolute(".git", root)].contains(&kept)
    }

    /// The directory git works in: `-C` moves there, one after the other.
    fn git_directory(&self, own: &Line, directory: Option<&str>) -> Option<String> {
        let mut inside = directory.map(str::to_owned);
        let set = |name: &str| self.state.variables.get(name).and_then(|values| values.first()).cloned();
        let tree = set("GIT_WORK_TREE").map(|value| Field::new(value, 0..0));
        let tree = own.values("--work-tree").next().cloned().or(tree);
        for field in own.values("-C").chain(&tree) {
            inside = match self.target(&field.value, inside.as_deref()) {
                Target::Exactly(path) => Some(path),
                Target::Nothing => inside,
                _ => None,
            };
        }
        let kept = own.values("--git-dir").next().map(|field| field.value.clone()).or_else(|| set("GIT_DIR"));
        let own_tree = |kept: &Value| {
            let inside = inside.as_deref()?;
            Some(absolute(&kept.known()?, inside) == absolute(".git", inside))
        };
        match (&kept, &tree) {
            (None, None) => inside,
            (Some(kept), None) if own_tree(kept) == Some(true) => inside,
            // One repository's files in another's place: what is known of either says nothing of what would be lost.
            _ => None,
        }
    }

    /// Options and addresses of several subcommands that name a program to run, abbreviated ones included.
    fn git_reaches(&mut self, rest: &[Field], span: &Span) {
        let Some(sub) = rest.first().and_then(Field::known) else { return };
        let talks = matches!(
            sub.as_str(),
            "archive" | "clone" | "fetch" | "fetch-pack" | "ls-remote" | "pull" | "push" | "remote" | "send-pack" | "submodule"
        );
        let words = rest.get(1..).unwrap_or_default();
        let runs = |field: &Field| {
            let head = field.value.head();
            match sub.as_str() {
                "difftool" => ["-x", "--ext"].iter().any(|option| head.starts_with(option)),
                "remote-ext" | "remote-fd" => true,
                "clone" if head.starts_with("-u") => true,
                _ => talks && ["--upl", "--rece", "--exec", "ext::", "fd::"].iter().any(|option| head.starts_with(option)),
            }
        };
        if words.iter().any(runs) {
            self.opaque(&format!("git {sub}"), "an option or address of git names a program to run", span.clone());
        }
        if sub == "clone" {
            let value = |(at, field): (usize, &Field)| match field.known()?.as_str() {
                "-c" | "--config" => words.get(at + 1).cloned(),
                word => {
                    let setting = word.strip_prefix("--config=").or_else(|| word.strip_prefix("-c"))?;
                    Some(Field::new(Value::text(setting), field.span.clone()))
                }
            };
            for setting in words.iter().enumerate().filter_map(value) {
                if setting.value.head().to_ascii_lowercase().starts_with("core.") {
                    self.opaque("git clone", "it configures what the clone runs from now on", span.clone());
                }
                self.configured(&setting, Lasts::Once, span);
            }
        }
    }

    /// `-c name=value`, for one command or for a clone.
    fn configured(&mut self, setting: &Field, lasts: Lasts, span: &Span) {
        let head = setting.value.head();
        let name = head.split('=').next().unwrap_or_default().to_ascii_lowercase();
        let value = head.split_once('=').map(|(_, value)| value.to_owned()).unwrap_or_default();
        let whole = Value {
            pieces: std::iter::once(super::value::Piece::Text(value))
                .chain(setting.value.pieces.iter().skip(1).cloned())
                .collect(),
        };
        if setting.value.starts_unknown() || name.is_empty() {
            self.opaque(&setting.shown(), "the line does not determine what it configures", span.clone());
        } else {
            self.configuration(&name, &whole, lasts, span);
        }
    }

    fn configuration(&mut self, name: &str, value: &Value, lasts: Lasts, span: &Span) {
        let plain_value = value.known().is_some_and(|text| {
            matches!(text.as_str(), "" | ":" | "cat" | "true" | "false" | "store" | "cache" | "osxkeychain" | "vim" | "less")
        });
        let runs = is_run(name) && !plain_value;
        let shell_alias = name.starts_with("alias.") && value.known().is_none_or(|text| text.starts_with('!'));
        match lasts {
            Lasts::Once
                if redirects(name, value) || name.starts_with("alias.") || !(plain_value || runs || is_harmless(name)) =>
            {
                self.opaque(name, "it configures what git does otherwise than its words say", span.clone());
            }
            Lasts::Stored if runs || shell_alias || redirects(name, value) => {
                let summary = format!("Configures what git does from now on: `{name}` becomes `{}`", value.shown());
                let effect = plain(Verb::Modify, ResourceKind::Persistence, name, summary, span.clone());
                self.note(Effect { reversibility: Reversibility::Effort, ..effect });
            }
            Lasts::Once | Lasts::Stored => {}
        }
        if name.starts_with("alias.") {
            let shell = value.known().and_then(|text| text.strip_prefix('!').map(str::to_owned));
            match shell {
                Some(text) => self.apart(|walker| walker.inner_text(&Value::text(text), span.clone())),
                None => match value.known().filter(|_| lasts == Lasts::Stored) {
                    // Whoever calls it by its new name does what it stands for.
                    Some(text) => self.apart(|walker| walker.inner_text(&Value::text(format!("git {text}")), span.clone())),
                    None if value.known().is_none() => {
                        self.opaque(name, "the line does not determine the alias", span.clone());
                    }
                    None => {}
                },
            }
        } else if name == "core.hookspath" {
            let summary = format!("Lets git run hooks from `{}`, or none", value.shown());
            let effect = plain(Verb::Modify, ResourceKind::Persistence, name, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        } else if runs {
            // An exclamation mark says that it is for a shell.
            let bare = value.known().and_then(|text| text.strip_prefix('!').map(Value::text));
            self.inner_text(bare.as_ref().unwrap_or(value), span.clone());
        }
    }

    fn git_config(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("git") else { return };
        let Applied { line, .. } = Applied::of("git", command, words, directory, span);
        let reads = ["--get", "--get-all", "--get-regexp", "--list", "-l", "--show-origin", "--get-urlmatch"]
            .iter()
            .any(|name| line.has_exactly(name));
        if line.has_exactly("--unset") && line.operands.iter().any(|name| name.shown().eq_ignore_ascii_case("core.hookspath")) {
            self.configuration("core.hookspath", &Value::text(""), Lasts::Stored, span);
        }
        let operands: Vec<&Field> = line
            .operands
            .iter()
            .filter(|field| !matches!(field.known().as_deref(), Some("set" | "get" | "list" | "unset")))
            .collect();
        if let ([name, value, ..], false) = (operands.as_slice(), reads) {
            self.configuration(&name.shown().to_ascii_lowercase(), &value.value, Lasts::Stored, span);
        }
        if !reads {
            let file = |(at, field): (usize, &Field)| match field.known()?.as_str() {
                "-f" | "--file" => words.get(at + 1).cloned(),
                word => Some(Field::new(Value::text(word.strip_prefix("--file=")?), field.span.clone())),
            };
            let files: Vec<Field> = words.iter().enumerate().filter_map(file).collect();
            files.iter().for_each(|file| self.modify(file, directory, "Changes"));
        }
        self.apply("git", command, words, directory, span);
    }

    /// A subcommand git does not have: an alias, or a program `git-…`.
    fn git_alias(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some((first, rest)) = words.split_first() else { return };
        let name = match first.known() {
            Some(name) if name.starts_with('-') => {
                return self.note(plain(Verb::Read, ResourceKind::Program, "git", "Looks only (`git`)".to_owned(), span.clone()));
            }
            Some(name) => name,
            None => return self.opaque(&first.shown(), "the line does not determine which subcommand runs", span.clone()),
        };
        let answer = match (&self.site, directory) {
            (Site::Here, Some(directory)) => {
                self.world.name(Question::GitAlias { directory: directory.to_owned(), name: name.clone() })
            }
            _ => None,
        };
        match answer.flatten().map(str::to_owned) {
            Some(text) if self.deeper(span) => {
                match text.strip_prefix('!') {
                    Some(command) => {
                        let mut whole = Value::text(command);
                        whole.push(super::value::Piece::Text(" ".to_owned()));
                        whole.append(super::wrapper::joined(rest));
                        self.apart(|walker| walker.inner_text(&whole, span.clone()));
                    }
                    None => {
                        let mut expanded: Vec<Field> =
                            text.split_whitespace().map(|word| Field::new(Value::text(word), span.clone())).collect();
                        expanded.extend(rest.iter().cloned());
                        self.git(&expanded, directory, span);
                    }
                }
                self.depth -= 1;
            }
            Some(_) => {}
            None => {
                let summary = format!("Runs `git {name}`, which is not a command that is known");
                let effect = plain(Verb::Execute, ResourceKind::Program, &format!("git {name}"), summary, span.clone());
                self.note(Effect { certainty: Certainty::Delegated, reversibility: Reversibility::Effort, ..effect });
            }
        }
    }

    /// What adds a remote or changes where one leads: what is pushed there goes where nobody looked.
    fn git_remote(&mut self, sub: &str, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("git") else { return };
        let applied = Applied::of("git", command, words, directory, span);
        let named = |at: usize| applied.line.operands.get(at).map_or_else(|| "origin".to_owned(), Field::shown);
        let name = named(usize::from(sub == "remote rename"));
        if sub == "remote set-url" {
            let summary = format!("Changes where `git push {name}` sends from now on: to `{}`", named(1));
            let effect = plain(Verb::Modify, ResourceKind::Persistence, &name, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
        self.state.remotes.insert(name);
        self.apply_line(&applied);
    }

    /// Without `--force` git keeps a work tree in which something is changed or new.
    fn git_worktree_remove(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("git") else { return };
        let applied = Applied::of("git", command, words, directory, span);
        self.apply_line(&applied);
        if !applied.line.has("-f") && !applied.line.has("--force") && !applied.line.uncertain {
            return;
        }
        for tree in &applied.line.operands {
            if let Some((count, certainty)) = self.uncommitted_in(tree, directory) {
                let summary = format!("Discards what no commit holds of the work tree `{}`", tree.shown());
                let effect = plain(Verb::Delete, ResourceKind::GitWork, &tree.shown(), summary, tree.span.clone());
                self.note(Effect { magnitude: count, certainty, reversibility: Reversibility::Irreversible, ..effect });
            }
        }
    }

    /// How much of a work tree no commit holds, at worst; nothing where there is none.
    fn uncommitted_in(&self, tree: &Field, directory: Option<&str>) -> Option<(Magnitude, Certainty)> {
        let worst = Some((Magnitude::unbounded(Unit::Files), Certainty::Worst));
        let Target::Exactly(path) = self.target(&tree.value, directory) else { return worst };
        if self.world.path(&path).is_some_and(|facts| facts.kind == FileKind::Missing) && !self.is_rewritten(&path) {
            return None;
        }
        let Some(facts) = self.repository_at(&path).filter(|facts| facts.root == path) else { return worst };
        let count = facts.modified.saturating_add(facts.untracked);
        (count > 0).then_some((Magnitude::at_most(count, Unit::Files), Certainty::Exact))
    }

    /// Where a push goes if that is not to the repository's own host: an address, or a remote that leads elsewhere.
    fn pushed_out(&self, remote: &str, directory: Option<&str>) -> Option<String> {
        if is_address(remote) || self.state.remotes.contains(remote) {
            return Some(format!("`{remote}`, which is no remote that the repository had"));
        }
        if remote == "origin" || self.site != Site::Here {
            return None;
        }
        let directory = directory?.to_owned();
        let address = |name: &str| {
            let question = Question::GitRemote { directory: directory.clone(), name: name.to_owned() };
            self.world.name(question).flatten().map(str::to_owned)
        };
        let (there, home) = (address(remote)?, address("origin")?);
        (host_of(&there) != host_of(&home)).then(|| format!("`{remote}`, which is `{there}`"))
    }

    fn git_push(&mut self, words: &[Field], directory: Option<&str>, span: &Span) {
        let Some(command) = families::command("git") else { return };
        let applied = Applied::of("git", command, words, directory, span);
        let line = &applied.line;
        if ["--dry-run", "-n", "--help"].iter().any(|name| line.rehearses(name)) {
            return self.apply_line(&applied);
        }
        self.fill_all(&applied);
        let line = &applied.line;
        let forced = ["-f", "--force", "--mirror", "--force-with-lease", "--force-if-includes"].iter().any(|name| line.has(name));
        let deletes = line.has("-d") || line.has("--delete");
        let named = line.values("--repo").last().filter(|_| line.operands.is_empty()).or_else(|| line.operands.first());
        let remote = named.map_or_else(|| ITS_REMOTE.to_owned(), Field::shown);
        if let Some(address) = self.pushed_out(&remote, directory) {
            let summary = format!("Sends commits to {address}");
            let effect = plain(Verb::Publish, ResourceKind::GitHistory, &remote, summary, span.clone());
            self.note(Effect { environment: Environment::Unknown, reversibility: Reversibility::Irreversible, ..effect });
        }
        let line = &applied.line;
        let refs: Vec<Field> = line.operands.iter().skip(1).cloned().collect();
        let uncertain = line.uncertain;
        let facts = directory.and_then(|directory| self.repository_at(directory));
        let (asked, default) =
            (facts.and_then(|facts| facts.branch.clone()), facts.and_then(|facts| facts.default_branch.clone()));
        let branch = match &self.state.branch {
            Branch::AsAsked => asked,
            Branch::Now(branch) => branch.clone(),
        };
        let all = line.has("--all") || line.has("--mirror") || line.has("--branches") || line.has("--prune");
        let tags_only = refs.is_empty() && line.has("--tags") && !all && !line.has("--no-tags");
        if tags_only {
            let how = if forced { Pushes::Rewrites } else { Pushes::Adds };
            self.pushed(&remote, "all tags", how, Some("all tags"), default.as_deref(), uncertain, span);
        } else if refs.is_empty() {
            let target =
                if all { "all branches".to_owned() } else { branch.clone().unwrap_or_else(|| "the current branch".to_owned()) };
            let rewrites = forced || line.has("--mirror") || line.has("--prune");
            let own = if all { None } else { branch.clone() };
            self.pushed(
                &remote,
                &target,
                if rewrites { Pushes::Rewrites } else { Pushes::Adds },
                own.as_deref(),
                default.as_deref(),
                uncertain,
                span,
            );
        }
        for field in refs {
            let shown = field.shown();
            let spec = shown.trim_start_matches('+');
            let (source, target) = spec.split_once(':').map_or((spec, spec), |(source, target)| (source, target));
            let target = target.trim_start_matches("refs/heads/");
            let target = if matches!(target, "HEAD" | "@" | "") {
                branch.clone().unwrap_or_else(|| "HEAD".to_owned())
            } else {
                target.to_owned()
            };
            let how = if deletes || (source.is_empty() && spec.starts_with(':')) {
                Pushes::Deletes
            } else if forced || shown.starts_with('+') {
                Pushes::Rewrites
            } else {
                Pushes::Adds
            };
            let unsure = uncertain || field.value.starts_unknown();
            self.pushed(&remote, &target, how, Some(&target), default.as_deref(), unsure, span);
        }
    }

    #[expect(clippy::too_many_arguments, reason = "what a push does depends on each of them, and nothing else has this list")]
    fn pushed(
        &mut self,
        remote: &str,
        target: &str,
        how: Pushes,
        branch: Option<&str>,
        default: Option<&str>,
        unsure: bool,
        span: &Span,
    ) {
        let shared = match (branch, default) {
            (Some(branch), Some(default)) => branch == default,
            (Some(branch), None) => matches!(branch, "main" | "master" | "trunk" | "develop" | "production"),
            (None, _) => true,
        };
        let to = if remote == ITS_REMOTE { remote.to_owned() } else { format!("`{remote}`") };
        let (verb, summary) = match how {
            Pushes::Adds if unsure => (Verb::Rewrite, format!("Pushes `{target}` to {to}, and may rewrite what is there")),
            Pushes::Adds if shared => (Verb::Modify, format!("Pushes to the shared branch `{target}` of {to}")),
            Pushes::Adds => (Verb::Create, format!("Pushes `{target}` to {to}")),
            Pushes::Deletes => (Verb::Delete, format!("Deletes `{target}` on {to}")),
            Pushes::Rewrites => (Verb::Rewrite, format!("Rewrites the history of `{target}` on {to}, which others may hold")),
        };
        let name = format!("{remote}/{target}");
        let effect = plain(verb, ResourceKind::GitHistory, &name, summary, span.clone());
        self.note(Effect {
            environment: Environment::Unknown,
            reversibility: if verb == Verb::Create || verb == Verb::Modify {
                Reversibility::Lossless
            } else {
                Reversibility::Effort
            },
            certainty: if unsure { Certainty::Worst } else { Certainty::Exact },
            magnitude: Magnitude::unbounded(Unit::Commits),
            ..effect
        });
    }

    /// Branches that a fetch makes equal to those elsewhere, whatever only they have.
    fn fetched_over(&mut self, words: &[Field], span: &Span) {
        let given = |names: &[&str]| words.iter().filter_map(Field::known).any(|word| names.contains(&word.as_str()));
        let forced = given(&["-f", "--force", "--update-head-ok"]);
        for word in words {
            let head = word.value.head();
            let Some((_, branch)) = head.trim_start_matches('+').split_once(':') else { continue };
            let apart = ["refs/remotes/", "refs/tags/", "refs/pull/", "refs/notes/"].iter().any(|kept| branch.starts_with(kept));
            if head.contains("://") || is_scp(head) || apart || branch.is_empty() || !(forced || head.starts_with('+')) {
                continue;
            }
            let summary = format!("Moves the branch `{branch}` even if nothing else holds its commits");
            let effect = plain(Verb::Delete, ResourceKind::GitLocal, branch, summary, span.clone());
            let magnitude = Magnitude::unbounded(Unit::Commits);
            self.note(Effect { magnitude, reversibility: Reversibility::Effort, ..effect });
        }
    }

    /// Subcommands that run commands of their own.
    fn git_runs(&mut self, sub: &str, rest: &[Field], directory: Option<&str>, span: &Span) {
        let words = rest.get(1..).unwrap_or_default();
        match sub {
            "rebase" => {
                let code = words
                    .iter()
                    .zip(words.iter().skip(1))
                    .filter(|(option, _)| matches!(option.known().as_deref(), Some("-x" | "--exec")));
                let code: Vec<Value> = code.map(|(_, text)| text.value.clone()).collect();
                let joined = words.iter().filter_map(|field| field.known()?.strip_prefix("--exec=").map(Value::text));
                for text in code.into_iter().chain(joined.collect::<Vec<_>>()) {
                    self.inner_text(&text, span.clone());
                }
            }
            "bundle" if words.first().and_then(Field::known).as_deref() == Some("create") => {
                let file = words.iter().skip(1).find(|field| !field.value.head().starts_with('-'));
                file.into_iter().for_each(|file| self.overwrite(file, directory));
            }
            // What lies in history lies in every copy.
            "add" | "stage" if words.iter().any(|word| matches!(word.known().as_deref(), Some("-f" | "--force"))) => {
                words.iter().for_each(|word| self.look(word, directory));
            }
            "fetch" | "pull" => self.fetched_over(words, span),
            "bisect run" => self.run_words(words.get(1..).unwrap_or_default(), directory, span),
            "submodule foreach" => {
                let code: Vec<Field> =
                    words.iter().skip(1).skip_while(|field| field.value.head().starts_with('-')).cloned().collect();
                self.apart(|walker| {
                    walker.state.directories = vec![None];
                    walker.inner_text(&super::wrapper::joined(&code), span.clone());
                });
            }
            "filter-branch" => {
                for text in words.iter().filter(|field| !field.value.head().starts_with('-')) {
                    if text.value.head().contains(' ') {
                        self.inner_text(&text.value, span.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

/// Where a push goes that names no remote.
const ITS_REMOTE: &str = "its remote";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pushes {
    Adds,
    Deletes,
    Rewrites,
}

/// How long a setting holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lasts {
    /// For one command.
    Once,
    /// It is written to a file.
    Stored,
}

/// Whether what a push names is an address rather than the name of a remote: `https://…`, `host:path`. A path of this
/// machine is none.
fn is_address(remote: &str) -> bool {
    let local = remote.starts_with("file://") || remote.starts_with(['/', '.']);
    !local && remote.split('/').next().is_some_and(|first| first.contains(':'))
}

/// Whether a word is `user@host:path`, which no pair of branches is.
fn is_scp(word: &str) -> bool {
    word.split(':').next().is_some_and(|host| host.contains('@'))
}

/// The host that an address of git leads to; nothing for a path of this machine.
fn host_of(address: &str) -> Option<&str> {
    let rest = match address.split_once("://") {
        Some(("file", _)) => return None,
        Some((_, rest)) => rest.split('/').next().unwrap_or_default(),
        None if is_address(address) => address.split(':').next().unwrap_or_default(),
        None => return None,
    };
    let host = rest.rsplit('@').next().unwrap_or_default();
    Some(host.split(':').next().unwrap_or_default())
}

/// What `git for-each-repo` runs in every repository that a setting names.
fn in_each_repository(words: &[Field]) -> Option<&[Field]> {
    let (_, behind) = words.split_first().filter(|(sub, _)| sub.known().as_deref() == Some("for-each-repo"))?;
    let (_, used) = leading(behind, &["--config"]);
    behind.get(used..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_known_by_its_colon_and_a_host_by_what_stands_before_it() {
        for address in ["https://a.example/x", "host:path", "git@a.example:x/y.git", "ext::sh -c x"] {
            assert!(is_address(address), "{address}");
        }
        for name in ["origin", "../x.git", "/srv/x:y.git", "file:///srv/x.git", "feature/a:b"] {
            assert!(!is_address(name), "{name}");
        }
        let same = ["https://u@a.example:443/x", "ssh://git@a.example:22/x", "git@a.example:x/y.git", "a.example:x"];
        assert!(same.iter().all(|address| host_of(address) == Some("a.example")));
        assert_eq!(host_of("/srv/x.git"), None);
    }
}
