//! Hostile texts meet a named bound before they meet the stack or the clock.
#![expect(clippy::unwrap_used, reason = "a failure here is a failed test")]

use std::collections::BTreeMap;

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::{Certainty, Effect, Verb};
use holdpoint_core::question::Answers;

/// The stack of a tokio worker thread.
const WORKER_STACK_BYTES: usize = 2 * 1024 * 1024;

/// Reads on a thread as small as the smallest that reads; says whether the text counts as unreadable.
fn is_opaque(text: String) -> bool {
    let read = move || {
        let setting = Setting { directory: "/w".to_owned(), variables: BTreeMap::new(), target: String::new() };
        let reading = holdpoint_effects::read(&Artefact::Command { text }, &setting, &Answers::default());
        reading.effects.iter().any(|effect: &Effect| effect.certainty == Certainty::Opaque)
    };
    std::thread::Builder::new().stack_size(WORKER_STACK_BYTES).spawn(read).unwrap().join().unwrap()
}

#[test]
fn nesting_of_every_kind_meets_its_bound_before_the_stack() {
    let kinds = [
        ("$(", ")"),
        ("(", ")"),
        ("{ ", "; }"),
        ("\"$(", ")\""),
        ("${a:-", "}"),
        ("\"${a:-", "}\""),
        ("$((", "))"),
        ("`", "`"),
        ("if ", "; then :; fi"),
        ("a[$(", ")]=1"),
        ("while ", "; do :; done"),
        ("for x in a; do ", "; done"),
        ("case x in x) ", ";; esac"),
        ("f() { ", "; }"),
        ("<(", ")"),
        ("[[ $(", ") ]]"),
        ("! ", ""),
        ("time ", ""),
        ("coproc ", ""),
        ("x=(", ")"),
        ("function f { ", "; }"),
        ("$[", "]"),
        ("((", "))"),
        ("eval ", ""),
        ("bash -c ", ""),
        ("sudo ", ""),
        ("env ", ""),
        ("xargs ", ""),
        ("command ", ""),
        ("find . -exec ", " \\;"),
        ("echo <<E\n$(", "\n)\nE\n"),
    ];
    for (open, close) in kinds {
        for count in [31, 40, 2_000] {
            let whole = format!("{}:{}", open.repeat(count), close.repeat(count));
            let _ = is_opaque(whole);
        }
        let unclosed = open.repeat(64 * 1024 / open.len());
        // These words are the arguments of the first, or a list without end is refused: either is fine.
        let flat = open.ends_with(' ') && !open.contains(['(', '{']);
        assert!(is_opaque(unclosed) || flat, "{open} 64 KiB deep, and nothing is unreadable");
    }
}

#[test]
fn nested_quotes_of_shells_in_shells_meet_the_bound() {
    let mut text = "rm -rf /".to_owned();
    while text.len() < 8 * 1024 {
        text = format!("bash -c '{}'", text.replace('\'', "'\\''"));
    }
    // It is either read to the end or said to be unreadable: the worst is seen in both cases.
    let _ = is_opaque(text);
    assert!(is_opaque(format!("{}:{}", "eval '".repeat(400), "'".repeat(400))));
}

#[test]
fn what_is_too_long_or_too_much_is_opaque() {
    assert!(is_opaque("a".repeat(64 * 1024 + 1)));
    assert!(is_opaque("cat <<E\nE\n".repeat(3_000)), "more here-documents than are read");
    assert!(is_opaque("f() { f; f; }; f".to_owned() + &"; x=$x$x$x".repeat(4_000)) || !is_opaque("f() { f; f; }; f".to_owned()));
    assert!(is_opaque("true;".repeat(13_000)), "more commands than are followed");
    assert!(is_opaque(
        format!("echo {}", "{a,b}".repeat(40)) + "; rm -rf {a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}; $X"
    ));
}

