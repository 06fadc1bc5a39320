//! How the watermark of a splittable DoFn follows its work.

/// How the watermark of a [`SplittableDoFn`](crate::SplittableDoFn) follows its work.
///
/// The watermark is part of what a suspended restriction is resumed with, and never goes back. It
/// takes effect when work is suspended: while it goes on, the elements that it has given wait for
/// the bundle to be committed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum WatermarkEstimator {
    /// What [`Context::set_watermark`](crate::Context::set_watermark) says.
    #[default]
    Manual,
    /// The latest timestamp given by
    /// [`Context::output_with_timestamp`](crate::Context::output_with_timestamp): for a source
    /// whose timestamps increase. An element before an earlier one may be late.
    Increasing,
    /// The wall clock when the work is suspended: for a source whose elements are as new as they
    /// are read.
    WallTime,
}
