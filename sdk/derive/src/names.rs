//! Names of fields in schemas.

use std::collections::BTreeSet;

use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::{Error, Ident, Result};

/// The name without `r#`.
pub(crate) fn unraw(ident: &Ident) -> String {
    ident.unraw().to_string()
}

/// Refuses two fields of one name.
pub(crate) fn unique<'a>(names: impl Iterator<Item = (&'a str, Span)>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for (name, span) in names {
        if !seen.insert(name) {
            return Err(Error::new(span, format!("two fields are named `{name}`")));
        }
    }
    Ok(())
}
