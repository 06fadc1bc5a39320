//! Tuples: pairs are key-value pairs, longer ones are rows.

use std::fmt;

use super::key::{equal_part, fold, hash_part};
use super::row::{RowReader, named_field, put_row_header, row_spec, row_type, schema};
use super::{Element, TypedKey};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};

impl<K: Element, V: Element> Element for (K, V) {
    fn coder_spec() -> CoderSpec {
        CoderSpec::kv(K::coder_spec(), V::coder_spec())
    }
    #[inline]
    fn encode(&self, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        self.0.encode(out, Nesting::Nested).map_err(|e| e.within("kv.key"))?;
        self.1.encode(out, nesting).map_err(|e| e.within("kv.value"))
    }
    #[inline]
    fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
        let key = K::decode(input, Nesting::Nested).map_err(|e| e.within("kv.key"))?;
        let value = V::decode(input, nesting).map_err(|e| e.within("kv.value"))?;
        Ok((key, value))
    }
    #[inline]
    fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
        K::skip(input).map_err(|e| e.within("kv.key"))?;
        V::skip(input).map_err(|e| e.within("kv.value"))
    }
    #[inline]
    fn encode_keyed(&self, out: &mut Vec<u8>) -> Result<usize, CoderError> {
        let start = out.len();
        self.0.encode(out, Nesting::Nested).map_err(|e| e.within("kv.key"))?;
        let key_length = out.len() - start;
        self.1.encode(out, Nesting::Nested).map_err(|e| e.within("kv.value"))?;
        Ok(key_length)
    }
    fn field_type() -> FieldType {
        row_type(schema(vec![
            named_field("f0", K::field_type()),
            named_field("f1", V::field_type()),
        ]))
    }
    #[inline]
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        put_row_header(out, 2, &[u8::from(self.0.is_null()) | u8::from(self.1.is_null()) << 1]);
        super::row::put_field(&self.0, out, "f0")?;
        super::row::put_field(&self.1, out, "f1")
    }
    #[inline]
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        let mut row = RowReader::begin(input)?;
        let fields = (row.field(input, "f0")?, row.field(input, "f1")?);
        row.finish(input, Nesting::Nested)?;
        Ok(fields)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        self.0.show(f)?;
        f.write_str(", ")?;
        self.1.show(f)?;
        f.write_str(")")
    }
    fn detached(&self) -> Self {
        (self.0.detached(), self.1.detached())
    }
    #[inline]
    fn typed_key() -> Option<TypedKey<Self>> {
        K::typed_key()?;
        V::typed_key()?;
        Some(TypedKey {
            hash: |(a, b)| fold(hash_part(a), hash_part(b)),
            equal: |a, b| equal_part(&a.0, &b.0) && equal_part(&a.1, &b.1),
        })
    }
}

macro_rules! row {
    ($($type:ident $index:tt $name:literal),*) => {
        impl<$($type: Element),*> Element for ($($type,)*) {
            fn coder_spec() -> CoderSpec {
                row_spec(Self::field_type(), [$(($name, $type::coder_spec().nondeterministic)),*])
            }
            #[inline]
            fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
                let nulls = 0 $(| u8::from(self.$index.is_null()) << $index)*;
                put_row_header(out, [$($name),*].len(), &[nulls]);
                $(super::row::put_field(&self.$index, out, $name)?;)*
                Ok(())
            }
            #[inline]
            fn decode(input: &mut Reader<'_>, nesting: Nesting) -> Result<Self, CoderError> {
                let mut row = RowReader::begin(input)?;
                let fields = ($(row.field::<$type>(input, $name)?,)*);
                row.finish(input, nesting)?;
                Ok(fields)
            }
            fn field_type() -> FieldType {
                row_type(schema(vec![$(named_field($name, $type::field_type())),*]))
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("(")?;
                $(
                    f.write_str(if $index == 0 { "" } else { ", " })?;
                    self.$index.show(f)?;
                )*
                f.write_str(")")
            }
            fn detached(&self) -> Self {
                ($(self.$index.detached(),)*)
            }
            #[inline]
            fn typed_key() -> Option<TypedKey<Self>> {
                $($type::typed_key()?;)*
                Some(TypedKey {
                    hash: |key| {
                        let hash = 0;
                        $(let hash = fold(hash, hash_part(&key.$index));)*
                        hash
                    },
                    equal: |a, b| true $(&& equal_part(&a.$index, &b.$index))*,
                })
            }
        }
    };
}

row!(A 0 "f0", B 1 "f1", C 2 "f2");
row!(A 0 "f0", B 1 "f1", C 2 "f2", D 3 "f3");
row!(A 0 "f0", B 1 "f1", C 2 "f2", D 3 "f3", E 4 "f4");
row!(A 0 "f0", B 1 "f1", C 2 "f2", D 3 "f3", E 4 "f4", F 5 "f5");
row!(A 0 "f0", B 1 "f1", C 2 "f2", D 3 "f3", E 4 "f4", F 5 "f5", G 6 "f6");
row!(A 0 "f0", B 1 "f1", C 2 "f2", D 3 "f3", E 4 "f4", F 5 "f5", G 6 "f6", H 7 "f7");
