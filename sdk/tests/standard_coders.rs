//! Every case of Beam's `standard_coders.yaml`: decoded, encoded and skipped.

mod support;

use std::collections::BTreeMap;

use bytes::Bytes;
use purlin_sdk::coders::model::{ModelCoder, Value};
use purlin_sdk::coders::{CoderSpec, Nesting, Reader, Skipper};
use serde_json::Value as Json;
use support::{beams_cases, latin1};

/// One example in one nesting.
struct Case<'a> {
    /// Which it is, for messages.
    name: String,
    spec: CoderSpec,
    nesting: Nesting,
    bytes: Vec<u8>,
    value: &'a Json,
    /// Other bytes may stand for the same value.
    loose: bool,
    /// The rest of state-backed iterables.
    state: &'a Json,
}

#[test]
fn every_standard_coder_does_what_beam_says() {
    let file = beams_cases();
    let cases = cases(&file);
    let examples = |document: &Json| {
        let nestings = if document.get("nested").is_some() { 1 } else { 2 };
        document["examples"].as_array().map_or(0, Vec::len) * nestings
    };
    let expected: usize = file.as_array().into_iter().flatten().map(examples).sum();
    assert_eq!(cases.len(), expected);
    assert!(cases.len() > 150, "{} cases are fewer than Beam 2.77 has", cases.len());
    let failures: Vec<_> =
        cases.iter().filter_map(|c| check(c).err().map(|e| format!("{}: {e}", c.name))).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), cases.len(), failures.join("\n"));
}

#[test]
fn no_prefix_of_a_case_is_read_beyond_its_end() {
    let file = beams_cases();
    for case in cases(&file) {
        let coder = ModelCoder::new(&case.spec).expect("it is of the model");
        let skipper = Skipper::new(&case.spec).expect("it is of the model");
        for end in 0..case.bytes.len() {
            let mut input = Reader::new(&case.bytes[..end]);
            let decoded = coder.decode(&mut input, Nesting::Nested);
            let read = input.position();
            let mut input = Reader::new(&case.bytes[..end]);
            let skipped = skipper.skip(&mut input);
            assert_eq!(decoded.is_ok(), skipped.is_ok(), "{} to {end}", case.name);
            if let (Err(decoded), Err(skipped)) = (&decoded, &skipped) {
                assert_eq!(decoded.path(), skipped.path(), "{} to {end}", case.name);
            } else {
                assert_eq!(input.position(), read, "{} to {end}", case.name);
            }
        }
    }
}

fn cases(file: &Json) -> Vec<Case<'_>> {
    let mut cases = Vec::new();
    for (i, document) in file.as_array().into_iter().flatten().enumerate() {
        let nestings = match document.get("nested").map(Json::as_bool) {
            Some(Some(true)) => vec![Nesting::Nested],
            Some(_) => vec![Nesting::Outer],
            None => vec![Nesting::Nested, Nesting::Outer],
        };
        let coder = &document["coder"];
        let loose = [&document["non_deterministic"], &coder["non_deterministic"]];
        for example in document["examples"].as_array().into_iter().flatten() {
            for nesting in &nestings {
                cases.push(Case {
                    name: format!("document {i}, {}, {}", coder["urn"], example[0]),
                    spec: spec(coder),
                    nesting: *nesting,
                    bytes: latin1(&example[0]),
                    value: &example[1],
                    loose: loose.iter().any(|loose| loose.as_bool() == Some(true)),
                    state: [&document["state"], &coder["state"]]
                        .into_iter()
                        .find(|state| state.is_object())
                        .unwrap_or(&Json::Null),
                });
            }
        }
    }
    cases
}

fn spec(coder: &Json) -> CoderSpec {
    let parts = coder["components"].as_array().into_iter().flatten().map(spec).collect();
    let urn = coder["urn"].as_str().expect("a coder has a URN").to_owned();
    CoderSpec::new(urn, parts).payload(latin1(&coder["payload"]))
}

