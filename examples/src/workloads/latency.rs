//! How long after the end of its window a result is there.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use purlin::prelude::*;
use purlin::runner::{MetricValue, Metrics};

/// How many keys are counted.
const KEYS: i64 = 1000;
/// The events whose windows were closed.
pub const EVENTS: &str = "events";
/// Results long before the end of their window: the last one closes with the source.
pub const EARLY: &str = "early_results";
/// The source knows the time to a millisecond, so its watermark is so much ahead of the clock.
const TICK_MICROS: u64 = 1000;
/// The beginning of the names of counters of results, which go on with the latency in microseconds.
const LATENCY: &str = "latency_us/";

/// Counts so many events a second by key in windows of a second, for so long, and how late each
/// count comes. A counter for each latency, to two digits, works on runners whose workers are other
/// processes as well.
pub fn latency(p: &Pipeline, rate: u64, time: Duration) {
    let events = io::generate_sequence(0..).rate(rate, Duration::from_secs(1)).max_read_time(time);
    let counts = p
        .apply(events)
        .map(|n| n % KEYS)
        .window_into(FixedWindows::of(Duration::from_secs(1)))
        .count_per_element();
    let _ = counts.par_do(Measure).named("Measure");
}

#[derive(Clone)]
struct Measure;

impl DoFn for Measure {
    type In = (i64, u64);
    type Out = ();

    fn process(&mut self, (_, count): (i64, u64), cx: &mut Context<()>) -> Result<(), BoxError> {
        let window = cx.window().as_interval().ok_or("the windows are intervals")?;
        let end = u64::try_from(window.end.0)?.saturating_mul(1000);
        let now = u64::try_from(SystemTime::now().duration_since(UNIX_EPOCH)?.as_micros())?;
        cx.count(EVENTS, i64::try_from(count)?);
        if now + TICK_MICROS < end {
            cx.count(EARLY, 1);
        } else {
            cx.count(&format!("{LATENCY}{}", two_digits(now.saturating_sub(end))), 1);
        }
        Ok(())
    }
}

/// The next number of two digits and zeros.
fn two_digits(n: u64) -> u64 {
    let unit = 10_u64.pow(n.max(1).ilog10().saturating_sub(1));
    n.next_multiple_of(unit)
}

/// How late results came, each latency with the number of results that had it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Latencies(Vec<(u64, i64)>);

impl Latencies {
    /// What a run of [`latency`] has counted.
    #[must_use]
    pub fn of(metrics: &Metrics) -> Self {
        let counted = metrics.iter().filter_map(|((_, name), value)| match value {
            MetricValue::Counter(count) => {
                Some((name.strip_prefix(LATENCY)?.parse().ok()?, *count))
            }
            _ => None,
        });
        let mut latencies: Vec<_> = counted.collect();
        latencies.sort_unstable();
        Self(latencies)
    }

    /// How many results were on time or later.
    #[must_use]
    pub fn count(&self) -> i64 {
        self.0.iter().map(|(_, count)| count).sum()
    }

    /// The microseconds within which so many hundredths of the results were there.
    #[must_use]
    pub fn percentile(&self, hundredths: i64) -> u64 {
        let mut left = (self.count() * hundredths + 99) / 100;
        let found = self.0.iter().find(|(_, count)| {
            left -= count;
            left <= 0
        });
        found.map_or(0, |(micros, _)| *micros)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_are_rounded_up_to_two_digits() {
        let rounded = [0, 7, 10, 99, 100, 101, 1234, 99_100].map(two_digits);
        assert_eq!(rounded, [0, 7, 10, 99, 100, 110, 1300, 100_000]);
    }

    #[test]
    fn percentiles_are_the_latencies_of_results() {
        let latencies = Latencies(vec![(1, 50), (5, 49), (900, 1)]);
        let found = [0, 50, 51, 99, 100].map(|hundredths| latencies.percentile(hundredths));
        assert_eq!(found, [1, 1, 5, 5, 900]);
        assert_eq!(Latencies::default().percentile(99), 0);
    }
}
