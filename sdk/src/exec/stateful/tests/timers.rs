//! When timers are set, what they hold, and what is called when they fire.

use std::time::Duration;

use bytes::Bytes;

use super::{With, batch, stage, stamp, timer, with};
use crate::exec::Role;
use crate::exec::stateful::testing::StateHost;
use crate::exec::testing::Stage;
use crate::state::{EventTimer, ProcessingTimer, StateSpecs, Timer};
use crate::{
    BoxError, Context, FixedWindows, Pipeline, SlidingWindows, StatefulDoFn, Timestamp, Value,
    Window, WindowInto,
};

type Timers = (EventTimer, ProcessingTimer);

fn timers(s: &mut StateSpecs) -> Timers {
    (s.event_timer("event"), s.processing_timer("processing"))
}

/// The timers that a function sets for an element of the key "k" at 100, at the clock's 5000.
fn set(
    process: fn(&Timers, i64, &mut Context<String>) -> Result<(), BoxError>,
) -> Vec<(String, Bytes)> {
    let host = StateHost::default();
    host.set_time(Timestamp(5_000));
    let stage = stage(|s| With { cells: timers(s), process, on_timer: |_, _, _| Ok(()) });
    stage.start(&host).expect("it starts");
    stage.process(batch(&[("k", 0i64, 100)])).expect("it processes");
    stage.finish().expect("it ends");
    host.timers().into_iter().map(|(_, family, bytes)| (family, bytes)).collect()
}

fn event(tag: &str, firing: Option<(i64, i64)>) -> (String, Bytes) {
    ("event".to_owned(), timer("k", tag, firing))
}

fn processing(tag: &str, firing: Option<(i64, i64)>) -> (String, Bytes) {
    ("processing".to_owned(), timer("k", tag, firing))
}

#[test]
fn event_timers_hold_the_watermark_where_they_fire() {
    let at = set(|(event, _), _, cx| {
        event.set(cx, Timestamp(400));
        Ok(())
    });
    assert_eq!(at, [event("", Some((400, 400)))]);
    let after = set(|(event, _), _, cx| {
        event.set_after(cx, Duration::from_millis(7));
        Ok(())
    });
    assert_eq!(after, [event("", Some((107, 107)))]);
    let held = set(|(event, _), _, cx| {
        event.output_timestamp(Timestamp(150)).set(cx, Timestamp(400));
        Ok(())
    });
    assert_eq!(held, [event("", Some((400, 150)))]);
}

#[test]
fn processing_timers_hold_the_watermark_at_their_element() {
    let at = set(|(_, processing), _, cx| {
        processing.set(cx, Timestamp(9_000));
        Ok(())
    });
    assert_eq!(at, [processing("", Some((9_000, 100)))]);
    let after = set(|(_, processing), _, cx| {
        processing.set_after(cx, Duration::from_secs(1));
        Ok(())
    });
    assert_eq!(after, [processing("", Some((6_000, 100)))], "from now on");
    let held = set(|(_, processing), _, cx| {
        processing.tag("t").output_timestamp(Timestamp(200)).set(cx, Timestamp(9_000));
        Ok(())
    });
    assert_eq!(held, [processing("t", Some((9_000, 200)))]);
}

#[test]
fn the_last_write_of_a_timer_counts() {
    let written = set(|(event, processing), _, cx| {
        event.set(cx, Timestamp(400));
        event.tag("a").set(cx, Timestamp(401));
        event.tag("b").set(cx, Timestamp(402));
        processing.set(cx, Timestamp(403));
        event.clear(cx);
        event.tag("b").set(cx, Timestamp(404));
        Ok(())
    });
    let events = [
        timer("k", "a", Some((401, 401))),
        timer("k", "", None),
        timer("k", "b", Some((404, 404))),
    ];
    let expected = [("event".to_owned(), events.concat().into()), processing("", Some((403, 100)))];
    assert_eq!(written, expected);
}

