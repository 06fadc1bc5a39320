//! Chunks as they come from worker processes: without index and partitions.

use proptest::prelude::*;
use purlin_proto::urns;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, skip_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::coders::{CoderSpec, Reader, Skipper};
use purlin_sdk::exec::{Chunk, Framing, partition_of};
use purlin_sdk::{IntervalWindow, PaneInfo, Stamp, Timestamp, ValueKind, Window, Windows};

use super::index::{end_of, ensure};
use super::{Edge, cut, partition, windows};
use crate::random::Random;
use crate::topology::Needs;

fn edge() -> Edge {
    let string = || CoderSpec::new(urns::coders::BYTES, vec![]);
    Edge {
        needs: Needs { partitions: true, windows: true, ..Needs::default() },
        windows: WindowCoder::Interval,
        skipper: Ok(Skipper::new(&CoderSpec::kv(string(), string())).expect("it can be skipped")),
        only_waits: true,
        may_spill: true,
        partitions: 1,
    }
}

fn interval(start: i64) -> Window {
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + 10) })
}

/// Elements `(key, n)`: the n-th is in window n / 10, and every fifth in the next one as well.
fn chunk(keys: &[u8]) -> Chunk {
    let mut data = Vec::new();
    for (n, key) in (0i64..).zip(keys) {
        let own = n / 10 * 10;
        let windows = if n % 5 == 0 {
            Windows::from(vec![interval(own), interval(own + 10)])
        } else {
            Windows::One(interval(own))
        };
        let stamp = Stamp { timestamp: Timestamp(n), windows, ..Stamp::default() };
        put_stamp(&mut data, &stamp, &WindowCoder::Interval);
        put_length_prefixed(&mut data, &[*key]);
        put_length_prefixed(&mut data, &n.to_be_bytes());
    }
    let count = u32::try_from(keys.len()).expect("small");
    Chunk { data: data.into(), framing: Framing::Each, count, partition: None, index: None }
}

/// The elements that an index names.
fn elements(chunk: &Chunk) -> Vec<(u8, i64)> {
    let index = chunk.index.as_deref().expect("an index");
    assert_eq!(index.len(), chunk.count as usize);
    let element = |row: usize| {
        let bytes = &chunk.data[index[row].start as usize..end_of(chunk, index, row)];
        let mut reader = Reader::new(bytes);
        if chunk.framing == Framing::Each {
            skip_stamp(&mut reader, &WindowCoder::Interval).expect("a stamp");
        }
        assert_eq!(reader.position(), (index[row].value - index[row].start) as usize);
        assert_eq!(index[row].key_length, 2);
        assert_eq!(reader.length().expect("a length"), 1);
        let key = reader.u8().expect("a key");
        assert_eq!(reader.length().expect("a length"), 8);
        (key, i64::from_be_bytes(reader.array().expect("a number")))
    };
    (0..index.len()).map(element).collect()
}

proptest! {
    #[test]
    fn partitions_hold_all_elements_of_their_keys_in_order(
        keys in prop::collection::vec(0u8..20, 0..100),
        partitions in 1u32..9,
    ) {
        let mut whole = chunk(&keys);
        ensure(&mut whole, &edge()).expect("it can be skipped");
        let all = elements(&whole);
        let mut left = all.clone();
        for part in partition::partition(whole, partitions, WindowCoder::Interval) {
            let number = part.partition.expect("a partition");
            let entries = part.index.as_deref().expect("an index");
            prop_assert!(entries.iter().all(|e| partition_of(e.key_hash, partitions) == number));
            let found = elements(&part);
            prop_assert!(found.is_sorted_by_key(|(_, n)| *n));
            left.retain(|element| !found.contains(element));
        }
        prop_assert!(left.is_empty());
    }

    #[test]
    fn pieces_make_up_the_whole(
        keys in prop::collection::vec(0u8..20, 1..50),
        pieces in 1usize..60,
        seed in any::<u64>(),
    ) {
        let mut whole = chunk(&keys);
        ensure(&mut whole, &edge()).expect("it can be skipped");
        let all = elements(&whole);
        let even = cut::even(whole.clone(), pieces);
        prop_assert!(even.len() <= pieces);
        prop_assert_eq!(&even.iter().flat_map(elements).collect::<Vec<_>>(), &all);
        let random = cut::at_random(whole, pieces, &mut Random::new(seed));
        prop_assert_eq!(&random.iter().flat_map(elements).collect::<Vec<_>>(), &all);
    }

    #[test]
    fn an_element_is_in_the_slice_of_each_of_its_windows(
        keys in prop::collection::vec(0u8..20, 1..60),
    ) {
        let mut whole = chunk(&keys);
        ensure(&mut whole, &edge()).expect("it can be skipped");
        let slices = windows::slices(&whole, &edge()).expect("it can be read");
        let last = (keys.len() as i64 - 1) / 10;
        prop_assert_eq!(slices.len() as i64, last + 2);
        for slice in slices {
            let Window::Interval(window) = slice.window else { panic!("an interval") };
            let rows: Vec<u32> = match slice.elements {
                Some(rows) => rows.to_vec(),
                None => (0..whole.count).collect(),
            };
            prop_assert_eq!(slice.min_timestamp.0, i64::from(rows[0]));
            let is_inside = |row: u32| {
                let (own, n) = (i64::from(row) / 10 * 10, row);
                own == window.start.0 || (n % 5 == 0 && own + 10 == window.start.0)
            };
            let expected: Vec<u32> = (0..whole.count).filter(|row| is_inside(*row)).collect();
            prop_assert_eq!(rows, expected);
        }
    }
}

#[test]
fn bytes_that_are_no_elements_are_refused() {
    let mut broken = chunk(&[1, 2, 3]);
    broken.data = broken.data.slice(..broken.data.len() - 1);
    let problem = ensure(&mut broken, &edge()).expect_err("the last element is cut off");
    assert!(problem.contains("end too early"), "{problem}");
}

#[test]
fn elements_of_one_stamp_wait_without_their_headers() {
    let stamp = Stamp {
        timestamp: Timestamp(9),
        windows: Windows::One(interval(0)),
        pane: PaneInfo::NO_FIRING,
        value_kind: ValueKind::Insert,
    };
    let mut data = Vec::new();
    for n in 0i64..50 {
        put_stamp(&mut data, &stamp, &WindowCoder::Interval);
        put_length_prefixed(&mut data, &[n.to_be_bytes()[7]]);
        put_length_prefixed(&mut data, &n.to_be_bytes());
    }
    let mut whole =
        Chunk { data: data.into(), framing: Framing::Each, count: 0, partition: None, index: None };
    ensure(&mut whole, &edge()).expect("it can be skipped");
    let all = elements(&whole);
    let parts = partition::partition(whole, 4, WindowCoder::Interval);
    assert!(parts.iter().all(|part| part.framing == Framing::Constant(stamp.clone())));
    assert_eq!(parts.iter().map(|part| part.data.len()).sum::<usize>(), 50 * 11);
    let mut found: Vec<_> = parts.iter().flat_map(elements).collect();
    found.sort_unstable();
    assert_eq!(found, all);
}
