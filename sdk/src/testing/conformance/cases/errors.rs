//! Errors and panics of functions.

use crate::Element;
use crate::element::Serde;
use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::shared::Shared;
use crate::testing::conformance::stamps::{seconds, timed};
use crate::window::FixedWindows;

list!(Errors: an_error_names_step_element_cause_and_place, a_panic_is_an_error_like_others,
    an_error_of_a_do_fn_ends_the_job, an_error_in_setup_ends_the_job,
    an_error_in_start_bundle_ends_the_job, an_error_in_finish_bundle_ends_the_job,
    an_error_names_time_and_window, an_error_behind_a_grouping_shows_the_group,
    a_sum_that_overflows_ends_the_job, an_element_without_encoding_ends_the_job,
    a_redacted_field_is_not_shown, a_false_assertion_ends_the_job,
    dead_letters_hold_what_failed, dead_letters_of_no_failures_are_empty,
    everything_may_become_a_dead_letter;
    sharing: a_bundle_that_fails_once_is_retried, a_bundle_that_panics_once_is_retried);

fn an_error_names_step_element_cause_and_place(p: &Pipeline) -> Ending {
    let texts = p.create(["1", "12,abc"].map(str::to_owned));
    let _ = texts.try_map(|text| text.parse::<i64>()).named("Parse");
    Ending::failed(&[
        "`Parse` failed",
        "invalid digit found in string",
        "12,abc",
        "errors.rs:",
        "help: call `.dead_letters()`",
    ])
}

fn a_panic_is_an_error_like_others(p: &Pipeline) -> Ending {
    let checked = p.create(0i64..10).map(|n| if n == 7 { panic!("seven is enough") } else { n });
    let _ = checked.named("Count");
    Ending::failed(&["`Count` panicked", "seven is enough", "element: 7", "errors.rs:"])
}

/// Where a function fails.
#[derive(Clone, Copy, PartialEq)]
enum Moment {
    Setup,
    Start,
    Process,
    Finish,
}

#[derive(Clone)]
struct Failing(Moment);

impl Failing {
    fn at(&self, moment: Moment) -> Result<(), BoxError> {
        if self.0 == moment { Err("this is the moment".into()) } else { Ok(()) }
    }
}

impl DoFn for Failing {
    type In = i64;
    type Out = i64;

    fn setup(&mut self) -> Result<(), BoxError> {
        self.at(Moment::Setup)
    }

    fn start_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.at(Moment::Start)
    }

    fn process(&mut self, _: i64, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.at(Moment::Process)
    }

    fn finish_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.at(Moment::Finish)
    }
}

fn failing(p: &Pipeline, moment: Moment) -> Ending {
    let _ = p.create([1i64]).par_do(Failing(moment)).named("Fragile");
    Ending::failed(&["`Fragile` failed", "this is the moment", "errors.rs:"])
}

fn an_error_of_a_do_fn_ends_the_job(p: &Pipeline) -> Ending {
    failing(p, Moment::Process)
}

fn an_error_in_setup_ends_the_job(p: &Pipeline) -> Ending {
    failing(p, Moment::Setup)
}

fn an_error_in_start_bundle_ends_the_job(p: &Pipeline) -> Ending {
    failing(p, Moment::Start)
}

fn an_error_in_finish_bundle_ends_the_job(p: &Pipeline) -> Ending {
    failing(p, Moment::Finish)
}

fn an_error_names_time_and_window(p: &Pipeline) -> Ending {
    let windowed = timed(p, [12]).window_into(FixedWindows::of(seconds(10)));
    let _ = windowed.try_map(|_| Err::<i64, _>("not this one")).named("Refuse");
    Ending::failed(&["`Refuse` failed", "not this one", "element: 12", "12000 ms"])
}

fn an_error_behind_a_grouping_shows_the_group(p: &Pipeline) -> Ending {
    let groups = p.create([("a".to_owned(), 5i64)]).group_by_key();
    let _ = groups.try_map(|_| Err::<i64, _>("no groups here")).named("Refuse");
    Ending::failed(&["`Refuse` failed", "no groups here", "errors.rs:"])
}

