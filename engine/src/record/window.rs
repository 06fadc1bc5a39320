//! The bytes of windows and stamps.

use purlin_sdk::Error;
use purlin_sdk::Timestamp;
use purlin_sdk::{IntervalWindow, PaneInfo, Stamp, Timing, ValueKind, Window, Windows};

use super::messages::{CustomRecord, IntervalRecord, StampRecord, WindowKind, WindowRecord};
use super::{collect, malformed};

pub(super) fn to_record(window: &Window) -> WindowRecord {
    let kind = match window {
        Window::Global => WindowKind::Global(true),
        Window::Interval(window) => {
            WindowKind::Interval(IntervalRecord { start: window.start.0, end: window.end.0 })
        }
        Window::Custom(max, encoded) => {
            WindowKind::Custom(CustomRecord { max: max.0, encoded: encoded.clone() })
        }
    };
    WindowRecord { kind: Some(kind) }
}

pub(super) fn of_record(record: WindowRecord) -> Result<Window, Error> {
    Ok(match record.kind.ok_or_else(malformed)? {
        WindowKind::Global(_) => Window::Global,
        WindowKind::Interval(window) => Window::Interval(IntervalWindow {
            start: Timestamp(window.start),
            end: Timestamp(window.end),
        }),
        WindowKind::Custom(window) => Window::Custom(Timestamp(window.max), window.encoded),
    })
}

pub(super) fn stamp_record(stamp: &Stamp) -> StampRecord {
    StampRecord {
        timestamp: stamp.timestamp.0,
        windows: stamp.windows.as_slice().iter().map(to_record).collect(),
        is_first: stamp.pane.is_first,
        is_last: stamp.pane.is_last,
        timing: match stamp.pane.timing {
            Timing::Early => 0,
            Timing::OnTime => 1,
            Timing::Late => 2,
            Timing::Unknown => 3,
        },
        index: stamp.pane.index,
        on_time_index: stamp.pane.on_time_index,
        value_kind: match stamp.value_kind {
            ValueKind::Insert => 0,
            ValueKind::UpdateBefore => 1,
            ValueKind::UpdateAfter => 2,
            ValueKind::Delete => 3,
        },
    }
}

pub(super) fn stamp_of(record: StampRecord) -> Result<Stamp, Error> {
    let timing = match record.timing {
        0 => Timing::Early,
        1 => Timing::OnTime,
        2 => Timing::Late,
        3 => Timing::Unknown,
        _ => return Err(malformed()),
    };
    let value_kind = match record.value_kind {
        0 => ValueKind::Insert,
        1 => ValueKind::UpdateBefore,
        2 => ValueKind::UpdateAfter,
        3 => ValueKind::Delete,
        _ => return Err(malformed()),
    };
    Ok(Stamp {
        timestamp: Timestamp(record.timestamp),
        windows: Windows::from(collect(record.windows, of_record)?),
        pane: PaneInfo {
            is_first: record.is_first,
            is_last: record.is_last,
            timing,
            index: record.index,
            on_time_index: record.on_time_index,
        },
        value_kind,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_of_every_kind_of_value_survive_their_record() {
        for value_kind in
            [ValueKind::Insert, ValueKind::UpdateBefore, ValueKind::UpdateAfter, ValueKind::Delete]
        {
            let stamp = Stamp { value_kind, ..Stamp::default() };
            assert_eq!(stamp_of(stamp_record(&stamp)).expect("it is whole"), stamp);
        }
        let unknown = StampRecord { value_kind: 4, ..stamp_record(&Stamp::default()) };
        assert!(stamp_of(unknown).is_err());
    }
}
