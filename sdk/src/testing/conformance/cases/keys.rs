//! Keys of all types.

use bytes::Bytes;

use crate::Element;
use crate::element::Text;
use crate::pipeline::Pipeline;
use crate::testing::assert_that;
use crate::testing::conformance::Ending;
use crate::time::Timestamp;

list!(GroupByKey: keys_of_integers, keys_of_strings, keys_of_bytes, keys_of_text, keys_of_tuples,
    keys_of_options, keys_of_lists, keys_of_rows, keys_of_booleans_characters_and_units,
    keys_of_times, an_empty_key_is_a_key, large_keys);

/// Groups and combines each key, twice each, among others.
fn grouped<K: Element + PartialEq>(p: &Pipeline, keys: impl IntoIterator<Item = K>) -> Ending {
    let keys: Vec<K> = keys.into_iter().collect();
    let twice = p.create(keys.iter().cloned().chain(keys.iter().cloned())).reshuffle();
    let counts = twice.map(|key| (key, 1u64)).group_by_key();
    let counts = counts.map(|(key, group)| (key, group.iter().sum::<u64>()));
    let expected: Vec<(K, u64)> = keys.into_iter().map(|key| (key, 2)).collect();
    assert_that(&counts).contains_in_any_order(expected.clone());
    assert_that(&twice.count_per_element()).contains_in_any_order(expected);
    Ending::done()
}

fn keys_of_integers(p: &Pipeline) -> Ending {
    let _ = grouped(p, [i64::MIN, -1, 0, 1, 127, 128, i64::MAX]);
    let _ = grouped(p, [i32::MIN, -1, 0, i32::MAX]);
    let _ = grouped(p, [0u8, 127, 128, 255]);
    grouped(p, [0u64, 1, u64::MAX])
}

fn keys_of_strings(p: &Pipeline) -> Ending {
    grouped(p, ["a", "b", "ab", "ba", "ä", "日本", "a\0b", " a"].map(str::to_owned))
}

fn keys_of_bytes(p: &Pipeline) -> Ending {
    let _ = grouped(p, [vec![0u8], vec![0, 0], vec![255; 300], vec![128]]);
    grouped(p, [Bytes::from_static(b"a"), Bytes::from_static(b"\0a")])
}

fn keys_of_text(p: &Pipeline) -> Ending {
    grouped(p, ["a", "b", "a b"].map(Text::from))
}

fn keys_of_tuples(p: &Pipeline) -> Ending {
    let _ = grouped(p, [(1i64, "a".to_owned()), (1, "b".to_owned()), (2, "a".to_owned())]);
    // The same letters, divided differently.
    let _ = grouped(p, [("a", "bc"), ("ab", "c")].map(|(a, b)| (a.to_owned(), b.to_owned())));
    grouped(p, [(1i64, (true, 2i32)), (1, (false, 2))])
}

fn keys_of_options(p: &Pipeline) -> Ending {
    let _ = grouped(p, [None, Some(0i64), Some(1)]);
    grouped(p, [None, Some(None), Some(Some(String::new()))])
}

fn keys_of_lists(p: &Pipeline) -> Ending {
    grouped(p, [vec![], vec![1i64], vec![1, 2], vec![2, 1], vec![0, 0]])
}

#[derive(Clone, PartialEq, Element)]
#[element(crate = "purlin_sdk")]
struct Customer {
    name: String,
    city: Option<String>,
    number: i64,
}

fn keys_of_rows(p: &Pipeline) -> Ending {
    let customer = |name: &str, city: Option<&str>, number| Customer {
        name: name.to_owned(),
        city: city.map(str::to_owned),
        number,
    };
    grouped(
        p,
        [
            customer("anna", None, 1),
            customer("anna", Some(""), 1),
            customer("anna", Some("Ulm"), 1),
            customer("anna", None, 2),
        ],
    )
}

fn keys_of_booleans_characters_and_units(p: &Pipeline) -> Ending {
    let _ = grouped(p, [true, false]);
    let _ = grouped(p, ['a', 'ß', '😀']);
    grouped(p, [()])
}

fn keys_of_times(p: &Pipeline) -> Ending {
    grouped(p, [Timestamp::MIN, Timestamp(-1), Timestamp(0), Timestamp::MAX])
}

fn an_empty_key_is_a_key(p: &Pipeline) -> Ending {
    let _ = grouped(p, [String::new(), "a".to_owned()]);
    grouped(p, [Bytes::new(), Bytes::from_static(b"\0")])
}

fn large_keys(p: &Pipeline) -> Ending {
    grouped(p, ["a", "b"].map(|letter| letter.repeat(200_000)))
}
