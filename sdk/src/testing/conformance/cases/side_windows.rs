//! Which windows of side inputs elements see, and when they are ready.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::source::Act::{Await, Give, Watermark};
use crate::testing::conformance::source::{Gate, script, see};
use crate::testing::conformance::stamps::{seconds, timed};
use crate::transforms::{Count, Max, Sum};
use crate::window::{CalendarWindows, FixedWindows, GlobalWindows, SlidingWindows};

list!(SideInputs: a_list_is_found_by_position, a_default_for_each_empty_window,
    a_side_input_with_sliding_windows, sliding_main_windows_see_one_side_window_each,
    a_windowed_side_input_of_a_main_input_without_windows, side_inputs_of_several_windowings,
    a_side_input_by_the_calendar, the_views_of_many_bundles, many_windows_of_a_side_input;
    sharing: an_element_waits_for_its_own_window_alone,
    an_element_waits_for_a_side_input_that_comes_later,
    an_empty_window_is_ready_once_it_has_passed,
    an_element_waits_for_each_of_its_side_inputs);

fn a_list_is_found_by_position(p: &Pipeline) -> Ending {
    let list = p.create([10i64, 20, 30]).as_list();
    let sums = p.create([0i64]).with_side_input(list);
    let sums = sums.flat_map(|_, list| (0..list.len()).map(|i| list[i]).collect::<Vec<_>>());
    assert_that(&sums).contains_in_any_order([10, 20, 30]);
    Ending::done()
}

fn a_default_for_each_empty_window(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let side = timed(p, [3]).window_into(fixed).as_singleton_or(-1);
    let main = timed(p, [1, 12]).window_into(fixed).with_side_input(side);
    assert_that(&main.map(|n, side| (n, *side))).contains_in_any_order([(1, 3), (12, -1)]);
    Ending::done()
}

fn a_side_input_with_sliding_windows(p: &Pipeline) -> Ending {
    // The windows that end with those of the main input or later begin at 5, 10 and 15; the first
    // is the one that is seen.
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let side = timed(p, [3, 7, 12]).window_into(sliding).combine_globally(Sum).as_singleton_or(0);
    let main = timed(p, [1, 6, 11]).window_into(FixedWindows::of(seconds(5)));
    let pairs = main.with_side_input(side).map(|n, side| (n, *side));
    assert_that(&pairs).contains_in_any_order([(1, 3), (6, 10), (11, 19)]);
    Ending::done()
}

fn sliding_main_windows_see_one_side_window_each(p: &Pipeline) -> Ending {
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let side = timed(p, [3, 14]).window_into(FixedWindows::of(seconds(5))).as_list();
    let main = timed(p, [7]).window_into(sliding).with_side_input(side);
    // The windows [0, 10) and [5, 15) end in the side windows [5, 10) and [10, 15).
    let seen = main.map(|n, side| (n, side.clone()));
    assert_that(&seen).contains_in_any_order([(7, vec![]), (7, vec![14])]);
    Ending::done()
}

fn a_windowed_side_input_of_a_main_input_without_windows(p: &Pipeline) -> Ending {
    // The global window ends in the last of all windows, which has no elements.
    let side = timed(p, [3]).window_into(FixedWindows::of(seconds(10))).as_list();
    let sizes = timed(p, [1]).with_side_input(side).map(|n, side| (n, side.len() as u64));
    assert_that(&sizes).contains_in_any_order([(1, 0)]);
    Ending::done()
}

fn side_inputs_of_several_windowings(p: &Pipeline) -> Ending {
    let sides = (
        timed(p, [3, 14]).window_into(FixedWindows::of(seconds(10))).as_iter(),
        timed(p, [3, 14]).window_into(FixedWindows::of(seconds(20))).as_iter(),
        timed(p, [3, 14, 25]).window_into(GlobalWindows).combine_globally(Max).as_singleton(),
    );
    let main = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10)));
    let seen = main.with_side_input(sides).map(|n, (small, large, most)| {
        (n, small.iter().sum::<i64>(), (large.iter().sum::<i64>(), *most))
    });
    assert_that(&seen).contains_in_any_order([(1, 3, (17, 25)), (12, 14, (17, 25))]);
    Ending::done()
}

