//! Where `psql` connects to: whatever could send it elsewhere counts.

use holdpoint_core::change::{Artefact, Setting};
use holdpoint_core::effect::Environment;
use holdpoint_core::question::Answers;

/// Where the table is dropped by a line with these words before `-c`.
fn place(line: &str) -> Environment {
    let text = format!("psql {line} -c 'drop table orders'");
    let setting = Setting { directory: "/w".into(), variables: Default::default(), target: "t".into() };
    let reading = holdpoint_effects::read(&Artefact::Command { text: text.clone() }, &setting, &Answers::default());
    reading.effects.iter().map(|effect| effect.environment.clone()).next().unwrap_or(Environment::Unknown)
}

#[test]
fn a_database_elsewhere_was_taken_for_one_on_this_machine() {
    let prod = Environment::Named("prod.example".into());
    for line in [
        "-h localhost 'host=prod.example'",
        "-h localhost 'host = prod.example'",
        "-h localhost \"host='prod.example' port=5432\"",
        "-h localhost -d postgres://prod.example/x",
        "'host=localhost hostaddr=prod.example'",
        "-d 'dbname=x host=localhost' -d 'dbname=x host=prod.example'",
        "'postgres://localhost/x?host=prod.example'",
        "'postgres://localhost,prod.example/x'",
    ] {
        assert_eq!(place(line), prod, "{line}");
    }
    for line in ["\"$PROD_URL\"", "-h \"$HOST\"", "$OPTIONS", "--hos prod.example", "-h a.example -d 'host=b.example'"] {
        assert_eq!(place(line), Environment::Unknown, "{line}");
    }
}

#[test]
fn a_database_on_this_machine_stays_here() {
    for line in ["", "shop", "-d shop", "-h localhost shop", "-h /run/postgresql", "postgres://127.0.0.1:5433/x", "postgres:///x"]
    {
        assert_eq!(place(line), Environment::Local, "{line}");
    }
}
