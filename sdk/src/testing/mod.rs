//! Tests of pipelines.

mod assert_that;
#[cfg(feature = "conformance")]
pub mod conformance;
mod difference;
mod scope;

pub use assert_that::{AssertThat, assert_that};
