//! Beam's helper stages that merge windows by a function of a user's own.
//!
//! A request is the windows of one key behind a nonce, in the global window; its answer has the
//! windows that stay, and each new window with those that it is merged from.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use prost::Message;
use purlin_engine::plan::{Collection, Plan, StageKind};
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::pipeline::{
    Coder, FunctionSpec, PCollection, PTransform, WindowingStrategy, merge_status,
};
use purlin_proto::urns::{coders, fn_api, transforms, window_fns};
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp, skip_stamp};
use purlin_sdk::coders::wire::{put_count, put_length_prefixed};
use purlin_sdk::coders::{CoderError, Reader, read_items};
use purlin_sdk::exec::read_port;
use purlin_sdk::{Failure, Stamp, Window};

/// The transforms and collections of a helper; planned ids begin otherwise.
const READ: &str = "purlin:merge:read";
const MERGE: &str = "purlin:merge:merge";
const WRITE: &str = "purlin:merge:write";
const REQUESTS: &str = "purlin:merge:requests";
const ANSWERS: &str = "purlin:merge:answers";
const GLOBAL: &str = "purlin:merge:global";
/// Any nonce does: a bundle has one request.
const NONCE: &[u8] = b"0";

/// Each new window with those that it is merged from.
pub(super) type Merging = Vec<(Window, Vec<Window>)>;

/// A stage that calls a window function.
#[derive(Clone)]
pub(crate) struct MergeStage {
    pub(super) window_fn: FunctionSpec,
    pub(super) environment_id: String,
    pub(crate) descriptor: Arc<ProcessBundleDescriptor>,
    windows: WindowCoder,
}

/// The helper stages of a plan: one for each window function whose windows its runner cannot merge.
///
/// # Errors
/// When windows are of a kind that is unknown here.
pub(crate) fn merge_stages(plan: &Plan) -> Result<Vec<MergeStage>, Box<Failure>> {
    let mut stages: Vec<MergeStage> = Vec::new();
    for stage in &plan.stages {
        let StageKind::GroupByKey { input, .. } = &stage.kind else { continue };
        let collection = &plan.collections[input.0];
        let windowing = &collection.windowing;
        let window_fn = windowing.window_fn.clone().unwrap_or_default();
        let is_merging = windowing.merge_status() == merge_status::Enum::NeedsMerge;
        let is_known = stages.iter().any(|other| other.window_fn == window_fn);
        if is_merging && window_fn.urn != window_fns::SESSION_WINDOWS && !is_known {
            stages.push(MergeStage::new(collection, window_fn, stages.len())?);
        }
    }
    Ok(stages)
}

impl MergeStage {
    fn new(
        collection: &Collection,
        window_fn: FunctionSpec,
        number: usize,
    ) -> Result<Self, Box<Failure>> {
        let mut descriptor = describe(collection, &window_fn)?;
        descriptor.id = format!("purlin:merge:{number}");
        let answers = &descriptor.transforms[WRITE];
        // It has checked that the coders are there.
        read_port(answers, &descriptor)?;
        let windows = window_coder(collection, &descriptor)?;
        let environment_id = collection.windowing.environment_id.clone();
        Ok(Self { window_fn, environment_id, windows, descriptor: Arc::new(descriptor) })
    }

    /// The read node of the stage.
    pub(super) fn source(&self) -> &'static str {
        READ
    }

    /// The elements of a bundle that asks about these windows.
    pub(super) fn request(&self, windows: &[Window]) -> Result<Bytes, Box<Failure>> {
        let mut out = Vec::new();
        put_stamp(&mut out, &Stamp::default(), &WindowCoder::Global);
        put_length_prefixed(&mut out, NONCE);
        put_count(&mut out, windows.len()).map_err(|error| Failure::from_error(&error))?;
        windows.iter().for_each(|window| self.windows.put_window(&mut out, window));
        Ok(out.into())
    }

    /// What the elements of the answer say.
    pub(super) fn answer(&self, data: &Bytes) -> Result<Merging, Box<Failure>> {
        self.read(data).map_err(|error| {
            Failure::new(format!("the worker answered a request to merge windows wrongly: {error}"))
        })
    }

    fn read(&self, data: &Bytes) -> Result<Merging, CoderError> {
        let mut input = Reader::shared(data);
        skip_stamp(&mut input, &WindowCoder::Global)?;
        if input.length_prefixed()? != NONCE {
            return Err(CoderError::new("it answers another one"));
        }
        self.read_windows(&mut input)?;
        let mut merging = Vec::new();
        read_items(&mut input, |input| {
            merging.push((self.windows.read_window(input)?, self.read_windows(input)?));
            Ok(())
        })?;
        if input.is_empty() { Ok(merging) } else { Err(CoderError::new("more follows it")) }
    }

    fn read_windows(&self, input: &mut Reader<'_>) -> Result<Vec<Window>, CoderError> {
        let mut windows = Vec::new();
        read_items(input, |input| {
            windows.push(self.windows.read_window(input)?);
            Ok(())
        })?;
        Ok(windows)
    }
}

