//! Metrics as constants: each name is written once.

use super::Context;
use crate::element::Element;

/// A counter of a transform.
///
/// ```
/// use purlin_sdk::{BoxError, Context, Counter, DoFn};
///
/// const EMPTY: Counter = Counter::new("empty_lines");
///
/// #[derive(Clone)]
/// struct Lengths;
///
/// impl DoFn for Lengths {
///     type In = String;
///     type Out = u64;
///     fn process(&mut self, line: String, cx: &mut Context<u64>) -> Result<(), BoxError> {
///         if line.is_empty() {
///             EMPTY.inc(cx);
///         }
///         cx.output(line.len() as u64);
///         Ok(())
///     }
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Counter(&'static str);

impl Counter {
    /// The counter of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Adds 1.
    pub fn inc<Out: Element>(&self, cx: &mut Context<Out>) {
        self.add(cx, 1);
    }

    /// Adds `amount`.
    pub fn add<Out: Element>(&self, cx: &mut Context<Out>, amount: i64) {
        cx.count(self.0, amount);
    }
}

/// A summary of values: how many, their sum, the least and the greatest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Distribution(&'static str);

impl Distribution {
    /// The distribution of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Adds a value.
    pub fn record<Out: Element>(&self, cx: &mut Context<Out>, value: i64) {
        cx.distribution(self.0, value);
    }
}

/// The latest of reported values.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gauge(&'static str);

impl Gauge {
    /// The gauge of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self(name)
    }

    /// Reports a value.
    pub fn set<Out: Element>(&self, cx: &mut Context<Out>, value: i64) {
        cx.gauge(self.0, value);
    }
}
