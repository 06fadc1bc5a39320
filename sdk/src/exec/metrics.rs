//! What user code counts, bundle by bundle.

use std::collections::BTreeMap;

use crate::time::Timestamp;

/// The value of a metric.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricValue {
    /// A sum.
    Counter(i64),
    /// A summary of reported values.
    Distribution {
        /// How many.
        count: i64,
        /// Their sum.
        sum: i64,
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// The latest reported value.
    Gauge {
        /// When it was reported.
        at: Timestamp,
        /// The value.
        value: i64,
    },
}

impl MetricValue {
    /// The sum, of a counter.
    #[must_use]
    pub fn as_counter(&self) -> Option<i64> {
        match self {
            Self::Counter(sum) => Some(*sum),
            _ => None,
        }
    }

    /// Adds an update of the same kind; one of another kind replaces the value.
    pub fn merge(&mut self, other: Self) {
        *self = match (*self, other) {
            (Self::Counter(a), Self::Counter(b)) => Self::Counter(a.wrapping_add(b)),
            (
                Self::Distribution { count, sum, min, max },
                Self::Distribution { count: c, sum: s, min: lo, max: hi },
            ) => Self::Distribution {
                count: count + c,
                sum: sum.wrapping_add(s),
                min: min.min(lo),
                max: max.max(hi),
            },
            (Self::Gauge { at, .. }, Self::Gauge { at: later, .. }) if at > later => return,
            (_, other) => other,
        };
    }
}

/// The metrics of one bundle, by transform id and name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BundleMetrics {
    /// The values.
    pub values: BTreeMap<(String, String), MetricValue>,
}

impl BundleMetrics {
    /// Adds an update.
    pub fn update(&mut self, transform_id: &str, name: &str, value: MetricValue) {
        let key = (transform_id.to_owned(), name.to_owned());
        self.values.entry(key).and_modify(|old| old.merge(value)).or_insert(value);
    }
}
