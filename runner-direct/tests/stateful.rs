//! State and timers, seen from a program.

use purlin_runner_direct::DirectRunner;
use purlin_sdk::state::{Bag, EventTimer, StateSpecs, Timer, Value};
use purlin_sdk::testing::assert_that;
use purlin_sdk::{BoxError, Context, Pipeline, Result, StatefulDoFn, Timestamp};

/// Numbers the values of each key, and tells how many there were at the end.
#[derive(Clone)]
struct Numbering {
    count: Value<u64>,
    all: Bag<String>,
    end: EventTimer,
}

impl Numbering {
    fn new(s: &mut StateSpecs) -> Self {
        Self { count: s.value("count"), all: s.bag("all"), end: s.event_timer("end") }
    }
}

impl StatefulDoFn for Numbering {
    type Key = String;
    type In = String;
    type Out = String;

    fn process(
        &mut self,
        key: &String,
        value: String,
        cx: &mut Context<String>,
    ) -> std::result::Result<(), BoxError> {
        let count = self.count.read(cx)?.unwrap_or(0) + 1;
        self.count.write(cx, count)?;
        cx.output(format!("{key}{count}:{value}"));
        self.all.add(cx, value)?;
        self.end.set(cx, Timestamp(1000));
        Ok(())
    }

    fn on_timer(
        &mut self,
        timer: Timer,
        key: &String,
        cx: &mut Context<String>,
    ) -> std::result::Result<(), BoxError> {
        assert!(timer == self.end);
        let mut all: Vec<String> = self.all.read(cx)?.into_iter().collect();
        all.sort();
        cx.output(format!("{key} had {}", all.join("+")));
        Ok(())
    }
}

#[test]
fn values_are_counted_by_key_and_a_timer_sees_them_all() -> Result<()> {
    for seed in [None, Some(1), Some(2), Some(3)] {
        let p = Pipeline::new();
        let pairs = ["a 1", "b 2", "a 3"].map(|it| it.split_once(' ').expect("two"));
        let pairs = pairs.map(|(k, v)| (k.to_owned(), v.to_owned()));
        let out =
            p.create(pairs).par_do_stateful(Numbering::new).map(|it: String| it[..1].to_owned());
        assert_that(&out.count_per_element())
            .contains_in_any_order([("a".to_owned(), 3), ("b".to_owned(), 2)]);
        let runner =
            seed.map_or(DirectRunner::default(), |seed| DirectRunner::default().seed(seed));
        p.run_with(&runner)?;
    }
    Ok(())
}
