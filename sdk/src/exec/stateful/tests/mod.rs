//! What stateful functions read and write, and what is asked of the runner for it.

mod addresses;
mod cells;
mod failures;
mod maps;
mod properties;
mod timers;
mod wire;

use bytes::Bytes;

use super::StatefulDoFn;
use super::testing::StateHost;
use crate::coders::timer::{EncodedTimer, Firing, put_timer};
use crate::coders::windowed::WindowCoder;
use crate::exec::testing::Stage;
use crate::exec::{Batch, Role, Stamps};
use crate::state::{Bag, EventTimer, StateSpecs, Timer, Value};
use crate::window::{PaneInfo, Stamp, Window, Windows};
use crate::{BoxError, Context, Element, Pipeline, Timestamp};

/// A stage of one stateful function.
fn stage<D>(new: impl FnOnce(&mut StateSpecs) -> D) -> Stage<D::Out>
where
    D: StatefulDoFn<Key = String>,
{
    let p = Pipeline::new();
    let none: Vec<(String, D::In)> = Vec::new();
    drop(p.create(none).par_do_stateful(new).named("Keep"));
    let sealed = p.seal().expect("the pipeline is right");
    Stage::new(&sealed, "Keep", Role::ParDo).expect("it can be made")
}

fn stamp(timestamp: i64) -> Stamp {
    Stamp { timestamp: Timestamp(timestamp), ..Stamp::default() }
}

/// Values of keys, at a time each.
fn batch<V: Element>(elements: &[(&str, V, i64)]) -> Batch<(String, V)> {
    let mut batch = Batch::new(Vec::new(), Stamps::default());
    for (key, value, at) in elements {
        batch.stamps.push(&stamp(*at), batch.values.len());
        batch.values.push(((*key).to_owned(), value.clone()));
    }
    batch
}

fn key(key: &str) -> Bytes {
    let mut out = vec![u8::try_from(key.len()).expect("short")];
    out.extend_from_slice(key.as_bytes());
    out.into()
}

/// A timer of a key in the global window.
fn timer(of: &str, tag: &str, firing: Option<(i64, i64)>) -> Bytes {
    let firing = firing.map(|(fire, hold)| Firing {
        fire: Timestamp(fire),
        hold: Timestamp(hold),
        pane: PaneInfo::NO_FIRING,
    });
    let windows = Windows::One(Window::Global);
    let timer = EncodedTimer { key: key(of), tag: tag.to_owned(), windows, firing };
    let mut out = Vec::new();
    put_timer(&mut out, &timer, &WindowCoder::Global);
    out.into()
}

/// A function of any cells: what it does with them is a function of its own.
#[derive(Clone)]
struct With<C, V> {
    cells: C,
    process: fn(&C, V, &mut Context<String>) -> Result<(), BoxError>,
    on_timer: fn(&C, Timer, &mut Context<String>) -> Result<(), BoxError>,
}

impl<C: Clone + Send + Sync + 'static, V: Element> StatefulDoFn for With<C, V> {
    type Key = String;
    type In = V;
    type Out = String;

    fn process(
        &mut self,
        _key: &String,
        value: V,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        (self.process)(&self.cells, value, cx)
    }

    fn on_timer(
        &mut self,
        timer: Timer,
        _key: &String,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        (self.on_timer)(&self.cells, timer, cx)
    }
}

/// A stage of a function of these cells, without timers.
fn with<C: Clone + Send + Sync + 'static, V: Element>(
    cells: impl FnOnce(&mut StateSpecs) -> C,
    process: fn(&C, V, &mut Context<String>) -> Result<(), BoxError>,
) -> Stage<String> {
    stage(|s| With { cells: cells(s), process, on_timer: |_, _, _| Ok(()) })
}

/// What a function of these cells puts out for one element of the key "k", in a bundle of its own.
fn once<C: Clone + Send + Sync + 'static>(
    host: &StateHost,
    cells: impl FnOnce(&mut StateSpecs) -> C,
    process: fn(&C, i64, &mut Context<String>) -> Result<(), BoxError>,
) -> Vec<String> {
    let stage = with(cells, process);
    stage.start(host).expect("it starts");
    stage.process(batch(&[("k", 0i64, 100)])).expect("it processes");
    let outputs = stage.finish().expect("it ends");
    outputs.into_iter().map(|(value, _)| value).collect()
}

/// Collects values until a minute after the first.
#[derive(Clone)]
struct Sessionize {
    values: Bag<String>,
    first: Value<i64>,
    flush: EventTimer,
}

impl Sessionize {
    fn new(s: &mut StateSpecs) -> Self {
        Self { values: s.bag("values"), first: s.value("first"), flush: s.event_timer("flush") }
    }
}

impl StatefulDoFn for Sessionize {
    type Key = String;
    type In = String;
    type Out = (String, Vec<String>);

    fn process(
        &mut self,
        _key: &String,
        value: String,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        if self.first.read(cx)?.is_none() {
            let now = cx.timestamp();
            self.first.write(cx, now.millis())?;
            self.flush.set(cx, Timestamp(now.millis() + 60_000));
        }
        self.values.add(cx, value)
    }

    fn on_timer(
        &mut self,
        timer: Timer,
        key: &String,
        cx: &mut Context<Self::Out>,
    ) -> Result<(), BoxError> {
        assert!(timer == self.flush);
        let values = self.values.read(cx)?;
        cx.output((key.clone(), values));
        self.values.clear(cx)?;
        self.first.clear(cx)
    }
}

#[test]
fn values_are_kept_by_key_until_a_timer_fires() {
    let (stage, host) = (stage(Sessionize::new), StateHost::default());
    stage.start(&host).expect("it starts");
    let elements =
        [("a", "x".to_owned(), 10), ("b", "y".to_owned(), 11), ("a", "z".to_owned(), 12)];
    stage.process(batch(&elements)).expect("it processes");
    assert_eq!(host.log(), ["get first@0161", "get first@0162"], "adding reads nothing");
    assert_eq!(stage.finish().expect("it ends"), []);
    let writes = [
        "append values@0161 0178017a",
        "append first@0161 0a",
        "append values@0162 0179",
        "append first@0162 0b",
        "timers flush",
    ];
    assert_eq!(host.log(), writes);
    let set = [timer("a", "", Some((60_010, 60_010))), timer("b", "", Some((60_011, 60_011)))];
    let timers = host.timers();
    assert_eq!(timers.len(), 1);
    assert_eq!((timers[0].1.as_str(), &timers[0].2), ("flush", &set.concat().into()));

    stage.start(&host).expect("it starts");
    stage.timers("flush", &set[0]).expect("it fires");
    let outputs = stage.finish().expect("it ends");
    let values = vec!["x".to_owned(), "z".to_owned()];
    assert_eq!(outputs, [(("a".to_owned(), values), stamp(60_010))]);
    assert_eq!(host.log(), ["get values@0161", "clear values@0161", "clear first@0161"]);
}
