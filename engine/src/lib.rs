//! What Purlin's runners share: planning, scheduling, watermarks, grouping, commits.
//!
//! The core is a deterministic state machine without clock, thread or file:
//!
//! ```text
//!                 Event                             Action
//!   Start, Tick, BundleDone, …  ──► Engine::step ──►  Run(bundle), Checkpoint, Split, Finalize, …
//!        ▲                                                             │
//!        └──────────── executor: inline, threads, remote workers ◄─────┘
//! ```
//!
//! - [`Engine`] knows stages and bytes, never user types. Its durable state changes by
//!   [`Commit`]s alone, each of which can be encoded, so a run can be replayed.
//! - A [`Bundle`] is work for an executor: encoded input of one stage. Its [`BundleResult`] comes
//!   back as [`Event::BundleDone`].
//! - [`Shuffle`] makes a stage's outputs fit for whoever reads them (partitions, windows); it runs
//!   on the executor's threads, also for outputs that come from worker processes.
//! - [`own_work`] is for bundles that run no stage of user code: executors call it to group by key,
//!   and to ask users' window functions which windows of side inputs elements see, through
//!   [`UserWindows`]. Of the other bundles [`user_input`] is what the stage's user code reads.
//! - [`LocalExecutor`] runs bundles in this process, [`Threads`] runs it on threads, [`drive`]
//!   turns actions into calls of an [`Executor`] until the job ends, and [`JobHandle`] is the
//!   [`Job`](purlin_sdk::runner::Job) that a runner returns.
//!
//! - A [`Spill`] bounds the memory of what waits to be grouped and of state: the others are in a [`SpillStore`],
//!   such as a [`SpillFolder`]. Executors write and read there; the core only passes on where it is.
//!
//! Invariants, checked after every step of the simulations by [`Engine::audit`] and by the worlds
//! themselves:
//!
//! - **I1** A bundle is committed at most once; nothing of an uncommitted one is visible.
//! - **I2** An element is consumed by exactly one commit or pending; what a split takes back is
//!   pending again by the commit of the rest.
//! - **I3** The name of a bundle is used once, also across restarts.
//! - **I4** At most one open bundle works on the keys of a partition of a stage.
//! - **I5** Watermarks never go back and never pass a hold, a pending or a running element.
//! - **I6** A timer fires at most once for each time it is set, and not before its time.
//! - **I7** Finalisers run at most once and only for committed bundles.
//! - **I8** At the end no queue, hold, timer or state is left.
//! - **I9** The memory that is accounted for is that of queues and state.
//! - **I10** Messages of dead bundles change nothing.

mod bundle;
mod commit;
mod config;
mod drive;
mod engine;
mod event;
mod grouping;
mod job;
mod keyed;
mod local;
mod outcome;
mod own_work;
pub mod plan;
mod random;
mod record;
mod reduce;
mod refuse;
mod residual;
mod schedule;
mod script;
mod shuffle;
mod side_facts;
mod side_index;
mod side_inputs;
mod side_keys;
mod side_lookup;
mod side_pages;
mod side_panes;
mod side_sort;
mod side_sorted;
#[cfg(test)]
mod simulation;
mod spill;
mod state;
mod threads;
mod topology;
mod user_windows;

pub use bundle::{
    Bundle, BundleId, BundleInput, BundleResult, GroupInput, GroupSlice, HeldSlice, Output,
    SeenWindow, WindowSlice,
};
pub use commit::{
    BundleCommit, COMMIT_VERSION, Change, Commit, KeyChanges, ResidualWork, SplitCommit,
};
pub use config::EngineConfig;
pub use drive::{Executor, drive, drive_on_thread};
pub use engine::Engine;
pub use event::{Action, Event};
pub use grouping::{group_bundle, user_input};
pub use job::JobHandle;
pub use keyed::{
    BagChange, CellChange, CellId, Clocks, DueTimer, FiredTimers, KeptBytes, KeyChange,
    KeyedBundle, KeyedInput, SmallMap, Table, Timer, TimerId, Transfers, is_user_state,
};
pub use local::LocalExecutor;
pub use outcome::Outcome;
pub use own_work::{is_own_work, own_work};
pub use random::Random;
pub use refuse::{GAPS, plan_for, refuse_unsupported};
pub use shuffle::Shuffle;
pub use side_inputs::SideInputs;
pub use side_pages::{read_side_input, side_input_tokens};
pub use spill::{
    ByteSize, Compression, Spill, SpillFolder, SpillStore, Spilled, SpilledBytes, Stored,
};
pub use state::State;
pub use threads::Threads;
pub use user_windows::UserWindows;
