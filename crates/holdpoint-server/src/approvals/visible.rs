//! Text that somebody else wrote, cut into runs for a page.
//!
//! What a person would not see is spelled out ([`holdpoint_core::visible`]). Letters beyond ASCII may look like Latin ones and be
//! none: they stay as they are and are marked. Nothing is left out and nothing is cut.

use std::ops::Range;

pub(crate) use holdpoint_core::visible::Lines;
use holdpoint_core::visible::{is_hidden, spelled};

/// A run of characters that are shown alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    /// The text to show.
    pub(crate) text: String,
    /// How.
    pub(crate) kind: Kind,
    /// The numbers, from 1, of the effects that this run is responsible for.
    pub(crate) effects: Vec<usize>,
}

/// How a run is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters beyond ASCII: as they are, but marked.
    Foreign,
    /// Something that cannot be seen, spelled out.
    Hidden,
    /// Printable ASCII, as it is.
    Plain,
}

/// Cuts a text into runs.
pub(crate) fn runs(text: &str, lines: Lines) -> Vec<Run> {
    marked(text, lines, &[])
}

/// Cuts a text into runs and notes which effects each belongs to, by the effects' places in the text, in bytes.
pub(crate) fn marked(text: &str, lines: Lines, spans: &[Option<Range<usize>>]) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for (at, character) in text.char_indices() {
        let kind = kind(character, lines);
        let effects = effects_at(at, spans);
        match runs.last_mut() {
            Some(last) if last.kind == kind && last.effects == effects => show(character, kind, &mut last.text),
            _ => {
                let mut text = String::new();
                show(character, kind, &mut text);
                runs.push(Run { text, kind, effects });
            }
        }
    }
    runs
}

/// How many characters of a text cannot be seen.
pub(crate) fn hidden(text: &str, lines: Lines) -> usize {
    text.chars().filter(|character| kind(*character, lines) == Kind::Hidden).count()
}

fn effects_at(at: usize, spans: &[Option<Range<usize>>]) -> Vec<usize> {
    let here = |(n, span): (usize, &Option<Range<usize>>)| span.as_ref().is_some_and(|span| span.contains(&at)).then_some(n + 1);
    spans.iter().enumerate().filter_map(here).collect()
}

fn show(character: char, kind: Kind, text: &mut String) {
    match kind {
        Kind::Hidden => text.push_str(&spelled(character)),
        Kind::Foreign | Kind::Plain => text.push(character),
    }
}

fn kind(character: char, lines: Lines) -> Kind {
    match character {
        '\n' | '\t' if lines == Lines::Several => Kind::Plain,
        ' '..='~' => Kind::Plain,
        _ if is_hidden(character, lines) => Kind::Hidden,
        _ => Kind::Foreign,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_seen_is_spelled_out_and_counted() {
        let shown: String = runs("rm \u{202E}a\nb", Lines::One).into_iter().map(|run| run.text).collect();
        assert_eq!(shown, "rm ⟨U+202E⟩a⟨U+000A⟩b");
        assert_eq!(hidden("a\u{200B}\u{202E}b", Lines::One), 2);
    }

    #[test]
    fn letters_that_look_latin_and_are_not_are_marked() {
        let of = |text: &str, kind| Run { text: text.into(), kind, effects: vec![] };
        let expected = [of("p", Kind::Plain), of("\u{430}", Kind::Foreign), of("ypal", Kind::Plain)];
        assert_eq!(runs("p\u{430}ypal", Lines::One), expected);
    }

    #[test]
    fn nothing_is_lost_between_the_runs() {
        let text = "echo caf\u{e9}\u{200D}; rm x\n";
        let without_hidden: String =
            runs(text, Lines::Several).into_iter().filter(|run| run.kind != Kind::Hidden).map(|run| run.text).collect();
        assert_eq!(without_hidden, text.replace('\u{200D}', ""));
    }

    #[test]
    fn each_run_knows_the_effects_it_is_responsible_for() {
        let text = "cd x && rm -rf y";
        let runs = marked(text, Lines::Several, &[Some(8..16), None, Some(15..16), Some(90..99)]);
        let told: Vec<_> = runs.iter().map(|run| (run.text.as_str(), run.effects.clone())).collect();
        assert_eq!(told, [("cd x && ", vec![]), ("rm -rf ", vec![1]), ("y", vec![1, 3])]);
    }
}
