//! The name of a coder in a pipeline graph.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use purlin_proto::{pipeline as proto, urns};

use super::CoderError;

/// How deep coders may be nested; deeper, they are taken for a cycle.
const MAX_DEPTH: usize = 64;

/// A coder as Beam's model names it: a URN, a payload and the coders of its parts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CoderSpec {
    /// Such as `beam:coder:varint:v1`.
    pub urn: Cow<'static, str>,
    /// The schema of a row; empty for most coders.
    pub payload: Bytes,
    /// The coders of the parts, in the order of the model.
    pub components: Vec<Self>,
    /// Why equal values may have different bytes, where that can happen: such a type cannot be a key.
    pub nondeterministic: Option<Cow<'static, str>>,
}

impl CoderSpec {
    /// A coder without payload whose equal values have equal bytes.
    #[must_use]
    pub fn new(urn: impl Into<Cow<'static, str>>, components: Vec<Self>) -> Self {
        let nondeterministic = components.iter().find_map(|c| c.nondeterministic.clone());
        Self { urn: urn.into(), payload: Bytes::new(), components, nondeterministic }
    }

    /// The coder `id` of a pipeline or of a stage.
    ///
    /// What a pipeline does not say, whether equal values have equal bytes, is taken for granted.
    ///
    /// # Errors
    /// When a coder is not there, or contains itself.
    #[doc(hidden)]
    pub fn from_proto(
        coders: &BTreeMap<String, proto::Coder>,
        id: &str,
    ) -> Result<Self, CoderError> {
        Self::from_proto_at(coders, id, 0)
    }

    fn from_proto_at(
        coders: &BTreeMap<String, proto::Coder>,
        id: &str,
        depth: usize,
    ) -> Result<Self, CoderError> {
        if depth > MAX_DEPTH {
            return Err(CoderError::new(format!("coder `{id}` contains itself")));
        }
        let missing = || CoderError::new(format!("there is no coder `{id}`"));
        let coder = coders.get(id).ok_or_else(missing)?;
        let spec = coder.spec.clone().unwrap_or_default();
        let components = coder.component_coder_ids.iter();
        let components: Result<Vec<_>, _> =
            components.map(|part| Self::from_proto_at(coders, part, depth + 1)).collect();
        Ok(Self::new(spec.urn, components?).payload(spec.payload))
    }

    /// This coder with a payload.
    #[must_use]
    pub fn payload(mut self, payload: impl Into<Bytes>) -> Self {
        self.payload = payload.into();
        self
    }

    /// This coder, marked as one whose values cannot be keys, because of `reason`.
    #[must_use]
    pub fn not_deterministic(mut self, reason: impl Into<Cow<'static, str>>) -> Self {
        self.nondeterministic = Some(reason.into());
        self
    }

    /// A key-value pair.
    #[must_use]
    pub fn kv(key: Self, value: Self) -> Self {
        Self::new(urns::coders::KV, vec![key, value])
    }

    /// A sequence.
    #[must_use]
    pub fn iterable(element: Self) -> Self {
        Self::new(urns::coders::ITERABLE, vec![element])
    }

    /// A value that may be absent.
    #[must_use]
    pub fn nullable(value: Self) -> Self {
        Self::new(urns::coders::NULLABLE, vec![value])
    }

    /// A coder behind a length, which any runner can skip without knowing it.
    #[must_use]
    pub fn length_prefixed(value: Self) -> Self {
        Self::new(urns::coders::LENGTH_PREFIX, vec![value])
    }

    /// The coders of key and value, where this is the coder of a pair.
    #[must_use]
    pub fn as_kv(&self) -> Option<(&Self, &Self)> {
        match self.components.as_slice() {
            [key, value] if self.urn == urns::coders::KV => Some((key, value)),
            _ => None,
        }
    }
}
