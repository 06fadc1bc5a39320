//! Scripts of streams in few words.

use super::source::see;
use super::stamps::{at, seconds, with_pane, with_stamp};
use crate::pcollection::PCollection;
use crate::pipeline::Pipeline;
use crate::testing::TestStream;
use crate::time::Timestamp;
use crate::window::WindowInto;

/// An event of a script.
#[derive(Clone, Copy, Debug)]
pub(super) enum Play {
    /// A number of a key, at the second of that number.
    Add(&'static str, i64),
    /// A number of a key at a second.
    At(&'static str, i64, i64),
    /// The watermark moves to a second.
    Mark(i64),
    /// The watermark moves to a millisecond.
    MarkMillis(i64),
    /// So many seconds of processing time pass.
    Pass(u64),
}

/// The stream of a script, by keys.
pub(super) fn play(
    pipeline: &Pipeline,
    script: impl IntoIterator<Item = Play>,
) -> PCollection<(String, i64)> {
    let stream = script.into_iter().fold(TestStream::of(), |stream, event| match event {
        Play::Add(key, number) => stream.add_timestamped((key.to_owned(), number), at(number)),
        Play::At(key, number, second) => {
            stream.add_timestamped((key.to_owned(), number), at(second))
        }
        Play::Mark(second) => stream.advance_watermark_to(at(second)),
        Play::MarkMillis(milli) => stream.advance_watermark_to(Timestamp(milli)),
        Play::Pass(by) => stream.advance_processing_time(seconds(by)),
    });
    pipeline.apply(stream.close())
}

/// Shows each pane of each key as `key: 1+2 Early 0/-1 first`.
pub(super) fn see_panes(input: &PCollection<(String, i64)>, windowing: impl Into<WindowInto>) {
    let texts = grouped(input, windowing);
    see(&with_pane(&texts).map(|(text, pane)| format!("{text} {pane}")));
}

/// Shows each pane of each key as `key: 1+2 at 9999 ms in [0, 10000)`.
pub(super) fn see_windows(input: &PCollection<(String, i64)>, windowing: impl Into<WindowInto>) {
    let texts = grouped(input, windowing);
    see(&with_stamp(&texts).map(|(text, stamp)| format!("{text} at {stamp}")));
}

/// The groups of keys, as `key: 1+2`.
pub(super) fn grouped(
    input: &PCollection<(String, i64)>,
    windowing: impl Into<WindowInto>,
) -> PCollection<String> {
    input.window_into(windowing).group_by_key().map(|(key, group)| {
        let mut values: Vec<i64> = group.into_iter().collect();
        values.sort_unstable();
        let values: Vec<String> = values.iter().map(i64::to_string).collect();
        format!("{key}: {}", values.join("+"))
    })
}
