//! Sources that a test scripts: `beam:transform:teststream:v1`.
//!
//! The next event happens once nothing else can: no bundle runs, nothing waits, no timer is due.
//! Processing time stands still in between, for the whole job. Where a job has several such sources
//! they take turns.

use purlin_proto::pipeline::TestStreamPayload;
use purlin_proto::pipeline::test_stream_payload::event::{AddElements, Event};
use purlin_proto::urns::coders as urn;
use purlin_sdk::coders::windowed::put_stamp;
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::coders::{CoderError, CoderSpec, Reader, Skipper};
use purlin_sdk::exec::{Chunk, Failure, Framing};
use purlin_sdk::{Stamp, Timestamp};

use crate::bundle::Output;
use crate::plan::{CollectionId, Plan, StageId, StageKind};
use crate::shuffle::Shuffle;

/// What an event of a script does beside putting elements out.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Only elements.
    Elements,
    /// The watermark of a collection moves to this time.
    Watermark(CollectionId, Timestamp),
    /// Processing time moves on by that many milliseconds.
    ProcessingTime(i64),
    /// The script is over.
    End,
}

/// The script of a stage and its outputs by tag.
pub(crate) fn script(
    plan: &Plan,
    stage: StageId,
) -> Option<(&TestStreamPayload, &[(String, CollectionId)])> {
    match &plan.stages[stage.0].kind {
        StageKind::TestStream { payload, outputs } => Some((payload, outputs)),
        _ => None,
    }
}

/// What the event at `position` does; after the last, the script is over.
pub(crate) fn step(plan: &Plan, stage: StageId, position: usize) -> Step {
    let Some((payload, outputs)) = script(plan, stage) else { return Step::End };
    let Some(event) = payload.events.get(position) else { return Step::End };
    match &event.event {
        Some(Event::WatermarkEvent(event)) => match output(outputs, &event.tag) {
            Some(collection) => {
                Step::Watermark(collection, Timestamp(event.new_watermark).clamped())
            }
            None => Step::Elements,
        },
        Some(Event::ProcessingTimeEvent(event)) => Step::ProcessingTime(event.advance_duration),
        Some(Event::ElementEvent(_)) | None => Step::Elements,
    }
}

/// The elements that the event at `position` puts out.
///
/// # Errors
/// When they are not what the coder of the output says.
pub(crate) fn elements(
    shuffle: &Shuffle,
    stage: StageId,
    position: usize,
) -> Result<Vec<Output>, Box<Failure>> {
    let mut prepared = Vec::new();
    let Some((payload, outputs)) = script(shuffle.plan(), stage) else { return Ok(prepared) };
    let event = payload.events.get(position).and_then(|event| event.event.as_ref());
    if let Some(Event::ElementEvent(event)) = event {
        let Some(collection) = output(outputs, &event.tag) else {
            return Err(Failure::new(format!("the test stream has no output `{}`", event.tag)));
        };
        let chunk = chunk(shuffle, collection, event).map_err(|e| Failure::from_error(&e))?;
        shuffle.prepare(collection, chunk, None, &mut prepared)?;
    }
    Ok(prepared)
}

/// The output of a tag; the only one needs no tag.
fn output(outputs: &[(String, CollectionId)], tag: &str) -> Option<CollectionId> {
    let named = outputs.iter().find(|(name, _)| name == tag);
    let found = named.or(if outputs.len() == 1 { outputs.first() } else { None });
    found.map(|(_, collection)| *collection)
}

fn chunk(
    shuffle: &Shuffle,
    collection: CollectionId,
    event: &AddElements,
) -> Result<Chunk, CoderError> {
    let described = &shuffle.plan().collections[collection.0];
    let spec = CoderSpec::from_proto(&described.coders, &described.coder_id)?;
    let coder = shuffle.window_coder(collection);
    let mut data = Vec::new();
    for element in &event.elements {
        let timestamp = Timestamp(element.timestamp).clamped();
        put_stamp(&mut data, &Stamp { timestamp, ..Stamp::default() }, &coder);
        put_nested(&mut data, &spec, &element.encoded_element)?;
    }
    Ok(Chunk {
        data: data.into(),
        framing: Framing::Each,
        count: u32::try_from(event.elements.len()).unwrap_or(u32::MAX),
        partition: None,
        index: None,
    })
}

/// Appends in the nested context what a script has in the outer one, where what ends a value with
/// bytes or text has no length.
fn put_nested(out: &mut Vec<u8>, spec: &CoderSpec, outer: &[u8]) -> Result<(), CoderError> {
    match (spec.urn.as_ref(), spec.as_kv()) {
        (urn::BYTES | urn::STRING_UTF8, _) => put_length_prefixed(out, outer),
        (_, Some((key, value))) => {
            let mut input = Reader::new(outer);
            Skipper::new(key)?.skip(&mut input)?;
            out.extend_from_slice(&outer[..input.position()]);
            put_nested(out, value, input.take_rest())?;
        }
        _ => out.extend_from_slice(outer),
    }
    Ok(())
}
