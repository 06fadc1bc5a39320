//! From a descriptor to units and edges.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use purlin_proto::fn_execution::ProcessBundleDescriptor;
use purlin_proto::pipeline::{PTransform, ParDoPayload};
use purlin_proto::urns;

use super::mapping::{self, MapWindows};
use super::merging::{self, MergeWindows};
use super::pass::PassThrough;
use super::port::read_port;
use super::router::{Router, Slot};
use super::sink::Sink;
use super::source::Source;
use super::table::Edge;
use super::unit::{Unit, UnitResult, UnitSpec};
use super::window::AssignWindows;
use super::{ExecConfig, Failure, FnTable, PortCodec};

struct Wiring<'a> {
    descriptor: &'a Arc<ProcessBundleDescriptor>,
    table: &'a FnTable,
    config: &'a ExecConfig,
    /// Which transforms read a collection as their main input.
    readers: BTreeMap<&'a str, Vec<&'a str>>,
}

/// Makes the units of a descriptor and the edges between them.
pub(super) fn wire(
    descriptor: &Arc<ProcessBundleDescriptor>,
    table: &FnTable,
    config: &ExecConfig,
) -> UnitResult<(Router, BTreeMap<String, Source>)> {
    let mut readers: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (id, transform) in &descriptor.transforms {
        for input in main_inputs(transform)? {
            readers.entry(input).or_default().push(id);
        }
    }
    Wiring { descriptor, table, config, readers }.build()
}

/// The inputs of a transform that are not side inputs.
pub(super) fn main_inputs(transform: &PTransform) -> UnitResult<impl Iterator<Item = &str>> {
    let side_inputs = match &transform.spec {
        Some(spec) if is_par_do(&spec.urn) => side_inputs(spec)?,
        _ => BTreeSet::new(),
    };
    let inputs = transform.inputs.iter().filter(move |(local, _)| !side_inputs.contains(*local));
    Ok(inputs.map(|(_, id)| id.as_str()))
}

fn is_par_do(urn: &str) -> bool {
    super::table::Role::of_urn(urn).is_some_and(|role| role <= super::table::Role::ProcessSized)
}

fn side_inputs(spec: &purlin_proto::pipeline::FunctionSpec) -> UnitResult<BTreeSet<String>> {
    let payload: ParDoPayload = prost::Message::decode(spec.payload.clone())
        .map_err(|error: prost::DecodeError| Failure::from_error(&error))?;
    Ok(payload.side_inputs.into_keys().collect())
}

impl<'a> Wiring<'a> {
    fn build(&self) -> UnitResult<(Router, BTreeMap<String, Source>)> {
        let order = self.topological_order()?;
        let index: BTreeMap<&str, usize> =
            order.iter().enumerate().map(|(index, id)| (*id, index)).collect();
        let mut slots = Vec::with_capacity(order.len());
        let mut sources = BTreeMap::new();
        for (position, id) in order.iter().enumerate() {
            let transform = &self.descriptor.transforms[*id];
            if urn_of(transform) == urns::fn_api::DATA_SOURCE {
                sources.insert((*id).to_owned(), self.source(transform, position)?);
            }
            slots.push(self.slot(id, transform, &index)?);
        }
        Ok((Router::new(slots), sources))
    }

