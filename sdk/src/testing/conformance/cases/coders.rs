//! How elements are encoded.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;

use crate::Element;
use crate::coders::{Coder, CoderError, CoderSpec, Nesting, Reader};
use crate::element::{Serde, Text};
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::time::Timestamp;

list!(Coders: collections_with_coders_of_their_own_are_united,
    pairs_with_a_coder_of_their_own_are_grouped, integers_keep_their_range, floats_keep_their_bits, texts_keep_their_characters,
    bytes_keep_their_length, options_nest, lists_and_maps_nest, tuples_of_all_sizes,
    times_are_elements, shared_and_boxed_values_are_elements, rows_are_elements,
    enums_are_elements, rows_of_rows_are_elements, serde_values_are_elements,
    an_element_of_twenty_megabytes, many_elements_of_no_bytes, elements_of_very_different_sizes,
    a_collection_has_a_coder_of_its_own);

/// Sends values over shuffles and groupings, and expects them back.
fn round_trip<T: Element + PartialEq>(p: &Pipeline, values: impl IntoIterator<Item = T>) -> Ending {
    let values: Vec<T> = values.into_iter().collect();
    let shuffled = p.create(values.clone()).reshuffle();
    let grouped = shuffled.map(|value| (1i64, value)).group_by_key().flat_map(|(_, group)| group);
    assert_that(&shuffled).contains_in_any_order(values.clone());
    assert_that(&grouped).contains_in_any_order(values);
    Ending::done()
}

fn integers_keep_their_range(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [i8::MIN, -1, 0, i8::MAX]);
    let _ = round_trip(p, [i16::MIN, -1, 0, i16::MAX]);
    let _ = round_trip(p, [i32::MIN, -1, 0, i32::MAX]);
    let _ = round_trip(p, [i64::MIN, -1, 0, i64::MAX]);
    let _ = round_trip(p, [0, u8::MAX]);
    let _ = round_trip(p, [0, u16::MAX]);
    let _ = round_trip(p, [0, u32::MAX]);
    round_trip(p, [0, u64::MAX])
}

fn floats_keep_their_bits(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [0.0f32, 1.5, f32::MAX, f32::INFINITY]);
    let odd = [0.0f64, -0.0, f64::MIN_POSITIVE, f64::MAX, f64::NEG_INFINITY, f64::NAN];
    let bits = p.create(odd).reshuffle().map(f64::to_bits);
    assert_that(&bits).contains_in_any_order(odd.map(f64::to_bits));
    round_trip(p, odd)
}

fn texts_keep_their_characters(p: &Pipeline) -> Ending {
    let texts = ["", "a", "ä", "日本語", "😀", "a\0b", "line\nbreak", "\u{10ffff}"];
    let _ = round_trip(p, texts.map(str::to_owned));
    let _ = round_trip(p, ['a', 'ß', '😀', '\0']);
    round_trip(p, texts.map(Text::from))
}

fn bytes_keep_their_length(p: &Pipeline) -> Ending {
    let lengths = [0usize, 1, 127, 128, 300, 20_000];
    let _ = round_trip(p, lengths.map(|length| vec![255u8; length]));
    round_trip(p, lengths.map(|length| Bytes::from(vec![0u8; length])))
}

fn options_nest(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [None, Some(1i64)]);
    let _ = round_trip(p, [None, Some(None), Some(Some(String::new()))]);
    round_trip(p, [None, Some(vec![None, Some(1i64)])])
}

fn lists_and_maps_nest(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [vec![], vec![vec![], vec![1i64, 2]], vec![vec![3]]]);
    let map = BTreeMap::from([(1i64, vec![Some("a".to_owned()), None]), (2, vec![])]);
    let _ = round_trip(p, [BTreeMap::new(), map]);
    round_trip(p, [HashMap::from([("one".to_owned(), 1i64)]), HashMap::new()])
}

fn tuples_of_all_sizes(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [(1i64, "a".to_owned())]);
    let _ = round_trip(p, [(1i64, true, 'c')]);
    let _ = round_trip(p, [(1i64, true, 'c', 2.5)]);
    let _ = round_trip(p, [(1i64, true, 'c', 2.5, None::<i64>)]);
    let _ = round_trip(p, [((1i64, (2i64, 3i64)), ((), vec![4i64]))]);
    round_trip(p, [(1i64, true, 'c', 2.5, Some(3i64), "f".to_owned())])
}

fn times_are_elements(p: &Pipeline) -> Ending {
    round_trip(p, [Timestamp::MIN, Timestamp(-1), Timestamp(0), Timestamp::MAX])
}

