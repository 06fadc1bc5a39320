//! However elements are cut into bundles, cells hold what plain collections would.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::{batch, stage};
use crate::exec::stateful::testing::StateHost;
use crate::state::{Bag, Combining, Map, Multimap, OrderedList, Set, StateSpecs, Value};
use crate::transforms::Sum;
use crate::{BoxError, Context, StatefulDoFn, Timestamp};

#[derive(Clone)]
struct Cells {
    value: Value<i64>,
    bag: Bag<i64>,
    sum: Combining<i64, Sum>,
    set: Set<i64>,
    map: Map<i64, i64>,
    multimap: Multimap<i64, i64>,
    list: OrderedList<i64>,
}

impl Cells {
    fn new(s: &mut StateSpecs) -> Self {
        Self {
            value: s.value("value"),
            bag: s.bag("bag"),
            sum: s.combining("sum", Sum),
            set: s.set("set"),
            map: s.map("map"),
            multimap: s.multimap("multimap"),
            list: s.ordered_list("list"),
        }
    }
}

impl StatefulDoFn for Cells {
    type Key = String;
    /// What to do, and with which two numbers.
    type In = Vec<i64>;
    type Out = String;

    fn process(
        &mut self,
        _key: &String,
        what: Vec<i64>,
        cx: &mut Context<String>,
    ) -> Result<(), BoxError> {
        let (a, b) = (what[1], what[2]);
        let range = Timestamp(a)..Timestamp(a + b);
        let seen = match what[0] {
            0 => return self.value.write(cx, a),
            1 => return self.value.clear(cx),
            2 => format!("{:?}", self.value.read(cx)?),
            3 => return self.bag.add(cx, a),
            4 => return self.bag.clear(cx),
            5 => format!("{:?} {}", self.bag.read(cx)?, self.bag.is_empty(cx)?),
            6 => return self.sum.add(cx, a),
            7 => return self.sum.clear(cx),
            8 => format!("{}", self.sum.read(cx)?),
            9 => return self.set.add(cx, a),
            10 => return self.set.remove(cx, &a),
            11 => return self.set.clear(cx),
            12 => format!("{} {:?}", self.set.contains(cx, &a)?, self.set.read(cx)?),
            13 => return self.map.insert(cx, a, b),
            14 => return self.map.remove(cx, &a),
            15 => return self.map.clear(cx),
            16 => format!("{:?} {:?}", self.map.get(cx, &a)?, self.map.entries(cx)?),
            17 => return self.multimap.add(cx, a, b),
            18 => return self.multimap.remove(cx, &a),
            19 => return self.multimap.clear(cx),
            20 => format!("{:?} {:?}", self.multimap.get(cx, &a)?, self.multimap.entries(cx)?),
            21 => return self.list.add(cx, Timestamp(a), b),
            22 => return self.list.clear_range(cx, range),
            23 => return self.list.clear(cx),
            24 => shown(self.list.read_range(cx, range)?),
            _ => shown(self.list.read(cx)?),
        };
        cx.output(seen);
        Ok(())
    }
}

fn shown(entries: impl IntoIterator<Item = (Timestamp, i64)>) -> String {
    let entries: Vec<_> = entries.into_iter().map(|(at, value)| (at.millis(), value)).collect();
    format!("{entries:?}")
}

/// The same without a runner.
#[derive(Default)]
struct Plain {
    value: Option<i64>,
    bag: Vec<i64>,
    sum: i64,
    set: BTreeSet<i64>,
    map: BTreeMap<i64, i64>,
    multimap: BTreeMap<i64, Vec<i64>>,
    list: Vec<(i64, i64)>,
}

impl Plain {
    fn apply(&mut self, (what, a, b): (i64, i64, i64)) -> Option<String> {
        let in_range = |at: i64| (a..a + b).contains(&at);
        match what {
            0 => self.value = Some(a),
            1 => self.value = None,
            2 => return Some(format!("{:?}", self.value)),
            3 => self.bag.push(a),
            4 => self.bag.clear(),
            5 => return Some(format!("{:?} {}", self.bag, self.bag.is_empty())),
            6 => self.sum += a,
            7 => self.sum = 0,
            8 => return Some(self.sum.to_string()),
            9 => drop(self.set.insert(a)),
            10 => drop(self.set.remove(&a)),
            11 => self.set.clear(),
            12 => {
                let all: Vec<_> = self.set.iter().collect();
                return Some(format!("{} {all:?}", self.set.contains(&a)));
            }
            13 => drop(self.map.insert(a, b)),
            14 => drop(self.map.remove(&a)),
            15 => self.map.clear(),
            16 => {
                let all: Vec<_> = self.map.iter().collect();
                return Some(format!("{:?} {all:?}", self.map.get(&a)));
            }
            17 => self.multimap.entry(a).or_default().push(b),
            18 => drop(self.multimap.remove(&a)),
            19 => self.multimap.clear(),
            20 => {
                let one = self.multimap.get(&a).cloned().unwrap_or_default();
                let all: Vec<_> = self.multimap.iter().collect();
                return Some(format!("{one:?} {all:?}"));
            }
            21 => {
                self.list.push((a, b));
                self.list.sort_by_key(|(at, _)| *at);
            }
            22 => self.list.retain(|(at, _)| !in_range(*at)),
            23 => self.list.clear(),
            24 => {
                let found: Vec<_> = self.list.iter().filter(|(at, _)| in_range(*at)).collect();
                return Some(format!("{found:?}"));
            }
            _ => return Some(format!("{:?}", self.list)),
        }
        None
    }
}

proptest! {
    #[test]
    fn cells_hold_what_collections_hold_whatever_the_bundles(
        bundles in prop::collection::vec(
            prop::collection::vec((prop::bool::ANY, 0..26i64, 0..4i64, 0..4i64), 0..30),
            0..6,
        ),
        page in 0..5usize,
    ) {
        let (stage, host) = (stage(Cells::new), StateHost::default());
        host.set_page(page);
        let mut plain = [Plain::default(), Plain::default()];
        for bundle in bundles {
            let elements = bundle.iter().map(|(key, what, a, b)| {
                (if *key { "k" } else { "l" }, vec![*what, *a, *b], 0)
            });
            stage.start(&host).expect("it starts");
            if !bundle.is_empty() {
                let elements: Vec<_> = elements.collect();
                stage.process(batch(&elements)).expect("it processes");
            }
            let outputs = stage.finish().expect("it ends");
            let seen: Vec<_> = outputs.into_iter().map(|(value, _)| value).collect();
            let expected: Vec<_> = bundle
                .iter()
                .filter_map(|(key, what, a, b)| plain[usize::from(*key)].apply((*what, *a, *b)))
                .collect();
            prop_assert_eq!(seen, expected);
        }
    }
}
