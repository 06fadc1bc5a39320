//! A row of fields: those of a struct, or of one variant of an enum.

use proc_macro2::{Span, TokenStream};
use quote::{format_ident, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Error, Fields, Ident, Member, Path, Result, Type};

use crate::{attributes, names};

/// One field.
struct Field {
    /// How it is written in Rust: a name or an index.
    member: Member,
    /// The variable that holds it in generated code.
    variable: Ident,
    ty: Type,
    name: String,
    /// The name in messages about bytes, which includes that of the variant.
    shown: String,
    default: Option<Path>,
    redact: bool,
}

/// Fields, and where each is in the bytes.
pub(crate) struct Row {
    fields: Vec<Field>,
    /// The fields' indices in the order of the bytes.
    order: Vec<usize>,
    /// The positions, where attributes set them.
    positions: Option<Vec<usize>>,
}

impl Row {
    /// The fields of the type `owner`; `prefix` precedes their names in messages about bytes.
    pub(crate) fn new(fields: &Fields, owner: &Ident, prefix: &str) -> Result<Self> {
        let mut row = Vec::new();
        let mut positions = Vec::new();
        for (i, field) in fields.iter().enumerate() {
            refuse_recursion(&field.ty, owner)?;
            let attributes = attributes::Field::parse(&field.attrs)?;
            let name = attributes.rename.unwrap_or_else(|| match &field.ident {
                Some(ident) => names::unraw(ident),
                None => format!("f{i}"),
            });
            positions.push(attributes.position);
            row.push(Field {
                member: field.ident.clone().map_or(Member::from(i), Member::from),
                variable: format_ident!("__f{i}"),
                ty: field.ty.clone(),
                shown: format!("{prefix}{name}"),
                name,
                default: attributes.default,
                redact: attributes.redact,
            });
        }
        names::unique(row.iter().map(|field| (field.name.as_str(), field.ty.span())))?;
        let positions = read_positions(&positions)?;
        let mut order: Vec<usize> = (0..row.len()).collect();
        if let Some(positions) = &positions {
            order.sort_by_key(|i| positions[*i]);
        }
        Ok(Self { fields: row, order, positions })
    }

    fn ordered(&self) -> impl Iterator<Item = &Field> {
        self.order.iter().map(|i| &self.fields[*i])
    }

