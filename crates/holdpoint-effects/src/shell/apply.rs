//! Matches a command line against the data of `families/` and notes the effects it has.

use holdpoint_core::effect::{Certainty, Effect, Environment, Magnitude, Resource, ResourceKind, Reversibility, Unit, Verb};
use holdpoint_core::question::{FileKind, Question};

use super::effect::plain;
use super::files::Target;
use super::options::{Line, Style, parse, style};
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::Walker;
use crate::families::{Command, Measure, Of, Otherwise, Paths, Place, Sub, Template};

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
        let templates = applied.sub.map_or(&applied.command.effect, |sub| &sub.effect);
        let noted = self.noted();
        for template in templates {
            match applies(template, &applied.line) {
                Applies::No => continue,
                Applies::Perhaps => self.fill(template, applied, Some(Certainty::Worst)),
                Applies::Yes => self.fill(template, applied, None),
            }
        }
        // What was only looked at, or written to a stream that keeps nothing, is still said.
        if self.noted() == noted || templates.iter().all(|template| template.paths == Some(Paths::Read)) {
            self.otherwise(applied, applied.sub.map_or(applied.command.otherwise, |sub| sub.otherwise));
        }
    }

    fn apply_unknown_sub(&mut self, applied: &Applied<'_>) {
        match applied.line.operands.first().map(|operand| operand.value.starts_unknown()) {
            Some(true) => {
                self.opaque(&applied.shown(), "the line does not determine which subcommand runs", applied.span.clone())
            }
            Some(false) => self.otherwise(applied, applied.command.otherwise),
            None => self.apply_line(applied),
        }
    }

    fn otherwise(&mut self, applied: &Applied<'_>, otherwise: Otherwise) {
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
        if let Some(paths) = template.paths {
            return self.on_paths(paths, template, applied);
        }
        let (Some(verb), Some(kind)) = (template.verb, template.kind) else { return };
        let name = applied.named(&template.name);
        let unit = template.unit.unwrap_or(Unit::Items);
        let count = u64::try_from(applied.line.operands.len()).unwrap_or(u64::MAX).max(1);
        let mut effect = Effect {
            verb,
            resource: Resource { kind, name },
            environment: self.place(template.environment, applied),
            magnitude: if template.unbounded { Magnitude::unbounded(unit) } else { Magnitude::at_most(count, unit) },
            reversibility: template.reversibility.unwrap_or(Reversibility::Lossless),
            certainty: certainty.or(template.certainty).unwrap_or(Certainty::Exact),
            summary: applied.filled(&template.summary),
            span: Some(applied.span.clone()),
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
        let count = match measure {
            Measure::Modified => facts.modified,
            Measure::ModifiedOperands => self.modified_at(applied).unwrap_or(facts.modified),
            Measure::Stashed => facts.stashed,
            Measure::Untracked => facts.untracked,
        };
        effect.magnitude = Magnitude::at_most(count, effect.magnitude.unit);
        if count == 0 {
            effect.reversibility = Reversibility::Lossless;
            effect.summary.push_str(" (there is nothing to lose now)");
        }
    }

    /// How many tracked files with uncommitted changes the operands name; nothing where that is not known.
    fn modified_at(&self, applied: &Applied<'_>) -> Option<u64> {
        let modified = |operand: &Field| match self.target(&operand.value, applied.directory) {
            Target::Exactly(path) => match self.world.path(&path)? {
                facts if facts.kind == FileKind::Missing => Some(0),
                facts => facts.git.as_ref().map(|git| git.modified),
            },
            Target::Nothing => Some(0),
            _ => None,
        };
        applied.line.operands.iter().map(modified).sum()
    }

    /// Notes the effects that the data of a command give, where a reader has noted others already.
    pub(crate) fn fill_applying(&mut self, applied: &Applied<'_>) {
        for template in applied.sub.map_or(&applied.command.effect, |sub| &sub.effect) {
            match applies(template, &applied.line) {
                Applies::No => {}
                Applies::Perhaps => self.fill(template, applied, Some(Certainty::Worst)),
                Applies::Yes => self.fill(template, applied, None),
            }
        }
    }

    fn on_paths(&mut self, paths: Paths, template: &Template, applied: &Applied<'_>) {
        let directory = applied.directory;
        let (sources, target) = applied.transfer();
        match paths {
            Paths::Copy | Paths::Move => {
                if let Some(target) = target {
                    self.transfer(&sources, &target, directory, paths == Paths::Move);
                }
                return;
            }
            Paths::Create
            | Paths::Delete
            | Paths::Edit
            | Paths::Link
            | Paths::Modify
            | Paths::Overwrite
            | Paths::Read
            | Paths::Run => {}
        }
        for field in applied.chosen(&template.of) {
            match paths {
                Paths::Create => self.make(&field, directory),
                Paths::Delete => self.delete(&field, directory),
                Paths::Edit => self.edit(&field, directory, "Edits"),
                Paths::Link => self.link(&field, directory),
                Paths::Modify => self.modify(&field, directory, "Changes"),
                Paths::Overwrite => self.overwrite(&field, directory),
                Paths::Read => self.look(&field, directory),
                Paths::Run => self.script(&field, &[], directory, applied.program),
                Paths::Copy | Paths::Move => {}
            }
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
                Some(name) => Environment::from(name),
                // A kubeconfig that the line chooses is another world than the one that can be asked.
                None if applied.line.has("--kubeconfig") || self.state.variables.contains_key("KUBECONFIG") => {
                    Environment::Unknown
                }
                None => match self.world.name(Question::KubernetesContext) {
                    Some(Some(name)) => Environment::from(name.to_owned()),
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
            Place::Postgres => match super::postgres::host(&applied.line, &set) {
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
        arguments: &[Field],
        directory: Option<&'a str>,
        span: &Span,
    ) -> Self {
        let (sub, rest) = subcommand(command, arguments);
        let (line, _) = parse(&rest, style(command, sub.map(|(sub, _)| sub)));
        let (own, _) = parse(arguments, Style { stops_at_operand: true, ..style(command, None) });
        let (sub, sub_name) = sub.map_or((None, ""), |(sub, name)| (Some(sub), name));
        Self { program, command, sub, sub_name, own, line, directory, span: span.clone() }
    }
}

impl Applied<'_> {
    /// Whether the line only asks for help, a version or a rehearsal.
    fn informs(&self) -> bool {
        let only = |name: &str| self.line.has_exactly(name);
        let rehearses = |names: &[String]| names.iter().any(|name| only(name));
        only("--help")
            || only("--version")
            || rehearses(&self.command.harmless_with)
            || self.sub.is_some_and(|sub| rehearses(&sub.harmless_with))
    }

    /// The command as it is named in sentences.
    pub(crate) fn shown(&self) -> String {
        if self.sub_name.is_empty() { self.program.to_owned() } else { format!("{} {}", self.program, self.sub_name) }
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
            (None, Some((only, _))) if only.value.is_loose() => (Vec::new(), Some(only.clone())),
            _ => (Vec::new(), None),
        }
    }

    fn chosen(&self, of: &Of) -> Vec<Field> {
        let operands = &self.line.operands;
        match of {
            Of::First => operands.first().cloned().into_iter().collect(),
            Of::Last => operands.last().cloned().into_iter().collect(),
            Of::Operands => operands.clone(),
            Of::Options(names) => names.iter().flat_map(|name| self.line.values(name)).cloned().collect(),
            Of::Rest => operands.iter().skip(1).cloned().collect(),
            Of::WorkingDirectory => vec![Field::new(Value::text("."), self.span.clone())],
        }
    }

    /// The resource's name as a template gives it, or the command's.
    fn named(&self, template: &str) -> String {
        let name = self.filled(template).replace('`', "");
        if name.is_empty() { self.shown() } else { name }
    }

    fn filled(&self, template: &str) -> String {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let Some((name, behind)) = after.split_once('}') else { break };
            filled.push_str(before);
            filled.push_str(&self.hole(name));
            rest = behind;
        }
        filled.push_str(rest);
        filled
    }

    fn hole(&self, name: &str) -> String {
        let listed = |fields: &[Field]| fields.iter().map(|field| format!("`{}`", field.shown())).collect::<Vec<_>>().join(", ");
        match name {
            "first" => listed(&self.chosen(&Of::First)),
            "last" => listed(&self.chosen(&Of::Last)),
            "operands" => listed(&self.line.operands),
            "program" => self.shown(),
            "rest" => listed(&self.chosen(&Of::Rest)),
            option => listed(&self.line.values(option).cloned().collect::<Vec<_>>()),
        }
    }
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
    let met = |names: &Vec<String>, is: &dyn Fn(&[String]) -> bool| names.is_empty() || is(names);
    if met(&template.when, &given) && met(&template.when_operand, &operand_is) && met(&template.when_value, &value_is) {
        return Applies::Yes;
    }
    // What the line does not determine may be just the option that matters.
    if line.uncertain { Applies::Perhaps } else { Applies::No }
}

