//! Makes visible what elements carry beside their values.

use std::marker::PhantomData;
use std::time::Duration;

use crate::element::Element;
use crate::error::BoxError;
use crate::exec::{Context, DoFn};
use crate::pcollection::PCollection;
use crate::time::Timestamp;
use crate::window::{IntervalWindow, Window};

/// Each element with its timestamp and window, such as `1000 ms in [0, 10000)`.
pub(super) fn with_stamp<T: Element>(collection: &PCollection<T>) -> PCollection<(T, String)> {
    let show = |cx: &Context<(T, String)>| format!("{} in {}", cx.timestamp(), shown(cx.window()));
    collection.par_do(Show { show, element: PhantomData }).main()
}

/// Each element with its pane, such as `OnTime 0/0 first last`.
pub(super) fn with_pane<T: Element>(collection: &PCollection<T>) -> PCollection<(T, String)> {
    let show = |cx: &Context<(T, String)>| {
        let pane = cx.pane();
        let first = if pane.is_first { " first" } else { "" };
        let last = if pane.is_last { " last" } else { "" };
        format!("{:?} {}/{}{first}{last}", pane.timing, pane.index, pane.on_time_index)
    };
    collection.par_do(Show { show, element: PhantomData }).main()
}

fn shown(window: &Window) -> String {
    match window {
        Window::Global => "global".to_owned(),
        Window::Interval(window) => format!("[{}, {})", window.start.0, window.end.0),
        Window::Custom(max, _) => format!("custom until {max}"),
    }
}

struct Show<F, T> {
    show: F,
    element: PhantomData<fn(T)>,
}

impl<F: Clone, T> Clone for Show<F, T> {
    fn clone(&self) -> Self {
        Self { show: self.show.clone(), element: PhantomData }
    }
}

impl<F, T> DoFn for Show<F, T>
where
    F: Fn(&Context<(T, String)>) -> String + Clone + Send + Sync + 'static,
    T: Element,
{
    type In = T;
    type Out = (T, String);

    fn process(&mut self, element: T, cx: &mut Context<Self::Out>) -> Result<(), BoxError> {
        let text = (self.show)(cx);
        cx.output((element, text));
        Ok(())
    }
}

/// So many seconds.
pub(super) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// So many seconds after the epoch.
pub(super) fn at(seconds: i64) -> Timestamp {
    Timestamp(seconds * 1000)
}

/// The window between these seconds after the epoch.
pub(super) fn window(start: i64, end: i64) -> IntervalWindow {
    IntervalWindow::new(at(start), at(end))
}

/// Elements at seconds after the epoch, which are also their values.
pub(super) fn timed(
    pipeline: &crate::Pipeline,
    seconds: impl IntoIterator<Item = i64>,
) -> PCollection<i64> {
    pipeline.create(seconds).with_timestamps(|second| at(*second))
}
