//! Purlin's values as renoir wants them.

use std::marker::PhantomData;

use purlin::{
    Element,
    coders::{Nesting, Reader},
};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{Error, Visitor},
    ser::Error as _,
};

/// A value that could be sent to another machine, in Purlin's encoding; between threads it is
/// moved as it is.
#[derive(Clone)]
pub(super) struct Carried<T>(pub(super) T);

impl<T: Element> Serialize for Carried<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::new();
        self.0.encode(&mut bytes, Nesting::Outer).map_err(S::Error::custom)?;
        serializer.serialize_bytes(&bytes)
    }
}

impl<'de, T: Element> Deserialize<'de> for Carried<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes<T>(PhantomData<T>);
        impl<T: Element> Visitor<'_> for Bytes<T> {
            type Value = Carried<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the encoding of an element")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Carried<T>, E> {
                T::decode(&mut Reader::new(bytes), Nesting::Outer).map(Carried).map_err(E::custom)
            }
        }
        deserializer.deserialize_bytes(Bytes(PhantomData))
    }
}
