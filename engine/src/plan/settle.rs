//! Settles the coders of collections that the runner itself makes.
//!
//! A runner groups and moves bytes without decoding them. So what it writes is encoded as what it
//! read, whatever coder an SDK declared for the output.

use purlin_proto::urns::coders as urn;

use super::coders::{self, Classes, Coders};
use super::error::Result;
use super::graph::{Graph, NodeKind};

/// Gives the outputs of Impulse, GroupByKey and Reshuffle the coders that they have in truth.
pub(super) fn settle(mut graph: Graph) -> Result<Graph> {
    let mut classes = Classes::default();
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let input_coder = match node.kind {
            NodeKind::GroupByKey { .. } | NodeKind::Reshuffle => {
                graph.collection(node.main_input()?.1)?.coder_id.clone()
            }
            NodeKind::Impulse => String::new(),
            _ => continue,
        };
        let output = node.output()?.1.clone();
        let coders = &mut graph.components.coders;
        let true_forms = match node.kind {
            NodeKind::GroupByKey { .. } => grouped(coders, &input_coder),
            NodeKind::Impulse => vec![coders::add(coders, urn::BYTES, &[])],
            _ => vec![input_coder],
        };
        let Some(collection) = graph.components.pcollections.get_mut(&output) else { continue };
        if !equals_one(&mut classes, coders, &collection.coder_id, &true_forms)? {
            collection.coder_id.clone_from(&true_forms[0]);
        }
    }
    Ok(graph)
}

fn equals_one(
    classes: &mut Classes,
    coders: &Coders,
    declared: &str,
    true_forms: &[String],
) -> Result<bool> {
    for form in true_forms {
        if classes.equal(coders, declared, form)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Pairs of key and iterable of values: an iterable that may be backed by state reads plain ones
/// too.
fn grouped(coders: &mut Coders, input: &str) -> Vec<String> {
    let Some((key, value)) = coders::key_value(coders, input) else {
        return vec![input.to_owned()];
    };
    let (key, value) = (key.to_owned(), value.to_owned());
    [urn::ITERABLE, urn::STATE_BACKED_ITERABLE]
        .map(|iterable| {
            let values = coders::add(coders, iterable, &[&value]);
            coders::add(coders, urn::KV, &[&key, &values])
        })
        .into()
}
