//! What names of options and words say by themselves: that a file is written, a directory filled or emptied, a command run.
//!
//! *Out of scope:* what follows from it (`told.rs`).

use super::value::Field;

/// Parts of names that say that a file is written.
const WRITES: [&str; 29] = [
    "blockprofile",
    "coverprofile",
    "cpuprofile",
    "dest",
    "destination",
    "dump",
    "dumpfile",
    "export",
    "junit",
    "junitxml",
    "log",
    "logfile",
    "memprofile",
    "mutexprofile",
    "out",
    "outfile",
    "output",
    "outputfile",
    "pidfile",
    "record",
    "report",
    "reportfile",
    "reports",
    "resultfile",
    "results",
    "save",
    "savefile",
    "screenshot",
    "write",
];
/// Parts of names that say that a directory is meant.
const DIRECTORIES: [&str; 5] = ["dir", "directory", "dirname", "folder", "root"];
/// Names that say that a directory is filled.
const FILLS: [&str; 11] = [
    "destdir",
    "directory-prefix",
    "dist-dir",
    "distpath",
    "download-dir",
    "outdir",
    "outpath",
    "outputdir",
    "pack-destination",
    "reportdir",
    "to-dir",
];
/// Parts of names that say that a command is run.
const RUNS: [&str; 12] =
    ["cmd", "command", "debugger", "editor", "exec", "hook", "interpreter", "pager", "program", "runner", "shell", "wrapper"];
/// Parts of names that say that it is about how and not what.
const TELLS_HOW: [&str; 24] = [
    "buffer",
    "charset",
    "color",
    "colour",
    "columns",
    "count",
    "delay",
    "delimiter",
    "encoding",
    "fields",
    "format",
    "id",
    "interval",
    "level",
    "limit",
    "mode",
    "name",
    "prefix",
    "size",
    "style",
    "template",
    "timeout",
    "type",
    "url",
];
/// Parts of names that say that the value of one that writes is a file.
const TAKES: [&str; 25] = [
    "bin",
    "blockprofile",
    "coverprofile",
    "cpuprofile",
    "csv",
    "dest",
    "destination",
    "dumpfile",
    "file",
    "html",
    "json",
    "junit",
    "junitxml",
    "logfile",
    "memprofile",
    "out",
    "outfile",
    "output",
    "outputfile",
    "path",
    "pidfile",
    "reportfile",
    "resultfile",
    "savefile",
    "xml",
];
/// Words that say that what is there goes first.
const EMPTIES: [&str; 9] = ["clean", "clear", "delete", "empty", "erase", "purge", "remove", "rm", "wipe"];
/// Words that say that what is there is replaced.
const REPLACES: [&str; 10] = ["clobber", "del", "fix", "force", "inplace", "overwrite", "place", "replace", "truncate", "write"];
/// Words beside them that say of what: of all that is written.
const OF_RESULTS: [&str; 16] = [
    "all",
    "allow",
    "always",
    "destination",
    "dest",
    "dir",
    "directory",
    "existing",
    "first",
    "in",
    "out",
    "outdir",
    "output",
    "path",
    "place",
    "target",
];
/// Words of programs that look at what they are given, and write nothing of it.
const LOOKS: [&str; 36] = [
    "cat", "check", "checksum", "cmp", "compare", "count", "describe", "diff", "display", "dump", "edit", "explain", "find",
    "grep", "head", "info", "inspect", "lint", "list", "ls", "open", "play", "preview", "print", "read", "run", "scan", "search",
    "show", "stat", "tail", "test", "validate", "verify", "view", "watch",
];

/// What is known of a program beside its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Data say what it does, and it changes or looks.
    Described,
    /// It runs code of the work tree, whatever its words.
    Delegates,
    /// Something else reads all of its words but the names of its options.
    Read,
    /// Nothing.
    Stranger,
}

impl Standing {
    /// Whether what it does is known, so that its words tell only what nobody described.
    pub(super) const fn is_known(self) -> bool {
        matches!(self, Self::Described | Self::Read)
    }
}

