//! A runner whose bundles fail, end in any order and report twice, and which checks on the engine.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use purlin_engine::plan::{CollectionId, Plan};
use purlin_engine::{
    Action, Bundle, BundleId, BundleInput, BundleResult, Commit, Engine, EngineConfig, Event,
    Outcome, Random, group_bundle, user_input,
};
use purlin_proto::fn_execution::{BundleApplication, DelayedBundleApplication};
use purlin_proto::pipeline::is_bounded;
use purlin_sdk::coders::Reader;
use purlin_sdk::coders::windowed::{WindowCoder, put_stamp};
use purlin_sdk::coders::wire::put_length_prefixed;
use purlin_sdk::exec::{Chunk, Failure, Framing, Residual};
use purlin_sdk::{PaneInfo, Stamp, Timestamp, Window};

use crate::elements::{bytes, chunks, for_each, number, stamp_of, strings, time_of, window_of};
use crate::plan::{GROUP, MAP, NUMBERS, PASS, READ, SIDE, SINK, SPLIT};
use crate::splits::{primary_of, range_of, split_at};

/// A restriction of numbers, and whether it ends by itself.
pub(crate) type Range = (u64, u64);
pub(crate) const ENDLESS: u64 = 1 << 40;

pub(crate) struct World {
    pub(crate) plan: Arc<Plan>,
    pub(crate) config: EngineConfig,
    pub(crate) ranges: Vec<Range>,
    pub(crate) failures: bool,
    /// What each bundle of the source reads instead, and the number whose time it holds after.
    pub(crate) script: Option<VecDeque<(Vec<u64>, u64)>>,
    random: Random,
    engine: Engine,
    now: Timestamp,
    running: BTreeMap<BundleId, Bundle>,
    asked_to_stop: BTreeSet<BundleId>,
    /// Splits that were asked for and not answered.
    asked_to_split: BTreeMap<BundleId, u32>,
    /// How many were answered.
    pub(crate) splits: usize,
    started: BTreeSet<BundleId>,
    /// Committed outputs of the source, and those that each finalising bundle read.
    pub(crate) emitted: Vec<u64>,
    read_by: BTreeMap<BundleId, Vec<u64>>,
    /// What went through the stage that only looks.
    pub(crate) passed: Vec<u64>,
    /// Groups that reached the sink.
    pub(crate) groups: Vec<(Window, u64, Vec<u64>)>,
    pub(crate) panes: Vec<PaneInfo>,
    finalized: BTreeSet<BundleId>,
    commits: Vec<Commit>,
    watermarks: Vec<Timestamp>,
    /// How often lists were merged while they waited.
    pub(crate) merged: usize,
    pub(crate) outcome: Option<Outcome>,
    had_drain: bool,
}

impl World {
    pub(crate) fn new(plan: Arc<Plan>, seed: u64, ranges: Vec<Range>) -> Self {
        let mut random = Random::new(seed);
        let config = EngineConfig {
            partitions: 1 + u32::try_from(random.below(4)).expect("small"),
            attempts: 100,
            max_in_flight: 1 + random.below(6),
            bundle_bytes: 1 << random.below(12),
            min_bundle_bytes: 1,
            queue_bytes: 1 << (6 + random.below(10)),
            compact_bytes: 1 << random.below(12),
            seed: random.one_in(2).then(|| random.next_u64()),
            record: true,
            ..EngineConfig::default()
        };
        let config = EngineConfig {
            executors: config.max_in_flight,
            split_after: Duration::from_millis(random.below(200) as u64),
            ..config
        };
        let engine = Engine::new(Arc::clone(&plan), config.clone()).expect("a plan");
        Self {
            watermarks: vec![Timestamp::MIN; plan.collections.len()],
            plan,
            config,
            ranges,
            failures: true,
            script: None,
            random,
            engine,
            now: Timestamp(0),
            running: BTreeMap::new(),
            asked_to_stop: BTreeSet::new(),
            asked_to_split: BTreeMap::new(),
            splits: 0,
            started: BTreeSet::new(),
            emitted: Vec::new(),
            read_by: BTreeMap::new(),
            passed: Vec::new(),
            groups: Vec::new(),
            panes: Vec::new(),
            finalized: BTreeSet::new(),
            commits: Vec::new(),
            merged: 0,
            outcome: None,
            had_drain: false,
        }
    }

