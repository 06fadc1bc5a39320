//! Compares panes with what a transcript expects.

use purlin_sdk::{Timing, Window};
use serde_json::{Value as Json, json};

use super::parse::{interval, millis};
use crate::reduce::{Pane, PaneKind};

/// A pane as a transcript describes it, with times in milliseconds.
#[derive(Debug)]
pub(super) struct Found(serde_json::Map<String, Json>);

impl Found {
    pub(super) fn new(pane: &Pane) -> Self {
        let bytes = pane.values.concat();
        let values = bytes.chunks_exact(8).map(|v| i64::from_be_bytes(v.try_into().expect("8")));
        let mut values: Vec<_> = values.collect();
        assert_eq!(values.len() as u64, pane.count, "the count is that of the values");
        values.sort_unstable();
        let window = match &pane.window {
            Window::Global => json!("global"),
            window => match window {
                Window::Interval(interval) => json!([interval.start.0, window.max_timestamp().0]),
                _ => json!(null),
            },
        };
        let kind = match pane.kind {
            PaneKind::Insert => "insert",
            PaneKind::UpdateBefore => "update_before",
            PaneKind::UpdateAfter => "update_after",
        };
        let found = json!({
            "window": window,
            "values": values,
            "timestamp": pane.timestamp.0,
            "index": pane.info.index,
            "nonspeculative_index": pane.info.on_time_index,
            "early": pane.info.timing == Timing::Early,
            "late": pane.info.timing == Timing::Late,
            "first": pane.info.is_first,
            "final": pane.info.is_last,
            "kind": kind,
        });
        match found {
            Json::Object(found) => Self(found),
            _ => unreachable!("it was made above"),
        }
    }

    fn matches(&self, expected: &Json) -> bool {
        let mut attributes = expected.as_object().expect("attributes of a pane").iter();
        attributes.all(|(key, expected)| {
            let found = self.0.get(key).unwrap_or_else(|| panic!("a pane has no `{key}`"));
            match key.as_str() {
                "window" | "values" | "timestamp" => is_same_time(found, expected),
                _ => found == expected,
            }
        })
    }
}

/// Whether milliseconds, or lists of them, are the expected seconds. Whole seconds stand for all
/// times of the second, as in Beam's transcripts, which runners of any resolution follow.
fn is_same_time(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Array(found), Json::Array(expected)) => {
            found.len() == expected.len()
                && found.iter().zip(expected).all(|(found, expected)| is_same_time(found, expected))
        }
        (Json::Number(found), Json::Number(seconds)) => {
            let found = found.as_i64().expect("milliseconds");
            match seconds.as_i64() {
                Some(seconds) => found.div_euclid(1000) == seconds,
                None => found == millis(expected),
            }
        }
        _ => found == expected,
    }
}

/// The window of `[start, last second]`.
pub(super) fn window_of(bounds: &Json) -> Window {
    if bounds == "global" {
        return Window::Global;
    }
    interval(millis(&bounds[0]), millis(&bounds[1]) + 1000)
}

/// Takes the expected panes away; each must be there.
pub(super) fn take_expected(panes: &mut Vec<Pane>, expected: &Json) -> Result<(), String> {
    for expected in expected.as_array().expect("a list of panes") {
        let found = panes.iter().position(|pane| Found::new(pane).matches(expected));
        let Some(found) = found else {
            let found: Vec<_> = panes.iter().map(Found::new).collect();
            return Err(format!("Unmatched output {expected} in {found:?}"));
        };
        panes.remove(found);
    }
    Ok(())
}
