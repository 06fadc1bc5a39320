//! Metrics of a job as the job service reports them.

use purlin_proto::jobs::MetricResults;
use purlin_proto::pipeline::MonitoringInfo;
use purlin_sdk::runner::Metrics;

use crate::monitoring;

/// What was committed; nothing is known of what was merely attempted.
pub(crate) fn to_results(metrics: &Metrics) -> MetricResults {
    let infos: Vec<MonitoringInfo> = metrics
        .iter()
        .map(|((transform, name), value)| monitoring::info(transform, name, value))
        .collect();
    MetricResults { attempted: infos.clone(), committed: infos }
}

/// The committed users' metrics.
pub(crate) fn from_results(results: &MetricResults) -> Metrics {
    let read = results.committed.iter().filter_map(monitoring::read);
    read.map(|(transform, name, value)| ((transform, name), value)).collect()
}
