//! What the larger examples share: the [Nexmark](nexmark) benchmark, the [workloads] that are
//! compared with other programs, a measure of [state](state_curve), and what a run takes of its
//! [machine].

pub mod machine;
pub mod nexmark;
pub mod state_curve;
pub mod workloads;

/// The programs that are compared have the same allocator as their rivals.
#[cfg(feature = "mimalloc")]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
