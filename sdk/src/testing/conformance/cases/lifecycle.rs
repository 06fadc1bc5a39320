//! When the methods of a function are called.

use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::testing::conformance::ending::equal;
use crate::testing::conformance::shared::Shared;
use crate::testing::conformance::stamps::{timed, with_stamp};

list!(Lifecycle: methods_are_called_in_their_order, what_finish_bundle_gives_arrives,
    what_start_bundle_gives_arrives, every_bundle_starts_and_finishes,
    finish_bundle_gives_elements_their_own_times;
    sharing: what_was_set_up_is_torn_down, what_failed_is_torn_down);

/// Fails unless its methods are called in their order.
#[derive(Clone, Default)]
struct InOrder {
    is_set_up: bool,
    is_in_bundle: bool,
}

fn require(is_so: bool, what: &'static str) -> Result<(), BoxError> {
    if is_so { Ok(()) } else { Err(what.into()) }
}

impl DoFn for InOrder {
    type In = i64;
    type Out = i64;

    fn setup(&mut self) -> Result<(), BoxError> {
        require(!self.is_set_up, "set up twice")?;
        self.is_set_up = true;
        Ok(())
    }

    fn start_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        require(self.is_set_up, "started a bundle before it was set up")?;
        require(!self.is_in_bundle, "started a bundle in a bundle")?;
        self.is_in_bundle = true;
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        require(self.is_in_bundle, "processed outside a bundle")?;
        cx.output(element);
        Ok(())
    }

    fn finish_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        require(self.is_in_bundle, "finished no bundle")?;
        self.is_in_bundle = false;
        Ok(())
    }
}

fn methods_are_called_in_their_order(p: &Pipeline) -> Ending {
    let numbers = p.create(0i64..100).reshuffle().par_do(InOrder::default());
    let again = numbers.key_by(|n| n % 10).group_by_key();
    let sums = again.map(|(_, group)| group.iter().sum::<i64>()).par_do(InOrder::default());
    assert_that(&numbers).contains_in_any_order(0..100);
    assert_that(&sums).contains_in_any_order((0..10).map(|n| n * 10 + 450));
    Ending::done()
}

/// Gives the sum of each bundle at its end.
#[derive(Clone, Default)]
struct SumOfBundle(Option<i64>);

impl DoFn for SumOfBundle {
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.0 = None;
        Ok(())
    }

    fn process(&mut self, element: i64, _: &mut Context<i64>) -> Result<(), BoxError> {
        *self.0.get_or_insert(0) += element;
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        if let Some(sum) = self.0.take() {
            cx.output(sum);
        }
        Ok(())
    }
}

fn what_finish_bundle_gives_arrives(p: &Pipeline) -> Ending {
    let sums = p.create(0i64..1000).reshuffle().par_do(SumOfBundle::default());
    assert_that(&sums.combine_globally(crate::transforms::Sum)).contains_in_any_order([499_500]);
    Ending::done()
}

/// Gives an element at the start of each bundle.
#[derive(Clone)]
struct Greeting;

impl DoFn for Greeting {
    type In = i64;
    type Out = String;

    fn start_bundle(&mut self, cx: &mut Context<String>) -> Result<(), BoxError> {
        cx.output("hello".to_owned());
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<String>) -> Result<(), BoxError> {
        cx.output(element.to_string());
        Ok(())
    }
}

fn what_start_bundle_gives_arrives(p: &Pipeline) -> Ending {
    let numbers = timed(p, [1, 2]).reshuffle().par_do(Greeting);
    let stamped = with_stamp(&numbers).distinct();
    // However many bundles there are, each starts before its elements' times.
    let expected = [("hello", "-inf"), ("1", "1000 ms"), ("2", "2000 ms")];
    let expected = expected.map(|(text, time)| (text.to_owned(), format!("{time} in global")));
    assert_that(&stamped).contains_in_any_order(expected);
    Ending::done()
}

/// Counts its calls.
#[derive(Clone)]
struct Calls;

