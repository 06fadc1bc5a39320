//! From values to bytes.

use super::{RowShape, Shape, Timer, Value, WindowShape};
use crate::coders::items::{CONTINUED, put_items};
use crate::coders::pane::{put_pane, put_pane_and_kind};
use crate::coders::windowed::put_interval;
use crate::coders::{CoderError, Nesting, wire};
use crate::element::private::put_row_header;
use crate::element::{Element, put_bytes};
use crate::window::{Stamp, Window, Windows};

type Result = std::result::Result<(), CoderError>;

/// Appends a value.
pub(super) fn encode(shape: &Shape, value: &Value, out: &mut Vec<u8>, nesting: Nesting) -> Result {
    match (shape, value) {
        (Shape::Bytes, Value::Bytes(bytes)) => put_bytes(out, bytes, nesting),
        (Shape::Text, Value::Text(text)) => put_bytes(out, text.as_bytes(), nesting),
        (Shape::Bool, Value::Bool(bool)) => bool.encode(out, nesting)?,
        (Shape::Varint, Value::Int(int)) => int.encode(out, nesting)?,
        (Shape::Double, Value::Float(float)) => float.encode(out, nesting)?,
        (Shape::Byte, Value::Int(int)) => narrow::<i8>(*int)?.encode_field(out)?,
        (Shape::Int16, Value::Int(int)) => narrow::<i16>(*int)?.encode_field(out)?,
        (Shape::Int32, Value::Int(int)) => narrow::<i32>(*int)?.encode_field(out)?,
        // Rounds what no FLOAT holds.
        (Shape::Float, Value::Float(float)) => (*float as f32).encode_field(out)?,
        (Shape::MillisInstant, Value::Timestamp(time)) => wire::put_timestamp(out, *time),
        (Shape::Decimal, Value::Decimal { scale, unscaled }) => {
            scale.encode(out, Nesting::Nested)?;
            wire::put_length_prefixed(out, unscaled);
        }
        (Shape::Window(shape), Value::Window(window)) => put_window(shape, window, out)?,
        (Shape::Pair(shapes), Value::Pair(parts)) => {
            nested(&shapes.0, &parts.0, out).map_err(|e| e.within("kv.key"))?;
            encode(&shapes.1, &parts.1, out, nesting).map_err(|e| e.within("kv.value"))?;
        }
        (Shape::Iterable(shape) | Shape::StateBacked(shape), Value::List(items)) => {
            put_items(items, out, |item, out| nested(shape, item, out))?;
        }
        (Shape::StateBacked(shape), Value::Continued { first, token }) => {
            continued(shape, first, token, out)?;
        }
        (Shape::Map(shapes), Value::Map(entries)) => put_items(entries, out, |entry, out| {
            nested(&shapes.0, &entry.0, out)?;
            nested(&shapes.1, &entry.1, out)
        })?,
        (Shape::Row(shape), Value::Row(fields)) => row(shape, fields, out)?,
        (Shape::Nullable(_), Value::Null) => out.push(0),
        (Shape::Nullable(shape), value) => {
            out.push(1);
            nested(shape, value, out).map_err(|e| e.within("nullable"))?;
        }
        (Shape::LengthPrefix(shape), value) => {
            let mut part = Vec::new();
            let encoded = encode(shape, value, &mut part, Nesting::Outer);
            encoded.map_err(|e| e.within("length_prefix"))?;
            wire::put_length_prefixed(out, &part);
        }
        (Shape::ShardedKey(shape), Value::ShardedKey(shard, key)) => {
            wire::put_length_prefixed(out, shard);
            nested(shape, key, out).map_err(|e| e.within("sharded_key.key"))?;
        }
        (Shape::Timer(key, windows), Value::Timer(timer)) => put_timer(key, windows, timer, out)?,
        (Shape::Windowed(shape, windows), Value::Windowed(windowed)) => {
            put_stamp(windows, &windowed.0, out)?;
            encode(shape, &windowed.1, out, nesting)
                .map_err(|e| e.within("windowed_value.value"))?;
        }
        (Shape::ParamWindowed(shape, Some(stamp)), Value::Windowed(windowed)) => {
            if **stamp != windowed.0 {
                return Err(CoderError::new("the stamp is not the one that all values have"));
            }
            encode(shape, &windowed.1, out, nesting)
                .map_err(|e| e.within("windowed_value.value"))?;
        }
        (Shape::ParamWindowed(shape, None), value) => encode(shape, value, out, nesting)?,
        (Shape::Opaque, Value::Opaque(bytes)) => out.extend_from_slice(bytes),
        (_, value) => {
            return Err(CoderError::new(format!(
                "a {} has no encoding by this coder",
                value.kind()
            )));
        }
    }
    Ok(())
}