    /// A world whose source reads what a script says, each part once all before it went through.
    pub(crate) fn scripted(plan: Arc<Plan>, seed: u64, script: VecDeque<(Vec<u64>, u64)>) -> Self {
        let mut world = Self::new(plan, seed, vec![(0, 1)]);
        world.script = Some(script);
        world.failures = false;
        // Without a seed the deepest stage goes first.
        world.config.seed = None;
        world.config.max_in_flight = 1;
        world.config.executors = 1;
        world.engine = Engine::new(Arc::clone(&world.plan), world.config.clone()).expect("a plan");
        world
    }

    /// Runs to the end, with a drain or a crash after so many steps where they are given.
    pub(crate) fn run(&mut self, drain_after: Option<usize>, crash_after: Option<usize>) {
        self.step(Event::Start { now: self.now });
        for steps in 0.. {
            assert!(steps < 1_000_000, "the job does not end");
            if self.outcome.is_some() {
                break;
            }
            if Some(steps) == crash_after {
                self.crash();
            } else if Some(steps) == drain_after {
                self.had_drain = true;
                self.step(Event::Drain);
            } else if self.running.is_empty() || self.random.one_in(10) {
                self.now = Timestamp(self.now.0 + 1 + self.random.below(100) as i64);
                self.step(Event::Tick { now: self.now });
            } else if !self.asked_to_split.is_empty() && self.random.one_in(2) {
                self.split_one();
            } else {
                self.end_one();
            }
        }
        self.check_replay();
    }

    /// The process dies: what was not committed is lost, and a new one goes on from the commits.
    fn crash(&mut self) {
        self.check_replay();
        self.engine = self.replayed();
        self.running.clear();
        self.asked_to_stop.clear();
        self.asked_to_split.clear();
        // Finalisers die with their process.
        self.read_by.clear();
        self.step(Event::Start { now: self.now });
    }

    fn replayed(&self) -> Engine {
        let mut engine = Engine::new(Arc::clone(&self.plan), self.config.clone()).expect("a plan");
        let commits: Vec<Commit> = self
            .commits
            .iter()
            .map(|commit| {
                Commit::decode(commit.encode().expect("it is in memory"))
                    .expect("it reads what it wrote")
            })
            .collect();
        assert_eq!(commits, self.commits);
        engine.replay(&commits);
        engine
    }

    fn check_replay(&self) {
        assert_eq!(
            self.replayed().state(),
            self.engine.state(),
            "I1: a replay gives the same state"
        );
    }

    fn step(&mut self, event: Event) {
        let actions = self.engine.step(event);
        self.commits.extend(self.engine.take_commits());
        self.engine.audit().expect("the invariants hold");
        self.check_watermarks();
        for action in actions {
            assert!(self.outcome.is_none(), "nothing follows the end");
            match action {
                Action::Run(bundle) => {
                    assert!(self.started.insert(bundle.id), "I3: an id is used once");
                    self.running.insert(bundle.id, bundle);
                }
                Action::Checkpoint(id) => {
                    self.asked_to_stop.insert(id);
                }
                Action::Split { id, ask, fraction } => {
                    assert!(fraction > 0.0 && fraction < 1.0);
                    self.asked_to_split.insert(id, ask);
                }
                Action::Finalize(id) => self.finalize(id),
                Action::Forget(_) | Action::WakeAt(_) => {}
                Action::Finished(outcome) => self.outcome = Some(outcome),
            }
        }
        assert!(self.running.len() <= self.config.max_in_flight);
    }

    fn finalize(&mut self, id: BundleId) {
        assert!(self.finalized.insert(id), "I7: a bundle is finalised once");
        let read = self.read_by.remove(&id).unwrap_or_default();
        let in_groups: BTreeSet<u64> =
            self.groups.iter().flat_map(|(_, _, numbers)| numbers).copied().collect();
        for number in read {
            assert!(self.passed.contains(&number), "{number} is still on its way");
            assert!(in_groups.contains(&number), "{number} is still buffered");
        }
    }

