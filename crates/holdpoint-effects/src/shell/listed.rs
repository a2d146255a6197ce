//! Programs that print names of files: `find`, `git ls-files`, `grep -l`. What reads those names works below the places that were
//! searched: `grep -rl x src | xargs sed -i …`, `sed -i … $(git ls-files)`.
//!
//! *In scope:* where the names come from. *Out of scope:* which of the files there they are, and `ls`, which prints what it is given.

use super::options::{Line, parse, style};
use super::value::{Field, Piece, Shape, Value};
use crate::families;

/// Searches whose first operand is what is looked for.
const SEARCHES: [&str; 9] = ["ack", "ag", "egrep", "fgrep", "grep", "rg", "ug", "ugrep", "zgrep"];
/// Options with which they print names only.
const NAMES_ONLY: [&str; 4] = ["-l", "-L", "--files-with-matches", "--files-without-match"];

/// The places below which the files lie whose names a program prints; nothing where it prints something else.
pub(super) fn searched(program: &str, arguments: &[Field]) -> Option<Vec<Field>> {
    let places = match program {
        "fd" | "fdfind" => behind_first(&line_of("fd", arguments)?),
        "find" | "gfind" => found_by_tests(arguments)?,
        "git" => return of_git(arguments),
        "rg" if arguments.iter().any(|word| word.known().as_deref() == Some("--files")) => line_of("rg", arguments)?.operands,
        _ if SEARCHES.contains(&program) => {
            let line = line_of("grep", arguments)?;
            if !NAMES_ONLY.iter().any(|name| line.has_exactly(name)) {
                return None;
            }
            let named = ["-e", "--regexp", "-f", "--file"].iter().any(|name| line.has_exactly(name));
            if named { line.operands } else { behind_first(&line) }
        }
        _ => return None,
    };
    Some(if places.is_empty() { vec![here()] } else { places })
}

/// The names of branches that `git branch` prints, any number of them: git takes none that begins with a dash.
pub(super) fn branches(program: &str, arguments: &[Field]) -> Option<Vec<Field>> {
    const TAKEN: [&str; 6] = ["-a", "--all", "--list", "-l", "-r", "--remotes"];
    let words: Vec<String> = arguments.iter().map(Field::known).collect::<Option<_>>()?;
    let (_, words) =
        words.split_first().filter(|(sub, _)| program == "git" && matches!(sub.as_str(), "branch" | "for-each-ref"))?;
    let lists = words
        .iter()
        .any(|word| word.starts_with("--merged") || word.starts_with("--no-merged") || TAKEN.contains(&word.as_str()));
    let plain = |word: &String| match word.strip_prefix("--format=") {
        Some(format) => format.starts_with("%(refname"),
        None => true,
    };
    ((lists || program == "git" && words.is_empty()) && words.iter().all(plain)).then(|| vec![any_branches()])
}

/// Whether a program that reads names of branches prints some of them, as they are or without a beginning.
pub(super) fn picks(program: &str, arguments: &[Field]) -> bool {
    let flags_only =
        || arguments.iter().all(|word| word.known().is_some_and(|word| word.starts_with('-') || word.parse::<u32>().is_ok()));
    match program {
        "egrep" | "fgrep" | "grep" => line_of("grep", arguments).is_some_and(|line| line.operands.len() == 1),
        "head" | "sort" | "tail" | "uniq" => flags_only(),
        "tr" => matches!(arguments, [delete, _] if delete.known().as_deref() == Some("-d")),
        _ => false,
    }
}

fn any_branches() -> Field {
    Field::new(Value { pieces: vec![Piece::Any { shape: Shape::Plain, loose: true }] }, 0..0)
}

/// Whether words stand for any number of names of branches.
pub(super) fn are_branches(words: &[Field]) -> bool {
    matches!(words, [only] if only.value == any_branches().value)
}

/// The files below a place: whatever a program finds there.
pub(super) fn below(place: &Field) -> Field {
    let mut value = place.value.clone();
    let star = |glob: &str| Piece::Pattern(glob.to_owned());
    for piece in [Piece::Text("/".to_owned()), star("**"), Piece::Text("/".to_owned()), star("*")] {
        value.push(piece);
    }
    Field::new(value, place.span.clone())
}

/// What a substitution becomes in which such a program runs, where it searches one place.
pub(super) fn printed_names(program: &str, words: &[&str]) -> Option<Value> {
    let words: Vec<Field> = words.iter().map(|word| Field::new(Value::text(*word), 0..0)).collect();
    match searched(program, &words)?.as_slice() {
        [place] => Some(below(place).value),
        _ => None,
    }
}

fn line_of(family: &str, arguments: &[Field]) -> Option<Line> {
    let (line, _) = parse(arguments, style(families::command(family)?, None));
    (!line.uncertain).then_some(line)
}

fn behind_first(line: &Line) -> Vec<Field> {
    line.operands.get(1..).unwrap_or_default().to_vec()
}

fn here() -> Field {
    Field::new(Value::text("."), 0..0)
}

/// The starts of a `find` that only tests names and kinds.
fn found_by_tests(arguments: &[Field]) -> Option<Vec<Field>> {
    const TESTS: [&str; 12] =
        ["!", "(", ")", "-iname", "-ipath", "-maxdepth", "-mindepth", "-name", "-not", "-o", "-path", "-type"];
    let tests = arguments.iter().position(|word| word.value.head().starts_with(['-', '(', '!'])).unwrap_or(arguments.len());
    let (starts, tests) = arguments.split_at_checked(tests)?;
    let known =
        |word: &Field| word.known().is_some_and(|word| !word.starts_with(['-', '(', '!', ')']) || TESTS.contains(&word.as_str()));
    tests.iter().all(known).then(|| starts.to_vec())
}

/// Files that git tracks, or that differ: all of them lie in the work tree.
fn of_git(arguments: &[Field]) -> Option<Vec<Field>> {
    let words: Vec<String> = arguments.iter().map(Field::known).collect::<Option<_>>()?;
    let (sub, words) = words.split_first()?;
    let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    let lists = match sub.as_str() {
        "diff" | "show" => has(&["--name-only"]),
        "grep" => has(&["-l", "-L", "--files-with-matches", "--name-only"]),
        // Those that git does not track are nobody's but the person's.
        "ls-files" => words
            .iter()
            .all(|word| !word.starts_with('-') || matches!(word.as_str(), "--" | "-c" | "-m" | "-z" | "--cached" | "--modified")),
        _ => false,
    };
    lists.then(|| vec![here()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_that_are_searched_are_those_below_which_the_names_lie() {
        let places = |line: &str| {
            let words: Vec<Field> = line.split(' ').map(|word| Field::new(Value::text(word), 0..0)).collect();
            let (program, arguments) = words.split_first()?;
            Some(searched(&program.shown(), arguments)?.iter().map(Field::shown).collect::<Vec<_>>())
        };
        assert_eq!(places("grep -rl foo src docs"), Some(vec!["src".to_owned(), "docs".to_owned()]));
        assert_eq!(places("rg -l foo"), Some(vec![".".to_owned()]));
        assert_eq!(places("rg --files src"), Some(vec!["src".to_owned()]));
        assert_eq!(places("git ls-files *.rs"), Some(vec![".".to_owned()]));
        assert_eq!(places("find src -name *.rs -type f"), Some(vec!["src".to_owned()]));
        for line in ["grep -rn foo src", "git ls-files -o", "git status", "find . -delete", "find . -exec rm {} ;", "cat list"] {
            assert_eq!(places(line), None, "{line}");
        }
    }
}
