//! Functions over elements.

use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;

list!(ParDo: map_gives_one_for_each, map_changes_the_type, filter_keeps_what_it_says,
    filter_can_keep_nothing, flat_map_gives_any_number, flat_map_can_give_nothing,
    one_element_fans_out_to_many, many_elements_fan_in_to_few, a_do_fn_sees_each_element_once,
    a_do_fn_is_not_called_for_nothing, two_functions_read_one_collection,
    a_closure_keeps_what_it_captured, keys_and_values_are_taken_apart);

fn map_gives_one_for_each(p: &Pipeline) -> Ending {
    assert_that(&p.create([1i64, 2, 3]).map(|n| n * 10)).contains_in_any_order([10, 20, 30]);
    Ending::done()
}

fn map_changes_the_type(p: &Pipeline) -> Ending {
    let texts = p.create([1i64, 2]).map(|n| format!("<{n}>"));
    assert_that(&texts).contains_in_any_order(["<1>", "<2>"].map(str::to_owned));
    Ending::done()
}

fn filter_keeps_what_it_says(p: &Pipeline) -> Ending {
    let even = p.create(0i64..10).filter(|n| n % 2 == 0);
    assert_that(&even).contains_in_any_order([0, 2, 4, 6, 8]);
    Ending::done()
}

fn filter_can_keep_nothing(p: &Pipeline) -> Ending {
    assert_that(&p.create(0i64..10).filter(|_| false).map(|n| n + 1)).is_empty();
    Ending::done()
}

fn flat_map_gives_any_number(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..4).flat_map(|n| 0..n);
    assert_that(&numbers).contains_in_any_order([0, 0, 1, 0, 1, 2]);
    Ending::done()
}

fn flat_map_can_give_nothing(p: &Pipeline) -> Ending {
    assert_that(&p.create(0i64..10).flat_map(|_| None::<i64>)).is_empty();
    Ending::done()
}

fn one_element_fans_out_to_many(p: &Pipeline) -> Ending {
    let many = p.create([100_000i64]).flat_map(|n| 0..n);
    assert_that(&many.combine_globally(crate::transforms::Sum))
        .contains_in_any_order([100_000 * 99_999 / 2]);
    assert_that(&many.count_globally()).contains_in_any_order([100_000]);
    Ending::done()
}

fn many_elements_fan_in_to_few(p: &Pipeline) -> Ending {
    let few = p.create([0i64]).flat_map(|_| 0..50_000i64).filter(|n| n % 10_000 == 7);
    assert_that(&few).contains_in_any_order([7, 10_007, 20_007, 30_007, 40_007]);
    Ending::done()
}

#[derive(Clone)]
struct Twice;

impl DoFn for Twice {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("processed", 1);
        cx.output(element);
        cx.output(element);
        Ok(())
    }
}

fn a_do_fn_sees_each_element_once(p: &Pipeline) -> Ending {
    let twice = p.create([1i64, 2, 3]).par_do(Twice);
    assert_that(&twice).contains_in_any_order([1, 1, 2, 2, 3, 3]);
    Ending::done().counted("processed", 3)
}

fn a_do_fn_is_not_called_for_nothing(p: &Pipeline) -> Ending {
    assert_that(&p.create(Vec::new()).par_do(Twice)).is_empty();
    Ending::done().counted("processed", 0)
}

fn two_functions_read_one_collection(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, 2]);
    let (more, less) = (numbers.map(|n| n + 1), numbers.map(|n| n - 1));
    assert_that(&more).contains_in_any_order([2, 3]);
    assert_that(&less).contains_in_any_order([0, 1]);
    assert_that(&numbers).contains_in_any_order([1, 2]);
    Ending::done()
}

fn a_closure_keeps_what_it_captured(p: &Pipeline) -> Ending {
    let (factor, unit) = (7i64, "mm".to_owned());
    let texts = p.create([1i64, 2]).map(move |n| format!("{} {unit}", n * factor));
    assert_that(&texts).contains_in_any_order(["7 mm", "14 mm"].map(str::to_owned));
    Ending::done()
}

fn keys_and_values_are_taken_apart(p: &Pipeline) -> Ending {
    let pairs = p.create([1i64, 2]).key_by(|n| n.to_string());
    assert_that(&pairs.keys()).contains_in_any_order(["1", "2"].map(str::to_owned));
    assert_that(&pairs.values()).contains_in_any_order([1, 2]);
    let raised = pairs.map_values(|n| n + 100);
    assert_that(&raised).contains_in_any_order([("1".to_owned(), 101), ("2".to_owned(), 102)]);
    Ending::done()
}
