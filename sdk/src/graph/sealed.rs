//! A finished pipeline: the only thing that a runner receives.

use std::fmt::Write as _;
use std::sync::Arc;

use prost::Message;
use purlin_proto::pipeline as proto;
use sha2::{Digest, Sha256};

use crate::exec::FnTable;

/// A finished pipeline: Beam's own description of it, and the functions that the description names.
#[derive(Clone)]
pub struct Sealed {
    /// The pipeline as Beam's portability protocols describe it.
    pub pipeline: proto::Pipeline,
    /// The functions and element types that it names.
    pub table: Arc<FnTable>,
    /// What clears up after a run.
    pub(crate) at_end: Vec<super::AtEnd>,
}

impl Sealed {
    /// A SHA-256 of the whole graph, constants included: a worker that rebuilds the pipeline must
    /// arrive at the same. Environments are left out, because a runner chooses them.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        Self::fingerprint_of(&self.pipeline)
    }

    /// The [`fingerprint`](Self::fingerprint) of a pipeline of which only the description is here,
    /// as in a runner that got it from another process.
    #[must_use]
    pub fn fingerprint_of(pipeline: &proto::Pipeline) -> String {
        let mut pipeline = pipeline.clone();
        if let Some(components) = &mut pipeline.components {
            components.environments.clear();
        }
        hash(&pipeline)
    }

    /// A SHA-256 of the graph without constants such as paths: two runs of it can share state.
    #[must_use]
    pub fn shape(&self) -> String {
        let mut pipeline = self.pipeline.clone();
        if let Some(components) = &mut pipeline.components {
            components.environments.clear();
            for transform in components.transforms.values_mut() {
                transform.annotations.clear();
                transform.display_data.clear();
            }
        }
        hash(&pipeline)
    }

    /// The transforms as an indented list.
    #[must_use]
    pub fn explain(&self) -> String {
        let mut text = String::new();
        let components = self.pipeline.components.clone().unwrap_or_default();
        for id in &self.pipeline.root_transform_ids {
            explain(&components, id, 0, &mut text);
        }
        text
    }

    /// The leaf transforms and their collections as a Graphviz graph.
    #[must_use]
    pub fn dot(&self) -> String {
        let components = self.pipeline.components.clone().unwrap_or_default();
        let mut text = String::from("digraph pipeline {\n  rankdir=LR; node [shape=box];\n");
        let leaves = || components.transforms.iter().filter(|(_, t)| t.subtransforms.is_empty());
        for (id, transform) in leaves() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {id:?} [label={:?}];", transform.unique_name);
            for (local, input) in &transform.inputs {
                for (producer, _) in
                    leaves().filter(|(_, t)| t.outputs.values().any(|o| o == input))
                {
                    let _ = writeln!(text, "  {producer:?} -> {id:?} [label={local:?}];");
                }
            }
        }
        text.push_str("}\n");
        text
    }
}

fn explain(components: &proto::Components, id: &str, depth: usize, text: &mut String) {
    let Some(transform) = components.transforms.get(id) else { return };
    let name = transform.unique_name.rsplit('/').next().unwrap_or_default();
    let urn = transform.spec.as_ref().map_or("composite", |spec| spec.urn.as_str());
    let _ = write!(text, "{:indent$}{name} · {urn}", "", indent = depth * 2);
    if transform.subtransforms.is_empty() {
        let ids = |map: &std::collections::BTreeMap<String, String>| {
            map.values().cloned().collect::<Vec<_>>().join(", ")
        };
        let _ = write!(text, " · [{}] → [{}]", ids(&transform.inputs), ids(&transform.outputs));
    }
    text.push('\n');
    for child in &transform.subtransforms {
        explain(components, child, depth + 1, text);
    }
}

fn hash(pipeline: &proto::Pipeline) -> String {
    let digest = Sha256::digest(pipeline.encode_to_vec());
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
