//! Containers: what a command does inside one, and which files of this machine it is given.
//!
//! *Out of scope:* what is done to containers, images and volumes themselves (`families/containers.toml`, `families/kubernetes.toml`).

use holdpoint_core::effect::{Effect, Environment, Verb};
use holdpoint_core::question::{Place as Lies, Question};

use super::apply::Applied;
use super::destroyers::PROGRAM_DIRECTORIES;
use super::files::Target;
use super::images;
use super::options::{Line, Style, parse};
use super::subcommands::behind_subcommand;
use super::syntax::Span;
use super::value::{Field, Value};
use super::walker::{Site, Walker};
use super::wrappers::is_shell;
use crate::families::Place;

impl Walker<'_> {
    /// Secrets of this machine that a container is given: as files, which whatever runs in it may read, or in a directory of which
    /// its command names them.
    pub(super) fn lent_to_container(&mut self, applied: &Applied<'_>, words: &[Field]) {
        let volumes = ["-v", "--volume"].iter().flat_map(|name| applied.line.values(name)).filter_map(volume);
        let mounts = applied.line.values("--mount").filter_map(mount);
        let lent: Vec<(Field, String)> = volumes.chain(mounts).collect();
        self.told_to_image(applied, &lent);
        for (source, inside) in lent {
            self.look_by_name(&source, applied.directory);
            for word in words {
                for rest in paths_below(&inside, &word.shown()) {
                    let path = Value::text(format!("{}/{rest}", source.shown().trim_end_matches('/')));
                    self.look_by_name(&Field::new(path, word.span.clone()), applied.directory);
                }
            }
        }
    }

    /// Files of variables and directories of secrets that an image gets which neither the project's people nor well-known ones make.
    fn told_to_image(&mut self, applied: &Applied<'_>, lent: &[(Field, String)]) {
        let words = behind_subcommand(applied.command, applied.arguments);
        let (line, used) = in_front(&words, applied.sub.map(|sub| sub.valued.as_slice()));
        let files: Vec<Field> = line.values("--env-file").cloned().collect();
        let owner = words.get(used).and_then(Field::known).and_then(|image| images::owner(&image).map(str::to_owned));
        let (Some(owner), false) = (owner, (files.is_empty() && lent.is_empty()) || applied.program.ends_with("-compose")) else {
            return;
        };
        let origin = applied.directory.and_then(|directory| {
            let question = Question::GitRemote { directory: directory.to_owned(), name: "origin".to_owned() };
            self.world.name(question).flatten().map(str::to_owned)
        });
        let is_ours = origin.is_some_and(|address| address.split(['/', ':']).any(|part| part.eq_ignore_ascii_case(&owner)));
        if self.site == Site::Here && !is_ours {
            files.iter().for_each(|file| self.look_by_name(file, applied.directory));
            for (source, _) in lent {
                if self.names_a_secret(source, applied.directory) {
                    self.look(source, applied.directory);
                }
            }
        }
    }

    pub(super) fn containers(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(applied) = self.taken_apart(program, arguments, directory, span) else { return };
        if applied.line.operands.first().and_then(Field::known).as_deref() == Some("compose")
            || applied.sub_name.starts_with("compose ")
        {
            let at = arguments.iter().position(|field| field.known().as_deref() == Some("compose")).unwrap_or(0);
            let words = arguments.get(at + 1..).unwrap_or_default();
            return match self.place(Place::Docker, &applied) {
                Environment::Local => self.containers("docker-compose", words, directory, span),
                there => self.elsewhere(there, |walker| walker.containers("docker-compose", words, directory, span)),
            };
        }
        let environment = self.place(Place::Docker, &applied);
        let words = behind_subcommand(applied.command, arguments);
        if matches!(applied.sub_name, "exec" | "container exec") {
            return self.looks_or_runs(&applied, |walker, applied| {
                walker.inside(words, applied.sub.map(|sub| sub.valued.as_slice()), Site::There(environment), span)
            });
        }
        self.apply(program, applied.command, arguments, directory, span);
        self.lent_to_container(&applied, &words);
        if program.ends_with("-compose") {
            self.compose_files(&applied, directory, span);
        } else if applied.sub_name.ends_with("build") {
            self.image_build(&applied, directory, span);
        }
        match applied.sub_name {
            "run" | "container run" => {
                let shares = ["-v", "--volume", "--mount", "--volumes-from", "--privileged", "--pid", "--device"];
                let shared = shares.iter().any(|name| applied.line.has(name));
                let site = if shared { Site::There(environment.clone()) } else { Site::Throwaway };
                let words = started(&words, applied.sub.map(|sub| sub.valued.as_slice()));
                if words.is_empty() {
                    return;
                }
                if program.ends_with("-compose") && !shared {
                    self.lost_in_service(&words, environment, span);
                }
                self.home_lent_to_unknown(&applied, &words, span);
                self.at_site(site, |walker| walker.run_words(&words, None, span));
            }
            _ => {}
        }
    }

    /// Holds a program of which only its path is known where it may change files of the home that lie outside of any project.
    fn home_lent_to_unknown(&mut self, applied: &Applied<'_>, words: &[Field], span: &Span) {
        let Some(program) = words.first().map(Field::shown).filter(|name| is_of_no_system(name)) else { return };
        let volumes = ["-v", "--volume"].iter().flat_map(|name| applied.line.values(name)).filter_map(|field| {
            let only_read = field.known().is_none_or(|text| text.rsplit(':').next().is_some_and(|end| end.starts_with("ro")));
            volume(field).filter(|_| !only_read)
        });
        let mounts = applied.line.values("--mount").filter(|field| !field.shown().contains("readonly")).filter_map(mount);
        let lent: Vec<Field> = volumes.chain(mounts).map(|(source, _)| source).collect();
        let is_of_home = |source: &Field| match self.target(&source.value, applied.directory) {
            Target::Exactly(path) => {
                self.facts(&path).is_some_and(|facts| facts.place == Lies::Home) && !self.is_in_tools_of_home(&path)
            }
            _ => false,
        };
        if lent.iter().any(is_of_home) {
            self.unseen_code(&program, "files of the home, which it may change", span);
        }
    }

    /// What a command loses in the volumes that a service of compose has by its file. What else it does ends with its container.
    fn lost_in_service(&mut self, words: &[Field], environment: Environment, span: &Span) {
        let before = self.noted();
        self.at_site(Site::There(environment), |walker| walker.run_words(words, None, span));
        let loses = |effect: &Effect| {
            let verb = matches!(effect.verb, Verb::Delete | Verb::Overwrite);
            let passing = ["/tmp/", "/var/tmp/"].iter().any(|place| effect.resource.name.starts_with(place));
            // What nobody determines is called by the root of all.
            verb && effect.resource.name.strip_prefix('/').is_some_and(|name| !name.is_empty()) && !passing
        };
        self.take_noted(before).into_iter().filter(loses).for_each(|effect| self.note(effect));
    }

    pub(super) fn kubectl(&mut self, program: &str, arguments: &[Field], directory: Option<&str>, span: &Span) {
        let Some(applied) = self.taken_apart("kubectl", arguments, directory, span) else { return };
        if applied.sub_name != "exec" {
            return self.apply(program, applied.command, arguments, directory, span);
        }
        let site = Site::There(self.place(Place::Kubernetes, &applied));
        let words = behind_subcommand(applied.command, arguments);
        self.looks_or_runs(&applied, |walker, applied| {
            match arguments.iter().position(|field| field.known().as_deref() == Some("--")) {
                Some(at) => {
                    let words = arguments.get(at + 1..).unwrap_or_default();
                    walker.at_site(site, |walker| walker.run_words(words, None, span));
                }
                None => walker.inside(words, applied.sub.map(|sub| sub.valued.as_slice()), site, span),
            }
        });
    }

    /// Follows a command inside a system that runs. Where it plainly looks, that is all there is to say of it; a shell's own
    /// variables are not looked at here, so a shell counts as more.
    fn looks_or_runs(&mut self, applied: &Applied<'_>, follow: impl FnOnce(&mut Self, &Applied<'_>)) {
        let before = self.noted();
        let mut ran = std::mem::take(&mut self.ran);
        follow(self, applied);
        let shells = self.ran.iter().any(|name| is_shell(name));
        self.ran.append(&mut ran);
        if self.only_looked(before) && !shells {
            return;
        }
        let inner = self.take_noted(before);
        self.apply(applied.program, applied.command, applied.arguments, applied.directory, &applied.span);
        inner.into_iter().for_each(|effect| self.note(effect));
    }

    /// Follows the command behind the options and the first operand (a container, an image, a pod).
    fn inside(&mut self, words: Vec<Field>, valued: Option<&[String]>, site: Site, span: &Span) {
        let (_, used) = in_front(&words, valued);
        let rest = words.get(used + 1..).unwrap_or_default();
        if !rest.is_empty() {
            self.at_site(site, |walker| walker.run_words(rest, None, span));
        }
    }
}

