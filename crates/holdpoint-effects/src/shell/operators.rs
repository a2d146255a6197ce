//! What the operators of parameter expansion make of a value that is known: `${a#p}`, `${a/x/y}`, `${a:1:2}`, `${a^^}` (bash's
//! manual, "Shell Parameter Expansion").
//!
//! *Out of scope:* `${a:-w}` and its like, which choose between two words (`expand.rs`), extended globs and named classes in
//! patterns: what they give is unknown.

use super::value::{Piece, Shape, Value};

/// The operator of `${#a}`.
pub(super) const LENGTH: &str = "length";
/// The operator of `${a:1:2}`.
pub(super) const SLICE: &str = ":";
/// The operators by their signs, the longer ones first.
pub(super) const OPERATORS: [&str; 15] = ["##", "#", "%%", "%", "//", "/#", "/%", "/", "^^", "^", ",,", ",", "@", "*", "~"];

/// One sign of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Any,
    Literal(char),
    One,
}

/// The value that an operator makes of `value`; `word` is what stands behind the operator, `replacement` what stands behind the
/// first slash of a replacement.
pub(super) fn changed(operator: &str, value: &Value, word: &Value, replacement: &Value) -> Value {
    let at_the_end = || match operator {
        "%" | "%%" => without_known_end(value, word),
        _ => None,
    };
    let Some(text) = value.known() else {
        let unknown = if operator == LENGTH { Value::any(Shape::Plain) } else { Value::unknown() };
        return at_the_end().unwrap_or(unknown);
    };
    let text: Vec<char> = text.chars().collect();
    let made = match operator {
        LENGTH => Some(text.len().to_string()),
        "@" => transformed(&text, word),
        "," | ",," | "^" | "^^" => cased(operator, &text, word),
        "#" | "##" | "%" | "%%" => signs(word).and_then(|pattern| trimmed(operator, &text, &pattern)),
        "/" | "//" | "/#" | "/%" => {
            signs(word).zip(replacement.known()).and_then(|(pattern, to)| replaced(operator, &text, &pattern, &to))
        }
        SLICE => sliced(&text, word),
        _ => None,
    };
    made.map_or_else(Value::unknown, Value::text)
}

/// `${f%.txt}` where only the end of the value is known, as of the names that a glob gives.
fn without_known_end(value: &Value, word: &Value) -> Option<Value> {
    let (Piece::Text(last), rest) = value.pieces.split_last()? else { return None };
    let end = word.known()?;
    let kept = last.strip_suffix(end.as_str())?;
    let mut pieces = rest.to_vec();
    if !kept.is_empty() {
        pieces.push(Piece::Text(kept.to_owned()));
    }
    Some(Value { pieces })
}

/// A pattern taken apart; nothing where it is not known or not read.
fn signs(word: &Value) -> Option<Vec<Sign>> {
    let mut signs = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Text(text) => signs.extend(text.chars().map(Sign::Literal)),
            Piece::Pattern(glob) if glob == "*" => signs.push(Sign::Any),
            Piece::Pattern(glob) if glob == "?" => signs.push(Sign::One),
            Piece::Pattern(_) | Piece::Any { .. } => return None,
        }
    }
    (signs.len() <= PATTERN_MAX).then_some(signs)
}

/// Longest pattern, and longest value that is matched with one.
const PATTERN_MAX: usize = 64;
const MATCHED_MAX: usize = 1024;

fn fits(pattern: &[Sign], text: &[char]) -> bool {
    let (mut at, mut sign) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < text.len() {
        match (pattern.get(sign), text.get(at)) {
            (Some(Sign::Any), _) => {
                sign += 1;
                retry = Some((sign, at));
                continue;
            }
            (Some(Sign::One), _) => {
                (at, sign) = (at + 1, sign + 1);
                continue;
            }
            (Some(Sign::Literal(expected)), Some(found)) if expected == found => {
                (at, sign) = (at + 1, sign + 1);
                continue;
            }
            _ => {}
        }
        let Some((behind, from)) = retry else { return false };
        (sign, at) = (behind, from + 1);
        retry = Some((behind, from + 1));
    }
    pattern.iter().skip(sign).all(|sign| *sign == Sign::Any)
}

fn trimmed(operator: &str, text: &[char], pattern: &[Sign]) -> Option<String> {
    if text.len() > MATCHED_MAX {
        return None;
    }
    let cuts = 0..=text.len();
    let head = |cut: &usize| text.get(..*cut).is_some_and(|head| fits(pattern, head));
    let tail = |cut: &usize| text.get(*cut..).is_some_and(|tail| fits(pattern, tail));
    let kept = match operator {
        "#" => text.get(cuts.clone().find(head).unwrap_or(0)..),
        "##" => text.get(cuts.rev().find(head).unwrap_or(0)..),
        "%" => text.get(..cuts.rev().find(tail).unwrap_or(text.len())),
        _ => text.get(..cuts.clone().find(tail).unwrap_or(text.len())),
    };
    kept.map(|kept| kept.iter().collect())
}

