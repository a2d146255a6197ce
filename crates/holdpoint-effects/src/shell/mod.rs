//! Reads what bash would run.
//!
//! ```text
//! text ──► reader, words, dollar, heredoc, grammar ──► syntax ──► walk ──► command ─┬► builtin, wrapper, interpreter
//!   └────► structure (tree-sitter): must agree                     │                ├► readers, git, find
//!                                                                  └► expand        └► apply (families/*.toml) ──► effects
//! ```
//!
//! What the walk carries and notes is the `walker`; the files from `walk` to the right give it its acts.
//!
//! *In scope:* bash, read twice: our own reader decides, and tree-sitter-bash must see the same commands, or the text is
//! opaque. Every branch is followed; what the line does not determine is taken at its worst. All work is bounded.
//!
//! *Out of scope:* other languages (`interpreter.rs` says what it does with them), and extended globs (opaque). What zsh takes otherwise
//! is held (`zsh.rs`).

pub(crate) mod address;
mod aliases;
mod apply;
mod arithmetic;
mod assign;
mod attached;
mod braces;
mod brought;
pub(crate) mod budget;
mod builtin;
mod choices;
mod command;
mod containers;
mod descriptors;
mod destroyers;
mod dialect;
mod dollar;
mod editors;
mod effect;
mod expand;
mod fed;
mod fetch;
mod files;
mod fill;
mod filters;
mod find;
mod git;
mod grammar;
mod held;
mod heredoc;
mod history;
mod images;
mod interpreter;
pub(crate) mod leak;
mod links;
mod listed;
mod look;
mod looks;
mod lookup;
mod operators;
mod options;
mod origin;
mod outputs;
mod packed;
mod parameter;
mod passed;
mod patches;
mod perform;
mod postgres;
mod processes;
mod projects;
mod queries;
mod reader;
mod readers;
mod redirect;
mod remote;
mod request;
mod safer;
mod scan;
mod sed;
mod settings;
mod setup;
mod simple;
mod state;
mod stirred;
mod stranger;
mod structure;
mod subcommands;
mod syntax;
mod targets;
mod telling;
mod terminals;
mod told;
mod tongues;
pub(crate) mod value;
mod variables;
mod visit;
mod walk;
mod walker;
mod words;
mod wrapper;
mod wrappers;
mod zsh;

use std::collections::BTreeSet;

use holdpoint_core::change::Artefact;
use holdpoint_core::effect::Effect;

use self::budget::{Budget, TEXT_MAX_BYTES};
use self::value::{Field, Value};
use self::walker::Walker;
use crate::world::World;

/// Reads text that bash would run: its effects, and the names of the programs and builtins that may run.
pub(crate) fn text(text: &str, world: &World<'_>) -> (Vec<Effect>, BTreeSet<String>) {
    let budget = Budget::new();
    let mut walker = Walker::new(world, &budget);
    if text.len() > TEXT_MAX_BYTES {
        walker.opaque("", "it is longer than is read", 0..text.len());
    } else {
        walker.text(text, None);
        walker.last_traps();
        walker.note_if_idle();
    }
    walker.finish()
}

/// Reads a program and its arguments, with no shell between.
pub(crate) fn argv(argv: &[String], world: &World<'_>) -> (Vec<Effect>, BTreeSet<String>) {
    let budget = Budget::new();
    let mut walker = Walker::new(world, &budget);
    let spans = Artefact::word_spans(argv);
    let whole = 0..spans.last().map_or(0, |last| last.end);
    let fields: Vec<Field> = argv.iter().zip(spans).map(|(word, span)| Field::new(Value::text(word.as_str()), span)).collect();
    if argv.iter().map(String::len).sum::<usize>() > TEXT_MAX_BYTES || argv.iter().any(|word| word.contains('\0')) {
        walker.opaque("", "it is longer than is read, or holds a NUL byte", whole);
    } else {
        walker.run_words(&fields, Some(world.directory()), &whole);
    }
    walker.finish()
}
