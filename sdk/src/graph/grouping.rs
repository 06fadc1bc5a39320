//! Mistakes in what is grouped or a side input, which only its windowing shows.

use super::build::{Collection, Node, SideInputSpec};
use crate::error::Mistake;
use crate::exec::AccessPattern;

/// Whether the one window of a collection never ends.
fn never_ends(collection: &Collection) -> bool {
    collection.windowing.window_fn().is_global() && !collection.is_bounded
}

/// What is wrong with grouping `input`.
pub(super) fn mistakes(node: &Node, input: &Collection) -> Vec<Mistake> {
    let of_input = [never_fires(node, input), loses_data(node, input)];
    of_input.into_iter().flatten().chain(retracted(node, input, "a grouping")).collect()
}

/// What is wrong with `side` as a side input.
pub(super) fn side_mistakes(node: &Node, side: &Collection) -> Vec<Mistake> {
    let of_side = [never_ready(node, side), unmapped(node, side)];
    of_side.into_iter().flatten().chain(retracted(node, side, "a side input")).collect()
}

fn never_fires(node: &Node, input: &Collection) -> Option<Mistake> {
    (never_ends(input) && input.windowing.trigger.is_default()).then(|| Mistake {
        message: "grouping an unbounded collection in the global window would never end".to_owned(),
        place: node.place.clone(),
        help: Some(
            "window it first, for example `.window_into(FixedWindows::of(…))`, or give the window \
             a trigger"
                .to_owned(),
        ),
    })
}

fn loses_data(node: &Node, input: &Collection) -> Option<Mistake> {
    let windowing = &input.windowing;
    let loses = windowing.trigger.may_lose_data(windowing.allowed_lateness)
        && !windowing.allows_unsafe_triggers;
    loses.then(|| Mistake {
        message: "the trigger of this grouping's input may finish, and what comes after is lost"
            .to_owned(),
        place: node.place.clone(),
        help: Some(
            "call `.repeatedly()` on the trigger, give one after the watermark late firings, or \
             allow it by `.allow_unsafe_triggers()` on the windowing"
                .to_owned(),
        ),
    })
}

fn never_ready(node: &Node, side: &Collection) -> Option<Mistake> {
    (never_ends(side) && side.windowing.trigger.is_default()).then(|| Mistake {
        message: "an unbounded side input in the global window would never be ready".to_owned(),
        place: node.place.clone(),
        help: Some(
            "window it first, for example `.window_into(FixedWindows::of(…))`, or give the window \
             a trigger"
                .to_owned(),
        ),
    })
}

fn unmapped(node: &Node, side: &Collection) -> Option<Mistake> {
    side.windowing.window_fn().is_merging().then(|| Mistake {
        message: "a side input in windows that merge has none for the windows of other collections"
            .to_owned(),
        place: node.place.clone(),
        help: Some("window it in another way first".to_owned()),
    })
}

/// What is wrong with looking up the keys of `input`, where `side` does so.
pub(super) fn unusable_side_key(
    node: &Node,
    side: &SideInputSpec,
    input: &Collection,
) -> Option<Mistake> {
    let spec = input.codec.spec();
    let (key, _) = spec.as_kv().filter(|_| side.pattern == AccessPattern::Multimap)?;
    let reason = key.nondeterministic.clone()?;
    let step = node.name.as_ref().unwrap_or(&node.default_name);
    Some(Mistake {
        message: format!("`{step}` cannot look up the keys of its side input: {reason}"),
        place: node.place.clone(),
        help: Some(
            "use a key whose equal values have equal bytes, such as a string or number, or read \
             the pairs by `as_iter`"
                .to_owned(),
        ),
    })
}

/// What is wrong with giving elements that take back earlier ones to a transform that cannot.
pub(super) fn retracted(node: &Node, input: &Collection, reader: &str) -> Option<Mistake> {
    input.retracts.then(|| Mistake {
        message: retraction_mistake(reader),
        place: node.place.clone(),
        help: Some(RETRACTION_HELP.to_owned()),
    })
}

/// What is wrong with retractions as the input of `reader`.
pub(crate) fn retraction_mistake(reader: &str) -> String {
    format!("{reader} cannot take back what elements said that no longer hold")
}

/// What cures it.
pub(crate) const RETRACTION_HELP: &str = "window by `.accumulating()` instead of `.retracting()`, or make what is taken back part of the \
     elements by `.with_value_kinds()` first";