/// What the name of an option says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tells {
    /// Files are put into the directory that it names.
    Fills,
    Nothing,
    /// A file may be written, or a directory emptied, if there is one.
    Perhaps,
    Runs,
    Writes,
}

/// What the words of a line say of what is there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Force {
    Keeps,
    Replaces,
    Empties,
}

/// What an option tells by its name. Of names of one letter few tell anything, and what little they tell is no more than likely.
pub(super) fn of(option: &str, standing: Standing) -> Tells {
    let name = option.trim_start_matches('-');
    if option == "-o" && !standing.is_known() {
        return Tells::Writes;
    }
    if option == "-o" || (matches!(option, "-O" | "-w") && !standing.is_known()) {
        return Tells::Perhaps;
    }
    // `-DoutputDirectory=x` sets a property of a build.
    let name =
        option.strip_prefix("-D").filter(|name| name.starts_with(|first: char| first.is_ascii_lowercase())).unwrap_or(name);
    if option.len() == name.len() || name.len() < 3 || name.len() > NAME_MAX_BYTES {
        return Tells::Nothing;
    }
    let parts = parts(name);
    let has = |words: &[&str]| parts.iter().any(|part| words.contains(&part.as_str()));
    let lower = name.to_ascii_lowercase();
    match () {
        () if FILLS.contains(&lower.as_str()) => Tells::Fills,
        () if has(&TELLS_HOW) || parts.first().is_some_and(|part| part == "no" || part == "input") => Tells::Nothing,
        () if has(&["width"]) => Tells::Nothing,
        () if has(&DIRECTORIES) && has(&WRITES) => Tells::Fills,
        () if has(&DIRECTORIES) && standing == Standing::Stranger => Tells::Perhaps,
        () if has(&DIRECTORIES) => Tells::Nothing,
        () if !standing.is_known() && runs_by_its_ending(&lower) => Tells::Runs,
        () if has(&RUNS) => Tells::Runs,
        () if has(&WRITES) || (!standing.is_known() && lower.starts_with("out")) => Tells::Writes,
        () => Tells::Nothing,
    }
}

/// Whether an option is called as those that take a command.
fn runs_by_its_ending(name: &str) -> bool {
    let ends = ["-editor", "-pager", "-exec", "-rsh", "-wrapper", "-hook"].iter().any(|end| name.ends_with(end));
    ends || matches!(name, "command" | "cmd" | "conf-script" | "shell-command")
}

/// Whether an option that writes is called as those that take the file for their value. Of a stranger's any may.
pub(super) fn takes_a_file(option: &str, standing: Standing) -> bool {
    standing == Standing::Stranger || option == "-o" || {
        let parts = parts(option.trim_start_matches('-'));
        parts.iter().any(|part| TAKES.contains(&part.as_str())) || (!standing.is_known() && option == "--save")
    }
}

/// What the words say of what is there already: `--emptyOutDir`, `--overwrite`, and `clean` as a word of its own.
pub(super) fn force(words: &[Field]) -> Force {
    let said = words.iter().map(|word| {
        let head = word.value.head();
        match head.strip_prefix('-') {
            Some(name) => option_says(name.trim_start_matches('-')),
            None if matches!(head, "clean" | "distclean") && word.known().is_some() => Force::Empties,
            None => Force::Keeps,
        }
    });
    said.max().unwrap_or(Force::Keeps)
}

fn option_says(option: &str) -> Force {
    let (name, value) = option.split_once('=').unwrap_or((option, "true"));
    if matches!(value, "0" | "false" | "never" | "no" | "off") || name.len() < 2 || name.len() > NAME_MAX_BYTES {
        return Force::Keeps;
    }
    let parts = parts(name);
    let says = |part: &str| match part {
        _ if EMPTIES.contains(&part) => Some(Force::Empties),
        _ if REPLACES.contains(&part) => Some(Force::Replaces),
        _ if OF_RESULTS.contains(&part) => Some(Force::Keeps),
        _ => None,
    };
    // A word that is not among them says of what, and that is something else: `--delete-branch`, `--force-reinstall`.
    let said: Option<Vec<Force>> = parts.iter().map(|part| says(part)).collect();
    said.and_then(|said| said.into_iter().max()).unwrap_or(Force::Keeps)
}

