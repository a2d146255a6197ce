//! What a script of sed does beyond changing text: the files it writes, and whether it runs a command.
//!
//! *In scope:* the commands of POSIX and of GNU's sed, with their addresses and flags. *Out of scope:* what they make of the text.

/// What a script reaches.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Reaches {
    /// Whether it runs a command, or reads a device.
    pub(super) runs: bool,
    pub(super) writes: Vec<String>,
}

/// Reads a script; nothing where it has a command that sed has not, or an end that is missing.
pub(super) fn read(script: &str) -> Option<Reaches> {
    let (mut found, mut rest) = (Reaches::default(), script);
    loop {
        rest = behind_addresses(rest.trim_start_matches([';', '{', '}', ' ', '\t', '\n']))?;
        let Some(command) = rest.chars().next() else { return Some(found) };
        rest = rest.get(command.len_utf8()..)?;
        rest = match command {
            '{' | '}' | ';' | '\n' | '=' | 'd' | 'D' | 'g' | 'G' | 'h' | 'H' | 'n' | 'N' | 'p' | 'P' | 'x' | 'z' | 'F' => rest,
            'l' | 'L' | 'q' | 'Q' => rest.trim_start().trim_start_matches(|letter: char| letter.is_ascii_digit()),
            '#' => line(rest).1,
            // A label ends at a space, and a command may stand behind it.
            ':' | 'b' | 't' | 'T' | 'v' => rest
                .trim_start_matches([' ', '\t'])
                .trim_start_matches(|letter: char| !matches!(letter, ';' | '}') && !letter.is_whitespace()),
            'a' | 'i' | 'c' => behind_text(rest),
            'r' | 'R' | 'w' | 'W' => {
                let (file, behind) = line(rest);
                found.file(command, file.trim());
                behind
            }
            'e' => {
                found.runs = true;
                line(rest).1
            }
            's' => {
                let delimiter = rest.chars().next()?;
                found.flags(behind_part(behind_pattern(rest.get(delimiter.len_utf8()..)?, delimiter)?, delimiter)?)
            }
            'y' => {
                let delimiter = rest.chars().next()?;
                behind_part(behind_part(rest.get(delimiter.len_utf8()..)?, delimiter)?, delimiter)?
            }
            _ => return None,
        };
    }
}

impl Reaches {
    fn file(&mut self, command: char, file: &str) {
        match command {
            // What is read there waits, or runs when it is opened.
            'r' | 'R' => self.runs |= file.starts_with("/dev") && file != "/dev/null" && file != "/dev/stdin",
            _ if matches!(file, "/dev/stdout" | "/dev/stderr" | "/dev/null") => {}
            _ => self.writes.push(file.to_owned()),
        }
    }

    /// Takes in the flags of `s`; gives what stands behind them.
    fn flags<'t>(&mut self, flags: &'t str) -> &'t str {
        let end = flags.find(|flag: char| !(flag.is_ascii_digit() || "gpiImMe".contains(flag))).unwrap_or(flags.len());
        let (own, behind) = flags.split_at(end);
        self.runs |= own.contains('e');
        match behind.strip_prefix('w') {
            Some(rest) => {
                let (file, behind) = line(rest);
                self.file('w', file.trim());
                behind
            }
            None => behind,
        }
    }
}

/// The rest of a line, and what stands behind it.
fn line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// What stands behind the text of `a`, `i` and `c`, which goes on where a line ends with `\`.
fn behind_text(mut rest: &str) -> &str {
    loop {
        let (text, behind) = line(rest);
        let slashes = text.len() - text.trim_end_matches('\\').len();
        if behind.is_empty() || slashes % 2 == 0 {
            return behind;
        }
        rest = behind;
    }
}

/// What stands behind the next delimiter.
fn behind_part(text: &str, delimiter: char) -> Option<&str> {
    let mut escaped = false;
    let end = text.char_indices().find(|(_, letter)| {
        let ends = *letter == delimiter && !escaped;
        escaped = *letter == '\\' && !escaped;
        ends
    });
    end.and_then(|(at, _)| text.get(at + delimiter.len_utf8()..))
}

/// What stands behind the next delimiter that is not in the brackets of a pattern.
fn behind_pattern(text: &str, delimiter: char) -> Option<&str> {
    let mut rest = text;
    loop {
        let letter = rest.chars().next()?;
        let behind = rest.get(letter.len_utf8()..)?;
        rest = match letter {
            _ if letter == delimiter => return Some(behind),
            '\\' => behind.get(behind.chars().next()?.len_utf8()..)?,
            '[' => behind_set(behind)?,
            _ => behind,
        };
    }
}

/// What stands behind a set in brackets, the first of which may be `]` itself.
fn behind_set(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('^').unwrap_or(text);
    let mut rest = inner.strip_prefix(']').unwrap_or(inner);
    loop {
        let class = [("[:", ":]"), ("[.", ".]"), ("[=", "=]")].into_iter().find(|(open, _)| rest.starts_with(open));
        rest = match class {
            Some((open, end)) => rest.get(open.len()..)?.split_once(end)?.1,
            None if rest.starts_with(']') => return rest.get(1..),
            None => rest.get(rest.chars().next()?.len_utf8()..)?,
        };
    }
}

/// What stands behind addresses: numbers, `$`, and patterns between slashes or between what stands behind `\`.
fn behind_addresses(text: &str) -> Option<&str> {
    let mut rest = text;
    loop {
        let signs = |letter: char| letter.is_ascii_digit() || matches!(letter, '$' | ',' | '!' | ' ' | '\t' | '~' | '+');
        rest = rest.trim_start_matches(signs);
        let Some(pattern) = rest.strip_prefix('\\').or_else(|| rest.starts_with('/').then_some(rest)) else { return Some(rest) };
        let delimiter = pattern.chars().next()?;
        rest = behind_pattern(pattern.get(delimiter.len_utf8()..)?, delimiter)?.trim_start_matches(['I', 'M']);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn writes(script: &str) -> Vec<String> {
        read(script).map(|found| found.writes).unwrap_or_default()
    }

    #[test]
    fn files_are_found_behind_addresses_and_flags() {
        for script in [
            "w a b",
            "W a b",
            "1,3w a b",
            "$!w a b",
            "/x/,/y/w a b",
            r"\,x,w a b",
            "s/a/b/w a b",
            "s|a|b|Igw a b",
            "p;w a b",
            ":a w a b",
            "b x;w a b",
            "a x\\\\\nw a b",
        ] {
            assert_eq!(writes(script), ["a b"], "{script}");
        }
        assert_eq!(writes("{p;w a\n}\n/x;w/w b"), ["a", "b"]);
        assert!(writes("s/w a/W b/;/w/p;s/[/]w/w/g;y/w/x/").is_empty());
        assert_eq!(writes("s/a/[/w x]"), ["x]"]);
        assert_eq!(writes("/[[:alpha:]/]/w a\ns/[]/]/x/w b"), ["a", "b"]);
        assert!(writes("a\\\nw a\\\nw b\np").is_empty());
    }

    #[test]
    fn commands_that_run_are_found() {
        let runs = |script: &str| read(script).is_some_and(|found| found.runs);
        assert!(["1e ls", "e", "s/a/b/e", "s/a;b/ls/ge", "/x/e date"].into_iter().all(runs));
        assert!(!["s/e/e/g", "/e /p", ":e;be", "r e", "a e"].into_iter().any(runs));
    }
}
