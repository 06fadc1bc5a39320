//! The input of a bundle as messages of the data plane.

use std::sync::Arc;

use bytes::Bytes;
use purlin_engine::plan::SdkStage;
use purlin_engine::{FiredTimers, Shuffle};
use purlin_proto::fn_execution::{Elements, elements};
use purlin_sdk::Failure;
use purlin_sdk::exec::Chunk;

use crate::transport::{LARGEST_MESSAGE, MESSAGE_SLACK};

/// The size that messages should have: larger ones do not move faster.
const MESSAGE_BYTES: usize = 1 << 20;

/// What the user code of a bundle reads, framed as the stage's descriptor says.
pub(super) fn frames(
    shuffle: &Shuffle,
    stage: &SdkStage,
    chunks: &[Arc<Chunk>],
) -> Result<Vec<Bytes>, Box<Failure>> {
    let frame = |chunk: &Arc<Chunk>| {
        let data = shuffle.to_wire(stage.input, chunk)?;
        if data.len() > LARGEST_MESSAGE - MESSAGE_SLACK {
            return Err(Failure::new(format!(
                "{} bytes of elements do not fit into a message, which has at most \
                 {LARGEST_MESSAGE} bytes",
                data.len()
            )));
        }
        Ok(data)
    };
    chunks.iter().map(frame).collect()
}

/// Puts whole chunks together into messages of about a mebibyte.
pub(super) fn messages(instruction: &str, source: &str, frames: Vec<Bytes>) -> Vec<Elements> {
    let mut messages = Vec::new();
    let mut message = Elements::default();
    let mut bytes = 0;
    for data in frames {
        if bytes > 0 && bytes + data.len() > MESSAGE_BYTES {
            messages.push(std::mem::take(&mut message));
            bytes = 0;
        }
        bytes += data.len();
        message.data.push(elements::Data {
            instruction_id: instruction.to_owned(),
            transform_id: source.to_owned(),
            data,
            is_last: false,
        });
    }
    if bytes > 0 {
        messages.push(message);
    }
    messages
}

/// A message of timers that fire.
pub(super) fn timers(instruction: &str, fired: Vec<FiredTimers>) -> Elements {
    let timers = fired.into_iter().map(|fired| elements::Timers {
        instruction_id: instruction.to_owned(),
        transform_id: fired.transform_id,
        timer_family_id: fired.family,
        timers: fired.timers,
        is_last: false,
    });
    Elements { timers: timers.collect(), ..Elements::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined_up_to_the_size_of_a_message_and_never_divided() {
        let chunk = |size: usize| Bytes::from(vec![0; size]);
        let sizes = [600 << 10, 300 << 10, 300 << 10, 3 << 20, 1];
        let messages = messages("i", "s", sizes.map(chunk).to_vec());
        let sent: Vec<Vec<usize>> = messages
            .iter()
            .map(|message| message.data.iter().map(|data| data.data.len()).collect())
            .collect();
        assert_eq!(sent, [vec![600 << 10, 300 << 10], vec![300 << 10], vec![3 << 20], vec![1]]);
    }
}
