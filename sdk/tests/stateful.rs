//! What a pipeline says of stateful transforms, and what is refused while it is built.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::fmt::Write as _;
use std::time::Duration;

use purlin_proto::pipeline::{Components, ParDoPayload};
use purlin_sdk::state::{
    Bag, Combining, EventTimer, Map, Multimap, OrderedList, ProcessingTimer, Set, StateSpecs, Value,
};
use purlin_sdk::transforms::Mean;
use purlin_sdk::{
    BoxError, Context, Continuation, FixedWindows, OffsetRange, Pipeline, Sealed, SplittableDoFn,
    StatefulDoFn, Tracker,
};

/// Every kind of cell and timer.
#[derive(Clone)]
#[expect(dead_code, reason = "it is only described")]
struct Everything {
    value: Value<String>,
    bag: Bag<i64>,
    mean: Combining<i64, Mean>,
    set: Set<String>,
    map: Map<String, f64>,
    multimap: Multimap<i64, bool>,
    list: OrderedList<(i64, String)>,
    event: EventTimer,
    processing: ProcessingTimer,
}

impl Everything {
    fn new(s: &mut StateSpecs) -> Self {
        Self {
            value: s.value("value"),
            bag: s.bag("bag"),
            mean: s.combining("mean", Mean),
            set: s.set("set"),
            map: s.map("map"),
            multimap: s.multimap("multimap"),
            list: s.ordered_list("list"),
            event: s.event_timer("event"),
            processing: s.processing_timer("processing"),
        }
    }
}

impl StatefulDoFn for Everything {
    type Key = String;
    type In = i64;
    type Out = String;
    const REQUIRES_TIME_SORTED_INPUT: bool = true;
    const REQUIRES_STABLE_INPUT: bool = true;
    const HAS_ON_WINDOW_EXPIRATION: bool = true;

    fn process(&mut self, _: &String, _: i64, _: &mut Context<String>) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A function of the cells that `declare` makes.
#[derive(Clone)]
struct Plain<C>(C);

impl<C: Clone + Send + Sync + 'static> StatefulDoFn for Plain<C> {
    type Key = String;
    type In = i64;
    type Out = i64;
    fn process(&mut self, _: &String, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        cx.output(n);
        Ok(())
    }
}

fn pairs(p: &Pipeline) -> purlin_sdk::PCollection<(String, i64)> {
    p.create([("a".to_owned(), 1i64)])
}

fn payload(sealed: &Sealed, name: &str) -> (Components, ParDoPayload) {
    let components = sealed.pipeline.components.clone().unwrap();
    let transform = components.transforms.values().find(|t| t.unique_name == name).unwrap();
    let payload = transform.spec.clone().unwrap().payload;
    (components, prost::Message::decode(payload).unwrap())
}

/// A coder by its parts, such as `kv<varint, bool>`.
fn coder(components: &Components, id: &str) -> String {
    let coder = &components.coders[id];
    let urn = &coder.spec.as_ref().unwrap().urn;
    let name = urn.trim_start_matches("beam:coder:").trim_end_matches(":v1");
    let parts: Vec<_> =
        coder.component_coder_ids.iter().map(|part| self::coder(components, part)).collect();
    if parts.is_empty() { name.to_owned() } else { format!("{name}<{}>", parts.join(", ")) }
}

/// What a payload says of cells and timers, with coders in the place of their ids.
fn described(sealed: &Sealed, name: &str) -> String {
    let (components, payload) = payload(sealed, name);
    let mut text = String::new();
    let mut coders: Vec<_> = components.coders.keys().cloned().collect();
    coders.sort_by_key(|id| std::cmp::Reverse(id.len()));
    let named = |shown: String| {
        coders
            .iter()
            .fold(shown, |shown, id| shown.replace(&format!("\"{id}\""), &coder(&components, id)))
    };
    for (name, spec) in &payload.state_specs {
        let protocol = spec.protocol.as_ref().unwrap();
        let kind = named(format!("{:?}", spec.spec.as_ref().unwrap()));
        writeln!(text, "{name}: {kind} by {}", protocol.urn).unwrap();
    }
    for (name, family) in &payload.timer_family_specs {
        let coder = coder(&components, &family.timer_family_coder_id);
        writeln!(text, "{name}: {:?} {coder}", family.time_domain()).unwrap();
    }
    let expires = &payload.on_window_expiration_timer_family_spec;
    let (sorted, stable) = (payload.requires_time_sorted_input, payload.requires_stable_input);
    writeln!(text, "expiration: {expires}, sorted: {sorted}, stable: {stable}").unwrap();
    text
}

