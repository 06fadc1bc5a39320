//! Functions with a context that read side inputs.

use crate::error::BoxError;
use crate::exec::{
    Context, Continuation, DoFn, OffsetRange, SideView, SplittableDoFn, StatefulDoFn, Tracker,
};
use crate::pipeline::Pipeline;
use crate::state::{EventTimer, StateSpecs, Timer, Value};
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{seconds, timed};
use crate::window::{FixedWindows, SlidingWindows};

list!(SideInputs: a_function_reads_a_side_input, a_function_reads_several_side_inputs,
    a_function_sees_the_side_input_of_each_window, a_function_with_a_side_input_has_several_outputs,
    a_side_input_of_another_function_ends_the_job, a_singleton_of_nothing_ends_a_function,
    a_stateful_function_reads_a_side_input, a_stateful_function_sees_the_side_input_of_its_window,
    a_timer_reads_a_side_input, a_splittable_function_reads_a_side_input,
    a_splittable_function_sees_the_side_input_of_each_window);

/// Adds the sum of a list.
#[derive(Clone)]
struct AddAll {
    list: SideView<Vec<i64>>,
}

impl DoFn for AddAll {
    type In = i64;
    type Out = i64;

    fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        let list = cx.side(&self.list)?;
        cx.output(n + list.iter().sum::<i64>());
        Ok(())
    }
}

fn a_function_reads_a_side_input(p: &Pipeline) -> Ending {
    let list = p.create([1i64, 2, 3]).as_list();
    let sums = p.create([10i64, 20]).with_side_input(list).par_do(|list| AddAll { list });
    assert_that(&sums).contains_in_any_order([16, 26]);
    Ending::done()
}

/// Scales what is known by name.
#[derive(Clone)]
struct Scale {
    factor: SideView<i64>,
    offset: SideView<i64>,
}

impl DoFn for Scale {
    type In = i64;
    type Out = i64;

    fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        let (factor, offset) = (cx.side(&self.factor)?, cx.side(&self.offset)?);
        cx.output(n * *factor + *offset);
        Ok(())
    }
}

fn a_function_reads_several_side_inputs(p: &Pipeline) -> Ending {
    let sides = (p.create([3i64]).as_singleton(), p.create([]).as_singleton_or(7));
    let scaled = p.create([1i64, 2]).with_side_input(sides);
    let scaled = scaled.par_do(|(factor, offset)| Scale { factor, offset });
    assert_that(&scaled).contains_in_any_order([10, 13]);
    Ending::done()
}

fn a_function_sees_the_side_input_of_each_window(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 14]).window_into(FixedWindows::of(seconds(10))).as_list();
    let main = timed(p, [12]).window_into(SlidingWindows::of(seconds(20)).every(seconds(10)));
    // In the window from 0 to 20 the element sees 14, in that from 10 to 30 nothing.
    let sums = main.with_side_input(side).par_do(|list| AddAll { list });
    assert_that(&sums).contains_in_any_order([26, 12]);
    Ending::done()
}

const ODD: crate::Tag<i64> = crate::Tag::new("odd");

/// Splits by a limit.
#[derive(Clone)]
struct Below {
    limit: SideView<i64>,
}

impl DoFn for Below {
    type In = i64;
    type Out = i64;

    fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        if n < *cx.side(&self.limit)? {
            cx.output(n);
        } else {
            cx.output_to(&ODD, n);
        }
        Ok(())
    }
}

fn a_function_with_a_side_input_has_several_outputs(p: &Pipeline) -> Ending {
    let limit = p.create([3i64]).as_singleton();
    let parts = p.create(1i64..6).with_side_input(limit).par_do(|limit| Below { limit });
    assert_that(&parts).contains_in_any_order([1, 2]);
    assert_that(&parts.tagged(&ODD)).contains_in_any_order([3, 4, 5]);
    Ending::done()
}

fn a_side_input_of_another_function_ends_the_job(p: &Pipeline) -> Ending {
    let mut stolen = None;
    let list = p.create([1i64]).as_list();
    let own = p.create([1i64]).with_side_input(list).par_do(|list| {
        stolen = Some(list.clone());
        AddAll { list }
    });
    if let Some(list) = stolen {
        let _ = own.par_do(AddAll { list }).named("Steal");
    }
    Ending::failed(&["`Steal` failed", "not declared", "side_functions.rs:", "with_side_input"])
}

fn a_singleton_of_nothing_ends_a_function(p: &Pipeline) -> Ending {
    let limit = p.create([]).as_singleton();
    let _ = p.create([1i64]).with_side_input(limit).par_do(|limit| Below { limit }).named("Below");
    Ending::failed(&["`Below` failed", "0 elements", "side_functions.rs:", "help: "])
}

