//! Transforms on the direct runner, for several seeds.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use purlin_runner_direct::DirectRunner;
use purlin_sdk::exec::MetricValue;
use purlin_sdk::transforms::{Max, Mean, Min, Sum, ToList, Top};
use purlin_sdk::{
    BoxError, Context, Counter, Distribution, DoFn, Element, FixedWindows, PCollection, Pipeline,
    Text, Timestamp,
};

/// What a collection contains when its pipeline has run, the same for every seed.
fn values<T: Element + Ord + std::fmt::Debug>(
    build: impl Fn(&Pipeline) -> PCollection<T>,
) -> Vec<T> {
    let mut results = (0..5).map(|seed| {
        let p = Pipeline::new();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = Arc::clone(&seen);
        let _ = build(&p).map(move |value| into.lock().expect("no panic").push(value));
        p.run_with(&DirectRunner::default().seed(seed)).expect("it runs");
        let mut values = std::mem::take(&mut *seen.lock().expect("no panic"));
        values.sort();
        values
    });
    let first = results.next().expect("five seeds");
    results.for_each(|other| assert_eq!(first, other, "seeds differ"));
    first
}

#[test]
fn words_are_counted() {
    let counts = values(|p| {
        let lines = p.create(["to be or not", "to be"].map(Text::from));
        lines.flat_map(|line| line.split_ascii_whitespace()).count_per_element()
    });
    let expected = [("be", 2), ("not", 1), ("or", 1), ("to", 2)];
    assert_eq!(counts, expected.map(|(word, count)| (Text::from(word), count)));
}

#[test]
fn values_are_combined_per_key() {
    let pairs = |p: &Pipeline| p.create((0i64..100).map(|n| (n % 3, n)));
    assert_eq!(values(|p| pairs(p).combine_per_key(Sum)), [(0, 1683), (1, 1617), (2, 1650)]);
    assert_eq!(values(|p| pairs(p).combine_per_key(Max)), [(0, 99), (1, 97), (2, 98)]);
    assert_eq!(values(|p| pairs(p).combine_per_key(Min)), [(0, 0), (1, 1), (2, 2)]);
    assert_eq!(values(|p| pairs(p).count_per_key()), [(0, 34), (1, 33), (2, 33)]);
    let tops = [(0, vec![99, 96]), (1, vec![97, 94]), (2, vec![98, 95])];
    assert_eq!(values(|p| pairs(p).top_per_key(2)), tops);
    let smallest = [(0, vec![0, 3]), (1, vec![1, 4]), (2, vec![2, 5])];
    assert_eq!(values(|p| pairs(p).combine_per_key(Top::smallest(2))), smallest);
}

#[test]
fn all_values_are_combined() {
    let numbers = |p: &Pipeline| p.create([1i64, 2, 3, 6]);
    assert_eq!(values(|p| numbers(p).combine_globally(Sum)), [12]);
    assert_eq!(values(|p| numbers(p).count_globally()), [4]);
    let mean = values(|p| numbers(p).combine_globally(Mean).map(|mean| mean.to_string()));
    assert_eq!(mean, ["3"]);
    let lists = values(|p| {
        numbers(p).combine_globally(ToList).map(|mut list| {
            list.sort_unstable();
            list
        })
    });
    assert_eq!(lists, [[1, 2, 3, 6]]);
}

#[test]
fn nothing_combined_is_the_value_of_nothing_in_the_global_window_alone() {
    let nothing = |p: &Pipeline| p.create([1i64]).filter(|_| false);
    assert_eq!(values(|p| nothing(p).combine_globally(Sum)), [0]);
    assert_eq!(values(|p| nothing(p).count_globally()), [0]);
    assert!(values(|p| nothing(p).combine_globally(Max)).is_empty());
    let fixed = FixedWindows::of(Duration::from_secs(1));
    assert!(values(|p| nothing(p).window_into(fixed).count_globally()).is_empty());
}

