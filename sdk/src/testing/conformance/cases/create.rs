//! Values that the program itself holds.

use bytes::Bytes;

use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::with_stamp;

list!(Create: create_of_nothing_is_empty, create_gives_each_value_once, create_keeps_duplicates,
    create_of_many_values, create_is_at_the_earliest_time_in_the_global_window,
    impulse_is_one_empty_byte_string, several_creates_are_apart);

fn create_of_nothing_is_empty(p: &Pipeline) -> Ending {
    assert_that(&p.create(Vec::<i64>::new())).is_empty();
    Ending::done()
}

fn create_gives_each_value_once(p: &Pipeline) -> Ending {
    assert_that(&p.create([3i64, 1, 2])).contains_in_any_order([1, 2, 3]);
    Ending::done()
}

fn create_keeps_duplicates(p: &Pipeline) -> Ending {
    assert_that(&p.create([1i64, 1, 2])).contains_in_any_order([1, 1, 2]);
    Ending::done()
}

fn create_of_many_values(p: &Pipeline) -> Ending {
    assert_that(&p.create(0i64..10_000)).contains_in_any_order(0..10_000);
    Ending::done()
}

fn create_is_at_the_earliest_time_in_the_global_window(p: &Pipeline) -> Ending {
    let stamped = with_stamp(&p.create([1i64]));
    assert_that(&stamped).contains_in_any_order([(1, "-inf in global".to_owned())]);
    Ending::done()
}

fn impulse_is_one_empty_byte_string(p: &Pipeline) -> Ending {
    let stamped = with_stamp(&p.impulse());
    assert_that(&stamped).contains_in_any_order([(Bytes::new(), "-inf in global".to_owned())]);
    Ending::done()
}

fn several_creates_are_apart(p: &Pipeline) -> Ending {
    let (numbers, words) = (p.create([1i64, 2]), p.create(["a".to_owned()]));
    assert_that(&numbers).contains_in_any_order([1, 2]);
    assert_that(&words).contains_in_any_order(["a".to_owned()]);
    Ending::done()
}
