//! Runs one transform of a pipeline in unit tests, without a runner.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, StateKey};

use super::router::{Router, Slot};
use super::unit::{Cx, Unit, UnitResult, UnitSpec, typed};
use super::{AnyBatch, Batch, Chunk, ExecConfig, Failure, FnTable, Host, Role, StatePage};
use crate::element::Element;
use crate::graph::Sealed;
use crate::pipeline::Pipeline;
use crate::window::Stamp;

/// A host whose state cells are filled beforehand.
#[derive(Clone, Default)]
pub(crate) struct TestHost {
    /// The pages of a cell, by its encoded key.
    cells: BTreeMap<Vec<u8>, Vec<Bytes>>,
    /// How many pages were read.
    pub(crate) reads: Arc<Mutex<usize>>,
}

impl TestHost {
    pub(crate) fn fill(&mut self, key: &StateKey, pages: Vec<Bytes>) {
        self.cells.insert(key.encode_to_vec(), pages);
    }
}

impl Host for TestHost {
    fn emit(&mut self, sink: &str, _: Chunk) -> Result<(), Box<Failure>> {
        Err(Failure::new(format!("no write node `{sink}`")))
    }

    fn get_state(&mut self, key: &StateKey, token: &Bytes) -> Result<StatePage, Box<Failure>> {
        *self.reads.lock().expect("no test panics here") += 1;
        let Some(pages) = self.cells.get(&key.encode_to_vec()) else {
            return Ok(StatePage::default());
        };
        let at = token.first().map_or(0, |at| usize::from(*at));
        let next =
            if at + 1 < pages.len() { vec![u8::try_from(at + 1).expect("few")] } else { vec![] };
        Ok(StatePage { data: pages[at].clone(), next: next.into() })
    }

    fn append_state(&mut self, _: &StateKey, _: Bytes) -> Result<(), Box<Failure>> {
        Err(Failure::new("no state"))
    }

    fn clear_state(&mut self, _: &StateKey) -> Result<(), Box<Failure>> {
        Err(Failure::new("no state"))
    }

    fn set_timers(&mut self, _: &str, _: &str, _: Bytes) -> Result<(), Box<Failure>> {
        Err(Failure::new("no timers"))
    }
}

/// Runs bundles of batches through the transform `name` of a pipeline in a role, and gives what
/// its first output gets, bundle by bundle.
pub(crate) fn run<I: Element, O: Element>(
    pipeline: &Pipeline,
    name: &str,
    role: Role,
    host: &TestHost,
    bundles: Vec<Vec<Batch<I>>>,
) -> UnitResult<Vec<Vec<(O, Stamp)>>> {
    let sealed = pipeline.seal().expect("the pipeline is right");
    let stage = Stage::new(&sealed, name, role)?;
    let mut outputs = Vec::new();
    for bundle in bundles {
        stage.start(host)?;
        for batch in bundle {
            stage.process(batch)?;
        }
        outputs.push(stage.finish()?);
    }
    Ok(outputs)
}

/// One transform of a pipeline in a stage of its own.
pub(crate) struct Stage<O> {
    router: Arc<Router>,
    collected: Arc<Mutex<Vec<(O, Stamp)>>>,
}

impl<O: Element> Stage<O> {
    /// A stage of the transform `name` of a pipeline in a role.
    pub(crate) fn new(sealed: &Sealed, name: &str, role: Role) -> UnitResult<Self> {
        let (descriptor, id) = descriptor(&sealed.pipeline, name);
        Self::of(&descriptor, &id, &sealed.table, role)
    }

    /// A stage of the transform `id` of a descriptor.
    pub(crate) fn of(
        descriptor: &Arc<ProcessBundleDescriptor>,
        id: &str,
        table: &FnTable,
        role: Role,
    ) -> UnitResult<Self> {
        let collected = Arc::new(Mutex::new(Vec::new()));
        let unit = unit(descriptor, id, table, role)?;
        let collector = Collect { collected: Arc::clone(&collected) };
        let name = &descriptor.transforms[id].unique_name;
        let slots = vec![
            slot((id, name), unit, vec![vec![1]]),
            slot(("collect", "collect"), Box::new(collector), vec![]),
        ];
        Ok(Self { router: Arc::new(Router::new(slots)), collected })
    }

    pub(crate) fn start<H: Host + Clone + 'static>(&self, host: &H) -> UnitResult {
        drop(self.router.take_effects());
        self.router.set_host(Some(Box::new(host.clone())));
        self.router.each(|unit, cx| unit.start_bundle(cx))
    }

    pub(crate) fn process<I: Element>(&self, batch: Batch<I>) -> UnitResult {
        self.router.enter(0, |unit, cx| unit.process(Box::new(batch), cx))
    }

    pub(crate) fn timers(&self, family: &str, timers: &Bytes) -> UnitResult {
        self.router.enter(0, |unit, cx| unit.process_timers(family, timers, cx))
    }

    /// Ends the bundle, and gives what the transform has put out.
    pub(crate) fn finish(&self) -> UnitResult<Vec<(O, Stamp)>> {
        self.router.each(|unit, cx| unit.finish_bundle(cx))?;
        Ok(std::mem::take(&mut *self.collected.lock().expect("no test panics here")))
    }
}

/// The id of the transform `name` of a pipeline.
pub(crate) fn transform_id(pipeline: &Pipeline, name: &str) -> String {
    let sealed = pipeline.seal().expect("the pipeline is right");
    descriptor(&sealed.pipeline, name).1
}

pub(crate) fn descriptor(
    pipeline: &purlin_proto::pipeline::Pipeline,
    name: &str,
) -> (Arc<ProcessBundleDescriptor>, String) {
    let components = pipeline.components.clone().expect("it is sealed");
    let mut named = components.transforms.iter().filter(|(_, t)| t.unique_name == name);
    let id = named.next().expect("it has this transform").0.clone();
    let descriptor = ProcessBundleDescriptor {
        transforms: components.transforms,
        pcollections: components.pcollections,
        windowing_strategies: components.windowing_strategies,
        coders: components.coders,
        ..ProcessBundleDescriptor::default()
    };
    (Arc::new(descriptor), id)
}

fn unit(
    descriptor: &Arc<ProcessBundleDescriptor>,
    id: &str,
    table: &FnTable,
    role: Role,
) -> UnitResult<Box<dyn Unit>> {
    let transform = &descriptor.transforms[id];
    let spec = UnitSpec {
        transform_id: id,
        transform,
        descriptor,
        codecs: &table.codecs,
        window_fns: &table.window_fns,
        config: &ExecConfig::default(),
        ports: transform.outputs.keys().cloned().zip(0..).collect(),
    };
    table.functions[&transform.unique_name].operator.unit(role, &spec)
}

fn slot((id, name): (&str, &str), unit: Box<dyn Unit>, consumers: Vec<Vec<usize>>) -> Slot {
    Slot {
        unit: Mutex::new(Some(unit)),
        transform_id: id.to_owned(),
        name: name.to_owned(),
        applied_at: None,
        consumers,
    }
}

struct Collect<O> {
    collected: Arc<Mutex<Vec<(O, Stamp)>>>,
}

impl<O: Element> Unit for Collect<O> {
    fn process(&mut self, batch: Box<dyn AnyBatch>, _: &Cx<'_>) -> UnitResult {
        let Batch { values, stamps } = typed::<O>(batch)?;
        let mut collected = self.collected.lock().expect("no test panics here");
        collected.extend(values.into_iter().enumerate().map(|(row, v)| (v, stamps.get(row))));
        Ok(())
    }
}
