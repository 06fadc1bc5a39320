//! The implementation for an enum: a row of the variant's number and one row for each variant with
//! data.

use proc_macro2::{Literal, TokenStream};
use quote::quote;
use syn::{DataEnum, DeriveInput, Error, Ident, Result};

use crate::row::Row;
use crate::{attributes, names};

struct Variant<'a> {
    ident: &'a Ident,
    /// The name in the schema.
    name: String,
    /// Its number, as the field `variant` has it.
    number: usize,
    /// Which of the row's nullable fields holds its data, if it has any.
    field: Option<usize>,
    row: Row,
}

impl Variant<'_> {
    /// `Self::Name { a: __f0 }`, a pattern and an expression.
    fn braces(&self) -> TokenStream {
        let (ident, braces) = (self.ident, self.row.braces());
        quote!(Self::#ident #braces)
    }
}

pub(crate) fn body(input: &DeriveInput, data: &DataEnum) -> Result<TokenStream> {
    let variants = read(input, data)?;
    let parts = [spec(&variants), encode(&variants), decode(input, &variants)];
    Ok(parts.into_iter().chain([showing(&variants), keys(&variants)]).collect())
}

fn read<'a>(input: &DeriveInput, data: &'a DataEnum) -> Result<Vec<Variant<'a>>> {
    if data.variants.is_empty() {
        let message = "an enum without variants has no values to be elements";
        return Err(Error::new(input.ident.span(), message));
    }
    let mut variants = Vec::new();
    let mut fields = 0;
    for (number, variant) in data.variants.iter().enumerate() {
        let name = attributes::variant_name(variant)?;
        let row = Row::new(&variant.fields, &input.ident, &format!("{name}."))?;
        let has_data = !variant.fields.is_empty();
        let field = has_data.then_some(fields);
        fields += usize::from(has_data);
        variants.push(Variant { ident: &variant.ident, name, number, field, row });
    }
    let named = variants.iter().map(|variant| (variant.name.as_str(), variant.ident.span()));
    names::unique([("variant", input.ident.span())].into_iter().chain(named))?;
    Ok(variants)
}

/// How many variants have data.
fn data_fields(variants: &[Variant<'_>]) -> usize {
    variants.iter().filter(|variant| variant.field.is_some()).count()
}

fn spec(variants: &[Variant<'_>]) -> TokenStream {
    let nondeterministic = variants.iter().flat_map(|variant| variant.row.nondeterministic());
    let names: Vec<_> = variants.iter().map(|v| format!("{} = {}", v.number, v.name)).collect();
    let names = names.join(", ");
    let fields = variants.iter().filter(|variant| variant.field.is_some()).map(|variant| {
        let (name, row_type) = (&variant.name, variant.row.row_type());
        quote!((#name, #row_type))
    });
    quote! {
        fn coder_spec() -> __p::CoderSpec {
            __p::row_spec(<Self as __p::Element>::field_type(), [#(#nondeterministic),*])
        }
        fn field_type() -> __p::FieldType {
            __p::enum_type(#names, [#(#fields),*])
        }
    }
}

fn encode(variants: &[Variant<'_>]) -> TokenStream {
    let fields = data_fields(variants);
    let arms = variants.iter().map(|variant| {
        let pattern = variant.braces();
        let nulls = null_bitmap(fields, variant.field);
        let count = fields + 1;
        let number = Literal::usize_unsuffixed(variant.number);
        let data = variant.field.map(|_| variant.row.put());
        quote! {
            #pattern => {
                __p::put_row_header(__out, #count, &[#(#nulls),*]);
                __p::put_varint(__out, #number);
                #data
            }
        }
    });
    quote! {
        #[inline]
        fn encode(
            &self,
            __out: &mut ::std::vec::Vec<u8>,
            _: __p::Nesting,
        ) -> ::core::result::Result<(), __p::CoderError> {
            match self {
                #(#arms)*
            }
            ::core::result::Result::Ok(())
        }
    }
}

/// The bitmap in which all data but that of one variant is null. Bit 0 is the field `variant`.
fn null_bitmap(fields: usize, present: Option<usize>) -> Vec<u8> {
    let mut nulls = vec![0u8; (fields + 1).div_ceil(8)];
    for field in (0..fields).filter(|field| Some(*field) != present) {
        nulls[(field + 1) / 8] |= 1 << ((field + 1) % 8);
    }
    nulls
}

fn decode(input: &DeriveInput, variants: &[Variant<'_>]) -> TokenStream {
    let name = names::unraw(&input.ident);
    let fields = data_fields(variants);
    let arms = variants.iter().map(|variant| {
        let number = Literal::usize_unsuffixed(variant.number);
        let value = variant.braces();
        let Some(field) = variant.field else {
            return quote!(#number => { __outer.only(#fields, ::core::option::Option::None)?; #value });
        };
        let read = variant.row.read(&quote!(__p::Nesting::Nested));
        quote! {
            #number => {
                __outer.only(#fields, ::core::option::Option::Some(#field))?;
                #read
                #value
            }
        }
    });
    quote! {
        #[inline]
        fn decode(
            __input: &mut __p::Reader<'_>,
            __nesting: __p::Nesting,
        ) -> ::core::result::Result<Self, __p::CoderError> {
            let mut __outer = __p::RowReader::begin(__input)?;
            let __value = match __outer.field::<i32>(__input, "variant")? {
                #(#arms)*
                __other => {
                    return ::core::result::Result::Err(__p::unknown_variant(#name, __other));
                }
            };
            __outer.finish(__input, __nesting)?;
            ::core::result::Result::Ok(__value)
        }
    }
}

fn showing(variants: &[Variant<'_>]) -> TokenStream {
    let shown = variants.iter().map(|variant| {
        let (pattern, show) = (variant.braces(), variant.row.show());
        let name = names::unraw(variant.ident);
        quote!(#pattern => { __f.write_str(#name)?; #show })
    });
    let detached = variants.iter().map(|variant| {
        let (pattern, ident, detached) = (variant.braces(), variant.ident, variant.row.detached());
        quote!(#pattern => Self::#ident #detached,)
    });
    quote! {
        #[allow(unused_variables)]
        fn show(&self, __f: &mut __p::fmt::Formatter<'_>) -> __p::fmt::Result {
            match self {
                #(#shown)*
            }
            ::core::result::Result::Ok(())
        }
        fn detached(&self) -> Self {
            match self {
                #(#detached)*
            }
        }
    }
}

fn keys(variants: &[Variant<'_>]) -> TokenStream {
    let typed = variants.iter().map(|variant| variant.row.typed());
    let hashes = (1..).zip(variants).map(|(seed, variant)| {
        let (pattern, hash) = (variant.braces(), variant.row.hash(seed));
        quote!(#pattern => #hash,)
    });
    let equals = variants.iter().map(|variant| {
        let (pattern, ident) = (variant.braces(), variant.ident);
        let (other, equal) = (variant.row.other_braces(), variant.row.equal());
        quote!((#pattern, Self::#ident #other) => #equal,)
    });
    quote! {
        #[inline]
        fn typed_key() -> ::core::option::Option<__p::TypedKey<Self>> {
            #(#typed)*
            ::core::option::Option::Some(__p::TypedKey {
                hash: |__key: &Self| match __key {
                    #(#hashes)*
                },
                #[allow(unreachable_patterns)]
                equal: |__key: &Self, __other: &Self| match (__key, __other) {
                    #(#equals)*
                    _ => false,
                },
            })
        }
    }
}
