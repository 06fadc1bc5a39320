//! One random schedule: elements, clocks and timers in any order that an engine may bring about.

use std::collections::BTreeMap;

use purlin_proto::pipeline::accumulation_mode;
use purlin_sdk::{Timestamp, Timing, Window};

use super::strategy::{Assign, strategy};
use crate::random::Random;
use crate::reduce::tests::model::{Model, ModelElement, ModelPane};
use crate::reduce::tests::world::World;
use crate::reduce::{Pane, PaneKind, ReduceFn};

struct Run {
    random: Random,
    assign: Assign,
    world: World,
    model: Model,
    /// How many elements came, and how many pairs of an element and a window.
    elements: u64,
    pairs: u64,
    /// What came out so far.
    panes: Vec<ModelPane>,
    /// The windows that had their pane in time.
    on_time: BTreeMap<Window, u64>,
}

pub(super) fn run(seed: u64) {
    let mut random = Random::new(seed);
    let (strategy, assign) = strategy(&mut random);
    let world = World::new(ReduceFn::new(&strategy, None).unwrap());
    let model = Model::new(strategy.clone(), assign == Assign::Sessions);
    let (panes, on_time) = (Vec::new(), BTreeMap::new());
    let mut run = Run { random, assign, world, model, elements: 0, pairs: 0, panes, on_time };
    let steps = 5 + run.random.below(60);
    for _ in 0..steps {
        run.step();
    }
    run.end();
    if strategy.accumulation_mode() == accumulation_mode::Enum::Discarding {
        run.every_element_is_in_one_pane();
    }
}

impl Run {
    fn step(&mut self) {
        match self.random.below(10) {
            0..=3 => self.bring_elements(),
            4 => {
                let by = self.small(8);
                self.set_watermark(by);
            }
            5 => {
                let clocks = &mut self.world.clocks;
                clocks.processing_time.0 += i64::try_from(self.random.below(6)).unwrap();
                if !self.random.one_in(3) {
                    clocks.synchronized_processing_time = clocks.processing_time;
                }
            }
            6 => {
                let at = self.world.clocks.output_watermark.0.max(-20) + self.small(20);
                let is_free = self.random.one_in(2);
                self.world.others_hold = if is_free { Timestamp::MAX } else { Timestamp(at) };
                self.world.advance_output();
            }
            // A bundle may bring the timers of some windows only, and elements before timers.
            7 => {
                let due = self.world.due();
                let some: Vec<_> = due.into_iter().filter(|_| self.random.one_in(2)).collect();
                self.fire(&some);
                self.world.advance_output();
            }
            _ => self.settle(),
        }
    }

    fn small(&mut self, below: usize) -> i64 {
        i64::try_from(self.random.below(below)).unwrap()
    }

    fn set_watermark(&mut self, by: i64) {
        let watermark = &mut self.world.clocks.input_watermark;
        watermark.0 = watermark.0.max(-20) + by;
    }

    fn bring_elements(&mut self) {
        let near = self.world.clocks.input_watermark.0.max(-10);
        let mut inputs = Vec::new();
        let mut elements: Vec<ModelElement> = Vec::new();
        for _ in 0..=self.random.below(4) {
            let timestamp = near - 15 + self.small(35);
            let windows = self.assign.windows(timestamp);
            self.pairs += windows.len() as u64;
            let value = self.elements.to_be_bytes().to_vec();
            inputs.push((Timestamp(timestamp), windows.clone(), value));
            elements.push((Timestamp(timestamp), windows, self.elements));
            self.elements += 1;
        }
        self.world.elements(&inputs);
        self.model.elements(&self.world.clocks, &elements);
        self.compare();
    }

    fn fire(&mut self, windows: &[Window]) {
        self.world.take(windows);
        self.world.timers(windows);
        self.model.timers(&self.world.clocks, windows);
        self.compare();
    }

    /// Delivers timers until none is due: then no window is left that needed one.
    fn settle(&mut self) {
        loop {
            let due = self.world.due();
            if due.is_empty() {
                break;
            }
            self.fire(&due);
        }
        assert_eq!(self.model.forgotten(&self.world.clocks), None, "a timer is missing");
        self.world.advance_output();
    }

    fn compare(&mut self) {
        let found: Vec<_> = self.world.out.panes.drain(..).map(|pane| as_in_model(&pane)).collect();
        let expected: Vec<_> = self.model.panes.drain(..).collect();
        assert_eq!(sorted_retractions(found.clone()), sorted_retractions(expected));
        let out = &self.world.out;
        assert_eq!(out.dropped_due_to_lateness, self.model.late);
        assert_eq!(out.dropped_due_to_closed_window, self.model.closed);
        for pane in &found {
            if pane.info.timing == Timing::OnTime && pane.kind != PaneKind::UpdateBefore {
                *self.on_time.entry(pane.window.clone()).or_default() += 1;
            }
        }
        self.panes.extend(found);
    }

    /// After the end of time, nothing is left.
    fn end(&mut self) {
        self.world.others_hold = Timestamp::MAX;
        self.world.clocks.input_watermark = Timestamp::MAX;
        self.settle();
        let store = &self.world.store;
        assert!(store.records.is_empty(), "records are left: {:?}", store.records);
        assert!(store.values.is_empty(), "values are left: {:?}", store.values);
        assert!(store.holds.is_empty(), "holds are left: {:?}", store.holds);
        assert!(store.timers.is_empty(), "timers are left: {:?}", store.timers);
        for (window, count) in &self.on_time {
            assert!(*count == 1, "{window} had {count} panes in time");
        }
    }

    fn every_element_is_in_one_pane(&self) {
        let mut seen: Vec<_> = self
            .panes
            .iter()
            .flat_map(|pane| pane.elements.iter().map(|element| (*element, &pane.window)))
            .collect();
        let out = &self.world.out;
        let dropped = out.dropped_due_to_lateness + out.dropped_due_to_closed_window;
        assert_eq!(seen.len() as u64, self.pairs - dropped);
        seen.sort_unstable();
        let count = seen.len();
        seen.dedup();
        assert_eq!(seen.len(), count, "an element is in two panes of a window");
    }
}

fn as_in_model(pane: &Pane) -> ModelPane {
    let bytes = pane.values.concat();
    let numbers = bytes.chunks_exact(8).map(|n| u64::from_be_bytes(n.try_into().unwrap()));
    let mut elements: Vec<_> = numbers.collect();
    elements.sort_unstable();
    assert_eq!(bytes.len() as u64, pane.count * 8, "the count is that of the values");
    ModelPane {
        window: pane.window.clone(),
        timestamp: pane.timestamp,
        info: pane.info,
        kind: pane.kind,
        elements,
    }
}

/// The panes with the retractions before each in the order of their windows.
fn sorted_retractions(mut panes: Vec<ModelPane>) -> Vec<ModelPane> {
    let is_before = |pane: &ModelPane| pane.kind == PaneKind::UpdateBefore;
    for run in panes.chunk_by_mut(|a, b| is_before(a) && is_before(b)) {
        run.sort_by(|a, b| (&a.window, &a.elements).cmp(&(&b.window, &b.elements)));
    }
    panes
}
