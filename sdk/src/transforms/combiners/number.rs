//! What can be added up.

use crate::element::Element;

/// A number that [`Sum`](super::Sum) and [`Mean`](super::Mean) take: the integers and floats.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a number",
    note = "map the values to an integer or a float first"
)]
pub trait Number: Element + Copy {
    /// 0.
    const ZERO: Self;

    /// The sum of two numbers; `None` where the type cannot hold it.
    #[must_use]
    fn plus(self, other: Self) -> Option<Self>;

    /// The nearest float.
    #[must_use]
    fn to_f64(self) -> f64;
}

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl Number for $type {
            const ZERO: Self = 0;
            #[inline]
            fn plus(self, other: Self) -> Option<Self> {
                self.checked_add(other)
            }
            #[expect(clippy::allow_attributes, reason = "some of these casts are exact")]
            #[allow(clippy::cast_precision_loss, clippy::cast_lossless, reason = "the nearest")]
            fn to_f64(self) -> f64 {
                self as f64
            }
        }
    )*};
}

integers!(i8 i16 i32 i64 u8 u16 u32 u64);

macro_rules! floats {
    ($($type:ty)*) => {$(
        impl Number for $type {
            const ZERO: Self = 0.0;
            #[inline]
            fn plus(self, other: Self) -> Option<Self> {
                Some(self + other)
            }
            fn to_f64(self) -> f64 {
                self.into()
            }
        }
    )*};
}

floats!(f32 f64);
