//! A user's function with state beside a model of it.
//!
//! The schedule decides in which order the elements and timers of different keys come, and which of
//! the elements that wait for a key share a bundle. The model follows the commits; it says what each
//! call reads, which timers may fire, which of a key comes first, when state is dropped, which
//! windows the function is told of, and what must have fired before the job may be at rest.

use std::collections::BTreeMap;
use std::sync::Arc;

use purlin_proto::pipeline::WindowingStrategy;
use purlin_sdk::coders::windowed::{WindowCoder, read_windows};
use purlin_sdk::coders::{Reader, read_pane};
use purlin_sdk::{Timestamp, Window};

use super::codec::{chunk, key, pairs};
use super::declared::{FAMILIES, Needs, ON_EXPIRY};
use super::panes::{assign, window_coder};
use super::plain_cells::{PlainCells, PlainState, Timers};
use super::plan::Setup;
use super::program::{Call, Family, Place, call};
use super::reader::read;
use super::sorted::Sorted;
use super::user_cells::UserCells;
use super::world::Job;
use crate::bundle::{Bundle, BundleInput, BundleResult};
use crate::keyed::{DueTimer, KeyedBundle};
use crate::plan::StageId;
use crate::random::Random;
use crate::shuffle::Shuffle;
use crate::state::{DROPPED, State};

/// A call of the function and what it read.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Called {
    window: Window,
    call: Call,
    read: Vec<u64>,
}

/// Calls by key, in their order.
type Calls = BTreeMap<u8, Vec<Called>>;

pub(super) struct Stateful {
    setup: Arc<Setup>,
    lateness: i64,
    needs: Needs,
    keys: BTreeMap<u8, KeyModel>,
    /// What waits to be sorted, if anything does.
    sorted: Sorted,
    dropped: i64,
    /// What came out, and what reached the sink: one for each call.
    put_out: Vec<u64>,
    reached: Vec<u64>,
    /// The numbers of the elements that the function was given, or that were dropped.
    given: Vec<u64>,
}

/// Whether the output watermark had not passed the end of a window when its first element came, so
/// that it waits there.
type IsHeld = bool;

#[derive(Default)]
struct KeyModel {
    states: BTreeMap<Window, PlainState>,
    timers: Timers,
    /// The windows of whose end the function will be told.
    expected: BTreeMap<Window, IsHeld>,
}

/// What an attempt did.
#[derive(Default)]
pub(super) struct Did {
    calls: Calls,
    reached: Vec<u64>,
}

impl Stateful {
    pub(super) fn new(setup: &Arc<Setup>, strategy: &WindowingStrategy, needs: Needs) -> Self {
        Self {
            setup: Arc::clone(setup),
            lateness: strategy.allowed_lateness,
            needs,
            keys: BTreeMap::new(),
            sorted: Sorted::default(),
            dropped: 0,
            put_out: Vec::new(),
            reached: Vec::new(),
            given: Vec::new(),
        }
    }

    fn coder(&self) -> WindowCoder {
        window_coder(self.setup.assign)
    }

    fn expires_at(&self, window: &Window) -> Timestamp {
        self.accepted_until(window.max_timestamp())
    }

    /// The last watermark at which what has this time may still come.
    fn accepted_until(&self, time: Timestamp) -> Timestamp {
        Timestamp(time.0 + self.lateness).min(Timestamp(Timestamp::MAX.0 - 2))
    }

    /// Whether in a window nothing of this time or before can come any more.
    fn is_settled(&self, time: Timestamp, window: &Window, watermark: Timestamp) -> bool {
        self.accepted_until(time) < watermark || self.expires_at(window) < watermark
    }

    fn place(&self, window: &Window, processing_time: Timestamp) -> Place {
        Place { expires_at: self.expires_at(window), processing_time }
    }

    /// Runs the function as a worker does.
    fn work(&self, shuffle: &Arc<Shuffle>, bundle: &Bundle) -> (BundleResult, Calls) {
        let mut keyed = KeyedBundle::open(shuffle, bundle).unwrap().unwrap();
        let mut calls = Calls::new();
        let now = keyed.processing_time();
        for (key, window, of) in self.calls(&keyed) {
            let place = self.place(&window, now);
            let windows = self.coder();
            let mut cells = UserCells { bundle: &mut keyed, key, window: window.clone(), windows };
            let read = call(of, place, &mut cells);
            calls.entry(key).or_default().push(Called { window, call: of, read });
        }
        let mut result = BundleResult::default();
        keyed.close(&mut result).unwrap();
        (result, calls)
    }

