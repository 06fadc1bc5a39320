//! Triggers: when a window puts out a pane.
//!
//! A trigger is a tree, kept as an array in preorder, so that a subtree is a range. What happened to
//! it in one window is a [`TriggerState`] with an entry for every node. The operations are one table
//! each, with a row for every kind of node:
//!
//! | operation | when |
//! |---|---|
//! | [`on_element`](Trigger::on_element) | an element came |
//! | [`on_merge`](Trigger::on_merge) | windows became one |
//! | [`is_ready`](Trigger::is_ready) | may the window put out a pane now? |
//! | [`on_fire`](Trigger::on_fire) | it does |
//!
//! A trigger whose root has finished closes its window.

mod compile;
mod element;
mod fire;
mod merge;
mod ready;
mod state;
mod transform;

use std::ops::Range;

use purlin_proto::pipeline as proto;
use purlin_sdk::Timestamp;
use purlin_sdk::exec::Failure;

use self::transform::Transform;
use super::clocks::{Clocks, TimerDomain};
use super::view::View;

pub(super) use self::state::TriggerState;

/// What a node does.
#[derive(Debug)]
enum Kind {
    /// Ready once the watermark is past the end of the window; never finishes.
    Default,
    /// Ready once the watermark is past the end of the window; finishes then.
    EndOfWindow,
    /// Like its first child, again and again, until the watermark is past the end of the window;
    /// then like its second, again and again. Finishes at the end of the window if it has none.
    EarlyAndLate {
        has_late: bool,
    },
    Never,
    Always,
    /// So many elements.
    Count(u64),
    /// A time after the first element.
    Delay(TimerDomain, Vec<Transform>),
    /// One child after the other.
    Each,
    /// All children.
    All,
    /// Any child.
    Any,
    /// Its first child until the second is ready.
    OrFinally,
    /// Its child again and again.
    Repeat,
}

#[derive(Debug)]
struct Node {
    kind: Kind,
    /// The first node after its subtree.
    end: usize,
}

/// A trigger, ready to be run.
#[derive(Debug)]
pub(super) struct Trigger {
    nodes: Vec<Node>,
    /// Whether windows merge: then children that have had their turn, or have not yet, count too,
    /// since a merge may bring their turn.
    merges: bool,
}

impl Trigger {
    pub(super) fn new(
        trigger: Option<&proto::Trigger>,
        merges: bool,
    ) -> Result<Self, Box<Failure>> {
        compile::compile(trigger).map(|nodes| Self { nodes, merges })
    }

    /// The state of a trigger to which nothing has happened.
    pub(super) fn fresh(&self) -> TriggerState {
        TriggerState::new(self.nodes.len())
    }

    /// The next time in a domain at which the trigger may become ready, if there is one. The end of
    /// the window is not among them.
    pub(super) fn wakes_at(
        &self,
        state: &TriggerState,
        domain: TimerDomain,
        clocks: &Clocks,
    ) -> Option<Timestamp> {
        let targets = self.nodes.iter().enumerate().filter_map(|(id, node)| match node.kind {
            Kind::Delay(of, _) if of == domain => state.target(id),
            _ => None,
        });
        targets.filter(|target| *target >= clocks.now(domain)).min()
    }

    fn kind(&self, id: usize) -> &Kind {
        &self.nodes[id].kind
    }

    fn children(&self, id: usize) -> impl Iterator<Item = usize> {
        let end = self.nodes[id].end;
        let within = move |child: usize| (child < end).then_some(child);
        std::iter::successors(within(id + 1), move |child| within(self.nodes[*child].end))
    }

    fn first_unfinished(&self, id: usize, state: &TriggerState) -> Option<usize> {
        self.children(id).find(|child| !state.is_finished(*child))
    }

    fn subtree(&self, id: usize) -> Range<usize> {
        id..self.nodes[id].end
    }
}

/// The first child of a node, and the second of those that have two.
const fn first_of(id: usize) -> usize {
    id + 1
}