/// The id of the coder of a collection's windows.
fn window_coder_id(collection: &Collection) -> Result<&str, Box<Failure>> {
    let windowed = collection.coders.get(&collection.windowed_coder_id);
    let id = windowed.and_then(|coder| coder.component_coder_ids.get(1));
    id.map(String::as_str)
        .ok_or_else(|| Failure::new(format!("the windows of `{}` have no coder", collection.name)))
}

fn window_coder(
    collection: &Collection,
    descriptor: &ProcessBundleDescriptor,
) -> Result<WindowCoder, Box<Failure>> {
    let coder = descriptor.coders.get(window_coder_id(collection)?);
    let urn = coder.and_then(|coder| coder.spec.as_ref()).map_or("", |spec| spec.urn.as_str());
    match urn {
        coders::INTERVAL_WINDOW => Ok(WindowCoder::Interval),
        coders::CUSTOM_WINDOW => Ok(WindowCoder::Custom),
        _ => Err(Failure::new(format!("windows of coder `{urn}` cannot be merged"))),
    }
}

fn describe(
    collection: &Collection,
    window_fn: &FunctionSpec,
) -> Result<ProcessBundleDescriptor, Box<Failure>> {
    let mut coders = Coders(collection.coders.clone());
    let window = window_coder_id(collection)?;
    let bytes = coders.add("bytes", coders::BYTES, &[]);
    let global = coders.add("global", coders::GLOBAL_WINDOW, &[]);
    let windows = coders.add("windows", coders::ITERABLE, &[window]);
    let request = coders.add("request", coders::KV, &[&bytes, &windows]);
    let pair = coders.add("pair", coders::KV, &[window, &windows]);
    let pairs = coders.add("pairs", coders::ITERABLE, &[&pair]);
    let merged = coders.add("merged", coders::KV, &[&windows, &pairs]);
    let answer = coders.add("answer", coders::KV, &[&bytes, &merged]);
    let read = coders.add("read", coders::WINDOWED_VALUE, &[&request, &global]);
    let write = coders.add("write", coders::WINDOWED_VALUE, &[&answer, &global]);
    let transforms = [
        (READ, node(fn_api::DATA_SOURCE, port(&read), None, Some(REQUESTS))),
        (
            MERGE,
            node(
                transforms::MERGE_WINDOWS,
                window_fn.encode_to_vec().into(),
                Some(REQUESTS),
                Some(ANSWERS),
            ),
        ),
        (WRITE, node(fn_api::DATA_SINK, port(&write), Some(ANSWERS), None)),
    ];
    let collections = [(REQUESTS, request), (ANSWERS, answer)];
    let all_time = WindowingStrategy {
        window_fn: Some(FunctionSpec {
            urn: window_fns::GLOBAL_WINDOWS.to_owned(),
            ..FunctionSpec::default()
        }),
        window_coder_id: global,
        ..(*collection.windowing).clone()
    };
    Ok(ProcessBundleDescriptor {
        transforms: transforms.map(|(id, transform)| (id.to_owned(), transform)).into(),
        pcollections: collections.map(|(id, coder)| (id.to_owned(), in_all_time(id, coder))).into(),
        windowing_strategies: [(GLOBAL.to_owned(), all_time)].into(),
        coders: coders.0,
        ..ProcessBundleDescriptor::default()
    })
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
struct Coders(BTreeMap<String, Coder>);

impl Coders {
    fn add(&mut self, name: &str, urn: &str, components: &[&str]) -> String {
        let id = format!("purlin:merge:{name}");
        let coder = Coder {
            spec: Some(FunctionSpec { urn: urn.to_owned(), ..FunctionSpec::default() }),
            component_coder_ids: components.iter().map(|id| (*id).to_owned()).collect(),
        };
        self.0.insert(id.clone(), coder);
        id
    }
}