    /// What the function is called for, in order.
    fn calls(&self, keyed: &KeyedBundle) -> Vec<(u8, Window, Call)> {
        let coder = self.coder();
        let mut calls = Vec::new();
        for pair in keyed.elements().iter().flat_map(|chunk| pairs(chunk, coder)) {
            let of = Call::Element { number: pair.number, timestamp: pair.stamp.timestamp };
            let windows = pair.stamp.windows.as_slice().iter();
            calls.extend(windows.map(|window| (pair.key, window.clone(), of)));
        }
        for fired in keyed.timers().unwrap() {
            let mut reader = Reader::new(&fired.timers);
            while !reader.is_empty() {
                let key = key(&mut reader);
                let tag = reader.length_prefixed().unwrap().to_vec();
                let windows = read_windows(&mut reader, &coder).unwrap();
                assert_eq!(reader.u8().unwrap(), 0);
                let (fire, _) = (reader.timestamp().unwrap(), reader.timestamp().unwrap());
                read_pane(&mut reader).unwrap();
                let of = match fired.family.as_str() {
                    "event" => Call::Timer { family: Family::Event, tag: tag[0], fire },
                    "processing" => Call::Timer { family: Family::Processing, tag: tag[0], fire },
                    _ => Call::Expired,
                };
                calls.push((key, windows.as_slice()[0].clone(), of));
            }
        }
        calls
    }

    /// What the model says that the function is called for, with what it reads.
    fn expect(&mut self, bundle: &Bundle, output: Timestamp) -> Calls {
        let mut calls = Calls::new();
        let clocks = bundle.keyed.as_ref().unwrap().clocks;
        for (key, window, of) in self.expected_elements(bundle, clocks.input_watermark) {
            if self.needs.is_told {
                let is_held = output <= window.max_timestamp();
                let model = self.keys.entry(key).or_default();
                model.expected.entry(window.clone()).or_insert(is_held);
            }
            match of {
                Call::Element { number, timestamp } if self.needs.is_sorted => {
                    if self.accepted_until(timestamp) < clocks.input_watermark {
                        self.dropped += 1;
                    } else {
                        self.sorted.add(key, &window, timestamp, number);
                    }
                }
                _ => self.expect_call(key, window, of, bundle, &mut calls),
            }
        }
        for due in &bundle.keyed.as_ref().unwrap().timers {
            self.expect_timer(due, bundle, &mut calls);
        }
        calls
    }

    fn expected_elements(
        &mut self,
        bundle: &Bundle,
        watermark: Timestamp,
    ) -> Vec<(u8, Window, Call)> {
        let BundleInput::Elements(input) = &bundle.input else { panic!("it has no groups") };
        let coder = self.coder();
        let mut expected = Vec::new();
        for pair in input.iter().flat_map(|chunk| pairs(chunk, coder)) {
            self.given.push(pair.number);
            for window in pair.stamp.windows.as_slice() {
                if self.expires_at(window) < watermark {
                    self.dropped += 1;
                    continue;
                }
                let of = Call::Element { number: pair.number, timestamp: pair.stamp.timestamp };
                expected.push((pair.key, window.clone(), of));
            }
        }
        expected
    }

