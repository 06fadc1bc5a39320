//! A finished pipeline: the only thing that a runner receives.

use std::fmt::Write as _;
use std::sync::Arc;

use prost::Message;
use purlin_proto::pipeline as proto;
use sha2::{Digest, Sha256};

use crate::exec::FnTable;

/// A finished pipeline: Beam's own description of it, and the functions that the description names.
///
/// A runner plans from the field `pipeline`, Beam's message, and runs what it names from the field
/// `table`; neither is meant for programs. [`Sealed::to_bytes`] gives the message to other tools.
#[derive(Clone)]
pub struct Sealed {
    /// For runners: the pipeline as Beam's portability protocols describe it.
    #[doc(hidden)]
    pub pipeline: proto::Pipeline,
    /// For runners: the functions and element types that it names.
    #[doc(hidden)]
    pub table: Arc<FnTable>,
    /// What clears up after a run.
    pub(crate) at_end: Vec<super::AtEnd>,
}

impl Sealed {
    /// Beam's message `Pipeline`, encoded. It describes the whole graph, but functions only by their
    /// names.
    ///
    /// ```
    /// # use purlin_sdk::Pipeline;
    /// # fn main() -> purlin_sdk::Result<()> {
    /// let p = Pipeline::new();
    /// let _ = p.create(["a".to_owned()]).map(|word| word.len() as u64);
    /// assert_eq!(p.seal()?.to_bytes(), p.seal()?.to_bytes());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.pipeline.encode_to_vec()
    }

    /// Whether a collection of it is unbounded, so that it runs until it is stopped.
    #[must_use]
    pub fn is_streaming(&self) -> bool {
        let unbounded = i32::from(proto::is_bounded::Enum::Unbounded);
        let components = self.pipeline.components.iter();
        components
            .flat_map(|components| components.pcollections.values())
            .any(|collection| collection.is_bounded == unbounded)
    }

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
