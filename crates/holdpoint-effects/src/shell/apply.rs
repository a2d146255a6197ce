//! Matches a command line against the data of `families/` and notes the effects it has.

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, GitKeeping, Question};

use super::address::{
    is_aws_alike, is_far, is_here, is_metadata_service, is_this_machine, leads_to_store, leaves_request, may_lead_to_store,
    stays_here, takes_comments,
};
use super::effect::plain;
use super::files::Target;
use super::leak::is_secret_name;
use super::looks::{asks_graphql, only_looks};
use super::options::{Line, Style, parse, style};
use super::stirred::Stirred;
use super::subcommands::{named_by, subcommand};
use super::syntax::Span;
use super::telling::Force;
use super::value::{Field, Piece, Value};
use super::walker::{Input, Walker};
use crate::families::{Command, Measure, Of, Otherwise, Paths, Place, Sub, Template};
use crate::paths::name_fits;

/// One command line under one reading: what the templates are filled from.
pub(crate) struct Applied<'a> {
    pub(crate) program: &'a str,
    pub(crate) command: &'static Command,
    pub(crate) sub: Option<&'static Sub>,
    /// The subcommand as it was written.
    pub(crate) sub_name: &'static str,
    /// The program's own options, in front of the subcommand.
    pub(crate) own: Line,
    pub(crate) line: Line,
    /// The words behind the program's name, as they stand there.
    pub(crate) arguments: &'a [Field],
    pub(crate) directory: Option<&'a str>,
    pub(crate) span: Span,
}

