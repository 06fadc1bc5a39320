//! From bytes to values.

use super::{RowShape, Shape, Timer, TimerSetting, Value, WindowShape};
use crate::coders::items::{read_items, read_vec};
use crate::coders::pane::{read_pane, read_pane_and_kind};
use crate::coders::windowed::read_interval;
use crate::coders::{CoderError, Nesting, Reader};
use crate::element::private::RowReader;
use crate::element::{Element, FieldState, is_present, read_int32, read_str};
use crate::window::{Stamp, Window, Windows};

type Result<T> = std::result::Result<T, CoderError>;

/// Reads a value.
pub(super) fn decode(shape: &Shape, input: &mut Reader<'_>, nesting: Nesting) -> Result<Value> {
    Ok(match shape {
        Shape::Bytes => Value::Bytes(Element::decode(input, nesting)?),
        Shape::Text => Value::Text(read_str(input, nesting)?.to_owned()),
        Shape::Bool => Value::Bool(Element::decode(input, nesting)?),
        Shape::Varint => Value::Int(Element::decode(input, nesting)?),
        Shape::Double => Value::Float(Element::decode(input, nesting)?),
        Shape::Byte => Value::Int(i8::decode_field(input)?.into()),
        Shape::Int16 => Value::Int(i16::decode_field(input)?.into()),
        Shape::Int32 => Value::Int(read_int32(input)?.into()),
        Shape::Float => Value::Float(f32::decode_field(input)?.into()),
        Shape::MillisInstant => Value::Timestamp(input.timestamp()?),
        Shape::Decimal => decimal(input)?,
        Shape::Window(shape) => Value::Window(window(shape, input)?),
        Shape::Pair(parts) => pair(parts, input, nesting)?,
        Shape::Iterable(item) => Value::List(read_vec(input, |input| nested(item, input))?),
        Shape::StateBacked(item) => state_backed(item, input)?,
        Shape::Map(parts) => Value::Map(read_vec(input, |input| {
            Ok((nested(&parts.0, input)?, nested(&parts.1, input)?))
        })?),
        Shape::Row(row) => self::row(row, input, nesting)?,
        Shape::Nullable(value) => nullable(value, input)?,
        Shape::LengthPrefix(value) => prefixed(value, input)?,
        Shape::ShardedKey(key) => {
            let shard = Element::decode(input, Nesting::Nested)
                .map_err(|e: CoderError| e.within("sharded_key.shard"))?;
            let key = nested(key, input).map_err(|e| e.within("sharded_key.key"))?;
            Value::ShardedKey(shard, Box::new(key))
        }
        Shape::Timer(key, windows) => timer(key, windows, input)?,
        Shape::Windowed(value, windows) => {
            let stamp = stamp(windows, input)?;
            windowed(stamp, value, input, nesting)?
        }
        Shape::ParamWindowed(value, Some(stamp)) => {
            windowed(Stamp::clone(stamp), value, input, nesting)?
        }
        Shape::ParamWindowed(value, None) => decode(value, input, nesting)?,
        Shape::Opaque => {
            let length = input.remaining();
            Value::Opaque(input.take_shared(length)?)
        }
    })
}

fn nested(shape: &Shape, input: &mut Reader<'_>) -> Result<Value> {
    decode(shape, input, Nesting::Nested)
}

fn pair(parts: &(Shape, Shape), input: &mut Reader<'_>, nesting: Nesting) -> Result<Value> {
    let key = nested(&parts.0, input).map_err(|e| e.within("kv.key"))?;
    let value = decode(&parts.1, input, nesting).map_err(|e| e.within("kv.value"))?;
    Ok(Value::Pair(Box::new((key, value))))
}

fn state_backed(item: &Shape, input: &mut Reader<'_>) -> Result<Value> {
    let mut first = Vec::new();
    let token = read_items(input, |input| {
        first.push(nested(item, input)?);
        Ok(())
    })?;
    Ok(match token {
        None => Value::List(first),
        Some(token) => Value::Continued { first, token: token.to_vec().into() },
    })
}

fn nullable(value: &Shape, input: &mut Reader<'_>) -> Result<Value> {
    if !is_present(input)? {
        return Ok(Value::Null);
    }
    nested(value, input).map_err(|e| e.within("nullable"))
}