fn nested(shape: &Shape, value: &Value, out: &mut Vec<u8>) -> Result {
    encode(shape, value, out, Nesting::Nested)
}

fn narrow<T: TryFrom<i64>>(int: i64) -> std::result::Result<T, CoderError> {
    T::try_from(int).map_err(|_| {
        CoderError::new(format!("{int} does not fit `{}`", std::any::type_name::<T>()))
    })
}

/// The first elements in one block, then the token of the rest.
fn continued(shape: &Shape, first: &[Value], token: &[u8], out: &mut Vec<u8>) -> Result {
    out.extend_from_slice(&[0xff; 4]);
    if !first.is_empty() {
        wire::put_varint(out, first.len() as u64);
        first.iter().try_for_each(|item| nested(shape, item, out))?;
    }
    wire::put_varint(out, CONTINUED);
    wire::put_length_prefixed(out, token);
    Ok(())
}

fn row(shape: &RowShape, fields: &[(std::sync::Arc<str>, Value)], out: &mut Vec<u8>) -> Result {
    if fields.len() != shape.fields.len() {
        return Err(CoderError::new(format!(
            "{} fields where the schema has {}",
            fields.len(),
            shape.fields.len()
        )));
    }
    let mut nulls = vec![0u8; shape.order.len().div_ceil(8)];
    for (position, index) in shape.order.iter().enumerate() {
        if fields[*index].1 == Value::Null {
            nulls[position / 8] |= 1 << (position % 8);
        }
    }
    put_row_header(out, fields.len(), &nulls);
    for index in &shape.order {
        let (field, value) = (&shape.fields[*index], &fields[*index].1);
        let put = match value {
            Value::Null if field.nullable => Ok(()),
            Value::Null => Err(CoderError::new("null in a field that is not nullable")),
            value => nested(&field.shape, value, out),
        };
        put.map_err(|e| e.within(field.name.to_string()))?;
    }
    Ok(())
}

fn put_timer(key: &Shape, windows: &WindowShape, timer: &Timer, out: &mut Vec<u8>) -> Result {
    nested(key, &timer.key, out).map_err(|e| e.within("timer.key"))?;
    wire::put_length_prefixed(out, timer.tag.as_bytes());
    put_windows(windows, &timer.windows, out).map_err(|e| e.within("timer.windows"))?;
    out.push(u8::from(timer.set.is_none()));
    if let Some(setting) = &timer.set {
        wire::put_timestamp(out, setting.fire);
        wire::put_timestamp(out, setting.hold);
        put_pane(out, &setting.pane);
    }
    Ok(())
}

fn put_stamp(shape: &WindowShape, stamp: &Stamp, out: &mut Vec<u8>) -> Result {
    wire::put_timestamp(out, stamp.timestamp);
    put_windows(shape, &stamp.windows, out).map_err(|e| e.within("windowed_value.windows"))?;
    put_pane_and_kind(out, &stamp.pane, stamp.value_kind);
    Ok(())
}

fn put_windows(shape: &WindowShape, windows: &Windows, out: &mut Vec<u8>) -> Result {
    put_items(windows.as_slice(), out, |window, out| put_window(shape, window, out))
}

fn put_window(shape: &WindowShape, window: &Window, out: &mut Vec<u8>) -> Result {
    match (shape, window) {
        (WindowShape::Global, Window::Global) => {}
        (WindowShape::Interval, Window::Interval(interval)) => put_interval(out, *interval),
        (WindowShape::Custom(shape), Window::Custom(max, encoded)) => {
            wire::put_timestamp(out, *max);
            if matches!(**shape, Shape::LengthPrefix(_)) {
                wire::put_length_prefixed(out, encoded);
            } else {
                out.extend_from_slice(encoded);
            }
        }
        _ => return Err(CoderError::new(format!("`{window:?}` is a window of another kind"))),
    }
    Ok(())
}
