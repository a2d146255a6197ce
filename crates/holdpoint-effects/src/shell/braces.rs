//! Brace expansion: `a{b,c}d`, `{1..9}`. It comes before every other expansion and may span quoted and expanded parts.

use super::budget::{BRACES_CHARACTERS_MAX, BRACES_MAX, BRACES_OPEN_MAX};
use super::syntax::Part;

/// A word's pieces as brace expansion sees them: unquoted text that may hold braces, and everything else.
#[derive(Debug, Clone)]
pub(crate) enum Token<'p> {
    Part(&'p Part),
    Text(String),
}

/// The words that braces make of one; nothing when there are too many to follow.
pub(crate) fn alternatives(parts: &[Part]) -> Option<Vec<Vec<Token<'_>>>> {
    let has_brace = |part: &Part| matches!(part, Part::Text { text, quoted: false } if text.contains('{'));
    let opening = |part: &Part| if let Part::Text { text, quoted: false } = part { text.matches('{').count() } else { 0 };
    if parts.iter().map(opening).sum::<usize>() > BRACES_OPEN_MAX {
        return None;
    }
    let atoms: Vec<Atom<'_>> =
        if parts.iter().any(has_brace) { parts.iter().flat_map(atoms).collect() } else { parts.iter().map(Atom::Part).collect() };
    let words = expand(&atoms, 0)?;
    // Braces come first: in `$x{a,b}` the names are `xa` and `xb`.
    if words.len() > 1 && words.iter().any(|word| word.windows(2).any(lengthens_a_name)) {
        return None;
    }
    Some(words.into_iter().map(|word| tokens(&word)).collect())
}

fn lengthens_a_name(pair: &[Atom<'_>]) -> bool {
    match pair {
        [Atom::Part(Part::Parameter { parameter, quoted: false }), Atom::Character(next)] => {
            let named = parameter.name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
            named && !parameter.braced && (next.is_ascii_alphanumeric() || *next == '_' || *next == '[')
        }
        _ => false,
    }
}

#[derive(Debug, Clone, Copy)]
enum Atom<'p> {
    Character(char),
    Part(&'p Part),
}

fn atoms(part: &Part) -> Vec<Atom<'_>> {
    match part {
        Part::Text { text, quoted: false } => text.chars().map(Atom::Character).collect(),
        part => vec![Atom::Part(part)],
    }
}

fn tokens<'p>(atoms: &[Atom<'p>]) -> Vec<Token<'p>> {
    let mut tokens: Vec<Token<'p>> = Vec::new();
    for atom in atoms {
        match (atom, tokens.last_mut()) {
            (Atom::Part(part), _) => tokens.push(Token::Part(part)),
            (Atom::Character(character), Some(Token::Text(text))) => text.push(*character),
            (Atom::Character(character), _) => tokens.push(Token::Text(character.to_string())),
        }
    }
    tokens
}

/// Deepest nesting of braces that is followed.
const NESTING_MAX: usize = 8;

fn expand<'p>(atoms: &[Atom<'p>], depth: usize) -> Option<Vec<Vec<Atom<'p>>>> {
    let Some((start, end, choices)) = first_group(atoms) else { return Some(vec![atoms.to_vec()]) };
    if depth >= NESTING_MAX {
        return None;
    }
    let mut heads = Vec::new();
    for choice in choices {
        heads.extend(expand(&choice, depth + 1)?);
        if heads.len() > BRACES_MAX {
            return None;
        }
    }
    let tails = expand(atoms.get(end + 1..)?, depth + 1)?;
    let before = atoms.get(..start)?;
    let longest = |words: &[Vec<Atom<'p>>]| words.iter().map(Vec::len).max().unwrap_or_default();
    let count = heads.len() * tails.len();
    if count > BRACES_MAX || count * (before.len() + longest(&heads) + longest(&tails)) > BRACES_CHARACTERS_MAX {
        return None;
    }
    let join = |head: &Vec<Atom<'p>>, tail: &Vec<Atom<'p>>| before.iter().chain(head).chain(tail).copied().collect();
    Some(heads.iter().flat_map(|head| tails.iter().map(move |tail| join(head, tail))).collect())
}

