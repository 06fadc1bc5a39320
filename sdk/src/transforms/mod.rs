//! Transforms: from collections to collections.

mod combine;
mod combiners;
mod create;
mod element_wise;
mod flatten;
mod group_by_key;
mod keyed;
mod par_do;
mod reshuffle;
mod side_input;
mod try_map;
mod window;

pub use combiners::{Count, Max, Mean, Min, Number, Sum, ToList, Top};
pub use element_wise::Either;
pub use par_do::ParDoOutput;
pub use side_input::{View, ViewRefs, Views, WithSideInputs};
pub use try_map::{Failed, Fallible};

/// A transform: a plain function, or a struct where it has parameters.
///
/// ```ignore
/// fn count_words(lines: PCollection<Text>) -> PCollection<(Text, u64)> { … }
/// lines.apply(count_words)
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transform of `{I}`",
    note = "a transform is a function `fn(PCollection<T>) -> …`, or a type that implements `PTransform<PCollection<T>>`"
)]
pub trait PTransform<I> {
    /// What it gives: a collection, several, or nothing.
    type Output;

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
