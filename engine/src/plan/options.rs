//! What a runner asks of the planner.

use std::collections::BTreeSet;

use purlin_proto::urns::coders as urn;

/// How to plan.
#[derive(Clone, Debug)]
pub struct PlanOptions {
    /// Whether to run chains of transforms of one environment as one stage. Without it each
    /// transform is a stage, so that every edge is encoded and can be checked.
    pub fuse: bool,
    /// Whether to combine before the shuffle as well, where windowing and trigger allow it.
    pub lift_combiners: bool,
    /// The URNs of the coders whose bytes the runner can parse. At the edges of stages it sees
    /// all others as length-prefixed bytes.
    pub known_coders: BTreeSet<String>,
}

/// The coders of Beam's model, whose bytes the engine can skip.
const KNOWN_CODERS: &[&str] = &[
    urn::BYTES,
    urn::STRING_UTF8,
    urn::KV,
    urn::BOOL,
    urn::VARINT,
    urn::DOUBLE,
    urn::ITERABLE,
    urn::TIMER,
    urn::INTERVAL_WINDOW,
    urn::LENGTH_PREFIX,
    urn::GLOBAL_WINDOW,
    urn::WINDOWED_VALUE,
    urn::PARAM_WINDOWED_VALUE,
    urn::STATE_BACKED_ITERABLE,
    urn::CUSTOM_WINDOW,
    urn::SHARDED_KEY,
    urn::NULLABLE,
    urn::ROW,
];

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            fuse: true,
            lift_combiners: true,
            known_coders: KNOWN_CODERS.iter().map(|urn| (*urn).to_owned()).collect(),
        }
    }
}

impl PlanOptions {
    /// Each transform is a stage of its own: what a runner needs that checks programs rather than
    /// runs them fast. Combines are lifted all the same, so that accumulators are checked too.
    #[must_use]
    pub fn unfused() -> Self {
        Self { fuse: false, ..Self::default() }
    }
}
