//! How a pipeline's proto says which windows of side inputs elements see.

use prost::Message;
use purlin_proto::pipeline::FunctionSpec;

use crate::time::millis;
use crate::window::AnyWindowFn;

/// The URN of the mapping that a window function has.
const URN: &str = "purlin:window_mapping:default:v1";

/// How a window function finds the windows of side inputs that it has windowed.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WindowMapping {
    /// The function.
    #[prost(message, optional, tag = "1")]
    pub window_fn: Option<FunctionSpec>,
    /// How many milliseconds before the end of a main window the window that is seen may end; any
    /// number, where there is none.
    #[prost(int64, optional, tag = "2")]
    pub lookback: Option<i64>,
}

impl WindowMapping {
    /// That of a window function, which goes by `spec`.
    pub(crate) fn of(window_fn: &AnyWindowFn, spec: FunctionSpec) -> Self {
        let lookback = match window_fn {
            AnyWindowFn::Standard(_) => Some(0),
            AnyWindowFn::Custom(custom) => custom.erased().maximum_lookback().map(millis),
        };
        Self { window_fn: Some(spec), lookback }
    }

    /// As a side input has it.
    #[must_use]
    pub fn to_proto(&self) -> FunctionSpec {
        FunctionSpec { urn: URN.to_owned(), payload: self.encode_to_vec().into() }
    }

    /// Reads it from a side input; `None` for that of another SDK, or a malformed one.
    #[must_use]
    pub fn from_proto(spec: &FunctionSpec) -> Option<Self> {
        (spec.urn == URN).then(|| Self::decode(spec.payload.clone()).ok()).flatten()
    }
}
