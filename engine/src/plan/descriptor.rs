//! Beam's description of a stage, as any SDK's worker executes it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort};
use purlin_proto::pipeline::{FunctionSpec, PCollection, PTransform};
use purlin_proto::urns::{fn_api, transforms as urn};

use super::coders::{self, Fnv};
use super::error::{PlanError, Result};
use super::graph::{Graph, Node, RESERVED_PREFIX, synthetic};
use super::payload;
use super::traits::{is_par_do, par_do_payload};

/// What a stage is made of.
pub(super) struct Parts<'a> {
    pub(super) graph: &'a Graph,
    pub(super) nodes: Vec<&'a Node>,
    pub(super) input: &'a str,
    pub(super) outputs: Vec<&'a str>,
    /// The coder of elements with windows of each collection at an edge.
    pub(super) windowed: &'a BTreeMap<String, String>,
}

/// The id of the read node of a collection.
pub(super) fn source_id(collection: &str) -> String {
    format!("{RESERVED_PREFIX}source:{collection}")
}

/// The id of the write node of a collection.
pub(super) fn sink_id(collection: &str) -> String {
    format!("{RESERVED_PREFIX}sink:{collection}")
}

impl Parts<'_> {
    /// Builds the descriptor. Its id is a hash of its content: workers cache descriptors by id
    /// for ever, so another content must never come under the same one.
    pub(super) fn descriptor(&self) -> Result<ProcessBundleDescriptor> {
        let mut descriptor = ProcessBundleDescriptor::default();
        for node in &self.nodes {
            let transform = PTransform {
                subtransforms: Vec::new(),
                display_data: Vec::new(),
                ..node.transform.clone()
            };
            descriptor.transforms.insert(node.id.clone(), transform);
        }
        self.join_writers(&mut descriptor)?;
        let (source, input) = self.port(fn_api::DATA_SOURCE, self.input);
        let source = PTransform { outputs: input, ..source };
        descriptor.transforms.insert(source_id(self.input), source);
        for collection in &self.outputs {
            let (sink, output) = self.port(fn_api::DATA_SINK, collection);
            let sink = PTransform { inputs: output, ..sink };
            descriptor.transforms.insert(sink_id(collection), sink);
        }
        self.close(&mut descriptor)?;
        let mut hash = Fnv::new();
        hash.write(&descriptor.encode_to_vec());
        descriptor.id = format!("{RESERVED_PREFIX}stage:{:016x}", hash.0);
        Ok(descriptor)
    }

    /// A read or write node without its side towards the stage, and that side.
    fn port(&self, port_urn: &str, collection: &str) -> (PTransform, BTreeMap<String, String>) {
        let coder_id = self.windowed.get(collection).cloned().unwrap_or_default();
        let port = RemoteGrpcPort { coder_id, ..Default::default() };
        let payload = port.encode_to_vec().into();
        let transform = PTransform {
            unique_name: format!("{port_urn}/{collection}"),
            spec: Some(FunctionSpec { urn: port_urn.to_owned(), payload }),
            ..Default::default()
        };
        (transform, BTreeMap::from([("data".to_owned(), collection.to_owned())]))
    }

    /// Puts a Flatten where several outputs of the stage go to one collection: a collection has
    /// one producer in the eyes of a worker.
    fn join_writers(&self, descriptor: &mut ProcessBundleDescriptor) -> Result<()> {
        let mut writers: BTreeMap<&str, Vec<(&Node, &String)>> = BTreeMap::new();
        for &node in &self.nodes {
            for (local, id) in &node.transform.outputs {
                writers.entry(id).or_default().push((node, local));
            }
        }
        for (collection, writers) in writers.into_iter().filter(|(_, writers)| writers.len() > 1) {
            self.join(descriptor, collection, &writers)?;
        }
        Ok(())
    }

    fn join(
        &self,
        descriptor: &mut ProcessBundleDescriptor,
        collection: &str,
        writers: &[(&Node, &String)],
    ) -> Result<()> {
        let mut joined = BTreeMap::new();
        let mut name = None;
        let mut taken: BTreeSet<String> = BTreeSet::new();
        for (index, (node, local)) in writers.iter().enumerate() {
            let part = self.graph.parts.get(&(node.id.clone(), (*local).clone()));
            name = name.or(part.map(|part| part.flatten.clone()));
            let mut id = part.map(|part| part.collection.clone()).unwrap_or_default();
            if id.is_empty() || !taken.insert(id.clone()) {
                id = synthetic(&node.id, &format!("out:{local}"));
                let like = self.graph.collection(collection)?.clone();
                descriptor.pcollections.insert(id.clone(), like);
            }
            if let Some(transform) = descriptor.transforms.get_mut(&node.id) {
                transform.outputs.insert((*local).clone(), id.clone());
            }
            joined.insert(index.to_string(), id);
        }
        let flatten = PTransform {
            unique_name: name.unwrap_or_else(|| format!("{collection}/Flatten")),
            spec: Some(FunctionSpec { urn: urn::FLATTEN.to_owned(), ..Default::default() }),
            inputs: joined,
            outputs: BTreeMap::from([("out".to_owned(), collection.to_owned())]),
            environment_id: writers[0].0.transform.environment_id.clone(),
            ..Default::default()
        };
        descriptor.transforms.insert(synthetic(collection, "join"), flatten);
        Ok(())
    }

    /// Adds all that the transforms refer to, directly or not, and nothing else: SDKs fail on what
    /// is missing, and a big pipeline has too many components to send all with each stage.
    fn close(&self, descriptor: &mut ProcessBundleDescriptor) -> Result<()> {
        let ids: BTreeSet<String> = descriptor
            .transforms
            .values()
            .flat_map(|transform| transform.inputs.values().chain(transform.outputs.values()))
            .cloned()
            .collect();
        let mut coder_ids = self.payload_coders()?;
        for id in ids {
            if let Entry::Vacant(vacant) = descriptor.pcollections.entry(id) {
                let collection = self.graph.collection(vacant.key())?.clone();
                vacant.insert(collection);
            }
        }
        for collection in descriptor.pcollections.values_mut() {
            collection.display_data.clear();
            coder_ids.insert(collection.coder_id.clone());
        }
        let strategies: BTreeSet<String> =
            descriptor.pcollections.values().map(strategy_id).collect();
        for id in strategies {
            coder_ids.insert(self.add_strategy(descriptor, id)?);
        }
        let edges = self.outputs.iter().chain([&self.input]);
        coder_ids.extend(edges.filter_map(|id| self.windowed.get(*id).cloned()));
        for id in coder_ids {
            coders::close_over(&self.graph.components.coders, &id, &mut descriptor.coders)?;
        }
        let used: BTreeSet<String> =
            descriptor.transforms.values().map(|it| it.environment_id.clone()).collect();
        used.iter().for_each(|id| self.add_environment(descriptor, id));
        Ok(())
    }

    /// Adds a windowing strategy and returns its window coder.
    fn add_strategy(&self, to: &mut ProcessBundleDescriptor, id: String) -> Result<String> {
        let strategy = self.graph.components.windowing_strategies.get(&id);
        let strategy = strategy
            .ok_or_else(|| PlanError::dangling("the pipeline", "windowing strategy", &id))?
            .clone();
        self.add_environment(to, &strategy.environment_id);
        let coder_id = strategy.window_coder_id.clone();
        to.windowing_strategies.insert(id, strategy);
        Ok(coder_id)
    }

    fn add_environment(&self, to: &mut ProcessBundleDescriptor, id: &str) {
        let found = self.graph.components.environments.get_key_value(id);
        to.environments.extend(found.map(|(id, found)| (id.clone(), found.clone())));
    }

    /// The coders that only payloads name.
    fn payload_coders(&self) -> Result<BTreeSet<String>> {
        let mut ids = BTreeSet::new();
        for node in &self.nodes {
            if is_par_do(node.urn()) {
                let mut payload = par_do_payload(&node.id, &node.transform)?;
                ids.extend(payload::coder_ids(&mut payload).into_iter().map(|id| id.clone()));
                ids.insert(payload.restriction_coder_id);
            } else if payload::is_combine_part(node.urn()) {
                ids.insert(super::lift_combine::accumulator_coder(node)?);
            }
        }
        ids.remove("");
        Ok(ids)
    }
}

fn strategy_id(collection: &PCollection) -> String {
    collection.windowing_strategy_id.clone()
}
