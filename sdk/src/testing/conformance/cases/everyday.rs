//! Small transforms that most programs use.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{at, seconds, timed, window};
use crate::time::Timestamp;
use crate::transforms::ValueInSingleWindow;
use crate::window::{FixedWindows, PaneInfo, SlidingWindows, Window};

list!(ParDo: keys_and_values_change_apart, elements_become_text, iterables_are_flattened,
    groups_are_flattened, a_collection_in_parts, parts_that_nothing_reads,
    a_part_that_does_not_exist_fails, parts_keep_windows, timestamps_become_values,
    windows_become_values, each_window_of_an_element_becomes_a_value, panes_become_values);

fn keys_and_values_change_apart(p: &Pipeline) -> Ending {
    let pairs = p.create([1i64, 2]).with_key("n".to_owned());
    let changed = pairs.map_keys(|key| key + "!").map_values(|n| n * 10);
    assert_that(&changed).contains_in_any_order([("n!".to_owned(), 10), ("n!".to_owned(), 20)]);
    assert_that(&changed.keys()).contains_in_any_order(["n!", "n!"].map(str::to_owned));
    assert_that(&changed.values()).contains_in_any_order([10, 20]);
    Ending::done()
}

fn elements_become_text(p: &Pipeline) -> Ending {
    let text = p.create([1i64, -2]).to_strings();
    assert_that(&text).contains_in_any_order(["1", "-2"].map(str::to_owned));
    Ending::done()
}

fn iterables_are_flattened(p: &Pipeline) -> Ending {
    let lists = p.create([vec![1i64, 2], vec![], vec![3]]);
    assert_that(&lists.flatten_iterables()).contains_in_any_order([1, 2, 3]);
    let options = p.create([Some(1i64), None]);
    assert_that(&options.flatten_iterables()).contains_in_any_order([1]);
    Ending::done()
}

fn groups_are_flattened(p: &Pipeline) -> Ending {
    let groups = p.create([1i64, 2, 3]).key_by(|n| n % 2).group_by_key();
    assert_that(&groups.values().flatten_iterables()).contains_in_any_order([1, 2, 3]);
    Ending::done()
}

fn a_collection_in_parts(p: &Pipeline) -> Ending {
    let parts = p.create(0u64..9).reshuffle().partition(3, |n, parts| *n as usize % parts);
    for (part, first) in parts.iter().zip(0..) {
        assert_that(part).contains_in_any_order([first, first + 3, first + 6]);
    }
    let together = p.flatten(parts).count_globally();
    assert_that(&together).is_singleton(9);
    Ending::done()
}

fn parts_that_nothing_reads(p: &Pipeline) -> Ending {
    let parts = p.create(0u64..20).partition(12, |n, parts| *n as usize % parts);
    assert_that(&parts[10]).is_singleton(10);
    assert_that(&parts[1]).contains_in_any_order([1, 13]);
    Ending::done()
}

fn a_part_that_does_not_exist_fails(p: &Pipeline) -> Ending {
    let parts = p.create([1i64, 2]).partition(2, |n, _| if *n == 1 { 1 } else { 2 });
    assert_that(&parts[1]).is_singleton(1);
    Ending::failed(&["there is no part 2", "Partition"])
}

fn parts_keep_windows(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2, 12, 13]).window_into(FixedWindows::of(seconds(10)));
    let parts = windowed.partition(2, |n, _| usize::from(n % 2 == 1));
    assert_that(&parts[0]).in_window(window(0, 10)).is_singleton(2);
    assert_that(&parts[0]).in_window(window(10, 20)).is_singleton(12);
    assert_that(&parts[1]).in_window(window(10, 20)).is_singleton(13);
    Ending::done()
}

fn timestamps_become_values(p: &Pipeline) -> Ending {
    let reified = timed(p, [1, 12]).reshuffle().reify_timestamps();
    assert_that(&reified).contains_in_any_order([(1, at(1)), (12, at(12))]);
    let none = p.create([0i64]).reify_timestamps();
    assert_that(&none).is_singleton((0, Timestamp::MIN));
    Ending::done()
}

fn reified(value: i64, window: impl Into<Window>) -> ValueInSingleWindow<i64> {
    let (timestamp, pane) = (at(value), PaneInfo::NO_FIRING);
    ValueInSingleWindow { value, timestamp, window: window.into(), pane }
}

fn windows_become_values(p: &Pipeline) -> Ending {
    let numbers = timed(p, [1, 12]);
    assert_that(&numbers.reify_windows())
        .contains_in_any_order([1, 12].map(|n| reified(n, Window::Global)));
    let windowed = numbers.window_into(FixedWindows::of(seconds(10))).reshuffle();
    assert_that(&windowed.reify_windows())
        .contains_in_any_order([reified(1, window(0, 10)), reified(12, window(10, 20))]);
    Ending::done()
}

fn each_window_of_an_element_becomes_a_value(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let windowed = timed(p, [7]).window_into(sliding).reify_windows();
    assert_that(&windowed)
        .contains_in_any_order([reified(7, window(0, 10)), reified(7, window(5, 15))]);
    // Each is in its own window alone.
    assert_that(&windowed).in_window(window(5, 15)).is_singleton(reified(7, window(5, 15)));
    Ending::done()
}

fn panes_become_values(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 2]).window_into(FixedWindows::of(seconds(10)));
    let panes = windowed.count_globally().reify_windows().map(|reified| reified.pane);
    assert_that(&panes).is_singleton(PaneInfo::ON_TIME_AND_ONLY);
    Ending::done()
}
