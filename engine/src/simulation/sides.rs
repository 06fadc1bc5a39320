//! Elements that wait for windows of a side input of which only a user's function knows.
//!
//! ```text
//! script ─┬─ assign ─ main ── read ─ sink
//!         └─ place ─ side ────┘
//! ```
//!
//! The model says for each element what it must have seen: everything of its window that came before
//! the watermark had passed it, or something, where the first pane makes a window ready. And when the
//! job is at rest no element may be left whose windows are ready.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use purlin_proto::pipeline::{FunctionSpec, Trigger, WindowingStrategy, merge_status, trigger};
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::exec::{Chunk, Failure, WindowMapping};
use purlin_sdk::{IntervalWindow, Timestamp, Window, Windows};

use super::codec::{Pair, chunks, pairs};
use super::panes::{assign, window_coder};
use super::plan::{Happening, Setup, Stages, assemble, happenings, payload, sdk};
use super::world::Job;
use crate::bundle::{Bundle, BundleInput, BundleResult, GroupSlice};
use crate::own_work::own_work;
use crate::plan::{CollectionId, SideInput, StageId, StageKind};
use crate::random::Random;
use crate::reduce::tests::simulation::strategy::{Assign, strategy};
use crate::shuffle::Shuffle;
use crate::state::{DROPPED, State};
use crate::user_windows::UserWindows;

const MAIN: CollectionId = CollectionId(2);
const SIDE: CollectionId = CollectionId(3);
const OUT: CollectionId = CollectionId(4);
const PLACE: usize = 2;
const READ: usize = 3;

/// Windows of ten, and a function that says which of them is seen.
#[derive(Clone)]
pub(super) struct Mapped {
    is_triggered: bool,
    /// How far from the end of the main window; `None` for always the same.
    distance: Option<i64>,
    /// Whether it says how far it looks back.
    is_bounded: bool,
    lateness: i64,
}

impl Mapped {
    pub(super) fn random(random: &mut Random) -> Self {
        let distances = [Some(0), Some(0), Some(-10), Some(-25), Some(15), None];
        Self {
            is_triggered: random.one_in(3),
            distance: distances[random.below(6)],
            is_bounded: random.one_in(2),
            lateness: [0, 0, 7][random.below(3)],
        }
    }

    /// The window that is seen holds the time at that distance.
    fn lookback(&self) -> Option<i64> {
        self.distance.filter(|_| self.is_bounded).map(|distance| (-distance).max(0))
    }

    fn seen(&self, main: &Window) -> Window {
        match (main, self.distance) {
            (Window::Global, _) | (_, None) => ten(Timestamp(5)),
            (main, Some(distance)) => ten(Timestamp(main.max_timestamp().0 + distance)),
        }
    }

    fn strategy(&self) -> WindowingStrategy {
        let each = trigger::Trigger::Always(trigger::Always {});
        WindowingStrategy {
            window_fn: Some(FunctionSpec { urn: "tens".to_owned(), ..FunctionSpec::default() }),
            merge_status: merge_status::Enum::NonMerging.into(),
            window_coder_id: "interval".to_owned(),
            allowed_lateness: self.lateness,
            trigger: self.is_triggered.then_some(Trigger { trigger: Some(each) }),
            ..WindowingStrategy::default()
        }
    }
}

impl UserWindows for Mapped {
    fn merge(
        &self,
        _: &FunctionSpec,
        _: &[Window],
    ) -> Result<Vec<(Window, Vec<Window>)>, Box<Failure>> {
        Err(Failure::new("nothing merges"))
    }

    fn side_input_windows(
        &self,
        stage: StageId,
        side: &SideInput,
        main: &[Window],
    ) -> Result<Vec<Window>, Box<Failure>> {
        assert_eq!((stage.0, side.collection), (READ, SIDE));
        let distinct: BTreeSet<&Window> = main.iter().collect();
        assert_eq!(distinct.len(), main.len(), "a window is asked about once");
        Ok(main.iter().map(|window| self.seen(window)).collect())
    }
}

fn ten(at: Timestamp) -> Window {
    let start = at.0.div_euclid(10) * 10;
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + 10) })
}