#[test]
fn windows_are_combined_apart() {
    let sums = values(|p| {
        p.create(0i64..60)
            .with_timestamps(|n| Timestamp(n * 1000))
            .window_into(FixedWindows::of(Duration::from_secs(20)))
            .combine_globally(Sum)
    });
    assert_eq!(sums, [190, 590, 990]);
}

#[test]
fn distinct_elements_are_kept_once() {
    let words = values(|p| p.create(["b", "a", "b"].map(str::to_owned)).distinct());
    assert_eq!(words, ["a", "b"]);
}

#[test]
fn closures_see_side_inputs() {
    let converted = values(|p| {
        let rates = p.create([("EUR".to_owned(), 2i64), ("USD".to_owned(), 3)]).as_map();
        let floor = p.create([10i64]).as_singleton();
        let orders =
            p.create([("EUR".to_owned(), 4i64), ("EUR".to_owned(), 6), ("USD".to_owned(), 7)]);
        orders.with_side_input((rates, floor)).flat_map(|(currency, x), (rates, floor)| {
            Some(x * rates[&currency]).filter(|v| v > floor)
        })
    });
    assert_eq!(converted, [12, 21]);
}

#[test]
fn a_side_input_can_be_a_combination_of_the_main_input() {
    let above = values(|p| {
        let numbers = p.create(0i64..10);
        let mean = numbers.combine_globally(Mean).as_singleton();
        numbers
            .with_side_input(mean)
            .filter(|n, mean| f64::from(i32::try_from(*n).unwrap_or(0)) > *mean)
    });
    assert_eq!(above, [5, 6, 7, 8, 9]);
}

#[test]
fn elements_see_the_side_input_of_their_window() {
    let sums = values(|p| {
        let by_second = |n: &i64| Timestamp(*n * 1000);
        let tens = FixedWindows::of(Duration::from_secs(10));
        let main = p.create(0i64..30).with_timestamps(by_second).window_into(tens);
        let side = main.combine_globally(Sum).as_singleton();
        main.with_side_input(side)
            .filter(|n, _| n % 10 == 0)
            .with_side_input(main.combine_globally(Max).as_singleton())
            .map(|n, max| (n, *max))
    });
    assert_eq!(sums, [(0, 9), (10, 19), (20, 29)]);
}

fn left(p: &Pipeline) -> PCollection<(i64, String)> {
    p.create([(1, "a"), (1, "b"), (2, "c")].map(|(key, value)| (key, value.to_owned())))
}

fn right(p: &Pipeline) -> PCollection<(i64, i64)> {
    p.create([(1i64, 10i64), (3, 30)])
}

#[test]
fn joins_differ_in_what_they_keep() {
    let text = |value: &str| value.to_owned();
    let inner = values(|p| left(p).inner_join(&right(p)));
    assert_eq!(inner, [(1, (text("a"), 10)), (1, (text("b"), 10))]);
    let left_joined = values(|p| left(p).left_join(&right(p)));
    let expected = [(1, (text("a"), Some(10))), (1, (text("b"), Some(10))), (2, (text("c"), None))];
    assert_eq!(left_joined, expected);
    let right_joined = values(|p| left(p).right_join(&right(p)));
    let expected = [(1, (Some(text("a")), 10)), (1, (Some(text("b")), 10)), (3, (None, 30))];
    assert_eq!(right_joined, expected);
    let full = values(|p| left(p).full_join(&right(p)));
    let expected = [
        (1, (Some(text("a")), Some(10))),
        (1, (Some(text("b")), Some(10))),
        (2, (Some(text("c")), None)),
        (3, (None, Some(30))),
    ];
    assert_eq!(full, expected);
}

