//! Values, bags, accumulators and ordered lists.

use super::{batch, once, with};
use crate::Timestamp;
use crate::exec::stateful::testing::StateHost;
use crate::state::StateSpecs;
use crate::transforms::{Mean, Sum};

#[test]
fn a_value_is_one_until_it_is_cleared() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.value::<String>("v");
    let out = once(&host, cells, |value, _, cx| {
        assert_eq!(value.read(cx)?, None);
        value.write(cx, "one".to_owned())?;
        value.write(cx, "two".to_owned())?;
        let now = value.read(cx)?;
        cx.output(format!("{now:?}"));
        Ok(())
    });
    assert_eq!(out, [r#"Some("two")"#], "reads see writes of the bundle");
    assert_eq!(
        host.log(),
        ["get v@016b", "append v@016b 0374776f"],
        "what was empty stays uncleared"
    );
    let out = once(&host, cells, |value, _, cx| {
        let before = value.read(cx)?;
        value.clear(cx)?;
        let after = value.read(cx)?;
        cx.output(format!("{before:?} {after:?}"));
        Ok(())
    });
    assert_eq!(out, [r#"Some("two") None"#]);
    assert_eq!(host.log(), ["get v@016b", "clear v@016b"]);
    once(&host, cells, |value, _, cx| value.write(cx, "three".to_owned()));
    assert_eq!(host.log(), ["clear v@016b", "append v@016b 057468726565"], "writing reads nothing");
}

#[test]
fn a_bag_is_added_to_without_a_read_and_read_in_pages() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.bag::<i64>("bag");
    once(&host, cells, |bag, _, cx| (1..300).try_for_each(|n| bag.add(cx, n)));
    let log = host.log();
    assert_eq!(log.len(), 1, "one append");
    assert!(log[0].starts_with("append bag@016b 010203"), "{log:?}");
    host.set_page(7);
    let out = once(&host, cells, |bag, _, cx| {
        bag.add(cx, 300)?;
        let all = bag.read(cx)?;
        assert!(all.iter().copied().eq(1..=300), "{all:?}");
        let again = bag.read(cx)?.len();
        let is_empty = bag.is_empty(cx)?;
        cx.output(format!("{again} {is_empty}"));
        Ok(())
    });
    assert_eq!(out, ["300 false"]);
    let pages = host.log().iter().filter(|line| line.starts_with("get")).count();
    assert_eq!(pages, (127usize + 2 * 172).div_ceil(7), "one read, in pages");
}

#[test]
fn what_is_added_after_a_clear_is_kept() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.bag::<i64>("bag");
    once(&host, cells, |bag, _, cx| bag.add(cx, 1));
    host.log();
    let out = once(&host, cells, |bag, _, cx| {
        bag.add(cx, 2)?;
        bag.clear(cx)?;
        let is_empty = bag.is_empty(cx)?;
        bag.add(cx, 3)?;
        let all = bag.read(cx)?;
        cx.output(format!("{is_empty} {all:?}"));
        Ok(())
    });
    assert_eq!(out, ["true [3]"]);
    assert_eq!(host.log(), ["clear bag@016b", "append bag@016b 03"]);
}

#[test]
fn combining_keeps_one_accumulator() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| (s.combining("sum", Sum), s.combining("mean", Mean));
    let out = once(&host, cells, |(sum, mean), _, cx| {
        assert_eq!(sum.read(cx)?, 0i64);
        sum.add(cx, 3i64)?;
        sum.add(cx, 4)?;
        sum.merge(cx, 10)?;
        mean.add(cx, 2i64)?;
        mean.add(cx, 5)?;
        let (sum, mean) = (sum.read(cx)?, mean.read(cx)?);
        cx.output(format!("{sum} {mean}"));
        Ok(())
    });
    assert_eq!(out, ["17 3.5"]);
    let log = host.log();
    assert_eq!(log[..3], ["get sum@016b", "get mean@016b", "append sum@016b 11"]);
    let out = once(&host, cells, |(sum, mean), _, cx| {
        sum.add(cx, 1)?;
        let now = sum.read(cx)?;
        mean.clear(cx)?;
        cx.output(now.to_string());
        Ok(())
    });
    assert_eq!(out, ["18"]);
    let log = ["get sum@016b", "clear sum@016b", "append sum@016b 12", "clear mean@016b"];
    assert_eq!(host.log(), log);
}