#[test]
fn what_is_looked_at_again_from_each_place_is_opaque() {
    assert!(is_opaque("a[ ".repeat(20_000)), "a bracket is looked for up to the end of the text");
    assert!(is_opaque("[".repeat(32_000) + &"--a=b ".repeat(5_000)), "the structural parser looks ahead as far");
    assert!(is_opaque("trap a EXIT;[".repeat(5_000)));
    assert!(is_opaque(format!("a[{}", "git push ".repeat(7_000))), "it stumbles over each word behind the bracket");
    assert!(is_opaque(format!("./x {}", "{1..9} ".repeat(9_000))), "more words than are followed");
    assert!(is_opaque(format!("mkdir {}", "a ".repeat(11_000))), "more paths than are followed");
    assert!(
        is_opaque(format!("x={}; {}", "a".repeat(16_000), "echo $x$x$x$x; ".repeat(2_000))),
        "more is copied than is followed"
    );
    assert!(is_opaque(format!("$(echo {}{}) -x", "a".repeat(60_000), "{a,b}".repeat(8))), "a long word many times");
    assert!(!is_opaque(format!("mkdir {}", "a/b/c ".repeat(500))));
}

#[test]
fn a_budget_may_end_before_any_character() {
    // A parser that was given half of a character and then nothing more read outside of its memory.
    for character in ["é", "日", "😀"] {
        let long = |pattern: &str, shift: usize| {
            let pattern = pattern.replace('_', character);
            "a".repeat(shift) + &pattern.repeat((64 * 1024 - shift) / pattern.len())
        };
        for shift in 0..4 {
            assert!(is_opaque(long("_$", shift)), "{character} behind {shift}");
            assert!(is_opaque_file("python3", &long("_=_\n", shift)), "{character} behind {shift}");
            assert!(is_opaque_file("node", &long("_=_;", shift)), "{character} behind {shift}");
        }
    }
}

#[test]
fn every_character_may_stand_behind_a_brace() {
    // The last of each plane: C's `isdigit`, asked about one of them, reads outside its table.
    for plane in 0..=16_u32 {
        let character = char::from_u32(plane * 0x1_0000 + 0xfffd).unwrap();
        assert!(!is_opaque(format!("echo {{{character},b}} {{1..{character}}} {{12{character}")), "{character:?}");
    }
}

#[test]
fn a_path_that_no_system_takes_could_be_any() {
    let setting = Setting { directory: "/w".to_owned(), variables: BTreeMap::new(), target: String::new() };
    let text = format!("rm -rf {}x", "a/".repeat(2_100));
    let reading = holdpoint_effects::read(&Artefact::Command { text }, &setting, &Answers::default());
    assert!(reading.effects.iter().any(|effect| effect.verb == Verb::Delete && effect.resource.name == "/"));
}

#[test]
fn a_function_that_calls_itself_ends() {
    assert!(!is_opaque("f() { echo; f; }; f".to_owned()));
    let _ = is_opaque("f() { f | f & }; f".to_owned());
    let _ = is_opaque("a() { b; b; }; b() { c; c; }; c() { d; d; }; d() { a; a; }; a".to_owned());
    let doubling = (0..60).map(|n| format!("f{n}() {{ f{}; f{}; }}; ", n + 1, n + 1)).collect::<String>() + "f0";
    assert!(is_opaque(doubling), "work that doubles sixty times");
}