/// The first brace group that expands: where it starts and ends, and what stands between its commas.
fn first_group<'p>(atoms: &[Atom<'p>]) -> Option<(usize, usize, Vec<Vec<Atom<'p>>>)> {
    let character = |index: usize| match atoms.get(index) {
        Some(Atom::Character(character)) => Some(*character),
        _ => None,
    };
    // Bounded: every opening brace without a partner ends the search behind it, so each is looked at once.
    let mut start = 0;
    while start < atoms.len() {
        if character(start) == Some('{') {
            let (mut nesting, mut commas, mut at) = (1_usize, Vec::new(), start + 1);
            while at < atoms.len() {
                match character(at) {
                    Some('{') => nesting += 1,
                    Some('}') => nesting -= 1,
                    Some(',') if nesting == 1 => commas.push(at),
                    _ => {}
                }
                if nesting == 0 {
                    break;
                }
                at += 1;
            }
            if nesting == 0 {
                let inner = atoms.get(start + 1..at)?;
                if commas.is_empty() {
                    if let Some(choices) = sequence(inner) {
                        return Some((start, at, choices));
                    }
                } else {
                    let bounds: Vec<usize> = commas.into_iter().chain([at]).collect();
                    let mut from = start + 1;
                    let mut choices = Vec::new();
                    for bound in bounds {
                        choices.push(atoms.get(from..bound)?.to_vec());
                        from = bound + 1;
                    }
                    return Some((start, at, choices));
                }
            }
        }
        start += 1;
    }
    None
}

/// `1..9`, `a..f`, with an optional step.
fn sequence<'p>(inner: &[Atom<'p>]) -> Option<Vec<Vec<Atom<'p>>>> {
    let text: Option<String> = inner
        .iter()
        .map(|atom| match atom {
            Atom::Character(character) => Some(*character),
            Atom::Part(_) => None,
        })
        .collect();
    let text = text?;
    let mut bounds = text.split("..");
    let (from, to, step) = (bounds.next()?, bounds.next()?, bounds.next());
    let step = step.map_or(Some(1), |step| step.parse::<i64>().ok())?.unsigned_abs().max(1);
    let items: Vec<String> = match (from.parse::<i64>(), to.parse::<i64>()) {
        (Ok(first), Ok(last)) => {
            // A bound with a leading zero makes all as wide as the wider one.
            let padded = |text: &str| text.trim_start_matches('-').starts_with('0') && text.trim_start_matches('-').len() > 1;
            let width = if padded(from) || padded(to) { from.len().max(to.len()) } else { 0 };
            numbers(first, last, step).into_iter().map(|number| format!("{number:0width$}")).collect()
        }
        _ => {
            let (from, to) = (single(from)?, single(to)?);
            // Between the cases lie signs that bash reads once more.
            if from.is_ascii_lowercase() != to.is_ascii_lowercase() {
                return None;
            }
            let letters = numbers(i64::from(u32::from(from)), i64::from(u32::from(to)), step);
            letters.into_iter().filter_map(|code| char::from_u32(u32::try_from(code).ok()?)).map(String::from).collect()
        }
    };
    Some(items.into_iter().map(|item| item.chars().map(Atom::Character).collect()).collect())
}

fn single(text: &str) -> Option<char> {
    let mut characters = text.chars();
    let first = characters.next().filter(char::is_ascii_alphabetic)?;
    characters.next().is_none().then_some(first)
}

/// One more than the bound at most, so that the caller sees that there are too many.
fn numbers(from: i64, to: i64, step: u64) -> Vec<i64> {
    let step = i64::try_from(step).unwrap_or(i64::MAX);
    let next = move |number: &i64| {
        let next = if from <= to { number.checked_add(step)? } else { number.checked_sub(step)? };
        (if from <= to { next <= to } else { next >= to }).then_some(next)
    };
    std::iter::successors(Some(from), next).take(BRACES_MAX + 1).collect()
}
