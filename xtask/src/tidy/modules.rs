//! The module tree of a crate, read from its source: which file declares which, and which imports which.
//!
//! In scope: `mod`, `use`, `pub use` and paths in types and expressions, as written.
//! Out of scope: what stands inside a macro call, and code under `#[cfg(test)]`, which may look anywhere.

use super::repository::Repository;
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, UseTree, Visibility};

/// All files reached from one crate root.
#[derive(Debug, Default)]
pub(super) struct Tree {
    modules: BTreeMap<ModulePath, Module>,
}

/// `["store", "sqlite"]` for `crate::store::sqlite`; empty for the crate root.
type ModulePath = Vec<String>;

#[derive(Debug, Default)]
struct Module {
    file: String,
    /// Absolute paths this module looks at, without the leading `crate`.
    imports: BTreeSet<Vec<String>>,
    /// Names it passes on with `pub use`, and where they are from.
    passes_on: BTreeMap<String, Vec<String>>,
}

impl Tree {
    /// Reads the tree that starts at this file. A file that does not parse is a leaf: the compiler
    /// has more to say about it than we do.
    pub(super) fn read(repository: &Repository, root: &str) -> Self {
        let mut tree = Self::default();
        let directory = directory_of(root).to_owned();
        tree.add(repository, root, Vec::new(), &directory);
        tree
    }

    /// The files in the tree.
    pub(super) fn files(&self) -> BTreeSet<&str> {
        self.modules.values().map(|module| module.file.as_str()).collect()
    }

    /// For each file, the other files it imports from.
    pub(super) fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut files: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for module in self.modules.values() {
            let targets = module.imports.iter().filter_map(|path| self.home_of(path, PASSED_ON_LIMIT));
            let others = targets.filter(|target| *target != module.file);
            files.entry(&module.file).or_default().extend(others);
        }
        files
    }

    fn add(&mut self, repository: &Repository, file: &str, path: ModulePath, children: &str) {
        let Ok(parsed) = syn::parse_file(repository.text(file)) else {
            self.modules.insert(path, Module { file: file.to_owned(), ..Module::default() });
            return;
        };
        self.add_items(repository, file, path, children, &parsed.items);
    }

    fn add_items(&mut self, repository: &Repository, file: &str, path: ModulePath, children: &str, items: &[Item]) {
        let mut reader = Reader::new(&path, items);
        for item in items {
            reader.visit_item(item);
        }
        let Reader { imports, passes_on, .. } = reader;
        self.modules.insert(path.clone(), Module { file: file.to_owned(), imports, passes_on });
        for item in items {
            if let Item::Mod(declared) = item {
                self.add_declared(repository, file, &path, children, declared);
            }
        }
    }

    fn add_declared(&mut self, repository: &Repository, file: &str, parent: &[String], children: &str, declared: &ItemMod) {
        let name = declared.ident.to_string();
        let mut path = parent.to_vec();
        path.push(name.clone());
        let directory = format!("{children}/{name}");
        match &declared.content {
            Some(_) if for_tests_only(&declared.attrs) => {}
            Some((_, items)) => self.add_items(repository, file, path, &directory, items),
            None => {
                let candidates = match explicit_path(&declared.attrs) {
                    Some(name) => vec![format!("{}/{name}", directory_of(file))],
                    None => vec![format!("{directory}.rs"), format!("{directory}/mod.rs")],
                };
                let Some(found) = candidates.iter().find(|file| repository.file(file).is_some()) else {
                    return;
                };
                self.add(repository, found, path.clone(), &directory);
                if for_tests_only(&declared.attrs)
                    && let Some(module) = self.modules.get_mut(&path)
                {
                    module.imports.clear();
                }
            }
        }
    }

    /// Finds the file that the longest known beginning of a path lives in, following `pub use`.
    fn home_of(&self, path: &[String], passed_on_limit: usize) -> Option<&str> {
        let known = (0..=path.len())
            .rev()
            .find(|length| path.get(..*length).is_some_and(|beginning| self.modules.contains_key(beginning)))?;
        let (beginning, rest) = path.split_at(known);
        let module = self.modules.get(beginning)?;
        let origin = rest.first().and_then(|name| module.passes_on.get(name));
        match (origin, passed_on_limit.checked_sub(1)) {
            (Some(origin), Some(limit)) => self.home_of(origin, limit),
            _ => Some(&module.file),
        }
    }
}