pub(super) fn setup(random: &mut Random, mapped: &mut Mapped) -> Setup {
    let (mut strategy, assign) = loop {
        let chosen = strategy(random);
        if chosen.1 != Assign::Sessions {
            break chosen;
        }
    };
    let is_global = assign == Assign::Global;
    // It is far from the end of all time to any window.
    mapped.is_bounded &= !is_global;
    strategy.window_coder_id = if is_global { "global" } else { "interval" }.to_owned();
    let keys = 1 + random.below(4);
    let script = happenings(random, 2, keys);
    let stages = Stages {
        read: 0,
        source: CollectionId(0),
        assign: 1,
        keyed: READ,
        sink: READ + 1,
        windowed: MAIN,
        out: OUT,
    };
    let streams = [0, 1].map(|stream| (format!("s{stream}"), CollectionId(stream)));
    let source =
        StageKind::TestStream { payload: Arc::new(payload(&script)), outputs: streams.into() };
    let mut read = sdk(MAIN, Some(OUT), None);
    if let StageKind::Sdk(sdk) = &mut read {
        let mapping = WindowMapping { window_fn: None, lookback: mapped.lookback() };
        sdk.side_inputs.push(SideInput {
            transform_id: "fn".to_owned(),
            local_name: "side".to_owned(),
            collection: SIDE,
            by_key: false,
            mapping: mapping.to_proto(),
        });
    }
    let main = sdk(CollectionId(0), Some(MAIN), None);
    let side = sdk(CollectionId(1), Some(SIDE), None);
    let kinds = vec![source, main, side, read, sdk(OUT, None, None)];
    let global =
        WindowingStrategy { window_coder_id: "global".to_owned(), ..WindowingStrategy::default() };
    let tens = mapped.strategy();
    let collections = [&global, &global, &strategy, &tens, &strategy].map(|it| ("pairs", it));
    Setup {
        plan: Arc::new(assemble(kinds, &collections)),
        assign,
        stages,
        scripts: BTreeMap::from([(0, script)]),
        read: None,
        streams: 2,
        keys,
        followers: vec![(StageId(stages.assign), vec![0]), (StageId(PLACE), vec![1])],
    }
}

/// What an element saw: its number, the window that it saw, and what was in it.
type Sight = (u64, Window, BTreeSet<u64>);

/// What an attempt at a bundle did.
#[derive(Default)]
pub(super) struct Effect {
    /// Elements of the main input that came to wait, and those of the side input.
    came: Vec<Pair>,
    placed: Vec<Pair>,
    sights: Vec<Sight>,
}

pub(super) struct Sides {
    setup: Arc<Setup>,
    mapped: Mapped,
    /// The elements of the main input that wait, with their windows.
    waiting: BTreeMap<u64, Vec<Window>>,
    /// What has come of the side input.
    contents: BTreeMap<Window, BTreeSet<u64>>,
    /// What came of it before the watermark had passed its window.
    in_time: BTreeMap<Window, BTreeSet<u64>>,
    read: BTreeSet<u64>,
    /// The elements that came when what they would have seen was gone.
    dropped: BTreeSet<u64>,
}

impl Sides {
    pub(super) fn new(setup: &Arc<Setup>, mapped: Mapped) -> Self {
        let mut in_time: BTreeMap<Window, BTreeSet<u64>> = BTreeMap::new();
        let mut watermark = i64::MIN;
        for happening in &setup.scripts[&0] {
            match happening {
                Happening::Watermark(1, to) => watermark = watermark.max(*to),
                Happening::Elements(1, elements) => {
                    for (_, number, timestamp) in elements {
                        let window = ten(Timestamp(*timestamp));
                        if watermark <= window.max_timestamp().0 {
                            in_time.entry(window).or_default().insert(*number);
                        }
                    }
                }
                _ => {}
            }
        }
        Self {
            setup: Arc::clone(setup),
            mapped,
            waiting: BTreeMap::new(),
            contents: BTreeMap::new(),
            in_time,
            read: BTreeSet::new(),
            dropped: BTreeSet::new(),
        }
    }

    fn main_coder(&self) -> WindowCoder {
        window_coder(self.setup.assign)
    }

    /// Puts the elements of the side input into their windows.
    fn place(&self, shuffle: &Shuffle, input: &[Arc<Chunk>], random: &mut Random) -> BundleResult {
        let mut placed: Vec<Pair> =
            input.iter().flat_map(|chunk| pairs(chunk, WindowCoder::Global)).collect();
        for pair in &mut placed {
            pair.stamp.windows = Windows::One(ten(pair.stamp.timestamp));
        }
        let mut result = BundleResult::default();
        for chunk in chunks(&placed, WindowCoder::Interval, random) {
            shuffle.prepare(SIDE, chunk, Some(&mut *random), &mut result.outputs).unwrap();
        }
        result
    }

    /// Has elements see their side input, and passes them on.
    fn look(
        &self,
        shuffle: &Shuffle,
        bundle: &Bundle,
        input: &[Arc<Chunk>],
        random: &mut Random,
    ) -> (BundleResult, Vec<Sight>) {
        let coder = self.main_coder();
        let main: Vec<Pair> = input.iter().flat_map(|chunk| pairs(chunk, coder)).collect();
        let mut sights = Vec::new();
        for pair in &main {
            for window in pair.stamp.windows.as_slice() {
                let seen = self.mapped.seen(window);
                let slices = bundle.side_inputs.window(SIDE, &seen);
                let numbers = slices.flat_map(|slice| numbers(&slice.in_memory())).collect();
                sights.push((pair.number, seen, numbers));
            }
        }
        let mut result = BundleResult::default();
        for chunk in chunks(&main, coder, random) {
            shuffle.prepare(OUT, chunk, Some(&mut *random), &mut result.outputs).unwrap();
        }
        (result, sights)
    }

    fn check_sight(&self, (number, window, seen): &Sight) {
        let none = BTreeSet::new();
        let in_time = self.in_time.get(window).unwrap_or(&none);
        let is_complete = in_time.is_subset(seen);
        let has_pane = self.mapped.is_triggered && !seen.is_empty();
        assert!(is_complete || has_pane, "{number} went on before {window} was ready: {seen:?}");
        let contents = self.contents.get(window).unwrap_or(&none);
        assert!(seen.is_subset(contents), "{number} sees in {window} what is not there");
    }

