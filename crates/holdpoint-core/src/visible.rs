//! Text that somebody else wrote, so that a person sees every character of it.
//!
//! A line can be made to look like another one: with characters that take no room, that turn the direction of reading, or that
//! move the cursor. Those are spelled out by their number, `⟨U+202E⟩`. Nothing is left out.
//!
//! *In scope:* which characters these are, and how they are spelled. *Out of scope:* letters that look like others, and how a
//! page or a terminal marks what it shows.

/// Whether a text may have several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lines {
    /// A name or a sentence: a line break would be a trick.
    One,
    /// A script: line breaks and tabs are part of it.
    Several,
}

/// The text with what cannot be seen spelled out.
pub fn visible(text: &str, lines: Lines) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character, lines) {
            shown.push_str(&spelled(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a person who looks at a text would not see this character for what it is.
pub fn is_hidden(character: char, lines: Lines) -> bool {
    match character {
        '\n' | '\t' if lines == Lines::Several => false,
        ' '..='~' => false,
        _ => character.is_control() || character.is_whitespace() || takes_no_room(character),
    }
}

/// A character by its number.
pub fn spelled(character: char) -> String {
    format!("⟨U+{:04X}⟩", u32::from(character))
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
            assert_eq!(visible(text, Lines::One), expected);
        }
        assert_eq!(visible("a\n\tb\r\n", Lines::Several), "a\n\tb⟨U+000D⟩\n");
        assert_eq!(visible("caf\u{e9} 文 p\u{430}ypal", Lines::One), "caf\u{e9} 文 p\u{430}ypal", "letters are letters");
    }
}
