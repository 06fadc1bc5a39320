//! Functions whose work can be split and suspended.

use std::time::Duration;

use crate::error::BoxError;
use crate::exec::{Context, Continuation, OffsetRange, SplittableDoFn, Tracker};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::stamps::{at, seconds, timed, with_stamp};
use crate::window::FixedWindows;

list!(Splittable: a_restriction_is_worked_on_once, a_restriction_is_split_at_the_start,
    many_elements_have_restrictions, an_empty_restriction_gives_nothing,
    work_is_suspended_and_resumed, work_can_end_early, unclaimed_work_ends_the_job,
    claiming_backwards_ends_the_job, an_error_in_splittable_work_ends_the_job,
    an_error_in_the_initial_restriction_ends_the_job, work_gives_elements_times,
    work_keeps_the_windows_of_its_element, work_on_the_output_of_work, work_on_groups,
    work_with_much_output, nothing_to_work_on);

/// What is special about the work.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Plain,
    InParts(u64),
    Suspended,
    EndsAt(u64),
    ClaimsNothing,
    ClaimsBackwards,
    FailsAt(u64),
    Refuses,
    Timed,
}

/// Counts from 0 to below its element.
#[derive(Clone)]
struct Count(Kind);

impl SplittableDoFn for Count {
    type In = u64;
    type Out = u64;
    type Restriction = OffsetRange;

    fn initial_restriction(&self, end: &u64) -> Result<OffsetRange, BoxError> {
        if self.0 == Kind::Refuses {
            return Err("this is no work".into());
        }
        Ok(OffsetRange::new(0, *end))
    }

    fn split(&self, _: &u64, range: OffsetRange) -> Result<Vec<OffsetRange>, BoxError> {
        let Kind::InParts(size) = self.0 else { return Ok(vec![range]) };
        let starts = (range.start..range.end).step_by(usize::try_from(size)?);
        Ok(starts.map(|start| OffsetRange::new(start, range.end.min(start + size))).collect())
    }

    fn process(
        &mut self,
        _: &u64,
        tracker: &mut Tracker<OffsetRange>,
        cx: &mut Context<u64>,
    ) -> Result<Continuation, BoxError> {
        if self.0 == Kind::ClaimsNothing {
            return Ok(Continuation::Stop);
        }
        let mut next = tracker.restriction().start;
        while tracker.try_claim(next) {
            match self.0 {
                Kind::EndsAt(end) if next >= end => {
                    tracker.finish();
                    break;
                }
                Kind::FailsAt(end) if next == end => return Err("it is too much work".into()),
                Kind::Timed => cx.output_with_timestamp(next, at(i64::try_from(next)?)),
                _ => cx.output(next),
            }
            next = if self.0 == Kind::ClaimsBackwards { next.saturating_sub(1) } else { next + 1 };
            if self.0 == Kind::Suspended && next.is_multiple_of(3) {
                return Ok(Continuation::Resume(Duration::from_millis(1)));
            }
        }
        Ok(Continuation::Stop)
    }
}

fn count(p: &Pipeline, ends: &[u64], kind: Kind) -> crate::PCollection<u64> {
    p.create(ends.to_vec()).par_do_splittable(Count(kind), true).named("Work").main()
}

fn a_restriction_is_worked_on_once(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[1000], Kind::Plain)).contains_in_any_order(0..1000);
    Ending::done()
}

fn a_restriction_is_split_at_the_start(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[1000, 5], Kind::InParts(30)))
        .contains_in_any_order((0..1000).chain(0..5));
    Ending::done()
}

fn many_elements_have_restrictions(p: &Pipeline) -> Ending {
    let ends: Vec<u64> = (0..50).collect();
    let expected = ends.iter().map(|end| (*end, 49 - end)).filter(|(_, count)| *count > 0);
    assert_that(&count(p, &ends, Kind::InParts(7)).count_per_element())
        .contains_in_any_order(expected);
    Ending::done()
}

