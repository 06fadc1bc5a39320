#![doc = include_str!("../README.md")]

pub mod io;
mod run;
mod signals;

pub use purlin_sdk::*;

pub use run::{Run, args, runner_named, runner_names};

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
    pub use crate::transforms::Either::{self, Left, Right};
    pub use crate::transforms::{Count, Failed, Fallible, Max, Mean, Min, Sum, ToList, Top};
    pub use crate::{
        BoxError, CombineFn, Context, Continuation, Counter, Distribution, DoFn, Element,
        FixedWindows, GlobalWindows, Grouped, OffsetRange, PCollection, PTransform, Pipeline,
        PipelineOptions, Restriction, Runner, RunningPipeline, Serde, SlidingWindows,
        SplittableDoFn, Tag, Text, Timestamp, TimestampCombiner, Tracker, Window, io,
    };
}