    fn check_watermarks(&mut self) {
        for (position, old) in self.watermarks.iter_mut().enumerate() {
            let new = self.engine.state().watermark(CollectionId(position));
            assert!(new >= *old, "I5: a watermark goes back");
            *old = new;
        }
    }

    /// Ends a running bundle: well, badly, or well and reported twice.
    fn end_one(&mut self) {
        let position = self.random.below(self.running.len());
        let id = *self.running.keys().nth(position).expect("one runs");
        let bundle = self.running.remove(&id).expect("it runs");
        if self.failures && self.random.one_in(8) {
            self.step(Event::BundleFailed { id, failure: Failure::new("bad luck") });
            return;
        }
        let (result, effect) = self.execute(&bundle);
        for number in effect.emitted.iter().copied() {
            let watermark = self.engine.state().watermark(NUMBERS);
            let may_be_late = self.script.is_some();
            assert!(
                may_be_late || time_of(number) >= watermark,
                "I5: {number} is behind the watermark"
            );
        }
        // The effects count from the commit on, which is in this very step.
        self.emitted.extend(&effect.emitted);
        self.passed.extend(effect.passed);
        self.groups.extend(effect.groups);
        self.panes.extend(effect.panes);
        if result.finalizes {
            self.read_by.insert(id, effect.emitted);
        }
        self.step(Event::BundleDone { id, result: Box::new(result) });
        if self.random.one_in(10) && self.outcome.is_none() {
            let result = Box::new(BundleResult::default());
            let count = self.commits.len();
            self.step(Event::BundleDone { id, result });
            assert_eq!(self.commits.len(), count, "I10: a second report changes something");
        }
    }

    fn execute(&mut self, bundle: &Bundle) -> (BundleResult, Effect) {
        let mut effect = Effect::default();
        let result = match (&bundle.input, bundle.stage.0) {
            (BundleInput::Groups(_), _) | (BundleInput::Elements(_), GROUP) => {
                group_bundle(self.engine.shuffle(), bundle).expect("it groups")
            }
            (BundleInput::Compact(_), _) => self.merge(bundle),
            (BundleInput::Elements(input), SPLIT) => self.split(input),
            (BundleInput::Elements(input), READ) => self.read(bundle, input, &mut effect),
            (BundleInput::Elements(input), MAP) => self.map(input),
            (BundleInput::Elements(_), SIDE) => {
                self.output(CollectionId(7), vec![strings(&[b"side".to_vec()])])
            }
            (BundleInput::Elements(input), SINK) => {
                let contents = bundle.side_inputs.window(CollectionId(7), &Window::Global);
                assert_eq!(contents.count(), 1, "the side input is complete");
                sink(input, &mut effect);
                BundleResult::default()
            }
            (BundleInput::Elements(input), PASS) => {
                numbers_in(input, |number| effect.passed.push(number));
                BundleResult::default()
            }
            (_, stage) => panic!("stage {stage} got elements"),
        };
        (result, effect)
    }

    /// Answers a split of a running bundle, or that of one that has ended; sometimes twice.
    fn split_one(&mut self) {
        let (id, ask) = self.asked_to_split.pop_first().expect("one was asked");
        let range = self.running.get(&id).map_or((0, 10), |bundle| range_of(&bundle.input));
        if range.1 >= range.0 + 2 {
            let at = range.0 + 1 + self.random.below((range.1 - range.0 - 1) as usize) as u64;
            let split = split_at(range, at);
            if let Some(bundle) = self.running.get_mut(&id) {
                bundle.input = primary_of(&split);
                self.splits += 1;
            }
            let twice = self.random.one_in(4);
            let event = || Event::BundleSplit { id, ask, split: Box::new(split.clone()) };
            self.step(event());
            if twice && self.outcome.is_none() {
                self.step(event());
            }
        }
    }

