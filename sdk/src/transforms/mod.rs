//! Transforms: from collections to collections.

mod co_group_by_key;
mod combine;
mod combine_globally;
mod combiners;
mod convert;
mod create;
mod element_wise;
mod fanout;
mod flatten;
mod group_by_key;
mod join;
mod keyed;
mod par_do;
mod par_do_stateful;
mod par_do_with_sides;
mod partition;
mod reify;
mod reshuffle;
mod side_input;
mod side_views;
mod try_map;
mod value_kind;
mod window;

pub use co_group_by_key::CoGroup;
pub use combine_globally::CombineGlobally;
pub use combiners::{
    All, Any, ApproximateDistinct, Count, Latest, Max, Mean, Min, Number, Quantiles, Sample, Sum,
    ToList, Top,
};
pub use element_wise::Either;
pub use fanout::HotKeys;
pub use par_do::ParDoOutput;
pub use reify::ValueInSingleWindow;
pub use side_input::{View, ViewRefs, Views, WithSideInputs};
pub use try_map::{Failed, Fallible};

/// A transform: a plain function, or a struct where it has parameters.
///
/// ```
/// # use purlin_runner_direct::DirectRunner;
/// # use purlin_sdk::{PCollection, Pipeline, Text, testing::assert_that};
/// fn count_words(lines: PCollection<Text>) -> PCollection<(Text, u64)> {
///     lines.flat_map(|line| line.split_ascii_whitespace()).count_per_element()
/// }
///
/// # fn main() -> purlin_sdk::Result<()> {
/// let p = Pipeline::new();
/// let counts = p.create([Text::from("to be or not to be")]).apply(count_words);
/// # assert_that(&counts.filter(|(word, _)| word == "to"))
/// #     .contains_in_any_order([("to".into(), 2)]);
/// # p.run_with(&DirectRunner::default())?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transform of `{I}`",
    note = "a transform is a function `fn(PCollection<T>) -> …`, or a type that implements `PTransform<PCollection<T>>`"
)]
pub trait PTransform<I> {
    /// What it gives: a collection, several, or nothing.
    type Output;

    /// Whether messages about its steps name the line that applied the whole: right for a library's
    /// transform, whose steps its users did not write.
    const IS_WHOLE: bool = false;

    /// Adds its steps to the pipeline.
    fn expand(self, input: I) -> Self::Output;
}

impl<I, O, F: FnOnce(I) -> O> PTransform<I> for F {
    type Output = O;
    fn expand(self, input: I) -> O {
        self(input)
    }
}

/// The default name of a composite: that of its function or struct, without path and parameters.
pub(crate) fn name_of<X>() -> String {
    let full = std::any::type_name::<X>();
    let path = full.split('<').next().unwrap_or(full);
    let mut parts = path.rsplit("::").filter(|part| !part.starts_with("{{"));
    parts.next().unwrap_or(path).to_owned()
}
