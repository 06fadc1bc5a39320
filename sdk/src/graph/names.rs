//! Unique, stable names: explicit ones as they are, the others numbered within their scope.

use std::collections::{BTreeMap, BTreeSet};

use super::build::{Graph, NodeId};
use crate::error::Mistake;

/// The unique name of every transform, and the mistakes of names given twice.
///
/// Explicit names are reserved before any other is numbered, so that naming one step never
/// renumbers into a clash.
pub(super) fn unique_names(graph: &Graph) -> (Vec<String>, Vec<Mistake>) {
    let mut names = Names { graph, full: vec![String::new(); graph.nodes.len()], mistakes: vec![] };
    let children = graph.children();
    let roots = (0..graph.nodes.len()).map(NodeId).filter(|id| graph.nodes[id.0].parent.is_none());
    names.scope("", &roots.collect::<Vec<_>>());
    // Parents come before their children, because a composite is added before what is in it.
    for (parent, members) in &children {
        let prefix = names.full[parent.0].clone();
        names.scope(&prefix, members);
    }
    (names.full, names.mistakes)
}

struct Names<'g> {
    graph: &'g Graph,
    full: Vec<String>,
    mistakes: Vec<Mistake>,
}

impl Names<'_> {
    fn scope(&mut self, prefix: &str, members: &[NodeId]) {
        let mut taken = BTreeMap::new();
        for id in members {
            let node = &self.graph.nodes[id.0];
            let Some(name) = &node.name else { continue };
            if let Some(first) = taken.insert(name.clone(), node.place.clone()) {
                self.mistakes.push(Mistake {
                    message: format!("two steps are named `{name}`; the first is at {first}"),
                    place: node.place.clone(),
                    help: Some("give each step a name of its own".to_owned()),
                });
            }
        }
        let mut used: BTreeSet<String> = taken.into_keys().collect();
        for id in members {
            let node = &self.graph.nodes[id.0];
            let local = match &node.name {
                Some(name) => name.clone(),
                None => numbered(&node.default_name, &mut used),
            };
            self.full[id.0] = if prefix.is_empty() { local } else { format!("{prefix}/{local}") };
        }
    }
}

fn numbered(name: &str, used: &mut BTreeSet<String>) -> String {
    let candidates =
        std::iter::once(name.to_owned()).chain((2u32..).map(|number| format!("{name} {number}")));
    let mut free = candidates.skip_while(|candidate| used.contains(candidate));
    let chosen = free.next().unwrap_or_else(|| name.to_owned());
    used.insert(chosen.clone());
    chosen
}
