//! Puts out panes.

use bytes::Bytes;
use purlin_sdk::exec::Failure;
use purlin_sdk::{PaneInfo, Timestamp};

use super::call::Call;
use super::output::{Pane, PaneKind};
use super::pane;
use super::record::Emitted;
use super::rules::Accumulation;

impl Call<'_> {
    /// Puts out a pane if the trigger of a window is ready.
    pub(super) fn fire_if_ready(&mut self, place: usize) -> Result<(), Box<Failure>> {
        let touched = &mut self.touched[place];
        let view = super::View::new(&self.reduce.rules, self.clocks, &touched.window);
        let trigger = &self.reduce.trigger;
        if !trigger.is_ready(&touched.record.trigger, &view) {
            return Ok(());
        }
        trigger.on_fire(&mut touched.record.trigger, &view);
        let closes = touched.record.is_closed();
        self.put_out(place, closes)?;
        if closes {
            self.touched[place].record.close();
        }
        Ok(())
    }

    /// Puts out the last pane of a window, if it wants one, and forgets the window.
    pub(super) fn expire(&mut self, place: usize) -> Result<(), Box<Failure>> {
        if self.touched[place].is_open() {
            self.put_out(place, true)?;
        }
        self.touched[place].forget(self.store);
        Ok(())
    }

    fn put_out(&mut self, place: usize, is_last: bool) -> Result<(), Box<Failure>> {
        let view = self.view(&self.touched[place].window);
        let record = &mut self.touched[place].record;
        let timestamp = record.holds.release(&view);
        if !is_last && view.rules.closes_always {
            // The last pane must not be dropped downstream.
            record.holds.add_expiry(&view);
        }
        let info = pane::next(record.pane.as_ref(), is_last, &view);
        let is_empty = !std::mem::take(&mut record.has_new_elements);
        if pane::is_wanted(&info, is_empty, &view) {
            record.pane = Some(info);
            self.emit(place, timestamp, info)?;
        }
        let touched = &mut self.touched[place];
        if is_last || view.rules.accumulation == Accumulation::Discarding {
            touched.discard(self.store);
        }
        Ok(())
    }

    fn emit(
        &mut self,
        place: usize,
        timestamp: Timestamp,
        info: PaneInfo,
    ) -> Result<(), Box<Failure>> {
        let touched = &mut self.touched[place];
        let mut values = touched.values(self.store);
        if !touched.added.is_empty() {
            let added = Bytes::from(std::mem::take(&mut touched.added));
            values.push(added.clone());
            // Most panes discard what they have, which then need not be stored.
            if !info.is_last && self.reduce.rules.accumulation != Accumulation::Discarding {
                self.store.append(&touched.window, added);
            } else {
                touched.record.bytes -= added.len() as u64;
            }
        }
        let mut kind = PaneKind::Insert;
        for emitted in std::mem::take(&mut touched.record.emitted) {
            kind = PaneKind::UpdateAfter;
            self.out.panes.push(taken_back(emitted, &values)?);
        }
        let (window, count) = (touched.window.clone(), touched.record.elements);
        if self.reduce.rules.accumulation == Accumulation::Retracting {
            touched.record.emitted.push(Emitted {
                window: window.clone(),
                timestamp,
                pane: info,
                elements: count,
                start: 0,
                bytes: touched.record.bytes,
            });
        }
        self.out.panes.push(Pane { window, timestamp, info, kind, count, values });
        Ok(())
    }
}

/// The retraction of a pane, which is a copy of it. Its timestamp too is that of the pane, so that
/// it goes downstream where the pane went.
fn taken_back(emitted: Emitted, values: &[Bytes]) -> Result<Pane, Box<Failure>> {
    Ok(Pane {
        values: part(values, emitted.start, emitted.bytes)?,
        window: emitted.window,
        timestamp: emitted.timestamp,
        info: emitted.pane,
        kind: PaneKind::UpdateBefore,
        count: emitted.elements,
    })
}

/// So many bytes from `start` on, without a copy.
fn part(values: &[Bytes], start: u64, bytes: u64) -> Result<Vec<Bytes>, Box<Failure>> {
    let missing = || Failure::new("the values of a pane that was put out are missing");
    let mut skip = usize::try_from(start).map_err(|_| missing())?;
    let mut left = usize::try_from(bytes).map_err(|_| missing())?;
    let mut parts = Vec::new();
    for piece in values {
        let from = skip.min(piece.len());
        let to = from + left.min(piece.len() - from);
        skip -= from;
        left -= to - from;
        if from < to {
            parts.push(piece.slice(from..to));
        }
    }
    if left == 0 { Ok(parts) } else { Err(missing()) }
}
