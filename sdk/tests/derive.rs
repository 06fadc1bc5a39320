//! `#[derive(Element)]`: bytes, schemas, growth, attributes and compile errors.

use std::collections::BTreeMap;
use std::fmt;

use prost::Message;
use purlin_proto::pipeline::field_type::TypeInfo;
use purlin_proto::pipeline::{AtomicType, Schema};
use purlin_sdk::coders::{CoderError, Nesting, Reader};
use purlin_sdk::{Element, Serde, Text, Timestamp};

fn bytes_of<T: Element>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out, Nesting::Nested).expect("it is encodable");
    out
}

fn read<T: Element>(bytes: &[u8]) -> Result<T, CoderError> {
    let mut input = Reader::new(bytes);
    let value = T::decode(&mut input, Nesting::Nested)?;
    assert!(input.is_empty(), "{} bytes are left", input.remaining());
    Ok(value)
}

fn round_trip<T: Element + PartialEq + fmt::Debug>(value: &T) -> Vec<u8> {
    let bytes = bytes_of(value);
    assert_eq!(read::<T>(&bytes).as_ref(), Ok(value));
    assert_eq!(&value.detached(), value);
    let mut input = Reader::new(&bytes);
    T::skip(&mut input).expect("it is skippable");
    assert!(input.is_empty());
    for end in 0..bytes.len() {
        assert!(read::<T>(&bytes[..end]).is_err(), "{end} bytes are no value");
    }
    bytes
}

fn schema_of<T: Element>() -> Schema {
    Schema::decode(T::coder_spec().payload).expect("the payload is a schema")
}

fn shown<T: Element>(value: &T) -> String {
    struct Show<'a, T>(&'a T);
    impl<T: Element> fmt::Display for Show<'_, T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.show(f)
        }
    }
    Show(value).to_string()
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Click {
    user: String,
    page: Option<String>,
    millis: i64,
    count: i32,
}

#[test]
fn a_struct_has_the_bytes_of_beams_row() {
    let click = Click { user: "anna".to_owned(), page: None, millis: 9001, count: -1 };
    let expected = [
        &[4u8, 1, 0b10, 4][..], // four fields; a bitmap of one byte: the second is null
        b"anna",
        &[0xa9, 0x46],
        &[0xff, 0xff, 0xff, 0xff, 0x0f],
    ];
    assert_eq!(round_trip(&click), expected.concat());
    let click = Click { page: Some("x".to_owned()), ..click };
    assert_eq!(round_trip(&click)[..2], [4, 0]);
}

#[test]
fn a_schema_names_the_fields_and_has_a_stable_id() {
    let schema = schema_of::<Click>();
    let names: Vec<_> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["user", "page", "millis", "count"]);
    let types: Vec<_> = schema.fields.iter().filter_map(|field| field.r#type.clone()).collect();
    assert_eq!(types[2].type_info, Some(TypeInfo::AtomicType(AtomicType::Int64.into())));
    assert_eq!(types.iter().map(|t| t.nullable).collect::<Vec<_>>(), [false, true, false, false]);
    assert_eq!(schema.id, schema_of::<Click>().id);
    assert_eq!(schema.id.len(), 36);
    assert_ne!(schema.id, schema_of::<Grown>().id);
}

/// `Click` as it is in the next release.
#[derive(Clone, PartialEq, Debug, serde::Serialize, serde::Deserialize, Element)]
#[element(crate = "purlin_sdk")]
struct Grown {
    user: String,
    page: Option<String>,
    millis: i64,
    count: i32,
    #[element(default)]
    weight: u8,
    #[serde(default = "seven", rename(serialize = "a", deserialize = "b"))]
    level: i64,
    #[element(default = "seven")]
    limit: i64,
    note: Option<Text>,
}