#[test]
fn programs_of_other_languages_meet_a_bound_before_the_stack() {
    let python = [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("{1:", "}"),
        ("lambda: ", "1"),
        ("not ", "1"),
        ("a.b.", "c"),
        ("1+", "1"),
        ("x[", "]"),
        ("f(lambda: ", ")"),
        ("[x for x in ", "y]"),
        ("a if b else ", "c"),
        ("def f(): f()\n", ""),
    ];
    let javascript = [
        ("(", ")"),
        ("[", "]"),
        ("f(", ")"),
        ("({a:", "})"),
        ("x=>", "1"),
        ("!", "1"),
        ("a.b.", "c"),
        ("1+", "1"),
        ("`${", "}`"),
        ("{", "}"),
        ("if(1)", ";"),
        ("new ", "A"),
        ("f(()=>{", "})"),
        ("async()=>", "1"),
        ("function f(){f()}", ""),
    ];
    let all = python.map(|kind| ("python3", kind)).into_iter().chain(javascript.map(|kind| ("node", kind)));
    for (program, (open, close)) in all {
        for count in [10, 40, 90, 60 * 1024 / (open.len() + close.len())] {
            let code = format!("{}1{}", open.repeat(count), close.repeat(count));
            let _ = is_opaque(format!("{program} <<'E'\n{code}\nE\n"));
            let _ = is_opaque(format!("{program} <<'E'\n{}\nE\n", open.repeat(count)));
        }
    }
}

#[test]
fn programs_in_programs_and_functions_that_call_one_another_end() {
    let mut code = "import os; os.remove(input())".to_owned();
    for _ in 0..6 {
        code = format!("exec({code:?})");
    }
    assert!(is_opaque(format!("python3 <<'E'\n{code}\nE\n")));
    let doubling = (0..40).map(|n| format!("def f{n}():\n    f{}()\n    f{}()\n", n + 1, n + 1)).collect::<String>();
    assert!(is_opaque(format!("python3 <<'E'\n{doubling}f0()\nE\n")), "calls that double forty times");
    let loops = (0..24).map(|n| format!("{}for x{n} in a:\n", " ".repeat(n))).collect::<String>();
    let _ = is_opaque(format!("python3 <<'E'\n{loops}{}f()\nE\n", " ".repeat(24)));
}

/// Reads a file of a program, as if it lay in no work tree; says whether it counts as unreadable.
fn is_opaque_file(command: &str, text: &str) -> bool {
    use holdpoint_core::question::{Answer, Question};
    let mut answers = Answers::default();
    answers.insert(Question::FileText { path: "/tmp/p".to_owned() }, Answer::FileText { text: text.to_owned() });
    let setting = Setting { directory: "/w".to_owned(), variables: BTreeMap::new(), target: String::new() };
    let artefact = Artefact::Command { text: format!("{command} /tmp/p") };
    let reading = holdpoint_effects::read(&artefact, &setting, &answers);
    reading.effects.iter().any(|effect| effect.certainty == Certainty::Opaque)
}

#[test]
fn programs_share_one_bound() {
    let line = "value = load(name)  # for what follows\n";
    assert!(!is_opaque_file("python3", &line.repeat(400)), "a program of ordinary length");
    assert!(is_opaque_file("python3", &line.repeat(1_600)), "one of 60 KiB");
    let half = line.repeat(200);
    let program = format!("python3 <<'E'\n{half}E\n");
    assert!(!is_opaque(program.clone()));
    assert!(is_opaque(program.repeat(5)), "each is short, and all together are long");
    assert!(!is_opaque(format!("python3 <<'E'\n{}E\n", "a = [a, a]\n".repeat(300))), "a value that doubles is not copied");
}

#[test]
fn sql_beyond_its_bound_is_opaque() {
    let statements = |count: usize| format!("psql -c '{}'", "select 1;".repeat(count));
    assert!(!is_opaque(statements(500)));
    assert!(is_opaque(statements(7_000)));
    assert!(is_opaque(format!("psql -c '{}'", "\\copy a to b\n".repeat(1_000))), "each is parsed apart");
    assert!(is_opaque(format!("{}; ", statements(500)).repeat(10)), "each is short, and all together are long");
}

#[test]
fn what_the_parser_would_repair_again_and_again_is_opaque() {
    // It says that it errs where it skips something, and puts in what could be missing without a word.
    for (program, text) in
        [("python3", "\\\na".repeat(20_000)), ("python3", "'a".repeat(30_000)), ("node", "'a':".repeat(15_000))]
    {
        assert!(is_opaque_file(program, &text), "{program}");
    }
}
