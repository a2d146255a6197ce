//! Statements and psql scripts with the effects they have: `tests/sql/*.txt`.
//!
//! Every entry is one line of SQL, followed by its effects, each on a line that starts with `= `. To see what the reader makes
//! of changed entries, read the failing test's message: it prints the file as it would have to be.

use holdpoint_core::effect::{Certainty, Effect, Environment};
use holdpoint_effects::sql;
use proptest::prelude::*;

fn environment() -> Environment {
    Environment::Named("production".into())
}

fn short(effect: &Effect) -> String {
    let Effect { verb, resource, magnitude, reversibility, certainty, environment, .. } = effect;
    let here = if *environment == Environment::Local { " here" } else { "" };
    let name = if resource.name.is_empty() { "-" } else { &resource.name };
    let (way_back, sure) = (reversibility.as_str(), certainty.as_str());
    format!("= {verb} {} {name} ({magnitude}, {way_back}, {sure}){here}", resource.kind)
}

/// The file with the effects that the reader finds in place of those that stand there.
fn reread(file: &str, read: impl Fn(&str) -> Vec<Effect>) -> String {
    let mut found = String::new();
    for line in file.lines().filter(|line| !line.starts_with("= ")) {
        found.push_str(line);
        found.push('\n');
        if !line.is_empty() && !line.starts_with("# ") {
            read(line).iter().for_each(|effect| found.push_str(&(short(effect) + "\n")));
        }
    }
    found
}

#[test]
fn statements_have_the_effects_that_stand_with_them() {
    let file = include_str!("sql/statements.txt");
    let found = reread(file, |line| sql::read(line, &environment(), None));
    assert!(found == file, "statements.txt would have to be:\n{found}");
}

#[test]
fn psql_scripts_have_the_effects_that_stand_with_them() {
    let file = include_str!("sql/psql.txt");
    let found = reread(file, |line| sql::read_psql(line, &environment(), None));
    assert!(found == file, "psql.txt would have to be:\n{found}");
}

fn is_opaque(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| effect.certainty == Certainty::Opaque)
}

#[test]
fn what_is_too_long_or_too_deep_is_opaque_on_a_small_stack() {
    let repeated = |start: &str, unit: &str, count: usize, end: &str| format!("{start}{}{end}", unit.repeat(count));
    let texts = [
        "\0".to_owned(),
        "SELECT 1\0; DROP TABLE t".to_owned(),
        repeated("SELECT ", "(", 60_000, ""),
        repeated("SELECT ", "(", 30_000, "1") + &")".repeat(30_000),
        repeated("SELECT ", "(SELECT ", 9_000, "1") + &")".repeat(9_000),
        repeated("SELECT 1", "||1", 40_000, ""),
        repeated("SELECT 1", " - 1", 20_000, ""),
        repeated("SELECT ", "- ", 40_000, "1"),
        repeated("SELECT ", "NOT ", 20_000, "true"),
        repeated("SELECT 1", " UNION SELECT 1", 7_000, ""),
        repeated("SELECT ", "a[", 20_000, "1") + &"]".repeat(20_000),
        repeated("SELECT ", "f(", 20_000, "") + &")".repeat(20_000),
        repeated("SELECT ", "CASE WHEN true THEN ", 5_000, "1") + &" END".repeat(5_000),
        repeated("SELECT '", "x", 200_000, "'"),
        repeated("", "EXPLAIN ", 15_000, "SELECT 1"),
        repeated("/*", "/*", 50_000, ""),
    ];
    let check = move || {
        for text in texts {
            let start = text.get(..30).unwrap_or(&text);
            assert!(is_opaque(&sql::read(&text, &environment(), None)), "{start}");
            assert!(is_opaque(&sql::read_psql(&text, &environment(), None)), "psql {start}");
        }
    };
    // The stack that a worker thread of the server has.
    std::thread::Builder::new().stack_size(2 * 1024 * 1024).spawn(check).unwrap().join().unwrap();
}

#[test]
fn long_flat_text_is_read() {
    let rows = format!("INSERT INTO t VALUES (0){}", ", (1, 'x')".repeat(5_000));
    let effects = sql::read(&rows, &environment(), None);
    assert_eq!(effects.iter().map(short).collect::<Vec<_>>(), ["= create table t (5001 rows, lossless, exact)"]);
    let list = format!("SELECT * FROM t WHERE a IN (0{}) AND b{}", ", 1".repeat(20_000), " AND b".repeat(5_000));
    assert!(!is_opaque(&sql::read(&list, &environment(), None)));
}

#[test]
fn more_statements_than_anybody_can_judge_are_bounded() {
    let effects = sql::read(&(0..2_000).map(|n| format!("DELETE FROM t{n};")).collect::<String>(), &environment(), None);
    assert_eq!(effects.len(), holdpoint_core::effect::Effects::MAX + 1);
}

proptest! {
    #[test]
    fn any_text_has_effects(text in "\\PC*") {
        prop_assert!(!sql::read(&text, &environment(), None).is_empty());
        prop_assert!(!sql::read_psql(&text, &environment(), None).is_empty());
    }

    #[test]
    fn words_of_sql_in_any_order_have_effects(words in proptest::collection::vec(0usize..WORDS.len(), 0..40)) {
        let text = words.iter().map(|index| WORDS[*index]).collect::<Vec<_>>().join(" ");
        prop_assert!(!sql::read(&text, &environment(), None).is_empty());
        prop_assert!(!sql::read_psql(&text, &environment(), None).is_empty());
    }

    /// Quoted text is data whatever it holds.
    #[test]
    fn text_in_quotes_deletes_nothing(text in "[^']*") {
        prop_assume!(!text.contains('\0'));
        let effects = sql::read(&format!("SELECT '{text}'"), &environment(), None);
        prop_assert_eq!(effects.iter().map(short).collect::<Vec<_>>(), ["= read database - (1 item, lossless, exact)"]);
    }
}

const WORDS: [&str; 40] = [
    "SELECT", "FROM", "t", "DELETE", "INSERT", "INTO", "VALUES", "(", ")", ",", ";", "WITH", "AS", "DROP", "TABLE", "COPY", "TO",
    "PROGRAM", "'x'", "$$", "\\!", "\\g", "|", ":x", "/*", "*/", "--", "\n", "EXPLAIN", "ANALYZE", "UPDATE", "SET", "=", "1",
    "WHERE", "FUNCTION", "f()", "ON", "CASCADE", "E'\\'",
];