    /// Transforms, producers first. Starting and finishing bundles follows this order, so that
    /// what a unit sends on at the end finds its consumers unfinished.
    fn topological_order(&self) -> UnitResult<Vec<&'a str>> {
        let mut waiting: BTreeMap<&str, usize> = BTreeMap::new();
        for (id, transform) in &self.descriptor.transforms {
            waiting.insert(id, main_inputs(transform)?.count());
        }
        let mut ready: Vec<&str> =
            waiting.iter().filter(|(_, inputs)| **inputs == 0).map(|(id, _)| *id).collect();
        let mut order = Vec::with_capacity(waiting.len());
        while let Some(id) = ready.pop() {
            order.push(id);
            for output in self.descriptor.transforms[id].outputs.values() {
                for reader in self.readers.get(output.as_str()).into_iter().flatten() {
                    if let Some(inputs) = waiting.get_mut(reader) {
                        *inputs -= 1;
                        if *inputs == 0 {
                            ready.push(reader);
                        }
                    }
                }
            }
        }
        if order.len() < waiting.len() {
            return Err(Failure::new("a stage has transforms that nothing feeds, or a cycle"));
        }
        Ok(order)
    }

    fn slot(
        &self,
        id: &str,
        transform: &'a PTransform,
        index: &BTreeMap<&str, usize>,
    ) -> UnitResult<Slot> {
        let function = self.table.function(transform)?;
        let mut slot = Slot {
            unit: Mutex::new(None),
            transform_id: id.to_owned(),
            name: transform.unique_name.clone(),
            applied_at: function.map(|(_, function)| function.applied_at.clone()),
            consumers: self.consumers(transform, index),
        };
        let unit = self.unit(id, transform).map_err(|mut failure| {
            if failure.transform.is_empty() {
                failure.transform.clone_from(&slot.name);
                failure.applied_at.clone_from(&slot.applied_at);
            }
            failure
        })?;
        slot.unit = Mutex::new(Some(unit));
        Ok(slot)
    }

    fn consumers(&self, transform: &PTransform, index: &BTreeMap<&str, usize>) -> Vec<Vec<usize>> {
        let behind = |output: &String| {
            let readers = self.readers.get(output.as_str()).into_iter().flatten();
            readers.filter_map(|reader| index.get(reader).copied()).collect()
        };
        transform.outputs.values().map(behind).collect()
    }

    fn unit(&self, id: &str, transform: &'a PTransform) -> UnitResult<Box<dyn Unit>> {
        if let Some((role, function)) = self.table.function(transform)? {
            let ports = transform.outputs.keys().cloned().zip(0..).collect();
            let spec = UnitSpec {
                transform_id: id,
                transform,
                descriptor: self.descriptor,
                codecs: &self.table.codecs,
                window_fns: &self.table.window_fns,
                config: self.config,
                ports,
            };
            return function.operator.unit(role, &spec);
        }
        match urn_of(transform) {
            urns::fn_api::DATA_SOURCE | urns::transforms::FLATTEN => Ok(Box::new(PassThrough)),
            urns::fn_api::DATA_SINK => self.sink(id, transform),
            urns::transforms::ASSIGN_WINDOWS => {
                Ok(Box::new(AssignWindows::new(transform, &self.table.window_fns)?))
            }
            urns::transforms::MAP_WINDOWS => {
                Ok(Box::new(MapWindows::new(transform, &self.table.window_fns)?))
            }
            urns::transforms::MERGE_WINDOWS => {
                Ok(Box::new(MergeWindows::new(transform, &self.table.window_fns)?))
            }
            other => Err(Failure::new(format!("a transform of URN `{other}` cannot run here"))),
        }
    }

    fn source(&self, transform: &PTransform, unit: usize) -> UnitResult<Source> {
        let collection = only("output", &transform.outputs)?;
        let codec = self.input_codec(collection)?;
        let port = read_port(transform, self.descriptor)?;
        port.check(&codec.spec(), self.descriptor)?;
        Ok(Source::new(unit, codec, port))
    }

    fn sink(&self, id: &str, transform: &PTransform) -> UnitResult<Box<dyn Unit>> {
        let collection = only("input", &transform.inputs)?;
        let codec = self.output_codec(collection)?;
        let port = read_port(transform, self.descriptor)?;
        port.check(&codec.spec(), self.descriptor)?;
        Ok(Box::new(Sink::new(id, codec, port, self.config)))
    }

    /// The codec of what a read node reads: of the pipeline's own collection, or as the consumer
    /// of a synthetic one knows it.
    fn input_codec(&self, collection: &str) -> UnitResult<Arc<dyn PortCodec>> {
        if let Some(codec) = self.table.codecs.get(collection) {
            return Ok(Arc::clone(codec));
        }
        for reader in self.readers.get(collection).into_iter().flatten() {
            let transform = &self.descriptor.transforms[*reader];
            match urn_of(transform) {
                urns::transforms::MAP_WINDOWS => {
                    return mapping::requests(collection, self.descriptor);
                }
                urns::transforms::MERGE_WINDOWS => {
                    let [requests, _] = merging::codecs(transform, &self.table.window_fns)?;
                    return Ok(requests);
                }
                _ => {}
            }
            if let Some((role, function)) = self.table.function(transform)?
                && let Some(codec) = function.operator.codec(role, Edge::Input)
            {
                return Ok(codec);
            }
        }
        Err(unknown(collection))
    }

    /// The codec of what a write node writes.
    fn output_codec(&self, collection: &str) -> UnitResult<Arc<dyn PortCodec>> {
        if let Some(codec) = self.table.codecs.get(collection) {
            return Ok(Arc::clone(codec));
        }
        for transform in self.descriptor.transforms.values() {
            let produced = transform.outputs.iter().find(|(_, id)| *id == collection);
            let Some((local, _)) = produced else { continue };
            match urn_of(transform) {
                urns::transforms::MAP_WINDOWS => {
                    return mapping::answers(transform, &self.table.window_fns);
                }
                urns::transforms::MERGE_WINDOWS => {
                    let [_, answers] = merging::codecs(transform, &self.table.window_fns)?;
                    return Ok(answers);
                }
                _ => {}
            }
            if let Some((role, function)) = self.table.function(transform)?
                && let Some(codec) = function.operator.codec(role, Edge::Output(local))
            {
                return Ok(codec);
            }
            if urn_of(transform) == urns::fn_api::DATA_SOURCE {
                return self.input_codec(collection);
            }
        }
        Err(unknown(collection))
    }
}

fn urn_of(transform: &PTransform) -> &str {
    transform.spec.as_ref().map_or("", |spec| spec.urn.as_str())
}

fn only<'m>(what: &str, map: &'m BTreeMap<String, String>) -> UnitResult<&'m str> {
    let mut ids = map.values();
    match (ids.next(), ids.next()) {
        (Some(id), None) => Ok(id),
        _ => Err(Failure::new(format!("a read or write node has not exactly one {what}"))),
    }
}

fn unknown(collection: &str) -> Box<Failure> {
    Failure::new(format!("this program does not know the element type of `{collection}`"))
}