#[test]
fn up_to_four_collections_are_grouped_together() {
    let three = values(|p| {
        let flags = p.create([(1i64, true)]);
        left(p)
            .co_group_by_key((&right(p), &flags))
            .map(|(key, (a, b, c))| (key, vec![a.len() as u64, b.len() as u64, c.len() as u64]))
    });
    assert_eq!(three, [(1, vec![2, 1, 1]), (2, vec![1, 0, 0]), (3, vec![0, 1, 0])]);
    let four = values(|p| {
        let (flags, units) = (p.create([(1i64, true)]), p.create([(4i64, ())]));
        let groups = left(p).co_group_by_key((&right(p), &flags, &units));
        groups.map(|(key, (a, b, c, d))| {
            let mut texts: Vec<_> = a.iter().collect();
            texts.sort();
            let sum: i64 = b.iter().sum();
            format!("{key} {texts:?} {sum} {:?} {}", c.iter().collect::<Vec<_>>(), d.len())
        })
    });
    let expected =
        ["1 [\"a\", \"b\"] 10 [true] 0", "2 [\"c\"] 0 [] 0", "3 [] 30 [] 0", "4 [] 0 [] 1"];
    assert_eq!(four, expected);
}

#[test]
fn lists_of_collections_are_united() {
    let all = values(|p| p.flatten((0i64..4).map(|n| p.create([n]))));
    assert_eq!(all, [0, 1, 2, 3]);
    let twice = values(|p| {
        let numbers = p.create([1i64, 2]);
        p.flatten([numbers.clone(), numbers])
    });
    assert_eq!(twice, [1, 1, 2, 2]);
    let counts = values(|p| p.flatten(Vec::<PCollection<i64>>::new()).count_globally());
    assert_eq!(counts, [0]);
}

#[test]
fn keys_and_values_are_swapped() {
    assert_eq!(values(|p| right(p).swap()), [(10, 1), (30, 3)]);
}

const EVEN: Counter = Counter::new("even");
const SIZES: Distribution = Distribution::new("sizes");

#[derive(Clone)]
struct Measure;

impl DoFn for Measure {
    type In = i64;
    type Out = i64;
    fn process(&mut self, n: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        if n % 2 == 0 {
            EVEN.inc(cx);
        }
        SIZES.record(cx, n);
        cx.output(n);
        Ok(())
    }
}

#[test]
fn counters_and_distributions_are_summed_over_bundles() {
    let p = Pipeline::new();
    let _ = p.create(1i64..=10).par_do(Measure).named("Measure");
    let finished = p.run_with(&DirectRunner::default().seed(3)).expect("it runs");
    assert_eq!(finished.counter("even"), 5);
    let sizes = finished.metrics[&("Measure".to_owned(), "sizes".to_owned())];
    assert_eq!(sizes, MetricValue::Distribution { count: 10, sum: 55, min: 1, max: 10 });
}

#[test]
fn a_sum_that_overflows_fails_the_job() {
    let p = Pipeline::new();
    let _ = p.create([i64::MAX, 1]).combine_globally(Sum);
    let text = p.run_with(&DirectRunner::default()).expect_err("it overflows").to_string();
    assert!(
        text.contains("the sum overflows `i64`: map the values to a wider type first"),
        "{text}"
    );
    assert!(text.contains("applied at: sdk/tests/transforms.rs:"), "{text}");
}

#[test]
fn mistakes_are_reported_together_with_their_places() {
    let (p, other) = (Pipeline::new(), Pipeline::new());
    let fixed = FixedWindows::of(Duration::from_secs(1));
    let numbers = p.create([1i64]);
    let _ = numbers.flatten_with([numbers.window_into(fixed)]);
    let _ = numbers.window_into(FixedWindows::of(Duration::ZERO));
    let _ = numbers.with_side_input(other.create([1i64]).as_iter()).map(|n, _| n);
    let _ = p.create([(1.5f64, 1i64)]).combine_per_key(Sum);
    let text = p.run_with(&DirectRunner::default()).expect_err("mistakes").to_string();
    assert!(text.starts_with("the pipeline has 4 mistake(s)"), "{text}");
    for mistake in [
        "flattened collections have different windows",
        "windows need a size of at least 1 ms",
        "a side input belongs to another pipeline",
        "these keys cannot be grouped",
    ] {
        assert!(text.contains(mistake), "{mistake} is missing: {text}");
    }
    assert_eq!(text.matches("at: sdk/tests/transforms.rs:").count(), 4, "{text}");
}
