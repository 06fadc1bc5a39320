//! The constants that Beam's model fixes beside its messages.

/// The earliest timestamp, in milliseconds since the Unix epoch.
pub const MIN_TIMESTAMP_MILLIS: i64 = -9_223_372_036_854_775;

/// The latest timestamp, in milliseconds since the Unix epoch.
pub const MAX_TIMESTAMP_MILLIS: i64 = 9_223_372_036_854_775;

/// The last timestamp in the global window: a day before [`MAX_TIMESTAMP_MILLIS`], so that what
/// fires at its end still has a later timestamp to hold.
pub const GLOBAL_WINDOW_MAX_TIMESTAMP_MILLIS: i64 = 9_223_371_950_454_775;

/// The retrieval token of a job that staged no artifacts (legacy artifact services only).
pub const NO_ARTIFACTS_STAGED_TOKEN: &str = "__no_artifacts_staged__";
