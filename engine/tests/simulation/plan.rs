//! A plan without an SDK: the world plays its stages on bytes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use purlin_engine::plan::{
    Collection, CollectionId, LiftedCombine, Plan, SdkStage, SideInput, Stage, StageId, StageKind,
};
use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::{Coder, FunctionSpec, PTransform, WindowingStrategy};
use purlin_proto::urns;
use purlin_sdk::FixedWindows;
use purlin_sdk::StandardWindowFn;

pub(crate) const SPLIT: usize = 1;
pub(crate) const READ: usize = 2;
pub(crate) const MAP: usize = 4;
pub(crate) const GROUP: usize = 5;
pub(crate) const SIDE: usize = 7;
pub(crate) const SINK: usize = 8;
pub(crate) const PASS: usize = 9;

/// The windows of everything behind the source.
pub(crate) const WINDOW: Duration = Duration::from_secs(10);

/// The collection that the source writes.
pub(crate) const NUMBERS: CollectionId = CollectionId(2);

/// ```text
/// impulse ─ split ─ read ─┬─ reshuffle ─ map ─ group ─ flatten ─ sink
///    └──── side ──────────┼────────────────────────────(side input)
///                         └─ pass
/// ```
pub(crate) fn plan(is_bounded: bool) -> Arc<Plan> {
    plan_with_lateness(is_bounded, Duration::ZERO)
}

/// The same, but what is grouped are accumulators: lists of numbers, which are merged while they
/// wait.
pub(crate) fn plan_with_combine(is_bounded: bool) -> Arc<Plan> {
    let mut plan = make(is_bounded, Duration::ZERO);
    if let StageKind::GroupByKey { combine, .. } = &mut plan.stages[GROUP].kind {
        let merge = sdk_stage(5, &[4], false);
        *combine = Some(Box::new(LiftedCombine { id: "combine".to_owned(), merge }));
    }
    Arc::new(plan)
}

pub(crate) fn plan_with_lateness(is_bounded: bool, lateness: Duration) -> Arc<Plan> {
    Arc::new(make(is_bounded, lateness))
}

fn make(is_bounded: bool, lateness: Duration) -> Plan {
    let collections = vec![
        collection("impulse", "bytes", &[0], &[SPLIT, SIDE], true),
        collection("restrictions", "bytes", &[SPLIT], &[READ], true),
        collection("numbers", "pairs", &[READ], &[3, PASS], is_bounded),
        collection("spread", "pairs", &[3], &[MAP], is_bounded),
        collection("mapped", "pairs", &[MAP], &[5], is_bounded),
        collection("groups", "groups", &[5], &[6], is_bounded),
        collection("flat", "groups", &[6], &[SINK], is_bounded),
        collection("side", "bytes", &[SIDE], &[], true),
    ];
    let c = CollectionId;
    let kinds = vec![
        StageKind::Impulse { output: c(0) },
        sdk(0, &[1], false),
        sdk(1, &[2], true),
        StageKind::Reshuffle { input: c(2), output: c(3) },
        sdk(3, &[4], false),
        StageKind::GroupByKey { input: c(4), output: c(5), combine: None },
        StageKind::Flatten { inputs: vec![c(5)], output: c(6) },
        sdk(0, &[7], false),
        sdk(6, &[], false),
        sdk(2, &[], false),
    ];
    let stages = kinds
        .into_iter()
        .enumerate()
        .map(|(id, kind)| Stage { id: StageId(id), name: format!("stage {id}"), kind })
        .collect();
    let mut plan = Plan { stages, collections };
    for collection in &mut plan.collections {
        let mut windowing = WindowingStrategy::clone(&collection.windowing);
        windowing.allowed_lateness = i64::try_from(lateness.as_millis()).expect("small");
        collection.windowing = Arc::new(windowing);
    }
    plan.collections[7].side_consumers.push(StageId(SINK));
    if let StageKind::Sdk(sink) = &mut plan.stages[SINK].kind {
        sink.side_inputs.push(SideInput {
            by_key: false,
            mapping: FunctionSpec::default(),
            transform_id: "sink".to_owned(),
            local_name: "side".to_owned(),
            collection: c(7),
        });
    }
    plan
}

fn collection(
    id: &str,
    coder: &str,
    producers: &[usize],
    consumers: &[usize],
    is_bounded: bool,
) -> Collection {
    let stages = |ids: &[usize]| ids.iter().map(|id| StageId(*id)).collect();
    let is_global = coder == "bytes";
    Collection {
        id: id.to_owned(),
        name: id.to_owned(),
        producers: stages(producers),
        consumers: stages(consumers),
        side_consumers: Vec::new(),
        is_bounded,
        coder_id: coder.to_owned(),
        windowed_coder_id: String::new(),
        coders: coders(),
        windowing: Arc::new(windowing(is_global)),
    }
}

fn windowing(is_global: bool) -> WindowingStrategy {
    let (window_fn, coder) = if is_global {
        (StandardWindowFn::Global, "global")
    } else {
        (FixedWindows::of(WINDOW).into(), "interval")
    };
    WindowingStrategy {
        window_fn: Some(window_fn.to_proto()),
        window_coder_id: coder.to_owned(),
        output_time: purlin_proto::pipeline::output_time::Enum::EndOfWindow.into(),
        ..WindowingStrategy::default()
    }
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

fn sdk(input: usize, outputs: &[usize], is_splittable: bool) -> StageKind {
    StageKind::Sdk(Box::new(sdk_stage(input, outputs, is_splittable)))
}

fn sdk_stage(input: usize, outputs: &[usize], is_splittable: bool) -> SdkStage {
    let transform = PTransform {
        unique_name: "read".to_owned(),
        outputs: BTreeMap::from([("out".to_owned(), "numbers".to_owned())]),
        ..PTransform::default()
    };
    let descriptor = ProcessBundleDescriptor {
        transforms: BTreeMap::from([("read".to_owned(), transform)]),
        ..ProcessBundleDescriptor::default()
    };
    SdkStage {
        descriptor: Arc::new(descriptor),
        source: "source".to_owned(),
        input: CollectionId(input),
        outputs: outputs.iter().map(|id| (format!("sink{id}"), CollectionId(*id))).collect(),
        side_inputs: Vec::new(),
        is_splittable,
        draining: None,
        is_keyed: false,
        timers: Vec::new(),
        finalizes: is_splittable,
        environment_id: String::new(),
    }
}
