//! Side inputs.

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed};
use crate::transforms::{Max, Sum};
use crate::window::FixedWindows;

list!(SideInputs: an_iterable_side_input, an_empty_iterable_side_input, a_singleton_side_input,
    a_singleton_with_a_default, a_singleton_of_nothing_ends_the_job,
    a_singleton_of_several_ends_the_job, a_map_side_input, an_empty_map_side_input,
    a_map_with_a_key_twice_ends_the_job, a_multimap_side_input, several_side_inputs,
    a_side_input_of_a_grouping, a_side_input_of_the_same_collection,
    a_side_input_of_what_the_main_input_comes_from, a_side_input_of_many_elements,
    a_side_input_read_by_several, a_side_input_of_another_side_inputs_reader,
    a_windowed_side_input, a_side_input_in_the_global_window_of_a_windowed_main_input,
    a_side_input_with_larger_windows, an_empty_window_of_a_side_input,
    no_main_elements_with_a_side_input, an_error_in_a_function_with_side_inputs,
    filters_and_flat_maps_see_side_inputs, a_side_input_of_a_flatten);

fn an_iterable_side_input(p: &Pipeline) -> Ending {
    let side = p.create([1i64, 2, 3]).as_iter();
    let sums = p.create([10i64, 20]).with_side_input(side);
    assert_that(&sums.map(|n, side| n + side.iter().sum::<i64>())).contains_in_any_order([16, 26]);
    Ending::done()
}

fn an_empty_iterable_side_input(p: &Pipeline) -> Ending {
    let side = p.create(Vec::<i64>::new()).as_list();
    let sizes = p.create([1i64, 2]).with_side_input(side).map(|n, side| (n, side.len() as u64));
    assert_that(&sizes).contains_in_any_order([(1, 0), (2, 0)]);
    Ending::done()
}

fn a_singleton_side_input(p: &Pipeline) -> Ending {
    let most = p.create([3i64, 7, 5]).combine_globally(Max).as_singleton();
    let rest = p.create([1i64, 2]).with_side_input(most).map(|n, most| most - n);
    assert_that(&rest).contains_in_any_order([6, 5]);
    Ending::done()
}

fn a_singleton_with_a_default(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new()).as_singleton_or(-1);
    let some = p.create([5i64]).as_singleton_or(-1);
    let sums = p.create([10i64]).with_side_input((none, some)).map(|n, (a, b)| n + 10 * a + b);
    assert_that(&sums).contains_in_any_order([5]);
    Ending::done()
}

fn a_singleton_of_nothing_ends_the_job(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<i64>::new()).as_singleton();
    let _ = p.create([1i64]).with_side_input(none).map(|n, side| n + side).named("Add");
    Ending::failed(&["`Add` failed", "side_inputs.rs:", "0 elements", "help: "])
}

fn a_singleton_of_several_ends_the_job(p: &Pipeline) -> Ending {
    let several = p.create([1i64, 2]).as_singleton();
    let _ = p.create([1i64]).with_side_input(several).map(|n, side| n + side).named("Add");
    Ending::failed(&["`Add` failed", "side_inputs.rs:", "2 elements", "help: "])
}

fn a_map_side_input(p: &Pipeline) -> Ending {
    let names = p.create([(1i64, "one".to_owned()), (2, "two".to_owned())]).as_map();
    let named = p.create([1i64, 2, 3]).with_side_input(names);
    let named = named.map(|n, names| (n, names.get(&n).cloned()));
    let expected = [(1, Some("one".to_owned())), (2, Some("two".to_owned())), (3, None)];
    assert_that(&named).contains_in_any_order(expected);
    Ending::done()
}

fn an_empty_map_side_input(p: &Pipeline) -> Ending {
    let none = p.create(Vec::<(i64, i64)>::new()).as_map();
    let found = p.create([1i64]).with_side_input(none).map(|n, none| none.contains_key(&n));
    assert_that(&found).contains_in_any_order([false]);
    Ending::done()
}

fn a_map_with_a_key_twice_ends_the_job(p: &Pipeline) -> Ending {
    let map = p.create([(1i64, 10i64), (1, 20)]).as_map();
    let _ = p.create([1i64]).with_side_input(map).map(|n, map| map[&n]).named("Find");
    Ending::failed(&["`Find` failed", "key 1 twice", "help: "])
}

fn a_multimap_side_input(p: &Pipeline) -> Ending {
    let map = p.create([(1i64, 10i64), (1, 20), (2, 30)]).as_multimap();
    let sums = p.create([1i64, 2, 3]).with_side_input(map);
    let sums = sums.map(|n, map| (n, map.get(&n).map(|values| values.iter().sum::<i64>())));
    assert_that(&sums).contains_in_any_order([(1, Some(30)), (2, Some(30)), (3, None)]);
    Ending::done()
}

fn several_side_inputs(p: &Pipeline) -> Ending {
    let sides = (
        p.create([1i64, 2]).as_iter(),
        p.create(["x".to_owned()]).as_singleton(),
        p.create([(1i64, true)]).as_map(),
        p.create([(1i64, 'a'), (1, 'b')]).as_multimap(),
    );
    let texts = p.create([1i64, 2]).with_side_input(sides).map(|n, (list, text, map, many)| {
        let sum: i64 = list.iter().sum();
        format!("{n} {sum} {text} {} {}", map.contains_key(&n), many.get(&n).map_or(0, Vec::len))
    });
    assert_that(&texts).contains_in_any_order(["1 3 x true 2", "2 3 x false 0"].map(str::to_owned));
    Ending::done()
}

