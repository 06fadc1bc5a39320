//! The type of a row's field.

use purlin_proto::pipeline as proto;

/// The type of a row's field, as other SDKs see it in the row's schema.
///
/// An implementation of [`Element`](crate::Element) that is written by hand names that of a type
/// with the same bytes:
///
/// ```
/// use purlin_sdk::Element;
/// use purlin_sdk::coders::FieldType;
///
/// fn field_type() -> FieldType {
///     <(u64, String)>::field_type()
/// }
///
/// assert!(!field_type().is_nullable());
/// assert!(field_type().nullable().is_nullable());
/// ```
#[derive(Clone, PartialEq, Debug)]
pub struct FieldType(proto::FieldType);

impl FieldType {
    /// This type with a null beside its values.
    #[must_use]
    pub fn nullable(mut self) -> Self {
        self.0.nullable = true;
        self
    }

    /// Whether a null is beside the values.
    #[must_use]
    pub fn is_nullable(&self) -> bool {
        self.0.nullable
    }

    /// The type that Beam's message describes.
    #[doc(hidden)]
    #[must_use]
    pub fn from_proto(field_type: proto::FieldType) -> Self {
        Self(field_type)
    }

    /// Beam's message.
    #[doc(hidden)]
    #[must_use]
    pub fn into_proto(self) -> proto::FieldType {
        self.0
    }
}
