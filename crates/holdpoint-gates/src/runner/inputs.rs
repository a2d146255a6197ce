//! Which files of the caller the program gets, and where it finds them.
//!
//! The runner opens no file on a caller's behalf: it could be made to read what the caller may not. The caller hands over the
//! text, which becomes part of the change, and the program finds exactly that text in a directory made for the act, at the place
//! that the words of its command line name. Nothing that lies beside it in the caller's directory is there: no settings that run
//! code, no hooks, no plug-ins.
//!
//! A text that could not be found there is not asked for: the program would open the caller's own file instead, with whatever it
//! holds by then.

use std::path::{Component, Path, PathBuf};

/// How a program finds a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// By a word that counts from the working directory.
    FromDirectory,
    /// By this word of the command line, which names the whole path and is changed for the act.
    ByWord(usize),
}

/// Programs that open what their line names, and nothing else that a handed-over text could bring them to: what psql would bring
/// in with `\i` cannot be read beforehand and waits for a person. A shell could find its way back to the caller's own file.
const OPEN_WHAT_THEIR_LINE_NAMES: &[&str] = &["psql"];

/// How a program that is run with these words in this directory finds the file at a path; nothing where it would not, or might
/// find another.
pub(super) fn found(argv: &[String], directory: &str, path: &str) -> Option<Found> {
    let (name, words) = argv.split_first()?;
    if !OPEN_WHAT_THEIR_LINE_NAMES.contains(&name.as_str()) {
        return None;
    }
    let mut whole = words.iter().enumerate().filter(|(_, word)| leads_to(word, path)).map(|(at, word)| (at + 1, word));
    match (whole.next(), whole.next()) {
        (None, _) => words.iter().any(|word| names_it_from(directory, word, path)).then_some(Found::FromDirectory),
        (Some((at, word)), None) if word == path => Some(Found::ByWord(at)),
        _ => None,
    }
}

/// Whether a word holds the whole path, however it is written.
fn leads_to(word: &str, path: &str) -> bool {
    word.match_indices('/').any(|(at, _)| {
        let rest = word.get(at..).unwrap_or_default();
        rest.starts_with(path) || normal(Path::new(rest)).as_deref() == Some(Path::new(path))
    })
}

fn names_it_from(directory: &str, word: &str, path: &str) -> bool {
    let value = match word.split_once('=') {
        Some((option, value)) if option.starts_with("--") => value,
        _ => word,
    };
    let counts = !value.is_empty() && !value.starts_with(['/', '-', '~']);
    counts && normal(&Path::new(directory).join(value)).as_deref() == Some(Path::new(path))
}

/// The path without `.` and `..`, as the readers write it.
pub(super) fn normal(path: &Path) -> Option<PathBuf> {
    let mut normal = PathBuf::from("/");
    for component in path.components() {
        match component {
            Component::CurDir | Component::RootDir => {}
            Component::Normal(name) => normal.push(name),
            Component::ParentDir => drop(normal.pop()),
            Component::Prefix(_) => return None,
        }
    }
    path.is_absolute().then_some(normal)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str, path: &str) -> Option<Found> {
        found(&line.split(' ').map(str::to_owned).collect::<Vec<_>>(), "/home/alice/shop", path)
    }

    #[test]
    fn a_file_that_the_program_would_open_at_its_own_place_is_not_handed_over() {
        let path = "/home/alice/shop/a.sql";
        assert_eq!(of("psql -c select", path), None, "no word names it: the text of another file did");
        assert_eq!(of("psql --file=/home/alice/shop/a.sql", path), None, "the word cannot be changed whole");
        assert_eq!(of("psql -f /home/alice/shop/a.sql -L /home/alice/shop/a.sql.log", path), None);
        assert_eq!(of("psql -f a.sql -f /home/alice/./shop/a.sql", path), None);
        assert_eq!(of("psql -f a.sql -f/home/alice/shop//a.sql", path), None);
        assert_eq!(of("bash a.sql", path), None, "a shell could find its way back to the caller's file");
        assert_eq!(of("/home/alice/shop/a.sql", path), None, "the program itself is no input");
    }

    #[test]
    fn a_file_is_found_where_the_line_names_it() {
        assert_eq!(of("psql -f a.sql", "/home/alice/shop/a.sql"), Some(Found::FromDirectory));
        assert_eq!(of("psql --file=./sql/a.sql", "/home/alice/shop/sql/a.sql"), Some(Found::FromDirectory));
        assert_eq!(of("psql -f ../a.sql", "/home/alice/a.sql"), Some(Found::FromDirectory));
        assert_eq!(of("psql -f /srv/a.sql", "/srv/a.sql"), Some(Found::ByWord(2)));
    }
}
