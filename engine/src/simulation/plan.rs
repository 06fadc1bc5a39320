//! Plans without an SDK: a scripted source, a stage that assigns windows, one with keys, a sink.
//!
//! ```text
//! script ─┐
//!         ├─ (flatten) ─ assign ─ keyed ─ sink
//! script ─┘
//! ```
//!
//! In place of the scripts, which wait until the job is at rest, there may be a splittable stage that
//! goes on at any time.

use std::collections::BTreeMap;
use std::sync::Arc;

use prost::Message;
use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::test_stream_payload::event::{
    AddElements, AdvanceProcessingTime, AdvanceWatermark, Event,
};
use purlin_proto::pipeline::test_stream_payload::{self as script, TimestampedElement};
use purlin_proto::pipeline::{
    Coder, FunctionSpec, PTransform, ParDoPayload, TestStreamPayload, WindowingStrategy,
};
use purlin_proto::urns;
use purlin_sdk::Timestamp;
use purlin_sdk::coders::wire::put_length_prefixed;

use crate::plan::{Collection, CollectionId, Plan, SdkStage, Stage, StageId, StageKind};
use crate::random::Random;
use crate::reduce::tests::simulation::strategy::Assign;

/// What happens in a script, and in which of its streams.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Happening {
    /// Elements: key, number, timestamp.
    Elements(usize, Vec<(u8, u64, i64)>),
    Watermark(usize, i64),
    ProcessingTime(i64),
}

/// A plan and where its parts are.
pub(super) struct Setup {
    pub(super) plan: Arc<Plan>,
    pub(super) assign: Assign,
    pub(super) stages: Stages,
    /// What each scripted stage will play: its happenings in order.
    pub(super) scripts: BTreeMap<usize, Vec<Happening>>,
    /// What the splittable stage reads, if there is one.
    pub(super) read: Option<Vec<Happening>>,
    pub(super) streams: usize,
    pub(super) keys: usize,
    /// The stages whose input watermark is that of these streams, once a job is at rest.
    pub(super) followers: Vec<(StageId, Vec<usize>)>,
}

/// The stages behind the source.
#[derive(Clone, Copy)]
pub(super) struct Stages {
    /// Of the splittable stage, if there is one.
    pub(super) read: usize,
    /// What the source writes.
    pub(super) source: CollectionId,
    pub(super) assign: usize,
    pub(super) keyed: usize,
    pub(super) sink: usize,
    pub(super) windowed: CollectionId,
    pub(super) out: CollectionId,
}

/// What the stage with keys is.
pub(super) enum Keyed {
    Grouping,
    User(Box<ParDoPayload>),
}

pub(super) fn setup(
    random: &mut Random,
    (strategy, assign): (WindowingStrategy, Assign),
    keyed: Keyed,
) -> Setup {
    let is_read = random.one_in(3);
    let streams = if is_read { 1 } else { 1 + random.below(2) };
    let is_one_stage = streams == 1 || random.one_in(2);
    let keys = 1 + random.below(4);
    let happenings = happenings(random, streams, keys);
    let sources = if is_one_stage { 1 } else { streams };
    let scripts: BTreeMap<usize, Vec<Happening>> = (0..sources)
        .map(|stage| {
            let is_here = |it: &&Happening| is_one_stage || stream_of(it) == stage;
            (stage, happenings.iter().filter(is_here).cloned().collect())
        })
        .collect();
    let source = if is_read { reading() } else { scripted(streams, &scripts) };
    let (plan, stages) = plan(source, strategy, assign, keyed);
    let plan = Arc::new(plan);
    let (scripts, read) = match is_read {
        true => (BTreeMap::new(), Some(happenings)),
        false => (scripts, None),
    };
    let followers = [stages.assign, stages.keyed].map(|it| (StageId(it), (0..streams).collect()));
    let followers = followers.into();
    Setup { plan, assign, stages, scripts, read, streams, keys, followers }
}

impl Setup {
    /// The numbers of all elements, in their order.
    pub(super) fn numbers(&self) -> Vec<u64> {
        let happenings = self.scripts.values().flatten().chain(self.read.iter().flatten());
        let mut numbers: Vec<u64> = happenings
            .filter_map(|it| match it {
                Happening::Elements(_, elements) => Some(elements),
                _ => None,
            })
            .flat_map(|elements| elements.iter().map(|(_, number, _)| *number))
            .collect();
        numbers.sort_unstable();
        numbers
    }
}

