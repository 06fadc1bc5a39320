//! Maps.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::hash::{BuildHasher, Hash};

use purlin_proto::pipeline as proto;

use super::Element;
use super::item::{put_item, read_item};
use super::row::field_type;
use crate::coders::items::{no_token, put_items};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader, read_items};

macro_rules! map {
    ($map:ty, [$($bounds:tt)*], $not_a_key:expr) => {
        impl<$($bounds)*> Element for $map {
            fn coder_spec() -> CoderSpec {
                let spec = CoderSpec::iterable(<(K, V)>::coder_spec());
                match $not_a_key {
                    Some(reason) => spec.not_deterministic(reason),
                    None => spec,
                }
            }
            fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
                put_items(self, out, |(key, value), out| {
                    key.encode(out, Nesting::Nested)?;
                    value.encode(out, Nesting::Nested)
                })
            }
            fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
                let mut map = Self::default();
                let token = read_items(input, |input| {
                    let (key, value) = <(K, V)>::decode(input, Nesting::Nested)?;
                    map.insert(key, value);
                    Ok(())
                })?;
                no_token(token)?;
                Ok(map)
            }
            fn skip(input: &mut Reader<'_>) -> Result<(), CoderError> {
                read_items(input, <(K, V)>::skip).map(drop)
            }
            fn field_type() -> FieldType {
                map_type::<K, V>()
            }
            fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
                put_items(self, out, |(key, value), out| {
                    put_item(key, out)?;
                    put_item(value, out)
                })
            }
            fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
                let mut map = Self::default();
                let token = read_items(input, |input| {
                    map.insert(read_item(input)?, read_item(input)?);
                    Ok(())
                })?;
                no_token(token)?;
                Ok(map)
            }
            fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                show_entries(self, f)
            }
            fn detached(&self) -> Self {
                self.iter().map(|(key, value)| (key.detached(), value.detached())).collect()
            }
        }
    };
}

map!(BTreeMap<K, V>, [K: Element + Ord, V: Element], None::<&str>);
map!(
    HashMap<K, V, S>,
    [
        K: Element + Hash + Eq,
        V: Element,
        S: BuildHasher + Default + Clone + Send + Sync + 'static
    ],
    Some("hash maps have no order")
);

fn map_type<K: Element, V: Element>() -> FieldType {
    let map = proto::MapType {
        key_type: Some(Box::new(K::field_type().into_proto())),
        value_type: Some(Box::new(V::field_type().into_proto())),
    };
    field_type(proto::field_type::TypeInfo::MapType(Box::new(map)))
}

fn show_entries<'a, K: Element, V: Element>(
    entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    f.write_str("{")?;
    for (i, (key, value)) in entries.into_iter().enumerate() {
        f.write_str(if i == 0 { "" } else { ", " })?;
        key.show(f)?;
        f.write_str(": ")?;
        value.show(f)?;
    }
    f.write_str("}")
}
