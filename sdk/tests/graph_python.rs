//! Beam's own Python SDK reads our pipelines: every coder and windowing strategy gives the same
//! bytes there, and its optimiser accepts the graph.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use prost::Message;
use purlin_proto::pipeline::Pipeline as Proto;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderSpec, Nesting};
use purlin_sdk::{
    Element, FixedWindows, Pipeline, Sealed, SlidingWindows, StandardWindowFn, Timestamp,
};
use serde_json::{Value, json};

fn python() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/venv/bin/python");
    let python = std::env::var_os("PURLIN_PYTHON").map_or(own, PathBuf::from);
    assert!(
        python.exists(),
        "no Python with apache-beam: run `cargo xtask test`, which installs it"
    );
    python
}

#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Order {
    id: i64,
    customer: String,
    note: Option<String>,
    cents: i32,
    weight: f64,
    gift: bool,
}

/// Sample values by the spec of their coder.
#[derive(Default)]
struct Samples(Vec<(CoderSpec, Value, Vec<u8>)>);

impl Samples {
    fn add<T: Element>(&mut self, value: &T, shown: Value) {
        let mut bytes = Vec::new();
        value.encode(&mut bytes, Nesting::Nested).unwrap();
        self.0.push((T::coder_spec(), shown, bytes));
    }
}

fn order(note: Option<&str>) -> Order {
    let note = note.map(str::to_owned);
    Order { id: -7, customer: "Åsa".into(), note, cents: -250, weight: 1.5, gift: true }
}

fn samples() -> Samples {
    let mut all = Samples::default();
    all.add(&bytes::Bytes::from_static(b"\x00\xffab"), json!("\u{0}\u{ff}ab"));
    for number in [0i64, 1, -1, 127, 128, i64::MAX, i64::MIN] {
        all.add(&number, json!(number));
    }
    all.add(&"héllo".to_owned(), json!("héllo"));
    all.add(&2.5f64, json!(2.5));
    all.add(&true, json!(true));
    all.add(&("key".to_owned(), 300i64), json!(["key", 300]));
    all.add(&Some("x".to_owned()), json!("x"));
    all.add(&None::<String>, Value::Null);
    all.add(&vec![1i64, -2], json!([1, -2]));
    all.add(&order(Some("fragile")), json!([-7, "Åsa", "fragile", -250, 1.5, true]));
    all.add(&order(None), json!([-7, "Åsa", null, -250, 1.5, true]));
    all.add(&("Åsa".to_owned(), order(None)), json!(["Åsa", [-7, "Åsa", null, -250, 1.5, true]]));
    all.add(
        &("k".to_owned(), [4i64, 5].into_iter().collect::<purlin_sdk::Grouped<i64>>()),
        json!(["k", [4, 5]]),
    );
    all
}

fn pipeline() -> Sealed {
    let p = Pipeline::new();
    let numbers = p.create([1i64, 2, 3]).named("Numbers");
    let words = p.create(["a".to_owned(), "b".to_owned()]).named("Words");
    let orders = p.create([order(None)]).named("Orders");
    drop((
        p.create([2.5f64]),
        p.create([true]),
        p.create([Some("x".to_owned())]),
        p.create([vec![1i64]]),
    ));
    let pairs = words.map(|word| (word, 1i64)).named("Pair");
    drop(pairs.group_by_key().named("Group"));
    drop(orders.key_by(|order| order.customer.clone()).named("ByCustomer").reshuffle());
    let windowed = numbers
        .with_timestamps(|n| Timestamp(n * 1000))
        .window_into(FixedWindows::of(Duration::from_secs(10)))
        .named("Fixed");
    drop(windowed.map(|n| ("k".to_owned(), n)).group_by_key().named("GroupFixed"));
    let sliding = SlidingWindows::of(Duration::from_secs(10)).every(Duration::from_secs(5));
    drop(numbers.window_into(sliding).named("Sliding"));
    drop(numbers.flatten_with([numbers.filter(|n| *n > 1)]));
    p.seal().unwrap()
}

