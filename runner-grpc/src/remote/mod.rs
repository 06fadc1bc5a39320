//! Runs the engine's bundles on workers, by the messages of Beam's Fn API.
//!
//! ```text
//!  engine ── Executor ──► RemoteExecutor ── Pool::lease ──► Worker
//!                              │                              │ ProcessBundle, elements, split, finalise
//!                              └─ Conversation (a bundle) ────┘ response, elements, state requests
//! ```

mod conversation;
mod executor;
mod fate;
mod frames;
mod helper;
mod intake;
mod mapping;
mod merging;
mod open;
mod pool;
mod question;
mod running;
mod split;
mod windows;

pub(crate) use executor::RemoteExecutor;
pub(crate) use fate::Fate;
pub(crate) use helper::Helpers;
pub(crate) use pool::Pool;
pub(crate) use running::Running;
