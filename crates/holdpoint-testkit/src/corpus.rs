//! Replays what the fuzzers were seeded with, and what they once found, in ordinary tests.
//!
//! A fuzz target and its replay share one property: the file `tests/corpus/TARGET.rs` of the crate that owns the parser, which
//! `fuzz/fuzz_targets/TARGET.rs` includes. So a find is fixed by adding its input to `fuzz/corpus/TARGET/`.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

/// Holds every file in `fuzz/corpus/TARGET` to a property, which panics where it does not hold.
///
/// # Errors
/// Where the corpus cannot be read or is empty: a replay of nothing proves nothing.
pub fn replay(target: &str, property: impl Fn(&[u8])) -> Result<()> {
    let corpus = repository()?.join("fuzz/corpus").join(target);
    let inputs = inputs(&corpus).with_context(|| format!("there is no corpus for `{target}`"))?;
    ensure!(!inputs.is_empty(), "the corpus for `{target}` is empty");
    for input in inputs {
        // A property that panics is a failed test; what it was about is the last line printed.
        println!("{}", input.display());
        property(&fs::read(&input)?);
    }
    Ok(())
}

/// The crate under test stands in `crates/`, two floors above its sources.
fn repository() -> Result<PathBuf> {
    let package = env::var_os("CARGO_MANIFEST_DIR").context("corpora are replayed by `cargo test`")?;
    Path::new(&package).ancestors().nth(2).map(Path::to_path_buf).context("the crate stands in no repository")
}

fn inputs(corpus: &Path) -> Result<Vec<PathBuf>> {
    let mut inputs = fs::read_dir(corpus)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    inputs.sort();
    Ok(inputs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_corpus_that_is_not_there_is_an_error_and_not_a_pass() {
        assert!(replay("no-such-target", |_| ()).is_err());
    }
}
