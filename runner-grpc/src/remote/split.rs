//! Splits of running bundles: how they are asked for, and what an answer means.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use purlin_proto::fn_execution::process_bundle_split_request::DesiredSplit;
use purlin_proto::fn_execution::{
    ProcessBundleSplitRequest, ProcessBundleSplitResponse, instruction_request as ask,
    instruction_response as answer,
};
use purlin_sdk::exec::BundleSplit;

use super::running::Place;

/// How long a worker may take to answer a split. Its bundle waits for that at its end.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// Asks a running bundle to stop early; what is left of it comes in its response.
pub(super) async fn checkpoint(place: &Place) {
    // A bundle that has ended meanwhile has nothing to split off.
    drop(split_at(place, 0.0).await);
}

/// Asks a bundle of one element to keep `fraction` of what is left of it. `None` where it keeps all.
///
/// # Errors
/// When the worker gives away something else, or may have done so.
pub(super) async fn share(place: &Place, fraction: f64) -> Result<Option<BundleSplit>, String> {
    let answer = tokio::time::timeout(ANSWER_TIMEOUT, split_at(place, fraction)).await;
    match answer {
        Ok(Some(response)) => read(response, &place.source),
        Ok(None) => Ok(None),
        Err(_) => Err(format!(
            "the worker did not answer a split within {} s, so what it gave away is not known",
            ANSWER_TIMEOUT.as_secs()
        )),
    }
}

async fn split_at(place: &Place, fraction: f64) -> Option<ProcessBundleSplitResponse> {
    static ASKED: AtomicU64 = AtomicU64::new(1);

    let desired = DesiredSplit {
        fraction_of_remainder: fraction,
        estimated_input_elements: 1,
        ..Default::default()
    };
    let request = ProcessBundleSplitRequest {
        instruction_id: place.instruction.clone(),
        desired_splits: [(place.source.clone(), desired)].into(),
    };
    let number = ASKED.fetch_add(1, Ordering::Relaxed);
    let name = format!("{}-split-{number}", place.instruction);
    let answer = place.worker.ask(&name, ask::Request::ProcessBundleSplit(request)).await?;
    match answer.response {
        Some(answer::Response::ProcessBundleSplit(response)) => Some(response),
        _ => None,
    }
}

/// The split of the only element of a bundle.
fn read(response: ProcessBundleSplitResponse, source: &str) -> Result<Option<BundleSplit>, String> {
    let ProcessBundleSplitResponse { primary_roots, residual_roots, channel_splits } = response;
    let is_of_source = |id: &str| id.is_empty() || id == source;
    let mut primaries = primary_roots.into_iter();
    let mut residuals = residual_roots.into_iter();
    match (channel_splits.as_slice(), primaries.next(), residuals.next()) {
        ([], None, None) => Ok(None),
        // Behind the element, where nothing is.
        ([split], None, None) if split.first_residual_element >= 1 => Ok(None),
        ([split], Some(primary), Some(residual))
            if is_of_source(&split.transform_id)
                && (split.last_primary_element, split.first_residual_element) == (-1, 1)
                && (primaries.next(), residuals.next()) == (None, None) =>
        {
            Ok(Some(BundleSplit { primary, residual }))
        }
        _ => Err(format!(
            "the worker split its only element at `{source}` into something else than two parts"
        )),
    }
}

#[cfg(test)]
mod tests {
    use purlin_proto::fn_execution::process_bundle_split_response::ChannelSplit;
    use purlin_proto::fn_execution::{BundleApplication, DelayedBundleApplication};

    use super::*;

    fn response(roots: (usize, usize), at: &[(i64, i64)]) -> ProcessBundleSplitResponse {
        let channel = |(last, first): &(i64, i64)| ChannelSplit {
            transform_id: "source".to_owned(),
            last_primary_element: *last,
            first_residual_element: *first,
        };
        ProcessBundleSplitResponse {
            primary_roots: vec![BundleApplication::default(); roots.0],
            residual_roots: vec![DelayedBundleApplication::default(); roots.1],
            channel_splits: at.iter().map(channel).collect(),
        }
    }

    #[test]
    fn an_element_in_two_parts_is_a_split() {
        assert!(read(response((1, 1), &[(-1, 1)]), "source").unwrap().is_some());
    }

    #[test]
    fn an_answer_that_gives_nothing_away_is_none() {
        assert_eq!(read(response((0, 0), &[]), "source"), Ok(None));
        assert_eq!(read(response((0, 0), &[(0, 1)]), "source"), Ok(None));
    }

    #[test]
    fn every_other_answer_is_refused_because_work_would_be_lost_or_done_twice() {
        for (roots, at) in [
            ((1, 1), [].as_slice()),
            ((1, 0), &[(-1, 1)]),
            ((0, 1), &[(-1, 1)]),
            ((1, 2), &[(-1, 1)]),
            ((1, 1), &[(0, 1)]),
            ((1, 1), &[(-1, 1), (-1, 1)]),
            ((0, 0), &[(-1, 0)]),
        ] {
            assert!(read(response(roots, at), "source").is_err(), "{roots:?} {at:?}");
        }
        assert!(read(response((1, 1), &[(-1, 1)]), "another").is_err());
    }
}
