//! Replays the fuzz corpora of the readers, and compares with bash what mutations of everyday lines are taken for.

mod program;
mod recipe;
mod shell;
mod sql;
mod syntax;
mod tool_call;

use holdpoint_testkit::corpus::replay;
use holdpoint_testkit::dice::Dice;
use proptest::prelude::ProptestConfig;

#[test]
fn commands() {
    replay("shell", shell::holds).unwrap();
}

#[test]
fn programs() {
    replay("program", program::holds).unwrap();
}

#[test]
fn recipes() {
    replay("recipe", recipe::holds).unwrap();
}

#[test]
fn sql_texts() {
    replay("sql", sql::holds).unwrap();
}

#[test]
fn syntax_of_commands() {
    replay("syntax", syntax::holds).unwrap();
    replay("shell", syntax::holds).unwrap();
}

#[test]
fn tool_calls() {
    replay("tool_call", tool_call::holds).unwrap();
}

#[test]
fn what_bash_refuses_of_mutated_lines_is_opaque() {
    let snippets =
        include_str!("../marker/snippets.txt").split("\n%%\n").chain(include_str!("../marker/data.txt").split("\n%%\n"));
    let lines = include_str!("../everyday/free.txt").lines().chain(include_str!("../everyday/hold.txt").lines());
    let texts: Vec<String> = snippets.map(str::to_owned).chain(lines.map(|line| line.replace('⏎', "\n"))).collect();
    let mut dice = Dice::new(1);
    let (mut refused, mut wrong) = (0, Vec::new());
    // More of them in a soak, as for the property tests.
    let mutations = ProptestConfig::default().cases as usize * 6;
    for _ in 0..mutations {
        let text = mutated(&texts, &mut dice);
        if syntax::is_read(&text) {
            if !syntax::accepts(&text) {
                wrong.push(text);
            }
        } else {
            refused += 1;
        }
    }
    assert!(wrong.is_empty(), "bash refuses what the reader claims to have read:\n{}", wrong.join("\n%%\n"));
    assert!(refused * 5 > mutations, "only {refused} of {mutations} mutations are in doubt: they no longer mutate");
}

/// What is put into lines: the signs that bash's grammar hangs on.
const SIGNS: [&str; 46] = [
    "$(", ")", "(", "((", "))", "$((", "`", "\"", "'", "$'", "\\", "\n", ";", ";;", "&", "&&", "|", "||", "<", "<<", "<<E\n",
    "<<<", ">", ">&", "${", "}", "{", "[[", "]]", " ", "#", "!", "=", "=(", "if ", "then ", "fi", "do ", "done", "case ", " in ",
    "esac", "[", "]", "f() ", "time ",
];

/// One of the texts with one to three signs put in, taken out or exchanged.
fn mutated(texts: &[String], dice: &mut Dice) -> String {
    let mut text: Vec<char> = dice.one_of(texts).chars().collect();
    for _ in 0..=dice.below(3) {
        let at = dice.below(text.len() + 1);
        let end = (at + dice.below(3)).min(text.len());
        let sign: Vec<char> = if dice.once_in(3) { Vec::new() } else { dice.one_of(&SIGNS).chars().collect() };
        text.splice(at..end, sign);
    }
    text.into_iter().collect()
}