fn a_side_input_by_the_calendar(p: &Pipeline) -> Ending {
    let day = 24 * 60 * 60;
    let side = timed(p, [3, day + 3]).window_into(CalendarWindows::days(1)).as_list();
    let main = timed(p, [1, day + 1]).window_into(FixedWindows::of(seconds(10)));
    let seen = main.with_side_input(side).map(|n, side| (n, side.clone()));
    assert_that(&seen).contains_in_any_order([(1, vec![3]), (day + 1, vec![day + 3])]);
    Ending::done()
}

fn the_views_of_many_bundles(p: &Pipeline) -> Ending {
    let names = p.create((0..100i64).map(|n| (n, n.to_string()))).as_map();
    let named = p.create(0..1000i64).reshuffle().with_side_input(names);
    let digits = named.map(|n, names| names[&(n % 100)].len() as i64);
    assert_that(&digits.combine_globally(Sum)).contains_in_any_order([1900]);
    Ending::done()
}

fn many_windows_of_a_side_input(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(1));
    let side = timed(p, 0..200).window_into(fixed).as_singleton();
    let main = timed(p, (0..200).chain(0..200)).window_into(fixed).reshuffle();
    let same = main.with_side_input(side).filter(|n, side| n == side);
    let count = same.window_into(GlobalWindows).combine_globally(Count);
    assert_that(&count).contains_in_any_order([400]);
    Ending::done()
}

fn an_element_waits_for_its_own_window_alone(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let seen = Gate::of(p);
    // The second window of the side input ends after an element of the first has seen its own.
    let acts = [Give(3, 3), Watermark(10), Await(seen.clone(), 1), Give(14, 14), Watermark(20)];
    let side = script(p, acts).window_into(fixed).combine_globally(Sum).as_singleton();
    let main = script(p, [Give(11, 11), Give(1, 1), Give(12, 12)]).window_into(fixed);
    let pairs = seen.pass(&main.with_side_input(side).map(|n, side| (n, *side)));
    see(&pairs.map(|(n, side)| format!("{n} and {side}")));
    Ending::done().saw(&[("1 and 3", 1), ("11 and 14", 1), ("12 and 14", 1)])
}

fn an_element_waits_for_a_side_input_that_comes_later(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let given = Gate::of(p);
    let main = given.pass(&script(p, [Give(1, 1), Give(11, 11)]).window_into(fixed)).reshuffle();
    let acts = [Await(given, 2), Give(3, 3), Give(14, 14)];
    let side = script(p, acts).window_into(fixed).combine_globally(Sum).as_singleton();
    see(&main.with_side_input(side).map(|n, side| format!("{n} and {side}")));
    Ending::done().saw(&[("1 and 3", 1), ("11 and 14", 1)])
}

fn an_empty_window_is_ready_once_it_has_passed(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let seen = Gate::of(p);
    let acts = [Watermark(10), Await(seen.clone(), 1), Give(14, 14)];
    let side = script(p, acts).window_into(fixed).as_list();
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(fixed);
    let sizes = seen.pass(&main.with_side_input(side).map(|n, side| (n, side.len() as u64)));
    see(&sizes.map(|(n, size)| format!("{n} sees {size}")));
    Ending::done().saw(&[("1 sees 0", 1), ("11 sees 1", 1)])
}

fn an_element_waits_for_each_of_its_side_inputs(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let seen = Gate::of(p);
    let ahead = script(p, [Give(3, 3), Give(13, 13), Watermark(100)]);
    let behind = script(p, [Give(4, 4), Watermark(10), Await(seen.clone(), 1), Give(14, 14)]);
    let ahead = ahead.window_into(fixed).combine_globally(Sum).as_singleton();
    let behind = behind.window_into(fixed).combine_globally(Sum).as_singleton();
    let main = script(p, [Give(1, 1), Give(11, 11)]).window_into(fixed);
    let sums = seen.pass(&main.with_side_input((ahead, behind)).map(|n, (a, b)| (n, a + b)));
    see(&sums.map(|(n, sum)| format!("{n} and {sum}")));
    Ending::done().saw(&[("1 and 7", 1), ("11 and 27", 1)])
}
