//! Intervals of event time as elements.

use std::fmt;

use purlin_proto::urns::coders as urns;

use super::{BoundedWindow, IntervalWindow, Window};
use crate::coders::windowed::{put_interval, read_interval};
use crate::coders::{CoderError, CoderSpec, FieldType, Nesting, Reader};
use crate::element::Element;
use crate::time::Timestamp;

impl Element for IntervalWindow {
    fn coder_spec() -> CoderSpec {
        CoderSpec::new(urns::INTERVAL_WINDOW, vec![])
    }
    fn encode(&self, out: &mut Vec<u8>, _: Nesting) -> Result<(), CoderError> {
        put_interval(out, *self);
        Ok(())
    }
    fn decode(input: &mut Reader<'_>, _: Nesting) -> Result<Self, CoderError> {
        read_interval(input)
    }
    fn field_type() -> FieldType {
        bytes::Bytes::field_type()
    }
    fn encode_field(&self, out: &mut Vec<u8>) -> Result<(), CoderError> {
        let mut bytes = Vec::with_capacity(16);
        put_interval(&mut bytes, *self);
        crate::coders::wire::put_length_prefixed(out, &bytes);
        Ok(())
    }
    fn decode_field(input: &mut Reader<'_>) -> Result<Self, CoderError> {
        read_interval(&mut Reader::new(input.length_prefixed()?))
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}, {})", self.start, self.end)
    }
}

impl BoundedWindow for IntervalWindow {
    fn max_timestamp(&self) -> Timestamp {
        Window::Interval(*self).max_timestamp()
    }
    fn coder() -> CoderSpec {
        Self::coder_spec()
    }
    fn to_window(&self) -> Result<Window, CoderError> {
        Ok(Window::Interval(*self))
    }
    fn of_window(window: &Window) -> Result<Self, CoderError> {
        window.as_interval().ok_or_else(|| CoderError::new(format!("`{window}` is no interval")))
    }
}
