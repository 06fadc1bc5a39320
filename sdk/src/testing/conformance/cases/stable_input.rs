//! Functions whose bundles must be the same when they are tried again.

use crate::error::BoxError;
use crate::exec::{Context, StatefulDoFn};
use crate::pipeline::Pipeline;
use crate::state::StateSpecs;
use crate::testing::conformance::Ending;
use crate::testing::conformance::shared::{Log, Shared};

list!(State: ; sharing: a_bundle_is_tried_again_with_the_same_elements);

/// Tells a log what its bundles had, as whoever writes to the world outside does, and fails at the
/// end of the first.
#[derive(Clone)]
struct Tell {
    log: Log,
    ended: Shared,
    seen: Vec<String>,
}

impl StatefulDoFn for Tell {
    type Key = u8;
    type In = i64;
    type Out = ();

    const REQUIRES_STABLE_INPUT: bool = true;

    fn start_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        self.seen.clear();
        Ok(())
    }

    fn process(&mut self, key: &u8, n: i64, _: &mut Context<()>) -> Result<(), BoxError> {
        self.seen.push(format!("{key}:{n}"));
        Ok(())
    }

    fn finish_bundle(&mut self, _: &mut Context<()>) -> Result<(), BoxError> {
        // Which keys come first has no meaning; a bundle may also be without elements.
        self.seen.sort_unstable();
        if self.seen.is_empty() {
            return Ok(());
        }
        let bundle = self.seen.join(" ");
        if self.ended.add()? == 0 {
            self.log.write(&format!("failed {bundle}"))?;
            return Err("the first time it fails".into());
        }
        self.log.write(&format!("done {bundle}"))
    }
}

fn a_bundle_is_tried_again_with_the_same_elements(p: &Pipeline) -> Ending {
    let (log, ended) = (Log::of(p, "bundles"), Shared::of(p, "ended"));
    // Every number is made but once: were it made again for another attempt, it would be another.
    let made = Shared::of(p, "made");
    let numbers = p.create(0..40u8).reshuffle();
    let numbers = numbers.try_map(move |n| made.add().map(|made| (n % 4, made))).main();
    let tell = Tell { log: log.clone(), ended, seen: Vec::new() };
    let _ = numbers.par_do_stateful(|_: &mut StateSpecs| tell).named("Tell");
    Ending::done().and(move |_| same_bundles(&log.read()?))
}

/// Whether what failed was done as it was, and every element once.
fn same_bundles(lines: &[String]) -> Result<(), String> {
    let of = |kind: &'static str| lines.iter().filter_map(move |line| line.strip_prefix(kind));
    let failed: Vec<&str> = of("failed ").collect();
    let [failed] = failed[..] else { return Err(format!("the bundles are {lines:?}")) };
    if !of("done ").any(|bundle| bundle == failed) {
        return Err(format!("`{failed}` was not done as it was: {lines:?}"));
    }
    let mut done: Vec<&str> = of("done ").flat_map(|bundle| bundle.split(' ')).collect();
    done.sort_unstable();
    done.dedup();
    if done.len() == 40 { Ok(()) } else { Err(format!("{} elements were done", done.len())) }
}