#[test]
fn cells_timers_and_needs_are_described() {
    let p = Pipeline::new();
    let windowed = pairs(&p).window_into(FixedWindows::of(Duration::from_secs(1)));
    drop(windowed.par_do_stateful(Everything::new).named("Keep"));
    let sealed = p.seal().unwrap();
    expect_test::expect![[r#"
        bag: BagSpec(BagStateSpec { element_coder_id: varint }) by beam:user_state:bag:v1
        list: OrderedListSpec(OrderedListStateSpec { element_coder_id: kv<varint, string_utf8> }) by beam:user_state:ordered_list:v1
        map: MapSpec(MapStateSpec { key_coder_id: string_utf8, value_coder_id: double }) by beam:user_state:multimap:v1
        mean: CombiningSpec(CombiningStateSpec { accumulator_coder_id: kv<double, varint>, combine_fn: Some(FunctionSpec { urn: "purlin:combinefn:v1", payload: b"Keep" }) }) by beam:user_state:bag:v1
        multimap: MultimapSpec(MultimapStateSpec { key_coder_id: varint, value_coder_id: bool }) by beam:user_state:multimap:v1
        set: SetSpec(SetStateSpec { element_coder_id: string_utf8 }) by beam:user_state:multimap:v1
        value: ReadModifyWriteSpec(ReadModifyWriteStateSpec { coder_id: string_utf8 }) by beam:user_state:bag:v1
        event: EventTime timer<string_utf8, interval_window>
        on_window_expiration: EventTime timer<string_utf8, interval_window>
        processing: ProcessingTime timer<string_utf8, interval_window>
        expiration: on_window_expiration, sorted: true, stable: true
    "#]].assert_eq(&described(&sealed, "Keep"));
    expect_test::expect![[r#"
        beam:requirement:pardo:finalization:v1
        beam:requirement:pardo:stateful:v1
        beam:requirement:pardo:on_window_expiration:v1
        beam:requirement:pardo:time_sorted_input:v1
        beam:requirement:pardo:stable_input:v1"#]]
    .assert_eq(&sealed.pipeline.requirements.join("\n"));
}

#[test]
fn a_function_that_needs_less_says_less() {
    let p = Pipeline::new();
    drop(pairs(&p).par_do_stateful(|s: &mut StateSpecs| Plain::<Value<i64>>(s.value("v"))));
    let sealed = p.seal().unwrap();
    expect_test::expect![[r#"
        v: ReadModifyWriteSpec(ReadModifyWriteStateSpec { coder_id: varint }) by beam:user_state:bag:v1
        expiration: , sorted: false, stable: false
    "#]].assert_eq(&described(&sealed, "Plain"));
    assert!(sealed.pipeline.requirements.contains(&"beam:requirement:pardo:stateful:v1".into()));
}

#[test]
fn other_cells_are_another_shape() {
    fn shape<C: Clone + Send + Sync + 'static>(declare: fn(&mut StateSpecs) -> C) -> String {
        let p = Pipeline::new();
        drop(pairs(&p).par_do_stateful(|s: &mut StateSpecs| Plain(declare(s))).named("Keep"));
        p.seal().unwrap().shape()
    }
    let value = shape(|s| s.value::<i64>("v"));
    assert_eq!(value, shape(|s| s.value::<i64>("v")));
    assert_ne!(value, shape(|s| s.value::<i64>("w")));
    assert_ne!(value, shape(|s| s.value::<String>("v")));
    assert_ne!(value, shape(|s| s.bag::<i64>("v")));
    assert_ne!(value, shape(|s| (s.value::<i64>("v"), s.event_timer("t"))));
    assert_ne!(
        shape(|s| s.processing_timer("t")),
        shape(|s| s.event_timer("t")),
        "another time domain"
    );
}

#[test]
fn mistakes_in_declarations_are_reported_with_their_places() {
    let p = Pipeline::new();
    drop(pairs(&p).par_do_stateful(|s: &mut StateSpecs| {
        Plain((
            (s.bag::<i64>("same"), s.value::<i64>("same")),
            (s.event_timer("t"), s.processing_timer("t")),
            s.event_timer("on_window_expiration"),
            s.map::<f64, i64>("floats"),
        ))
    }));
    let message = p.seal().err().unwrap().to_string();
    for part in [
        "4 mistake(s)",
        "two state cells are named `same`",
        "two timers are named `t`",
        "a timer cannot be named `on_window_expiration`",
        "the keys of the state cell `floats` cannot be found",
    ] {
        assert!(message.contains(part), "no `{part}` in:\n{message}");
    }
    assert_eq!(message.matches("tests/stateful.rs:").count(), 4, "{message}");
}

/// A function of keys that have no bytes of their own.
#[derive(Clone)]
struct OfFloats;

impl StatefulDoFn for OfFloats {
    type Key = f64;
    type In = i64;
    type Out = i64;
    fn process(&mut self, _: &f64, _: i64, _: &mut Context<i64>) -> Result<(), BoxError> {
        Ok(())
    }
}

#[test]
fn keys_must_have_bytes_of_their_own() {
    let p = Pipeline::new();
    drop(p.create([(1.0f64, 1i64)]).par_do_stateful(|_: &mut StateSpecs| OfFloats));
    let message = p.seal().err().unwrap().to_string();
    assert!(message.contains("these keys cannot be grouped"), "{message}");
}

/// A source that does not end.
#[derive(Clone)]
struct Ticks;

impl SplittableDoFn for Ticks {
    type In = bytes::Bytes;
    type Out = (String, i64);
    type Restriction = OffsetRange;
    fn initial_restriction(&self, _: &bytes::Bytes) -> Result<OffsetRange, BoxError> {
        Ok(OffsetRange::new(0, OffsetRange::UNBOUNDED))
    }
    fn process(
        &mut self,
        _: &bytes::Bytes,
        _: &mut Tracker<OffsetRange>,
        _: &mut Context<(String, i64)>,
    ) -> Result<Continuation, BoxError> {
        Ok(Continuation::Stop)
    }
}

#[test]
fn stateful_steps_of_streams_must_be_named() {
    let build = |name: Option<&str>| {
        let p = Pipeline::new();
        let ticks = p.impulse().par_do_splittable(Ticks, false);
        let kept = ticks.par_do_stateful(|s: &mut StateSpecs| Plain::<Value<i64>>(s.value("v")));
        drop(name.map(|name| kept.named(name)));
        p.seal()
    };
    let message = build(None).err().unwrap().to_string();
    assert!(message.contains("must be named explicitly"), "{message}");
    assert!(message.contains("tests/stateful.rs:"), "{message}");
    assert!(build(Some("Keep")).is_ok());
}