impl Walker<'_> {
    /// Notes the effects of a command that the families know.
    pub(crate) fn apply(
        &mut self,
        program: &str,
        command: &'static Command,
        arguments: &[Field],
        directory: Option<&str>,
        span: &Span,
    ) {
        let applied = Applied::of(program, command, arguments, directory, span);
        if command.sub.is_empty() || applied.sub.is_some() || applied.informs() {
            self.apply_line(&applied);
        } else {
            self.apply_unknown_sub(&applied);
        }
    }

    pub(crate) fn apply_line(&mut self, applied: &Applied<'_>) {
        if applied.informs() {
            return self.note(applied.effect(Verb::Read, format!("Shows information (`{}`)", applied.shown())));
        }
        let noted = self.noted();
        self.fill_all(applied);
        let otherwise = applied.sub.map_or(applied.command.otherwise, |sub| sub.otherwise);
        let said = |template: &Template| match template.paths {
            // What was only looked at is still said, and so is code that runs whatever it writes.
            Some(_) if matches!(template.of, Of::Variables(_)) => false,
            Some(paths) => paths != Paths::Read && otherwise != Otherwise::Delegates,
            None => true,
        };
        if self.noted() == noted || !applied.templates().any(said) {
            self.otherwise(applied, otherwise);
        }
    }

    /// Notes the effects that the data give, whether or not a reader noted others already.
    pub(crate) fn fill_all(&mut self, applied: &Applied<'_>) {
        for template in
            applied.templates().filter(|template| self.is_set_for(template) && self.is_fed(template)).collect::<Vec<_>>()
        {
            match applies(template, &applied.line) {
                Applies::No => continue,
                Applies::Perhaps => self.fill(template, applied, Some(Certainty::Worst)),
                Applies::Yes => self.fill(template, applied, None),
            }
        }
    }

    /// Whether a variable has one of the values that a template asks for, or may have it.
    fn is_set_for(&self, template: &Template) -> bool {
        let has = |(name, wanted): (&str, &str)| match self.state.variables.get(name) {
            Some(values) => values.iter().any(|value| value.known().is_none() || fits(&Field::new(value.clone(), 0..0), wanted)),
            None => self.world.variable(name).is_some_and(|value| fits(&Field::new(Value::text(value), 0..0), wanted)),
        };
        let set = |sets: &[String]| sets.is_empty() || sets.iter().filter_map(|set| set.split_once('=')).any(has);
        set(&template.when_variable) && !template.unless_variable.iter().any(|set| self.is_surely_set(set))
    }

    /// Whether a variable has a value that fits the pattern behind its name, whichever of those it may have.
    fn is_surely_set(&self, set: &str) -> bool {
        let Some((name, pattern)) = set.split_once('=') else { return false };
        let is = |value: &Value| value.known().is_some() && fits(&Field::new(value.clone(), 0..0), pattern);
        match self.state.variables.get(name) {
            Some(values) => !values.is_empty() && values.iter().all(is),
            None => self.world.variable(name).is_some_and(|value| is(&Value::text(value))),
        }
    }

    /// Whether the command reads one of the texts that a template asks for, or something that nobody knows.
    fn is_fed(&self, template: &Template) -> bool {
        let holds = |text: &str| template.when_input.iter().any(|part| text.contains(part.as_str()));
        template.when_input.is_empty()
            || match &self.input {
                // A pattern that no text holds asks for whatever does not stand in the line.
                Input::File(path) => holds("\0") || self.world.file_text(path).is_none_or(holds) || self.is_rewritten(path),
                Input::Inherited => false,
                Input::Listed(_) | Input::Piped => true,
                Input::Text(text) => text.known().is_none_or(|text| holds(&text)),
            }
    }

    fn apply_unknown_sub(&mut self, applied: &Applied<'_>) {
        match applied.line.operands.first().map(|operand| operand.value.starts_unknown()) {
            Some(true) => {
                self.opaque(&applied.shown(), "the line does not determine which subcommand runs", applied.span.clone())
            }
            Some(false) => {
                self.fill_all(applied);
                let otherwise = match applied.command.otherwise {
                    Otherwise::Unknown if only_looks(applied.command, &applied.line) => Otherwise::Reads,
                    otherwise => otherwise,
                };
                self.otherwise(applied, otherwise);
            }
            None => self.apply_line(applied),
        }
    }

    fn otherwise(&mut self, applied: &Applied<'_>, otherwise: Otherwise) {
        let described = applied.command.keeps_secrets
            || applied.templates().any(|template| template.paths.is_some() && !matches!(template.of, Of::Options(_)));
        if matches!(otherwise, Otherwise::Reads | Otherwise::Delegates) && !described {
            self.handed(applied.arguments, applied.directory);
        }
        if otherwise == Otherwise::Delegates {
            self.may_carry_code(applied.program, applied.arguments, applied.directory, &applied.span);
            self.fed_by_the_line();
        }
        let shown = applied.shown();
        let effect = match otherwise {
            Otherwise::Changes => applied.effect(Verb::Modify, format!("Runs `{shown}`, which loses nothing")),
            Otherwise::Reads => applied.effect(Verb::Read, format!("Looks only (`{shown}`)")),
            Otherwise::Delegates => {
                let effect = applied.effect(Verb::Execute, format!("Runs `{shown}`, which runs code of the work tree"));
                Effect { certainty: Certainty::Delegated, ..effect }
            }
            Otherwise::Unknown => {
                let effect = applied.effect(Verb::Execute, format!("Runs `{shown}`, of which nothing is known"));
                Effect {
                    certainty: Certainty::Opaque,
                    reversibility: Reversibility::Irreversible,
                    environment: Environment::Unknown,
                    ..effect
                }
            }
        };
        self.note(effect);
    }

    fn fill(&mut self, template: &Template, applied: &Applied<'_>, certainty: Option<Certainty>) {
        let before = self.noted();
        self.fill_in(template, applied, certainty);
        if let Some(alternative) = self.alternative(&template.safer, applied) {
            self.give_instead(before, &alternative);
        }
    }

    fn fill_in(&mut self, template: &Template, applied: &Applied<'_>, certainty: Option<Certainty>) {
        if let Some(paths) = template.paths {
            return self.on_paths(paths, template, applied);
        }
        if let Some(tongue) = template.code {
            return self.on_code(tongue, template, applied);
        }
        let (Some(verb), Some(kind)) = (template.verb, template.kind) else { return };
        let name = applied.named(&template.name);
        let unit = template.unit.unwrap_or(Unit::Items);
        let count = u64::try_from(applied.line.operands.len()).unwrap_or(u64::MAX).max(1);
        let mut effect = Effect {
            verb,
            resource: Resource { kind, name },
            environment: self.place(template.environment, applied),
            magnitude: if template.unbounded || applied.line.operands.iter().any(|operand| operand.value.is_loose()) {
                Magnitude::unbounded(unit)
            } else {
                Magnitude::at_most(count, unit)
            },
            reversibility: template.reversibility.unwrap_or(Reversibility::Lossless),
            certainty: certainty.or(template.certainty).unwrap_or(Certainty::Exact),
            summary: applied.sentence(&template.summary),
            span: Some(applied.span.clone()),
            safer: None,
        };
        if let Some(measure) = template.measure {
            self.measure(measure, applied, &mut effect);
        }
        self.note(effect);
    }

    /// Lets the repository's state say how much is lost, where it is known.
    fn measure(&self, measure: Measure, applied: &Applied<'_>, effect: &mut Effect) {
        let facts = applied.directory.and_then(|directory| self.repository_at(directory));
        let Some(facts) = facts else {
            effect.certainty = effect.certainty.max(Certainty::Worst);
            effect.magnitude = Magnitude::unbounded(effect.magnitude.unit);
            return;
        };
        let at_operands = if measure == Measure::ModifiedOperands { self.modified_at(applied) } else { None };
        // What was moved over a file that git keeps is kept nowhere.
        let most = if self.state.moved.is_empty() { self.state.stirred.most(measure, facts) } else { None };
        let Some(count) = at_operands.or(most) else {
            effect.certainty = effect.certainty.max(Certainty::Worst);
            effect.magnitude = Magnitude::unbounded(effect.magnitude.unit);
            effect.summary.push_str(", what the command itself puts there included");
            return;
        };
        effect.magnitude = Magnitude::at_most(count, effect.magnitude.unit);
        if count == 0 {
            effect.reversibility = Reversibility::Lossless;
            effect.summary.push_str(" (there is nothing to lose now)");
        }
    }

    /// How many tracked files with uncommitted changes the operands name; nothing where that is not known.
    fn modified_at(&self, applied: &Applied<'_>) -> Option<u64> {
        // A pathspec such as `:/` is no path: it may mean the whole tree.
        if applied.line.operands.iter().any(|operand| operand.value.head().starts_with(':')) {
            return None;
        }
        let modified = |operand: &Field| match self.target(&operand.value, applied.directory) {
            Target::Exactly(path) => match self.world.path(&path)? {
                _ if self.is_rewritten(&path) || self.state.stirred == Stirred::Anything => None,
                facts if facts.kind == FileKind::Missing => Some(0),
                facts => {
                    let untracked = |git: &GitKeeping| if self.state.stirred == Stirred::Nothing { 0 } else { git.untracked };
                    facts.git.as_ref().map(|git| git.modified + untracked(git))
                }
            },
            Target::Nothing => Some(0),
            _ => None,
        };
        // A file or somebody's answers name the paths then.
        let unnamed = ["-p", "--patch", "--pathspec-from-file"].iter().any(|name| applied.line.has(name));
        if unnamed { None } else { applied.line.operands.iter().map(modified).sum() }
    }

    fn on_paths(&mut self, paths: Paths, template: &Template, applied: &Applied<'_>) {
        let directory = applied.directory;
        let (sources, target) = applied.transfer();
        match paths {
            Paths::Copy | Paths::Move => {
                let onto = ["-T", "--no-target-directory"].iter().any(|name| applied.line.has(name));
                match target {
                    Some(target) if onto && paths == Paths::Copy => {
                        self.lose(&target, directory, Verb::Overwrite, "Copies files over those in");
                    }
                    Some(target) => self.transfer(&sources, &target, directory, paths == Paths::Move),
                    None => {}
                }
                return;
            }
            Paths::Call => {
                let is_text = matches!(template.of, Of::Options(_));
                return self.given_to_run(&applied.paths(template), is_text, directory, &applied.span);
            }
            Paths::Carry
            | Paths::Create
            | Paths::Delete
            | Paths::Edit
            | Paths::Empty
            | Paths::Fill
            | Paths::Link
            | Paths::Merge
            | Paths::Modify
            | Paths::Overwrite
            | Paths::Read
            | Paths::Rebuild
            | Paths::Restore
            | Paths::Run
            | Paths::Send
            | Paths::Shape
            | Paths::Trash
            | Paths::Unpack
            | Paths::UnpackOver => {}
        }
        if let (Paths::Link, Some(target)) = (paths, &target) {
            self.named_again(&sources, target, directory);
        }
        if paths == Paths::Read && template.of == Of::Operands && applied.command.otherwise == Otherwise::Reads {
            applied.valued_words().for_each(|field| self.look_with(applied.program, field, directory));
        }
        let chosen = match &template.of {
            Of::Variables(names) => self.set_by_the_line(names, &applied.span),
            _ => applied.paths(template),
        };
        for field in chosen {
            match paths {
                Paths::Carry => self.carry(&field, directory),
                Paths::Create if applied.program == "mkdir" => self.make_directory(&field, directory),
                Paths::Create => self.make(&field, directory),
                Paths::Delete => self.delete(&field, directory),
                Paths::Edit => self.edit(&field, directory, "Edits"),
                Paths::Empty => self.fills(&field, directory, Force::Empties),
                Paths::Fill => self.fills(&field, directory, Force::Keeps),
                Paths::Link => self.link(&sources, &field, directory),
                Paths::Merge => self.merge(&field, directory),
                Paths::Modify if applied.tightens() && self.names_a_secret(&field, directory) => {}
                Paths::Modify if RIGHTS.contains(&applied.program) => self.modify_rights(&field, directory),
                Paths::Modify => self.modify(&field, directory, "Changes"),
                Paths::Overwrite if matches!(template.of, Of::Options(_)) => self.writes_out(&field, directory),
                Paths::Overwrite => self.overwrite(&field, directory),
                Paths::Read => self.look_with(applied.program, &field, directory),
                Paths::Rebuild => self.rebuild(&field, directory),
                Paths::Restore => self.restore(&field, directory),
                Paths::Run => self.script(&field, &[], directory, applied.program),
                Paths::Send => self.send(&field, directory),
                Paths::Shape => self.shape(&field, directory),
                Paths::Trash => self.trash(&field, directory),
                Paths::Unpack => self.unpack(&field, directory),
                Paths::UnpackOver => self.unpack_over(&field, directory),
                Paths::Call | Paths::Copy | Paths::Move => {}
            }
        }
    }

    /// What the line sets variables to.
    fn set_by_the_line(&self, names: &[String], span: &Span) -> Vec<Field> {
        let values = names.iter().filter_map(|name| self.state.variables.get(name)).flatten();
        values.filter(|value| !value.is_unset()).map(|value| Field::new(value.clone(), span.clone())).collect()
    }

    fn look_with(&mut self, program: &str, operand: &Field, directory: Option<&str>) {
        if READS_FILES_ONLY.contains(&program) {
            self.look_in_file(operand, directory);
        } else {
            self.look(operand, directory);
        }
    }

    /// Where an effect happens.
    pub(crate) fn place(&self, place: Place, applied: &Applied<'_>) -> Environment {
        let option = |names: &[&str]| {
            // A short option behind the subcommand may be that of a command inside a container.
            let of = |name: &&str| if name.len() > 2 && place == Place::Kubernetes { &applied.line } else { &applied.own };
            let given = names.iter().flat_map(|name| of(name).values(name)).last();
            given.map(|field| field.known().unwrap_or_default())
        };
        let set = |name: &str| match self.state.variables.get(name).map(Vec::as_slice) {
            Some([value]) => Some(value.known().unwrap_or_default()),
            Some(_) => Some(String::new()),
            None => self.world.variable(name).map(str::to_owned),
        };
        match place {
            Place::Local => Environment::Local,
            Place::Unknown => Environment::Unknown,
            Place::Kubernetes => match option(&["--context", "--kube-context"]).or_else(|| option(&["--server", "-s"])) {
                Some(name) => cluster(name),
                // A kubeconfig that the line chooses is another world than the one that can be asked.
                None if applied.line.has("--kubeconfig") || self.state.variables.contains_key("KUBECONFIG") => {
                    Environment::Unknown
                }
                None => match self.world.name(Question::KubernetesContext) {
                    Some(Some(name)) => cluster(name.to_owned()),
                    _ => Environment::Unknown,
                },
            },
            Place::Terraform => {
                let directory = option(&["-chdir"]).or_else(|| applied.directory.map(str::to_owned)).unwrap_or_default();
                if let Some(name) = set("TF_WORKSPACE") {
                    return Environment::from(name);
                }
                let directory = crate::world::absolute(&directory, applied.directory.unwrap_or("/"));
                match self.world.name(Question::TerraformWorkspace { directory }) {
                    Some(Some(name)) => Environment::from(name.to_owned()),
                    _ => Environment::Unknown,
                }
            }
            Place::Docker => match option(&["-H", "--host", "-c", "--context"])
                .or_else(|| set("DOCKER_HOST"))
                .or_else(|| set("DOCKER_CONTEXT"))
            {
                Some(host) if host.starts_with("unix:") || host == "default" => Environment::Local,
                Some(host) => Environment::from(host),
                None => Environment::Local,
            },
            Place::Postgres => match super::postgres::host(applied.program, &applied.line, &set) {
                Some(host) => super::postgres::environment(&host),
                None => Environment::Local,
            },
        }
    }
}

