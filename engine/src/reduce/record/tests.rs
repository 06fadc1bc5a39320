use bytes::Bytes;
use purlin_proto::pipeline::{Trigger, trigger as t};
use purlin_sdk::{IntervalWindow, PaneInfo, Timestamp, Timing, Window};

use super::{Emitted, Holds, Record, Set};
use crate::random::Random;
use crate::reduce::trigger::{Trigger as Machine, TriggerState};

fn fresh() -> TriggerState {
    let count =
        Trigger { trigger: Some(t::Trigger::ElementCount(t::ElementCount { element_count: 2 })) };
    let any = t::AfterAny { subtriggers: vec![count.clone(), count] };
    let trigger = Trigger { trigger: Some(t::Trigger::AfterAny(any)) };
    Machine::new(Some(&trigger), false).unwrap().fresh()
}

fn emitted(window: Window, start: u64) -> Emitted {
    Emitted {
        window,
        timestamp: Timestamp(-5),
        pane: PaneInfo { timing: Timing::Late, index: 3, ..PaneInfo::NO_FIRING },
        elements: 2,
        start,
        bytes: 10,
    }
}

fn record() -> Record {
    let interval = IntervalWindow { start: Timestamp(-10), end: Timestamp(0) };
    Record {
        trigger: fresh().restored(&[1], &[(1, -7), (2, 1 << 40)]).unwrap(),
        pane: Some(PaneInfo { timing: Timing::Early, on_time_index: -1, ..PaneInfo::NO_FIRING }),
        has_new_elements: true,
        elements: 300,
        bytes: 1 << 33,
        holds: Holds { element: Some(Timestamp::MIN), expiry: Some(Timestamp(0)) },
        emitted: vec![
            emitted(Window::Global, 0),
            emitted(Window::Interval(interval), 10),
            emitted(Window::Custom(Timestamp(9), Bytes::from_static(b"w")), 20),
        ],
        set: Set {
            hold: Some(Timestamp(-1)),
            timers: [Some(Timestamp(9)), None, Some(Timestamp(1))],
        },
    }
}

#[test]
fn a_record_comes_back_from_its_bytes() {
    for record in [record(), Record::new(fresh())] {
        assert_eq!(Record::decode(&record.encode(), fresh()).unwrap(), record);
    }
    assert_eq!(Record::new(fresh()).encode().len(), 1, "nothing takes a version only");
}

#[test]
fn records_of_another_version_are_refused_by_name() {
    let mut bytes = record().encode().to_vec();
    bytes[0] = 2;
    let failure = Record::decode(&bytes.into(), fresh()).unwrap_err();
    assert!(failure.to_string().contains("version 2"), "{failure}");
    assert!(Record::decode(&Bytes::new(), fresh()).is_err());
}

#[test]
fn records_of_another_trigger_are_refused() {
    let one = Machine::new(None, false).unwrap().fresh();
    assert!(Record::decode(&record().encode(), one).is_err());
}

#[test]
fn no_bytes_make_decoding_panic() {
    let bytes = record().encode();
    let mut random = Random::new(1);
    let mut refused = 0;
    for _ in 0..20_000 {
        let mut bytes = bytes[..bytes.len() - random.below(3)].to_vec();
        for _ in 0..=random.below(3) {
            let at = random.below(bytes.len());
            bytes[at] = random.next_u64().to_le_bytes()[0];
        }
        refused += usize::from(Record::decode(&bytes.into(), fresh()).is_err());
    }
    assert!(refused > 1000);
}
