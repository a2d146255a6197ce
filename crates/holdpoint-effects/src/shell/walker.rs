//! What follows a text: the state it carries, the branches it tells apart and joins, and the effects it notes.
//!
//! *Out of scope:* how each thing is followed. `walk.rs` has the structure; the acts of programs, builtins and wrappers on the
//! walker stand each in a file of their own.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::rc::Rc;

use holdpoint_core::effect::{Alternative, Certainty, Effect, Environment, ResourceKind, Reversibility, Verb};

use super::budget::{Budget, DEPTH_MAX};
use super::dialect::Dialect;
use super::effect::{plain, unread, wants_alternative};
use super::expand::inherited;
use super::state::State;
use super::syntax::{Command, Span};
use super::value::{Field, Value};
use crate::world::World;

/// What a command finds on its standard input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// A file of the asker's machine.
    File(String),
    /// Nothing that the line says.
    Inherited,
    /// The names of these files.
    Listed(Vec<Field>),
    /// Something another program prints.
    Piped,
    /// This text.
    Text(Value),
}

/// What names held before a function made them its own.
pub(crate) type Hidden = BTreeMap<String, (Option<Vec<Value>>, Option<Vec<Value>>)>;

/// A function that is being followed.
pub(crate) struct Call {
    pub(crate) body: Rc<Command>,
    /// The state in which it was called.
    pub(crate) start: State,
    /// Whether it was called again while it was followed.
    pub(crate) again: bool,
}

/// Which names globs match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Globs {
    Usual,
    /// Those that begin with a dot as well (`dotglob`, `GLOBIGNORE`).
    Hidden,
    /// Nobody knows (`nocaseglob`).
    Any,
}

/// Where commands run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Site {
    Here,
    /// In a container, or on another machine: nothing can be asked about its files.
    There(Environment),
    /// In a container that is made for the command and shares nothing with the machine.
    Throwaway,
}

/// Follows one artefact.
pub(crate) struct Walker<'w> {
    pub(crate) world: &'w World<'w>,
    pub(crate) budget: &'w Budget,
    pub(crate) depth: usize,
    pub(crate) state: State,
    pub(crate) input: Input,
    pub(crate) site: Site,
    /// The span that everything has while a text is read that is not a piece of the artefact.
    pub(crate) within: Option<Span>,
    /// The command that is being followed.
    pub(crate) at: Span,
    /// The functions being followed: one that calls itself is followed once.
    pub(crate) calling: Vec<Call>,
    /// The files being read as scripts.
    pub(crate) reading: BTreeSet<String>,
    /// How many recipes of task files are being followed, one inside of the other.
    pub(crate) recipes: usize,
    /// The names of the programs and builtins that may run.
    pub(crate) ran: BTreeSet<String>,
    /// The files whose names the last program printed, where it is one that lists.
    pub(crate) listed: Option<Vec<Field>>,
    /// Whether a loop is being followed.
    pub(crate) looping: bool,
    /// The states in which `break` and `continue` left the loop being followed, and `return` the function.
    pub(crate) loop_exits: Option<Vec<State>>,
    pub(crate) function_exits: Option<Vec<State>>,
    /// What the local names of the functions being followed hid.
    pub(crate) locals: Vec<Hidden>,
    /// What the descriptors above the standard ones read.
    pub(crate) descriptors: BTreeMap<String, Input>,
    /// Whether the redirections of this command stay, as those of `exec` do.
    pub(crate) keeps_redirections: bool,
    /// What the text's aliases stand for, whether or not they are on.
    pub(crate) aliases: BTreeMap<String, BTreeSet<String>>,
    /// Which names globs match besides those of bash's default options.
    pub(crate) globs: Globs,
    /// How many commands were followed, and how many when the standard input was last set.
    pub(crate) commands: usize,
    pub(crate) commands_at_input: usize,
    /// Whether the last stage of a pipeline runs in this shell (`shopt -s lastpipe`).
    pub(crate) last_stage_stays: bool,
    /// What `trap` registered, to be followed once more with the variables of the end.
    pub(crate) traps: Vec<(Value, Span)>,
    effects: Vec<Effect>,
    seen: HashSet<Effect>,
    /// Whether a bound was reached, so that nothing more is followed.
    pub(super) stopped: bool,
}

/// Most times that the body of a loop is followed.
const ROUNDS_MAX: usize = 4;

/// Most effects that are collected; [`holdpoint_core::effect::Effects`] takes fewer.
const EFFECTS_MAX: usize = 1024;