fn seven() -> i64 {
    7
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct GrownWrongly {
    user: String,
    page: Option<String>,
    millis: i64,
    count: i32,
    weight: u8,
}

#[test]
fn old_bytes_are_read_with_defaults_and_nulls() {
    let click = Click { user: "a".to_owned(), page: None, millis: 1, count: 2 };
    let grown: Grown = read(&bytes_of(&click)).expect("all new fields have a default");
    let Grown { user, page, millis, count, weight, level, limit, note } = grown;
    assert_eq!((user, page, millis, count), (click.user, click.page, click.millis, click.count));
    assert_eq!((weight, level, limit, note), (0, 7, 7, None));
}

#[test]
fn old_bytes_without_a_needed_field_are_refused_by_its_name() {
    let click = Click { user: "a".to_owned(), page: None, millis: 1, count: 2 };
    let error = read::<GrownWrongly>(&bytes_of(&click)).expect_err("`weight` has no default");
    assert_eq!(error.path(), "weight");
}

#[test]
fn new_bytes_are_read_by_an_old_type_where_their_end_is_known() {
    let new = Grown {
        user: "a".to_owned(),
        page: None,
        millis: 1,
        count: 2,
        weight: 3,
        level: 4,
        limit: 5,
        note: None,
    };
    let bytes = bytes_of(&new);
    let mut input = Reader::new(&bytes);
    let old = Click::decode(&mut input, Nesting::Outer).expect("the rest is dropped");
    assert_eq!(old.count, 2);
    let error = read::<Click>(&bytes).expect_err("the end is unknown");
    assert!(error.to_string().starts_with("a row of 8 fields where 4 are known"), "{error}");
    // Fields that are null have no bytes, so their end is known.
    let bytes = [3, 1, 0b110, 5];
    assert_eq!(read::<OnlyOne>(&bytes), Ok(OnlyOne { n: 5 }));
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct OnlyOne {
    n: i64,
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Placed {
    #[element(position = 1)]
    str: String,
    #[element(position = 2)]
    f_bool: bool,
    #[element(position = 0)]
    i32: Option<i32>,
}

#[test]
fn positions_order_the_bytes_but_not_the_schema() {
    // The case of Beam's `standard_coders.yaml`.
    let value = Placed { str: "str2".to_owned(), f_bool: false, i32: Some(21) };
    assert_eq!(round_trip(&value), b"\x03\x00\x15\x04str2\x00");
    let null = Placed { i32: None, ..value };
    assert_eq!(round_trip(&null), b"\x03\x01\x01\x04str2\x00");
    let schema = schema_of::<Placed>();
    assert!(schema.encoding_positions_set);
    let positions: Vec<_> = schema.fields.iter().map(|field| field.encoding_position).collect();
    assert_eq!(positions, [1, 2, 0]);
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Everything<T> {
    unit: (),
    flag: bool,
    small: (i8, u8),
    shorts: (i16, u16, Option<u32>),
    wide: u64,
    floats: Vec<f32>,
    double: f64,
    letter: char,
    bytes: Vec<u8>,
    shared: bytes::Bytes,
    text: Text,
    at: Timestamp,
    list: Vec<Option<i32>>,
    map: BTreeMap<String, Option<Vec<i64>>>,
    nested: Option<Box<OnlyOne>>,
    twice: Option<Option<i64>>,
    foreign: Serde<std::time::Duration>,
    generic: T,
}

fn everything() -> Everything<Shape> {
    Everything {
        unit: (),
        flag: true,
        small: (-1, 255),
        shorts: (i16::MIN, u16::MAX, Some(u32::MAX)),
        wide: u64::MAX,
        floats: vec![1.5, -0.0],
        double: f64::MIN,
        letter: 'ß',
        bytes: vec![0, 255],
        shared: bytes::Bytes::from_static(b"abc"),
        text: "text".into(),
        at: Timestamp(-5),
        list: vec![Some(-1), None],
        map: BTreeMap::from([("a".to_owned(), None), ("b".to_owned(), Some(vec![1, 2]))]),
        nested: Some(Box::new(OnlyOne { n: 3 })),
        twice: Some(None),
        foreign: Serde(std::time::Duration::from_millis(1500)),
        generic: Shape::Circle { radius: 2 },
    }
}

#[test]
fn fields_of_every_type_round_trip() {
    round_trip(&everything());
    round_trip(&Everything { twice: None, nested: None, ..everything() });
    round_trip(&Everything { twice: Some(Some(3)), ..everything() });
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
enum Shape {
    Nothing,
    Circle {
        radius: i64,
    },
    Square(i64, Option<String>),
    #[element(rename = "other")]
    Other(),
}

#[derive(Clone, Copy, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
enum Colour {
    Red,
    Green,
}

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Unit;

#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Pair(i64, #[element(redact)] String);

#[test]
fn enums_are_rows_of_a_number_and_the_data_of_one_variant() {
    assert_eq!(round_trip(&Shape::Nothing), [3, 1, 0b110, 0]);
    assert_eq!(round_trip(&Shape::Circle { radius: 5 }), [3, 1, 0b100, 1, 1, 0, 5]);
    let square = Shape::Square(7, None);
    assert_eq!(round_trip(&square), [3, 1, 0b010, 2, 2, 1, 0b10, 7]);
    assert_eq!(round_trip(&Shape::Other()), [3, 1, 0b110, 3]);
    assert_eq!(round_trip(&Colour::Green), [1, 0, 1]);
    let schema = schema_of::<Shape>();
    let names: Vec<_> = schema.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["variant", "Circle", "Square"]);
    assert_eq!(schema.fields[0].description, "0 = Nothing, 1 = Circle, 2 = Square, 3 = other");
}

#[test]
fn data_of_another_variant_or_an_unknown_one_is_refused() {
    let error = read::<Shape>(&[3, 1, 0b100, 2, 1, 0, 5]).expect_err("the data is a circle's");
    assert_eq!(error.to_string(), "the data is not that of the variant");
    let error = read::<Shape>(&[3, 1, 0b110, 9]).expect_err("there is no such variant");
    assert_eq!(error.to_string(), "`Shape` has no variant 9: a newer type wrote it");
    let error = read::<Shape>(&[3, 1, 0b100, 1, 1, 1, 1]).expect_err("a radius is not null");
    assert_eq!(error.path(), "Circle.radius");
}

#[test]
fn unit_and_tuple_structs_are_rows() {
    assert_eq!(round_trip(&Unit), [0, 0]);
    assert_eq!(round_trip(&Pair(1, "a".to_owned())), [2, 0, 1, 1, b'a']);
    assert_eq!(schema_of::<Pair>().fields[1].name, "f1");
}

#[test]
fn values_are_shown_like_debug_without_secrets() {
    let click = Click { user: "a".to_owned(), page: None, millis: 1, count: 2 };
    assert_eq!(shown(&click), format!("{click:?}"));
    assert_eq!(shown(&Pair(1, "secret".to_owned())), "Pair(1, …)");
    assert_eq!(shown(&Shape::Circle { radius: 5 }), "Circle { radius: 5 }");
    assert_eq!(shown(&Unit), "Unit");
}

#[test]
fn types_of_keyable_fields_are_typed_keys_and_others_say_why_not() {
    let key = Click::typed_key().expect("all its fields have one");
    let a = Click { user: "a".to_owned(), page: None, millis: 1, count: 2 };
    let b = Click { page: Some(String::new()), ..a.clone() };
    assert!((key.equal)(&a, &a.clone()) && !(key.equal)(&a, &b));
    assert_eq!((key.hash)(&a), (key.hash)(&a.clone()));
    assert_ne!((key.hash)(&a), (key.hash)(&b));
    let key = Shape::typed_key().expect("all its fields have one");
    assert!(!(key.equal)(&Shape::Nothing, &Shape::Other()));
    assert_ne!((key.hash)(&Shape::Nothing), (key.hash)(&Shape::Other()));
    assert!(Everything::<i64>::typed_key().is_none());
    assert_eq!(Click::coder_spec().nondeterministic, None);
    assert_eq!(
        Everything::<i64>::coder_spec().nondeterministic.as_deref(),
        Some("field `floats`: floats have several zeros and NaNs")
    );
}

#[test]
fn the_path_of_an_error_leads_to_the_field() {
    let value = vec![(1i64, vec![OnlyOne { n: 1 }, OnlyOne { n: 2 }])];
    let mut bytes = bytes_of(&value);
    let last = bytes.len() - 1;
    bytes[last] = 0x80;
    let error = read::<Vec<(i64, Vec<OnlyOne>)>>(&bytes).expect_err("a varint is cut");
    assert_eq!(error.path(), "iterable[0].kv.value.iterable[1].n");
}

#[test]
fn mistakes_are_explained_by_the_compiler() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
