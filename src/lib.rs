#![doc = include_str!("../README.md")]

mod choice;
pub mod debugging;
mod help;
pub mod io;
mod run;
mod signals;
mod worker;

pub use purlin_sdk::{
    AccumulationMode, AfterProcessingTime, AfterWatermark, AnyWindowFn, AssignContext,
    BoundedWindow, BoxError, CalendarWindows, CombineFn, Context, Continuation, Counter,
    CustomWindowFn, Distribution, DoFn, Element, EmptyPane, Error, Failure, Finished, FixedWindows,
    Gauge, GlobalWindows, Grouped, IntervalWindow, Mistake, OffsetRange, PCollection, PTransform,
    PaneInfo, Pipeline, PipelineOptions, Place, Restriction, Result, Runner, RunningPipeline,
    Sealed, Serde, Sessions, SlidingWindows, SplittableDoFn, Stamp, StandardWindowFn, StatefulDoFn,
    Tag, Text, Timestamp, TimestampCombiner, Timing, Tracker, Trigger, TypedKey, ValueKind,
    Weekday, Window, WindowFn, WindowInto, Windows, coders, element, runner, state, testing,
    transforms,
};

/// What the code of `#[derive(Element)]` calls.
#[doc(hidden)]
pub use purlin_sdk::__private;

pub use choice::{runner_named, runner_names};
pub use run::Run;
pub use worker::args;

/// The runners that this build contains.
pub mod runners {
    #[cfg(feature = "runner-direct")]
    pub use purlin_runner_direct::DirectRunner;
    #[cfg(feature = "runner-grpc")]
    pub use purlin_runner_grpc::GrpcRunner;
    #[cfg(feature = "runner-parallel")]
    pub use purlin_runner_parallel::ParallelRunner;
}

/// What most programs use: `use purlin::prelude::*;`.
pub mod prelude {
    pub use crate::run::Run;
    pub use crate::state::{
        Bag, Combining, EventTimer, Map, Multimap, OrderedList, ProcessingTimer, Set, StateSpecs,
        Timer, Value,
    };
    pub use crate::transforms::Either::{self, Left, Right};
    pub use crate::transforms::{Count, Failed, Fallible, Max, Mean, Min, Sum, ToList, Top};
    pub use crate::{
        BoxError, CalendarWindows, CombineFn, Context, Continuation, Counter, Distribution, DoFn,
        Element, FixedWindows, GlobalWindows, Grouped, OffsetRange, PCollection, PTransform,
        Pipeline, PipelineOptions, Restriction, Runner, RunningPipeline, Serde, Sessions,
        SlidingWindows, SplittableDoFn, StatefulDoFn, Tag, Text, Timestamp, TimestampCombiner,
        Tracker, Trigger, Window, WindowFn, WindowInto, io,
    };
}
