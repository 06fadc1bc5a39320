//! What a residual of an SDK is to the engine.

use std::sync::Arc;

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::is_bounded;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::{Chunk, Framing, Residual};

use crate::commit::ResidualWork;

/// The work that a residual asks for.
pub(crate) fn residual_work(
    descriptor: Option<&ProcessBundleDescriptor>,
    residual: Residual,
    now: Timestamp,
) -> Result<ResidualWork, String> {
    let application = residual.application.ok_or("a residual without an element")?;
    let delay = match residual.requested_time_delay {
        Some(delay) => std::time::Duration::try_from(delay).unwrap_or_default(),
        None => std::time::Duration::ZERO,
    };
    let transform = descriptor.and_then(|found| found.transforms.get(&application.transform_id));
    let outputs = transform.into_iter().flat_map(|transform| transform.outputs.keys());
    let hold = outputs
        .map(|output| application.output_watermarks.get(output).map_or(Timestamp::MIN, timestamp))
        .min()
        .unwrap_or(Timestamp::MIN);
    Ok(ResidualWork {
        is_bounded: application.is_bounded() == is_bounded::Enum::Bounded,
        chunk: Arc::new(Chunk {
            data: application.element,
            framing: Framing::Each,
            count: 1,
            partition: None,
            index: None,
        }),
        resume_at: now + delay,
        hold,
    })
}

fn timestamp(from: &prost_types::Timestamp) -> Timestamp {
    let millis =
        from.seconds.saturating_mul(1000).saturating_add(i64::from(from.nanos / 1_000_000));
    Timestamp(millis).clamped()
}
