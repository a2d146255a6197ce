//! Which paths a shell pattern matches: bash's rules with its default options.
//!
//! A leading dot is matched by a dot only, case counts. `**` with something behind it stands for any number of directories,
//! hidden ones included, and what follows it may be hidden too: that is how `find` looks, and no less than bash finds, to
//! which it is one directory unless `globstar` is set. Extended patterns (`@(a|b)`) are off by default in scripts and on in
//! some prompts, so they are left unknown.

use std::fs;

use holdpoint_core::question::{Answer, LISTED_PATHS_MAX};

use super::deadline::Deadline;
use super::unknown::{LATE, unknown};

/// Most directory entries that are looked at for one pattern.
const LOOKED_AT_MAX: usize = 20_000;

/// The paths that match an absolute pattern.
pub(super) fn matches(pattern: &str, deadline: &Deadline) -> Answer {
    if !pattern.starts_with('/') || ["@(", "!(", "+(", "?(", "*("].iter().any(|mark| pattern.contains(mark)) {
        return unknown("the pattern is not one that is read here");
    }
    let only_directories = pattern.ends_with('/');
    let mut found = vec![String::new()];
    let mut looked_at = 0;
    let parts: Vec<&str> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    let mut hidden = Hidden::NeedDots;
    for (at, part) in parts.iter().enumerate() {
        let deep = *part == "**" && at + 1 < parts.len();
        let part = parsed(part);
        let mut next = Vec::new();
        for directory in found {
            let more = if deep {
                below(directory, &mut looked_at, deadline)
            } else {
                expanded(&directory, &part, hidden, &mut looked_at)
            };
            match more {
                Some(paths) => next.extend(paths),
                None => return unknown("the pattern matches more than can be looked at"),
            }
            if deadline.is_over() {
                return unknown(LATE);
            }
        }
        hidden = if deep { Hidden::Match } else { Hidden::NeedDots };
        found = next;
    }
    found.retain(|path| {
        fs::symlink_metadata(path).is_ok() && (!only_directories || fs::metadata(path).is_ok_and(|at| at.is_dir()))
    });
    found.sort();
    let complete = found.len() <= LISTED_PATHS_MAX;
    found.truncate(LISTED_PATHS_MAX);
    Answer::Matches { paths: found, complete }
}

/// Whether a star matches names that begin with a dot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hidden {
    Match,
    NeedDots,
}

/// A directory and all directories below it, links not followed; nothing where there are too many to look at.
fn below(directory: String, looked_at: &mut usize, deadline: &Deadline) -> Option<Vec<String>> {
    let mut all = vec![directory];
    let mut at = 0;
    while let Some(directory) = all.get(at).cloned() {
        at += 1;
        let root = if directory.is_empty() { "/" } else { &directory };
        for entry in fs::read_dir(root).into_iter().flatten().flatten() {
            *looked_at += 1;
            if *looked_at > LOOKED_AT_MAX || (looked_at.is_multiple_of(256) && deadline.is_over()) {
                return None;
            }
            if entry.file_type().ok()?.is_dir() {
                all.push(format!("{directory}/{}", entry.file_name().into_string().ok()?));
            }
        }
    }
    Some(all)
}

/// The paths below one directory that one part of a pattern matches; nothing where there are too many to look at.
fn expanded(directory: &str, part: &[Mark], hidden: Hidden, looked_at: &mut usize) -> Option<Vec<String>> {
    let literal: Option<String> =
        part.iter().map(|mark| if let Mark::Literal(mark) = mark { Some(*mark) } else { None }).collect();
    if let Some(name) = literal {
        return Some(vec![format!("{directory}/{name}")]);
    }
    let mut paths = Vec::new();
    let root = if directory.is_empty() { "/" } else { directory };
    // What cannot be listed matches nothing, as in the shell.
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        *looked_at += 1;
        if *looked_at > LOOKED_AT_MAX {
            return None;
        }
        // A name that is not UTF-8 may match, and cannot be named in an answer.
        let name = entry.file_name().into_string().ok()?;
        let unseen = hidden == Hidden::NeedDots && name.starts_with('.') && part.first() != Some(&Mark::Literal('.'));
        if !unseen && fits(part, &name.chars().collect::<Vec<_>>()) {
            paths.push(format!("{directory}/{name}"));
        }
    }
    Some(paths)
}

