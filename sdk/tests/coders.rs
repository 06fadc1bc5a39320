//! Properties of coders: round trips, agreement of typed and dynamic coders, malformed bytes.

use std::collections::BTreeMap;
use std::fmt::Debug;

use bytes::Bytes;
use proptest::prelude::*;
use purlin_sdk::coders::model::ModelCoder;
use purlin_sdk::coders::{CoderSpec, Nesting, Reader, Skipper};
use purlin_sdk::{Element, Serde, Text, Timestamp};

const NESTINGS: [Nesting; 2] = [Nesting::Nested, Nesting::Outer];

fn encoded<T: Element>(value: &T, nesting: Nesting) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out, nesting).expect("it is encodable");
    out
}

/// All that must hold of one value of a type.
fn check<T: Element + PartialEq + Debug>(value: &T) {
    let spec = T::coder_spec();
    let model = ModelCoder::new(&spec).expect("types have coders of the model");
    for nesting in NESTINGS {
        let bytes = encoded(value, nesting);
        let mut input = Reader::new(&bytes);
        assert_eq!(T::decode(&mut input, nesting).as_ref(), Ok(value));
        assert!(input.is_empty());
        let shared = Bytes::from(bytes.clone());
        assert_eq!(T::decode(&mut Reader::shared(&shared), nesting).as_ref(), Ok(value));
        // The dynamic coder of the type's spec reads the same bytes, to their end, and writes them.
        let mut input = Reader::new(&bytes);
        let dynamic = model.decode(&mut input, nesting).expect("the spec is that of the bytes");
        assert!(input.is_empty());
        let mut again = Vec::new();
        model.encode(&dynamic, &mut again, nesting).expect("it is encodable");
        assert_eq!(again, bytes);
    }
    check_nested(value, &spec);
    assert_eq!(&value.detached(), value);
    if let Some(key) = T::typed_key() {
        let copy = value.clone();
        assert!((key.equal)(value, &copy));
        assert_eq!((key.hash)(value), (key.hash)(&copy));
    }
}