#[test]
fn lists_are_sorted_by_timestamp_and_read_and_cleared_by_range() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.ordered_list::<String>("list");
    once(&host, cells, |list, _, cx| {
        for (at, value) in [(30, "c"), (-1, "a"), (20, "b"), (20, "bb")] {
            list.add(cx, Timestamp(at), value.to_owned())?;
        }
        Ok(())
    });
    // Sort keys are varints, values are behind their length and have none of their own.
    let entries = ["1e0163", "ffffffffffffffffff010161", "140162", "14026262"].concat();
    assert_eq!(host.log(), [format!("append list@016b {entries}")]);
    let out = once(&host, cells, |list, _, cx| {
        list.add(cx, Timestamp(20), "bbb".to_owned())?;
        let some = list.read_range(cx, Timestamp(20)..Timestamp(30))?;
        list.clear_range(cx, Timestamp(20)..Timestamp(25))?;
        list.add(cx, Timestamp(21), "d".to_owned())?;
        let within = list.read_range(cx, Timestamp(20)..Timestamp(25))?;
        let all = list.read(cx)?;
        for list in [some, within, all] {
            let shown: Vec<_> = list.iter().map(|(at, value)| format!("{}{value}", at.0)).collect();
            cx.output(shown.join(" "));
        }
        Ok(())
    });
    assert_eq!(out, ["20b 20bb 20bbb", "21d", "-1a 21d 30c"]);
    let (start, end) = (Timestamp::MIN.0, Timestamp::MAX.0 + 1);
    let log = [
        "get list[20..30]@016b".to_owned(),
        format!("get list[{start}..{end}]@016b"),
        "clear list[20..25]@016b".to_owned(),
        "append list@016b 150164".to_owned(),
    ];
    assert_eq!(host.log(), log, "what was cleared is not read");
    let out = once(&host, cells, |list, _, cx| {
        list.clear(cx)?;
        let left = list.read(cx)?.len();
        cx.output(left.to_string());
        list.clear_range(cx, Timestamp(5)..Timestamp(5))
    });
    assert_eq!(out, ["0"]);
    assert_eq!(host.log(), [format!("clear list[{start}..{end}]@016b")]);
}

#[test]
fn cells_belong_to_a_key() {
    let host = StateHost::default();
    let stage = with(
        |s| s.value::<i64>("last"),
        |last, value: i64, cx| {
            let before = last.read(cx)?;
            last.write(cx, value)?;
            cx.output(format!("{before:?}"));
            Ok(())
        },
    );
    stage.start(&host).expect("it starts");
    stage.process(batch(&[("a", 1i64, 0), ("b", 2, 0), ("a", 3, 0)])).expect("it processes");
    stage.process(batch(&[("b", 4i64, 0)])).expect("it processes");
    let out: Vec<_> =
        stage.finish().expect("it ends").into_iter().map(|(value, _)| value).collect();
    assert_eq!(out, ["None", "None", "Some(1)", "Some(2)"]);
    let log = ["get last@0161", "get last@0162", "append last@0161 03", "append last@0162 04"];
    assert_eq!(host.log(), log);
}

#[test]
fn a_full_cache_hands_its_writes_on_and_reads_again() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.value::<String>("v");
    let stage = with(cells, |value, n: i64, cx| {
        let before = value.read(cx)?.map(|text| text.len());
        value.write(cx, "x".repeat(40 << 20))?;
        cx.output(format!("{n} {before:?}"));
        Ok(())
    });
    stage.start(&host).expect("it starts");
    let elements = [("a", 1i64, 0), ("b", 2, 0), ("a", 3, 0)];
    stage.process(batch(&elements)).expect("it processes");
    let out: Vec<_> =
        stage.finish().expect("it ends").into_iter().map(|(value, _)| value).collect();
    assert_eq!(out, ["1 None", "2 None", "3 Some(41943040)"]);
    let log: Vec<_> =
        host.log().iter().map(|line| line.chars().take(10).collect::<String>()).collect();
    let expected = [
        "get v@0161",
        "get v@0162",
        "append v@0",
        "append v@0",
        "get v@0161",
        "clear v@01",
        "append v@0",
    ];
    assert_eq!(log, expected);
}
