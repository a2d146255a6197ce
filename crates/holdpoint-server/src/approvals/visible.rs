//! Text that somebody else wrote, so that a person sees every character of it.
//!
//! A line can be made to look like another one: with characters that take no room, that turn the direction of reading, that
//! move the cursor, or that look like a Latin letter and are none. Those of the first kinds are shown by their number,
//! `⟨U+202E⟩`; letters beyond ASCII stay as they are and are marked. Nothing is left out and nothing is cut.

use std::ops::Range;

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

/// Whether a text may have several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lines {
    /// A name or a sentence: a line break would be a trick.
    One,
    /// A script: line breaks and tabs are part of it.
    Several,
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
        Kind::Hidden => text.push_str(&format!("⟨U+{:04X}⟩", u32::from(character))),
        Kind::Foreign | Kind::Plain => text.push(character),
    }
}

fn kind(character: char, lines: Lines) -> Kind {
    match character {
        '\n' | '\t' if lines == Lines::Several => Kind::Plain,
        ' '..='~' => Kind::Plain,
        _ if character.is_control() || character.is_whitespace() || takes_no_room(character) => Kind::Hidden,
        _ => Kind::Foreign,
    }
}

/// Characters that are drawn as nothing, move what is drawn, or combine with what stands before them. Unicode 16: the general
/// categories Cf, Co, Cn of the first planes as far as they matter, `Default_Ignorable_Code_Point`, and combining marks.
fn takes_no_room(character: char) -> bool {
    matches!(u32::from(character),
        0x00AD | 0x034F | 0x061C | 0x070F | 0x08E2 | 0x115F | 0x1160 | 0x17B4 | 0x17B5 | 0x3164 | 0xFEFF | 0xFFA0
        | 0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05BD | 0x0600..=0x0605 | 0x0610..=0x061A | 0x064B..=0x065F
        | 0x0890..=0x0891 | 0x180B..=0x180F | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x200B..=0x200F | 0x202A..=0x202E
        | 0x2060..=0x206F | 0x20D0..=0x20FF | 0x2800 | 0xE000..=0xF8FF | 0xFE00..=0xFE0F | 0xFE20..=0xFE2F
        | 0xFFF0..=0xFFFD | 0x110BD | 0x110CD | 0x13430..=0x1345F | 0x1BCA0..=0x1BCA3 | 0x1D159 | 0x1D165..=0x1D182
        | 0xE0000..=0x10FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, lines: Lines) -> String {
        runs(text, lines).into_iter().map(|run| run.text).collect()
    }

    #[test]
    fn what_cannot_be_seen_is_spelled_out() {
        for (text, expected) in [
            ("rm -rf \u{202E}txt.", "rm -rf ⟨U+202E⟩txt."),
            ("a\u{200B}b", "a⟨U+200B⟩b"),
            ("a\rb", "a⟨U+000D⟩b"),
            ("\u{1b}[2K", "⟨U+001B⟩[2K"),
            ("a\u{a0}b", "a⟨U+00A0⟩b"),
            ("e\u{301}", "e⟨U+0301⟩"),
            ("\u{2800}", "⟨U+2800⟩"),
            ("\u{E0041}", "⟨U+E0041⟩"),
            ("\u{FEFF}x", "⟨U+FEFF⟩x"),
            ("\u{2028}", "⟨U+2028⟩"),
            ("a\nb", "a⟨U+000A⟩b"),
        ] {
            assert_eq!(shown(text, Lines::One), expected);
        }
        assert_eq!(shown("a\n\tb\r\n", Lines::Several), "a\n\tb⟨U+000D⟩\n");
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