/// Nested values end where they say, whoever asks.
fn check_nested<T: Element>(value: &T, spec: &CoderSpec) {
    let bytes = encoded(value, Nesting::Nested);
    let followed = [&bytes[..], &[0xff; 10]].concat();
    let mut input = Reader::new(&followed);
    T::skip(&mut input).expect("it is skippable");
    assert_eq!(input.position(), bytes.len());
    let mut out = Vec::new();
    let key_length = value.encode_keyed(&mut out).expect("it is encodable");
    assert_eq!(out, bytes);
    let skipper = Skipper::new(spec).expect("types have coders of the model");
    let mut input = Reader::new(&followed);
    assert_eq!(skipper.skip_kv(&mut input), Ok(key_length));
    assert_eq!(input.position(), bytes.len());
    // All prefixes of small values, some of large ones.
    for end in (0..bytes.len()).step_by(1 + bytes.len() / 64) {
        let mut input = Reader::new(&bytes[..end]);
        assert!(T::decode(&mut input, Nesting::Nested).is_err());
        assert!(skipper.skip(&mut Reader::new(&bytes[..end])).is_err());
    }
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Order {
    id: u64,
    at: Timestamp,
    lines: Vec<Line>,
    notes: BTreeMap<String, Option<i32>>,
    payment: Payment,
    maybe: Option<(i16, f32)>,
    twice: Option<Option<bool>>,
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Line {
    #[element(position = 1)]
    item: Text,
    #[element(position = 2)]
    count: Option<u32>,
    #[element(position = 0)]
    tag: Option<char>,
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
enum Payment {
    Open,
    Card { number: Vec<u8>, limit: i8 },
    Cash(i32),
}

fn text() -> impl Strategy<Value = Text> {
    ".{0,12}".prop_map(Text::from)
}

fn line() -> impl Strategy<Value = Line> {
    (text(), any::<Option<u32>>(), any::<Option<char>>()).prop_map(|(item, count, tag)| Line {
        item,
        count,
        tag,
    })
}

fn payment() -> impl Strategy<Value = Payment> {
    prop_oneof![
        Just(Payment::Open),
        any::<(Vec<u8>, i8)>().prop_map(|(number, limit)| Payment::Card { number, limit }),
        any::<i32>().prop_map(Payment::Cash),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let float = any::<f32>().prop_filter("NaN is not equal to itself", |f| !f.is_nan());
    let parts = (
        any::<(u64, i64)>(),
        prop::collection::vec(line(), 0..4),
        prop::collection::btree_map(".{0,4}", any::<Option<i32>>(), 0..4),
        payment(),
        prop::option::of((any::<i16>(), float)),
        any::<Option<Option<bool>>>(),
    );
    parts.prop_map(|((id, millis), lines, notes, payment, maybe, twice)| Order {
        id,
        at: Timestamp(millis),
        lines,
        notes,
        payment,
        maybe,
        twice,
    })
}

proptest! {
    #[test]
    fn integers_agree(a: (i8, i16), b: i32, c: i64, d: (u8, u16), e: u32, f: u64) {
        check(&a.0);
        check(&a.1);
        check(&b);
        check(&c);
        check(&d.0);
        check(&d.1);
        check(&e);
        check(&f);
        check(&(a.0, a.1, b, c));
        check(&(d.0, d.1, e, f));
        check(&Timestamp(c));
    }

    #[test]
    fn strings_and_bytes_agree(text in ".{0,300}", bytes: Vec<u8>, c: char, flag: bool) {
        check(&Text::from(&text));
        check(&c);
        check(&flag);
        check(&bytes);
        check(&Bytes::from(bytes.clone()));
        check(&(text.clone(), bytes.clone()));
        check(&(text.clone(), bytes, flag));
        check(&text);
    }

    #[test]
    fn containers_agree(
        list in prop::collection::vec(any::<Option<i64>>(), 0..20),
        map in prop::collection::btree_map(any::<i32>(), ".{0,9}", 0..9),
        hashed in prop::collection::hash_map(".{0,9}", any::<bool>(), 0..9),
        pairs in prop::collection::vec((".{0,9}", any::<Vec<u16>>()), 0..4),
        boxed: Option<Box<(i64, Option<String>)>>,
    ) {
        check(&list);
        check(&map);
        check(&hashed);
        check(&pairs);
        check(&boxed);
        check(&(map, (list, Serde(pairs))));
    }

    #[test]
    fn derived_types_agree(order in order(), key: (String, i64)) {
        check(&order);
        check(&vec![order.clone(), order.clone()]);
        check(&(key, order));
    }

    #[test]
    fn random_bytes_are_values_or_errors(bytes: Vec<u8>) {
        let mut specs = vec![Order::coder_spec(), <(String, Vec<Order>)>::coder_spec()];
        specs.push(<Vec<Vec<Option<i32>>>>::coder_spec());
        for spec in specs {
            let model = ModelCoder::new(&spec).expect("types have coders of the model");
            let skipper = Skipper::new(&spec).expect("types have coders of the model");
            for nesting in NESTINGS {
                let _ = model.decode(&mut Reader::new(&bytes), nesting);
            }
            let _ = skipper.skip_kv(&mut Reader::new(&bytes));
        }
        for nesting in NESTINGS {
            let _ = Order::decode(&mut Reader::new(&bytes), nesting);
            let _ = <Vec<(Text, Vec<Order>)>>::decode(&mut Reader::new(&bytes), nesting);
            let _ = <Serde<Vec<String>>>::decode(&mut Reader::new(&bytes), nesting);
        }
    }

    #[test]
    fn damaged_bytes_are_values_or_errors(order in order(), at: prop::sample::Index, byte: u8) {
        let mut bytes = encoded(&order, Nesting::Nested);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let typed = Order::decode(&mut Reader::new(&bytes), Nesting::Nested);
        let model = ModelCoder::new(&Order::coder_spec()).expect("it is of the model");
        let dynamic = model.decode(&mut Reader::new(&bytes), Nesting::Nested);
        // What the typed coder takes, the dynamic one takes; it knows less of what is right.
        prop_assert!(dynamic.is_ok() || typed.is_err());
    }
}

#[test]
fn units_and_floats_agree() {
    check(&());
    check(&vec![(), ()]);
    for float in [0.0, -0.0, 1.5, f64::MAX, f64::NEG_INFINITY] {
        check(&float);
        check(&(float as f32));
    }
}

#[test]
fn absurd_lengths_and_counts_are_refused_at_once() {
    let count = [0x7f, 0xff, 0xff, 0xff];
    let blocks = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let length = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];
    for bytes in [&count[..], &blocks, &length] {
        let bytes = [bytes, &[0; 64]].concat();
        assert!(<Vec<i64>>::decode(&mut Reader::new(&bytes), Nesting::Nested).is_err());
        assert!(<Vec<Vec<u8>>>::decode(&mut Reader::new(&bytes), Nesting::Nested).is_err());
        assert!(<BTreeMap<i64, i64>>::decode(&mut Reader::new(&bytes), Nesting::Nested).is_err());
    }
    assert!(String::decode(&mut Reader::new(&length), Nesting::Nested).is_err());
    let windows = CoderSpec::new("beam:coder:global_window:v1", Vec::new());
    let coder = ModelCoder::new(&CoderSpec::iterable(windows)).expect("it is of the model");
    for bytes in [&count[..], &blocks] {
        assert!(coder.decode(&mut Reader::new(bytes), Nesting::Nested).is_err());
    }
}

#[test]
fn coders_outside_the_model_are_opaque_behind_a_length_and_refused_elsewhere() {
    let unknown = CoderSpec::new("beam:coder:pickled_python:v1", Vec::new());
    let error = ModelCoder::new(&CoderSpec::iterable(unknown.clone())).expect_err("it is unknown");
    let expected =
        "coder `beam:coder:pickled_python:v1` is not of Beam's model, and not behind a length";
    assert_eq!(error.to_string(), expected);
    let spec = CoderSpec::iterable(CoderSpec::length_prefixed(unknown));
    let coder = ModelCoder::new(&spec).expect("the length is known");
    let bytes = [0, 0, 0, 1, 3, b'a', b'b', b'c'];
    let value = coder.decode(&mut Reader::new(&bytes), Nesting::Nested).expect("it is opaque");
    let mut out = Vec::new();
    coder.encode(&value, &mut out, Nesting::Nested).expect("it is opaque");
    assert_eq!(out, bytes);
}

#[test]
fn malformed_bytes_are_refused_with_the_path_to_them() {
    type Rows = Vec<(String, Vec<Option<(i64, bool, i64)>>)>;
    let value: Rows = vec![("a".to_owned(), vec![None, Some((1, true, 2))])];
    let mut bytes = encoded(&value, Nesting::Nested);
    let flag = bytes.len() - 2;
    bytes[flag] = 7;
    let path = "iterable[0].kv.value.iterable[1].nullable.f1";
    let typed = Rows::decode(&mut Reader::new(&bytes), Nesting::Nested).expect_err("7 is no bool");
    assert_eq!(typed.to_string(), format!("the byte 0x07 is no bool at `{path}`"));
    let model = ModelCoder::new(&Rows::coder_spec()).expect("it is of the model");
    let dynamic = model.decode(&mut Reader::new(&bytes), Nesting::Nested).expect_err("no bool");
    assert_eq!(dynamic, typed);
    let cut = &bytes[..bytes.len() - 1];
    let skipper = Skipper::new(&Rows::coder_spec()).expect("it is of the model");
    let skipped = skipper.skip(&mut Reader::new(cut)).expect_err("it is cut");
    assert_eq!(skipped.path(), "iterable[0].kv.value.iterable[1].nullable.f2");
}
