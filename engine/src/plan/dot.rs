//! A plan as a graph for Graphviz.

use std::fmt::Write as _;

use super::explain::ends;
use super::{Collection, Plan, StageKind};

/// Stages as boxes, collections as arrows; side inputs are dashed.
pub(super) fn dot(plan: &Plan) -> String {
    let mut text = "digraph plan {\n  node [shape=box];\n".to_owned();
    for stage in &plan.stages {
        let (kind, ..) = ends(&stage.kind);
        let style = if matches!(stage.kind, StageKind::Sdk(_)) { "" } else { ", style=rounded" };
        let label = quoted(&format!("{}: {}\n{kind}", stage.id.0, stage.name));
        let _ = writeln!(text, "  s{} [label={label}{style}];", stage.id.0);
    }
    for collection in &plan.collections {
        edges(collection, &mut text);
    }
    text.push_str("}\n");
    text
}

fn edges(collection: &Collection, text: &mut String) {
    let label = quoted(&collection.name);
    for from in &collection.producers {
        for to in &collection.consumers {
            let _ = writeln!(text, "  s{} -> s{} [label={label}];", from.0, to.0);
        }
        for to in &collection.side_consumers {
            let _ = writeln!(text, "  s{} -> s{} [label={label}, style=dashed];", from.0, to.0);
        }
    }
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{escaped}\"")
}