fn a_sum_that_overflows_ends_the_job(p: &Pipeline) -> Ending {
    let _ = p.create([i64::MAX, 1]).combine_globally(crate::transforms::Sum);
    Ending::failed(&["the sum overflows `i64`"])
}

/// A value that serde cannot write.
#[derive(Clone, serde::Deserialize)]
struct Unwritable;

impl serde::Serialize for Unwritable {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("there is no way to write it"))
    }
}

fn an_element_without_encoding_ends_the_job(p: &Pipeline) -> Ending {
    let _ = p.create([1i64]).map(|n| (n, Serde(Unwritable))).reshuffle().map(|(n, _)| n);
    Ending::failed(&["there is no way to write it"])
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Account {
    owner: String,
    #[element(redact)]
    pin: i64,
}

fn a_redacted_field_is_not_shown(p: &Pipeline) -> Ending {
    let account = Account { owner: "anna".to_owned(), pin: 4711 };
    let owners = p.create([account]).try_map(|account| {
        let fails = account.pin != 0;
        if fails { Err("a bad account") } else { Ok(account.owner) }
    });
    let (_, failed) = owners.dead_letters();
    let shown = failed.map(|failed| crate::element::shown(&failed));
    assert_that(&shown).satisfies(|texts| {
        assert!(texts.len() == 1 && texts[0].contains("anna"), "{texts:?}");
        assert!(!texts[0].contains("4711"), "{texts:?}");
    });
    Ending::done()
}

fn a_false_assertion_ends_the_job(p: &Pipeline) -> Ending {
    assert_that(&p.create([1i64, 2])).contains_in_any_order([1, 3]);
    Ending::failed(&["missing: 3", "not expected: 2", "errors.rs:"])
}

fn dead_letters_hold_what_failed(p: &Pipeline) -> Ending {
    let texts = p.create(["1", "x", "3"].map(str::to_owned));
    let (numbers, failed) = texts.try_map(|text| text.parse::<i64>()).dead_letters();
    assert_that(&numbers).contains_in_any_order([1, 3]);
    let failed = failed.map(|failed| (failed.element, failed.error));
    let expected = ("x".to_owned(), "invalid digit found in string".to_owned());
    assert_that(&failed).contains_in_any_order([expected]);
    Ending::done()
}

fn dead_letters_of_no_failures_are_empty(p: &Pipeline) -> Ending {
    let halves = p.create([2i64, 4]).try_map(|n| Ok::<_, BoxError>(n / 2));
    let (halves, failed) = halves.dead_letters();
    assert_that(&halves).contains_in_any_order([1, 2]);
    assert_that(&failed.map(|failed| failed.element)).is_empty();
    Ending::done()
}

fn everything_may_become_a_dead_letter(p: &Pipeline) -> Ending {
    let none = p.create(0i64..5000).try_flat_map(|n| Err::<Vec<i64>, _>(format!("no {n}")));
    let (none, failed) = none.dead_letters();
    assert_that(&none).is_empty();
    assert_that(&failed.map(|failed| failed.element)).contains_in_any_order(0..5000);
    Ending::done()
}

/// Fails at its first element, whichever bundle it is in.
#[derive(Clone)]
struct FailsOnce {
    calls: Shared,
    panics: bool,
}

impl DoFn for FailsOnce {
    type In = i64;
    type Out = i64;

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("processed", 1);
        cx.output(element);
        match self.calls.add()? {
            0 if self.panics => panic!("the first time it panics"),
            0 => Err("the first time it fails".into()),
            _ => Ok(()),
        }
    }
}

fn retried(p: &Pipeline, panics: bool) -> Ending {
    let calls = Shared::of(p, "calls");
    let after = calls.clone();
    let numbers = p.create(0i64..100).reshuffle().par_do(FailsOnce { calls, panics });
    assert_that(&numbers).contains_in_any_order(0..100);
    Ending::done().counted("processed", 100).and(move |_| match after.get() {
        0..=100 => Err("nothing was retried".to_owned()),
        _ => Ok(()),
    })
}

fn a_bundle_that_fails_once_is_retried(p: &Pipeline) -> Ending {
    retried(p, false)
}

fn a_bundle_that_panics_once_is_retried(p: &Pipeline) -> Ending {
    retried(p, true)
}
