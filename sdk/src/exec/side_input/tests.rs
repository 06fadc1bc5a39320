//! What closures see of side inputs.

mod maps;

use std::time::Duration;

use bytes::Bytes;
use purlin_proto::fn_execution::StateKey;
use purlin_proto::fn_execution::state_key::{
    IterableSideInput, MultimapKeysSideInput, MultimapKeysValuesSideInput, MultimapSideInput, Type,
};

use crate::coders::Nesting;
use crate::coders::windowed::WindowCoder;
use crate::exec::testing::{TestHost, run, transform_id};
use crate::exec::{Batch, Role, Stamps};
use crate::window::{Stamp, Window};
use crate::{Element, Failure, FixedWindows, PCollection, Pipeline, SlidingWindows, Timestamp};

fn key(pipeline: &Pipeline, name: &str, index: usize, window: &Window) -> StateKey {
    let mut encoded = Vec::new();
    WindowCoder::of(window).put_window(&mut encoded, window);
    StateKey {
        r#type: Some(Type::IterableSideInput(IterableSideInput {
            transform_id: transform_id(pipeline, name),
            side_input_id: format!("side{index}"),
            window: encoded.into(),
        })),
    }
}

/// Names what of the side input 0 of the step `Use` in the global window.
fn global_key(pipeline: &Pipeline, of: impl Fn(String, String) -> Type) -> StateKey {
    let id = transform_id(pipeline, "Use");
    StateKey { r#type: Some(of(id, "side0".to_owned())) }
}

fn values_key(pipeline: &Pipeline, key: i64) -> StateKey {
    global_key(pipeline, |transform_id, side_input_id| {
        let (window, key) = (Bytes::new(), encoded(&[key]));
        Type::MultimapSideInput(MultimapSideInput { transform_id, side_input_id, window, key })
    })
}

fn keys_key(pipeline: &Pipeline) -> StateKey {
    global_key(pipeline, |transform_id, side_input_id| {
        let window = Bytes::new();
        Type::MultimapKeysSideInput(MultimapKeysSideInput { transform_id, side_input_id, window })
    })
}

fn entries_key(pipeline: &Pipeline) -> StateKey {
    global_key(pipeline, |transform_id, side_input_id| {
        let window = Bytes::new();
        let key = MultimapKeysValuesSideInput { transform_id, side_input_id, window };
        Type::MultimapKeysValuesSideInput(key)
    })
}

fn encoded<T: Element>(values: &[T]) -> Bytes {
    let mut out = Vec::new();
    values.iter().for_each(|value| value.encode(&mut out, Nesting::Nested).expect("encodes"));
    out.into()
}

fn numbers(values: &[i64]) -> Batch<i64> {
    Batch::new(values.to_vec(), Stamps::default())
}

/// Runs one bundle of numbers through the step `Use` of a pipeline, whose side inputs in the
/// global window hold `sides`.
fn global<O: Element>(
    pipeline: &Pipeline,
    sides: &[Vec<Bytes>],
    batches: Vec<Batch<i64>>,
) -> Result<Vec<O>, Box<Failure>> {
    let mut host = TestHost::default();
    for (index, pages) in sides.iter().enumerate() {
        host.fill(&key(pipeline, "Use", index, &Window::Global), pages.clone());
    }
    let outputs = run::<i64, O>(pipeline, "Use", Role::ParDo, &host, vec![batches])?;
    assert_eq!(*host.reads.lock().expect("no panics"), sides.iter().map(Vec::len).sum::<usize>());
    Ok(outputs[0].iter().map(|(value, _)| value.clone()).collect())
}

#[test]
fn closures_see_lists_maps_and_singletons() {
    let p = Pipeline::new();
    let names = p.create([(1i64, "one".to_owned())]);
    let views = (names.as_map(), p.create([2i64]).as_singleton(), p.create([0i64]).as_list());
    let used: PCollection<String> = p
        .create([0i64])
        .with_side_input(views)
        .flat_map(|n, (names, factor, list)| {
            names.get(&n).map(|name| format!("{name} {} {}", n * factor, list.len()))
        })
        .named("Use");
    drop(used);
    let mut host = TestHost::default();
    host.fill(&values_key(&p, 1), vec![encoded(&["one".to_owned()])]);
    host.fill(&values_key(&p, 2), vec![encoded(&["two".to_owned()])]);
    host.fill(&key(&p, "Use", 1, &Window::Global), vec![encoded(&[2i64])]);
    host.fill(&key(&p, "Use", 2, &Window::Global), vec![Bytes::new()]);
    let outputs = run::<i64, String>(
        &p,
        "Use",
        Role::ParDo,
        &host,
        vec![vec![numbers(&[1, 2]), numbers(&[3, 2])], vec![numbers(&[2])]],
    )
    .expect("it runs");
    let values = |bundle: usize| outputs[bundle].iter().map(|(v, _)| v.clone()).collect::<Vec<_>>();
    assert_eq!(values(0), ["one 2 0", "two 4 0", "two 4 0"]);
    assert_eq!(values(1), ["two 4 0"]);
    // The list and the singleton in each bundle; three keys in the first, one in the second.
    assert_eq!(*host.reads.lock().expect("no panics"), 8);
}

#[test]
fn pages_may_end_inside_an_element() {
    let p = Pipeline::new();
    let words = p.create([String::new()]).as_list();
    let _ = p
        .create([0i64])
        .with_side_input(words)
        .map(|n, words| words[usize::try_from(n).expect("small")].clone())
        .named("Use");
    let data = encoded(&["alpha".to_owned(), "beta".to_owned()]);
    let pages = vec![data.slice(..3), data.slice(3..8), data.slice(8..)];
    let outputs: Vec<String> = global(&p, &[pages], vec![numbers(&[1, 0])]).expect("it runs");
    assert_eq!(outputs, ["beta", "alpha"]);
}

#[test]
fn elements_are_read_page_by_page_each_time_they_are_looked_at() {
    let p = Pipeline::new();
    let numbers = p.create([0i64]).as_iter();
    let sums = p.create([0i64]).with_side_input(numbers).map(|n, numbers| {
        assert!(!numbers.is_empty());
        n + numbers.iter().sum::<i64>() + i64::from(numbers.contains(&70_000))
    });
    drop(sums.named("Use"));
    // The last page begins with the last byte of a number of two.
    let data = encoded(&(0..3000i64).chain([70_000]).collect::<Vec<_>>());
    let pages = vec![data.slice(..1), data.slice(1..4001), data.slice(4001..)];
    let outputs: Vec<i64> = global(&p, &[pages], vec![self::numbers(&[1, 2])]).expect("it runs");
    let sum = 2999 * 3000 / 2 + 70_000 + 1;
    assert_eq!(outputs, [sum + 1, sum + 2]);
    let cut = global::<i64>(&p, &[vec![data.slice(..4001)]], vec![self::numbers(&[1])]);
    let text = cut.expect_err("it is cut").to_string();
    assert!(text.contains("transform `Use` failed") && text.contains("element: 1"), "{text}");
}

fn singleton(values: &[i64]) -> Result<Vec<i64>, Box<Failure>> {
    let p = Pipeline::new();
    let one = p.create([0i64]).as_singleton();
    let _ = p.create([0i64]).with_side_input(one).map(|n, one| n + one).named("Use");
    global(&p, &[vec![encoded(values)]], vec![numbers(&[1])])
}

#[test]
fn a_singleton_with_none_or_several_elements_says_where_it_was_made() {
    assert_eq!(singleton(&[41]), Ok(vec![42]));
    for values in [&[][..], &[1, 2]] {
        let text = singleton(values).expect_err("it is no singleton").to_string();
        assert!(text.contains("the singleton made at sdk/src/exec/side_input/tests.rs:"), "{text}");
        assert!(text.contains(&format!("has {} elements in this window", values.len())), "{text}");
        assert!(text.contains("transform `Use` failed"), "{text}");
    }
}

#[test]
fn an_element_sees_the_side_window_at_the_end_of_each_of_its_own() {
    let p = Pipeline::new();
    let seconds = |n: u64| Duration::from_secs(n);
    let side = p.create([0i64]).window_into(FixedWindows::of(seconds(10))).as_list();
    let sliding = SlidingWindows::of(seconds(10)).every(seconds(5));
    let _ = p
        .create([0i64])
        .window_into(sliding)
        .with_side_input(side)
        .map(|n, side| (n, side.clone()))
        .named("Use");
    let fixed = |start: i64| {
        let windows = crate::StandardWindowFn::from(FixedWindows::of(seconds(10)));
        windows.assign(Timestamp(start)).as_slice()[0].clone()
    };
    let mut host = TestHost::default();
    host.fill(&key(&p, "Use", 0, &fixed(0)), vec![encoded(&[100i64])]);
    host.fill(&key(&p, "Use", 0, &fixed(10_000)), vec![encoded(&[200i64])]);
    let windows = crate::StandardWindowFn::from(sliding).assign(Timestamp(7_000));
    let stamp = Stamp { timestamp: Timestamp(7_000), windows, ..Stamp::default() };
    let batch = Batch::new(vec![1i64], Stamps::constant(stamp.clone()));
    let outputs = run::<i64, (i64, Vec<i64>)>(&p, "Use", Role::ParDo, &host, vec![vec![batch]])
        .expect("it runs");
    let seen: Vec<_> =
        outputs[0].iter().map(|((_, side), at)| (side[0], at.windows.as_slice().len())).collect();
    assert_eq!(seen, [(200, 1), (100, 1)]);
    let ends: Vec<_> =
        outputs[0].iter().map(|(_, at)| at.windows.as_slice()[0].max_timestamp().0).collect();
    assert_eq!(ends, [14_999, 9_999]);
}

#[test]
fn a_side_input_of_another_pipeline_is_a_mistake() {
    let (p, other) = (Pipeline::new(), Pipeline::new());
    let side = other.create([1i64]).as_list();
    let _ = p.create([0i64]).with_side_input(side).map(|n, side| n + side[0]);
    let _ = p.create([0i64]).flatten_with([other.create([0i64])]);
    let text = p.seal().err().expect("it is a mistake").to_string();
    assert!(text.contains("error: a side input belongs to another pipeline"), "{text}");
    assert!(text.contains("error: a flattened collection belongs to another pipeline"), "{text}");
}
