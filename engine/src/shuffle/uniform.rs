//! Divides a chunk so that all elements of a part are in the same windows: an element that must wait
//! for a side input then keeps no other from going on.

use hashbrown::HashMap;

use super::Edge;
use super::pick::pick;
use crate::bundle::{Output, WindowSlice};

/// Appends an output, in parts where its readers need that.
pub(super) fn push(output: Output, edge: &Edge, outputs: &mut Vec<Output>) {
    let is_uniform = output.slices.iter().all(|slice| slice.elements.is_none());
    if is_uniform || !edge.needs.uniform {
        outputs.push(output);
        return;
    }
    let chunk = output.chunk.in_memory();
    for (slices, rows) in groups(&output) {
        let slices = slices.into_iter().map(|slice| {
            let slice = &output.slices[slice];
            WindowSlice { elements: None, ..slice.clone() }
        });
        outputs.push(Output {
            collection: output.collection,
            chunk: pick(chunk, rows.into_iter()).into(),
            slices: slices.collect(),
        });
    }
}

/// The rows that are in the same slices, with those slices, in the order in which they occur.
fn groups(output: &Output) -> Vec<(Vec<usize>, Vec<usize>)> {
    let mut slices_of = vec![Vec::new(); output.chunk.count() as usize];
    for (position, slice) in output.slices.iter().enumerate() {
        match &slice.elements {
            Some(rows) => rows.iter().for_each(|row| slices_of[*row as usize].push(position)),
            None => slices_of.iter_mut().for_each(|slices| slices.push(position)),
        }
    }
    let mut positions: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut groups: Vec<(Vec<usize>, Vec<usize>)> = Vec::new();
    for (row, slices) in slices_of.into_iter().enumerate() {
        match positions.get(&slices) {
            Some(position) => groups[*position].1.push(row),
            None => {
                positions.insert(slices.clone(), groups.len());
                groups.push((slices, vec![row]));
            }
        }
    }
    groups
}
