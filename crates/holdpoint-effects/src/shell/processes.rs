//! Processes by the names of what they run, where a line asks for their numbers: `kill $(pgrep nginx)`.
//!
//! *Out of scope:* what ending one means (`families/files.toml`), and what is done to it (`attached.rs`).

use super::address::service_at;
use super::value::{Shape, Value};

/// Behind the name of a program it stands for the numbers of its processes.
const PROCESS: &str = "-process";

/// What a program prints that is asked for the numbers of processes: not numbers, but what they stand for. Nothing where it prints
/// something else.
pub(super) fn numbers(program: &str, words: &[&str]) -> Option<Value> {
    let bundled =
        |letters: &[char]| words.iter().any(|word| word.starts_with('-') && !word.starts_with("--") && word.contains(letters));
    match program {
        // With these it prints more than numbers.
        "pgrep" if bundled(&['a', 'c', 'l']) => {
            named("holdpoint").filter(|_| words.iter().any(|word| word.contains("holdpoint")))
        }
        "pgrep" | "pidof" if words.iter().any(|word| word.contains("holdpoint")) => named("holdpoint"),
        "pgrep" | "pidof" => named(words.last()?),
        "fuser" | "lsof" if program == "fuser" || bundled(&['t']) => {
            let port = words.iter().find_map(|word| word.rsplit_once(':').map(|(_, port)| port).or(word.strip_suffix("/tcp")))?;
            Some(service_at(port).map_or_else(|| Value::any(Shape::Plain), |name| Value::text(format!("{name}{PROCESS}"))))
        }
        _ => None,
    }
}

/// The processes of the program that a pattern or a path names.
pub(super) fn named(pattern: &str) -> Option<Value> {
    let first = pattern.split_whitespace().next()?;
    let name = first.rsplit('/').next()?.trim_start_matches('^').trim_end_matches('$');
    let plain = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
    plain.then(|| Value::text(format!("{name}{PROCESS}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_stands_for_the_program_that_it_was_asked_for() {
        let name = |program: &str, words: &[&str]| numbers(program, words).and_then(|value| value.known()).unwrap_or_default();
        assert_eq!(name("pgrep", &["postgres"]), "postgres-process");
        assert_eq!(name("pgrep", &["-f", "/usr/sbin/nginx -g"]), "nginx-process");
        assert_eq!(name("pgrep", &["-af", "holdpoint up"]), "holdpoint-process");
        assert_eq!(name("lsof", &["-t", "-i:5432"]), "postgres-process");
        for (program, words) in
            [("pgrep", &["-l", "nginx"][..]), ("lsof", &["-i:5432"]), ("lsof", &["-ti:3000"]), ("pgrep", &["(a|b)"])]
        {
            assert_eq!(name(program, words), "", "{program} {words:?}");
        }
    }
}
