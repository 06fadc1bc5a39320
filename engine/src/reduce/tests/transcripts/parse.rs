//! From a transcript's words to a windowing strategy: `AfterWatermark(early=AfterCount(2))`.

use purlin_proto::pipeline::{
    FunctionSpec, TimestampTransform, Trigger, WindowingStrategy, accumulation_mode,
    closing_behavior, merge_status, on_time_behavior, output_time, timestamp_transform,
    trigger as t,
};
use purlin_proto::urns::window_fns;
use purlin_sdk::{IntervalWindow, Timestamp, Window};
use serde_json::Value as Json;

/// Milliseconds of a number of seconds.
pub(super) fn millis(seconds: &Json) -> i64 {
    #[expect(clippy::cast_possible_truncation, reason = "transcripts have small numbers")]
    let millis = (seconds.as_f64().unwrap_or_else(|| panic!("{seconds} is no time")) * 1000.0)
        .round() as i64;
    millis
}

/// `Name(a, b, key=c)`, taken apart.
struct Call<'a> {
    name: &'a str,
    positional: Vec<&'a str>,
    named: Vec<(&'a str, &'a str)>,
}

impl<'a> Call<'a> {
    fn parse(text: &'a str) -> Self {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.strip_suffix(')').expect("a bracket is closed")),
            None => (text, ""),
        };
        let mut call = Self { name: name.trim(), positional: Vec::new(), named: Vec::new() };
        for argument in split(arguments) {
            match argument.split_once('=') {
                Some((key, value)) if !key.contains('(') => call.named.push((key.trim(), value)),
                _ => call.positional.push(argument),
            }
        }
        call
    }

    fn number(&self, position: usize) -> i64 {
        seconds(self.positional[position])
    }

    fn named(&self, key: &str) -> Option<&'a str> {
        self.named.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

fn seconds(text: &str) -> i64 {
    text.trim().parse::<i64>().expect("a number of seconds") * 1000
}

/// The parts between commas that are in no bracket.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

/// Which windows an element gets.
pub(super) enum Assign {
    Global,
    /// Size and period, in milliseconds.
    Sliding(i64, i64),
    /// Gap, in milliseconds.
    Sessions(i64),
}

impl Assign {
    fn parse(text: &str) -> Self {
        let call = Call::parse(text);
        match call.name {
            "GlobalWindows" => Self::Global,
            "FixedWindows" | "CustomTimestampingFixedWindowsWindowFn" => {
                Self::Sliding(call.number(0), call.number(0))
            }
            "SlidingWindows" => Self::Sliding(call.number(0), call.number(1)),
            "Sessions" => Self::Sessions(call.number(0)),
            name => panic!("`{name}` is no window function"),
        }
    }

    pub(super) fn windows(&self, timestamp: i64) -> Vec<Window> {
        match self {
            Self::Global => vec![Window::Global],
            Self::Sessions(gap) => vec![interval(timestamp, timestamp + gap)],
            Self::Sliding(size, period) => {
                let last = timestamp - timestamp.rem_euclid(*period);
                let starts = (0..).map(|n| last - n * period);
                starts
                    .take_while(|start| start + size > timestamp)
                    .map(|start| interval(start, start + size))
                    .collect()
            }
        }
    }
}

pub(super) fn interval(start: i64, end: i64) -> Window {
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
}

