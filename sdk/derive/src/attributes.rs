//! The attributes `#[element(…)]`, and `#[serde(default)]`.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, LitInt, LitStr, Path, Result, parse_quote};

/// What is said of the whole type.
pub(crate) struct Container {
    /// The crate that has `__private`.
    pub(crate) krate: Path,
}

impl Container {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut container = Self { krate: parse_quote!(::purlin) };
        each(attributes, |meta| {
            if meta.path.is_ident("crate") {
                container.krate = meta.value()?.parse::<LitStr>()?.parse()?;
                return Ok(());
            }
            Err(meta.error("a type has only the attribute `crate`"))
        })?;
        Ok(container)
    }
}

/// What is said of a field or, the name alone, of a variant.
#[derive(Default)]
pub(crate) struct Field {
    pub(crate) rename: Option<String>,
    pub(crate) default: Option<Path>,
    pub(crate) redact: bool,
    pub(crate) position: Option<LitInt>,
}

impl Field {
    pub(crate) fn parse(attributes: &[Attribute]) -> Result<Self> {
        let mut field = Self { default: serde_default(attributes)?, ..Self::default() };
        each(attributes, |meta| field.read(&meta))?;
        Ok(field)
    }

    fn read(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("rename") {
            self.rename = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("default") {
            self.default = Some(default_path(meta)?);
        } else if meta.path.is_ident("redact") {
            self.redact = true;
        } else if meta.path.is_ident("position") {
            self.position = Some(meta.value()?.parse()?);
        } else {
            let message = "a field has the attributes `rename`, `default`, `redact`, `position`";
            return Err(meta.error(message));
        }
        Ok(())
    }
}

/// The name that an attribute gives to a variant.
pub(crate) fn variant_name(variant: &syn::Variant) -> Result<String> {
    let mut name = crate::names::unraw(&variant.ident);
    each(&variant.attrs, |meta| {
        if meta.path.is_ident("rename") {
            name = meta.value()?.parse::<LitStr>()?.value();
            return Ok(());
        }
        Err(meta.error("a variant has only the attribute `rename`"))
    })?;
    Ok(name)
}

fn each(
    attributes: &[Attribute],
    mut read: impl FnMut(ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    attributes
        .iter()
        .filter(|attribute| attribute.path().is_ident("element"))
        .try_for_each(|attribute| attribute.parse_nested_meta(&mut read))
}

/// The function that makes the default, as in `default` or `default = "path"`.
fn default_path(meta: &ParseNestedMeta<'_>) -> Result<Path> {
    if meta.input.peek(syn::Token![=]) {
        return meta.value()?.parse::<LitStr>()?.parse();
    }
    Ok(parse_quote!(::core::default::Default::default))
}

/// `#[serde(default)]`, so that types which have it already need no second attribute.
fn serde_default(attributes: &[Attribute]) -> Result<Option<Path>> {
    let mut default = None;
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("serde")) {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                default = Some(default_path(&meta)?);
            } else if meta.input.peek(syn::Token![=]) {
                meta.value()?.parse::<syn::Expr>()?;
            } else if meta.input.peek(syn::token::Paren) {
                meta.parse_nested_meta(|inner| {
                    inner.value()?.parse::<syn::Expr>()?;
                    Ok(())
                })?;
            }
            Ok(())
        })?;
    }
    Ok(default)
}