    /// The fields' part of a pattern or an expression: `{ a: __f0, b: __f1 }`.
    pub(crate) fn braces(&self) -> TokenStream {
        let members = self.fields.iter().map(|field| &field.member);
        let variables = self.fields.iter().map(|field| &field.variable);
        quote!({ #(#members: #variables,)* })
    }

    /// The same with other variables, for a second value: `{ a: __other_f0 }`.
    pub(crate) fn other_braces(&self) -> TokenStream {
        let members = self.fields.iter().map(|field| &field.member);
        let variables = self.fields.iter().map(Field::other);
        quote!({ #(#members: #variables,)* })
    }

    /// The expression of the row's type.
    pub(crate) fn row_type(&self) -> TokenStream {
        let fields = self.fields.iter().map(|field| {
            let Field { name, ty, .. } = field;
            quote_spanned!(ty.span()=> __p::named_field(#name, <#ty as __p::Element>::field_type()))
        });
        let fields = quote!(::std::vec![#(#fields),*]);
        match &self.positions {
            None => quote!(__p::row_type(__p::schema(#fields))),
            Some(positions) => {
                let positions =
                    positions.iter().map(|p| proc_macro2::Literal::usize_unsuffixed(*p));
                quote!(__p::row_type(__p::schema_at(#fields, &[#(#positions),*])))
            }
        }
    }

    /// The list of fields and why they cannot be part of a key.
    pub(crate) fn nondeterministic(&self) -> Vec<TokenStream> {
        let fields = self.fields.iter().map(|field| {
            let Field { shown, ty, .. } = field;
            quote!((#shown, <#ty as __p::Element>::coder_spec().nondeterministic))
        });
        fields.collect()
    }

    /// The statements that append the row from the variables.
    pub(crate) fn put(&self) -> TokenStream {
        let ordered: Vec<_> = self.ordered().collect();
        let bytes = ordered.chunks(8).map(|fields| {
            let bits = fields.iter().enumerate().map(|(bit, field)| {
                let Field { variable, .. } = field;
                quote!(| (::core::primitive::u8::from(__p::Element::is_null(#variable)) << #bit))
            });
            quote!(0u8 #(#bits)*)
        });
        let fields = ordered.iter().map(|field| {
            let Field { variable, shown, .. } = field;
            quote!(__p::put_field(#variable, __out, #shown)?;)
        });
        let count = ordered.len();
        quote! {
            __p::put_row_header(__out, #count, &[#(#bytes),*]);
            #(#fields)*
        }
    }

    /// The statements that read the row into the variables; `nesting` is an expression.
    pub(crate) fn read(&self, nesting: &TokenStream) -> TokenStream {
        let fields = self.ordered().map(|field| {
            let Field { variable, shown, ty, default, .. } = field;
            match default {
                None => quote!(let #variable = __row.field::<#ty>(__input, #shown)?;),
                Some(default) => {
                    quote!(let #variable = __row.field_or::<#ty>(__input, #shown, #default)?;)
                }
            }
        });
        let mutable = (!self.fields.is_empty()).then(|| quote!(mut));
        quote! {
            let #mutable __row = __p::RowReader::begin(__input)?;
            #(#fields)*
            __row.finish(__input, #nesting)?;
        }
    }

    /// The statements that show the row, behind the name of the type or variant.
    pub(crate) fn show(&self) -> TokenStream {
        let Some(first) = self.fields.first() else { return TokenStream::new() };
        let named = matches!(first.member, Member::Named(_));
        let (open, close) = if named { (" { ", " }") } else { ("(", ")") };
        let fields = self.fields.iter().enumerate().map(|(i, field)| {
            let Field { member, variable, redact, .. } = field;
            let before = match member {
                Member::Named(name) => format!("{}: ", names::unraw(name)),
                Member::Unnamed(_) => String::new(),
            };
            let before = if i == 0 { format!("{open}{before}") } else { format!(", {before}") };
            let value = if *redact {
                quote!(__f.write_str("…")?;)
            } else {
                quote!(__p::Element::show(#variable, __f)?;)
            };
            quote!(__f.write_str(#before)?; #value)
        });
        quote!(#(#fields)* __f.write_str(#close)?;)
    }

    /// The fields of a detached copy: `{ a: __f0.detached() }`.
    pub(crate) fn detached(&self) -> TokenStream {
        let members = self.fields.iter().map(|field| &field.member);
        let variables = self.fields.iter().map(|field| &field.variable);
        quote!({ #(#members: __p::Element::detached(#variables),)* })
    }

    /// The statements that return without a typed key where a field has none.
    pub(crate) fn typed(&self) -> TokenStream {
        let types = self.fields.iter().map(|field| &field.ty);
        quote!(#(<#types as __p::Element>::typed_key()?;)*)
    }

    /// The expression of the hash of the fields, starting from `seed`.
    pub(crate) fn hash(&self, seed: u64) -> TokenStream {
        self.fields.iter().fold(quote!(#seed), |hash, field| {
            let Field { variable, .. } = field;
            quote!(__p::fold(#hash, __p::hash_part(#variable)))
        })
    }

    /// The expression of whether the fields of both values are equal.
    pub(crate) fn equal(&self) -> TokenStream {
        let parts = self.fields.iter().map(|field| {
            let (variable, other) = (&field.variable, field.other());
            quote!(&& __p::equal_part(#variable, #other))
        });
        quote!(true #(#parts)*)
    }
}

impl Field {
    fn other(&self) -> Ident {
        format_ident!("__other{}", self.variable)
    }
}

/// The positions of all fields, or of none.
fn read_positions(positions: &[Option<syn::LitInt>]) -> Result<Option<Vec<usize>>> {
    let Some(any) = positions.iter().flatten().next() else { return Ok(None) };
    let mut read = Vec::new();
    for position in positions {
        let Some(position) = position else {
            return Err(Error::new(any.span(), "either all fields have a `position`, or none"));
        };
        let value = position.base10_parse::<usize>()?;
        if value >= positions.len() || read.contains(&value) {
            let message = "positions count the fields from 0, each once";
            return Err(Error::new(position.span(), message));
        }
        read.push(value);
    }
    Ok(Some(read))
}

/// Refuses a field whose type contains the type that it is a field of: schemas are finite.
fn refuse_recursion(ty: &Type, owner: &Ident) -> Result<()> {
    let mut search = Search { owner, found: None };
    search.visit_type(ty);
    match search.found {
        None => Ok(()),
        Some(span) => {
            let message = format!(
                "a row cannot contain itself, for its schema would have no end; \
                 hold the value in `Serde<…>`, as in `Serde<Box<{owner}>>`"
            );
            Err(Error::new(span, message))
        }
    }
}

struct Search<'a> {
    owner: &'a Ident,
    found: Option<Span>,
}

impl<'ast> Visit<'ast> for Search<'_> {
    fn visit_type_path(&mut self, path: &'ast syn::TypePath) {
        let name = path.path.segments.last().map(|segment| &segment.ident);
        match name {
            // Serde's own encoding may be recursive, and no schema shows it.
            Some(name) if name == "Serde" => {}
            Some(name) if path.path.is_ident(self.owner) || name == "Self" => {
                self.found = Some(name.span());
            }
            Some(name) if name == self.owner && path.path.segments.len() == 1 => {
                self.found = Some(name.span());
            }
            _ => visit::visit_type_path(self, path),
        }
    }
}