/// The running sum of each key times a factor; and once more at the end of its window.
#[derive(Clone)]
struct Weigh {
    sum: Value<i64>,
    end: EventTimer,
    factor: SideView<i64>,
    at_end: bool,
}

impl Weigh {
    fn new(s: &mut StateSpecs, factor: SideView<i64>, at_end: bool) -> Self {
        Self { sum: s.value("sum"), end: s.event_timer("end"), factor, at_end }
    }
}

impl StatefulDoFn for Weigh {
    type Key = i64;
    type In = i64;
    type Out = (i64, i64);

    fn process(&mut self, key: &i64, n: i64, cx: &mut Context<(i64, i64)>) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?.unwrap_or_default() + n;
        self.sum.write(cx, sum)?;
        if self.at_end {
            let end = cx.window().max_timestamp();
            self.end.set(cx, end);
        } else {
            let factor = cx.side(&self.factor)?;
            cx.output((*key, sum * *factor));
        }
        Ok(())
    }

    fn on_timer(
        &mut self,
        _: Timer,
        key: &i64,
        cx: &mut Context<(i64, i64)>,
    ) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?.unwrap_or_default();
        let factor = cx.side(&self.factor)?;
        cx.output((*key, sum * *factor));
        Ok(())
    }
}

fn a_stateful_function_reads_a_side_input(p: &Pipeline) -> Ending {
    let factor = p.create([10i64]).as_singleton();
    let pairs = p.create([(1i64, 2i64), (2, 3), (3, 4)]).with_side_input(factor);
    let weighed = pairs.par_do_stateful(|s, factor| Weigh::new(s, factor, false)).named("Weigh");
    assert_that(&weighed).contains_in_any_order([(1, 20), (2, 30), (3, 40)]);
    Ending::done()
}

fn a_stateful_function_sees_the_side_input_of_its_window(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let factor = timed(p, [3, 14]).window_into(fixed).as_singleton();
    let pairs = timed(p, [1, 12]).key_by(|_| 1i64).window_into(fixed).with_side_input(factor);
    let weighed = pairs.par_do_stateful(|s, factor| Weigh::new(s, factor, false)).named("Weigh");
    assert_that(&weighed).contains_in_any_order([(1, 3), (1, 12 * 14)]);
    Ending::done()
}

fn a_timer_reads_a_side_input(p: &Pipeline) -> Ending {
    let fixed = FixedWindows::of(seconds(10));
    let factor = timed(p, [3, 14]).window_into(fixed).as_singleton();
    let pairs = timed(p, [1, 2, 12]).key_by(|_| 1i64).window_into(fixed).with_side_input(factor);
    let weighed = pairs.par_do_stateful(|s, factor| Weigh::new(s, factor, true)).named("Weigh");
    assert_that(&weighed).contains_in_any_order([(1, 9), (1, 12 * 14)]);
    Ending::done()
}

/// As many copies of an element as a list is long.
#[derive(Clone)]
struct Repeat {
    list: SideView<Vec<i64>>,
}

impl SplittableDoFn for Repeat {
    type In = i64;
    type Out = i64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, _: &i64) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, 2))
    }

    fn process(
        &mut self,
        n: &i64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<i64>,
    ) -> Result<Continuation, BoxError> {
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            for other in cx.side(&self.list)?.iter() {
                cx.output(n * 100 + other);
            }
            next += 1;
        }
        Ok(Continuation::Stop)
    }
}

fn a_splittable_function_reads_a_side_input(p: &Pipeline) -> Ending {
    let list = p.create([7i64, 8]).as_list();
    let main = p.create([1i64]).with_side_input(list);
    let repeated = main.par_do_splittable(|list| Repeat { list }, true);
    assert_that(&repeated).contains_in_any_order([107, 108, 107, 108]);
    Ending::done()
}

fn a_splittable_function_sees_the_side_input_of_each_window(p: &Pipeline) -> Ending {
    let side = timed(p, [3, 14, 25]).window_into(FixedWindows::of(seconds(10))).as_list();
    let main = timed(p, [12]).window_into(SlidingWindows::of(seconds(20)).every(seconds(10)));
    // Of windows that end at 20 and 30 it sees the last ten seconds.
    let repeated = main.with_side_input(side).par_do_splittable(|list| Repeat { list }, true);
    assert_that(&repeated).contains_in_any_order([1214, 1214, 1225, 1225]);
    Ending::done()
}
