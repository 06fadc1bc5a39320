//! Sums and groups of generated elements.

use std::collections::BTreeMap;

use rivals::generated::{Pairs, Records, Summary, digest_of_group, digest_of_sum};

use crate::{call, each, is_refused};

fn assert_same(workload: &str, elements: u64, expected: Summary) {
    let Summary { outputs, digest } = expected;
    each(|program, threads| {
        let ended = call(program, workload, threads, &[&elements.to_string()]);
        if !is_refused(&ended) {
            let text = String::from_utf8_lossy(&ended.stdout);
            let line = format!("outputs={outputs} digest={digest}\n");
            assert_eq!(text, line, "{program} on {threads} threads: {ended:?}");
        }
    });
}

fn sum(pairs: &Pairs, elements: u64) -> Summary {
    let (mut sums, mut summary) = (BTreeMap::<u64, u64>::new(), Summary::default());
    for (key, number) in (0..elements).map(|n| pairs.get(n)) {
        *sums.entry(key).or_default() += number;
    }
    sums.into_iter().for_each(|(key, sum)| summary.add(digest_of_sum(key, sum)));
    summary
}

#[test]
fn sums_are_those_of_a_map() {
    for elements in [0, 1, 700_000] {
        assert_same("sum_uniform", elements, sum(&Pairs::uniform(), elements));
        assert_same("sum_zipf", elements, sum(&Pairs::zipf(), elements));
    }
}

#[test]
fn groups_are_those_of_a_map() {
    let records = Records::default();
    for elements in [0, 1, 300_000] {
        let (mut groups, mut summary) = (BTreeMap::<u64, Vec<&str>>::new(), Summary::default());
        for (key, value) in (0..elements).map(|n| records.get(n)) {
            groups.entry(key).or_default().push(value);
        }
        groups.into_iter().for_each(|(key, values)| summary.add(digest_of_group(key, values)));
        assert_same("group", elements, summary);
    }
}

/// That they are Purlin's too, `cargo xtask bench` checks.
#[cfg(feature = "nexmark")]
#[test]
fn queries_give_the_same_on_any_number_of_threads() {
    for query in (0..=8).map(|n| format!("q{n}")) {
        let outputs = [1, 2, 3].map(|threads| {
            let ended = call(env!("CARGO_BIN_EXE_renoir"), &query, threads, &["100000"]);
            let text = String::from_utf8(ended.stdout).unwrap();
            let (summary, times) = text.split_once(" wall_us=").unwrap();
            assert!(times.contains(" cpu_us="), "{text}");
            summary.to_owned()
        });
        assert!(outputs.iter().all(|summary| *summary == outputs[0]), "{query}: {outputs:?}");
        assert!(!outputs[0].starts_with("outputs=0 "), "{query}");
    }
}
