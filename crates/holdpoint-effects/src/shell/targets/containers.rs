//! What `docker compose up` lends to containers of the machine, and what `docker build` lends to the steps of a build, as their files
//! say. Whatever the files say, the families say the rest.

use holdpoint_core::effect::{Effect, Environment, ResourceKind, Reversibility, Verb};

use super::super::apply::Applied;
use super::super::effect::plain;
use super::super::syntax::Span;
use super::super::value::{Field, Value};
use super::super::walker::{Site, Walker};
use super::set_variable;
use crate::families;
use crate::recipe::{Step, compose, dockerfile};
use crate::world::absolute;

/// The files of compose, as it looks for them.
const USUAL: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"];
const OVERRIDES: [&str; 4] =
    ["compose.override.yaml", "compose.override.yml", "docker-compose.override.yaml", "docker-compose.override.yml"];
/// The commands that start containers.
const STARTS: [&str; 6] = ["create", "restart", "run", "start", "up", "watch"];

impl Walker<'_> {
    /// `compose up`: what the services are lent.
    pub(in super::super) fn compose_files(&mut self, applied: &Applied<'_>, directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let command = applied.sub_name;
        if !STARTS.contains(&command) {
            return;
        }
        let named: Vec<String> = applied.line.operands.iter().filter_map(Field::known).collect();
        let directory = directory.to_owned();
        let mut files: Vec<(String, String)> = ["-f", "--file"]
            .iter()
            .flat_map(|name| applied.line.values(name))
            .filter_map(Field::known)
            .filter_map(|file| self.first_text(&[file], &directory))
            .collect();
        if files.is_empty() {
            let found = self.nearest_text(&USUAL.map(str::to_owned), &directory);
            let more = found.as_ref().and_then(|(.., place)| self.first_text(&OVERRIDES.map(str::to_owned), place));
            files = found.map(|(path, text, _)| (path, text)).into_iter().chain(more).collect();
        }
        let named: Vec<String> = if command == "run" { named.iter().take(1).cloned().collect() } else { named };
        let variable = |name: &str| set_variable(self, name);
        let services: Vec<(String, compose::Service)> = files
            .iter()
            .flat_map(|(path, text)| {
                let services = compose::services(text, &named, &variable).unwrap_or_default();
                services.into_iter().map(|service| (path.clone(), service))
            })
            .collect();
        for (path, service) in services {
            self.lend(&path, &service, span);
        }
    }

    /// What a service is lent, judged as a `docker run` that says the same.
    fn lend(&mut self, path: &str, service: &compose::Service, span: &Span) {
        let Some(docker) = families::command("docker") else { return };
        let place = path.rsplit_once('/').map_or("/", |(place, _)| place).to_owned();
        let before = self.noted();
        let texts = std::iter::once("run".to_owned()).chain(service.options.iter().cloned()).chain([service.name.clone()]);
        let words: Vec<Field> = texts.map(|text| Field::new(super::value_of(&text), span.clone())).collect();
        let applied = Applied::of("docker", docker, &words, Some(&place), span);
        self.apply("docker", docker, &words, Some(&place), span);
        self.lent_to_container(&applied, &[]);
        for file in &service.files {
            let file = Field::new(Value::text(file.as_str()), span.clone());
            self.look_by_name(&file, Some(&place));
        }
        // A directory of secrets is lent with all that is in it.
        let homes: Vec<String> =
            service.options.iter().filter_map(|option| option.split_once(':')).map(|(source, _)| source.to_owned()).collect();
        for source in homes.into_iter().chain(service.files.iter().cloned()) {
            self.lends_secrets(&source, span);
        }
        let sources = service.options.iter().filter_map(|option| option.split_once(':')).map(|(source, _)| source.to_owned());
        for source in sources.filter(|source| source.starts_with(['/', '~'])) {
            self.lends_home(&source, &service.name, span);
        }
        let lost = self.noted();
        self.done_by_service(service, &place, span);
        let lost = self.take_noted(lost);
        let step =
            Step { text: format!("services.{}", service.name), line: service.line, file: path.to_owned(), ..Step::default() };
        // That a container runs is what the command says by itself.
        let worth = self.take_noted(before).into_iter().filter(|effect| effect.verb == Verb::Grant || is_secret(effect));
        let lost = lost.into_iter().filter(|effect| !self.is_own_affair(effect));
        let told: Vec<Effect> = worth.chain(lost).map(|effect| super::placed(effect, &step)).collect();
        told.into_iter().for_each(|effect| self.note(effect));
    }

    /// What a service's command loses of the machine: what lies there below its mounts. The rest ends with its container.
    fn done_by_service(&mut self, service: &compose::Service, place: &str, span: &Span) {
        let Some(command) = &service.command else { return };
        let mounts: Vec<(&str, &str)> = service.options.iter().filter_map(|option| mount(option)).collect();
        if mounts.is_empty() {
            return;
        }
        let before = self.noted();
        let directory = service.directory.clone();
        self.at_site(Site::There(Environment::Local), |walker| {
            walker.state.directories = vec![directory];
            walker.inner_text(&super::value_of(command), span.clone());
        });
        let loses = |effect: &Effect| matches!(effect.verb, Verb::Delete | Verb::Overwrite);
        let lost: Vec<Effect> = self.take_noted(before).into_iter().filter(loses).collect();
        for effect in lost {
            for path in mounts.iter().filter_map(|mount| outside(&effect.resource.name, *mount)) {
                let path = Field::new(Value::text(path), span.clone());
                match effect.verb {
                    Verb::Delete => self.delete(&path, Some(place)),
                    _ => self.overwrite(&path, Some(place)),
                }
            }
        }
    }

    /// A mount of a directory in the home where secrets lie.
    fn lends_secrets(&mut self, source: &str, span: &Span) {
        let in_home =
            self.world.home().is_some_and(|home| source.strip_prefix(home).is_some_and(|below| below.starts_with("/.")));
        if in_home {
            self.look(&Field::new(Value::text(source), span.clone()), None);
        }
    }

    /// A mount of the whole home, or of what holds it.
    fn lends_home(&mut self, source: &str, service: &str, span: &Span) {
        let Some(home) = self.world.home() else { return };
        let bare = source.strip_prefix('~').map_or_else(|| source.to_owned(), |rest| format!("{home}{rest}"));
        let source = absolute(&bare, "/");
        if source == home || source == "/" || home.strip_prefix(&source).is_some_and(|below| below.starts_with('/')) {
            let summary = format!("Starts the container `{service}`, which can change everything in `{source}`");
            let effect = plain(Verb::Grant, ResourceKind::Privilege, &source, summary, span.clone());
            self.note(Effect { reversibility: Reversibility::Effort, ..effect });
        }
    }

    /// `docker build -o`: a directory that is written over, or `type=KIND,dest=PATH`, where only some kinds are directories.
    fn build_output(&mut self, output: &Field, directory: &str) {
        let Some(text) = output.known() else { return self.unpack(output, Some(directory)) };
        let value = |names: &[&str]| {
            let mut parts = text.split(',').filter_map(|part| part.split_once('='));
            parts.find(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
        };
        let kind = value(&["type"]);
        let place = if kind.is_none() && !text.contains('=') { Some(text.clone()) } else { value(&["dest"]) };
        let Some(place) = place.filter(|place| place != "-") else { return };
        let place = Field::new(Value::text(place), output.span.clone());
        match kind.as_deref() {
            None | Some("local") => self.unpack(&place, Some(directory)),
            Some(_) => self.overwrite(&place, Some(directory)),
        }
    }

    /// `docker build`: the steps that are lent a secret or the SSH agent may hand it on.
    pub(in super::super) fn image_build(&mut self, applied: &Applied<'_>, directory: Option<&str>, span: &Span) {
        let (Site::Here, Some(directory)) = (&self.site, directory) else { return };
        let line = &applied.line;
        let outputs: Vec<Field> = ["-o", "--output"].iter().flat_map(|name| line.values(name)).cloned().collect();
        outputs.iter().for_each(|output| self.build_output(output, directory));
        if !line.has("--secret") && !line.has("--ssh") {
            return;
        }
        let directory = directory.to_owned();
        let line = &applied.line;
        let Some(context) = line.operands.last().and_then(Field::known) else { return };
        let named = ["-f", "--file"].iter().flat_map(|name| line.values(name)).find_map(Field::known);
        let context = absolute(&context, &directory);
        let found = match named {
            Some(file) => self.first_text(&[file], &directory),
            None => self.first_text(&["Dockerfile".to_owned(), "Containerfile".to_owned()], &context),
        };
        let Some((path, text)) = found else { return };
        for (text, number) in dockerfile::lent_steps(&text) {
            let step = Step { text, line: number, file: path.clone(), ..Step::default() };
            let before = self.noted();
            let outer = std::mem::replace(&mut self.site, Site::Throwaway);
            self.apart(|walker| walker.inner_text(&Value::text(step.text.as_str()), span.clone()));
            self.site = outer;
            let sent = self.take_noted(before).into_iter().filter(|effect| effect.verb == Verb::Publish);
            let told: Vec<Effect> = sent.map(|effect| super::placed(effect, &step)).collect();
            told.into_iter().for_each(|effect| self.note(effect));
        }
    }
}

/// `SOURCE:INSIDE[:MODE]` of a directory of the machine.
fn mount(option: &str) -> Option<(&str, &str)> {
    let (source, rest) = option.split_once(':')?;
    let inside = rest.split(':').next().unwrap_or_default();
    (source.starts_with(['/', '.', '~']) && inside.len() > 1).then_some((source, inside.trim_end_matches('/')))
}

/// The path on the machine that a path in a container is, by one of its mounts. Of a pattern, the directory in which it matches.
fn outside(path: &str, (source, inside): (&str, &str)) -> Option<String> {
    let plain = match path.find(['*', '?', '[']) {
        Some(at) => path.get(..at)?.rsplit_once('/').map_or("", |(place, _)| place),
        None => path,
    };
    let below = plain.strip_prefix(inside).filter(|below| below.is_empty() || below.starts_with('/'))?;
    Some(format!("{source}{below}"))
}

fn is_secret(effect: &Effect) -> bool {
    matches!(effect.resource.kind, ResourceKind::Credential | ResourceKind::Guard | ResourceKind::Secret)
}