fn replaced(operator: &str, text: &[char], pattern: &[Sign], to: &str) -> Option<String> {
    // In a replacement `&` may stand for what matched.
    if text.len() > MATCHED_MAX || pattern.is_empty() || to.contains(['&', '\\']) {
        return None;
    }
    let mut made = String::new();
    let (mut at, mut once) = (0, false);
    while at <= text.len() {
        let may = match operator {
            "//" => true,
            "/#" => at == 0,
            _ => !once,
        };
        let ends = (at..=text.len()).rev().filter(|end| operator != "/%" || *end == text.len());
        let found = ends.into_iter().find(|end| may && *end > at && text.get(at..*end).is_some_and(|part| fits(pattern, part)));
        match found {
            Some(end) => {
                made.push_str(to);
                (at, once) = (end, true);
            }
            None => {
                made.extend(text.get(at));
                at += 1;
            }
        }
    }
    Some(made)
}

fn cased(operator: &str, text: &[char], word: &Value) -> Option<String> {
    if !word.pieces.is_empty() || !text.iter().all(char::is_ascii) {
        return None;
    }
    let change = |sign: &char| if operator.starts_with('^') { sign.to_ascii_uppercase() } else { sign.to_ascii_lowercase() };
    let changes = if operator.len() == 2 { text.len() } else { 1 };
    Some(text.iter().enumerate().map(|(at, sign)| if at < changes { change(sign) } else { *sign }).collect())
}

/// `${a@L}`, `${a@U}`, `${a@u}`, and `${a@Q}` of a plain word.
fn transformed(text: &[char], word: &Value) -> Option<String> {
    let plain = |sign: &char| sign.is_ascii_alphanumeric() || "-_./ ".contains(*sign);
    match word.known()?.as_str() {
        "L" => cased(",,", text, &Value::default()),
        "U" => cased("^^", text, &Value::default()),
        "u" => cased("^", text, &Value::default()),
        "Q" if text.iter().all(plain) => Some(format!("'{}'", text.iter().collect::<String>())),
        _ => None,
    }
}

/// `:offset` and `:offset:length` of a text.
fn sliced(text: &[char], word: &Value) -> Option<String> {
    let (from, to) = bounds(word, text.len())?;
    text.get(from..to).map(|part| part.iter().collect())
}

/// The bounds that `offset:length` gives in something of a length.
pub(super) fn bounds(word: &Value, length: usize) -> Option<(usize, usize)> {
    let word = word.known()?;
    let (offset, count) = word.split_once(':').map_or((word.as_str(), None), |(offset, count)| (offset, Some(count)));
    let number = |text: &str| text.trim().parse::<i64>().ok();
    let place = |number: i64| {
        let number = if number < 0 { number.checked_add(i64::try_from(length).ok()?)? } else { number };
        usize::try_from(number).ok()
    };
    let from = place(number(offset)?)?.min(length);
    let to = match count.map(number) {
        None => length,
        Some(None) => return None,
        Some(Some(count)) if count < 0 => place(count)?,
        Some(Some(count)) => from.checked_add(usize::try_from(count).ok()?)?.min(length),
    };
    (from <= to).then_some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(operator: &str, value: &str, word: &str, to: &str) -> Option<String> {
        let mut pattern = Value::default();
        for sign in word.chars() {
            let text = sign.to_string();
            pattern.push(if "*?".contains(sign) { Piece::Pattern(text) } else { Piece::Text(text) });
        }
        changed(operator, &Value::text(value), &pattern, &Value::text(to)).known()
    }

    #[test]
    fn operators_give_what_bash_gives() {
        for (operator, value, word, to, expected) in [
            ("#", "a/b/c", "*/", "", "b/c"),
            ("##", "a/b/c", "*/", "", "c"),
            ("%", "a/b/c", "/*", "", "a/b"),
            ("%%", "a/b/c", "/*", "", "a"),
            ("/", "aXbX", "X", "-", "a-bX"),
            ("//", "aXbX", "X", "", "ab"),
            ("/#", "XaX", "X", "", "aX"),
            ("/%", "XaX", "X", "", "Xa"),
            ("^^", "rm", "", "", "RM"),
            (",", "RM", "", "", "rM"),
            (":", "abcdef", "2", "", "cdef"),
            (":", "abcdef", " -2", "", "ef"),
            (":", "abcdef", "1:2", "", "bc"),
            (LENGTH, "abc", "", "", "3"),
        ] {
            assert_eq!(of(operator, value, word, to).as_deref(), Some(expected), "{value} {operator} {word}");
        }
    }
}
