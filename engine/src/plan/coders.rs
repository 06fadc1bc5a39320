//! Coders as a graph of ids: their closure, their equality, and new ones.

use std::collections::{BTreeMap, BTreeSet};

use purlin_proto::pipeline::{Coder, FunctionSpec};
use purlin_proto::urns::coders as urn;

use super::error::{PlanError, Result};
use super::graph::RESERVED_PREFIX;

/// Coders by id.
pub(super) type Coders = BTreeMap<String, Coder>;

/// The URN of a coder.
pub(super) fn urn_of(coder: &Coder) -> &str {
    coder.spec.as_ref().map_or("", |spec| &spec.urn)
}

/// The ids in the closure of a coder, components before what they are part of.
pub(super) fn postorder<'a>(coders: &'a Coders, root: &'a str) -> Result<Vec<&'a str>> {
    let mut order = Vec::new();
    let mut open: BTreeSet<&str> = BTreeSet::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    // The flag tells the second visit, after the components, from the first.
    let mut stack = vec![(root, root, false)];
    while let Some((id, owner, is_second)) = stack.pop() {
        if is_second {
            open.remove(id);
            done.insert(id);
            order.push(id);
            continue;
        }
        if done.contains(id) {
            continue;
        }
        let coder = coders.get(id);
        let coder = coder.ok_or_else(|| PlanError::dangling(&called(owner), "coder", id))?;
        if !open.insert(id) {
            return Err(PlanError::malformed(format!("{} contains itself", called(id))));
        }
        stack.push((id, owner, true));
        let components = coder.component_coder_ids.iter().rev();
        // A component that is open is pushed as well: its visit finds the cycle.
        stack.extend(components.map(|component| (component.as_str(), id, false)));
    }
    Ok(order)
}

fn called(id: &str) -> String {
    format!("coder `{id}`")
}

/// Adds the closure of a coder to `into`.
pub(super) fn close_over(coders: &Coders, root: &str, into: &mut Coders) -> Result<()> {
    for id in postorder(coders, root)? {
        if !into.contains_key(id) {
            into.extend(coders.get_key_value(id).map(|(id, coder)| (id.clone(), coder.clone())));
        }
    }
    Ok(())
}

/// Checks that the closure of a coder exists, ends, and that model coders have as many components
/// as they need.
pub(super) fn check(coders: &Coders, root: &str) -> Result<()> {
    for id in postorder(coders, root)? {
        let Some(coder) = coders.get(id) else { continue };
        let (found, urn) = (coder.component_coder_ids.len(), urn_of(coder));
        if arity(urn).is_some_and(|needed| needed != found) {
            return Err(PlanError::malformed(format!(
                "coder `{id}` (`{urn}`) has {found} components but needs {}",
                arity(urn).unwrap_or_default()
            )));
        }
    }
    Ok(())
}

fn arity(urn: &str) -> Option<usize> {
    match urn {
        urn::KV | urn::WINDOWED_VALUE | urn::PARAM_WINDOWED_VALUE | urn::TIMER => Some(2),
        urn::ITERABLE
        | urn::STATE_BACKED_ITERABLE
        | urn::LENGTH_PREFIX
        | urn::CUSTOM_WINDOW
        | urn::SHARDED_KEY
        | urn::NULLABLE => Some(1),
        _ => None,
    }
}

/// Adds a coder without payload and returns its id, which depends on its content alone: equal
/// pipelines get equal plans, and a coder that is needed twice is there once.
pub(super) fn add(coders: &mut Coders, urn: &str, components: &[&str]) -> String {
    let spec = FunctionSpec { urn: urn.to_owned(), ..Default::default() };
    let component_coder_ids = components.iter().map(|id| (*id).to_owned()).collect();
    insert(coders, Coder { spec: Some(spec), component_coder_ids })
}

/// Adds a coder under an id that its content gives.
pub(super) fn insert(coders: &mut Coders, coder: Coder) -> String {
    let mut hash = Fnv::new();
    let spec = coder.spec.clone().unwrap_or_default();
    hash.write(spec.urn.as_bytes());
    hash.write(&spec.payload);
    coder.component_coder_ids.iter().for_each(|id| hash.write(id.as_bytes()));
    let mut id = format!("{RESERVED_PREFIX}coder:{:016x}", hash.0);
    // Two contents of one hash: the second gets another name.
    while coders.get(&id).is_some_and(|other| *other != coder) {
        id.push('\'');
    }
    coders.entry(id.clone()).or_insert(coder);
    id
}

/// FNV-1a: its values must not change between versions of the standard library, as ids are made
/// of them.
pub(super) struct Fnv(pub(super) u64);

impl Fnv {
    pub(super) fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    /// Adds bytes and their number, so that moving a boundary changes the hash.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes.iter().chain(&(bytes.len() as u64).to_le_bytes()) {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
}

/// Which coders are the same but for their ids.
#[derive(Default)]
pub(super) struct Classes {
    of_id: BTreeMap<String, usize>,
    of_content: BTreeMap<(String, Vec<u8>, Vec<usize>), usize>,
}

impl Classes {
    /// The class of a coder: equal for two that encode alike.
    pub(super) fn class(&mut self, coders: &Coders, id: &str) -> Result<usize> {
        if let Some(class) = self.of_id.get(id) {
            return Ok(*class);
        }
        let mut last = 0;
        for id in postorder(coders, id)? {
            let Some(coder) = coders.get(id) else { continue };
            let components = coder.component_coder_ids.iter();
            let components = components.filter_map(|id| self.of_id.get(id).copied()).collect();
            let payload = coder.spec.as_ref().map_or(Vec::new(), |spec| spec.payload.to_vec());
            let fresh = self.of_content.len();
            let content = (urn_of(coder).to_owned(), payload, components);
            last = *self.of_content.entry(content).or_insert(fresh);
            self.of_id.insert(id.to_owned(), last);
        }
        Ok(last)
    }

    /// Whether two coders encode alike.
    pub(super) fn equal(&mut self, coders: &Coders, a: &str, b: &str) -> Result<bool> {
        Ok(a == b || self.class(coders, a)? == self.class(coders, b)?)
    }
}

/// The two components of a key-value coder.
pub(super) fn key_value<'a>(coders: &'a Coders, id: &str) -> Option<(&'a str, &'a str)> {
    let coder = coders.get(id).filter(|coder| urn_of(coder) == urn::KV)?;
    match coder.component_coder_ids.as_slice() {
        [key, value] => Some((key, value)),
        _ => None,
    }
}