fn window_samples(pipeline: &Proto) -> BTreeMap<String, Vec<Value>> {
    let strategies = &pipeline.components.as_ref().unwrap().windowing_strategies;
    let sample = |window_fn: StandardWindowFn, at: i64| {
        let windows = window_fn.assign(Timestamp(at));
        let mut windows = windows.as_slice().to_vec();
        windows.sort_by_key(purlin_sdk::Window::max_timestamp);
        let coder = match window_fn {
            StandardWindowFn::Global => WindowCoder::Global,
            _ => WindowCoder::Interval,
        };
        let mut bytes = Vec::new();
        windows.iter().for_each(|window| coder.put_window(&mut bytes, window));
        json!({"timestamp": at, "bytes": hex(&bytes)})
    };
    strategies
        .iter()
        .map(|(id, strategy)| {
            let window_fn =
                StandardWindowFn::from_proto(strategy.window_fn.as_ref().unwrap()).unwrap();
            let times = [0, 1, 9_999, 10_000, -1, 1_700_000_000_123];
            (id.clone(), times.map(|at| sample(window_fn, at)).to_vec())
        })
        .collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The samples as the Python side reads them: by coder id.
fn sample_file(sealed: &Sealed) -> Value {
    let samples = samples();
    let mut by_coder: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for (id, collection) in &sealed.pipeline.components.as_ref().unwrap().pcollections {
        let spec = sealed.table.codecs[id].spec();
        let matching = samples.0.iter().filter(|(known, _, _)| {
            (&known.urn, &known.payload, &known.components)
                == (&spec.urn, &spec.payload, &spec.components)
        });
        let values: Vec<_> = matching
            .map(|(_, value, bytes)| json!({"value": value, "bytes": hex(bytes)}))
            .collect();
        assert!(!values.is_empty(), "no sample for {}: {spec:?}", collection.unique_name);
        by_coder.insert(&collection.coder_id, values);
    }
    json!({"coders": by_coder, "windows": window_samples(&sealed.pipeline)})
}

fn check(pipeline: &Proto, samples: &Value) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let (proto, json) = (folder.path().join("pipeline.pb"), folder.path().join("samples.json"));
    std::fs::write(&proto, pipeline.encode_to_vec()).unwrap();
    std::fs::write(&json, samples.to_string()).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/graph_python.py");
    Command::new(python()).args([script, proto, json]).output().unwrap()
}

#[test]
fn python_reads_our_pipelines_and_encodes_the_same_bytes() {
    let sealed = pipeline();
    let output = check(&sealed.pipeline, &sample_file(&sealed));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{stderr}");
    let compared: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(compared["coders"].as_u64().unwrap() >= 30, "{compared}");
    assert!(compared["windows"].as_u64().unwrap() >= 18, "{compared}");
    assert!(compared["stages"].as_u64().unwrap() >= 5, "{compared}");
}

/// One mistake of each kind, which the check above must find.
#[test]
fn broken_pipelines_are_found() {
    type Break = fn(&mut purlin_proto::pipeline::Components);
    let breaks: [(&str, Break); 7] = [
        ("a collection of an unknown coder", |components| {
            components.pcollections.values_mut().next().unwrap().coder_id = "none".into();
        }),
        ("a collection of an unknown windowing", |components| {
            components.pcollections.values_mut().next().unwrap().windowing_strategy_id =
                "none".into();
        }),
        ("a coder without its part", |components| {
            let kv = components
                .coders
                .values_mut()
                .find(|coder| coder.spec.as_ref().unwrap().urn == purlin_proto::urns::coders::KV);
            kv.unwrap().component_coder_ids.pop();
        }),
        ("a coder of another type", |components| {
            let varint = components.coders.values_mut().find(|coder| {
                coder.spec.as_ref().unwrap().urn == purlin_proto::urns::coders::VARINT
            });
            varint.unwrap().spec.as_mut().unwrap().urn = purlin_proto::urns::coders::DOUBLE.into();
        }),
        ("a transform of an unknown input", |components| {
            let reader =
                components.transforms.values_mut().find(|transform| !transform.inputs.is_empty());
            reader.unwrap().inputs.values_mut().next().unwrap().push_str("-none");
        }),
        ("windows of another size", |components| {
            let strategies = components.windowing_strategies.values_mut();
            for strategy in strategies {
                let spec = strategy.window_fn.as_mut().unwrap();
                if let Some(StandardWindowFn::Fixed(_)) = StandardWindowFn::from_proto(spec) {
                    let other = StandardWindowFn::from(FixedWindows::of(Duration::from_secs(7)));
                    *spec = other.to_proto();
                }
            }
        }),
        ("a missing subtransform", |components| {
            let composite = components
                .transforms
                .values_mut()
                .find(|transform| !transform.subtransforms.is_empty());
            composite.unwrap().subtransforms.push("none".into());
        }),
    ];
    let sealed = pipeline();
    let samples = sample_file(&sealed);
    for (what, damage) in breaks {
        let mut broken = sealed.pipeline.clone();
        damage(broken.components.as_mut().unwrap());
        let output = check(&broken, &samples);
        assert!(!output.status.success(), "{what} was not found");
    }
}
