//! What the rules look at: the files that are, or are about to be, under version control, and the
//! workspace's packages as cargo sees them.

use crate::cargo::output;
use anyhow::{Context, Result};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The repository, read once.
#[derive(Debug, Default)]
pub(super) struct Repository {
    pub(super) files: Vec<File>,
    pub(super) packages: Vec<Package>,
}

/// One file; the path is relative to the root, with `/` between names.
#[derive(Debug)]
pub(super) struct File {
    pub(super) path: String,
    pub(super) executable: bool,
    /// `None` where the content is not text.
    pub(super) text: Option<String>,
}

/// One member of the workspace.
#[derive(Debug)]
pub(super) struct Package {
    pub(super) name: String,
    /// Its directory, relative to the root.
    pub(super) directory: String,
    /// Names of our own crates that it needs to be built.
    pub(super) needs: Vec<String>,
    /// Names of our own crates that only its tests need.
    pub(super) needs_for_tests: Vec<String>,
    /// The files that its targets start from, relative to the root.
    pub(super) roots: Vec<String>,
}

impl Repository {
    /// Reads what git tracks or would add, and what `cargo metadata` said.
    pub(super) fn read(root: &Path, metadata: &Value) -> Result<Self> {
        let list = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--deduplicate"];
        let names = output(Command::new("git").current_dir(root).args(list)).context("tidy needs git and a checkout")?;
        let mut files = Vec::new();
        for name in names.split_terminator('\0') {
            files.extend(read_file(root, name)?);
        }
        let packages = metadata.get("packages").and_then(Value::as_array);
        let packages = packages.context("`cargo metadata` lists no packages")?;
        let packages = packages.iter().map(|package| read_package(root, package)).collect::<Option<_>>();
        let packages = packages.context("`cargo metadata` has another shape than expected")?;
        Ok(Self { files, packages })
    }

    /// Finds a file by its path.
    pub(super) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns a file's text, empty where there is no such file.
    pub(super) fn text(&self, path: &str) -> &str {
        self.file(path).and_then(|file| file.text.as_deref()).unwrap_or_default()
    }

    /// Lists the files below a directory whose names end so.
    pub(super) fn below<'a>(&'a self, directory: &'a str, ending: &'a str) -> impl Iterator<Item = &'a File> {
        self.files.iter().filter(move |file| {
            file.path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/') || directory.is_empty())
                && file.path.ends_with(ending)
        })
    }
}

/// Reads one file, through a symbolic link too; nothing for what was deleted but not yet committed.
fn read_file(root: &Path, name: &str) -> Result<Option<File>> {
    let path = root.join(name);
    let Ok(about) = path.metadata() else {
        return Ok(None);
    };
    if !about.is_file() {
        return Ok(None);
    }
    let bytes = std::fs::read(&path).with_context(|| format!("cannot read `{name}`"))?;
    let text = if bytes.contains(&0) { None } else { String::from_utf8(bytes).ok() };
    Ok(Some(File { path: name.to_owned(), executable: is_executable(&about), text }))
}

fn is_executable(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o111 != 0
}

fn read_package(root: &Path, package: &Value) -> Option<Package> {
    let manifest = PathBuf::from(package.get("manifest_path")?.as_str()?);
    let dependencies = package.get("dependencies")?.as_array()?;
    let ours = |tests: bool| {
        let wanted = dependencies.iter().filter(move |dependency| {
            let ours = dependency.get("path").is_some_and(Value::is_string);
            let dev = dependency.get("kind").is_some_and(|kind| kind == "dev");
            ours && dev == tests
        });
        wanted.filter_map(|dependency| Some(dependency.get("name")?.as_str()?.to_owned())).collect()
    };
    let targets = package.get("targets")?.as_array()?.iter();
    let roots = targets.filter_map(|target| relative(root, Path::new(target.get("src_path")?.as_str()?)));
    Some(Package {
        name: package.get("name")?.as_str()?.to_owned(),
        directory: relative(root, manifest.parent()?)?,
        needs: ours(false),
        needs_for_tests: ours(true),
        roots: roots.collect(),
    })
}

fn relative(root: &Path, path: &Path) -> Option<String> {
    Some(path.strip_prefix(root).ok()?.to_str()?.to_owned())
}

/// For the rules' own tests: repositories made by hand.
#[cfg(test)]
impl Repository {
    pub(super) fn of(files: &[(&str, &str)]) -> Self {
        let files =
            files.iter().map(|(path, text)| File { path: (*path).to_owned(), executable: false, text: Some((*text).to_owned()) });
        Self { files: files.collect(), packages: Vec::new() }
    }

    pub(super) fn with(mut self, package: Package) -> Self {
        self.packages.push(package);
        self
    }
}

#[cfg(test)]
impl Package {
    pub(super) fn at(directory: &str) -> Self {
        Self {
            name: directory.rsplit('/').next().unwrap_or(directory).to_owned(),
            directory: directory.to_owned(),
            needs: Vec::new(),
            needs_for_tests: Vec::new(),
            roots: vec![format!("{directory}/src/lib.rs")],
        }
    }
}
