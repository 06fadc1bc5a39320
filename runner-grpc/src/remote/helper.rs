//! Beam's helper stages, which have a worker answer what only a user's window function knows: a read
//! node, the transform that answers, and a write node.
//!
//! Each request is behind a nonce, in the global window; its answer is behind the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_engine::plan::{Collection, Plan};
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::pipeline::{
    Coder, FunctionSpec, PCollection, PTransform, Trigger, WindowingStrategy, accumulation_mode,
    closing_behavior, merge_status, on_time_behavior, output_time, trigger,
};
use purlin_proto::urns::{coders, fn_api, window_fns};
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, skip_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::exec::read_port;
use purlin_sdk::{Failure, Stamp};

use super::mapping::{MapStage, map_stages};
use super::merging::{MergeStage, merge_stages};

/// The transforms and collections of a helper; planned ids begin otherwise.
const READ: &str = "purlin:helper:read";
const CALL: &str = "purlin:helper:call";
const WRITE: &str = "purlin:helper:write";
const REQUESTS: &str = "purlin:helper:requests";
const ANSWERS: &str = "purlin:helper:answers";
const GLOBAL: &str = "purlin:helper:global";

/// The helper stages of a plan.
#[derive(Clone, Default)]
pub(crate) struct Helpers {
    /// One for each window function whose windows its runner cannot merge.
    pub(super) merging: Vec<MergeStage>,
    /// One for each mapping of windows that its runner does not know.
    pub(super) mapping: Vec<MapStage>,
}

impl Helpers {
    /// # Errors
    /// When windows are of a kind that is unknown here.
    pub(crate) fn of(plan: &Plan) -> Result<Self, Box<Failure>> {
        Ok(Self { merging: merge_stages(plan)?, mapping: map_stages(plan)? })
    }

    /// What the workers are to know of them.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = &Arc<ProcessBundleDescriptor>> {
        let merging = self.merging.iter().map(|stage| &stage.helper.descriptor);
        merging.chain(self.mapping.iter().map(|stage| &stage.helper.descriptor))
    }
}

/// A stage that calls a window function.
#[derive(Clone)]
pub(super) struct HelperStage {
    pub(super) environment_id: String,
    pub(super) descriptor: Arc<ProcessBundleDescriptor>,
}

/// What a helper stage is made of.
pub(super) struct Draft {
    /// The id of its descriptor.
    pub(super) id: String,
    pub(super) environment_id: String,
    /// Of the transform that answers.
    pub(super) urn: &'static str,
    /// The function, which is the payload of the transform.
    pub(super) function: FunctionSpec,
    pub(super) coders: Coders,
    /// The coder ids of requests and answers, without their nonces.
    pub(super) request: String,
    pub(super) answer: String,
}

impl HelperStage {
    /// Its read node.
    pub(super) const SOURCE: &str = READ;

    pub(super) fn new(draft: Draft) -> Result<Self, Box<Failure>> {
        let environment_id = draft.environment_id.clone();
        let descriptor = draft.descriptor();
        // It has checked that the coders are there.
        read_port(&descriptor.transforms[WRITE], &descriptor)?;
        Ok(Self { environment_id, descriptor: Arc::new(descriptor) })
    }
}

/// Begins a request.
pub(super) fn put_nonce(out: &mut Vec<u8>, nonce: &[u8]) {
    put_stamp(out, &Stamp::default(), &WindowCoder::Global);
    put_length_prefixed(out, nonce);
}

/// Reads the beginning of an answer.
pub(super) fn read_nonce<'a>(input: &mut Reader<'a>) -> Result<&'a [u8], CoderError> {
    skip_stamp(input, &WindowCoder::Global)?;
    input.length_prefixed()
}

/// An answer that cannot be read.
pub(super) fn wrong_answer(error: &CoderError) -> Box<Failure> {
    Failure::new(format!("the worker answered a question about windows wrongly: {error}"))
}

/// The id of the coder of a collection's windows.
pub(super) fn window_coder_id(collection: &Collection) -> Result<&str, Box<Failure>> {
    let windowed = collection.coders.get(&collection.windowed_coder_id);
    let id = windowed.and_then(|coder| coder.component_coder_ids.get(1));
    id.map(String::as_str)
        .ok_or_else(|| Failure::new(format!("the windows of `{}` have no coder", collection.name)))
}