fn check(case: &Case<'_>) -> Result<(), String> {
    let coder = ModelCoder::new(&case.spec).map_err(|e| e.to_string())?;
    let mut input = Reader::new(&case.bytes);
    let value = coder.decode(&mut input, case.nesting).map_err(|e| e.to_string())?;
    if !input.is_empty() {
        return Err(format!("{} bytes are left", input.remaining()));
    }
    same(&resolved(&value, &case.spec, case.state), case.value)?;
    let mut bytes = Vec::new();
    coder.encode(&value, &mut bytes, case.nesting).map_err(|e| e.to_string())?;
    if !case.loose && bytes != case.bytes {
        return Err(format!("encoded as {bytes:?}"));
    }
    let mut input = Reader::new(&bytes);
    let again = coder.decode(&mut input, case.nesting).map_err(|e| e.to_string())?;
    if format!("{again:?}") != format!("{value:?}") {
        return Err(format!("decoded again as {again:?}"));
    }
    skip(case)
}

/// Skipping reads the nested form, to its end and no further.
fn skip(case: &Case<'_>) -> Result<(), String> {
    if case.nesting == Nesting::Outer {
        return Ok(());
    }
    let skipper = Skipper::new(&case.spec).map_err(|e| e.to_string())?;
    let followed = [&case.bytes[..], &[0xff; 9]].concat();
    let mut input = Reader::new(&followed);
    skipper.skip(&mut input).map_err(|e| e.to_string())?;
    if input.position() != case.bytes.len() {
        return Err(format!("skipped {} bytes", input.position()));
    }
    let mut input = Reader::new(&followed);
    let key_length = skipper.skip_kv(&mut input).map_err(|e| e.to_string())?;
    let expected = match case.spec.as_kv() {
        Some((key, _)) => {
            let coder = ModelCoder::new(key).map_err(|e| e.to_string())?;
            let mut input = Reader::new(&followed);
            coder.decode(&mut input, Nesting::Nested).map_err(|e| e.to_string())?;
            input.position()
        }
        None => 0,
    };
    if key_length != expected {
        return Err(format!("the key has {key_length} bytes, not {expected}"));
    }
    Ok(())
}

/// The value with the rest that the case's state holds.
fn resolved(value: &Value, spec: &CoderSpec, state: &Json) -> Value {
    let Value::Continued { first, token } = value else { return value.clone() };
    let token = std::str::from_utf8(token).expect("the tokens of the file are text");
    let rest = latin1(&state[token]);
    let item = ModelCoder::new(&spec.components[0]).expect("it is of the model");
    let mut items = first.clone();
    let mut input = Reader::new(&rest);
    while !input.is_empty() {
        items.push(item.decode(&mut input, Nesting::Nested).expect("the state has elements"));
    }
    Value::List(items)
}

/// Whether a value is the one that the file describes.
fn same(value: &Value, json: &Json) -> Result<(), String> {
    let found = describe(value);
    let equal = match (&found, json) {
        (Json::Object(found), Json::Object(expected)) => {
            let sorted = |object: &serde_json::Map<String, Json>| -> BTreeMap<String, Json> {
                object.iter().map(|(k, v)| (k.clone(), normal(v))).collect()
            };
            sorted(found) == sorted(expected)
        }
        (found, expected) => normal(found) == normal(expected),
    };
    if equal { Ok(()) } else { Err(format!("decoded as {found}, not {json}")) }
}

/// Numbers in strings, as the file writes floats, all in one form.
fn normal(json: &Json) -> Json {
    match json {
        Json::String(text) => match text.parse::<f64>() {
            Ok(float) => Json::String(format!("{float:?}")),
            Err(_) => json.clone(),
        },
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Object(fields) => {
            Json::Object(fields.iter().map(|(k, v)| (k.clone(), normal(v))).collect())
        }
        _ => json.clone(),
    }
}