/// Whether an option says that what the program writes takes the place of what it wrote before: `--delete-output-path`.
pub(super) fn renews_results(option: &str) -> bool {
    let parts = parts(option);
    option_says(option) > Force::Keeps
        && parts.iter().any(|part| matches!(part.as_str(), "dest" | "destination" | "out" | "outdir" | "output"))
}

/// Whether the word behind an option may be its value. What says that something is replaced has none, and some letters mostly say
/// how much is told.
pub(super) fn may_take_a_value(option: &str) -> bool {
    let name = option.trim_start_matches('-');
    !option.contains('=')
        && option_says(name) == Force::Keeps
        && !matches!(name, "R" | "f" | "q" | "quiet" | "r" | "v" | "verbose" | "y" | "yes")
}

/// Whether a program's name, or one of its first words, says that it looks at what it is given.
pub(super) fn looks(program: &str, words: &[Field]) -> bool {
    let says = |name: &str| name.split(['-', '_', '.', ':']).any(|word| LOOKS.contains(&word));
    let ends = LOOKS.iter().any(|word| word.len() > 3 && program.ends_with(word));
    ends || says(program)
        || words.iter().take(SUBCOMMANDS_MAX).filter_map(Field::known).any(|word| says(word.trim_start_matches('-')))
}

/// How many words in front may be names of subcommands.
const SUBCOMMANDS_MAX: usize = 3;

/// The parts of a name, in lower case: `log-file`, `outputFile`, `export_path`.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    for sign in name.chars() {
        let parted = matches!(sign, '-' | '_' | '.' | ':');
        if parted || sign.is_ascii_uppercase() {
            parts.push(String::new());
        }
        if let Some(last) = parts.last_mut().filter(|_| !parted) {
            last.push(sign.to_ascii_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// Names that are longer are no names.
const NAME_MAX_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::value::Value;

    #[test]
    fn names_tell_what_is_written_and_what_is_run() {
        let tells = |name: &str| of(name, Standing::Described);
        for name in ["--output", "--output-file", "--outputFile", "--report-path", "-out", "--dump_file", "--junitxml"] {
            assert_eq!(tells(name), Tells::Writes, "{name}");
        }
        for name in ["--pager", "--exec", "--diff-cmd", "--pre-hook", "--rustc-wrapper"] {
            assert_eq!(tells(name), Tells::Runs, "{name}");
        }
        for name in ["--outdir", "--outDir", "--output-dir", "--dest-dir", "--report-dir"] {
            assert_eq!(tells(name), Tells::Fills, "{name}");
        }
        for name in [
            "--output-format",
            "--no-output",
            "--input",
            "--log-level",
            "output",
            "--",
            "--outline",
            "--hook-type",
            "--cache-dir",
        ] {
            assert_eq!(tells(name), Tells::Nothing, "{name}");
        }
        assert_eq!(of("-o", Standing::Stranger), Tells::Writes);
        assert_eq!(tells("-DoutputDirectory"), Tells::Fills);
    }

    #[test]
    fn words_tell_what_becomes_of_what_is_there() {
        let says = |line: &str| force(&line.split(' ').map(|word| Field::new(Value::text(word), 0..0)).collect::<Vec<_>>());
        for line in ["--emptyOutDir", "--clean x", "-M clean . x", "--remove-existing", "--clear"] {
            assert_eq!(says(line), Force::Empties, "{line}");
        }
        for line in ["--overwrite", "--allow-overwrite=true", "--clobber", "--del x", "--in-place=force --force"] {
            assert_eq!(says(line), Force::Replaces, "{line}");
        }
        for line in ["--delete-branch", "--force-reinstall", "--no-clobber", "--clear-cache", "--clean=false", "-f x", "cleanup"]
        {
            assert_eq!(says(line), Force::Keeps, "{line}");
        }
    }
}
