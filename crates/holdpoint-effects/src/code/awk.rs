//! awk programs: what they print to files and to commands, and what they run.
//!
//! *In scope:* POSIX awk and gawk's commands in double quotes. *Out of scope:* targets that are put together: not read.

use super::act::Act;
use super::evaluate::Noted;
use super::words::Found;
use crate::shell::value::Value;

/// A piece of a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Pattern,
    Sign(&'t str),
    Text(&'t str),
    Word(&'t str),
}

/// Reads a program.
pub(crate) fn read(code: &str) -> Found {
    let Some(tokens) = tokens(code) else { return Found::Unread };
    let mut reading = Reading { tokens: &tokens, acts: Vec::new(), printing: false, depth: 0 };
    for at in 0..tokens.len() {
        if reading.token(at).is_none() {
            return Found::Unread;
        }
    }
    let acts = reading.acts;
    if acts.is_empty() {
        Found::Nothing
    } else {
        Found::Acts(acts.into_iter().map(|act| Noted { act, by_itself: true }).collect())
    }
}

struct Reading<'t> {
    tokens: &'t [Token<'t>],
    acts: Vec<Act>,
    /// Whether a `print` is open, behind which `>` is no comparison.
    printing: bool,
    depth: usize,
}

impl Reading<'_> {
    /// Takes in a piece; nothing where what it does is not told.
    fn token(&mut self, at: usize) -> Option<()> {
        match self.tokens.get(at)? {
            Token::Sign("{" | "}" | ";" | "\n") => {
                self.printing = false;
                self.depth = 0;
            }
            Token::Sign("(") => self.depth += 1,
            Token::Sign(")") => self.depth = self.depth.saturating_sub(1),
            Token::Sign("@") => return None,
            Token::Sign(sign @ (">" | ">>")) if self.printing && self.depth == 0 => {
                let name = self.target(at + 1)?;
                let value = Value::text(name);
                let act = if *sign == ">>" { Act::Append(value) } else { Act::Overwrite(value) };
                if !matches!(name, "/dev/stdout" | "/dev/stderr") && !self.acts.contains(&act) {
                    self.acts.push(act);
                }
            }
            Token::Sign("|" | "|&") => {
                let command = match self.tokens.get(at + 1) {
                    Some(Token::Word("getline")) => self.command_before(at)?,
                    _ => self.target(at + 1)?,
                };
                self.acts.push(Act::Shell { text: Value::text(command), directory: None, input: None });
            }
            Token::Word("print" | "printf") => self.printing = true,
            Token::Word("system") => match self.tokens.get(at + 1..at + 4)? {
                [Token::Sign("("), Token::Text(text), Token::Sign(")")] => {
                    self.acts.push(Act::Shell { text: Value::text(*text), directory: None, input: None });
                }
                _ => return None,
            },
            Token::Pattern | Token::Sign(_) | Token::Text(_) | Token::Word(_) => {}
        }
        Some(())
    }

    /// The text that stands alone at a place.
    fn target(&self, at: usize) -> Option<&str> {
        let Some(Token::Text(text)) = self.tokens.get(at) else { return None };
        let ends = matches!(self.tokens.get(at + 1), None | Some(Token::Sign("}" | ";" | "\n" | ")")));
        (ends && !text.contains('\\')).then_some(text)
    }

    /// The text in front of `| getline`, where nothing is joined to it.
    fn command_before(&self, at: usize) -> Option<&str> {
        let Some(Token::Text(text)) = self.tokens.get(at.checked_sub(1)?) else { return None };
        let before = at.checked_sub(2).and_then(|at| self.tokens.get(at));
        let begins = matches!(before, None | Some(Token::Sign("{" | "}" | ";" | "\n" | "(" | "!" | "=" | "&&" | "||")));
        (begins && !text.contains('\\')).then_some(text)
    }
}

