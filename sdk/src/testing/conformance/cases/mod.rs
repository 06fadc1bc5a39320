//! The cases by category.

use std::sync::OnceLock;

use super::Case;

/// The cases of a category by the names of the functions that build them.
macro_rules! list {
    ($category:ident: $($name:ident),* $(; sharing: $($shared:ident),+)? $(,)?) => {
        pub(super) const CASES: &[$crate::testing::conformance::Case] = &[
            $($crate::testing::conformance::Case::new(
                stringify!($name),
                $crate::testing::conformance::Category::$category,
                $name,
            ),)*
            $($($crate::testing::conformance::Case::new(
                stringify!($shared),
                $crate::testing::conformance::Category::$category,
                $shared,
            ).sharing(),)+)?
        ];
    };
}

mod coders;
mod combine;
mod create;
mod errors;
mod finalization;
mod flatten;
mod graph;
mod group_by_key;
mod joins;
mod keys;
mod lifecycle;
mod metrics;
mod outputs;
mod panes;
mod par_do;
mod reshuffle;
mod side_inputs;
mod sources;
mod splittable;
mod streaming;
mod timestamps;
mod windows;

/// All cases.
#[must_use]
pub fn cases() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            create::CASES,
            par_do::CASES,
            lifecycle::CASES,
            outputs::CASES,
            errors::CASES,
            flatten::CASES,
            group_by_key::CASES,
            keys::CASES,
            joins::CASES,
            combine::CASES,
            windows::CASES,
            timestamps::CASES,
            panes::CASES,
            side_inputs::CASES,
            reshuffle::CASES,
            splittable::CASES,
            sources::CASES,
            streaming::CASES,
            metrics::CASES,
            finalization::CASES,
            coders::CASES,
            graph::CASES,
        ]
        .concat()
    })
}