    fn expect_timer(&mut self, due: &DueTimer, bundle: &Bundle, calls: &mut Calls) {
        let key = due.key[1];
        let window = self.coder().read_window(&mut Reader::new(&due.id.window)).unwrap();
        let clocks = bundle.keyed.as_ref().unwrap().clocks;
        let is_over = clocks.input_watermark == Timestamp::MAX;
        // The families of the user come by their names, of which the second is of expiry if any is.
        let mut names = vec!["event", "processing"];
        if self.needs.is_told {
            names.insert(1, ON_EXPIRY);
        }
        if usize::from(due.id.family) == names.len() {
            return self.expect_sorted(key, &window, bundle, calls);
        }
        let family = match names.get(usize::from(due.id.family)) {
            Some(&"event") => FAMILIES[0],
            Some(&"processing") => FAMILIES[1],
            _ => return self.expect_expiry(key, &window, bundle, calls),
        };
        let fire = due.timer.fire;
        let model = self.keys.get_mut(&key).expect("I6: only a key with timers has one that fires");
        let set = model.timers.remove(&(window.clone(), family, due.id.tag[0]));
        assert_eq!(set, Some(fire), "I6: a timer fires that is not set");
        match family {
            Family::Event => {
                let of_family = model.timers.iter().filter(|((_, of, _), _)| *of == family);
                // Before a window expires its timers fire, whatever those of others wait for.
                let mut others =
                    of_family.filter(|((other, ..), _)| !self.needs.is_sorted || *other == window);
                assert!(others.all(|(_, at)| *at >= fire), "timers fire in their order");
                self.check_event_timer(key, &window, fire, clocks.input_watermark);
            }
            Family::Processing => {
                assert!(is_over || fire <= clocks.processing_time, "I6: a timer fires too early");
            }
        }
        let of = Call::Timer { family, tag: due.id.tag[0], fire };
        self.expect_call(key, window, of, bundle, calls);
    }

    fn check_event_timer(&self, key: u8, window: &Window, fire: Timestamp, watermark: Timestamp) {
        assert!(fire <= watermark, "I6: a timer fires too early");
        if self.needs.is_sorted {
            let is_settled = self.is_settled(fire, window, watermark);
            assert!(is_settled, "I6: a timer fires before the elements that may come");
            let waits = self.sorted.first(key, window).is_some_and(|first| first <= fire);
            assert!(!waits, "I6: a timer fires before the elements that wait");
        }
    }

    /// Elements that are sorted are passed on.
    fn expect_sorted(&mut self, key: u8, window: &Window, bundle: &Bundle, calls: &mut Calls) {
        let watermark = bundle.keyed.as_ref().unwrap().clocks.input_watermark;
        let is_over = self.expires_at(window) < watermark;
        let limit = if is_over { i64::MAX } else { watermark.0 - self.lateness };
        let passed_on = self.sorted.take(key, window, Timestamp(limit));
        assert!(!passed_on.is_empty(), "elements are passed on too early");
        for (timestamp, number) in passed_on {
            let of = Call::Element { number, timestamp };
            self.expect_call(key, window.clone(), of, bundle, calls);
        }
    }

    fn expect_expiry(&mut self, key: u8, window: &Window, bundle: &Bundle, calls: &mut Calls) {
        let watermark = bundle.keyed.as_ref().unwrap().clocks.input_watermark;
        assert!(self.expires_at(window) < watermark, "a window expires too early");
        assert_eq!(self.sorted.first(key, window), None, "elements are lost with their window");
        let is_event =
            |(of, family, _): &(Window, Family, u8)| of == window && *family == Family::Event;
        let model = self.keys.entry(key).or_default();
        assert!(!model.timers.keys().any(is_event), "I6: a timer is lost with its window");
        if self.needs.is_told {
            assert!(model.expected.remove(window).is_some(), "a window expires twice");
            self.expect_call(key, window.clone(), Call::Expired, bundle, calls);
        }
        let model = self.keys.entry(key).or_default();
        model.states.remove(window);
        model.timers.retain(|(of, ..), _| of != window);
    }

    fn expect_call(
        &mut self,
        key: u8,
        window: Window,
        of: Call,
        bundle: &Bundle,
        calls: &mut Calls,
    ) {
        let clocks = bundle.keyed.as_ref().unwrap().clocks;
        let place = self.place(&window, clocks.processing_time);
        let model = self.keys.entry(key).or_default();
        let mut cells = PlainCells {
            state: model.states.entry(window.clone()).or_default(),
            timers: &mut model.timers,
            window: window.clone(),
            is_over: clocks.input_watermark == Timestamp::MAX,
        };
        let read = call(of, place, &mut cells);
        calls.entry(key).or_default().push(Called { window, call: of, read });
    }
}

impl Job for Stateful {
    type Effect = Did;

