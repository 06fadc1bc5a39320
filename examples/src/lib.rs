//! What the larger examples share: the [Nexmark](nexmark) benchmark, a measure of
//! [state](state_curve), and what a run takes of its [machine].

pub mod machine;
pub mod nexmark;
pub mod state_curve;
