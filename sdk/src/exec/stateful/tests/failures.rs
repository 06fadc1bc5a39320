//! What a failure of a stateful function says.

use std::sync::Arc;

use super::{With, batch, stage, timer, with};
use crate::exec::stateful::testing::StateHost;
use crate::exec::testing::Stage;
use crate::state::{EventTimer, StateSpecs, Value};
use crate::{Context, Failure, Pipeline, StatefulDoFn, Timestamp};

/// The failure of a bundle with one element of the key "k" at 100.
fn failure(stage: &Stage<String>) -> Box<Failure> {
    stage.start(&StateHost::default()).expect("it starts");
    stage.process(batch(&[("k", "v".to_owned(), 100)])).expect_err("it fails")
}

#[test]
fn errors_and_panics_name_the_key_and_the_time() {
    let nothing = |_: &mut StateSpecs| ();
    let failed = failure(&with(nothing, |(), _: String, _| Err("no".into())));
    let text = "transform `Keep` failed: no\n  element: (\"k\", …)\n  at: 100 ms";
    assert_eq!(failed.to_string(), text);
    let failed = failure(&with(nothing, |(), _: String, _| panic!("oh")));
    let text = "transform `Keep` panicked: oh\n  element: (\"k\", …)\n  at: 100 ms";
    assert_eq!(failed.to_string(), text);
}

#[test]
fn errors_and_panics_of_timers_name_the_timer_and_its_key() {
    for (on_timer, verb) in [
        ((|_, _, _| Err("no".into())) as fn(&EventTimer, _, &mut Context<String>) -> _, "failed"),
        (|_, _, _| panic!("no"), "panicked"),
    ] {
        let stage = stage(|s| With::<_, String> {
            cells: s.event_timer("flush"),
            process: |_, _, _| Ok(()),
            on_timer,
        });
        stage.start(&StateHost::default()).expect("it starts");
        let failed = stage.timers("flush", &timer("k", "", Some((400, 300)))).expect_err("fails");
        let text = format!(
            "transform `Keep` {verb}: no\n  element: timer `flush` of key \"k\"\n  at: 300 ms"
        );
        assert_eq!(failed.to_string(), text);
    }
}

#[test]
fn what_a_cell_holds_must_be_of_its_type() {
    let host = StateHost::default();
    let write = with(|s| s.value::<i64>("v"), |v, _: String, cx| v.write(cx, -1));
    write.start(&host).expect("it starts");
    write.process(batch(&[("k", "v".to_owned(), 100)])).expect("it processes");
    write.finish().expect("it ends");
    let read = with(|s| s.value::<String>("v"), |v, _: String, cx| v.read(cx).map(drop));
    read.start(&host).expect("it starts");
    let failed = read.process(batch(&[("k", "v".to_owned(), 100)])).expect_err("no text");
    assert!(failed.causes[0].contains("at `v"), "{failed}");
}

#[test]
fn timers_after_the_end_of_their_window_are_refused() {
    let cells = |s: &mut StateSpecs| s.event_timer("flush");
    let end = Timestamp::END_OF_GLOBAL_WINDOW;
    let late = with(cells, |flush, _: String, cx| {
        flush.set(cx, Timestamp::MAX);
        Ok(())
    });
    let failed = failure(&late);
    let text = format!("timer `flush` is set to fire at +inf, after its window has ended at {end}");
    assert_eq!(failed.causes, [text]);
    assert_eq!(failed.element.as_deref(), Some("(\"k\", …)"));
    let behind = with(cells, |flush, _: String, cx| {
        flush.output_timestamp(Timestamp(99)).set(cx, Timestamp(400));
        Ok(())
    });
    let text =
        "timer `flush` has the output timestamp 99 ms, before 100 ms, the time of what set it";
    assert_eq!(failure(&behind).causes, [text]);
}

#[test]
fn handles_of_another_transform_are_refused() {
    let mut other = StateSpecs::default();
    let foreign: Value<String> = other.value("foreign");
    let timer = other.event_timer("elsewhere");
    let cells = |s: &mut StateSpecs| {
        let _: Value<String> = s.value("own");
        (foreign, timer)
    };
    let stage = with(cells, |(foreign, _), v: String, cx| foreign.write(cx, v));
    assert_eq!(failure(&stage).causes, ["`foreign` was declared by another transform"]);
    let stage = with(cells, |(_, timer), _: String, cx| {
        timer.clear(cx);
        Ok(())
    });
    assert_eq!(failure(&stage).causes, ["`elsewhere` was declared by another transform"]);
}

/// Uses its state where there is none.
#[derive(Clone)]
struct TooLate(Value<i64>);

impl StatefulDoFn for TooLate {
    type Key = String;
    type In = String;
    type Out = String;
    fn process(
        &mut self,
        _: &String,
        _: String,
        _: &mut Context<String>,
    ) -> Result<(), crate::BoxError> {
        Ok(())
    }
    fn finish_bundle(&mut self, cx: &mut Context<String>) -> Result<(), crate::BoxError> {
        self.0.write(cx, 1)
    }
}

#[test]
fn state_is_there_only_with_a_key() {
    let stage = stage(|s| TooLate(s.value("v")));
    stage.start(&StateHost::default()).expect("it starts");
    stage.process(batch(&[("k", "v".to_owned(), 100)])).expect("it processes");
    let failed = stage.finish().expect_err("it has no key");
    assert_eq!(failed.causes, ["the state cell `v` belongs to a key, and none is being processed"]);
}

#[test]
fn a_stateful_function_needs_its_cells_described() {
    let p = Pipeline::new();
    let none: Vec<(String, String)> = Vec::new();
    drop(p.create(none).par_do_stateful(|s| TooLate(s.value("v"))).named("Keep"));
    let sealed = p.seal().expect("the pipeline is right");
    let (descriptor, id) = crate::exec::testing::descriptor(&sealed.pipeline, "Keep");
    let mut other = (*descriptor).clone();
    for coder in other.coders.values_mut() {
        let spec = coder.spec.as_mut().expect("each has one");
        if spec.urn == purlin_proto::urns::coders::VARINT {
            spec.urn = purlin_proto::urns::coders::BYTES.to_owned();
        }
    }
    let made = Stage::<String>::of(&Arc::new(other), &id, &sealed.table, crate::exec::Role::ParDo);
    let failed = made.err().expect("the coder differs");
    let text = "the runner knows the state cell `v` by other coders than this program";
    assert_eq!(failed.causes, [text]);
}