    fn output(&mut self, collection: CollectionId, chunks: Vec<Chunk>) -> BundleResult {
        let mut result = BundleResult::default();
        for chunk in chunks {
            let random = self.config.seed.is_some().then_some(&mut self.random);
            let shuffle = self.engine.shuffle();
            shuffle.prepare(collection, chunk, random, &mut result.outputs).expect("it prepares");
        }
        result
    }

    fn split(&mut self, input: &[Arc<Chunk>]) -> BundleResult {
        assert_eq!(input.len(), 1);
        let ranges: Vec<Vec<u8>> = self.ranges.iter().map(|range| encoded(*range)).collect();
        self.output(CollectionId(1), vec![strings(&ranges)])
    }

    fn read(&mut self, bundle: &Bundle, input: &[Arc<Chunk>], effect: &mut Effect) -> BundleResult {
        if self.script.is_some() {
            return self.read_script(effect);
        }
        let mut residuals = Vec::new();
        for chunk in input {
            for_each(chunk, WindowCoder::Global, |_, reader| {
                let range = bytes(reader);
                let (start, end) = decoded(&range);
                let asked = self.asked_to_stop.contains(&bundle.id);
                let most = if asked { 0 } else { self.random.below(20) as u64 };
                let stop = end.min(start + most);
                effect.emitted.extend(start..stop);
                if stop < end {
                    residuals.push(residual((stop, end), self.random.below(50) as i32));
                }
            });
        }
        let chunks = chunks(&effect.emitted, &mut self.random);
        let mut result = self.output(NUMBERS, chunks);
        result.residuals = residuals;
        result.finalizes = !effect.emitted.is_empty();
        result
    }

    fn read_script(&mut self, effect: &mut Effect) -> BundleResult {
        let script = self.script.as_mut().expect("there is one");
        let Some((numbers, hold)) = script.pop_front() else { return BundleResult::default() };
        let chunks = chunks(&numbers, &mut self.random);
        let mut result = self.output(NUMBERS, chunks);
        result.residuals = vec![residual((hold, ENDLESS), 0)];
        effect.emitted = numbers;
        result
    }

    /// Passes elements on; sometimes the last chunks are taken back by a split.
    fn map(&mut self, input: &[Arc<Chunk>]) -> BundleResult {
        let kept = 1 + self.random.below(input.len());
        let (input, unprocessed) = input.split_at(kept);
        let mut numbers = Vec::new();
        numbers_in(input, |number| numbers.push(number));
        let chunks = chunks(&numbers, &mut self.random);
        let mut result = self.output(CollectionId(4), chunks);
        result.unprocessed = unprocessed.to_vec();
        result
    }

    /// Makes one list of numbers of several.
    fn merge(&mut self, bundle: &Bundle) -> BundleResult {
        self.merged += 1;
        let groups = user_input(self.engine.shuffle(), bundle).expect("it groups");
        let mut chunks = Vec::new();
        for chunk in groups {
            for_each(&chunk, WindowCoder::Interval, |stamp, reader| {
                let (key, numbers) = group(reader);
                let numbers: Vec<u8> = numbers.into_iter().flat_map(u64::to_be_bytes).collect();
                let mut data = Vec::new();
                put_length_prefixed(&mut data, &key.to_be_bytes());
                put_length_prefixed(&mut data, &numbers);
                let framing = Framing::Constant(stamp.clone());
                let data = data.into();
                chunks.push(Chunk { data, framing, count: 1, partition: None, index: None });
            });
        }
        self.output(CollectionId(4), chunks)
    }

    /// The counter of a metric of the grouping.
    pub(crate) fn counter(&self, name: &str) -> i64 {
        let key = ("stage 5".to_owned(), name.to_owned());
        let value = self.engine.state().metrics().get(&key);
        value.and_then(|value| value.as_counter()).unwrap_or(0)
    }

    pub(crate) fn check_end(&self) {
        let expected = if self.had_drain { Outcome::Drained } else { Outcome::Done };
        assert_eq!(self.outcome, Some(expected));
        let state = self.engine.state();
        assert!(state.is_complete(), "I8: something is left");
        assert!(state.metrics().is_empty(), "nothing was late: {:?}", state.metrics());
        assert_eq!(state.memory_bytes(), 0, "I9: nothing is left, nor of the side input");
        assert!(self.read_by.is_empty(), "all bundles were finalised: {:?}", self.read_by);
    }

