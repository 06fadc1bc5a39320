//! Tests of pipelines.

mod assert_that;
#[cfg(feature = "conformance")]
pub mod conformance;
mod difference;
mod scope;
mod test_stream;

pub use assert_that::{AssertThat, assert_that};
pub use test_stream::TestStream;
