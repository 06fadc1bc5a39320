//! What the larger examples share: the [Nexmark](nexmark) benchmark, and a measure of
//! [state](state_curve).

pub mod nexmark;
pub mod state_curve;
