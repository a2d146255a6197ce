//! What programs that only change text print of text that the line holds: `base64 -d`, `xxd -r -p`, `rev`, `tr`, escapes of `printf`.
//!
//! So a program that somebody wrapped up is read as what comes out. *Out of scope:* packed bytes, and whatever is not UTF-8 in the end:
//! not known.

/// What a program prints that is given this text; nothing where that is not known.
pub(super) fn filtered(name: &str, words: &[&str], input: &str) -> Option<String> {
    match (name, words) {
        ("cat", [] | ["-"]) => Some(input.to_owned()),
        ("base64" | "base32" | "gbase64", options) if options.iter().any(|option| decodes(option)) => {
            let bits = if name == "base32" { 5 } else { 6 };
            options.iter().all(|option| option.starts_with('-') && *option != "-").then(|| decoded(input, bits))?
        }
        ("openssl", ["base64", options @ ..] | ["enc", "-base64" | "-a", options @ ..]) => {
            let plain = options.iter().all(|option| matches!(*option, "-d" | "-A" | "-a" | "-base64"));
            (plain && options.contains(&"-d")).then(|| decoded(input, 6))?
        }
        ("xxd", options) => {
            let letters: String = options.iter().filter_map(|option| option.strip_prefix('-')).collect();
            let plain = options.iter().all(|option| matches!(*option, "-r" | "-p" | "-ps" | "-plain" | "-rp" | "-pr"));
            (plain && letters.contains('r') && letters.contains('p')).then(|| from_hex(input))?
        }
        ("rev", []) => {
            let lines: Vec<String> = input.split('\n').map(|line| line.chars().rev().collect()).collect();
            Some(lines.join("\n"))
        }
        ("tac", []) => {
            let lines: Vec<&str> = input.trim_end_matches('\n').split('\n').rev().collect();
            Some(lines.join("\n"))
        }
        ("tr", ["-d", set]) => {
            let set = members(set)?;
            Some(input.chars().filter(|letter| !set.contains(letter)).collect())
        }
        ("tr", [from, to]) if !from.starts_with('-') => translated(input, &members(from)?, &members(to)?),
        _ => None,
    }
}

fn decodes(option: &str) -> bool {
    let bundle = option.strip_prefix('-').filter(|bundle| !bundle.starts_with('-'));
    option == "--decode"
        || bundle.is_some_and(|bundle| bundle.contains(['d', 'D']) && bundle.bytes().all(|byte| b"dDi".contains(&byte)))
}

/// Base64 (RFC 4648, also with the letters for addresses) or base32, without what stands between the letters.
fn decoded(text: &str, bits: u32) -> Option<String> {
    let (mut held, mut count, mut bytes) = (0_u32, 0_u32, Vec::new());
    for letter in text.bytes().filter(|byte| !byte.is_ascii_whitespace()) {
        let value = match (bits, letter) {
            (_, b'=') => break,
            (5, b'A'..=b'Z') | (6, b'A'..=b'Z') => letter - b'A',
            (5, b'2'..=b'7') => letter - b'2' + 26,
            (6, b'a'..=b'z') => letter - b'a' + 26,
            (6, b'0'..=b'9') => letter - b'0' + 52,
            (6, b'+' | b'-') => 62,
            (6, b'/' | b'_') => 63,
            _ => return None,
        };
        held = (held << bits | u32::from(value)) & 0xffff;
        count += bits;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(held >> count & 0xff).ok()?);
        }
    }
    String::from_utf8(bytes).ok()
}

fn from_hex(text: &str) -> Option<String> {
    let digits: Vec<u32> =
        text.chars().filter(|letter| !letter.is_whitespace()).map(|letter| letter.to_digit(16)).collect::<Option<_>>()?;
    let bytes = digits.chunks_exact(2).map(|pair| u8::try_from(pair.iter().fold(0, |sum, digit| sum * 16 + digit)).ok());
    String::from_utf8(bytes.collect::<Option<_>>()?).ok()
}

/// The letters of a set of `tr`: ranges, classes and escapes.
fn members(set: &str) -> Option<Vec<char>> {
    if let Some(class) = set.strip_prefix("[:").and_then(|rest| rest.strip_suffix(":]")) {
        return match class {
            "lower" => Some(('a'..='z').collect()),
            "upper" => Some(('A'..='Z').collect()),
            "digit" => Some(('0'..='9').collect()),
            "space" => Some(" \t\n\r\u{b}\u{c}".chars().collect()),
            _ => None,
        };
    }
    let letters: Vec<char> = escapes(set)?.chars().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(letter) = letters.get(at).copied() {
        match (letters.get(at + 1), letters.get(at + 2).copied()) {
            (Some('-'), Some(last)) if letter <= last => {
                found.extend(letter..=last);
                at += 3;
            }
            _ => {
                found.push(letter);
                at += 1;
            }
        }
        if found.len() > SET_MAX {
            return None;
        }
    }
    Some(found)
}

/// Most letters of a set.
const SET_MAX: usize = 512;

fn translated(text: &str, from: &[char], to: &[char]) -> Option<String> {
    let last = *to.last()?;
    // The last of several places of a letter counts.
    let change =
        |letter: char| from.iter().rposition(|one| *one == letter).map_or(letter, |at| to.get(at).copied().unwrap_or(last));
    Some(text.chars().map(change).collect())
}