/// The options in front of a container or an image, and how many words they are.
fn in_front(words: &[Field], valued: Option<&[String]>) -> (Line, usize) {
    parse(words, Style { valued: [valued.unwrap_or_default(), &[]], stops_at_operand: true, ..Style::default() })
}

/// What a new container runs: the words behind the image, behind the entry point that an option or the image itself puts there.
fn started(words: &[Field], valued: Option<&[String]>) -> Vec<Field> {
    let (line, used) = in_front(words, valued);
    let rest = words.get(used + 1..).unwrap_or_default();
    let begin = match line.values("--entrypoint").last() {
        Some(given) => entry_point(given),
        None => {
            let image = words.get(used);
            let program = image.and_then(Field::known).and_then(|name| images::runs(&name, rest));
            program.zip(image).map(|(program, image)| Field::new(Value::text(program), image.span.clone())).into_iter().collect()
        }
    };
    begin.into_iter().chain(rest.iter().cloned()).collect()
}

/// The words of `--entrypoint`: one, a list as JSON (podman) or a line (compose); an empty one takes the image's away.
fn entry_point(given: &Field) -> Vec<Field> {
    let Some(text) = given.known() else { return vec![given.clone()] };
    let words =
        serde_json::from_str::<Vec<String>>(&text).unwrap_or_else(|_| text.split_whitespace().map(str::to_owned).collect());
    words.into_iter().map(|word| Field::new(Value::text(word), given.span.clone())).collect()
}

