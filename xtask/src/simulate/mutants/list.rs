//! The bugs that the simulations must find.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        claim: "a timer holds no watermark",
        file: "keyed/stage.rs",
        right: "after.into_iter().for_each(|timer| holds.add(timer.hold));",
        wrong: "let _ = after;",
    },
    Mutant {
        claim: "what waits to be resumed holds no watermark",
        file: "state/apply.rs",
        right: "hold: Hold::output(residual.hold),",
        wrong: "hold: Hold::NONE,",
    },
    Mutant {
        claim: "a timer of a function fires before its time",
        file: "keyed/facts.rs",
        right: "Clock::EventTime => Some((Domain::Event, timer.fire)),",
        wrong: "Clock::EventTime => Some((Domain::Event, Timestamp(timer.fire.0 - 1))),",
    },
    Mutant {
        claim: "a grouping fires when the watermark is at the end of a window, not behind it",
        file: "keyed/facts.rs",
        right: "Clock::AfterEventTime => Some((Domain::Event, after(timer.fire))),",
        wrong: "Clock::AfterEventTime => Some((Domain::Event, timer.fire)),",
    },
    Mutant {
        claim: "a timer that has fired stays set",
        file: "keyed/bundle.rs",
        right: "this.view.set_timer(&due.key, due.id.clone(), None);",
        wrong: "",
    },
    Mutant {
        claim: "the last timer of a key comes before the first",
        file: "keyed/queue.rs",
        right: "self.due(domain).min_by_key(|(turn, _)| *turn)?;",
        wrong: "self.due(domain).max_by_key(|(turn, _)| *turn)?;",
    },
    Mutant {
        claim: "state outlives its window",
        file: "keyed/bundle.rs",
        right: "self.view.drop_cell(&due.key, &id);",
        wrong: "",
    },
    Mutant {
        claim: "a cell that is cleared keeps what was in it",
        file: "keyed/cell.rs",
        right: "            *self = Self::Empty;\n",
        wrong: "",
    },
    Mutant {
        claim: "an element at the last moment of its window is dropped",
        file: "keyed/late.rs",
        right: "facts.expires_at(window) < watermark;",
        wrong: "facts.expires_at(window) <= watermark;",
    },
    Mutant {
        claim: "two bundles work on the same keys",
        file: "schedule/choose.rs",
        right: "Some(partition) => !self.is_busy_with(stage, partition),",
        wrong: "Some(_) => true,",
    },
    Mutant {
        claim: "a second attempt forgets the timers of the first",
        file: "schedule.rs",
        right: "Flight { attempt: flight.attempt + 1, ..flight }",
        wrong: "Flight { attempt: flight.attempt + 1, timers: Vec::new(), ..flight }",
    },
    Mutant {
        claim: "a second attempt forgets some elements of the first",
        file: "schedule.rs",
        right: "self.retries.push_back(Flight { attempt: flight.attempt + 1, ..flight });",
        wrong: "let entries = flight.entries.iter().skip(1).copied().collect();\n\
                self.retries.push_back(Flight { attempt: flight.attempt + 1, entries, ..flight });",
    },
    Mutant {
        claim: "a bundle that failed is committed",
        file: "engine.rs",
        right: "Event::BundleFailed { id, failure } => self.bundle_failed(id, failure),",
        wrong: "Event::BundleFailed { id, .. } => {\n\
                self.bundle_done(id, BundleResult::default(), &mut actions);\n}",
    },
    Mutant {
        claim: "a bundle that reports twice is committed twice",
        file: "schedule.rs",
        right: "self.in_flight.remove(&id)",
        wrong: "self.in_flight.get(&id).cloned()",
    },
    Mutant {
        claim: "what a bundle leaves for later is lost",
        file: "state/apply.rs",
        right: "for residual in &commit.residuals {",
        wrong: "for residual in commit.residuals.iter().skip(1) {",
    },
    Mutant {
        claim: "what a bundle has consumed is still there",
        file: "state/apply.rs",
        right: "commit.consumed.iter().filter_map(|id| self.dequeue(commit.stage, *id)).collect();",
        wrong: "commit.consumed.iter().skip(1).filter_map(|id| self.dequeue(commit.stage, *id)).collect();",
    },
    Mutant {
        claim: "a commit does not say which timers were taken back",
        file: "record/keys.rs",
        right: "is_set: timer.is_some(),",
        wrong: "is_set: true,",
    },
    Mutant {
        claim: "every pane has the number of the first",
        file: "reduce/pane.rs",
        right: "previous.map_or(0, |pane| index(pane) + 1);",
        wrong: "previous.map_or(0, index);",
    },
    Mutant {
        claim: "panes that discard accumulate",
        file: "reduce/emit.rs",
        right: "if is_last || view.rules.accumulation == Accumulation::Discarding {",
        wrong: "if is_last {",
    },
    Mutant {
        claim: "finalisers are called while what they wait for is in a queue",
        file: "state/apply.rs",
        right: "output_tokens = with_token(&tokens, commit.bundle);",
        wrong: "output_tokens = tokens.clone();",
    },
    Mutant {
        claim: "an element goes on before its window of a side input is ready",
        file: "state/side_gate.rs",
        right: "window.is_some_and(|window| self.is_ready(collection, side, &window))",
        wrong: "window.is_none_or(|window| self.is_ready(collection, side, &window))",
    },
    Mutant {
        claim: "an element waits for the whole of a side input although its window is ready",
        file: "state/side_gate.rs",
        right: "seen.map(Cow::Borrowed)",
        wrong: "seen.filter(|_| false).map(Cow::Borrowed)",
    },
    Mutant {
        claim: "what elements see is forgotten while late ones wait",
        file: "state/side_windows.rs",
        right: "sight.waiting > 0 || !is_passed(window)",
        wrong: "!is_passed(window)",
    },
    Mutant {
        claim: "what a function may still look back to is dropped",
        file: "side_facts.rs",
        right: "Mapping::Asked { lookback } => lookback,",
        wrong: "Mapping::Asked { .. } => Some(0),",
    },
    Mutant {
        claim: "what nobody sees any more is kept",
        file: "side_facts.rs",
        right: "Mapping::Asked { lookback } => lookback,",
        wrong: "Mapping::Asked { .. } => None,",
    },
    Mutant {
        claim: "an element goes on that is too late for what it would see",
        file: "side_facts.rs",
        right: "Mapping::Asked { lookback: Some(_) } => Timestamp(self.last(main)) < arrival,",
        wrong: "Mapping::Asked { lookback: Some(_) } => reader == Timestamp::MAX,",
    },
    Mutant {
        claim: "a second attempt forgets what the first was to ask",
        file: "schedule.rs",
        right: "Flight { attempt: flight.attempt + 1, ..flight }",
        wrong: "Flight { attempt: flight.attempt + 1, questions: Vec::new(), ..flight }",
    },
    Mutant {
        claim: "cells that come back from a file are forgotten",
        file: "keyed/table.rs",
        right: "state.cells = Cells::Here(CellMap::clone(cells));",
        wrong: "state.cells = Cells::Here(CellMap::new());",
    },
    Mutant {
        claim: "the bytes of cells that come back are not counted",
        file: "keyed/table.rs",
        right: "self.size.came_back(size_of_cells(cells));",
        wrong: "let _ = size_of_cells(cells);",
    },
    Mutant {
        claim: "a bundle does not see the cells that are in files",
        file: "keyed/view.rs",
        right: "self.loaded.get(key).unwrap_or(&NO_CELLS)",
        wrong: "&NO_CELLS",
    },
    Mutant {
        claim: "the cells of a key whose timer fires are not read back",
        file: "keyed/loaded.rs",
        right: "keys.extend(of_timers.cloned());",
        wrong: "drop(of_timers);",
    },
    Mutant {
        claim: "cells that are written to a file again count twice",
        file: "keyed/table.rs",
        right: "if !state.cells.is_away() {",
        wrong: "if !state.is_empty() {",
    },
    Mutant {
        claim: "cells go to files while a bundle works on their partition",
        file: "schedule/spilling.rs",
        right: "*cells >= least && !self.is_busy_with(*stage, *partition)",
        wrong: "*cells >= least || self.is_busy_with(*stage, *partition)",
    },
];