/// The stages of a source, the coders of the collections that they write, and the last of these.
type Source = (Vec<StageKind>, Vec<&'static str>, CollectionId);

fn scripted(streams: usize, scripts: &BTreeMap<usize, Vec<Happening>>) -> Source {
    let tagged = |stage: usize| -> Vec<(String, CollectionId)> {
        let all = (0..streams).filter(|stream| scripts.len() == 1 || *stream == stage);
        all.map(|stream| (format!("s{stream}"), CollectionId(stream))).collect()
    };
    let script = |(stage, happenings): (&usize, &Vec<Happening>)| StageKind::TestStream {
        payload: Arc::new(payload(happenings)),
        outputs: tagged(*stage),
    };
    let mut kinds: Vec<StageKind> = scripts.iter().map(script).collect();
    if streams == 1 {
        return (kinds, vec!["pairs"], CollectionId(0));
    }
    let inputs = (0..streams).map(CollectionId).collect();
    kinds.push(StageKind::Flatten { inputs, output: CollectionId(streams) });
    (kinds, vec!["pairs"; streams + 1], CollectionId(streams))
}

fn reading() -> Source {
    let mut read = sdk(CollectionId(0), Some(CollectionId(1)), None);
    if let StageKind::Sdk(sdk) = &mut read {
        sdk.is_splittable = true;
    }
    let impulse = StageKind::Impulse { output: CollectionId(0) };
    (vec![impulse, read], vec!["bytes", "pairs"], CollectionId(1))
}

fn stream_of(happening: &Happening) -> usize {
    match happening {
        Happening::Elements(stream, _) | Happening::Watermark(stream, _) => *stream,
        Happening::ProcessingTime(_) => 0,
    }
}

pub(super) fn happenings(random: &mut Random, streams: usize, keys: usize) -> Vec<Happening> {
    let small = |random: &mut Random, below: usize| i64::try_from(random.below(below)).unwrap();
    let mut watermarks = vec![-20; streams];
    let mut number = 0;
    let mut happenings = Vec::new();
    for _ in 0..4 + random.below(24) {
        let stream = random.below(streams);
        happenings.push(match random.below(9) {
            0..=4 => {
                let elements = (0..=random.below(5)).map(|_| {
                    number += 1;
                    let key = u8::try_from(random.below(keys)).unwrap();
                    (key, number, watermarks[stream] - 10 + small(random, 30))
                });
                Happening::Elements(stream, elements.collect())
            }
            5..=7 => {
                watermarks[stream] += small(random, 14);
                Happening::Watermark(stream, watermarks[stream])
            }
            _ => Happening::ProcessingTime(small(random, 6)),
        });
    }
    happenings
}

fn plan(
    (mut kinds, coders, source): Source,
    mut strategy: WindowingStrategy,
    assign: Assign,
    keyed: Keyed,
) -> (Plan, Stages) {
    let is_global = assign == Assign::Global;
    strategy.window_coder_id = if is_global { "global" } else { "interval" }.to_owned();
    let global =
        WindowingStrategy { window_coder_id: "global".to_owned(), ..WindowingStrategy::default() };
    let mut collections: Vec<(&str, &WindowingStrategy)> =
        coders.into_iter().map(|coder| (coder, &global)).collect();
    let (windowed, out) = (CollectionId(source.0 + 1), CollectionId(source.0 + 2));
    collections.extend([("pairs", &strategy), ("pairs", &strategy)]);
    let first = kinds.len();
    let (assign, keyed_at, sink) = (first, first + 1, first + 2);
    let stages = Stages { read: first - 1, source, assign, keyed: keyed_at, sink, windowed, out };
    kinds.push(sdk(source, Some(windowed), None));
    kinds.push(match keyed {
        Keyed::Grouping => {
            collections[out.0].0 = "groups";
            StageKind::GroupByKey { input: windowed, output: out, combine: None }
        }
        Keyed::User(payload) => sdk(windowed, Some(out), Some(&payload)),
    });
    kinds.push(sdk(out, None, None));
    (assemble(kinds, &collections), stages)
}

pub(super) fn assemble(kinds: Vec<StageKind>, described: &[(&str, &WindowingStrategy)]) -> Plan {
    let mut collections: Vec<Collection> = described
        .iter()
        .enumerate()
        .map(|(position, (coder, windowing))| Collection {
            id: format!("c{position}"),
            name: format!("c{position}"),
            producers: Vec::new(),
            consumers: Vec::new(),
            side_consumers: Vec::new(),
            is_bounded: false,
            coder_id: (*coder).to_owned(),
            windowed_coder_id: String::new(),
            coders: coders(),
            windowing: Arc::new(WindowingStrategy::clone(windowing)),
        })
        .collect();
    let mut stages = Vec::new();
    for (position, kind) in kinds.into_iter().enumerate() {
        let (inputs, outputs) = ends(&kind);
        if let StageKind::Sdk(sdk) = &kind {
            let sides = sdk.side_inputs.iter();
            sides
                .for_each(|it| collections[it.collection.0].side_consumers.push(StageId(position)));
        }
        inputs.iter().for_each(|id| collections[id.0].consumers.push(StageId(position)));
        outputs.iter().for_each(|id| collections[id.0].producers.push(StageId(position)));
        stages.push(Stage { id: StageId(position), name: format!("stage {position}"), kind });
    }
    Plan { stages, collections }
}

fn ends(kind: &StageKind) -> (Vec<CollectionId>, Vec<CollectionId>) {
    let ids = |named: &[(String, CollectionId)]| named.iter().map(|(_, id)| *id).collect();
    match kind {
        StageKind::Impulse { output } => (Vec::new(), vec![*output]),
        StageKind::TestStream { outputs, .. } => (Vec::new(), ids(outputs)),
        StageKind::Flatten { inputs, output } => (inputs.clone(), vec![*output]),
        StageKind::GroupByKey { input, output, .. } => (vec![*input], vec![*output]),
        StageKind::Sdk(sdk) => (vec![sdk.input], ids(&sdk.outputs)),
        _ => panic!("no such stage is made here"),
    }
}

pub(super) fn payload(happenings: &[Happening]) -> TestStreamPayload {
    let event = |happening: &Happening| match happening {
        Happening::Elements(stream, elements) => Event::ElementEvent(AddElements {
            tag: format!("s{stream}"),
            elements: elements.iter().map(element).collect(),
        }),
        Happening::Watermark(stream, new_watermark) => Event::WatermarkEvent(AdvanceWatermark {
            tag: format!("s{stream}"),
            new_watermark: *new_watermark,
        }),
        Happening::ProcessingTime(by) => {
            Event::ProcessingTimeEvent(AdvanceProcessingTime { advance_duration: *by })
        }
    };
    let events = happenings.iter().map(|it| script::Event { event: Some(event(it)) }).collect();
    TestStreamPayload { coder_id: "pairs".to_owned(), events, endpoint: None }
}

fn element(&(key, number, timestamp): &(u8, u64, i64)) -> TimestampedElement {
    let mut encoded = Vec::new();
    put_length_prefixed(&mut encoded, &[key]);
    encoded.extend_from_slice(&number.to_be_bytes());
    TimestampedElement { encoded_element: encoded.into(), timestamp: Timestamp(timestamp).0 }
}

pub(super) fn sdk(
    input: CollectionId,
    output: Option<CollectionId>,
    keyed: Option<&ParDoPayload>,
) -> StageKind {
    let spec = keyed.map(|payload| FunctionSpec {
        urn: urns::transforms::PAR_DO.to_owned(),
        payload: payload.encode_to_vec().into(),
    });
    let outputs = BTreeMap::from([("out".to_owned(), "out".to_owned())]);
    let transform =
        PTransform { unique_name: "fn".to_owned(), spec, outputs, ..PTransform::default() };
    let transforms = BTreeMap::from([("fn".to_owned(), transform)]);
    StageKind::Sdk(Box::new(SdkStage {
        descriptor: Arc::new(ProcessBundleDescriptor { transforms, ..Default::default() }),
        source: "source".to_owned(),
        input,
        outputs: output.into_iter().map(|id| ("sink".to_owned(), id)).collect(),
        side_inputs: Vec::new(),
        is_splittable: false,
        is_keyed: keyed.is_some(),
        draining: None,
        timers: Vec::new(),
        finalizes: true,
        environment_id: String::new(),
    }))
}

fn coders() -> BTreeMap<String, Coder> {
    let coder = |id: &str, urn: &str, parts: &[&str]| {
        let spec = FunctionSpec { urn: urn.to_owned(), payload: bytes::Bytes::new() };
        let component_coder_ids = parts.iter().map(|part| (*part).to_owned()).collect();
        (id.to_owned(), Coder { spec: Some(spec), component_coder_ids })
    };
    BTreeMap::from([
        coder("bytes", urns::coders::BYTES, &[]),
        coder("pairs", urns::coders::KV, &["bytes", "bytes"]),
        coder("values", urns::coders::ITERABLE, &["bytes"]),
        coder("groups", urns::coders::KV, &["bytes", "values"]),
        coder("global", urns::coders::GLOBAL_WINDOW, &[]),
        coder("interval", urns::coders::INTERVAL_WINDOW, &[]),
    ])
}