impl<'w> Walker<'w> {
    pub(crate) fn new(world: &'w World<'w>, budget: &'w Budget) -> Self {
        Self {
            world,
            budget,
            depth: 0,
            state: State { dialect: Dialect::of_host(world), ..State::new(world.directory().to_owned()) },
            input: Input::Inherited,
            site: Site::Here,
            within: None,
            at: 0..0,
            calling: Vec::new(),
            reading: BTreeSet::new(),
            recipes: 0,
            ran: BTreeSet::new(),
            listed: None,
            looping: false,
            loop_exits: None,
            function_exits: None,
            locals: Vec::new(),
            descriptors: BTreeMap::new(),
            keeps_redirections: false,
            aliases: BTreeMap::new(),
            globs: Globs::Usual,
            commands: 0,
            commands_at_input: 0,
            last_stage_stays: false,
            traps: Vec::new(),
            effects: Vec::new(),
            seen: HashSet::new(),
            stopped: false,
        }
    }

    /// The effects found, in the order of the text, and the names of what may run.
    pub(crate) fn finish(mut self) -> (Vec<Effect>, BTreeSet<String>) {
        if self.budget.is_spent() {
            self.stop(0..0);
        }
        (self.effects, self.ran)
    }

    /// How many effects were noted so far.
    pub(crate) fn noted(&self) -> usize {
        self.effects.len()
    }

    /// The effects that were noted since there were so many.
    pub(super) fn noted_since(&self, count: usize) -> &[Effect] {
        self.effects.get(count..).unwrap_or_default()
    }

    /// Notes an effect. The same effect from another branch is noted once.
    pub(crate) fn note(&mut self, mut effect: Effect) {
        match &self.site {
            Site::There(environment) if effect.environment == Environment::Local => effect.environment = environment.clone(),
            Site::Throwaway if effect.environment == Environment::Local => {
                effect.reversibility = effect.reversibility.min(Reversibility::Regenerable);
                // Its files are nobody's own, whatever they are called.
                if effect.resource.name.starts_with('/') {
                    effect.resource.kind = ResourceKind::File;
                }
            }
            Site::Here | Site::There(_) | Site::Throwaway => {}
        }
        if let Some(within) = &self.within {
            effect.span = Some(within.clone());
        }
        let (span, safer) = (effect.span.take(), effect.safer.take());
        if self.effects.len() < EFFECTS_MAX && self.seen.insert(effect.clone()) {
            effect.span = span.filter(|span| !span.is_empty());
            effect.safer = safer;
            self.effects.push(effect);
            // So many are opaque as a whole, whatever follows.
            self.stopped |= self.effects.len() == EFFECTS_MAX;
        }
    }

    /// Whether all that was noted since there were `count` effects are looks at nothing telling.
    pub(crate) fn only_looked(&self, count: usize) -> bool {
        let looks = |effect: &Effect| {
            let telling = matches!(
                effect.resource.kind,
                ResourceKind::Credential | ResourceKind::Guard | ResourceKind::Privilege | ResourceKind::Secret
            );
            effect.verb == Verb::Read && effect.certainty == Certainty::Exact && !telling
        };
        self.effects.get(count..).is_some_and(|noted| !noted.is_empty() && noted.iter().all(looks))
    }

    /// Takes back the effects noted since there were `count` of them.
    pub(super) fn take_noted(&mut self, count: usize) -> Vec<Effect> {
        let taken = self.effects.split_off(count.min(self.effects.len()));
        for effect in &taken {
            self.seen.remove(&Effect { span: None, safer: None, ..effect.clone() });
        }
        taken
    }

    /// Whether one of the effects noted since there were `count` has no alternative and could do with one.
    pub(super) fn lacks_alternative(&self, count: usize) -> bool {
        self.effects.iter().skip(count).any(|effect| effect.safer.is_none() && wants_alternative(effect))
    }

    /// Whether something was noted since there were `count` effects that cannot be read.
    pub(super) fn noted_opaque(&self, count: usize) -> bool {
        self.effects.iter().skip(count).any(|effect| effect.certainty == Certainty::Opaque)
    }

    /// Gives the effects noted since there were `count` an alternative where they have none.
    pub(super) fn give(&mut self, count: usize, alternative: &Alternative) {
        let lacking = self.effects.iter_mut().skip(count).filter(|effect| effect.safer.is_none() && wants_alternative(effect));
        lacking.for_each(|effect| effect.safer = Some(Box::new(alternative.clone())));
    }

