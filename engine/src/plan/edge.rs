//! The coders at the edges of stages, where a runner must find its way through the bytes.
//!
//! A coder that the runner does not know becomes length-prefixed: on each branch of the coder the
//! first unknown one is wrapped. It is done once per collection, and alike for state and timers,
//! so that the bytes of a key are the same wherever it occurs.

use std::collections::{BTreeMap, BTreeSet};

use prost::Message;
use purlin_proto::pipeline::{Coder, Components};
use purlin_proto::urns::coders as urn;

use super::coders::{self, Coders};
use super::error::Result;
use super::graph::{Graph, Node};
use super::payload;
use super::traits::par_do_payload;

/// Rewrites the coders of `materialised` collections, of windows, state and timers. Returns the
/// coder of elements with their windows for each of those collections.
pub(super) fn settle_edges<'a>(
    graph: &mut Graph,
    materialised: impl Iterator<Item = &'a String>,
    known: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>> {
    let mut environments = graph.components.environments.values();
    let has_custom_windows = environments
        .all(|environment| environment.capabilities.iter().any(|urn| urn == urn::CUSTOM_WINDOW));
    let mut forms = Forms { known, has_custom_windows, done: BTreeMap::new() };
    settle_windows(graph, &mut forms)?;
    let mut windowed = BTreeMap::new();
    for id in materialised {
        windowed.insert(id.clone(), settle_collection(graph, &mut forms, id)?);
    }
    let Graph { nodes, components, .. } = graph;
    let keyed = nodes.iter_mut().filter(|node| node.traits().is_some_and(|it| it.is_keyed));
    for node in keyed {
        settle_payload(&mut components.coders, &mut forms, node)?;
    }
    Ok(windowed)
}

/// Rewrites the window coders of the strategies in use; others are not checked, and not ours.
fn settle_windows(graph: &mut Graph, forms: &mut Forms<'_>) -> Result<()> {
    let collections = graph.uses().into_keys().filter_map(|id| graph.collection(id).ok());
    let used: BTreeSet<String> =
        collections.map(|collection| collection.windowing_strategy_id.clone()).collect();
    let Components { windowing_strategies, coders, .. } = &mut graph.components;
    for (_, strategy) in windowing_strategies.iter_mut().filter(|(id, _)| used.contains(*id)) {
        strategy.window_coder_id = forms.window(coders, &strategy.window_coder_id)?;
    }
    Ok(())
}

fn settle_collection(graph: &mut Graph, forms: &mut Forms<'_>, id: &str) -> Result<String> {
    let collection = graph.collection(id)?.clone();
    let components = &mut graph.components;
    let element = forms.element(&mut components.coders, &collection.coder_id)?;
    let strategy = components.windowing_strategies.get(&collection.windowing_strategy_id);
    let window = strategy.map(|strategy| strategy.window_coder_id.clone()).unwrap_or_default();
    let windowed = coders::add(&mut components.coders, urn::WINDOWED_VALUE, &[&element, &window]);
    if let Some(collection) = components.pcollections.get_mut(id) {
        collection.coder_id = element;
    }
    Ok(windowed)
}

fn settle_payload(coders: &mut Coders, forms: &mut Forms<'_>, node: &mut Node) -> Result<()> {
    let before = par_do_payload(&node.id, &node.transform)?;
    let mut after = before.clone();
    for id in payload::coder_ids(&mut after) {
        *id = forms.element(coders, id)?;
    }
    if after != before
        && let Some(spec) = &mut node.transform.spec
    {
        spec.payload = after.encode_to_vec().into();
    }
    Ok(())
}

/// The form of coders that the runner sees.
struct Forms<'a> {
    known: &'a BTreeSet<String>,
    /// Whether all environments can tell the end of windows that the runner does not know.
    has_custom_windows: bool,
    done: BTreeMap<String, String>,
}

impl Forms<'_> {
    fn element(&mut self, coders: &mut Coders, id: &str) -> Result<String> {
        if let Some(done) = self.done.get(id) {
            return Ok(done.clone());
        }
        let closure: Vec<String> =
            coders::postorder(coders, id)?.into_iter().map(str::to_owned).collect();
        for id in closure {
            let Some(coder) = coders.get(&id).cloned() else { continue };
            let form = self.rebuilt(coders, &id, coder)?;
            self.done.insert(id, form);
        }
        Ok(self.done.get(id).cloned().unwrap_or_default())
    }

    /// The form of a coder whose components are done.
    fn rebuilt(&mut self, coders: &mut Coders, id: &str, mut coder: Coder) -> Result<String> {
        let coder_urn = coders::urn_of(&coder).to_owned();
        if coder_urn == urn::LENGTH_PREFIX {
            return Ok(id.to_owned());
        }
        if !self.known.contains(&coder_urn) {
            return Ok(coders::add(coders, urn::LENGTH_PREFIX, &[id]));
        }
        let before = coder.component_coder_ids.clone();
        for (position, component) in coder.component_coder_ids.iter_mut().enumerate() {
            *component = if position == 1 && carries_windows(&coder_urn) {
                self.window(coders, component)?
            } else {
                self.done.get(component).unwrap_or(component).clone()
            };
        }
        let is_same = coder.component_coder_ids == before;
        Ok(if is_same { id.to_owned() } else { coders::insert(coders, coder) })
    }

    /// The form of a window coder: the runner must at least find where a window ends in time.
    fn window(&mut self, coders: &mut Coders, id: &str) -> Result<String> {
        let is_known =
            coders.get(id).is_some_and(|coder| self.known.contains(coders::urn_of(coder)));
        let form = self.element(coders, id)?;
        if is_known || !self.has_custom_windows {
            return Ok(form);
        }
        Ok(coders::add(coders, urn::CUSTOM_WINDOW, &[&form]))
    }
}

fn carries_windows(coder_urn: &str) -> bool {
    matches!(coder_urn, urn::TIMER | urn::WINDOWED_VALUE | urn::PARAM_WINDOWED_VALUE)
}
