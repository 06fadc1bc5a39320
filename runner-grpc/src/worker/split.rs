//! How a bundle is split: what a runner asks for, and what it is answered.

use purlin_proto::fn_execution::process_bundle_split_request::DesiredSplit;
use purlin_proto::fn_execution::process_bundle_split_response::ChannelSplit;
use purlin_proto::fn_execution::{
    InstructionResponse, ProcessBundleSplitResponse, instruction_response as answer,
};
use purlin_sdk::exec::BundleSplit;
use tokio::sync::mpsc::UnboundedSender;

/// What a split comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Wish {
    /// Stop at the next claim.
    Stop,
    /// Keep this fraction of the element's work.
    Share(f64),
    /// Go on as before, which a runner has to expect.
    Nothing,
}

/// The input itself is never divided, and which of its elements is being worked on is known only
/// where there is but one: that is how splittable DoFns get theirs from this project's runner.
pub(super) fn wish(split: &DesiredSplit) -> Wish {
    let fraction = split.fraction_of_remainder;
    if fraction <= 0.0 {
        Wish::Stop
    } else if fraction < 1.0 && split.estimated_input_elements == 1 {
        Wish::Share(fraction)
    } else {
        Wish::Nothing
    }
}

/// The answer of a bundle that was split within its only element: none comes before that, and none
/// after it.
pub(super) fn response(source: String, split: BundleSplit) -> ProcessBundleSplitResponse {
    ProcessBundleSplitResponse {
        primary_roots: vec![split.primary],
        residual_roots: vec![split.residual],
        channel_splits: vec![ChannelSplit {
            transform_id: source,
            last_primary_element: -1,
            first_residual_element: 1,
        }],
    }
}

/// The answer that a runner waits for. It says that nothing was given away unless it is told
/// otherwise before it is dropped.
pub(super) struct SplitReply {
    id: String,
    responses: UnboundedSender<InstructionResponse>,
    response: ProcessBundleSplitResponse,
}

impl SplitReply {
    pub(super) fn new(id: String, responses: UnboundedSender<InstructionResponse>) -> Self {
        Self { id, responses, response: ProcessBundleSplitResponse::default() }
    }

    pub(super) fn give(mut self, response: ProcessBundleSplitResponse) {
        self.response = response;
    }
}

impl Drop for SplitReply {
    fn drop(&mut self) {
        let response = answer::Response::ProcessBundleSplit(std::mem::take(&mut self.response));
        // It fails only when the runner has gone.
        drop(self.responses.send(InstructionResponse {
            instruction_id: std::mem::take(&mut self.id),
            error: String::new(),
            response: Some(response),
        }));
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc;

    use super::*;

    fn desired(fraction: f64, elements: i64) -> DesiredSplit {
        DesiredSplit {
            fraction_of_remainder: fraction,
            estimated_input_elements: elements,
            ..Default::default()
        }
    }

    #[test]
    fn only_a_single_element_is_shared() {
        assert_eq!(wish(&desired(0.0, 9)), Wish::Stop);
        assert_eq!(wish(&desired(0.5, 1)), Wish::Share(0.5));
        for other in [desired(0.5, 0), desired(0.5, 2), desired(1.0, 1), desired(f64::NAN, 1)] {
            assert_eq!(wish(&other), Wish::Nothing);
        }
    }

    #[test]
    fn a_split_that_is_dropped_is_answered_all_the_same() {
        let (responses, mut answers) = mpsc::unbounded_channel();
        drop(SplitReply::new("i".to_owned(), responses));
        let answered = answers.try_recv().unwrap();
        assert_eq!((answered.instruction_id.as_str(), answered.error.as_str()), ("i", ""));
        let nothing = answer::Response::ProcessBundleSplit(ProcessBundleSplitResponse::default());
        assert_eq!(answered.response, Some(nothing));
    }
}