impl<'a> Applied<'a> {
    /// Takes a command line apart as the data of its program say.
    pub(crate) fn of(
        program: &'a str,
        command: &'static Command,
        arguments: &'a [Field],
        directory: Option<&'a str>,
        span: &Span,
    ) -> Self {
        let (sub, rest) = subcommand(command, arguments);
        let (mut line, _) = parse(&rest, style(command, sub.map(|(sub, _)| sub)));
        let more: Vec<Field> = command.operands_of.iter().flat_map(|name| line.values(name)).cloned().collect();
        line.operands.extend(more);
        let (own, _) = parse(arguments, Style { stops_at_operand: true, ..style(command, None) });
        let (sub, sub_name) = sub.map_or((None, ""), |(sub, name)| (Some(sub), name));
        Self { program, command, sub, sub_name, own, line, arguments, directory, span: span.clone() }
    }
}

impl Applied<'_> {
    /// Whether the line only asks for help, a version or a rehearsal.
    fn informs(&self) -> bool {
        let rehearses = |names: &[String]| names.iter().any(|name| self.line.rehearses(name));
        // Among the words of a subcommand `--version` chooses one: `helm upgrade shop chart --version 1.2.3`.
        let asks_version = self.command.sub.is_empty() || self.line.operands.is_empty();
        self.line.rehearses("--help")
            || (asks_version && self.line.rehearses("--version"))
            || rehearses(&self.command.harmless_with)
            || self.sub.is_some_and(|sub| rehearses(&sub.harmless_with))
            || self.is_bare_question()
    }

    /// One short option and nothing else, to a program that acts through subcommands: `kubectl -h`, `wrangler -v`.
    fn is_bare_question(&self) -> bool {
        let [only] = self.line.options.as_slice() else { return false };
        let bare = self.sub.is_none() && self.line.operands.is_empty() && only.value.is_none();
        bare && !self.command.sub.is_empty() && matches!(only.name.as_str(), "-h" | "-v" | "-V")
    }

    /// Whether it is a `chmod` that leaves a file to its owner alone, or takes from the others what they may do.
    fn tightens(&self) -> bool {
        let mode = self.line.operands.first().and_then(Field::known);
        self.program == "chmod" && mode.is_some_and(|mode| is_for_the_owner(&mode))
    }

    /// The effects the line may have: those of the program, whatever the subcommand, and those of the subcommand.
    fn templates(&self) -> impl Iterator<Item = &'static Template> {
        self.command.effect.iter().chain(self.sub.iter().flat_map(|sub| &sub.effect))
    }

    /// The command as it is named in sentences.
    pub(crate) fn shown(&self) -> String {
        match self.sub_name {
            "" => self.program.to_owned(),
            pattern if pattern.contains('*') => {
                let words = named_by(self.command, self.arguments).map(|(_, _, used)| used).unwrap_or_default();
                let words = words.iter().filter_map(|at| self.arguments.get(*at)).map(Field::shown);
                std::iter::once(self.program.to_owned()).chain(words).collect::<Vec<_>>().join(" ")
            }
            name => format!("{} {name}", self.program),
        }
    }

    /// All its words.
    pub(crate) fn words(&self) -> Vec<Field> {
        let program = Field::new(Value::text(self.program), self.span.clone());
        std::iter::once(program).chain(self.arguments.iter().cloned()).collect()
    }

    fn effect(&self, verb: Verb, summary: String) -> Effect {
        plain(verb, ResourceKind::Program, &self.shown(), summary, self.span.clone())
    }

    /// Sources and target of a move or copy, with `-t` and without.
    fn transfer(&self) -> (Vec<Field>, Option<Field>) {
        let given = ["-t", "--target-directory"].iter().flat_map(|name| self.line.values(name)).last();
        match (given, self.line.operands.split_last()) {
            (Some(target), _) => (self.line.operands.clone(), Some(target.clone())),
            (None, Some((target, sources))) if !sources.is_empty() => (sources.to_vec(), Some(target.clone())),
            // What it matches last is where the others go.
            (None, Some((only, _))) if only.value.has_pattern() => (vec![only.clone()], Some(only.clone())),
            (None, Some((only, _))) if only.value.is_loose() => (Vec::new(), Some(only.clone())),
            _ => (Vec::new(), None),
        }
    }

    pub(super) fn chosen(&self, of: &Of) -> Vec<Field> {
        let operands = &self.line.operands;
        match of {
            Of::Basenames => operands.iter().map(basename).collect(),
            Of::First => operands.first().cloned().into_iter().collect(),
            // It is no word of the line.
            Of::Input => Vec::new(),
            Of::Last => operands.last().cloned().into_iter().collect(),
            Of::Named(names) => names.iter().map(|name| Field::new(Value::text(name.as_str()), self.span.clone())).collect(),
            Of::Operands => operands.clone(),
            Of::Options(names) => names.iter().flat_map(|name| self.line.values(name)).cloned().collect(),
            Of::Rest => operands.iter().skip(1).cloned().collect(),
            Of::Second => operands.get(1).cloned().into_iter().collect(),
            Of::Variables(_) => Vec::new(),
            Of::WorkingDirectory => vec![Field::new(Value::text("."), self.span.clone())],
        }
    }

    /// The words behind options of one letter, which take none in some of the programs that share their data: `wc -c FILE`.
    fn valued_words(&self) -> impl Iterator<Item = &Field> {
        let short = |name: &str| name.len() == 2 && name != "-i";
        self.line.options.iter().filter(move |given| short(&given.name)).filter_map(|given| given.value.as_ref())
    }

    /// The values of an option, abbreviated or not, that are not those of another: `--output` is none of `--output-dir`.
    fn values_of_no_other<'l>(&'l self, name: &'l str) -> impl Iterator<Item = &'l Field> {
        let valued = move |given: &str| self.command.valued.iter().any(|known| known == given);
        let own = self.line.options.iter().filter(move |given| given.name == name || !valued(&given.name));
        own.filter(move |given| given.is(name)).filter_map(|given| given.value.as_ref())
    }

    /// The paths that a template speaks of. A lone dash in an option's place is the standard stream.
    fn paths(&self, template: &Template) -> Vec<Field> {
        let mut chosen = self.chosen(&template.of);
        if let Some(place) = template.below.iter().flat_map(|name| self.values_of_no_other(name)).last() {
            chosen.iter_mut().for_each(|field| field.value = below(&place.value, &field.value));
        }
        for glob in template.suffix.chars() {
            let live = matches!(glob, '*' | '?');
            let piece = |text: String| if live { Piece::Pattern(text) } else { Piece::Text(text) };
            chosen.iter_mut().for_each(|field| field.value.push(piece(glob.to_string())));
        }
        if !template.marked.is_empty() {
            let marked = chosen.iter().filter_map(|field| template.marked.iter().find_map(|marker| behind(field, marker)));
            return marked.map(|field| up_to(field, &template.until)).collect();
        }
        match template.of {
            Of::Options(_) => chosen.into_iter().filter(|field| field.known().as_deref() != Some("-")).collect(),
            _ => chosen,
        }
    }
}