fn shared_and_boxed_values_are_elements(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [Box::new(1i64), Box::new(2)]);
    round_trip(p, [Arc::new("shared".to_owned())])
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Place {
    name: String,
    height: Option<f64>,
    tags: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Journey {
    from: Place,
    to: Option<Place>,
    stops: Vec<Place>,
}

fn place(name: &str, height: Option<f64>) -> Place {
    Place { name: name.to_owned(), height, tags: vec![name.to_uppercase()] }
}

fn rows_are_elements(p: &Pipeline) -> Ending {
    round_trip(p, [place("Ulm", Some(478.0)), place("", None)])
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
enum Color {
    Red,
    Green,
    Blue,
}

fn enums_are_elements(p: &Pipeline) -> Ending {
    let _ = round_trip(p, [Some(Color::Red), None]);
    round_trip(p, [Color::Red, Color::Green, Color::Blue])
}

fn rows_of_rows_are_elements(p: &Pipeline) -> Ending {
    let (ulm, bonn) = (place("Ulm", Some(478.0)), place("Bonn", None));
    let short = Journey { from: ulm.clone(), to: None, stops: vec![] };
    let long = Journey { from: bonn.clone(), to: Some(ulm.clone()), stops: vec![ulm, bonn] };
    round_trip(p, [short, long])
}

#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize)]
enum Shape {
    Circle { radius: f64 },
    Square(u32),
    Nothing,
}

fn serde_values_are_elements(p: &Pipeline) -> Ending {
    let shapes = [Shape::Circle { radius: 1.5 }, Shape::Square(3), Shape::Nothing];
    round_trip(p, shapes.map(Serde))
}

fn an_element_of_twenty_megabytes(p: &Pipeline) -> Ending {
    let large = p.create([20u64]).map(|n| vec![42u8; usize::try_from(n).unwrap_or(0) << 20]);
    let large = large.reshuffle().map(|bytes| (1i64, bytes)).group_by_key();
    let sizes = large.flat_map(|(_, group)| group).map(|bytes| bytes.len() as u64);
    assert_that(&sizes).contains_in_any_order([20 << 20]);
    Ending::done()
}

fn many_elements_of_no_bytes(p: &Pipeline) -> Ending {
    let units = p.create([30_000i64]).flat_map(|n| (0..n).map(drop)).reshuffle();
    assert_that(&units.count_globally()).contains_in_any_order([30_000]);
    Ending::done()
}

fn elements_of_very_different_sizes(p: &Pipeline) -> Ending {
    let lengths = [0u64, 1, 3_000_000, 2, 500_000, 0, 7];
    let texts = p.create(lengths).map(|n| "y".repeat(usize::try_from(n).unwrap_or(0)));
    let back = texts.reshuffle().map(|text| text.len() as u64);
    assert_that(&back).contains_in_any_order(lengths);
    Ending::done()
}

/// Writes a number as text, and counts down.
#[derive(Clone)]
struct Countdown;

impl Coder<i64> for Countdown {
    fn spec(&self) -> CoderSpec {
        String::coder_spec()
    }

    fn encode(&self, value: &i64, out: &mut Vec<u8>, nesting: Nesting) -> Result<(), CoderError> {
        format!("{} to go", -value).encode(out, nesting)
    }

    fn decode(&self, input: &mut Reader<'_>, nesting: Nesting) -> Result<i64, CoderError> {
        let text = String::decode(input, nesting)?;
        let number = text.strip_suffix(" to go").and_then(|number| number.parse::<i64>().ok());
        number.map(|number| -number).ok_or_else(|| CoderError::new("no countdown"))
    }
}

fn a_collection_has_a_coder_of_its_own(p: &Pipeline) -> Ending {
    let numbers = p.create([1i64, -2, 300]).map(|n| n * 2).with_coder(Countdown);
    let shuffled = numbers.reshuffle();
    assert_that(&shuffled).contains_in_any_order([2, -4, 600]);
    assert_that(&numbers).contains_in_any_order([2, -4, 600]);
    Ending::done()
}

fn collections_with_coders_of_their_own_are_united(p: &Pipeline) -> Ending {
    let counted = p.create([1i64, 2]).map(|n| n * 2).with_coder(Countdown);
    let plain = p.create([10i64]).map(|n| n + 1);
    assert_that(&counted.flatten_with([plain.clone()])).contains_in_any_order([2, 4, 11]);
    assert_that(&plain.flatten_with([counted.reshuffle()]).reshuffle())
        .contains_in_any_order([2, 4, 11]);
    Ending::done()
}

/// Writes pairs as pairs, whose keys are countdowns.
#[derive(Clone)]
struct CountdownPairs;

impl Coder<(i64, i64)> for CountdownPairs {
    fn spec(&self) -> CoderSpec {
        CoderSpec::kv(String::coder_spec(), i64::coder_spec())
    }

    fn encode(
        &self,
        (key, value): &(i64, i64),
        out: &mut Vec<u8>,
        nesting: Nesting,
    ) -> Result<(), CoderError> {
        Countdown.encode(key, out, Nesting::Nested)?;
        value.encode(out, nesting)
    }

    fn decode(&self, input: &mut Reader<'_>, nesting: Nesting) -> Result<(i64, i64), CoderError> {
        let key = Countdown.decode(input, Nesting::Nested)?;
        Ok((key, i64::decode(input, nesting)?))
    }

    fn encode_keyed(&self, pair: &(i64, i64), out: &mut Vec<u8>) -> Result<usize, CoderError> {
        let start = out.len();
        Countdown.encode(&pair.0, out, Nesting::Nested)?;
        let key = out.len() - start;
        pair.1.encode(out, Nesting::Nested)?;
        Ok(key)
    }
}

fn pairs_with_a_coder_of_their_own_are_grouped(p: &Pipeline) -> Ending {
    let pairs = p.create([1i64, 2, 1]).map(|n| (n, 10 * n)).with_coder(CountdownPairs);
    let sums = pairs.group_by_key().map(|(key, group)| (key, group.iter().sum::<i64>()));
    assert_that(&sums).contains_in_any_order([(1, 20), (2, 20)]);
    assert_that(&pairs.combine_per_key(crate::transforms::Sum))
        .contains_in_any_order([(1, 20), (2, 20)]);
    Ending::done()
}
