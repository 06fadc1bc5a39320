//! `#[derive(Element)]`: Beam rows from Rust's structs and enums.
//!
//! The generated code is direct: it calls the coders of the fields one after the other and builds
//! no intermediate value. The schema appears only where a pipeline graph is built.

mod attributes;
mod enums;
mod names;
mod row;
mod structs;

use proc_macro::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, GenericParam, Result, parse_macro_input, parse_quote};

/// Makes a type an element: a Beam *row*, whose fields other SDKs see.
///
/// A struct is a row of its fields; those of a tuple struct are named `f0`, `f1`, …. An enum is a
/// row of the INT32 field `variant`, the number of the variant from 0, and one nullable row for
/// each variant that has data, named like it; only that of the value's variant is not null.
/// An enum without data has the field `variant` alone. All types of the fields must be elements.
///
/// # Growing a type
///
/// Append fields that are an `Option`, or have `#[serde(default)]` or `#[element(default)]`: old
/// bytes are read with `None` or the default. Append variants at the end. All else is a new type.
///
/// # Attributes
///
/// | attribute | of | meaning |
/// | --- | --- | --- |
/// | `#[element(rename = "x")]` | fields, variants | the name in the schema |
/// | `#[element(default)]`, `#[element(default = "path")]` | fields | the value where bytes lack the field |
/// | `#[element(redact)]` | fields | messages show `…` |
/// | `#[element(position = 1)]` | all fields | where the field is in the bytes, from 0 |
/// | `#[element(crate = "path")]` | the type | the crate that is used, `purlin` unless given |
///
/// # Examples
///
/// ```
/// use purlin_sdk::Element;
///
/// #[derive(Clone, Element)]
/// # #[element(crate = "purlin_sdk")]
/// struct Click {
///     user: String,
///     page: String,
///     #[element(default)]
///     millis: i64,
/// }
/// ```
#[proc_macro_derive(Element, attributes(element))]
pub fn derive_element(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    expand(&input).unwrap_or_else(Error::into_compile_error).into()
}

fn expand(input: &DeriveInput) -> Result<proc_macro2::TokenStream> {
    let container = attributes::Container::parse(&input.attrs)?;
    let body = match &input.data {
        Data::Struct(data) => structs::body(input, data)?,
        Data::Enum(data) => enums::body(input, data)?,
        Data::Union(data) => {
            let message = "a union cannot be an element: which field it holds is unknown; \
                           use an enum";
            return Err(Error::new(data.union_token.span(), message));
        }
    };
    let name = &input.ident;
    let generics = bounded(input)?;
    let (impl_generics, type_generics, where_clause) = generics.split_for_impl();
    let krate = container.krate;
    Ok(quote! {
        const _: () = {
            use #krate::__private as __p;
            #[automatically_derived]
            impl #impl_generics __p::Element for #name #type_generics #where_clause {
                #body
            }
        };
    })
}

/// The type's generics, whose types must be elements, and so must be those of the fields: one that
/// is none is reported once, where it stands.
fn bounded(input: &DeriveInput) -> Result<syn::Generics> {
    let mut generics = input.generics.clone();
    for param in &mut generics.params {
        match param {
            GenericParam::Lifetime(lifetime) => {
                let message = "an element owns its data: it outlives the bundle that it came with";
                return Err(Error::new(lifetime.span(), message));
            }
            GenericParam::Type(param) => param.bounds.push(parse_quote!(__p::Element)),
            GenericParam::Const(_) => {}
        }
    }
    let types = field_types(&input.data);
    let bounds = types.map(|ty| -> syn::WherePredicate {
        let element = quote_spanned!(ty.span()=> __p::Element);
        parse_quote!(#ty: #element)
    });
    generics.make_where_clause().predicates.extend(bounds);
    Ok(generics)
}

fn field_types(data: &Data) -> impl Iterator<Item = &syn::Type> {
    let fields: Vec<_> = match data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    fields.into_iter().map(|field| &field.ty)
}