    /// Checks that every emitted number went through each path once.
    pub(crate) fn check_conservation(&self) {
        let sorted = |mut numbers: Vec<u64>| {
            numbers.sort_unstable();
            numbers
        };
        let emitted = sorted(self.emitted.clone());
        assert!(emitted.windows(2).all(|pair| pair[0] < pair[1]), "I2: a number was read twice");
        assert_eq!(sorted(self.passed.clone()), emitted, "I2");
        let grouped: Vec<u64> =
            self.groups.iter().flat_map(|(_, _, numbers)| numbers).copied().collect();
        assert_eq!(sorted(grouped), emitted, "I2");
        let mut seen = BTreeSet::new();
        for (window, key, numbers) in &self.groups {
            assert!(seen.insert((window.clone(), *key)), "a key fired twice in a window");
            assert!(numbers.iter().all(|n| n % 5 == *key && window_of(*n) == *window));
        }
    }
}

/// What a bundle did to the world, once it is committed.
#[derive(Default)]
struct Effect {
    emitted: Vec<u64>,
    passed: Vec<u64>,
    groups: Vec<(Window, u64, Vec<u64>)>,
    panes: Vec<PaneInfo>,
}

fn numbers_in(input: &[Arc<Chunk>], mut each: impl FnMut(u64)) {
    for chunk in input {
        for_each(chunk, WindowCoder::Interval, |stamp, reader| {
            let key = number(reader);
            let number = number(reader);
            assert_eq!(key, number % 5);
            assert_eq!(*stamp, stamp_of(number), "stamps stay");
            each(number);
        });
    }
}

fn sink(input: &[Arc<Chunk>], effect: &mut Effect) {
    for chunk in input {
        for_each(chunk, WindowCoder::Interval, |stamp, reader| {
            let (key, numbers) = group(reader);
            let window = stamp.windows.as_slice()[0].clone();
            assert_eq!(stamp.timestamp, window.max_timestamp());
            effect.groups.push((window, key, numbers));
            effect.panes.push(stamp.pane);
        });
    }
}

/// A key and its numbers, one in each value or lists of them.
fn group(reader: &mut Reader<'_>) -> (u64, Vec<u64>) {
    let key = number(reader);
    let count = reader.count().expect("a count").expect("known");
    let lists: Vec<u8> = (0..count).flat_map(|_| bytes(reader)).collect();
    (key, lists.as_chunks().0.iter().map(|bytes| u64::from_be_bytes(*bytes)).collect())
}

pub(crate) fn encoded((start, end): Range) -> Vec<u8> {
    [start.to_be_bytes(), end.to_be_bytes()].concat()
}

pub(crate) fn decoded(range: &[u8]) -> Range {
    let part = |at: usize| u64::from_be_bytes(range[at..at + 8].try_into().expect("8 bytes"));
    (part(0), part(8))
}

pub(crate) fn residual(range: Range, delay_ms: i32) -> Residual {
    let mut element = Vec::new();
    put_stamp(&mut element, &Stamp::default(), &WindowCoder::Global);
    put_length_prefixed(&mut element, &encoded(range));
    let hold = time_of(range.0);
    let hold = prost_types::Timestamp { seconds: hold.0 / 1000, nanos: 0 };
    let bounded =
        if range.1 >= ENDLESS { is_bounded::Enum::Unbounded } else { is_bounded::Enum::Bounded };
    DelayedBundleApplication {
        application: Some(BundleApplication {
            transform_id: "read".to_owned(),
            input_id: "in".to_owned(),
            element: element.into(),
            output_watermarks: BTreeMap::from([("out".to_owned(), hold)]),
            is_bounded: bounded.into(),
        }),
        requested_time_delay: Some(prost_types::Duration {
            seconds: 0,
            nanos: delay_ms * 1_000_000,
        }),
    }
}