/// A value as the file writes it.
fn describe(value: &Value) -> Json {
    use purlin_sdk::{PaneInfo, Timing, Window};
    let text = |bytes: &Bytes| Json::String(bytes.iter().map(|byte| char::from(*byte)).collect());
    let interval = |start: i64, end: i64| serde_json::json!({ "end": end, "span": end - start });
    let window = |window: &Window| match window {
        Window::Global => Json::String(String::new()),
        Window::Interval(window) => interval(window.start.0, window.end.0),
        Window::Custom(_, encoded) => {
            let coder = purlin_sdk::coders::windowed::WindowCoder::Interval;
            match coder.read_window(&mut Reader::new(encoded)) {
                Ok(Window::Interval(window)) => {
                    serde_json::json!({ "window": interval(window.start.0, window.end.0) })
                }
                other => Json::String(format!("{other:?}")),
            }
        }
    };
    let windows = |all: &purlin_sdk::Windows| -> Json {
        let all = all.as_slice().iter().map(|each| match each {
            Window::Global => Json::String("global".to_owned()),
            other => window(other),
        });
        all.collect()
    };
    let pane = |pane: &PaneInfo| {
        let timing = match pane.timing {
            Timing::Early => "EARLY",
            Timing::OnTime => "ON_TIME",
            Timing::Late => "LATE",
            Timing::Unknown => "UNKNOWN",
        };
        serde_json::json!({
            "is_first": pane.is_first,
            "is_last": pane.is_last,
            "timing": timing,
            "index": pane.index,
            "on_time_index": pane.on_time_index,
        })
    };
    match value {
        Value::Null => Json::Null,
        Value::Bool(bool) => (*bool).into(),
        Value::Int(int) => (*int).into(),
        // FLOATs are read as the shortest decimal that they are the nearest to.
        Value::Float(float) if f64::from(*float as f32) == *float => {
            Json::String((*float as f32).to_string())
        }
        Value::Float(float) => Json::String(format!("{float:?}")),
        Value::Text(text) => Json::String(text.clone()),
        Value::Bytes(bytes) => text(bytes),
        // The file has the eight bytes as an integer.
        Value::Timestamp(time) => (time.0 ^ i64::MIN).into(),
        Value::Decimal { scale, unscaled } => Json::String(decimal(*scale, unscaled)),
        Value::Pair(parts) => {
            serde_json::json!({ "key": describe(&parts.0), "value": describe(&parts.1) })
        }
        Value::List(items) => items.iter().map(describe).collect(),
        Value::Map(entries) => {
            let key = |key: &Value| describe(key).as_str().expect("keys are text").to_owned();
            entries.iter().map(|(k, v)| (key(k), describe(v))).collect()
        }
        Value::Row(fields) => {
            fields.iter().map(|(name, v)| (name.to_string(), describe(v))).collect()
        }
        Value::Window(each) => window(each),
        Value::Timer(timer) => {
            let mut json = serde_json::json!({
                "userKey": describe(&timer.key),
                "dynamicTimerTag": timer.tag,
                "windows": windows(&timer.windows),
                "clearBit": timer.set.is_none(),
            });
            if let Some(setting) = &timer.set {
                json["fireTimestamp"] = setting.fire.0.into();
                json["holdTimestamp"] = setting.hold.0.into();
                json["pane"] = pane(&setting.pane);
            }
            json
        }
        Value::Windowed(windowed) => serde_json::json!({
            "value": describe(&windowed.1),
            "timestamp": windowed.0.timestamp.0,
            "pane": pane(&windowed.0.pane),
            "windows": windows(&windowed.0.windows),
        }),
        Value::ShardedKey(shard, key) => {
            serde_json::json!({ "shardId": text(shard), "key": describe(key) })
        }
        other => Json::String(format!("{other:?}")),
    }
}

fn decimal(scale: i64, unscaled: &[u8]) -> String {
    let sign = if unscaled.first().is_some_and(|byte| *byte >= 0x80) { -1i128 } else { 0 };
    let number = unscaled.iter().fold(sign, |number, byte| number << 8 | i128::from(*byte));
    format!("{:?}", number as f64 / 10f64.powi(i32::try_from(scale).expect("a small scale")))
}
