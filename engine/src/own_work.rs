//! Bundles that run no stage of user code: executors do this work in their own process.

use std::collections::BTreeMap;

use purlin_sdk::Window;
use purlin_sdk::exec::Failure;

use crate::bundle::{Bundle, BundleInput, BundleResult, SeenWindow};
use crate::grouping::group_bundle;
use crate::keyed::spill_keys;
use crate::plan::{CollectionId, Plan, SideInput, StageKind};
use crate::shuffle::Shuffle;

/// Whether a bundle is for [`own_work`], and not for its stage's user code: a grouping stage has some
/// to merge accumulators.
#[must_use]
pub fn is_own_work(plan: &Plan, bundle: &Bundle) -> bool {
    match bundle.input {
        BundleInput::Windows(_) | BundleInput::Spill => true,
        BundleInput::Compact(_) => false,
        BundleInput::Elements(_) | BundleInput::Groups(_) => {
            matches!(plan.stages[bundle.stage.0].kind, StageKind::GroupByKey { .. })
        }
    }
}

/// Runs such a bundle: groups, asks users' functions which windows of side inputs elements see, or
/// writes the state of keys to files.
/// It may wait for workers.
///
/// # Errors
/// When a group is too large to encode, a user's function fails, or the input is not that of such a
/// bundle.
pub fn own_work(shuffle: &Shuffle, bundle: &Bundle) -> Result<BundleResult, Box<Failure>> {
    match &bundle.input {
        BundleInput::Windows(questions) => ask(shuffle, bundle, questions),
        BundleInput::Spill => spill_keys(shuffle, bundle),
        _ => group_bundle(shuffle, bundle),
    }
}

fn ask(
    shuffle: &Shuffle,
    bundle: &Bundle,
    questions: &[(CollectionId, Window)],
) -> Result<BundleResult, Box<Failure>> {
    let mut by_side: BTreeMap<CollectionId, Vec<Window>> = BTreeMap::new();
    for (collection, window) in questions {
        by_side.entry(*collection).or_default().push(window.clone());
    }
    let mut result = BundleResult::default();
    for (collection, main) in by_side {
        let side = side_input(shuffle.plan(), bundle, collection)?;
        let seen = shuffle.user_windows()?.side_input_windows(bundle.stage, side, &main)?;
        if seen.len() != main.len() {
            let (asked, got) = (main.len(), seen.len());
            return Err(Failure::new(format!("{got} answers came to {asked} windows")));
        }
        let answers = main.into_iter().zip(seen);
        result.seen.extend(answers.map(|(main, seen)| SeenWindow { collection, main, seen }));
    }
    Ok(result)
}

fn side_input<'a>(
    plan: &'a Plan,
    bundle: &Bundle,
    collection: CollectionId,
) -> Result<&'a SideInput, Box<Failure>> {
    let stage = &plan.stages[bundle.stage.0];
    let mut sides = stage.sdk().into_iter().flat_map(|sdk| &sdk.side_inputs);
    sides.find(|side| side.collection == collection).ok_or_else(|| {
        Failure::new(format!("stage `{}` was asked about what it does not read", stage.name))
    })
}
