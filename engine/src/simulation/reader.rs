//! The splittable stage: it reads some of what is left, and leaves the rest for later.

use std::collections::BTreeMap;

use purlin_proto::fn_execution::{BundleApplication, DelayedBundleApplication};
use purlin_proto::pipeline::is_bounded;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::exec::Residual;
use purlin_sdk::{Stamp, Timestamp};

use super::codec::{Pair, chunk, for_each};
use super::plan::{Happening, Setup};
use crate::bundle::{Bundle, BundleInput, BundleResult};
use crate::random::Random;
use crate::shuffle::Shuffle;

pub(super) fn read(
    setup: &Setup,
    shuffle: &Shuffle,
    bundle: &Bundle,
    random: &mut Random,
) -> BundleResult {
    let happenings = setup.read.as_ref().expect("there is something to read");
    let from = position(bundle);
    let to = happenings.len().min(from + random.below(4));
    let mut pairs = Vec::new();
    for happening in &happenings[from..to] {
        if let Happening::Elements(_, elements) = happening {
            pairs.extend(elements.iter().map(|(key, number, timestamp)| Pair {
                stamp: Stamp { timestamp: Timestamp(*timestamp), ..Stamp::default() },
                key: *key,
                number: *number,
            }));
        }
    }
    let mut result = BundleResult::default();
    let made = chunk(&pairs, WindowCoder::Global);
    shuffle.prepare(setup.stages.source, made, Some(&mut *random), &mut result.outputs).unwrap();
    if to < happenings.len() {
        let delay = i32::try_from(random.below(50)).unwrap();
        result.residuals.push(residual(to, watermark(&happenings[..to]), delay));
    }
    result
}

/// Where a bundle begins: at the beginning for the impulse, which has no bytes.
fn position(bundle: &Bundle) -> usize {
    let BundleInput::Elements(input) = &bundle.input else { panic!("nothing is grouped") };
    let [chunk] = &input[..] else { panic!("a bundle has one restriction") };
    let mut position = 0;
    for_each(chunk, WindowCoder::Global, |_, reader| {
        let bytes = reader.length_prefixed().unwrap();
        position = bytes.first().map_or(0, |at| usize::from(*at));
    });
    position
}

fn watermark(happenings: &[Happening]) -> Timestamp {
    let watermarks = happenings.iter().filter_map(|it| match it {
        Happening::Watermark(_, to) => Some(Timestamp(*to)),
        _ => None,
    });
    watermarks.max().unwrap_or(Timestamp::MIN)
}

fn residual(position: usize, hold: Timestamp, delay_ms: i32) -> Residual {
    let mut element = Vec::new();
    put_stamp(&mut element, &Stamp::default(), &WindowCoder::Global);
    put_length_prefixed(&mut element, &[u8::try_from(position).unwrap()]);
    let nanos = i32::try_from(hold.0.rem_euclid(1000) * 1_000_000).unwrap();
    let hold = prost_types::Timestamp { seconds: hold.0.div_euclid(1000), nanos };
    DelayedBundleApplication {
        application: Some(BundleApplication {
            transform_id: "fn".to_owned(),
            input_id: "in".to_owned(),
            element: element.into(),
            output_watermarks: BTreeMap::from([("out".to_owned(), hold)]),
            is_bounded: is_bounded::Enum::Bounded.into(),
        }),
        requested_time_delay: Some(prost_types::Duration {
            seconds: 0,
            nanos: delay_ms * 1_000_000,
        }),
    }
}