/// `SOURCE:INSIDE[:OPTIONS]`, where the source is a path.
fn volume(field: &Field) -> Option<(Field, String)> {
    let text = field.known()?;
    let (source, rest) = text.split_once(':')?;
    let inside = rest.split(':').next().unwrap_or_default();
    source.starts_with(['/', '.', '~']).then(|| (Field::new(Value::text(source), field.span.clone()), inside.to_owned()))
}

/// `type=bind,source=SOURCE,target=INSIDE`, in any order and under any of its names.
fn mount(field: &Field) -> Option<(Field, String)> {
    let text = field.known()?;
    let value = |names: &[&str]| {
        let mut parts = text.split(',').filter_map(|part| part.split_once('='));
        parts.find(|(name, _)| names.contains(name)).map(|(_, value)| value.to_owned())
    };
    let source = value(&["source", "src"]).filter(|_| value(&["type"]).as_deref() == Some("bind"))?;
    Some((Field::new(Value::text(source), field.span.clone()), value(&["target", "destination", "dst"])?))
}

/// Whether a program is called by a path that is none of a system's own.
fn is_of_no_system(program: &str) -> bool {
    program.contains('/') && !PROGRAM_DIRECTORIES.iter().any(|place| program.rsplit_once('/').is_some_and(|(at, _)| at == *place))
}

/// What stands behind a directory in the paths that a word, or a text for a shell, names below it.
fn paths_below(directory: &str, word: &str) -> Vec<String> {
    let directory = format!("{}/", directory.trim_end_matches('/'));
    let names = word.split(|sign: char| sign.is_whitespace() || "'\";|&()<>=".contains(sign));
    names.filter_map(|name| name.strip_prefix(&directory)).filter(|rest| !rest.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_point_stands_before_what_is_behind_the_image() {
        let begins = |line: &str| {
            let words: Vec<Field> = line.split(' ').map(|word| Field::new(Value::text(word), 0..0)).collect();
            let valued = ["--entrypoint".to_owned(), "-v".to_owned()];
            started(&words, Some(&valued)).iter().map(Field::shown).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(begins("--entrypoint rm -v a:/d alpine -rf /d"), "rm -rf /d");
        assert_eq!(begins("--entrypoint [\"rm\",\"-r\"] alpine /d"), "rm -r /d");
        assert_eq!(begins("amazon/aws-cli s3 ls"), "aws s3 ls");
        assert_eq!(begins("--entrypoint= amazon/aws-cli ls"), "ls");
        assert_eq!(begins("alpine ls /"), "ls /");
    }

    #[test]
    fn what_a_container_is_lent_is_found_where_it_has_it() {
        let field = |text: &str| Field::new(Value::text(text), 0..0);
        let lent = |found: Option<(Field, String)>| found.map(|(source, inside)| (source.shown(), inside));
        assert_eq!(lent(volume(&field("/home/a/.aws:/a:ro"))), Some(("/home/a/.aws".to_owned(), "/a".to_owned())));
        assert_eq!(lent(volume(&field("pgdata:/d"))), None);
        assert_eq!(lent(mount(&field("type=bind,target=/a,src=/x"))), Some(("/x".to_owned(), "/a".to_owned())));
        assert_eq!(lent(mount(&field("type=volume,target=/a,src=x"))), None);
        assert_eq!(paths_below("/a", "cat /a/credentials; ls /ab/x"), ["credentials"]);
    }
}