/// How often a name may be passed on before we take it to live where we are.
const PASSED_ON_LIMIT: usize = 8;

/// Collects what one module looks at.
struct Reader<'a> {
    path: &'a [String],
    children: BTreeSet<String>,
    imports: BTreeSet<Vec<String>>,
    passes_on: BTreeMap<String, Vec<String>>,
}

impl<'a> Reader<'a> {
    fn new(path: &'a [String], items: &[Item]) -> Self {
        let children = items.iter().filter_map(|item| match item {
            Item::Mod(declared) => Some(declared.ident.to_string()),
            _ => None,
        });
        Self { path, children: children.collect(), imports: BTreeSet::new(), passes_on: BTreeMap::new() }
    }

    /// Turns a path as written here into one from the crate root; `None` where it leaves the crate.
    fn absolute(&self, written: &[String]) -> Option<Vec<String>> {
        let first = written.first()?;
        let mut from = self.path.to_vec();
        let mut rest = written;
        match first.as_str() {
            "crate" => from.clear(),
            "self" | "super" => {}
            child if self.children.contains(child) => {
                return Some([from.as_slice(), written].concat());
            }
            _ => return None,
        }
        while let Some((word, after)) = rest.split_first() {
            match word.as_str() {
                "crate" | "self" => {}
                "super" => drop(from.pop()),
                _ => break,
            }
            rest = after;
        }
        from.extend_from_slice(rest);
        Some(from)
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Mod(_) => {} // read as a module of its own
            Item::Fn(item) if for_tests_only(&item.attrs) => {}
            Item::Impl(item) if for_tests_only(&item.attrs) => {}
            Item::Use(item) if for_tests_only(&item.attrs) => {}
            _ => visit::visit_item(self, item),
        }
    }

    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let mut leaves = Vec::new();
        unfold(&item.tree, &mut Vec::new(), &mut leaves);
        for (written, name) in leaves {
            let Some(path) = self.absolute(&written) else {
                continue;
            };
            if matches!(item.vis, Visibility::Inherited) {
                self.imports.insert(path);
            } else {
                self.passes_on.insert(name, path);
            }
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let written: Vec<String> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        if written.len() > 1
            && let Some(path) = self.absolute(&written)
        {
            self.imports.insert(path);
        }
        visit::visit_path(self, path);
    }
}

/// Lists each leaf of `use a::{b, c as d}` as its whole path and the name it gets.
fn unfold(tree: &UseTree, before: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
    match tree {
        UseTree::Path(step) => {
            before.push(step.ident.to_string());
            unfold(&step.tree, before, leaves);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|tree| unfold(tree, before, leaves)),
        UseTree::Glob(_) => leaves.push((before.clone(), "*".to_owned())),
        UseTree::Name(leaf) => leaves.push(leaf_of(before, &leaf.ident.to_string(), &leaf.ident.to_string())),
        UseTree::Rename(leaf) => leaves.push(leaf_of(before, &leaf.ident.to_string(), &leaf.rename.to_string())),
    }
}

/// `use a::b::{self}` names `a::b` itself.
fn leaf_of(before: &[String], written: &str, name: &str) -> (Vec<String>, String) {
    let mut path = before.to_vec();
    if written != "self" {
        path.push(written.to_owned());
        return (path, name.to_owned());
    }
    let own_name = path.last().cloned().unwrap_or_default();
    (path, if name == "self" { own_name } else { name.to_owned() })
}

fn for_tests_only(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let names_test = attribute.parse_args::<syn::Ident>().is_ok_and(|condition| condition == "test");
        attribute.path().is_ident("cfg") && names_test
    })
}

fn explicit_path(attributes: &[Attribute]) -> Option<String> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("path")).find_map(|attribute| {
        let syn::Expr::Lit(literal) = &attribute.meta.require_name_value().ok()?.value else {
            return None;
        };
        let syn::Lit::Str(name) = &literal.lit else {
            return None;
        };
        Some(name.value())
    })
}

fn directory_of(file: &str) -> &str {
    file.rsplit_once('/').map_or("", |(directory, _)| directory)
}