fn prefixed(value: &Shape, input: &mut Reader<'_>) -> Result<Value> {
    let length = input.length()?;
    let mut part = input.part(length)?;
    let value = decode(value, &mut part, Nesting::Outer).map_err(|e| e.within("length_prefix"))?;
    match part.remaining() {
        0 => Ok(value),
        n => Err(CoderError::new(format!("{n} bytes follow the value")).within("length_prefix")),
    }
}

fn decimal(input: &mut Reader<'_>) -> Result<Value> {
    let scale = i64::decode(input, Nesting::Nested)?;
    Ok(Value::Decimal { scale, unscaled: Element::decode(input, Nesting::Nested)? })
}

fn row(shape: &RowShape, input: &mut Reader<'_>, nesting: Nesting) -> Result<Value> {
    let mut reader = RowReader::begin(input)?;
    let mut values = vec![Value::Null; shape.fields.len()];
    for index in &shape.order {
        let field = &shape.fields[*index];
        match reader.state() {
            FieldState::Here => {
                values[*index] =
                    nested(&field.shape, input).map_err(|e| e.within(field.name.to_string()))?;
            }
            FieldState::Null if !field.nullable => {
                return Err(CoderError::new("null in a field that is not nullable")
                    .within(field.name.to_string()));
            }
            FieldState::Null | FieldState::Missing => {}
        }
    }
    reader.finish(input, nesting)?;
    let names = shape.fields.iter().map(|field| field.name.clone());
    Ok(Value::Row(names.zip(values).collect()))
}

fn timer(key: &Shape, windows: &WindowShape, input: &mut Reader<'_>) -> Result<Value> {
    let key = nested(key, input).map_err(|e| e.within("timer.key"))?;
    let tag = read_str(input, Nesting::Nested).map_err(|e| e.within("timer.tag"))?.to_owned();
    let windows = self::windows(windows, input).map_err(|e| e.within("timer.windows"))?;
    let clears = bool::decode(input, Nesting::Nested).map_err(|e| e.within("timer"))?;
    let set = if clears { None } else { Some(setting(input).map_err(|e| e.within("timer"))?) };
    Ok(Value::Timer(Box::new(Timer { key, tag, windows, set })))
}

fn setting(input: &mut Reader<'_>) -> Result<TimerSetting> {
    Ok(TimerSetting { fire: input.timestamp()?, hold: input.timestamp()?, pane: read_pane(input)? })
}

fn windowed(
    stamp: Stamp,
    value: &Shape,
    input: &mut Reader<'_>,
    nesting: Nesting,
) -> Result<Value> {
    let value = decode(value, input, nesting).map_err(|e| e.within("windowed_value.value"))?;
    Ok(Value::Windowed(Box::new((stamp, value))))
}

fn stamp(shape: &WindowShape, input: &mut Reader<'_>) -> Result<Stamp> {
    let at = |part: &'static str| move |e: CoderError| e.within(part);
    let timestamp = input.timestamp().map_err(at("windowed_value.timestamp"))?;
    let windows = windows(shape, input).map_err(at("windowed_value.windows"))?;
    let (pane, value_kind) = read_pane_and_kind(input).map_err(at("windowed_value.pane"))?;
    Ok(Stamp { timestamp, windows, pane, value_kind })
}

fn windows(shape: &WindowShape, input: &mut Reader<'_>) -> Result<Windows> {
    let windows = read_vec(input, |input| window(shape, input))?;
    if windows.is_empty() {
        return Err(CoderError::new("an element is in no window"));
    }
    Ok(windows.into())
}

fn window(shape: &WindowShape, input: &mut Reader<'_>) -> Result<Window> {
    Ok(match shape {
        WindowShape::Global => Window::Global,
        WindowShape::Interval => Window::Interval(read_interval(input)?),
        WindowShape::Custom(window) => {
            let max = input.timestamp()?;
            let encoded = if matches!(**window, Shape::LengthPrefix(_)) {
                Element::decode(input, Nesting::Nested)?
            } else {
                let start = input.position();
                nested(window, input)?;
                input.since(start).to_vec().into()
            };
            Window::Custom(max, encoded)
        }
    })
}
