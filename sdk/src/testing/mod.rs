//! Tests of pipelines.

mod assert_that;

pub use assert_that::{AssertThat, assert_that};
