//! The only scripts: what `./x` hands over to.
//!
//! In scope: building and starting Holdpoint, everything CI checks, the long things, tidiness.
//! Out of scope: finding a compiler (`./x` does that), anything a user of an installed Holdpoint needs.

mod bench;
mod cargo;
mod deny;
mod fuzz;
mod pictures;
mod release;
mod root;
mod soak;
mod steps;
mod test;
mod tidy;
mod tools;
mod up;

use anyhow::Result;
use std::process::ExitCode;

const USAGE: &str = "\
usage: ./x COMMAND

  up [ARGS]            build Holdpoint and start it: control plane, console, embedded store
  test                 everything CI checks
  soak                 the long things: test, long kill loops and property tests, fuzzing, benches
  tidy                 the rules of the house that no compiler knows
  bench [FILTER]       all benches, or those whose name contains FILTER
  fuzz [TARGET [SECS]] every fuzz target, or one, for SECS seconds each (60)
  pictures             the pictures of the README and the book, from the real console
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    run(&arguments).unwrap_or_else(|error| {
        eprintln!("x: {error:#}");
        ExitCode::FAILURE
    })
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let rest = arguments.get(1..).unwrap_or_default();
    match arguments.first().map(String::as_str) {
        Some("bench") => bench::bench(rest),
        Some("fuzz") => fuzz::fuzz(rest),
        Some("pictures") => pictures::pictures(),
        Some("soak") => soak::soak(),
        Some("test") => test::test(),
        Some("tidy") => tidy::tidy(),
        Some("up") => up::up(rest),
        Some("help" | "--help" | "-h") => {
            print!("{USAGE}");
            Ok(ExitCode::SUCCESS)
        }
        _ => {
            eprint!("{USAGE}");
            Ok(ExitCode::from(2))
        }
    }
}
