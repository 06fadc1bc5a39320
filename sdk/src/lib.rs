//! What Purlin programs are written with.
//!
//! A [`Pipeline`] is built from [`PCollection`]s and transforms, sealed into Beam's own
//! description of it, and handed to a [`Runner`]. Users depend on the crate
//! `purlin`, which re-exports this one beside the runners; connectors depend on this one alone.
//!
//! Layers, each of which may use only its own and those before it: errors and time · elements,
//! coders, windows · [`exec`], the one place that calls user functions · the graph · options and
//! runners · pipelines, collections, transforms, I/O · testing.

extern crate self as purlin_sdk;

pub mod coders;
pub mod element;
mod error;
pub mod exec;
mod graph;
pub mod io;
mod options;
mod pcollection;
mod pipeline;
pub mod runner;
pub mod state;
pub mod testing;
mod time;
pub mod transforms;
mod window;

#[doc(hidden)]
pub use element::private as __private;
pub use element::{Element, Serde, Text, TypedKey};
pub use error::{BoxError, Error, Failure, Mistake, Place, Result};
pub use exec::{
    CombineFn, Context, Continuation, Counter, Distribution, DoFn, Gauge, Grouped,
    GrowableOffsetRange, OffsetRange, Restriction, SideElements, SideIter, SideMap, SideView,
    SplittableDoFn, StatefulDoFn, Tag, TimerSetting, Tracker, WatermarkEstimator,
};
pub use graph::Sealed;
pub use options::PipelineOptions;
pub use pcollection::PCollection;
pub use pipeline::Pipeline;
pub use purlin_derive::Element;
/// Beam's messages, for those who read a sealed pipeline.
#[doc(hidden)]
pub use purlin_proto::pipeline as proto;
pub use runner::{Finished, Runner, RunningPipeline};
pub use state::{
    Bag, Combining, EventTimer, Map, Multimap, OrderedList, ProcessingTimer, Set, StateSpecs,
    Timer, Value,
};
pub use time::Timestamp;
pub use transforms::PTransform;
pub use window::{
    AccumulationMode, AfterProcessingTime, AfterWatermark, AnyWindowFn, AssignContext,
    BoundedWindow, CalendarWindows, CustomWindowFn, EmptyPane, FixedWindows, GlobalWindows,
    IntervalWindow, PaneInfo, Sessions, SlidingWindows, Stamp, StandardWindowFn, TimestampCombiner,
    Timing, Trigger, ValueKind, Weekday, Window, WindowFn, WindowInto, Windows,
};
