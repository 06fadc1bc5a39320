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

mod assertions;
mod coders;
mod combine;
mod create;
mod errors;
mod everyday;
mod expiration;
mod fanout;
mod finalization;
mod flatten;
mod graph;
mod group_by_key;
mod joins;
mod keys;
mod lifecycle;
mod merging_windows;
mod metrics;
mod outputs;
mod panes;
mod par_do;
mod reshuffle;
mod retractions;
mod sessions;
mod side_functions;
mod side_inputs;
mod side_mappings;
mod side_maps;
mod side_panes;
mod side_windows;
mod sketches;
mod sorted_input;
mod sources;
mod splittable;
mod stable_input;
mod state_maps;
mod state_scopes;
mod state_values;
mod streaming;
mod test_streams;
mod timers_event;
mod timers_processing;
mod timers_windows;
mod timestamps;
mod triggers;
mod watching;
mod windows;

/// All cases.
#[must_use]
pub fn cases() -> &'static [Case] {
    static ALL: OnceLock<Vec<Case>> = OnceLock::new();
    ALL.get_or_init(|| {
        [
            create::CASES,
            par_do::CASES,
            everyday::CASES,
            lifecycle::CASES,
            outputs::CASES,
            errors::CASES,
            flatten::CASES,
            group_by_key::CASES,
            keys::CASES,
            joins::CASES,
            combine::CASES,
            fanout::CASES,
            sketches::CASES,
            windows::CASES,
            timestamps::CASES,
            panes::CASES,
            assertions::CASES,
            side_functions::CASES,
            side_inputs::CASES,
            side_maps::CASES,
            side_windows::CASES,
            side_mappings::CASES,
            side_panes::CASES,
            reshuffle::CASES,
            splittable::CASES,
            sources::CASES,
            streaming::CASES,
            watching::CASES,
            state_values::CASES,
            state_maps::CASES,
            state_scopes::CASES,
            stable_input::CASES,
            timers_event::CASES,
            timers_windows::CASES,
            timers_processing::CASES,
            expiration::CASES,
            sorted_input::CASES,
            triggers::CASES,
            retractions::CASES,
            sessions::CASES,
            merging_windows::CASES,
            test_streams::CASES,
            metrics::CASES,
            finalization::CASES,
            coders::CASES,
            graph::CASES,
        ]
        .concat()
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique() {
        let mut names = BTreeSet::new();
        for case in super::cases() {
            assert!(names.insert(case.name), "two cases are called `{}`", case.name);
        }
    }
}
