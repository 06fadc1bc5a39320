//! Sets, maps and multimaps.

use super::once;
use crate::exec::stateful::testing::StateHost;
use crate::state::StateSpecs;

#[test]
fn a_set_has_each_member_once() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.set::<i64>("set");
    once(&host, cells, |set, _, cx| {
        set.add(cx, 2)?;
        set.add(cx, 1)?;
        set.add(cx, 2)
    });
    let log = [
        "clear set[01]@016b",
        "append set[01]@016b 01",
        "clear set[02]@016b",
        "append set[02]@016b 01",
    ];
    assert_eq!(host.log(), log, "adding reads nothing");
    let out = once(&host, cells, |set, _, cx| {
        let had = (set.contains(cx, &1)?, set.contains(cx, &3)?);
        set.remove(cx, &1)?;
        set.add(cx, 3)?;
        let has = (set.contains(cx, &1)?, set.contains(cx, &3)?);
        let all = set.read(cx)?;
        cx.output(format!("{had:?} {has:?} {all:?}"));
        Ok(())
    });
    assert_eq!(out, ["(true, false) (false, true) [2, 3]"]);
    let log = [
        "get set[01]@016b",
        "get set[03]@016b",
        "get set[keys]@016b",
        "clear set[01]@016b",
        "append set[03]@016b 01",
    ];
    assert_eq!(host.log(), log);
    let out = once(&host, cells, |set, _, cx| {
        set.clear(cx)?;
        set.add(cx, 9)?;
        let has = (set.contains(cx, &2)?, set.read(cx)?);
        cx.output(format!("{has:?}"));
        Ok(())
    });
    assert_eq!(out, ["(false, [9])"]);
    assert_eq!(host.log(), ["clear set[keys]@016b", "append set[09]@016b 01"]);
}

#[test]
fn a_map_reads_what_is_asked_for() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.map::<String, i64>("map");
    once(&host, cells, |map, _, cx| {
        map.insert(cx, "a".to_owned(), 1)?;
        map.insert(cx, "b".to_owned(), 2)?;
        map.insert(cx, "a".to_owned(), 3)
    });
    let log = [
        "clear map[0161]@016b",
        "append map[0161]@016b 03",
        "clear map[0162]@016b",
        "append map[0162]@016b 02",
    ];
    assert_eq!(host.log(), log);
    let out = once(&host, cells, |map, _, cx| {
        let found = (map.get(cx, &"a".to_owned())?, map.get(cx, &"c".to_owned())?);
        map.remove(cx, &"a".to_owned())?;
        map.insert(cx, "d".to_owned(), 4)?;
        let (keys, entries) = (map.keys(cx)?, map.entries(cx)?);
        cx.output(format!("{found:?} {keys:?} {entries:?}"));
        Ok(())
    });
    assert_eq!(out, [r#"(Some(3), None) ["b", "d"] [("b", 2), ("d", 4)]"#]);
    let log = [
        "get map[0161]@016b",
        "get map[0163]@016b",
        "get map[keys]@016b",
        "get map[0162]@016b",
        "clear map[0161]@016b",
        "clear map[0164]@016b",
        "append map[0164]@016b 04",
    ];
    assert_eq!(host.log(), log);
    let out = once(&host, cells, |map, _, cx| {
        map.clear(cx)?;
        let left = (map.get(cx, &"b".to_owned())?, map.keys(cx)?.len());
        cx.output(format!("{left:?}"));
        Ok(())
    });
    assert_eq!(out, ["(None, 0)"]);
    assert_eq!(host.log(), ["clear map[keys]@016b"]);
}

#[test]
fn what_known_keys_lack_is_not_read() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.map::<i64, i64>("map");
    let out = once(&host, cells, |map, _, cx| {
        let (keys, value) = (map.keys(cx)?.len(), map.get(cx, &1)?);
        cx.output(format!("{keys} {value:?}"));
        Ok(())
    });
    assert_eq!(out, ["0 None"]);
    assert_eq!(host.log(), ["get map[keys]@016b"]);
}

#[test]
fn a_multimap_has_many_values_for_a_key() {
    let host = StateHost::default();
    let cells = |s: &mut StateSpecs| s.multimap::<i64, String>("multi");
    once(&host, cells, |map, _, cx| {
        map.add(cx, 1, "x".to_owned())?;
        map.add(cx, 1, "y".to_owned())?;
        map.add(cx, 2, "z".to_owned())
    });
    assert_eq!(host.log(), ["append multi[01]@016b 01780179", "append multi[02]@016b 017a"]);
    let out = once(&host, cells, |map, _, cx| {
        map.add(cx, 1, "w".to_owned())?;
        let one = map.get(cx, &1)?;
        map.remove(cx, &2)?;
        let (keys, entries) = (map.keys(cx)?, map.entries(cx)?.len());
        cx.output(format!("{one:?} {keys:?} {entries}"));
        Ok(())
    });
    assert_eq!(out, [r#"["x", "y", "w"] [1] 1"#]);
    let log = [
        "get multi[01]@016b",
        "get multi[keys]@016b",
        "append multi[01]@016b 0177",
        "clear multi[02]@016b",
    ];
    assert_eq!(host.log(), log);
    once(&host, cells, |map, _, cx| {
        map.clear(cx)?;
        map.add(cx, 7, "v".to_owned())
    });
    assert_eq!(host.log(), ["clear multi[keys]@016b", "append multi[07]@016b 0176"]);
}
