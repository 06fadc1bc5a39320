//! Several outputs of one function.

use crate::error::BoxError;
use crate::exec::{Context, DoFn, Tag};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed, with_stamp};
use crate::transforms::Either;
use crate::window::FixedWindows;

list!(Outputs: a_function_has_outputs_of_different_types, an_output_that_nothing_reads_is_dropped,
    the_main_output_may_be_unread, a_function_has_many_outputs, outputs_keep_times_and_windows,
    partition_map_divides_by_type, an_output_can_be_grouped, an_empty_output_is_empty,
    outputs_of_large_elements);

const TEXTS: Tag<String> = Tag::new("texts");
const PAIRS: Tag<(i64, bool)> = Tag::new("pairs");

/// Sends each element to three outputs.
#[derive(Clone)]
struct Three;

impl DoFn for Three {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.output(element);
        cx.output_to(&TEXTS, format!("#{element}"));
        cx.output_to(&PAIRS, (element, element > 1));
        Ok(())
    }
}

fn a_function_has_outputs_of_different_types(p: &Pipeline) -> Ending {
    let three = p.create([1i64, 2]).par_do(Three);
    assert_that(&three).contains_in_any_order([1, 2]);
    assert_that(&three.tagged(&TEXTS)).contains_in_any_order(["#1", "#2"].map(str::to_owned));
    assert_that(&three.tagged(&PAIRS)).contains_in_any_order([(1, false), (2, true)]);
    Ending::done()
}

fn an_output_that_nothing_reads_is_dropped(p: &Pipeline) -> Ending {
    let three = p.create([1i64, 2]).par_do(Three);
    let _ = three.tagged(&PAIRS);
    assert_that(&three).contains_in_any_order([1, 2]);
    Ending::done()
}

fn the_main_output_may_be_unread(p: &Pipeline) -> Ending {
    let three = p.create([1i64, 2]).par_do(Three);
    assert_that(&three.tagged(&TEXTS)).contains_in_any_order(["#1", "#2"].map(str::to_owned));
    Ending::done()
}

const TAGS: [Tag<i64>; 10] = [
    Tag::new("0"),
    Tag::new("1"),
    Tag::new("2"),
    Tag::new("3"),
    Tag::new("4"),
    Tag::new("5"),
    Tag::new("6"),
    Tag::new("7"),
    Tag::new("8"),
    Tag::new("9"),
];

/// Sends each number to the output of its last digit.
#[derive(Clone)]
struct ByDigit;

impl DoFn for ByDigit {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        let digit = usize::try_from(element % 10)?;
        cx.output_to(&TAGS[digit], element);
        Ok(())
    }
}

fn a_function_has_many_outputs(p: &Pipeline) -> Ending {
    let digits = p.create(0i64..3000).par_do(ByDigit);
    assert_that(&digits).is_empty();
    for (digit, tag) in (0i64..).zip(TAGS) {
        assert_that(&digits.tagged(&tag))
            .contains_in_any_order((0..300).map(move |n| n * 10 + digit));
    }
    Ending::done()
}

fn outputs_keep_times_and_windows(p: &Pipeline) -> Ending {
    let three = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10))).par_do(Three);
    let expected = [("#1", "1000 ms in [0, 10000)"), ("#12", "12000 ms in [10000, 20000)")];
    let expected = expected.map(|(text, at)| (text.to_owned(), at.to_owned()));
    assert_that(&with_stamp(&three.tagged(&TEXTS))).contains_in_any_order(expected);
    Ending::done()
}

fn partition_map_divides_by_type(p: &Pipeline) -> Ending {
    let (even, odd) = p
        .create(0i64..6)
        .partition_map(|n| if n % 2 == 0 { Either::Left(n) } else { Either::Right(n.to_string()) });
    assert_that(&even).contains_in_any_order([0, 2, 4]);
    assert_that(&odd).contains_in_any_order(["1", "3", "5"].map(str::to_owned));
    Ending::done()
}

fn an_output_can_be_grouped(p: &Pipeline) -> Ending {
    let pairs = p.create(0i64..4).par_do(Three).tagged(&PAIRS);
    let counts = pairs.map(|(n, is_more)| (is_more, n)).count_per_key();
    assert_that(&counts).contains_in_any_order([(false, 2), (true, 2)]);
    Ending::done()
}

fn an_empty_output_is_empty(p: &Pipeline) -> Ending {
    let (all, none) = p.create(0i64..6).partition_map(Either::<i64, String>::Left);
    assert_that(&all).contains_in_any_order(0..6);
    assert_that(&none).is_empty();
    assert_that(&none.count_per_element()).is_empty();
    Ending::done()
}

/// Sends a large text to an output for each element.
#[derive(Clone)]
struct Large;

impl DoFn for Large {
    type In = u64;
    type Out = ();

    fn process(&mut self, length: u64, cx: &mut Context<()>) -> Result<(), BoxError> {
        cx.output_to(&TEXTS, "x".repeat(usize::try_from(length)?));
        cx.output(());
        Ok(())
    }
}

fn outputs_of_large_elements(p: &Pipeline) -> Ending {
    let large = p.create([100u64, 1_000_000, 10]).par_do(Large);
    assert_that(&large.tagged(&TEXTS).map(|text| text.len() as u64))
        .contains_in_any_order([10, 100, 1_000_000]);
    assert_that(&large).contains_in_any_order([(), (), ()]);
    Ending::done()
}