/// What `sed` makes of a text by one command `s` whose pattern is a plain word; nothing where that is not known.
pub(super) fn replaced(text: &str, script: &str) -> Option<String> {
    let mut signs = script.strip_prefix('s')?.chars();
    let delimiter = signs.next().filter(|sign| !sign.is_alphanumeric() && !sign.is_whitespace())?;
    let (mut parts, mut part) = (Vec::new(), String::new());
    while let Some(sign) = signs.next() {
        match sign {
            '\\' => match signs.next()? {
                escaped if escaped.is_alphanumeric() || escaped == '\n' => return None,
                escaped => part.push(escaped),
            },
            '&' | '^' | '$' | '*' | '[' if delimiter != sign => return None,
            sign if sign == delimiter => parts.push(std::mem::take(&mut part)),
            sign => part.push(sign),
        }
    }
    match (parts.as_slice(), part.as_str()) {
        ([pattern, by], "g") if !pattern.is_empty() => Some(text.replace(pattern, by)),
        ([pattern, by], "") if !pattern.is_empty() => {
            let lines = text.lines().map(|line| line.replacen(pattern, by, 1) + "\n");
            Some(lines.collect())
        }
        _ => None,
    }
}

/// A text with the escapes of `printf` and `echo -e` put in place; nothing where one ends the text or stands for no letter.
pub(super) fn escapes(text: &str) -> Option<String> {
    let mut bytes: Vec<u8> = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        bytes.extend(before.as_bytes());
        let letter = after.chars().next()?;
        rest = after.get(letter.len_utf8()..)?;
        match letter {
            'n' => bytes.push(b'\n'),
            't' => bytes.push(b'\t'),
            'r' => bytes.push(b'\r'),
            'a' => bytes.push(7),
            'b' => bytes.push(8),
            'e' | 'E' => bytes.push(27),
            'f' => bytes.push(12),
            'v' => bytes.push(11),
            '\\' | '"' | '\'' => bytes.push(u8::try_from(letter).ok()?),
            'x' | 'u' | 'U' | '0'..='7' => {
                let (radix, most, digits) = match letter {
                    'x' => (16, 2, rest),
                    'u' => (16, 4, rest),
                    'U' => (16, 8, rest),
                    '0' => (8, 4, after),
                    _ => (8, 3, after),
                };
                let count = digits.chars().take(most).take_while(|digit| digit.is_digit(radix)).count();
                let number = u32::from_str_radix(digits.get(..count)?, radix).ok()?;
                rest = digits.get(count..)?;
                match letter {
                    'u' | 'U' => bytes.extend(char::from_u32(number)?.to_string().as_bytes()),
                    _ => bytes.push(u8::try_from(number & 0xff).ok()?),
                }
            }
            _ => return None,
        }
    }
    bytes.extend(rest.as_bytes());
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// What `printf` prints of a format with `%s`, `%b` and `%%`; nothing where it has others.
pub(super) fn formatted(format: &str, words: &[&str]) -> Option<String> {
    let mut whole = String::new();
    let mut words = words.iter();
    loop {
        let (mut rest, mut used) = (format, false);
        while let Some((before, after)) = rest.split_once('%') {
            whole.push_str(&escapes(before)?);
            let letter = after.chars().next()?;
            rest = after.get(letter.len_utf8()..)?;
            match letter {
                '%' => whole.push('%'),
                's' => whole.push_str(words.next().unwrap_or(&"")),
                'b' => whole.push_str(&escapes(words.next().unwrap_or(&""))?),
                _ => return None,
            }
            used |= letter != '%';
        }
        whole.push_str(&escapes(rest)?);
        if words.len() == 0 || !used {
            return Some(whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sed_replaces_plain_words() {
        assert_eq!(replaced("a b b\nb\n", "s/b/c/").as_deref(), Some("a c b\nc\n"));
        assert_eq!(replaced("a b b\n", "s#b#c/d#g").as_deref(), Some("a c/d c/d\n"));
        assert_eq!(replaced("a/b\n", r"s/a\/b/x\/y/").as_deref(), Some("x/y\n"));
        for script in ["s/a.*/b/", "s/a/&b/", "s/a/b/p", "/x/d", "s/a", r"s/\(a\)/\1/", "s/a/b/;s/c/d/"] {
            assert_eq!(replaced("a\n", script), None, "{script}");
        }
    }

    #[test]
    fn what_was_wrapped_up_comes_out() {
        assert_eq!(filtered("base64", &["-d"], "cm0gLXJmIH4=\n").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("base64", &["-d"], "cm0gLXJmIH4").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("base32", &["--decode"], "OJWSALLSMYQH4===").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("xxd", &["-r", "-p"], "726d202d7266207e").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("openssl", &["enc", "-base64", "-d", "-A"], "bHM=").as_deref(), Some("ls"));
        assert_eq!(filtered("rev", &[], "~ fr- mr").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("tr", &["A-Za-z", "N-ZA-Mn-za-m"], "ez -es ~").as_deref(), Some("rm -rf ~"));
        assert_eq!(filtered("tr", &["-d", "x"], "rxmx").as_deref(), Some("rm"));
        assert_eq!(formatted("\\x72\\155 %s\\n", &["a", "b"]).as_deref(), Some("rm a\nrm b\n"));
    }

    #[test]
    fn what_is_not_text_or_not_told_is_not_known() {
        assert_eq!(filtered("base64", &["-d"], "H4sIAAAAAAAAA/8="), None, "packed bytes");
        assert_eq!(filtered("base64", &[], "rm"), None);
        assert_eq!(filtered("base64", &["-d", "file"], "bHM="), None);
        assert_eq!(filtered("gunzip", &["-c"], "x"), None);
        assert_eq!(formatted("%d", &["1"]), None);
        assert_eq!(escapes("\\"), None);
    }
}
