//! Assertions about windows and panes: what holds, and what does not.

use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, window};
use crate::window::{FixedWindows, SlidingWindows, Window};

list!(Windows: an_assertion_about_each_window, an_assertion_about_a_window_without_elements,
    an_assertion_about_overlapping_windows, an_assertion_about_the_global_window,
    an_assertion_about_panes, an_assertion_about_elements_of_no_grouping,
    a_wrong_window_fails, a_wrong_pane_fails, a_missing_window_fails, a_panic_in_a_window_fails,
    a_key_that_occurs_twice_is_no_map, two_elements_are_no_singleton);

fn counts(p: &Pipeline) -> PCollection<u64> {
    timed(p, [1, 2, 12]).window_into(FixedWindows::of(seconds(10))).count_globally()
}

fn an_assertion_about_each_window(p: &Pipeline) -> Ending {
    assert_that(&counts(p)).in_window(window(0, 10)).is_singleton(2);
    assert_that(&counts(p)).in_window(window(10, 20)).contains_in_any_order([1]);
    let check = |counts: Vec<u64>| assert_eq!(counts, [1]);
    assert_that(&counts(p)).in_window(window(10, 20)).satisfies(check);
    Ending::done()
}

fn an_assertion_about_a_window_without_elements(p: &Pipeline) -> Ending {
    assert_that(&counts(p)).in_window(window(20, 30)).is_empty();
    assert_that(&counts(p))
        .in_on_time_pane(window(20, 30))
        .satisfies(|all| assert!(all.is_empty()));
    Ending::done()
}

fn an_assertion_about_overlapping_windows(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let windowed = timed(p, [1, 7]).window_into(sliding);
    assert_that(&windowed).in_window(window(-5, 5)).is_singleton(1);
    assert_that(&windowed).in_window(window(0, 10)).contains_in_any_order([1, 7]);
    assert_that(&windowed).in_window(window(5, 15)).is_singleton(7);
    Ending::done()
}

fn an_assertion_about_the_global_window(p: &Pipeline) -> Ending {
    let count = p.create([1i64, 2]).count_globally();
    assert_that(&count).in_window(Window::Global).is_singleton(2);
    assert_that(&count).in_window(window(0, 10)).is_empty();
    assert_that(&counts(p)).in_window(Window::Global).is_empty();
    Ending::done()
}

fn an_assertion_about_panes(p: &Pipeline) -> Ending {
    let first = window(0, 10);
    assert_that(&counts(p)).in_on_time_pane(first).is_singleton(2);
    assert_that(&counts(p)).in_final_pane(first).is_singleton(2);
    assert_that(&counts(p)).in_only_pane(first).is_singleton(2);
    assert_that(&counts(p)).in_combined_non_late_panes(first).is_singleton(2);
    assert_that(&counts(p)).in_early_panes(first).is_empty();
    assert_that(&counts(p)).in_late_panes(first).is_empty();
    Ending::done()
}

fn an_assertion_about_elements_of_no_grouping(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64]);
    assert_that(&numbers).in_combined_non_late_panes(Window::Global).is_singleton(1);
    assert_that(&numbers).in_on_time_pane(Window::Global).is_empty();
    Ending::done()
}

fn a_wrong_window_fails(p: &Pipeline) -> Ending {
    assert_that(&counts(p)).in_window(window(10, 20)).is_singleton(2);
    Ending::failed(&[
        "Check in the window [10000 ms, 20000 ms)",
        "1 element missing: 2; 1 element not expected: 1",
        "assertions.rs:",
    ])
}

fn a_wrong_pane_fails(p: &Pipeline) -> Ending {
    assert_that(&counts(p)).in_late_panes(window(0, 10)).is_singleton(2);
    Ending::failed(&["in the late panes of the window [0 ms, 10000 ms)", "1 element missing: 2"])
}

fn a_missing_window_fails(p: &Pipeline) -> Ending {
    assert_that(&counts(p)).in_on_time_pane(window(90, 100)).is_singleton(1);
    Ending::failed(&["in the on-time pane of the window [90000 ms", "1 element missing: 1"])
}

fn a_panic_in_a_window_fails(p: &Pipeline) -> Ending {
    let check = |counts: Vec<u64>| assert!(counts.is_empty(), "there are {}", counts.len());
    assert_that(&counts(p)).in_window(window(0, 10)).satisfies(check);
    Ending::failed(&["Check in the window [0 ms, 10000 ms)", "there are 1", "assertions.rs:"])
}

fn a_key_that_occurs_twice_is_no_map(p: &Pipeline) -> Ending {
    let pairs = p.create([(1i64, 1i64), (1, 2)]);
    assert_that(&pairs).is_map([(1, 1), (1, 2)]);
    Ending::failed(&["1 element as more than one key: 1"])
}

fn two_elements_are_no_singleton(p: &Pipeline) -> Ending {
    assert_that(&p.create([1i64, 1])).is_singleton(1);
    Ending::failed(&["1 element not expected: 1"])
}
