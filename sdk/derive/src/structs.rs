//! The implementation for a struct: a row of its fields.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DataStruct, DeriveInput, Result};

use crate::names;
use crate::row::Row;

pub(crate) fn body(input: &DeriveInput, data: &DataStruct) -> Result<TokenStream> {
    let row = Row::new(&data.fields, &input.ident, "")?;
    Ok([coding(&row), showing(input, &row), keys(&row)].into_iter().collect())
}

fn coding(row: &Row) -> TokenStream {
    let row_type = row.row_type();
    let nondeterministic = row.nondeterministic();
    let (braces, put) = (row.braces(), row.put());
    let read = row.read(&quote!(__nesting));
    quote! {
        fn coder_spec() -> __p::CoderSpec {
            __p::row_spec(<Self as __p::Element>::field_type(), [#(#nondeterministic),*])
        }
        fn field_type() -> __p::FieldType {
            #row_type
        }
        #[inline]
        fn encode(
            &self,
            __out: &mut ::std::vec::Vec<u8>,
            _: __p::Nesting,
        ) -> ::core::result::Result<(), __p::CoderError> {
            let Self #braces = self;
            #put
            ::core::result::Result::Ok(())
        }
        #[inline]
        fn decode(
            __input: &mut __p::Reader<'_>,
            __nesting: __p::Nesting,
        ) -> ::core::result::Result<Self, __p::CoderError> {
            #read
            ::core::result::Result::Ok(Self #braces)
        }
    }
}

fn showing(input: &DeriveInput, row: &Row) -> TokenStream {
    let name = names::unraw(&input.ident);
    let (braces, show, detached) = (row.braces(), row.show(), row.detached());
    quote! {
        #[allow(unused_variables)]
        fn show(&self, __f: &mut __p::fmt::Formatter<'_>) -> __p::fmt::Result {
            let Self #braces = self;
            __f.write_str(#name)?;
            #show
            ::core::result::Result::Ok(())
        }
        fn detached(&self) -> Self {
            let Self #braces = self;
            Self #detached
        }
    }
}

fn keys(row: &Row) -> TokenStream {
    let (braces, other_braces) = (row.braces(), row.other_braces());
    let (typed, hash, equal) = (row.typed(), row.hash(0), row.equal());
    quote! {
        #[inline]
        fn typed_key() -> ::core::option::Option<__p::TypedKey<Self>> {
            #typed
            ::core::option::Option::Some(__p::TypedKey {
                hash: |__key: &Self| {
                    let Self #braces = __key;
                    #hash
                },
                equal: |__key: &Self, __other: &Self| {
                    let Self #braces = __key;
                    let Self #other_braces = __other;
                    #equal
                },
            })
        }
    }
}
