//! A small deterministic user's function with state and timers.
//!
//! It does one thing or another by the bits of an element's number and by what it finds, and notes
//! everything that it reads. It runs once on the engine's cells and once on plain collections.

use purlin_sdk::Timestamp;

/// What the function asks of whoever keeps its state: of one key and window.
pub(super) trait Cells {
    fn count(&mut self) -> u64;
    fn set_count(&mut self, count: u64);

    fn bag(&mut self) -> Vec<u8>;
    fn add_to_bag(&mut self, value: u8);
    fn clear_bag(&mut self);

    fn map_keys(&mut self) -> Vec<u8>;
    fn map_entry(&mut self, key: u8) -> Vec<u8>;
    fn add_to_map(&mut self, key: u8, value: u8);
    fn clear_map_entry(&mut self, key: u8);
    fn clear_map(&mut self);

    /// The entries with sort keys in a half-open range.
    fn list(&mut self, range: (i64, i64)) -> Vec<(i64, u8)>;
    fn add_to_list(&mut self, at: i64, value: u8);
    fn clear_list(&mut self, range: (i64, i64));

    /// Sets a timer with what it holds, or takes it back.
    fn set_timer(&mut self, family: Family, tag: u8, at: Option<(Timestamp, Timestamp)>);
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Family {
    Event,
    Processing,
}

/// What the function is called for.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum Call {
    Element { number: u64, timestamp: Timestamp },
    Timer { family: Family, tag: u8, fire: Timestamp },
    Expired,
}

/// The last time for which a timer sets itself again.
const LOOPS_UNTIL: i64 = 120;

/// What the function knows of its surroundings.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// The last time for which timers of the window can be set.
    pub(super) expires_at: Timestamp,
    pub(super) processing_time: Timestamp,
}

/// One call; what it read.
pub(super) fn call(call: Call, place: Place, cells: &mut impl Cells) -> Vec<u64> {
    let mut read = Vec::new();
    match call {
        Call::Element { number, timestamp } => {
            // Numbers follow one another; their bits should not.
            let bits = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16;
            change_state(bits, cells, &mut read);
            set_timers(bits >> 24, timestamp, place, cells);
        }
        Call::Timer { family: Family::Event, tag, fire } => {
            read_all(cells, &mut read);
            cells.add_to_bag(tag);
            let next = Timestamp(fire.0 + 4);
            if tag == 0 && next.0 < LOOPS_UNTIL && next <= place.expires_at {
                cells.set_timer(Family::Event, 0, Some((next, next)));
            }
        }
        Call::Timer { family: Family::Processing, .. } => {
            read_all(cells, &mut read);
            cells.clear_map();
            cells.set_timer(Family::Event, 1, None);
        }
        // What it changes now is dropped with the rest.
        Call::Expired => {
            read_all(cells, &mut read);
            cells.add_to_bag(255);
        }
    }
    read
}

fn change_state(bits: u64, cells: &mut impl Cells, read: &mut Vec<u64>) {
    let small = |shift: u64, below: u64| u8::try_from(bits >> shift & 0xff).unwrap() % below as u8;
    let count = cells.count();
    read.push(count);
    cells.set_count(if count == 5 { 0 } else { count + 1 });
    match small(0, 8) {
        0 => cells.clear_bag(),
        1 => read.extend(cells.bag().into_iter().map(u64::from)),
        2 => cells.add_to_map(small(8, 3), small(16, 9)),
        3 => {
            cells.clear_map_entry(small(8, 3));
            cells.add_to_map(small(16, 3), 7);
        }
        4 => cells.clear_map(),
        5 => cells.add_to_list(i64::from(small(8, 6)), small(16, 9)),
        6 => {
            let from = i64::from(small(8, 6));
            cells.add_to_list(i64::from(small(16, 6)), 3);
            cells.clear_list((from, from + 2));
            read.extend(cells.list((1, 5)).into_iter().map(|(at, _)| at.cast_unsigned()));
        }
        _ => read_all(cells, read),
    }
    cells.add_to_bag(small(4, 200));
}

fn set_timers(bits: u64, timestamp: Timestamp, place: Place, cells: &mut impl Cells) {
    let tag = u8::try_from(bits >> 4 & 1).unwrap();
    let delay = i64::try_from(bits >> 8 & 15).unwrap();
    let fire = Timestamp(timestamp.0 + delay).min(place.expires_at);
    match bits & 7 {
        0 | 1 => cells.set_timer(Family::Event, tag, Some((fire, fire))),
        2 => cells.set_timer(Family::Event, tag, Some((fire, fire.min(timestamp)))),
        3 => cells.set_timer(Family::Event, tag, None),
        4 => {
            let fire = Timestamp(place.processing_time.0 + delay / 2);
            cells.set_timer(Family::Processing, tag, Some((fire, timestamp)));
        }
        5 => cells.set_timer(Family::Processing, tag, None),
        _ => {}
    }
}

fn read_all(cells: &mut impl Cells, read: &mut Vec<u64>) {
    read.push(cells.count());
    read.extend(cells.bag().into_iter().map(u64::from));
    for key in cells.map_keys() {
        read.push(u64::from(key));
        read.extend(cells.map_entry(key).into_iter().map(u64::from));
    }
    for (at, value) in cells.list((i64::MIN, i64::MAX)) {
        read.extend([at.cast_unsigned(), u64::from(value)]);
    }
}
