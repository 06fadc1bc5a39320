//! Panes.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_pane};
use crate::window::FixedWindows;

list!(Windows: elements_of_no_grouping_have_no_pane, the_pane_of_a_group_is_on_time_and_only,
    the_pane_of_a_combination_is_on_time_and_only, a_pane_survives_functions_and_shuffles,
    a_pane_of_a_pane);

const NONE: &str = "Unknown 0/0 first last";
const ONLY: &str = "OnTime 0/0 first last";

fn elements_of_no_grouping_have_no_pane(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64]);
    assert_that(&with_pane(&numbers)).contains_in_any_order([(1, NONE.to_owned())]);
    assert_that(&with_pane(&numbers.reshuffle())).contains_in_any_order([(1, NONE.to_owned())]);
    Ending::done()
}

fn the_pane_of_a_group_is_on_time_and_only(p: &Pipeline) -> Ending {
    let keys = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10)));
    let keys = keys.map(|n| (n, ())).group_by_key().map(|(key, _)| key);
    let expected = [1, 12].map(|key| (key, ONLY.to_owned()));
    assert_that(&with_pane(&keys)).contains_in_any_order(expected);
    Ending::done()
}

fn the_pane_of_a_combination_is_on_time_and_only(p: &Pipeline) -> Ending {
    let counts = p.create([1i64, 1]).count_per_element();
    assert_that(&with_pane(&counts)).contains_in_any_order([((1, 2), ONLY.to_owned())]);
    Ending::done()
}

fn a_pane_survives_functions_and_shuffles(p: &Pipeline) -> Ending {
    let keys = p.create([1i64]).map(|n| (n, ())).group_by_key().map(|(key, _)| key);
    let later = keys.flat_map(|n| [n, n + 1]).reshuffle().filter(|n| *n > 1);
    assert_that(&with_pane(&later)).contains_in_any_order([(2, ONLY.to_owned())]);
    Ending::done()
}

fn a_pane_of_a_pane(p: &Pipeline) -> Ending {
    let counts = p.create([1i64, 1]).count_per_element().count_per_element();
    assert_that(&with_pane(&counts)).contains_in_any_order([(((1, 2), 1), ONLY.to_owned())]);
    Ending::done()
}
