//! Random windowing strategies.

use purlin_proto::pipeline::{
    FunctionSpec, TimestampTransform, Trigger, WindowingStrategy, accumulation_mode,
    closing_behavior, merge_status, on_time_behavior, output_time, timestamp_transform,
    trigger as t,
};
use purlin_proto::urns::window_fns;
use purlin_sdk::{IntervalWindow, Timestamp, Window};

use crate::random::Random;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Assign {
    Global,
    Fixed,
    Sliding,
    Sessions,
}

impl Assign {
    fn random(random: &mut Random) -> Self {
        // Sessions are where most can go wrong.
        [Self::Global, Self::Fixed, Self::Fixed, Self::Sliding, Self::Sessions, Self::Sessions]
            [random.below(6)]
    }

    pub(crate) fn windows(self, timestamp: i64) -> Vec<Window> {
        match self {
            Self::Global => vec![Window::Global],
            Self::Fixed => vec![interval(timestamp.div_euclid(10) * 10, 10)],
            Self::Sliding => {
                let last = timestamp.div_euclid(5) * 5;
                vec![interval(last, 10), interval(last - 5, 10)]
            }
            Self::Sessions => vec![interval(timestamp, 6)],
        }
    }
}

fn interval(start: i64, size: i64) -> Window {
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + size) })
}

pub(crate) fn strategy(random: &mut Random) -> (WindowingStrategy, Assign) {
    use accumulation_mode::Enum as Mode;
    use output_time::Enum as Time;
    let assign = Assign::random(random);
    let is_sessions = assign == Assign::Sessions;
    let mode = [Mode::Discarding, Mode::Accumulating, Mode::Retracting][random.below(3)];
    let time = [Time::EndOfWindow, Time::LatestInPane, Time::EarliestInPane][random.below(3)];
    let closing = [closing_behavior::Enum::EmitAlways, closing_behavior::Enum::EmitIfNonempty];
    let on_time = [on_time_behavior::Enum::FireAlways, on_time_behavior::Enum::FireIfNonempty];
    let merging = [merge_status::Enum::NonMerging, merge_status::Enum::NeedsMerge];
    let urn = if is_sessions { window_fns::SESSION_WINDOWS } else { window_fns::FIXED_WINDOWS };
    let strategy = WindowingStrategy {
        window_fn: Some(FunctionSpec { urn: urn.to_owned(), ..FunctionSpec::default() }),
        merge_status: merging[usize::from(is_sessions)].into(),
        trigger: Some(trigger(random, 3)),
        accumulation_mode: mode.into(),
        output_time: time.into(),
        closing_behavior: closing[random.below(2)].into(),
        on_time_behavior: on_time[random.below(2)].into(),
        allowed_lateness: [0, 0, 1, 7, 30][random.below(5)],
        ..WindowingStrategy::default()
    };
    (strategy, assign)
}

fn trigger(random: &mut Random, depth: usize) -> Trigger {
    let kinds = if depth == 0 { 7 } else { 15 };
    let kind = match random.below(kinds) {
        0 => t::Trigger::Default(t::Default {}),
        1 => t::Trigger::Never(t::Never {}),
        2 => t::Trigger::Always(t::Always {}),
        3 => t::Trigger::AfterProcessingTime(processing_time(random)),
        4 => t::Trigger::AfterSynchronizedProcessingTime(t::AfterSynchronizedProcessingTime {}),
        5 => t::Trigger::AfterEndOfWindow(Box::default()),
        7 | 8 => t::Trigger::AfterEndOfWindow(Box::new(t::AfterEndOfWindow {
            early_firings: maybe(random, depth),
            late_firings: maybe(random, depth),
        })),
        9 => t::Trigger::AfterAll(t::AfterAll { subtriggers: several(random, depth) }),
        10 => t::Trigger::AfterAny(t::AfterAny { subtriggers: several(random, depth) }),
        11 | 12 => t::Trigger::AfterEach(t::AfterEach { subtriggers: several(random, depth) }),
        13 => t::Trigger::OrFinally(Box::new(t::OrFinally {
            main: Some(Box::new(trigger(random, depth - 1))),
            finally: Some(Box::new(trigger(random, depth - 1))),
        })),
        14 => t::Trigger::Repeat(Box::new(t::Repeat {
            subtrigger: Some(Box::new(trigger(random, depth - 1))),
        })),
        _ => {
            let element_count = [0, 1, 2, 2, 3, 5][random.below(6)];
            t::Trigger::ElementCount(t::ElementCount { element_count })
        }
    };
    Trigger { trigger: Some(kind) }
}

fn maybe(random: &mut Random, depth: usize) -> Option<Box<Trigger>> {
    (!random.one_in(3)).then(|| Box::new(trigger(random, depth - 1)))
}

fn several(random: &mut Random, depth: usize) -> Vec<Trigger> {
    (0..=1 + random.below(2)).map(|_| trigger(random, depth - 1)).collect()
}

fn processing_time(random: &mut Random) -> t::AfterProcessingTime {
    use timestamp_transform::{AlignTo, Delay, TimestampTransform as Kind};
    let transform = |random: &mut Random| match random.below(2) {
        0 => Kind::Delay(Delay { delay_millis: i64::try_from(random.below(8)).unwrap() }),
        _ => Kind::AlignTo(AlignTo {
            period: i64::try_from(1 + random.below(6)).unwrap(),
            offset: i64::try_from(random.below(3)).unwrap(),
        }),
    };
    let timestamp_transforms = (0..random.below(3))
        .map(|_| TimestampTransform { timestamp_transform: Some(transform(random)) })
        .collect();
    t::AfterProcessingTime { timestamp_transforms }
}