/// One sign of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Mark {
    Any,
    /// One of some ranges, or none of them.
    Class {
        negated: bool,
        ranges: Vec<(char, char)>,
    },
    Literal(char),
    One,
}

/// Takes one part of a pattern apart. A bracket that is not closed stands for itself.
fn parsed(part: &str) -> Vec<Mark> {
    let marks: Vec<char> = part.chars().collect();
    let mut rest = marks.as_slice();
    let mut parsed = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        parsed.push(match first {
            '*' => Mark::Any,
            '?' => Mark::One,
            '\\' => match rest.split_first() {
                Some((escaped, after)) => {
                    rest = after;
                    Mark::Literal(*escaped)
                }
                None => Mark::Literal('\\'),
            },
            '[' => match class(rest) {
                Some((class, after)) => {
                    rest = after;
                    class
                }
                None => Mark::Literal('['),
            },
            mark => Mark::Literal(*mark),
        });
    }
    parsed.dedup_by(|one, other| *one == Mark::Any && *other == Mark::Any);
    parsed
}

/// The class behind an opening bracket, and what follows it.
fn class(text: &[char]) -> Option<(Mark, &[char])> {
    let (negated, text) = match text {
        ['!' | '^', rest @ ..] => (true, rest),
        _ => (false, text),
    };
    let mut ranges = Vec::new();
    let mut rest = text;
    loop {
        rest = match rest {
            [']', after @ ..] if !ranges.is_empty() => return Some((Mark::Class { negated, ranges }, after)),
            // `[:alpha:]` and its like: whatever they hold, taking all signs matches no less.
            ['[', ':' | '.' | '=', ..] => {
                let end = rest.windows(2).position(|pair| matches!(pair, [':' | '.' | '=', ']']))?;
                ranges.push(if negated { ('\u{1}', '\0') } else { ('\0', char::MAX) });
                rest.get(end + 2..)?
            }
            ['\\', mark, after @ ..] => {
                ranges.push((*mark, *mark));
                after
            }
            [from, '-', to, after @ ..] if *to != ']' => {
                ranges.push((*from, *to));
                after
            }
            [mark, after @ ..] => {
                ranges.push((*mark, *mark));
                after
            }
            [] => return None,
        };
    }
}

/// Whether a name fits. At most the product of both lengths in steps: only the last `*` is ever gone back to.
fn fits(pattern: &[Mark], name: &[char]) -> bool {
    let (mut at, mut mark) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while at < name.len() {
        match (pattern.get(mark), name.get(at)) {
            (Some(Mark::Any), _) => {
                mark += 1;
                retry = Some((mark, at + 1));
                continue;
            }
            (Some(sign), Some(found)) if sign.takes(*found) => {
                at += 1;
                mark += 1;
                continue;
            }
            _ => {}
        }
        let Some((after_star, from)) = retry else { return false };
        (mark, at) = (after_star, from);
        retry = Some((after_star, from + 1));
    }
    pattern.iter().skip(mark).all(|sign| *sign == Mark::Any)
}

impl Mark {
    fn takes(&self, found: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Class { negated, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&found)) != *negated,
            Self::Literal(mark) => *mark == found,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_as_in_the_shell() {
        let fit = |pattern: &str, name: &str| fits(&parsed(pattern), &name.chars().collect::<Vec<_>>());
        for (pattern, name) in [
            ("*", "a"),
            ("*.rs", "a.rs"),
            ("a*b*c", "aXbYc"),
            ("?", "ä"),
            ("[a-c]x", "bx"),
            ("[!a]x", "bx"),
            ("[]]", "]"),
            (r"\*", "*"),
            ("[[:digit:]]", "7"),
            ("[", "["),
            ("a**b", "ab"),
        ] {
            assert!(fit(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("*.rs", "a.rb"), ("?", ""), ("?", "ab"), ("[a-c]", "d"), ("[!a]", "a"), (r"\*", "a"), ("a*b", "a")]
        {
            assert!(!fit(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_take_no_long_time() {
        let name: Vec<char> = "a".repeat(2_000).chars().collect();
        assert!(!fits(&parsed(&("*a".repeat(500) + "b")), &name));
    }
}