fn trigger(text: &str) -> Trigger {
    let call = Call::parse(text);
    let children = || call.positional.iter().map(|child| trigger(child)).collect();
    let child = |position: usize| Some(Box::new(trigger(call.positional[position])));
    let named = |key| call.named(key).map(|child| Box::new(trigger(child)));
    let trigger = match call.name {
        "Default" | "DefaultTrigger" => t::Trigger::Default(t::Default {}),
        "Always" => t::Trigger::Always(t::Always {}),
        "Never" => t::Trigger::Never(t::Never {}),
        "AfterCount" => t::Trigger::ElementCount(t::ElementCount {
            element_count: call.positional[0].parse().expect("a number of elements"),
        }),
        "AfterWatermark" => t::Trigger::AfterEndOfWindow(Box::new(t::AfterEndOfWindow {
            early_firings: named("early"),
            late_firings: named("late"),
        })),
        "AfterProcessingTime" => t::Trigger::AfterProcessingTime(t::AfterProcessingTime {
            timestamp_transforms: transforms(&call),
        }),
        "AfterSynchronizedProcessingTime" => {
            t::Trigger::AfterSynchronizedProcessingTime(t::AfterSynchronizedProcessingTime {})
        }
        "AfterEach" => t::Trigger::AfterEach(t::AfterEach { subtriggers: children() }),
        "AfterAll" => t::Trigger::AfterAll(t::AfterAll { subtriggers: children() }),
        "AfterAny" => t::Trigger::AfterAny(t::AfterAny { subtriggers: children() }),
        "OrFinally" => {
            t::Trigger::OrFinally(Box::new(t::OrFinally { main: child(0), finally: child(1) }))
        }
        "Repeatedly" => t::Trigger::Repeat(Box::new(t::Repeat { subtrigger: child(0) })),
        name => panic!("`{name}` is no trigger"),
    };
    Trigger { trigger: Some(trigger) }
}

/// `AfterProcessingTime(delay, align=period, offset=...)`.
fn transforms(call: &Call<'_>) -> Vec<TimestampTransform> {
    use timestamp_transform::{AlignTo, Delay, TimestampTransform as Kind};
    let delay =
        call.positional.first().map(|delay| Kind::Delay(Delay { delay_millis: seconds(delay) }));
    let offset = call.named("offset").map_or(0, seconds);
    let align = call
        .named("align")
        .map(|period| Kind::AlignTo(AlignTo { period: seconds(period), offset }));
    let kinds = delay.into_iter().chain(align);
    kinds.map(|kind| TimestampTransform { timestamp_transform: Some(kind) }).collect()
}

/// The strategy of a transcript. What is left out is as in Beam's Python SDK.
pub(super) fn strategy(transcript: &Json) -> (WindowingStrategy, Assign) {
    let text =
        |key: &str, default: &str| transcript[key].as_str().unwrap_or(default).to_ascii_uppercase();
    let named =
        |key: &str, default: &'static str| transcript[key].as_str().unwrap_or(default).to_owned();
    let assign = Assign::parse(&named("window_fn", "GlobalWindows"));
    let is_sessions = matches!(assign, Assign::Sessions(_));
    let accumulation = text("accumulation_mode", "ACCUMULATING");
    let output_time = match text("timestamp_combiner", "OUTPUT_AT_EOW").as_str() {
        "OUTPUT_AT_EOW" => output_time::Enum::EndOfWindow,
        "OUTPUT_AT_EARLIEST" => output_time::Enum::EarliestInPane,
        "OUTPUT_AT_LATEST" => output_time::Enum::LatestInPane,
        other => panic!("`{other}` is no timestamp combiner"),
    };
    let strategy = WindowingStrategy {
        window_fn: is_sessions.then(|| FunctionSpec {
            urn: window_fns::SESSION_WINDOWS.to_owned(),
            ..FunctionSpec::default()
        }),
        merge_status: if is_sessions {
            merge_status::Enum::NeedsMerge.into()
        } else {
            merge_status::Enum::NonMerging.into()
        },
        trigger: Some(trigger(&named("trigger_fn", "Default"))),
        accumulation_mode: accumulation_mode::Enum::from_str_name(&accumulation)
            .expect("an accumulation mode")
            .into(),
        output_time: output_time.into(),
        closing_behavior: closing_behavior::Enum::from_str_name(&text(
            "closing_behavior",
            "EMIT_ALWAYS",
        ))
        .expect("a closing behaviour")
        .into(),
        on_time_behavior: on_time_behavior::Enum::from_str_name(&text(
            "on_time_behavior",
            "FIRE_ALWAYS",
        ))
        .expect("an on-time behaviour")
        .into(),
        allowed_lateness: transcript.get("allowed_lateness").map_or(0, millis),
        ..WindowingStrategy::default()
    };
    (strategy, assign)
}