/// Says what it sees when a timer fires, and sets it again.
fn told(
    (event, processing): &Timers,
    timer: Timer,
    cx: &mut Context<String>,
) -> Result<(), BoxError> {
    let which = if timer == *event { "event" } else { "processing" };
    assert_eq!(*processing == timer, which == "processing");
    assert_eq!(timer.name(), which);
    let (fire, tag) = (cx.fire_timestamp().map(Timestamp::millis), cx.timer_tag().to_owned());
    cx.output(format!("{which} {fire:?} {tag:?} {} {}", cx.timestamp(), cx.window()));
    event.tag("again").set_after(cx, Duration::from_millis(5));
    processing.set_after(cx, Duration::from_millis(5));
    Ok(())
}

#[test]
fn fired_timers_are_told_apart_and_can_be_set_again() {
    let host = StateHost::default();
    host.set_time(Timestamp(5_000));
    let process = |_: &Timers, _: i64, cx: &mut Context<String>| {
        assert_eq!((cx.fire_timestamp(), cx.timer_tag()), (None, ""));
        Ok(())
    };
    let stage = stage(|s| With { cells: timers(s), process, on_timer: told });
    stage.start(&host).expect("it starts");
    let both = [timer("k", "x", Some((400, 300))), timer("l", "", Some((401, 401)))];
    stage.timers("event", &both.concat().into()).expect("they fire");
    stage.timers("processing", &timer("k", "", Some((4_000, 100)))).expect("it fires");
    stage.process(batch(&[("k", 0i64, 100)])).expect("it processes");
    let outputs = stage.finish().expect("it ends");
    let expected = [
        (r#"event Some(400) "x" 300 ms global"#.to_owned(), stamp(300)),
        (r#"event Some(401) "" 401 ms global"#.to_owned(), stamp(401)),
        (r#"processing Some(4000) "" 100 ms global"#.to_owned(), stamp(100)),
    ];
    assert_eq!(outputs, expected);
    let events = [timer("l", "again", Some((406, 406))), timer("k", "again", Some((105, 105)))];
    let again = [timer("l", "", Some((5_005, 401))), timer("k", "", Some((5_005, 100)))];
    let set = host.timers();
    assert_eq!(set[0].2, Bytes::from(events.concat()));
    assert_eq!(set[1].2, Bytes::from(again.concat()));
}

/// Remembers a window's values, and gives them when the window ends.
#[derive(Clone)]
struct UntilTheEnd {
    sum: Value<i64>,
    wake: EventTimer,
}

impl StatefulDoFn for UntilTheEnd {
    type Key = String;
    type In = i64;
    type Out = String;
    const HAS_ON_WINDOW_EXPIRATION: bool = true;

    fn process(&mut self, _: &String, n: i64, cx: &mut Context<String>) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?.unwrap_or_default() + n;
        self.wake.set_after(cx, Duration::from_hours(1));
        self.sum.write(cx, sum)
    }

    fn on_window_expiration(
        &mut self,
        key: &String,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        let sum = self.sum.read(cx)?;
        cx.output(format!("{key} {sum:?} {}", cx.window()));
        if sum == Some(-1) {
            self.wake.set_after(cx, Duration::ZERO);
        }
        Ok(())
    }
}

fn windowed(windows: impl Into<WindowInto>) -> (Pipeline, Stage<String>) {
    let p = Pipeline::new();
    let none: Vec<(String, i64)> = Vec::new();
    let sums = p.create(none).window_into(windows).par_do_stateful(|s: &mut StateSpecs| {
        UntilTheEnd { sum: s.value("sum"), wake: s.event_timer("wake") }
    });
    drop(sums.named("Keep"));
    let sealed = p.seal().expect("the pipeline is right");
    let stage = Stage::new(&sealed, "Keep", Role::ParDo).expect("it can be made");
    (p, stage)
}

fn interval(start: i64, end: i64) -> Window {
    Window::Interval(crate::IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
}

#[test]
fn state_belongs_to_a_window_and_can_be_used_when_it_ends() {
    let (_, stage) =
        windowed(SlidingWindows::of(Duration::from_millis(10)).every(Duration::from_millis(5)));
    let host = StateHost::default();
    stage.start(&host).expect("it starts");
    let mut both = batch(&[("k", 3i64, 7), ("k", 4, 7)]);
    both.stamps.windows = crate::exec::Column::Same(vec![interval(5, 15), interval(0, 10)].into());
    stage.process(both).expect("it processes");
    stage.finish().expect("it ends");
    let log =
        ["get sum@016b", "get sum@016b", "append sum@016b 07", "append sum@016b 07", "timers wake"];
    assert_eq!(host.log(), log);
    // Key "k", no tag, one window [5, 15), fires and holds at its last moment 14, no pane.
    let until_14 =
        b"\x01k\0\0\0\0\x01\x80\0\0\0\0\0\0\x0f\x0a\0\x80\0\0\0\0\0\0\x0e\x80\0\0\0\0\0\0\x0e\x0f";
    let until_9 =
        b"\x01k\0\0\0\0\x01\x80\0\0\0\0\0\0\x0a\x0a\0\x80\0\0\0\0\0\0\x09\x80\0\0\0\0\0\0\x09\x0f";
    assert_eq!(host.timers()[0].2, Bytes::from([&until_14[..], until_9].concat()));

    stage.start(&host).expect("it starts");
    stage.timers("on_window_expiration", &Bytes::from_static(until_9)).expect("it fires");
    let outputs = stage.finish().expect("it ends");
    assert_eq!(outputs[0].0, "k Some(7) [0 ms, 10 ms)");
    assert_eq!(outputs[0].1.timestamp, Timestamp(9));
    assert_eq!(outputs[0].1.windows.as_slice(), [interval(0, 10)]);
}

#[test]
fn timers_live_as_long_as_late_elements_are_allowed() {
    let windows = WindowInto::from(FixedWindows::of(Duration::from_millis(10)));
    let (_, stage) = windowed(windows.allowed_lateness(Duration::from_millis(3)).discarding());
    let host = StateHost::default();
    stage.start(&host).expect("it starts");
    let mut one = batch(&[("k", 3i64, 7)]);
    one.stamps.windows = crate::exec::Column::Same(vec![interval(0, 10)].into());
    stage.process(one).expect("it processes");
    stage.finish().expect("it ends");
    let set =
        b"\x01k\0\0\0\0\x01\x80\0\0\0\0\0\0\x0a\x0a\0\x80\0\0\0\0\0\0\x0c\x80\0\0\0\0\0\0\x0c\x0f";
    assert_eq!(host.timers()[0].2, Bytes::from_static(set), "12 is 9 and 3 late");
}

#[test]
fn no_timer_is_set_when_its_window_ends() {
    let (_, stage) = windowed(FixedWindows::of(Duration::from_millis(10)));
    let host = StateHost::default();
    stage.start(&host).expect("it starts");
    let mut one = batch(&[("k", -1i64, 7)]);
    one.stamps.windows = crate::exec::Column::Same(vec![interval(0, 10)].into());
    stage.process(one).expect("it processes");
    let ends =
        b"\x01k\0\0\0\0\x01\x80\0\0\0\0\0\0\x0a\x0a\0\x80\0\0\0\0\0\0\x09\x80\0\0\0\0\0\0\x09\x0f";
    let failure = stage.timers("on_window_expiration", &Bytes::from_static(ends));
    let failure = failure.expect_err("it is too late");
    assert_eq!(failure.causes, ["timer `wake` would not fire: its window has ended"]);
    assert_eq!(failure.element.as_deref(), Some("timer `on_window_expiration` of key \"k\""));
    assert_eq!(failure.stamp.as_deref(), Some("9 ms, window [0 ms, 10 ms)"));
}

#[test]
fn timers_of_no_family_and_malformed_ones_are_refused() {
    let fires = timer("k", "", Some((400, 300)));
    for (family, bytes, part) in [
        ("other", fires.clone(), "there are no timers `other`"),
        ("on_window_expiration", fires.clone(), "there are no timers"),
        ("event", fires.slice(..fires.len() - 1), "end too early"),
        ("event", timer("k", "", None), "a timer that fires was cleared"),
    ] {
        let stage = with(timers, |_, _: i64, _| Ok(()));
        stage.start(&StateHost::default()).expect("it starts");
        let failure = stage.timers(family, &bytes).expect_err("it is wrong");
        assert_eq!(failure.transform, "Keep");
        assert!(failure.causes[0].contains(part), "{failure}");
    }
}
