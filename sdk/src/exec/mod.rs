//! The one place that calls user functions.
//!
//! A [`BundleProcessor`] is a stage, wired from Beam's own `ProcessBundleDescriptor` and the
//! [`FnTable`] of a pipeline: units that hand typed batches to each other. It meets the outside
//! through [`Host`] alone, so it does not know which runner it serves, or whether it runs in the
//! runner's process.

mod batch;
mod by_key;
mod chunk;
pub(crate) mod codec;
mod column;
mod combine;
mod context;
mod counters;
mod elementwise;
mod grouped;
mod grouped_codec;
mod guard;
mod headers;
mod host;
mod mapping;
mod merging;
mod metrics;
mod offset_range;
mod outlet;
mod paged;
mod pairs;
mod par_do;
mod partition;
mod pass;
mod per_window;
mod port;
mod processor;
mod requests;
mod restriction;
mod roots;
mod router;
mod rows;
mod side_input;
mod sink;
mod source;
mod splittable;
mod stateful;
pub(crate) mod table;
#[cfg(test)]
pub(crate) mod testing;
mod tracker;
pub(crate) mod unit;
mod watermark;
mod window;
mod window_fn;
mod window_mapping;
mod wire;

pub(crate) use batch::batch_of;
pub use batch::{AnyBatch, BATCH, Batch, Stamps};
pub use by_key::{ByKey, Grouper, Position};
pub use chunk::{Chunk, Entry, Framing, key_hash, partition_of};
pub use codec::{Encoded, EncodedAt, PortCodec, TypedCodec, codec_of};
pub use column::Column;
pub use combine::CombineFn;
pub(crate) use combine::combine_operator;
pub(crate) use context::MAIN_OUTPUT;
pub use context::{Context, Tag};
pub use counters::{Counter, Distribution, Gauge};
pub(crate) use elementwise::{
    filter_operator, map_operator, try_flat_map_operator, try_map_operator,
};
pub use grouped::{Grouped, Values};
pub(crate) use grouped_codec::grouped_codec;
pub(crate) use guard::helpful;
pub use headers::Headers;
pub use host::{Host, StatePage};
pub use metrics::{BundleMetrics, MetricValue};
pub use offset_range::{GrowableOffsetRange, OffsetRange};
pub use paged::{PagedGroup, Pages};
pub use pairs::{PairSlice, Pairs};
pub use par_do::DoFn;
pub(crate) use par_do::par_do_operator;
pub(crate) use partition::partition_operator;
pub(crate) use per_window::per_window_operator;
pub use port::{Port, read_port};
pub use processor::{BundleOutcome, BundleProcessor, ExecConfig, Finalizer, Residual, SinkConfig};
pub use requests::{AskedControl, BundleControl, BundleSplit, SplitAnswer};
pub use restriction::Restriction;
pub use router::{Router, panic_failure};
pub use side_input::{
    AccessPattern, SideElements, SideIter, SideMap, SideReader, SideSource, SideView, SideViews,
    SideWindow, ViewFn,
};
pub(crate) use side_input::{
    Fold, OpenSide, SideOpeners, Sides, elements_view_fn, in_each_window, map_view_fn,
    side_input_operator, view_fn,
};
pub use splittable::{Continuation, SplittableDoFn};
pub(crate) use splittable::{SplittableOperator, restriction_spec};
pub(crate) use stateful::stateful_operator;
pub use stateful::{StatefulDoFn, TimerSetting};
pub use table::{
    COMBINE_FN_URN, DO_FN_URN, Edge, FnTable, Function, Operator, Role, WINDOW_FN_URN,
};
pub use tracker::Tracker;
pub use unit::{Cx, Unit, UnitResult, UnitSpec};
pub use watermark::WatermarkEstimator;
pub use window_fn::{WindowFns, WindowFunction};
pub use window_mapping::WindowMapping;

pub use crate::error::Failure;