fn fits(field: &Field, pattern: &str) -> bool {
    match pattern.strip_suffix('*').filter(|head| !head.is_empty()) {
        Some(head) => field.value.head().starts_with(head) && !field.value.head().is_empty(),
        // Methods of requests and commands of stores are written in capitals, and read in any case.
        None if pattern.bytes().all(|byte| byte.is_ascii_uppercase()) => field.shown().eq_ignore_ascii_case(pattern),
        None => field.shown() == pattern,
    }
}

/// The subcommand that the words name, and the words without it.
pub(crate) fn subcommand(command: &'static Command, arguments: &[Field]) -> (Option<(&'static Sub, &'static str)>, Vec<Field>) {
    if command.sub.is_empty() {
        return (None, arguments.to_vec());
    }
    let mut at = 0;
    let mut found: Option<(usize, usize, &'static Sub, &'static str)> = None;
    let own = style(command, None);
    while let Some(word) = arguments.get(at) {
        let head = word.value.head();
        if head.starts_with('-') && head.len() > 1 {
            at += if own.takes_value(&word.shown()) { 2 } else { 1 };
            continue;
        }
        let here = arguments.get(at..).unwrap_or_default();
        let longest =
            command.sub.iter().flat_map(|sub| sub.names.iter().map(move |name| (name, sub))).filter_map(|(name, sub)| {
                let words: Vec<&str> = name.split(' ').collect();
                let same = words.len() <= here.len()
                    && words.iter().zip(here).all(|(word, field)| field.known().as_deref() == Some(word));
                same.then_some((words.len(), sub, name.as_str()))
            });
        found = longest.max_by_key(|(length, ..)| *length).map(|(length, sub, name)| (at, length, sub, name));
        break;
    }
    match found {
        Some((start, length, sub, name)) => {
            let before = arguments.get(..start).unwrap_or_default();
            let after = arguments.get(start + length..).unwrap_or_default();
            (Some((sub, name)), before.iter().chain(after).cloned().collect())
        }
        None => (None, arguments.to_vec()),
    }
}