    /// Whether elements that come now, in these windows, are too late for what they would see.
    fn is_late(&self, state: &State, windows: &[Window]) -> bool {
        let is_passed =
            |main: &Window| main.max_timestamp().0 + self.mapped.lateness < state.watermark(MAIN).0;
        self.mapped.lookback().is_some() && windows.iter().any(is_passed)
    }

    /// Windows that nobody sees any more are dropped.
    fn check_contents(&self, state: &State) {
        let Some(lookback) = self.mapped.lookback() else { return };
        let (_, reader) = state.stage_watermarks(StageId(READ));
        for window in state.side_contents(SIDE) {
            let last = window.max_timestamp().0 + self.mapped.lateness + lookback;
            assert!(last >= reader.0, "{window} is kept at {reader}");
        }
    }

    fn is_ready(&self, state: &State, main: &Window) -> bool {
        let seen = self.mapped.seen(main);
        let has_pane = self.mapped.is_triggered && self.contents.contains_key(&seen);
        state.watermark(SIDE) > seen.max_timestamp() || has_pane
    }
}

/// The numbers of the elements of a slice.
fn numbers(slice: &GroupSlice) -> Vec<u64> {
    let all: Vec<u64> =
        pairs(&slice.chunk, WindowCoder::Interval).iter().map(|pair| pair.number).collect();
    slice.rows().map(|row| all[row as usize]).collect()
}

fn came(result: &BundleResult, coder: WindowCoder) -> Vec<Pair> {
    let outputs = result.outputs.iter();
    outputs.flat_map(|output| pairs(output.chunk.in_memory(), coder)).collect()
}

impl Job for Sides {
    type Effect = Effect;

    fn run(
        &mut self,
        shuffle: &Arc<Shuffle>,
        bundle: &Bundle,
        random: &mut Random,
    ) -> (BundleResult, Effect) {
        let mut effect = Effect::default();
        let result = match (&bundle.input, bundle.stage.0) {
            (BundleInput::Windows(_), READ) => {
                shuffle.call_window_fns_by(Arc::new(self.mapped.clone()));
                own_work(shuffle, bundle).unwrap()
            }
            (BundleInput::Elements(input), PLACE) => {
                let result = self.place(shuffle, input, random);
                effect.placed = came(&result, WindowCoder::Interval);
                result
            }
            (BundleInput::Elements(input), READ) => {
                let (result, sights) = self.look(shuffle, bundle, input, random);
                effect.sights = sights;
                result
            }
            (BundleInput::Elements(input), stage) if stage == self.setup.stages.assign => {
                let result = assign(&self.setup, shuffle, input, true, random);
                effect.came = came(&result, self.main_coder());
                result
            }
            (BundleInput::Elements(_), _) => BundleResult::default(),
            _ => panic!("nothing is grouped"),
        };
        (result, effect)
    }

    fn commit(&mut self, _: &Bundle, effect: Effect, state: &State) {
        for pair in effect.came {
            let windows = pair.stamp.windows.as_slice().to_vec();
            if self.is_late(state, &windows) {
                self.dropped.insert(pair.number);
                continue;
            }
            let known = self.waiting.insert(pair.number, windows);
            assert_eq!(known, None, "I2: an element comes once");
        }
        for pair in effect.placed {
            let window = pair.stamp.windows.as_slice()[0].clone();
            self.contents.entry(window).or_default().insert(pair.number);
        }
        for sight in effect.sights {
            self.check_sight(&sight);
            let number = sight.0;
            assert!(self.waiting.remove(&number).is_some() || self.read.contains(&number), "I2");
            self.read.insert(number);
        }
    }

    fn rest(&mut self, state: &State, _: Timestamp) {
        self.check_contents(state);
        for (number, windows) in &self.waiting {
            let is_ready = windows.iter().all(|main| self.is_ready(state, main));
            assert!(!is_ready, "{number} waits, although what it sees in {windows:?} is ready");
        }
    }

    fn end(&mut self, state: &State) {
        assert!(self.waiting.is_empty(), "I2: every element goes on");
        let dropped = state.metrics().get(&(format!("stage {READ}"), DROPPED.to_owned()));
        let dropped = dropped.and_then(|value| value.as_counter()).unwrap_or(0);
        assert_eq!(usize::try_from(dropped), Ok(self.dropped.len()), "what is dropped is counted");
        let main: BTreeSet<u64> = self.setup.scripts[&0]
            .iter()
            .filter_map(|it| match it {
                Happening::Elements(0, elements) => Some(elements),
                _ => None,
            })
            .flat_map(|elements| elements.iter().map(|(_, number, _)| *number))
            .collect();
        let all: BTreeSet<u64> = self.read.union(&self.dropped).copied().collect();
        assert_eq!(all, main, "I2: every element is read or dropped");
        assert!(self.read.is_disjoint(&self.dropped), "I2: what is dropped is not read");
    }
}