    /// Gives the effects noted since there were `count` an alternative in place of any they have.
    pub(super) fn give_instead(&mut self, count: usize, alternative: &Alternative) {
        let noted = self.effects.iter_mut().skip(count).filter(|effect| wants_alternative(effect));
        noted.for_each(|effect| effect.safer = Some(Box::new(alternative.clone())));
    }

    /// A comment, an assignment or a definition alone has no effect outside the shell, and that is said. Where a program may
    /// run and nothing was noted the list stays empty, which reads as opaque.
    pub(crate) fn note_if_idle(&mut self) {
        if self.effects.is_empty() && self.ran.is_empty() {
            let summary = "Does nothing outside the shell".to_owned();
            self.note(plain(Verb::Read, ResourceKind::Program, "bash", summary, 0..0));
        }
    }

    /// Notes something that cannot be read.
    pub(crate) fn opaque(&mut self, name: &str, why: &str, span: Span) {
        self.note(unread(name, why, span));
    }

    /// Notes that a bound is reached and follows nothing more.
    pub(crate) fn stop(&mut self, span: Span) {
        if !self.stopped {
            self.stopped = true;
            self.opaque("", "it does more than is followed", span);
        }
    }

    /// Goes one level deeper, or notes that the bound is reached.
    pub(crate) fn deeper(&mut self, span: &Span) -> bool {
        if self.depth >= DEPTH_MAX {
            self.opaque("", "it is nested more deeply than is read", span.clone());
            return false;
        }
        self.depth += 1;
        true
    }

    /// A copy of the state, paid for.
    pub(crate) fn copied(&mut self) -> Option<State> {
        if self.budget.walk_steps(self.state.size()) {
            return Some(self.state.clone());
        }
        self.stop(0..0);
        None
    }

    /// Follows something in a shell of its own: what it sets is gone afterwards.
    pub(crate) fn apart(&mut self, follow: impl FnOnce(&mut Self)) {
        let Some(before) = self.copied() else { return };
        let (input, descriptors) = (self.input.clone(), self.descriptors.clone());
        follow(self);
        (self.input, self.descriptors) = (input, descriptors);
        let inner = std::mem::replace(&mut self.state, before);
        self.state.made = inner.made;
        self.state.moved = inner.moved;
        self.state.links = inner.links;
        self.state.written = inner.written;
        self.state.held = inner.held;
        self.state.built = inner.built;
        self.state.brought = inner.brought;
        self.state.remotes = inner.remotes;
        self.state.stirred = inner.stirred;
        self.state.branch = inner.branch;
    }

    /// Follows something that may happen or not.
    pub(super) fn perhaps(&mut self, follow: impl FnOnce(&mut Self)) {
        let Some(before) = self.copied() else { return };
        follow(self);
        self.or_else(before);
    }

    /// Follows something that may happen again and again, until once more would do nothing new.
    pub(super) fn repeatedly(&mut self, follow: impl Fn(&mut Self)) {
        let outer = std::mem::replace(&mut self.looping, true);
        for round in 0..ROUNDS_MAX {
            let Some(before) = self.copied() else { break };
            let exits = self.loop_exits.replace(Vec::new());
            follow(self);
            for exit in std::mem::replace(&mut self.loop_exits, exits).unwrap_or_default() {
                self.or_else(exit);
            }
            let directory = before.directories.first().cloned().flatten();
            let inherited = |name: &str| inherited(name, self.world, directory.as_deref());
            if !self.state.alive || before.covers(&self.state, &inherited) {
                self.or_else(before);
                self.looping = outer;
                return;
            }
            self.state = before.widened(&self.state, round > 0, &inherited);
        }
        self.looping = outer;
        self.opaque("", "a loop changes more than is followed", 0..0);
    }

    /// Leaves the loop or the function that is being followed; `false` where there is none.
    pub(super) fn leaves(&mut self, is_loop: bool) -> bool {
        let Some(state) = self.copied() else { return true };
        let exits = if is_loop { &mut self.loop_exits } else { &mut self.function_exits };
        match exits {
            Some(exits) => {
                exits.push(state);
                self.state.alive = false;
                true
            }
            None => false,
        }
    }

    /// The current state may also be `other`.
    pub(super) fn or_else(&mut self, other: State) {
        let own = std::mem::replace(&mut self.state, State::new(String::new()));
        self.state = self.joined(own, other);
    }

    pub(super) fn joined(&self, one: State, other: State) -> State {
        let directory = one.directories.first().cloned().flatten();
        one.join(other, &|name| inherited(name, self.world, directory.as_deref()))
    }
}
