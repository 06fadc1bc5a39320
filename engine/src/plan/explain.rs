//! A plan as text, for people and for tests.

use std::fmt::Write as _;

use super::coders::{Coders, urn_of};
use super::{Collection, CollectionId, Plan, SdkStage, Stage, StageKind};

/// How deep, and how long in bytes, coders are shown; the rest is `…`.
const CODER_DEPTH: usize = 12;
const CODER_LENGTH: usize = 160;

/// Stages with their transforms, inputs and outputs, then the collections between them.
pub(super) fn explain(plan: &Plan) -> String {
    let mut text = String::new();
    for stage in &plan.stages {
        stage_text(plan, stage, &mut text);
    }
    text.push_str("collections\n");
    for collection in &plan.collections {
        line(&mut text, "", &collection_text(collection));
    }
    text
}

fn stage_text(plan: &Plan, stage: &Stage, text: &mut String) {
    let (kind, inputs, outputs) = ends(&stage.kind);
    let heading = match &stage.kind {
        StageKind::Sdk(sdk) => format!("{kind} in `{}`{}", sdk.environment_id, marks(sdk)),
        StageKind::GroupByKey { combine: Some(of), .. } => format!("{kind} of combine `{}`", of.id),
        _ => kind.to_owned(),
    };
    let _ = writeln!(text, "stage {} `{}`: {heading}", stage.id.0, stage.name);
    for input in inputs {
        line(text, "reads", &plan.collections[input.0].name);
    }
    if let StageKind::Sdk(sdk) = &stage.kind {
        side_input_text(plan, sdk, text);
        transforms_text(sdk, text);
    }
    for output in outputs {
        line(text, "writes", &plan.collections[output.0].name);
    }
}

fn line(text: &mut String, verb: &str, what: &str) {
    let _ = if verb.is_empty() {
        writeln!(text, "  {what}")
    } else {
        writeln!(text, "  {verb:<6} {what}")
    };
}

/// The kind of a stage, what it reads and what it writes.
pub(super) fn ends(kind: &StageKind) -> (&'static str, Vec<CollectionId>, Vec<CollectionId>) {
    match kind {
        StageKind::Impulse { output } => ("impulse", vec![], vec![*output]),
        StageKind::TestStream { outputs, .. } => {
            ("test stream", vec![], outputs.iter().map(|(_, id)| *id).collect())
        }
        StageKind::GroupByKey { input, output, .. } => {
            ("group by key", vec![*input], vec![*output])
        }
        StageKind::Reshuffle { input, output } => ("reshuffle", vec![*input], vec![*output]),
        StageKind::Flatten { inputs, output } => ("flatten", inputs.clone(), vec![*output]),
        StageKind::Sdk(sdk) => {
            ("sdk", vec![sdk.input], sdk.outputs.iter().map(|(_, id)| *id).collect())
        }
    }
}

fn marks(sdk: &SdkStage) -> String {
    let marks = [
        (sdk.is_splittable, ", splittable"),
        (sdk.is_keyed, ", keyed"),
        (!sdk.timers.is_empty(), ", with timers"),
        (sdk.finalizes, ", finalizes"),
    ];
    marks.iter().filter(|(holds, _)| *holds).map(|(_, mark)| *mark).collect()
}

fn side_input_text(plan: &Plan, sdk: &SdkStage, text: &mut String) {
    for side_input in &sdk.side_inputs {
        let collection = &plan.collections[side_input.collection.0].name;
        let transform = sdk.descriptor.transforms.get(&side_input.transform_id);
        let name = transform.map_or("", |transform| &transform.unique_name);
        line(text, "side", &format!("{collection} as `{}` of {name}", side_input.local_name));
    }
}

/// The transforms but for the read and write nodes, sorted by the way the elements go.
fn transforms_text(sdk: &SdkStage, text: &mut String) {
    for transform in in_order(sdk) {
        let urn = transform.spec.as_ref().map_or("", |spec| &spec.urn);
        line(text, "runs", &format!("{} ({})", transform.unique_name, short(urn)));
    }
}

fn in_order(sdk: &SdkStage) -> Vec<&purlin_proto::pipeline::PTransform> {
    let transforms = &sdk.descriptor.transforms;
    let mut waiting: Vec<_> = transforms
        .values()
        .filter(|it| !it.spec.as_ref().is_some_and(|spec| spec.urn.starts_with("beam:runner:")))
        .collect();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let made_later: std::collections::BTreeSet<&String> =
            waiting.iter().flat_map(|transform| transform.outputs.values()).collect();
        let (ready, rest): (Vec<_>, Vec<_>) = waiting
            .iter()
            .partition(|transform| !transform.inputs.values().any(|id| made_later.contains(id)));
        if ready.is_empty() {
            order.extend(rest);
            break;
        }
        order.extend(ready);
        waiting = rest;
    }
    order
}

fn collection_text(collection: &Collection) -> String {
    let boundedness = if collection.is_bounded { "bounded" } else { "unbounded" };
    let window_fn = collection.windowing.window_fn.as_ref().map_or("", |window_fn| &window_fn.urn);
    let mut coder = String::new();
    coder_text(&collection.coders, &collection.coder_id, CODER_DEPTH, &mut coder);
    format!("{}: {coder}, {boundedness}, {}", collection.name, short(window_fn))
}

/// A coder as a type expression, such as `kv<bytes, varint>`.
fn coder_text(coders: &Coders, id: &str, depth: usize, text: &mut String) {
    let shown = coders.get(id).filter(|_| depth > 0 && text.len() < CODER_LENGTH);
    let Some(coder) = shown else {
        text.push('…');
        return;
    };
    text.push_str(short(urn_of(coder)));
    for (position, component) in coder.component_coder_ids.iter().enumerate() {
        text.push_str(if position == 0 { "<" } else { ", " });
        coder_text(coders, component, depth - 1, text);
        if text.len() >= CODER_LENGTH {
            break;
        }
    }
    if !coder.component_coder_ids.is_empty() {
        text.push('>');
    }
}

/// A URN of the model without what all of them share.
fn short(urn: &str) -> &str {
    let mut parts = urn.split(':');
    match (parts.next(), parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some("beam"), Some(_), Some(name), Some("v1"), None) => name,
        _ => urn,
    }
}
