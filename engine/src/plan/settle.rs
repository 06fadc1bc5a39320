//! Settles the coders of collections that the runner itself makes.
//!
//! A runner groups and moves bytes without decoding them. So what it writes is encoded as what it
//! read, whatever coder an SDK declared for the output.

use purlin_proto::urns::coders as urn;

use super::coders::{self, Classes};
use super::error::Result;
use super::graph::{Graph, NodeKind};

/// Gives the outputs of GroupByKey and Reshuffle the coders that follow from their inputs.
pub(super) fn settle(mut graph: Graph) -> Result<Graph> {
    let mut classes = Classes::default();
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let (makes, input) = match node.kind {
            NodeKind::GroupByKey { .. } => (grouped as Makes, node.main_input()?.1.clone()),
            NodeKind::Reshuffle => (same as Makes, node.main_input()?.1.clone()),
            _ => continue,
        };
        let output = node.output()?.1.clone();
        let input_coder = graph.collection(&input)?.coder_id.clone();
        let declared = graph.collection(&output)?.coder_id.clone();
        let coder_id = makes(&mut graph.components.coders, &mut classes, &input_coder, &declared)?;
        if let Some(collection) = graph.components.pcollections.get_mut(&output) {
            collection.coder_id = coder_id;
        }
    }
    Ok(graph)
}

/// From the input's coder and the declared one to the true one of the output.
type Makes = fn(&mut coders::Coders, &mut Classes, &str, &str) -> Result<String>;

fn same(
    coders: &mut coders::Coders,
    classes: &mut Classes,
    input: &str,
    declared: &str,
) -> Result<String> {
    let is_same = classes.equal(coders, input, declared)?;
    Ok(if is_same { declared.to_owned() } else { input.to_owned() })
}

fn grouped(
    coders: &mut coders::Coders,
    classes: &mut Classes,
    input: &str,
    declared: &str,
) -> Result<String> {
    let Some((key, value)) = coders::key_value(coders, input) else {
        return Ok(declared.to_owned());
    };
    let (key, value) = (key.to_owned(), value.to_owned());
    let iterable = coders::add(coders, urn::ITERABLE, &[&value]);
    let derived = coders::add(coders, urn::KV, &[&key, &iterable]);
    let backed = coders::add(coders, urn::STATE_BACKED_ITERABLE, &[&value]);
    let backed = coders::add(coders, urn::KV, &[&key, &backed]);
    // What is backed by state reads plain iterables too.
    let is_right =
        classes.equal(coders, &derived, declared)? || classes.equal(coders, &backed, declared)?;
    Ok(if is_right { declared.to_owned() } else { derived })
}
