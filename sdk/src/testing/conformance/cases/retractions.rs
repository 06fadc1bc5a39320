//! Panes that take back the one before.

use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::conformance::Ending;
use crate::testing::conformance::played::Play::{Add, Mark};
use crate::testing::conformance::played::{grouped, play};
use crate::testing::conformance::source::see;
use crate::testing::conformance::stamps::seconds;
use crate::window::{FixedWindows, Trigger, WindowInto};

list!(Triggers: a_pane_takes_the_one_before_back, a_late_pane_takes_the_one_on_time_back,
    elements_of_a_window_that_fires_once_take_nothing_back);

/// Each text with the kind of its value.
#[derive(Clone)]
struct WithKind;

impl DoFn for WithKind {
    type In = String;
    type Out = String;

    fn process(&mut self, text: String, cx: &mut Context<String>) -> Result<(), BoxError> {
        let text = format!("{text} {:?}", cx.value_kind());
        cx.output(text);
        Ok(())
    }
}

fn see_kinds<T: Element>(texts: &PCollection<T>)
where
    WithKind: DoFn<In = T, Out = String>,
{
    see(&texts.par_do(WithKind).main());
}

fn retracting() -> WindowInto {
    let trigger = Trigger::after_watermark().early(Trigger::after_count(1).repeatedly());
    FixedWindows::of(seconds(10)).triggering(trigger).retracting()
}

fn a_pane_takes_the_one_before_back(p: &Pipeline) -> Ending {
    see_kinds(&grouped(&play(p, [Add("a", 1), Add("a", 2)]), retracting()));
    Ending::done().saw(&[
        ("a: 1 Insert", 1),
        ("a: 1 UpdateBefore", 1),
        // At the end, the window says once more what it has.
        ("a: 1+2 UpdateBefore", 1),
        ("a: 1+2 UpdateAfter", 2),
    ])
}

fn a_late_pane_takes_the_one_on_time_back(p: &Pipeline) -> Ending {
    let windowing = FixedWindows::of(seconds(10)).allowed_lateness(seconds(100)).retracting();
    see_kinds(&grouped(&play(p, [Add("a", 1), Mark(10), Add("a", 2)]), windowing));
    Ending::done().saw(&[("a: 1 Insert", 1), ("a: 1 UpdateBefore", 1), ("a: 1+2 UpdateAfter", 1)])
}

fn elements_of_a_window_that_fires_once_take_nothing_back(p: &Pipeline) -> Ending {
    let windowing = WindowInto::from(FixedWindows::of(seconds(10))).retracting();
    see_kinds(&grouped(&play(p, [Add("a", 1), Add("a", 2), Mark(10)]), windowing));
    Ending::done().saw(&[("a: 1+2 Insert", 1)])
}
