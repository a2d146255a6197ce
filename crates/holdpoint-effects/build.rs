//! Makes of the data files what the program reads: JSON without the examples, which are for people and tests, and one line for
//! each command, so that a process reads only the commands it meets. TOML is pleasant to write and slow to read: taking all of it
//! in was most of what a hook cost.
//!
//! *In scope:* the form. *Out of scope:* whether the data fit the schema, which the tests of this crate see.

#![expect(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    reason = "the build reads and writes files; the crate it builds does not"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use toml::{Table, Value};

/// The tables that are read as a whole, and what each becomes.
const TABLES: [(&str, &str); 6] = [
    ("images.toml", "images.json"),
    ("languages/javascript.toml", "javascript.json"),
    ("languages/python.toml", "python.json"),
    ("paths.toml", "paths.json"),
    ("sql.toml", "sql.json"),
    ("tools/claude-code.toml", "claude-code.json"),
];
/// Where the families of commands are.
const FAMILIES: &str = "families";
/// Keys under which examples stand.
const EXAMPLES: [&str; 3] = ["example", "examples", "near_misses"];

fn main() -> Result<(), Box<dyn Error>> {
    let output = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={FAMILIES}");
    for (source, made) in TABLES {
        println!("cargo::rerun-if-changed={source}");
        fs::write(output.join(made), serde_json::to_string(&read(Path::new(source))?)?)?;
    }
    let files = families()?;
    fs::write(output.join("commands.rs"), commands(&files)?)?;
    fs::write(output.join("sources.rs"), sources(&files)?)?;
    Ok(())
}

/// The family files in order.
fn families() -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = fs::read_dir(FAMILIES)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>, std::io::Error>>()?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    Ok(files)
}

/// Rust for four lists: each name of a command with the number of its line, sorted by name; the lines; the packages; the variables
/// that hold options, each with the first program that takes them.
fn commands(files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let (mut names, mut lines, mut packages) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
    let mut variables = BTreeMap::new();
    for file in files {
        let family = read(file)?;
        packages.extend(
            family.get("packages").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).map(str::to_owned),
        );
        for command in family.get("command").and_then(Value::as_array).into_iter().flatten() {
            for name in command.get("names").and_then(Value::as_array).into_iter().flatten() {
                let name = name.as_str().ok_or("a name that is no text")?;
                if names.insert(name.to_owned(), lines.len()).is_some() {
                    return Err(format!("{}: `{name}` is described twice", file.display()).into());
                }
            }
            let first =
                command.get("names").and_then(|names| names.get(0)).and_then(Value::as_str).ok_or("a command without a name")?;
            for variable in command.get("options-in").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
                variables.insert(variable.to_owned(), first.to_owned());
            }
            lines.push(serde_json::to_string(command)?);
        }
    }
    let names: Vec<_> = names.into_iter().collect();
    let (names_type, lines_type) = (format!("[(&str, usize); {}]", names.len()), format!("[&str; {}]", lines.len()));
    let packages_type = format!("[&str; {}]", packages.len());
    let packages: Vec<_> = packages.into_iter().collect();
    let variables: Vec<_> = variables.into_iter().collect();
    let variables_type = format!("[(&str, &str); {}]", variables.len());
    Ok(format!(
        "static NAMES: {names_type} = {names:?};\nstatic LINES: {lines_type} = {lines:?};\nstatic PACKAGES: {packages_type} = {packages:?};\nstatic OPTION_VARIABLES: {variables_type} = {variables:?};\n"
    ))
}

/// Rust for a list of the files as they were written: name and text.
fn sources(files: &[PathBuf]) -> Result<String, Box<dyn Error>> {
    let texts = files.iter().map(|file| Ok((file.display().to_string(), fs::read_to_string(file)?)));
    let texts = texts.collect::<Result<Vec<_>, std::io::Error>>()?;
    Ok(format!("const SOURCES: [(&str, &str); {}] = {texts:?};\n", texts.len()))
}

fn read(file: &Path) -> Result<Table, Box<dyn Error>> {
    let table = toml::from_str(&fs::read_to_string(file)?).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(without_examples(table))
}

fn without_examples(table: Table) -> Table {
    let kept = table.into_iter().filter(|(key, _)| !EXAMPLES.contains(&key.as_str()));
    kept.map(|(key, value)| (key, without_examples_inside(value))).collect()
}

fn without_examples_inside(value: Value) -> Value {
    match value {
        Value::Array(items) => items.into_iter().map(without_examples_inside).collect::<Vec<_>>().into(),
        Value::Table(table) => without_examples(table).into(),
        other => other,
    }
}