fn a_side_input_of_a_grouping(p: &Pipeline) -> Ending {
    let sums = p.create(0i64..10).key_by(|n| n % 2).group_by_key();
    let sums = sums.map(|(key, group)| (key, group.iter().sum::<i64>())).as_map();
    let rest = p.create([1i64, 2]).with_side_input(sums).map(|n, sums| sums[&(n % 2)] - n);
    assert_that(&rest).contains_in_any_order([24, 18]);
    Ending::done()
}

fn a_side_input_of_the_same_collection(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2, 3]);
    let shares = numbers.with_side_input(numbers.as_iter());
    let shares = shares.map(|n, all| (n, all.iter().sum::<i64>() - n));
    assert_that(&shares).contains_in_any_order([(1, 5), (2, 4), (3, 3)]);
    Ending::done()
}

fn a_side_input_of_what_the_main_input_comes_from(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..100);
    let most = numbers.combine_globally(Max).as_singleton();
    let even = numbers.filter(|n| n % 2 == 0).reshuffle();
    let rest = even.with_side_input(most).map(|n, most| most - n);
    assert_that(&rest).contains_in_any_order((0..100).filter(|n| n % 2 == 1));
    Ending::done()
}

fn a_side_input_of_many_elements(p: &Pipeline) -> Ending {
    let many = p.create([50_000i64]).flat_map(|n| 0..n).as_iter();
    let sums = p.create(0i64..10).reshuffle().with_side_input(many);
    let sums = sums.map(|n, many| (n, many.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order((0..10).map(|n| (n, 50_000 * 49_999 / 2)));
    Ending::done()
}

fn a_side_input_read_by_several(p: &Pipeline) -> Ending {
    let side = p.create([100i64]).as_singleton();
    let more = p.create([1i64]).with_side_input(side.clone()).map(|n, side| side + n);
    let less = p.create([1i64]).with_side_input(side).map(|n, side| side - n);
    assert_that(&more).contains_in_any_order([101]);
    assert_that(&less).contains_in_any_order([99]);
    Ending::done()
}

fn a_side_input_of_another_side_inputs_reader(p: &Pipeline) -> Ending {
    let first = p.create([1i64, 2]).as_iter();
    let second = p.create([10i64]).with_side_input(first);
    let second = second.flat_map(|n, first| first.iter().map(|m| n + m).collect::<Vec<_>>());
    let third = p.create([100i64]).with_side_input(second.as_iter());
    let third = third.map(|n, second| n + second.iter().sum::<i64>());
    assert_that(&third).contains_in_any_order([123]);
    Ending::done()
}

fn a_windowed_side_input(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let side = timed(p, [3, 4, 15]).window_into(fixed).combine_globally(Sum).as_singleton();
    let main = timed(p, [1, 2, 11]).window_into(fixed).with_side_input(side);
    assert_that(&main.map(|n, side| (n, *side))).contains_in_any_order([(1, 7), (2, 7), (11, 15)]);
    Ending::done()
}

fn a_side_input_in_the_global_window_of_a_windowed_main_input(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 14]).as_iter();
    let main = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10))).with_side_input(side);
    let sums = main.map(|n, side| (n, side.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(1, 17), (12, 17)]);
    Ending::done()
}

fn a_side_input_with_larger_windows(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 14, 25]).window_into(FixedWindows::of(seconds(20))).as_iter();
    let main = timed(p, [1, 12, 21]).window_into(FixedWindows::of(seconds(10)));
    let sums = main.with_side_input(side).map(|n, side| (n, side.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(1, 17), (12, 17), (21, 25)]);
    Ending::done()
}

fn an_empty_window_of_a_side_input(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let side = timed(p, [3]).window_into(fixed).as_list();
    let main = timed(p, [1, 12]).window_into(fixed).with_side_input(side);
    let sizes = main.map(|n, side| (n, side.len() as u64));
    assert_that(&sizes).contains_in_any_order([(1, 1), (12, 0)]);
    Ending::done()
}

fn no_main_elements_with_a_side_input(p: &Pipeline) -> Ending {
    // Nobody asks for the singleton, so it does not matter that there is none.
    let side = p.create(Vec::<i64>::new()).as_singleton();
    let none = p.create(Vec::<i64>::new()).with_side_input(side).map(|n, side| n + side);
    assert_that(&none).is_empty();
    Ending::done()
}

fn an_error_in_a_function_with_side_inputs(p: &Pipeline) -> Ending {
    let floor = p.create([2i64]).as_singleton();
    let _ = p
        .create([1i64, 5])
        .with_side_input(floor)
        .try_map(|n, floor| if n < *floor { Err("too low") } else { Ok(n) })
        .named("Check");
    Ending::failed(&["`Check` failed", "too low", "element: 1", "side_inputs.rs:"])
}

fn filters_and_flat_maps_see_side_inputs(p: &Pipeline) -> Ending {
    let limit = p.create([3i64]).as_singleton();
    let low = p.create(0i64..10).with_side_input(limit.clone()).filter(|n, limit| n < limit);
    assert_that(&low).contains_in_any_order([0, 1, 2]);
    let some = p
        .create([7i64])
        .with_side_input(limit)
        .flat_map(|n, limit| (0..*limit).map(|_| n).collect::<Vec<_>>());
    assert_that(&some).contains_in_any_order([7, 7, 7]);
    Ending::done()
}

fn a_side_input_of_a_flatten(p: &Pipeline) -> Ending {
    let side = p.create([1i64]).flatten_with([p.create([2i64]), p.create(Vec::new())]).as_iter();
    let sums = p.create([0i64]).with_side_input(side).map(|n, side| n + side.iter().sum::<i64>());
    assert_that(&sums).contains_in_any_order([3]);
    Ending::done()
}