/// Takes a program apart; nothing where a text does not end.
fn tokens(code: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut rest = code;
    while let Some(first) = rest.chars().next() {
        let end = if first == '#' {
            rest.find('\n').unwrap_or(rest.len())
        } else if first == '"' {
            let inner = rest.get(1..)?;
            let length = closing(inner, '"')?;
            tokens.push(Token::Text(inner.get(..length)?));
            length + 2
        } else if first == '/' && begins_pattern(tokens.last()) {
            tokens.push(Token::Pattern);
            closing(rest.get(1..)?, '/')? + 2
        } else if first.is_alphanumeric() || first == '_' {
            let end = rest.find(|letter: char| !(letter.is_alphanumeric() || letter == '_')).unwrap_or(rest.len());
            tokens.push(Token::Word(rest.get(..end)?));
            end
        } else if first != '\n' && first.is_whitespace() {
            first.len_utf8()
        } else if rest.starts_with("\\\n") {
            2
        } else {
            let long = ["||", "&&", ">>", "|&", ">=", "!~", "=="].into_iter().find(|sign| rest.starts_with(sign));
            let end = long.map_or(first.len_utf8(), str::len);
            tokens.push(Token::Sign(rest.get(..end)?));
            end
        };
        rest = rest.get(end..)?;
    }
    Some(tokens)
}

fn begins_pattern(before: Option<&Token<'_>>) -> bool {
    match before {
        None | Some(Token::Word("print" | "return" | "in")) => true,
        Some(Token::Sign(sign)) => !matches!(*sign, ")" | "]" | "$"),
        Some(Token::Pattern | Token::Text(_) | Token::Word(_)) => false,
    }
}

/// Where a text or pattern ends.
fn closing(inner: &str, mark: char) -> Option<usize> {
    let (mut escaped, mut bracket) = (false, false);
    for (at, letter) in inner.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' if mark == '/' => bracket = true,
            ']' => bracket = false,
            letter if letter == mark && !bracket => return Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acts(code: &str) -> Vec<Act> {
        match read(code) {
            Found::Acts(acts) => acts.into_iter().map(|noted| noted.act).collect(),
            other => panic!("{code}: {other:?}"),
        }
    }

    #[test]
    fn what_only_prints_does_nothing() {
        for code in [
            "{print $1}",
            "/a|b/ {print $2}",
            "NR == 1 || /system(x)|y/ { print $1 }",
            "$1 > 5 || $2 { print \"a > b | c\" }",
            "{ if ($1 > 5) print ($2 > 3), $4 / 2 / 1 }",
            "{ print > \"/dev/stderr\" } # system(x)",
            "{ while ((getline line < \"x\") > 0) n++ } END { print n }",
            "$0 ~ /[/|]/ { n++ }",
        ] {
            assert_eq!(read(code), Found::Nothing, "{code}");
        }
    }

    #[test]
    fn what_goes_to_files_and_commands_is_told() {
        let shell = |text: &str| Act::Shell { text: Value::text(text), directory: None, input: None };
        assert_eq!(
            acts("{ print > \"a\"; print $2 >> \"b\" }"),
            [Act::Overwrite(Value::text("a")), Act::Append(Value::text("b"))]
        );
        assert_eq!(acts("BEGIN { \"date\" | getline d; print d | \"sort -u\" }"), [shell("date"), shell("sort -u")]);
        assert_eq!(acts("BEGIN { system(\"rm x\") }"), [shell("rm x")]);
    }

    #[test]
    fn what_is_put_together_is_not_read() {
        for code in [
            "{ print > $1 }",
            "{ print > FILENAME }",
            "{ print > \"a\" $1 }",
            "{ print > (\"a\") }",
            "{ print | cmd }",
            "{ cmd | getline x }",
            "{ x \"a\" | getline }",
            "{ system(\"rm \" $2) }",
            "{ f = \"system\"; @f(\"x\") }",
            "{ print \"",
        ] {
            assert_eq!(read(code), Found::Unread, "{code}");
        }
    }
}
