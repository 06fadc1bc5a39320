//! Expands combines per key: lifted, with a part before the shuffle, where that changes nothing.

use std::collections::BTreeMap;

use prost::Message;
use purlin_proto::pipeline::{CombinePayload, FunctionSpec, Trigger, trigger};
use purlin_proto::urns::{coders as coder_urn, transforms as urn};

use super::coders;
use super::error::{PlanError, Result};
use super::graph::{Derived, Graph, Node, NodeKind, synthetic};

/// Replaces each combine per key by its parts.
pub(super) fn lift_combine(mut graph: Graph, lift: bool) -> Result<Graph> {
    let nodes = std::mem::take(&mut graph.nodes);
    for node in nodes {
        if !matches!(node.kind, NodeKind::Combine) {
            graph.nodes.push(node);
        } else if lift && is_liftable(&graph, &node)? {
            expand_lifted(&mut graph, &node)?;
        } else {
            expand_plainly(&mut graph, &node)?;
        }
    }
    Ok(graph)
}

/// Whether a trigger sees the same after elements of a bundle were combined into one.
fn is_liftable(graph: &Graph, node: &Node) -> Result<bool> {
    let strategy_id = &graph.collection(node.main_input()?.1)?.windowing_strategy_id;
    let strategy = graph.components.windowing_strategies.get(strategy_id);
    Ok(strategy.and_then(|strategy| strategy.trigger.as_ref()).is_none_or(ignores_counts))
}

/// Whether a trigger never counts beyond the first element.
fn ignores_counts(root: &Trigger) -> bool {
    use trigger::Trigger as T;
    let mut stack = vec![root];
    while let Some(Trigger { trigger: Some(trigger) }) = stack.pop() {
        match trigger {
            T::ElementCount(count) if count.element_count > 1 => return false,
            T::AfterAll(all) => stack.extend(&all.subtriggers),
            T::AfterAny(any) => stack.extend(&any.subtriggers),
            T::AfterEach(each) => stack.extend(&each.subtriggers),
            T::AfterEndOfWindow(end) => {
                stack.extend(end.early_firings.as_deref());
                stack.extend(end.late_firings.as_deref());
            }
            T::OrFinally(or) => {
                stack.extend(or.main.as_deref());
                stack.extend(or.finally.as_deref());
            }
            T::Repeat(repeat) => stack.extend(repeat.subtrigger.as_deref()),
            _ => {}
        }
    }
    true
}

/// What both expansions need to know about a combine.
struct Combine<'a> {
    node: &'a Node,
    input_local: &'a str,
    input: &'a str,
    output: &'a str,
    key: String,
    value: String,
}

impl<'a> Combine<'a> {
    fn of(graph: &Graph, node: &'a Node) -> Result<Self> {
        let (input_local, input) = node.main_input()?;
        let coder_id = &graph.collection(input)?.coder_id;
        let pair = coders::key_value(&graph.components.coders, coder_id);
        let Some((key, value)) = pair else {
            return Err(PlanError::malformed(format!(
                "{} reads `{input}`, whose coder `{coder_id}` is not of key-value pairs",
                node.place()
            )));
        };
        let (key, value) = (key.to_owned(), value.to_owned());
        Ok(Self { node, input_local, input, output: node.output()?.1, key, value })
    }

    fn part(&self, id: &str, suffix: &'a str, part_urn: &str, edge: (&str, &str)) -> Derived<'a> {
        let payload = self.node.transform.spec.clone().unwrap_or_default().payload;
        Derived {
            id: synthetic(&self.node.id, id),
            of: self.node,
            suffix,
            spec: FunctionSpec { urn: part_urn.to_owned(), payload },
            inputs: BTreeMap::from([(self.input_local.to_owned(), edge.0.to_owned())]),
            outputs: BTreeMap::from([("out".to_owned(), edge.1.to_owned())]),
        }
    }

    /// The part that produces the combine's own output, and has its id: what is counted there is
    /// counted for the user's transform.
    fn last_part(&self, suffix: &'a str, part_urn: &str, input: &str) -> Derived<'a> {
        Derived {
            id: self.node.id.clone(),
            outputs: self.node.transform.outputs.clone(),
            ..self.part("", suffix, part_urn, (input, self.output))
        }
    }

    fn group(&self, input: &str, grouped: &str, is_lifted: bool) -> Node {
        let combine = is_lifted.then(|| self.node.id.clone());
        let group = self.part("group", "GroupByKey", urn::GROUP_BY_KEY, (input, grouped));
        let spec = FunctionSpec { payload: bytes::Bytes::new(), ..group.spec };
        Derived { spec, ..group }.runner_node(NodeKind::GroupByKey { combine })
    }
}

/// Adds the collection of grouped `values`, windowed like the combine's output.
fn add_grouped(graph: &mut Graph, combine: &Combine<'_>, values: &str) -> Result<String> {
    let coders = &mut graph.components.coders;
    let iterable = coders::add(coders, coder_urn::ITERABLE, &[values]);
    let coder = coders::add(coders, coder_urn::KV, &[&combine.key, &iterable]);
    graph.add_collection(combine.node, "grouped", &coder, combine.output)
}

fn expand_lifted(graph: &mut Graph, node: &Node) -> Result<()> {
    let combine = Combine::of(graph, node)?;
    let accumulator = accumulator_coder(node)?;
    let coder =
        coders::add(&mut graph.components.coders, coder_urn::KV, &[&combine.key, &accumulator]);
    let precombined = graph.add_collection(node, "precombined", &coder, combine.input)?;
    let grouped = add_grouped(graph, &combine, &accumulator)?;
    let merged = graph.add_collection(node, "merged", &coder, combine.output)?;

    let edge = (combine.input, precombined.as_str());
    let precombine =
        combine.part("precombine", "Precombine", urn::COMBINE_PER_KEY_PRECOMBINE, edge);
    let edge = (grouped.as_str(), merged.as_str());
    let merge =
        combine.part("merge", "MergeAccumulators", urn::COMBINE_PER_KEY_MERGE_ACCUMULATORS, edge);
    let extract =
        combine.last_part("ExtractOutputs", urn::COMBINE_PER_KEY_EXTRACT_OUTPUTS, &merged);
    graph.nodes.push(precombine.sdk_node()?);
    graph.nodes.push(combine.group(&precombined, &grouped, true));
    graph.nodes.push(merge.sdk_node()?);
    graph.nodes.push(extract.sdk_node()?);
    Ok(())
}

fn expand_plainly(graph: &mut Graph, node: &Node) -> Result<()> {
    let combine = Combine::of(graph, node)?;
    let grouped = add_grouped(graph, &combine, &combine.value)?;
    let last = combine.last_part("CombineValues", urn::COMBINE_GROUPED_VALUES, &grouped);
    graph.nodes.push(combine.group(combine.input, &grouped, false));
    graph.nodes.push(last.sdk_node()?);
    Ok(())
}

/// The coder of accumulators that the payload names.
pub(super) fn accumulator_coder(node: &Node) -> Result<String> {
    let payload = node.transform.spec.clone().unwrap_or_default().payload;
    let payload = CombinePayload::decode(payload).map_err(|error| {
        let place = node.place();
        PlanError::malformed(format!("the payload of {place} is no `CombinePayload`: {error}"))
    })?;
    Ok(payload.accumulator_coder_id)
}
