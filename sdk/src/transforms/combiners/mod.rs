//! Combiners: what [`combine_per_key`](crate::PCollection::combine_per_key) and
//! [`combine_globally`](crate::PCollection::combine_globally) take.

mod approximate_distinct;
mod boolean;
mod count;
mod extremes;
mod latest;
mod mean;
mod mix;
mod number;
mod presence;
mod quantiles;
mod sample;
mod sum;
mod to_list;
mod top;

pub use approximate_distinct::ApproximateDistinct;
pub use boolean::{All, Any};
pub use count::Count;
pub use extremes::{Max, Min};
pub use latest::Latest;
pub use mean::Mean;
pub use number::Number;
pub(crate) use presence::Presence;
pub use quantiles::Quantiles;
pub use sample::Sample;
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