/// Where the context of a cluster leads: the programs that make clusters on this machine name them so. A line that gives another
/// context such a name changes credentials, which waits (`families/kubernetes.toml`).
fn cluster(context: String) -> Environment {
    const WHOLE: [&str; 7] =
        ["colima", "docker-desktop", "docker-for-desktop", "microk8s", "minikube", "orbstack", "rancher-desktop"];
    let made_here = WHOLE.contains(&context.as_str()) || ["kind-", "k3d-"].iter().any(|start| context.starts_with(start));
    if made_here { Environment::Local } else { Environment::from(context) }
}

/// Whether a mode gives the owner what the owner needs and everybody else nothing, or only takes from the others.
fn is_for_the_owner(mode: &str) -> bool {
    let takes = |clause: &str| {
        let (whom, what) =
            clause.split_once('-').or_else(|| clause.strip_suffix('=').map(|whom| (whom, ""))).unwrap_or(("u", ""));
        !whom.is_empty()
            && whom.bytes().all(|who| matches!(who, b'g' | b'o'))
            && what.bytes().all(|right| b"rwxXst".contains(&right))
    };
    matches!(mode.trim_start_matches('0'), "400" | "500" | "600" | "700") || mode.split(',').all(takes)
}

/// A path in a directory; one from the root stays where it is.
fn below(place: &Value, path: &Value) -> Value {
    if path.head().starts_with('/') {
        return path.clone();
    }
    let mut whole = place.clone();
    whole.push(Piece::Text("/".to_owned()));
    whole.append(path.clone());
    whole
}

