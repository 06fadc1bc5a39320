//! What a worker must know of a descriptor to run its bundles.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use prost::Message;
use purlin_proto::fn_execution::{Elements, ProcessBundleDescriptor, elements};
use purlin_proto::pipeline::{PTransform, ParDoPayload};
use purlin_proto::urns::fn_api;
use purlin_sdk::Failure;
use purlin_sdk::exec::{Framing, Role, read_port};

/// A descriptor, read.
pub(crate) struct Stage {
    pub(crate) descriptor: Arc<ProcessBundleDescriptor>,
    /// How elements are framed at each read node.
    pub(crate) sources: BTreeMap<String, Framing>,
    /// What must be ended towards the worker.
    pub(crate) inputs: Terminators,
    /// What must be ended towards the runner.
    pub(crate) outputs: Terminators,
}

/// The streams of a bundle in one direction, each of which must be ended even if it was empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Terminators {
    /// Read or write nodes.
    pub(crate) data: BTreeSet<String>,
    /// Timer families, by transform and name.
    pub(crate) timers: BTreeSet<(String, String)>,
}

impl Stage {
    /// Reads a descriptor.
    pub(crate) fn new(descriptor: ProcessBundleDescriptor) -> Result<Self, Box<Failure>> {
        let mut stage = Self {
            sources: BTreeMap::new(),
            inputs: Terminators::default(),
            outputs: Terminators::default(),
            descriptor: Arc::new(descriptor),
        };
        for (id, transform) in &Arc::clone(&stage.descriptor).transforms {
            stage.add(id, transform)?;
        }
        Ok(stage)
    }

    fn add(&mut self, id: &str, transform: &PTransform) -> Result<(), Box<Failure>> {
        let Some(spec) = &transform.spec else { return Ok(()) };
        match spec.urn.as_str() {
            fn_api::DATA_SOURCE => {
                let port = read_port(transform, &self.descriptor)?;
                self.sources.insert(id.to_owned(), port.declared);
                self.inputs.data.insert(id.to_owned());
            }
            fn_api::DATA_SINK => {
                self.outputs.data.insert(id.to_owned());
            }
            urn if Role::of_urn(urn).is_some_and(|role| role <= Role::ProcessSized) => {
                let payload = ParDoPayload::decode(spec.payload.clone())
                    .map_err(|error| Failure::from_error(&error))?;
                for family in payload.timer_family_specs.into_keys() {
                    self.inputs.timers.insert((id.to_owned(), family.clone()));
                    self.outputs.timers.insert((id.to_owned(), family));
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Terminators {
    /// The message that ends all these streams of a bundle.
    pub(crate) fn message(&self, instruction: &str) -> Elements {
        let data = self.data.iter().map(|transform| elements::Data {
            instruction_id: instruction.to_owned(),
            transform_id: transform.clone(),
            is_last: true,
            ..Default::default()
        });
        let timers = self.timers.iter().map(|(transform, family)| elements::Timers {
            instruction_id: instruction.to_owned(),
            transform_id: transform.clone(),
            timer_family_id: family.clone(),
            is_last: true,
            ..Default::default()
        });
        Elements { data: data.collect(), timers: timers.collect() }
    }

    /// Whether all have ended.
    pub(crate) fn is_empty(&self) -> bool {
        self.data.is_empty() && self.timers.is_empty()
    }
}
