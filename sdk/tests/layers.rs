//! Each layer of the crate uses only its own and those before it: reads every path with syn.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

const LAYERS: &[(&str, u8)] = &[
    ("error", 0),
    ("time", 0),
    ("element", 1),
    ("coders", 1),
    ("window", 1),
    ("state", 1),
    ("metrics", 1),
    ("exec", 2),
    ("graph", 3),
    ("options", 4),
    ("runner", 4),
    ("pipeline", 5),
    ("pcollection", 5),
    ("transforms", 5),
    ("io", 5),
    ("testing", 6),
];

fn layer(module: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// The module that each name re-exported at the root comes from.
fn roots(source: &str) -> BTreeMap<String, String> {
    fn names(tree: &syn::UseTree, out: &mut Vec<String>) {
        match tree {
            syn::UseTree::Path(path) => names(&path.tree, out),
            syn::UseTree::Name(name) => out.push(name.ident.to_string()),
            syn::UseTree::Rename(rename) => out.push(rename.rename.to_string()),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| names(item, out)),
            syn::UseTree::Glob(_) => {}
        }
    }
    let mut roots = BTreeMap::new();
    for item in syn::parse_file(source).unwrap().items {
        if let syn::Item::Use(item) = item
            && let syn::UseTree::Path(path) = &item.tree
        {
            let mut found = Vec::new();
            names(&path.tree, &mut found);
            let module = path.ident.to_string();
            roots.extend(found.into_iter().map(|name| (name, module.clone())));
        }
    }
    roots
}

/// The modules that a file names by `crate::…`, leaving its tests out.
fn used(source: &str, roots: &BTreeMap<String, String>) -> Vec<String> {
    struct Paths<'r>(&'r BTreeMap<String, String>, Vec<String>);
    impl Paths<'_> {
        fn note(&mut self, name: String) {
            self.1.push(self.0.get(&name).cloned().unwrap_or(name));
        }
        fn heads(&mut self, tree: &syn::UseTree) {
            match tree {
                syn::UseTree::Path(path) => self.note(path.ident.to_string()),
                syn::UseTree::Name(name) => self.note(name.ident.to_string()),
                syn::UseTree::Rename(rename) => self.note(rename.ident.to_string()),
                syn::UseTree::Group(group) => group.items.iter().for_each(|tree| self.heads(tree)),
                syn::UseTree::Glob(_) => {}
            }
        }
    }
    impl<'ast> Visit<'ast> for Paths<'_> {
        fn visit_path(&mut self, path: &'ast syn::Path) {
            let mut segments = path.segments.iter();
            if segments.next().is_some_and(|first| first.ident == "crate")
                && let Some(second) = segments.next()
            {
                self.note(second.ident.to_string());
            }
            syn::visit::visit_path(self, path);
        }
        fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
            if let syn::UseTree::Path(path) = &item.tree
                && path.ident == "crate"
            {
                self.heads(&path.tree);
            }
        }
        fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
            let is_test = module.attrs.iter().any(|attribute| {
                attribute.path().is_ident("cfg")
                    && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
            });
            if !is_test {
                syn::visit::visit_item_mod(self, module);
            }
        }
    }
    let mut paths = Paths(roots, Vec::new());
    paths.visit_file(&syn::parse_file(source).unwrap());
    paths.1
}

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test(&path) {
            out.push(path);
        }
    }
}

/// Whether a file is one that only tests include.
fn is_test(path: &Path) -> bool {
    path.ends_with("tests.rs")
        || path.ends_with("exec/testing.rs")
        || path.parent().is_some_and(|folder| folder.ends_with("tests"))
}

#[test]
fn no_layer_uses_a_later_one() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let roots = roots(&std::fs::read_to_string(source.join("lib.rs")).unwrap());
    let mut all = Vec::new();
    files(&source, &mut all);
    let mut wrong = Vec::new();
    for file in all {
        let relative = file.strip_prefix(&source).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
        let module = first.trim_end_matches(".rs");
        if module == "lib" {
            continue;
        }
        let own = layer(module).unwrap_or_else(|| panic!("`{module}` has no layer"));
        for name in used(&std::fs::read_to_string(&file).unwrap(), &roots) {
            if layer(&name).is_some_and(|other| other > own) {
                wrong.push(format!("{} uses `{name}`", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "later layers are used:\n{}", wrong.join("\n"));
}

#[test]
fn a_wrong_path_is_found() {
    let roots = roots("pub use pcollection::PCollection;");
    let found = used("fn f(_: crate::PCollection<u8>) { crate::graph::seal(); }", &roots);
    assert_eq!(found, ["pcollection", "graph"]);
    let found = used("use crate::{graph::Sealed, time}; mod tests { use crate::io; }", &roots);
    assert_eq!(found, ["graph", "time", "io"]);
    assert!(used("#[cfg(test)] mod tests { use crate::io; }", &roots).is_empty());
}