/// The last name of an address.
fn basename(field: &Field) -> Field {
    let whole = field.known().unwrap_or_default();
    let path = whole.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    Field::new(if field.known().is_some() { Value::text(name) } else { Value::unknown() }, field.span.clone())
}

/// Programs that change the rights and times of files, and not what they hold.
const RIGHTS: [&str; 4] = ["chgrp", "chmod", "chown", "touch"];
/// Programs that look at files and have no option to go into directories.
const READS_FILES_ONLY: [&str; 9] = ["cat", "head", "less", "more", "nl", "rev", "tac", "tail", "wc"];

/// What stands behind a marker in a word: `of=FILE`, `@FILE`, or anywhere `name=@FILE;type=x` and `%output{FILE}`.
/// What stands in front of the first of the signs, or all of it where there is none.
fn up_to(field: Field, signs: &str) -> Field {
    match field.value.head().split_once(|sign| signs.contains(sign)) {
        Some((path, _)) => Field::new(Value::text(path), field.span.clone()),
        None => field,
    }
}

pub(crate) fn behind(field: &Field, marker: &str) -> Option<Field> {
    let head = field.value.head();
    let rest = match marker.strip_prefix('*') {
        Some(marker) => {
            let end = if marker.ends_with('{') { '}' } else { ';' };
            head.split_once(marker).map(|(_, rest)| rest.split(end).next().unwrap_or_default())?
        }
        None => head.strip_prefix(marker)?,
    };
    let mut value = Value::text(rest);
    value.append(Value { pieces: field.value.pieces.iter().skip(1).cloned().collect() });
    Some(Field::new(value, field.span.clone()))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Applies {
    No,
    Perhaps,
    Yes,
}

fn applies(template: &Template, line: &Line) -> Applies {
    let given = |names: &[String]| names.iter().any(|name| line.has(name));
    let operand_is =
        |patterns: &[String]| line.operands.iter().any(|operand| patterns.iter().any(|pattern| fits(operand, pattern)));
    let value_is = |patterns: &[String]| {
        line.options
            .iter()
            .filter_map(|given| given.value.as_ref())
            .any(|value| patterns.iter().any(|pattern| fits(value, pattern)))
    };
    let few = line.operands.len() < template.operands_min && !line.uncertain;
    let many = template.operands_max.is_some_and(|most| line.operands.len() > most);
    if few || many || template.unless.iter().any(|name| line.has_exactly(name)) || operand_is(&template.unless_operand) {
        return Applies::No;
    }
    let mut values = template.when.iter().flat_map(|name| line.values(name)).peekable();
    if values.peek().is_some() && values.all(|value| template.unless_values.iter().any(|pattern| fits(value, pattern))) {
        return Applies::No;
    }
    if template.unless_graphql_asks && asks_graphql(line) {
        return Applies::No;
    }
    let last_is =
        |patterns: &[String]| line.operands.last().is_some_and(|last| patterns.iter().any(|pattern| fits(last, pattern)));
    if (!template.when_last.is_empty() && !last_is(&template.when_last)) || last_is(&template.unless_last) {
        return Applies::No;
    }
    if !template.with.is_empty() && !given(&template.with) {
        return Applies::No;
    }
    let met = |names: &Vec<String>, is: &dyn Fn(&[String]) -> bool| names.is_empty() || is(names);
    if met(&template.when, &given) && met(&template.when_operand, &operand_is) && met(&template.when_value, &value_is) {
        return Applies::Yes;
    }
    // What the line does not determine may be just the option that matters.
    if line.uncertain && !template.surely { Applies::Perhaps } else { Applies::No }
}

fn fits(field: &Field, pattern: &str) -> bool {
    match pattern.strip_suffix('*').filter(|head| !head.is_empty()) {
        None if pattern == "{far}" => is_far(field.value.head()),
        None if pattern == "{near}" => !is_far(field.value.head()),
        None if pattern == "{aws}" => field.known().is_some_and(|address| is_aws_alike(&address)),
        None if pattern == "{secret}" => field.known().is_some_and(|name| is_secret_name(&name)),
        None if pattern == "{metadata}" => is_metadata_service(field.value.head()),
        None if pattern == "{assignment}" => field.value.head().contains('='),
        None if pattern == "{elsewhere}" => !is_here(&field.value),
        None if pattern == "{comments}" => field.known().is_some_and(|address| takes_comments(&address)),
        None if pattern == "{here}" => {
            field.known().is_some_and(|address| is_this_machine(&address) && !leads_to_store(&address))
        }
        None if pattern == "{store}" => may_lead_to_store(&field.value),
        None if pattern == "{store-delete}" => {
            may_lead_to_store(&field.value) && (leaves_request(&field.value) || field.shown().contains("delete"))
        }
        None if pattern == "{stays}" => field.known().is_some_and(|route| stays_here(&route)),
        Some(head) if !head.contains('*') => field.value.head().starts_with(head) && !field.value.head().is_empty(),
        _ if pattern.len() > 1 && pattern.contains('*') => name_fits(pattern, &field.shown()),
        // Methods of requests and commands of stores are written in capitals, and read in any case.
        None if pattern.bytes().all(|byte| byte.is_ascii_uppercase()) => field.shown().eq_ignore_ascii_case(pattern),
        _ => field.shown() == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_stands_behind_its_marker() {
        let behind =
            |word: &str, marker: &str| behind(&Field::new(Value::text(word), 0..0), marker).and_then(|field| field.known());
        assert_eq!(behind("@.env", "@").as_deref(), Some(".env"));
        assert_eq!(behind("of=/dev/sda", "of=").as_deref(), Some("/dev/sda"));
        assert_eq!(behind("file=@a.pem;type=x", "*=@").as_deref(), Some("a.pem"));
        assert_eq!(behind("mail=a@example.org", "@"), None);
        assert_eq!(behind("mail=a@example.org", "*=@"), None);
    }
}