impl DoFn for Calls {
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("open bundles", 1);
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.output(element);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.count("open bundles", -1);
        cx.count("bundles", 1);
        Ok(())
    }
}

fn every_bundle_starts_and_finishes(p: &Pipeline) -> Ending {
    assert_that(&p.create(0i64..100).reshuffle().par_do(Calls)).contains_in_any_order(0..100);
    let some = |metrics: &crate::runner::Metrics| {
        let bundles = crate::testing::conformance::metrics::counter(metrics, "bundles");
        if (1..=100).contains(&bundles) { Ok(()) } else { Err(format!("{bundles} bundles")) }
    };
    Ending::done().counted("open bundles", 0).and(some)
}

/// Gives its elements at the end of each bundle, at times of their own.
#[derive(Clone, Default)]
struct AtTheEnd(Vec<i64>);

impl DoFn for AtTheEnd {
    type In = i64;
    type Out = i64;

    fn start_bundle(&mut self, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.0.clear();
        Ok(())
    }

    fn process(&mut self, element: i64, _: &mut Context<i64>) -> Result<(), BoxError> {
        self.0.push(element);
        Ok(())
    }

    fn finish_bundle(&mut self, cx: &mut Context<i64>) -> Result<(), BoxError> {
        for element in self.0.drain(..) {
            cx.output_with_timestamp(element, crate::Timestamp(element * 1000 + 5));
        }
        Ok(())
    }
}

fn finish_bundle_gives_elements_their_own_times(p: &Pipeline) -> Ending {
    let stamped = with_stamp(&timed(p, [1, 2]).par_do(AtTheEnd::default()));
    let expected = [(1, "1005 ms in global"), (2, "2005 ms in global")];
    assert_that(&stamped).contains_in_any_order(expected.map(|(n, at)| (n, at.to_owned())));
    Ending::done()
}

/// Counts how many of it are set up, and torn down.
#[derive(Clone)]
struct Balance {
    set_up: Shared,
    torn_down: Shared,
    refuses: bool,
}

impl DoFn for Balance {
    type In = i64;
    type Out = i64;

    fn setup(&mut self) -> Result<(), BoxError> {
        self.set_up.add()?;
        Ok(())
    }

    fn process(&mut self, element: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        require(!self.refuses, "no elements, please")?;
        cx.output(element);
        Ok(())
    }

    fn teardown(&mut self) {
        // A count that is missing is noticed by the check.
        drop(self.torn_down.add());
    }
}

impl Balance {
    fn new(p: &Pipeline, refuses: bool) -> Self {
        let (set_up, torn_down) = (Shared::of(p, "set up"), Shared::of(p, "torn down"));
        Self { set_up, torn_down, refuses }
    }

    fn check(&self) -> impl Fn(&crate::runner::Metrics) -> Result<(), String> + 'static {
        let (set_up, torn_down) = (self.set_up.clone(), self.torn_down.clone());
        move |_| {
            if set_up.get() == 0 {
                return Err("nothing was set up".to_owned());
            }
            equal("functions not torn down", &settled(&set_up, &torn_down), &0)
        }
    }
}

/// How many are set up and not torn down, which should soon be 0: a job that fails reports its end before its
/// threads have ended.
fn settled(set_up: &Shared, torn_down: &Shared) -> i64 {
    let open = || set_up.get() - torn_down.get();
    for _ in 0..1000 {
        if open() == 0 {
            return 0;
        }
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    open()
}

fn what_was_set_up_is_torn_down(p: &Pipeline) -> Ending {
    let balance = Balance::new(p, false);
    let ending = Ending::done().and(balance.check());
    assert_that(&p.create(0i64..100).reshuffle().par_do(balance)).contains_in_any_order(0..100);
    ending
}

fn what_failed_is_torn_down(p: &Pipeline) -> Ending {
    let balance = Balance::new(p, true);
    let ending = Ending::failed(&["no elements, please"]).and(balance.check());
    let _ = p.create(0i64..100).par_do(balance);
    ending
}