/// The coder of a collection's windows.
pub(super) fn window_coder(collection: &Collection) -> Result<WindowCoder, Box<Failure>> {
    let coder = collection.coders.get(window_coder_id(collection)?);
    let urn = coder.and_then(|coder| coder.spec.as_ref()).map_or("", |spec| spec.urn.as_str());
    match urn {
        coders::GLOBAL_WINDOW => Ok(WindowCoder::Global),
        coders::INTERVAL_WINDOW => Ok(WindowCoder::Interval),
        coders::CUSTOM_WINDOW => Ok(WindowCoder::Custom),
        _ => Err(Failure::new(format!("the coder `{urn}` of windows is unknown here"))),
    }
}

impl Draft {
    fn descriptor(self) -> ProcessBundleDescriptor {
        let Self { mut coders, request, answer, .. } = self;
        let bytes = coders.add("bytes", coders::BYTES, &[]);
        let global = coders.add("global", coders::GLOBAL_WINDOW, &[]);
        let request = coders.add("request", coders::KV, &[&bytes, &request]);
        let answer = coders.add("answer", coders::KV, &[&bytes, &answer]);
        let read = coders.add("read", coders::WINDOWED_VALUE, &[&request, &global]);
        let write = coders.add("write", coders::WINDOWED_VALUE, &[&answer, &global]);
        let function = self.function.encode_to_vec().into();
        let transforms = [
            (READ, node(fn_api::DATA_SOURCE, port(&read), None, Some(REQUESTS))),
            (CALL, node(self.urn, function, Some(REQUESTS), Some(ANSWERS))),
            (WRITE, node(fn_api::DATA_SINK, port(&write), Some(ANSWERS), None)),
        ];
        let collections = [(REQUESTS, request), (ANSWERS, answer)];
        let collections = collections.map(|(id, coder)| (id.to_owned(), in_all_time(id, coder)));
        ProcessBundleDescriptor {
            id: self.id,
            transforms: transforms.map(|(id, transform)| (id.to_owned(), transform)).into(),
            pcollections: collections.into(),
            windowing_strategies: [(GLOBAL.to_owned(), all_time(global, self.environment_id))]
                .into(),
            coders: coders.0,
            ..ProcessBundleDescriptor::default()
        }
    }
}

fn all_time(window_coder_id: String, environment_id: String) -> WindowingStrategy {
    WindowingStrategy {
        window_fn: Some(FunctionSpec {
            urn: window_fns::GLOBAL_WINDOWS.to_owned(),
            ..FunctionSpec::default()
        }),
        merge_status: merge_status::Enum::NonMerging.into(),
        accumulation_mode: accumulation_mode::Enum::Discarding.into(),
        output_time: output_time::Enum::EndOfWindow.into(),
        trigger: Some(Trigger { trigger: Some(trigger::Trigger::Default(trigger::Default {})) }),
        closing_behavior: closing_behavior::Enum::EmitIfNonempty.into(),
        on_time_behavior: on_time_behavior::Enum::FireIfNonempty.into(),
        window_coder_id,
        environment_id,
        ..WindowingStrategy::default()
    }
}

fn in_all_time(id: &str, coder_id: String) -> PCollection {
    PCollection {
        unique_name: id.to_owned(),
        coder_id,
        windowing_strategy_id: GLOBAL.to_owned(),
        ..PCollection::default()
    }
}

fn port(coder_id: &str) -> Bytes {
    let coder_id = coder_id.to_owned();
    RemoteGrpcPort { coder_id, ..RemoteGrpcPort::default() }.encode_to_vec().into()
}

fn node(urn: &str, payload: Bytes, input: Option<&str>, output: Option<&str>) -> PTransform {
    let side = |collection: Option<&str>| -> BTreeMap<String, String> {
        collection.map(|id| ("data".to_owned(), id.to_owned())).into_iter().collect()
    };
    PTransform {
        unique_name: urn.to_owned(),
        spec: Some(FunctionSpec { urn: urn.to_owned(), payload }),
        inputs: side(input),
        outputs: side(output),
        ..PTransform::default()
    }
}

/// The coders of a descriptor.
pub(super) struct Coders(BTreeMap<String, Coder>);

impl Coders {
    /// Those of these collections.
    pub(super) fn of<'a>(collections: impl IntoIterator<Item = &'a Collection>) -> Self {
        let all = collections.into_iter().flat_map(|collection| collection.coders.clone());
        Self(all.collect())
    }

    /// Adds one, and returns its id.
    pub(super) fn add(&mut self, name: &str, urn: &str, components: &[&str]) -> String {
        let id = format!("purlin:helper:{name}");
        let coder = Coder {
            spec: Some(FunctionSpec { urn: urn.to_owned(), ..FunctionSpec::default() }),
            component_coder_ids: components.iter().map(|id| (*id).to_owned()).collect(),
        };
        self.0.insert(id.clone(), coder);
        id
    }
}
