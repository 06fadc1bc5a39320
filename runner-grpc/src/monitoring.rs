//! Metrics as Beam's `MonitoringInfo`s, in both directions.

use std::collections::BTreeMap;

use bytes::Bytes;
use purlin_proto::pipeline::MonitoringInfo;
use purlin_proto::urns::{metric_labels, metric_types, metrics as urn};
use purlin_sdk::Timestamp;
use purlin_sdk::coders::{CoderError, Reader, wire};
use purlin_sdk::exec::{BundleMetrics, MetricValue};

/// The namespace of metrics that users name.
const NAMESPACE: &str = "purlin";

/// A user's metric of a transform.
pub(crate) fn info(transform: &str, name: &str, value: &MetricValue) -> MonitoringInfo {
    let (urn, kind, payload) = parts(value);
    let label = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    MonitoringInfo {
        urn: urn.to_owned(),
        r#type: kind.to_owned(),
        payload,
        labels: BTreeMap::from([
            label(metric_labels::TRANSFORM, transform),
            label(metric_labels::NAMESPACE, NAMESPACE),
            label(metric_labels::NAME, name),
        ]),
        start_time: None,
    }
}

/// Adds users' metrics of known kinds to those of a bundle; others are of no use here.
pub(crate) fn collect(infos: &[MonitoringInfo], into: &mut BundleMetrics) {
    for info in infos {
        if let Some((transform, name, value)) = read(info) {
            into.update(&transform, &name, value);
        }
    }
}

/// The transform, name and value of a user's metric.
pub(crate) fn read(info: &MonitoringInfo) -> Option<(String, String, MetricValue)> {
    let transform = info.labels.get(metric_labels::TRANSFORM)?;
    let name = info.labels.get(metric_labels::NAME)?;
    let value = value(&info.urn, &info.payload).ok()??;
    Some((transform.clone(), name.clone(), value))
}

fn parts(value: &MetricValue) -> (&'static str, &'static str, Bytes) {
    let mut out = Vec::new();
    let (urn, kind) = match *value {
        MetricValue::Counter(sum) => {
            put(&mut out, sum);
            (urn::USER_SUM_INT64, metric_types::SUM_INT64_TYPE)
        }
        MetricValue::Distribution { count, sum, min, max } => {
            [count, sum, min, max].into_iter().for_each(|part| put(&mut out, part));
            (urn::USER_DISTRIBUTION_INT64, metric_types::DISTRIBUTION_INT64_TYPE)
        }
        MetricValue::Gauge { at, value } => {
            put(&mut out, at.0);
            put(&mut out, value);
            (urn::USER_LATEST_INT64, metric_types::LATEST_INT64_TYPE)
        }
    };
    (urn, kind, out.into())
}

fn value(urn: &str, payload: &[u8]) -> Result<Option<MetricValue>, CoderError> {
    let mut input = Reader::new(payload);
    let mut next = || input.varint().map(u64::cast_signed);
    Ok(Some(match urn {
        urn::USER_SUM_INT64 => MetricValue::Counter(next()?),
        urn::USER_DISTRIBUTION_INT64 => {
            MetricValue::Distribution { count: next()?, sum: next()?, min: next()?, max: next()? }
        }
        urn::USER_LATEST_INT64 => MetricValue::Gauge { at: Timestamp(next()?), value: next()? },
        _ => return Ok(None),
    }))
}

/// Varints of Beam are of 64 bits in two's complement.
fn put(out: &mut Vec<u8>, value: i64) {
    wire::put_varint(out, value.cast_unsigned());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_metric_survives_the_wire() {
        let values = [
            MetricValue::Counter(-3),
            MetricValue::Distribution { count: 2, sum: -7, min: -9, max: 2 },
            MetricValue::Gauge { at: Timestamp(5), value: -1 },
        ];
        for value in values {
            let expected = Some(("T".to_owned(), "m".to_owned(), value));
            assert_eq!(read(&info("T", "m", &value)), expected);
        }
    }
}
