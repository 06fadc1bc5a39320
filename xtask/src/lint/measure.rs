//! Measures a source file without its tests.

use std::path::{Path, PathBuf};

use syn::{
    Attribute, Block, ExprMethodCall, ImplItemFn, ItemFn, ItemImpl, ItemMod, Meta, Signature,
    TraitItemFn,
    spanned::Spanned,
    visit::{self, Visit},
};

use crate::failure::{Failure, Outcome};

use super::sources;

/// The sizes of one file. Lines of items under `#[cfg(test)]` are not counted.
pub(super) struct Measured {
    pub(super) path: PathBuf,
    pub(super) lines: usize,
    pub(super) functions: Vec<Function>,
    /// The lines on which `unwrap()` is called.
    pub(super) unwraps: Vec<usize>,
    /// Modules in files of their own that are compiled for tests only, without `.rs`.
    pub(super) test_modules: Vec<PathBuf>,
}

/// The size of one function that has a body.
pub(super) struct Function {
    pub(super) name: String,
    pub(super) line: usize,
    /// The lines between the braces, at least one.
    pub(super) body_lines: usize,
    pub(super) arguments: usize,
}

impl Measured {
    pub(super) fn of(path: &Path, text: &str) -> Outcome<Self> {
        let file = syn::parse_file(text).map_err(|error| {
            let line = error.span().start().line;
            Failure::new(format!("{}:{line}: {error}", path.display()))
        })?;
        let mut measured = Self {
            path: path.to_path_buf(),
            lines: text.lines().count(),
            functions: Vec::new(),
            unwraps: Vec::new(),
            test_modules: Vec::new(),
        };
        if is_for_tests(&file.attrs) {
            measured.lines = 0;
        } else {
            measured.visit_file(&file);
        }
        Ok(measured)
    }

    fn skip(&mut self, item: &impl Spanned) {
        let span = item.span();
        self.lines -= span.end().line - span.start().line + 1;
    }

    fn add(&mut self, signature: &Signature, body: &Block) {
        let braces = body.brace_token.span;
        let lines = braces.close().start().line - braces.open().start().line;
        self.functions.push(Function {
            name: signature.ident.to_string(),
            line: signature.ident.span().start().line,
            body_lines: lines.saturating_sub(1).max(1),
            arguments: signature.inputs.len(),
        });
    }
}

/// Only the items that tests are made of are looked at: a `use` under `#[cfg(test)]` is too short
/// to matter.
impl<'ast> Visit<'ast> for Measured {
    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            return visit::visit_item_mod(self, item);
        }
        self.skip(item);
        if item.content.is_none() {
            let module = sources::submodule(&self.path, &item.ident.to_string());
            self.test_modules.push(module);
        }
    }

    fn visit_item_impl(&mut self, item: &'ast ItemImpl) {
        if is_for_tests(&item.attrs) {
            return self.skip(item);
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if is_for_tests(&item.attrs) {
            return self.skip(item);
        }
        self.add(&item.sig, &item.block);
        visit::visit_item_fn(self, item);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        if is_for_tests(&item.attrs) {
            return self.skip(item);
        }
        self.add(&item.sig, &item.block);
        visit::visit_impl_item_fn(self, item);
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(&item.sig, body);
        }
        visit::visit_trait_item_fn(self, item);
    }

    fn visit_expr_method_call(&mut self, call: &'ast ExprMethodCall) {
        if call.method == "unwrap" && call.args.is_empty() {
            self.unwraps.push(call.method.span().start().line);
        }
        visit::visit_expr_method_call(self, call);
    }
}

/// `#[test]`, `#[cfg(test)]` or `#[cfg(all(test, …))]`.
fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition = list.tokens.to_string().replace(' ', "");
            condition == "test" || condition.starts_with("all(test,")
        }
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "\
//! A file.

fn one(a: u8, b: u8) -> u8 { a + b }

impl Thing {
    fn two(&self) -> u8 {
        let first = self.first.unwrap();
        first + 1
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn three() {
        assert_eq!(one(1, 2).checked_add(1).unwrap(), 4);
    }
}
";

    fn measured(text: &str) -> Measured {
        Measured::of(Path::new("sdk/src/sample.rs"), text).unwrap()
    }

    #[test]
    fn lines_of_tests_do_not_count() {
        assert_eq!(measured(SAMPLE).lines, 11);
    }

    #[test]
    fn functions_are_measured_between_their_braces() {
        let found: Vec<_> = measured(SAMPLE)
            .functions
            .into_iter()
            .map(|function| (function.name, function.line, function.body_lines, function.arguments))
            .collect();
        assert_eq!(found, [("one".to_owned(), 3, 1, 2), ("two".to_owned(), 6, 2, 1)]);
    }

    #[test]
    fn unwrap_counts_outside_tests_only() {
        assert_eq!(measured(SAMPLE).unwraps, [7]);
    }

    #[test]
    fn a_test_module_in_a_file_of_its_own_is_remembered() {
        let modules = measured("#[cfg(test)]\nmod tests;\nmod code;\n").test_modules;
        assert_eq!(modules, [Path::new("sdk/src/sample/tests")]);
    }

    #[test]
    fn code_that_is_also_compiled_without_tests_counts() {
        let text = "#[cfg(any(test, feature = \"x\"))]\nmod x {\n    fn f() {}\n}\n";
        assert_eq!(measured(text).functions.len(), 1);
    }
}
