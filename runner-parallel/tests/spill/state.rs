//! State of keys, and groupings that keep their panes.

use std::collections::BTreeMap;

use purlin_sdk::state::{Bag, StateSpecs};
use purlin_sdk::{BoxError, Context, GlobalWindows, PCollection, Pipeline, StatefulDoFn, Trigger};

use super::{DATA_BYTES, digests, pairs, run};

/// Keeps the values of each key, and tells at the end of its window how many there were and their sum.
#[derive(Clone)]
struct Keep {
    values: Bag<String>,
    at_end: bool,
}

impl StatefulDoFn for Keep {
    type Key = u64;
    type In = String;
    type Out = (u64, (u64, u64));

    const HAS_ON_WINDOW_EXPIRATION: bool = true;

    fn process(
        &mut self,
        key: &u64,
        value: String,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        self.values.add(cx, value)?;
        if !self.at_end {
            let (count, sum) = self.digest(cx)?;
            cx.output((*key, (count, sum)));
        }
        Ok(())
    }

    fn on_window_expiration(
        &mut self,
        key: &u64,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        if self.at_end {
            let (count, sum) = self.digest(cx)?;
            cx.output((*key, (count, sum)));
        }
        Ok(())
    }
}

impl Keep {
    fn digest(&self, cx: &mut Context<(u64, (u64, u64))>) -> Result<(u64, u64), BoxError> {
        let values = self.values.read(cx)?;
        let numbers: Result<Vec<u64>, _> =
            values.iter().map(|value| value.parse::<u64>()).collect();
        Ok((values.len() as u64, numbers?.iter().sum()))
    }
}

fn kept(p: &Pipeline, keys: u64, at_end: bool) -> PCollection<(u64, (u64, u64))> {
    let keep = |s: &mut StateSpecs| Keep { values: s.bag("values"), at_end };
    pairs(p, keys).par_do_stateful(keep).main().clone()
}

/// The last that was said of each key: what had the most values.
fn last(said: Vec<(u64, (u64, u64))>) -> Vec<(u64, (u64, u64))> {
    let mut last: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
    for (key, digest) in said {
        let known = last.entry(key).or_default();
        *known = digest.max(*known);
    }
    last.into_iter().collect()
}

#[test]
fn state_may_be_larger_than_the_memory() {
    for (memory, at_end) in [(DATA_BYTES / 10, true), (DATA_BYTES / 40, false)] {
        let (said, spilled) = run(memory, |p| kept(p, 2000, at_end));
        assert!(spilled, "all was in memory");
        assert_eq!(last(said), digests(2000));
    }
}

#[test]
fn state_that_fits_is_not_written_anywhere() {
    let (said, spilled) = run(DATA_BYTES * 8, |p| kept(p, 2000, true));
    assert!(!spilled, "there was memory enough");
    assert_eq!(said, digests(2000));
}

#[test]
fn panes_may_be_larger_than_the_memory() {
    let trigger = Trigger::after_watermark().early(Trigger::after_count(5).repeatedly());
    let (said, spilled) = run(DATA_BYTES / 10, |p| {
        let windowing = GlobalWindows.triggering(trigger.clone()).accumulating();
        let groups = pairs(p, 2000).window_into(windowing).group_by_key();
        groups.map(|(key, group)| {
            let numbers = group.iter().map(|value| value.parse::<u64>().unwrap());
            let numbers: Vec<u64> = numbers.collect();
            (key, (numbers.len() as u64, numbers.iter().sum()))
        })
    });
    assert!(spilled, "all was in memory");
    assert!(said.len() > 2 * 2000, "{} panes", said.len());
    assert_eq!(last(said), digests(2000));
}