fn an_empty_restriction_gives_nothing(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[0, 2, 0], Kind::Plain)).contains_in_any_order([0, 1]);
    Ending::done()
}

fn work_is_suspended_and_resumed(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[20, 7], Kind::Suspended)).contains_in_any_order((0..20).chain(0..7));
    Ending::done()
}

fn work_can_end_early(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[1_000_000], Kind::EndsAt(4))).contains_in_any_order(0..4);
    Ending::done()
}

fn unclaimed_work_ends_the_job(p: &Pipeline) -> Ending {
    let _ = count(p, &[10], Kind::ClaimsNothing);
    Ending::failed(&["`Work`", "was neither claimed to its end", "splittable.rs:"])
}

fn claiming_backwards_ends_the_job(p: &Pipeline) -> Ending {
    let _ = count(p, &[10], Kind::ClaimsBackwards);
    Ending::failed(&["`Work`", "splittable.rs:"])
}

fn an_error_in_splittable_work_ends_the_job(p: &Pipeline) -> Ending {
    let _ = count(p, &[10], Kind::FailsAt(5));
    Ending::failed(&["`Work`", "it is too much work", "splittable.rs:"])
}

fn an_error_in_the_initial_restriction_ends_the_job(p: &Pipeline) -> Ending {
    let _ = count(p, &[10], Kind::Refuses);
    Ending::failed(&["`Work/", "this is no work", "splittable.rs:"])
}

fn work_gives_elements_times(p: &Pipeline) -> Ending {
    let windowed = count(p, &[25], Kind::Timed).window_into(FixedWindows::of(seconds(10)));
    assert_that(&windowed.count_globally()).contains_in_any_order([10, 10, 5]);
    Ending::done()
}

fn work_keeps_the_windows_of_its_element(p: &Pipeline) -> Ending {
    let windowed = timed(p, [1, 12]).window_into(FixedWindows::of(seconds(10)));
    let ends = windowed.map(|n| u64::try_from(n % 10).unwrap_or(0));
    let worked = with_stamp(&ends.par_do_splittable(Count(Kind::Suspended), true));
    let late = "12000 ms in [10000, 20000)";
    let expected = [(0, "1000 ms in [0, 10000)"), (0, late), (1, late)];
    assert_that(&worked).contains_in_any_order(expected.map(|(n, at)| (n, at.to_owned())));
    Ending::done()
}

fn work_on_the_output_of_work(p: &Pipeline) -> Ending {
    let ends = count(p, &[5], Kind::InParts(2));
    let all = ends.par_do_splittable(Count(Kind::Suspended), true);
    assert_that(&all).contains_in_any_order([0, 0, 1, 0, 1, 2, 0, 1, 2, 3]);
    Ending::done()
}

fn work_on_groups(p: &Pipeline) -> Ending {
    let sums = p.create([1u64, 2, 3]).key_by(|n| n % 2).combine_per_key(crate::transforms::Sum);
    let all = sums.values().par_do_splittable(Count(Kind::Plain), true).key_by(|n| *n);
    let counts = all.group_by_key().map(|(key, group)| (key, group.len() as u64));
    assert_that(&counts).contains_in_any_order([(0, 2), (1, 2), (2, 1), (3, 1)]);
    Ending::done()
}

fn work_with_much_output(p: &Pipeline) -> Ending {
    // About 20 MB: runners suspend such work.
    let texts = count(p, &[2000], Kind::Plain).map(|n| (n, "z".repeat(10_000)));
    let sizes = texts.reshuffle().map(|(n, text)| n + text.len() as u64);
    assert_that(&sizes.combine_globally(crate::transforms::Sum))
        .contains_in_any_order([2000 * 10_000 + 1999 * 1000]);
    Ending::done()
}

fn nothing_to_work_on(p: &Pipeline) -> Ending {
    assert_that(&count(p, &[], Kind::Plain)).is_empty();
    Ending::done()
}
