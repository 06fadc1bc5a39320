//! Each Nexmark query gives what a plain evaluation over the list of its events gives.

#![expect(clippy::unwrap_used, reason = "a test")]

mod brute;
mod clock;
mod generated;
mod harness;
mod queries;
mod stream;
