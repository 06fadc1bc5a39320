//! Reads the metrics of a run.

use crate::runner::Metrics;

/// The counter `name`, summed over all transforms.
pub(super) fn counter(metrics: &Metrics, name: &str) -> i64 {
    let named = metrics.iter().filter(|((_, metric), _)| metric == name);
    named.map(|(_, value)| value.as_counter().unwrap_or(0)).sum()
}