    fn run(
        &mut self,
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        random: &mut Random,
    ) -> (BundleResult, Did) {
        let stages = self.setup.stages;
        let BundleInput::Elements(input) = &bundle.input else { panic!("nothing is grouped") };
        let mut did = Did::default();
        if bundle.stage.0 == stages.assign {
            return (assign(&self.setup, shuffle, input, true, random), did);
        }
        if self.setup.read.is_some() && bundle.stage.0 == stages.read {
            return (read(&self.setup, shuffle, bundle, random), did);
        }
        if bundle.stage.0 == stages.sink {
            let pairs = input.iter().flat_map(|chunk| pairs(chunk, self.coder()));
            did.reached = pairs.map(|pair| pair.number).collect();
            return (BundleResult::default(), did);
        }
        let (mut result, calls) = self.work(shuffle, bundle);
        let put_out = chunk(&outputs(&calls), self.coder());
        shuffle.prepare(stages.out, put_out, Some(random), &mut result.outputs).unwrap();
        did.calls = calls;
        (result, did)
    }

    fn commit(&mut self, bundle: &Bundle, did: Did, state: &State) {
        self.reached.extend(did.reached);
        if bundle.stage.0 == self.setup.stages.keyed {
            let (_, output) = state.stage_watermarks(bundle.stage);
            let expected = self.expect(bundle, output);
            assert_eq!(did.calls, expected);
            self.put_out.extend(outputs(&expected).iter().map(|pair| pair.number));
        }
    }

    fn rest(&mut self, state: &State, now: Timestamp) {
        let (watermark, output) = state.stage_watermarks(StageId(self.setup.stages.keyed));
        for (window, first) in self.sorted.firsts() {
            let is_late = self.is_settled(first, window, watermark);
            assert!(!is_late, "an element of {first} in {window} is passed on late");
        }
        for (key, model) in &self.keys {
            for ((window, family, _), at) in &model.timers {
                let is_late = match family {
                    Family::Event if self.needs.is_sorted => {
                        self.is_settled(*at, window, watermark)
                    }
                    Family::Event => *at <= watermark,
                    Family::Processing => *at <= now,
                };
                assert!(!is_late, "I6: a timer of key {key} in {window} is late");
            }
            for window in model.states.keys() {
                let is_kept = self.expires_at(window) >= watermark;
                assert!(is_kept, "the state of key {key} in {window} is not dropped");
            }
            for (window, is_held) in &model.expected {
                let end = window.max_timestamp();
                assert!(
                    !is_held || output <= end,
                    "I5: the watermark waits for the end of {window}"
                );
                assert!(self.expires_at(window) >= watermark, "nobody told of {window}");
            }
        }
    }

    fn end(&mut self, state: &State) {
        assert_eq!(self.sorted.firsts().next(), None, "elements still wait to be sorted");
        for model in self.keys.values() {
            assert!(model.timers.is_empty(), "I8: timers have not fired: {:?}", model.timers);
            assert!(model.expected.is_empty(), "nobody told of {:?}", model.expected);
        }
        let dropped = state.metrics().get(&("fn".to_owned(), DROPPED.to_owned()));
        let dropped = dropped.and_then(|value| value.as_counter()).unwrap_or(0);
        assert_eq!(dropped, self.dropped, "what was dropped is counted");
        self.given.sort_unstable();
        assert_eq!(self.given, self.setup.numbers(), "I2: every element is consumed once");
        self.put_out.sort_unstable();
        self.reached.sort_unstable();
        assert_eq!(self.reached, self.put_out, "I2: every output is consumed once");
    }
}

/// An element for each call: what it read, in one number.
fn outputs(calls: &Calls) -> Vec<super::codec::Pair> {
    let each = |key: u8, called: &Called| {
        let fold = |sum: u64, read: &u64| sum.wrapping_mul(31).wrapping_add(*read);
        let number = called.read.iter().fold(u64::from(key), fold);
        let windows = purlin_sdk::Windows::One(called.window.clone());
        let timestamp = match called.call {
            Call::Element { timestamp, .. } => timestamp,
            Call::Timer { .. } | Call::Expired => called.window.max_timestamp(),
        };
        let stamp = purlin_sdk::Stamp { timestamp, windows, ..Default::default() };
        super::codec::Pair { stamp, key, number }
    };
    calls.iter().flat_map(|(key, of)| of.iter().map(move |it| each(*key, it))).collect()
}
