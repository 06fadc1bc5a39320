//! Combiners: what [`combine_per_key`](crate::PCollection::combine_per_key) and
//! [`combine_globally`](crate::PCollection::combine_globally) take.

mod count;
mod extremes;
mod mean;
mod number;
mod presence;
mod sum;
mod to_list;
mod top;

pub use count::Count;
pub use extremes::{Max, Min};
pub use mean::Mean;
pub use number::Number;
pub(crate) use presence::Presence;
pub use sum::Sum;
pub use to_list::ToList;
pub use top::Top;

use std::cmp::Ordering;

/// The order of two values. What equals nothing, as the float NaN, comes before all else, so that
/// results do not depend on the order of values.
fn order<T: PartialOrd>(a: &T, b: &T) -> Ordering {
    #[expect(clippy::eq_op, reason = "a value that does not equal itself is looked for")]
    a.partial_cmp(b).unwrap_or_else(|| (a == a).cmp(&(b == b)))
}
