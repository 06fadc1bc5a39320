//! Runs a transcript line by line.

use purlin_sdk::{Timestamp, Window};
use serde_json::Value as Json;

use super::expect::{Found, take_expected, window_of};
use super::parse::{Assign, millis, strategy};
use crate::reduce::ReduceFn;
use crate::reduce::tests::world::World;

pub(super) fn run(transcript: &Json) -> Result<(), String> {
    let (strategy, assign) = strategy(transcript);
    let reduce = ReduceFn::new(&strategy, None).map_err(|failure| failure.to_string())?;
    let mut run = Run { world: World::new(reduce), assign, is_synchronized: true };
    for line in transcript["transcript"].as_array().expect("lines") {
        let (action, arguments) =
            line.as_object().and_then(|line| line.iter().next()).expect("one");
        run.line(action, arguments)?;
    }
    run.nothing_is_left("the end")
}

struct Run {
    world: World,
    assign: Assign,
    is_synchronized: bool,
}

impl Run {
    fn line(&mut self, action: &str, arguments: &Json) -> Result<(), String> {
        match action {
            "expect" => take_expected(&mut self.world.out.panes, arguments),
            "state" => self.check_state(arguments),
            "hold" => self.check_hold(arguments),
            "dropped" => self.check_dropped(arguments),
            _ => {
                self.nothing_is_left(action)?;
                self.act(action, arguments);
                self.world.settle();
                Ok(())
            }
        }
    }

    fn act(&mut self, action: &str, arguments: &Json) {
        let clocks = &mut self.world.clocks;
        match action {
            "input" => {
                let timestamps = arguments.as_array().expect("a list of timestamps").iter();
                let inputs: Vec<_> = timestamps
                    .map(|timestamp| {
                        let at = millis(timestamp);
                        (Timestamp(at), self.assign.windows(at), at.to_be_bytes().to_vec())
                    })
                    .collect();
                self.world.elements(&inputs);
            }
            "watermark" => clocks.input_watermark = time(arguments),
            "others_hold" => self.world.others_hold = time(arguments),
            "processing_time" => {
                clocks.processing_time = Timestamp(millis(arguments));
                if self.is_synchronized {
                    clocks.synchronized_processing_time = clocks.processing_time;
                }
            }
            "synchronized" => {
                self.is_synchronized = arguments.as_bool().expect("true or false");
                if self.is_synchronized {
                    clocks.synchronized_processing_time = clocks.processing_time;
                }
            }
            other => panic!("`{other}` is no line of a transcript"),
        }
    }

    fn nothing_is_left(&self, before: &str) -> Result<(), String> {
        let panes = &self.world.out.panes;
        match panes.iter().map(Found::new).collect::<Vec<_>>().as_slice() {
            [] => Ok(()),
            found => Err(format!("Unexpected output before {before}: {found:?}")),
        }
    }

    fn check_state(&self, state: &Json) -> Result<(), String> {
        let store = &self.world.store;
        let is_present = |window: &Window| store.values.contains_key(window);
        let is_tombstone =
            |window: &Window| !is_present(window) && store.records.contains_key(window);
        let is_absent = |window: &Window| !is_present(window) && !store.holds.contains_key(window);
        let checks: [(&str, &dyn Fn(&Window) -> bool); 3] =
            [("present", &is_present), ("tombstone", &is_tombstone), ("absent", &is_absent)];
        for (name, holds) in checks {
            for window in state[name].as_array().into_iter().flatten().map(window_of) {
                if !holds(&window) {
                    return Err(format!("{window} is not {name}"));
                }
            }
        }
        Ok(())
    }

    fn check_hold(&self, at: &Json) -> Result<(), String> {
        let found = self.world.store.holds.values().min();
        let expected = (!at.is_null()).then(|| Timestamp(millis(at)));
        if found == expected.as_ref() {
            return Ok(());
        }
        Err(format!("a hold at {found:?} instead of {expected:?}"))
    }

    fn check_dropped(&self, counts: &Json) -> Result<(), String> {
        let out = &self.world.out;
        let found = [out.dropped_due_to_lateness, out.dropped_due_to_closed_window];
        if *counts == Json::from(found.to_vec()) {
            return Ok(());
        }
        Err(format!("dropped {found:?} instead of {counts}"))
    }
}

/// A time in seconds, or `end` for the end of all input.
fn time(seconds: &Json) -> Timestamp {
    if seconds == "end" { Timestamp::MAX } else { Timestamp(millis(seconds)) }
}
