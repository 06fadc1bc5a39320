//! Placeholder.

extern crate self as purlin_sdk;

pub mod coders;
pub mod element;
pub mod time;
pub mod window;

#[doc(hidden)]
pub use element::private as __private;
pub use element::{Element, Serde, Text};
pub use time::Timestamp;
