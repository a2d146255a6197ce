//! How long reading a command takes: an ordinary one, and the worst that the caps let through.

use std::collections::BTreeMap;

use divan::Bencher;
use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::question::Answers;

fn main() {
    divan::main();
}

fn read(bencher: Bencher<'_, '_>, text: String) {
    let variables = BTreeMap::from([("HOME".to_owned(), "/home/alice".to_owned())]);
    let setting = Setting { directory: "/home/alice/shop".to_owned(), variables, target: String::new() };
    let artefact = Artefact::Command { text };
    bencher.bench(|| holdpoint_effects::read(divan::black_box(&artefact), &setting, &Answers::default()));
}

/// What an agent runs all day.
#[divan::bench(args = [
    "git status",
    "cargo test --workspace 2>&1 | tail -20",
    "rm -rf target && npm ci",
    "for f in src/*.rs; do grep -n unwrap \"$f\" || true; done",
    "python3 -c \"import json,sys; print(json.load(sys.stdin)['a'])\"",
    "node -e \"console.log(require('./package.json').version)\"",
    "git commit -m \"$(cat <<'E'\nfix: a thing\nE\n)\" && git push -u origin feature",
])]
fn typical(bencher: Bencher<'_, '_>, text: &str) {
    read(bencher, text.to_owned());
}

/// Nesting up to and far beyond the bound, in each of the ways that nest.
#[divan::bench(args = ["$(", "(", "{ ", "\"$(", "${a:-", "$((", "`", "if ", "a[$("])]
fn shell_deeply_nested(bencher: Bencher<'_, '_>, open: &str) {
    read(bencher, open.repeat(64 * 1024 / open.len()));
}

/// Here-documents, whose number the structural parser's time grows with the square of.
#[divan::bench(args = [60, 3_000])]
fn many_heredocs(bencher: Bencher<'_, '_>, count: usize) {
    read(bencher, "cat <<E\nx $y\nE\n".repeat(count));
}

/// The longest text of ordinary words.
#[divan::bench(args = ["word ", "$x ", "'a'\"b\"c ", "a;", "x=1;", "{a,b}{c,d} ", "echo $(ls)\n", "[[", "* "])]
fn words_of_64_kib(bencher: Bencher<'_, '_>, piece: &str) {
    read(bencher, format!("echo {}", piece.repeat((64 * 1024 - 8) / piece.len())));
}

/// Branches and values that multiply.
#[divan::bench]
fn values_that_multiply(bencher: Bencher<'_, '_>) {
    let text = (0..200).map(|n| format!("for v{n} in a b c d; do x=$x$v{n}; rm -rf $x; done\n")).collect();
    read(bencher, text);
}

/// The longest programs of other languages: many names, many calls, many functions, an error at the end.
#[divan::bench(args = ["x=1\n", "f(x)\n", "def f(): g()\n", "import os; os.remove('a')\n", "for a in b: c.append(a)\n", "a=[a,a]\n"])]
fn python_of_64_kib(bencher: Bencher<'_, '_>, piece: &str) {
    read(bencher, format!("python3 <<'E'\n{}\nE\n", piece.repeat((64 * 1024 - 32) / piece.len())));
}

#[divan::bench(args = ["x=1;", "f(x);", "function f(){g()};", "require('fs').rmSync('a');", "for(a of b)c.push(a);", "let a=[a,a];", "("])]
fn javascript_of_64_kib(bencher: Bencher<'_, '_>, piece: &str) {
    read(bencher, format!("node <<'E'\n{}\nE\n", piece.repeat((64 * 1024 - 32) / piece.len())));
}
