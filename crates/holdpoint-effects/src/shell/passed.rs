//! Words that a compiler passes on to its preprocessor, assembler and linker, parted by commas: `gcc -Wl,-Map,x`.
//!
//! *In scope:* the files that they write. *Out of scope:* what the compiler itself is told (`families/converters.toml`).

use super::apply::behind;
use super::value::{Field, Value};
use super::walker::Walker;

/// What stands in front of such words.
const PASSES: [&str; 3] = ["-Wa,", "-Wl,", "-Wp,"];
/// Options of these programs that name a file to write.
const WRITES: [&str; 11] =
    ["--Map", "--MD", "--dependency-file", "--out-implib", "--output", "-MD", "-MF", "-MMD", "-Map", "-o", "-map"];

impl Walker<'_> {
    /// Writes the files that words name which a compiler passes on.
    pub(super) fn passed_on(&mut self, words: &[Field], directory: Option<&str>) {
        let files: Vec<Field> = words.iter().flat_map(written_by).collect();
        files.iter().for_each(|file| self.rebuild(file, directory));
    }
}

fn written_by(word: &Field) -> Vec<Field> {
    let passed = PASSES.iter().find_map(|start| behind(word, start)).and_then(|passed| passed.known());
    let mut parts = passed.iter().flat_map(|passed| passed.split(','));
    let mut files = Vec::new();
    while let Some(part) = parts.next() {
        files.extend(match part.split_once('=') {
            // `-al=x` is a listing of the assembler's, whatever it lists.
            Some((name, file)) if WRITES.contains(&name) || name.starts_with("-a") => Some(file),
            None if WRITES.contains(&part) => parts.next(),
            _ => None,
        });
    }
    files.into_iter().map(|file| Field::new(Value::text(file), word.span.clone())).collect()
}
