//! Window functions as a stage runs them, users' own among them.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use prost::Message;
use purlin_proto::fn_execution::{ProcessBundleDescriptor, RemoteGrpcPort, StateKey};
use purlin_proto::pipeline::{Coder, FunctionSpec, PCollection, PTransform, Pipeline};
use purlin_proto::urns;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderSpec, Nesting, Reader};
use purlin_sdk::exec::{
    BundleProcessor, Chunk, ExecConfig, Framing, Host, StatePage, WindowFunction, WindowMapping,
};
use purlin_sdk::{
    AssignContext, BoundedWindow, BoxError, CalendarWindows, Element, Failure, IntervalWindow,
    Sealed, Sessions, Stamp, Timestamp, Window, WindowFn, WindowInto, Windows,
};

/// Windows of a number of elements that came at even and odd times, which merge by parity.
#[derive(Clone, PartialEq, Debug, Element)]
#[element(crate = "purlin_sdk")]
struct Parity {
    is_odd: bool,
    last: i64,
}

impl BoundedWindow for Parity {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp(self.last)
    }
}

#[derive(Debug)]
struct ByParity {
    length: i64,
}

impl WindowFn for ByParity {
    type Window = Parity;

    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<Parity>, BoxError> {
        match cx.timestamp.millis() {
            13 => Err("thirteen has no parity".into()),
            666 => panic!("no window for you"),
            at => Ok(vec![Parity { is_odd: at % 2 != 0, last: at + self.length }]),
        }
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merge(&self, windows: &[Parity]) -> Result<Vec<(Parity, Vec<Parity>)>, BoxError> {
        let of = |is_odd: bool| {
            let parts: Vec<_> = windows.iter().filter(|w| w.is_odd == is_odd).cloned().collect();
            let last = parts.iter().map(|window| window.last).max()?;
            Some((Parity { is_odd, last }, parts))
        };
        Ok([false, true].into_iter().filter_map(of).collect())
    }
}

fn parity(at: i64) -> Window {
    Parity { is_odd: at % 2 != 0, last: at + 10 }.to_window().unwrap()
}

fn interval(start: i64, end: i64) -> Window {
    Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(end) })
}

fn windowed(windowing: impl Into<WindowInto>) -> Sealed {
    let p = purlin_sdk::Pipeline::new();
    drop(p.create([1i64]).window_into(windowing).named("Windowed"));
    p.seal().unwrap()
}

fn spec_of(sealed: &Sealed) -> FunctionSpec {
    let components = sealed.pipeline.components.as_ref().unwrap();
    let output = components.pcollections.values().find(|c| c.unique_name == "Windowed.out");
    let strategy = &components.windowing_strategies[&output.unwrap().windowing_strategy_id];
    strategy.window_fn.clone().unwrap()
}

fn function(sealed: &Sealed) -> WindowFunction {
    sealed.table.window_fn(&spec_of(sealed)).unwrap()
}

fn by_parity() -> Sealed {
    windowed(ByParity { length: 10 })
}

#[test]
fn a_function_of_a_users_own_goes_by_the_name_of_its_transform() {
    let sealed = by_parity();
    let spec = spec_of(&sealed);
    assert_eq!((spec.urn.as_str(), &spec.payload[..]), ("purlin:window_fn:v1", &b"Windowed"[..]));
    let coder = function(&sealed).window_coder();
    assert_eq!(coder.urn, urns::coders::CUSTOM_WINDOW);
    assert_eq!(WindowCoder::from_spec(&coder), Ok(WindowCoder::Custom));
}

#[test]
fn constants_of_a_function_are_in_the_fingerprint_alone() {
    let (one, other) = (by_parity(), windowed(ByParity { length: 11 }));
    assert_eq!(one.fingerprint(), by_parity().fingerprint());
    assert_ne!(one.fingerprint(), other.fingerprint());
    assert_eq!(one.shape(), other.shape());
}

#[test]
fn a_program_without_the_function_says_so() {
    let failure = windowed(Sessions::with_gap(Duration::from_secs(1)))
        .table
        .window_fn(&spec_of(&by_parity()))
        .err()
        .unwrap();
    assert!(failure.to_string().contains("no transform named `Windowed`"), "{failure}");
}

#[test]
fn windows_are_merged_as_the_function_says() {
    let sealed = by_parity();
    let merged = function(&sealed).merge(&[2, 3, 4].map(parity)).unwrap();
    // One odd window alone changes nothing.
    assert_eq!(merged, [(parity(4), vec![parity(2), parity(4)])]);
    assert_eq!(function(&sealed).merge(&[parity(4), parity(3)]).unwrap(), []);
}

#[test]
fn errors_and_panics_name_the_transform_and_its_place() {
    let sealed = by_parity();
    for (at, part, panicked) in [(13, "no parity", false), (666, "no window for you", true)] {
        let failure = function(&sealed).assign(Timestamp(at), &[Window::Global]).err().unwrap();
        assert_eq!((failure.transform.as_str(), failure.panicked), ("Windowed", panicked));
        assert!(failure.to_string().contains(part), "{failure}");
        assert!(failure.applied_at.unwrap().file.ends_with("window_fns.rs"));
    }
}

/// Windows whose bytes say nothing of whether they are the same.
#[derive(Clone, Element)]
#[element(crate = "purlin_sdk")]
struct Vague(f64);

impl BoundedWindow for Vague {
    fn max_timestamp(&self) -> Timestamp {
        Timestamp(0)
    }
}

#[derive(Debug)]
struct Vaguely;

impl WindowFn for Vaguely {
    type Window = Vague;
    fn assign(&self, _: &AssignContext<'_>) -> Result<Vec<Vague>, BoxError> {
        Ok(vec![Vague(0.0)])
    }
}

#[test]
fn windows_that_cannot_be_told_apart_are_a_mistake() {
    let p = purlin_sdk::Pipeline::new();
    drop(p.create([1i64]).window_into(Vaguely));
    let text = p.seal().err().unwrap().to_string();
    assert!(text.contains("cannot be told apart") && text.contains("window_fns.rs:"), "{text}");
}

#[derive(Debug)]
struct Greedy;

impl WindowFn for Greedy {
    type Window = IntervalWindow;
    fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<IntervalWindow>, BoxError> {
        let end = Timestamp(cx.timestamp.0 + 1);
        Ok(vec![IntervalWindow { start: Timestamp(0), end }])
    }
    fn is_merging(&self) -> bool {
        true
    }
    fn merge(
        &self,
        windows: &[IntervalWindow],
    ) -> Result<Vec<(IntervalWindow, Vec<IntervalWindow>)>, BoxError> {
        let all = IntervalWindow { start: Timestamp(0), end: Timestamp(99) };
        Ok(vec![(all, windows.to_vec()), (windows[0], windows.to_vec())])
    }
}

#[test]
fn a_window_cannot_be_merged_into_two() {
    let sealed = windowed(Greedy);
    let failure = function(&sealed).merge(&[interval(0, 1), interval(0, 2)]).err().unwrap();
    assert!(failure.to_string().contains("was merged into another one"), "{failure}");
}

#[test]
fn side_inputs_are_looked_up_in_the_window_that_holds_the_end_of_the_main_one() {
    let sealed = by_parity();
    let window = function(&sealed).side_input_window(&interval(0, 8)).unwrap();
    assert_eq!(window, parity(7));
    let days = windowed(CalendarWindows::days(1));
    let window = function(&days).side_input_window(&interval(0, 86_400_001)).unwrap();
    assert_eq!(window, interval(86_400_000, 2 * 86_400_000));
}

#[test]
fn windows_that_merge_are_no_side_input() {
    let p = purlin_sdk::Pipeline::new();
    let sessions = p.create([1i64]).window_into(Sessions::with_gap(Duration::from_secs(1)));
    drop(p.create([2i64]).with_side_input(sessions.as_iter()).map(|n, _| n));
    let text = p.seal().err().unwrap().to_string();
    assert!(text.contains("windows that merge") && text.contains("window_fns.rs:"), "{text}");
}

// --- in a stage ---

#[derive(Clone, Default)]
struct Collect(Arc<Mutex<Vec<Chunk>>>);

impl Host for Collect {
    fn emit(&mut self, _: &str, chunk: Chunk) -> Result<(), Box<Failure>> {
        self.0.lock().unwrap().push(chunk);
        Ok(())
    }
    fn get_state(&mut self, _: &StateKey, _: &Bytes) -> Result<StatePage, Box<Failure>> {
        Err(Failure::new("no state"))
    }
    fn append_state(&mut self, _: &StateKey, _: Bytes) -> Result<(), Box<Failure>> {
        Err(Failure::new("no state"))
    }
    fn clear_state(&mut self, _: &StateKey) -> Result<(), Box<Failure>> {
        Err(Failure::new("no state"))
    }
    fn set_timers(&mut self, _: &str, _: &str, _: Bytes) -> Result<(), Box<Failure>> {
        Err(Failure::new("no timers"))
    }
}

/// Adds a coder and its parts, and gives its id.
fn coder(coders: &mut BTreeMap<String, Coder>, spec: &CoderSpec) -> String {
    let parts = spec.components.iter().map(|part| coder(coders, part)).collect();
    let id = format!("x{}", coders.len());
    let function = FunctionSpec { urn: spec.urn.to_string(), payload: spec.payload.clone() };
    coders.insert(id.clone(), Coder { spec: Some(function), component_coder_ids: parts });
    id
}

/// A stage that reads elements of a coder in windows of another, transforms them, and writes.
fn stage(
    pipeline: &Pipeline,
    transform: PTransform,
    read: [CoderSpec; 2],
    write: [CoderSpec; 2],
) -> Arc<ProcessBundleDescriptor> {
    let components = pipeline.components.clone().unwrap();
    let mut coders = components.coders;
    let mut node = |urn: &str, parts: [CoderSpec; 2]| {
        let spec = CoderSpec::new(urns::coders::WINDOWED_VALUE, parts.to_vec());
        let coder_id = coder(&mut coders, &spec);
        let port = RemoteGrpcPort { coder_id, ..RemoteGrpcPort::default() };
        let payload = port.encode_to_vec().into();
        let spec = Some(FunctionSpec { urn: urn.to_owned(), payload });
        PTransform { spec, ..PTransform::default() }
    };
    let mut read = node(urns::fn_api::DATA_SOURCE, read);
    read.outputs.clone_from(&transform.inputs);
    let mut write = node(urns::fn_api::DATA_SINK, write);
    write.inputs.clone_from(&transform.outputs);
    let transforms = [("read", read), ("transform", transform), ("write", write)];
    Arc::new(ProcessBundleDescriptor {
        transforms: transforms.map(|(id, transform)| (id.to_owned(), transform)).into(),
        pcollections: components.pcollections,
        windowing_strategies: components.windowing_strategies,
        coders,
        ..ProcessBundleDescriptor::default()
    })
}

/// What a stage writes when it reads one chunk.
fn run(
    sealed: &Sealed,
    stage: &Arc<ProcessBundleDescriptor>,
    data: Vec<u8>,
) -> Result<Vec<Chunk>, Box<Failure>> {
    let mut processor = BundleProcessor::new(stage, &sealed.table, &ExecConfig::default())?;
    let framing = Framing::Constant(Stamp { timestamp: Timestamp(6), ..Stamp::default() });
    let chunk = Chunk { data: data.into(), framing, count: 1, partition: None, index: None };
    let host = Collect::default();
    processor.start_bundle(Box::new(host.clone()))?;
    processor.process("read", &chunk)?;
    processor.finish_bundle()?;
    let chunks = host.0.lock().unwrap();
    Ok(chunks.clone())
}

fn global() -> CoderSpec {
    CoderSpec::new(urns::coders::GLOBAL_WINDOW, vec![])
}

#[test]
fn elements_get_the_windows_of_a_users_own() {
    let sealed = by_parity();
    let transforms = &sealed.pipeline.components.as_ref().unwrap().transforms;
    let assign = transforms.values().find(|t| t.unique_name == "Windowed").unwrap().clone();
    let windows = function(&sealed).window_coder();
    let (read, write) = ([i64::coder_spec(), global()], [i64::coder_spec(), windows]);
    let stage = stage(&sealed.pipeline, assign, read, write);
    let chunks = run(&sealed, &stage, vec![1]).unwrap();
    let windows = Windows::One(parity(6));
    let stamp = Stamp { timestamp: Timestamp(6), windows, ..Stamp::default() };
    assert_eq!(chunks[0].framing, Framing::Constant(stamp));
}

/// The bytes of an iterable of windows.
fn put(out: &mut Vec<u8>, coder: WindowCoder, windows: &[Window]) {
    out.extend(u32::try_from(windows.len()).unwrap().to_be_bytes());
    windows.iter().for_each(|window| coder.put_window(out, window));
}

/// What the stage answers to a request of windows under the nonce `key`.
fn answer(sealed: &Sealed, windows: &[Window]) -> Result<Bytes, Box<Failure>> {
    let window = function(sealed).window_coder();
    let iterable = || CoderSpec::iterable(window.clone());
    let merged = CoderSpec::iterable(CoderSpec::kv(window.clone(), iterable()));
    let request = CoderSpec::kv(Bytes::coder_spec(), iterable());
    let answer = CoderSpec::kv(Bytes::coder_spec(), CoderSpec::kv(iterable(), merged));
    let urn = urns::transforms::MERGE_WINDOWS.to_owned();
    let payload = spec_of(sealed).encode_to_vec().into();
    let merge = PTransform {
        spec: Some(FunctionSpec { urn, payload }),
        inputs: [("in".to_owned(), "requests".to_owned())].into(),
        outputs: [("out".to_owned(), "answers".to_owned())].into(),
        ..PTransform::default()
    };
    let stage = stage(&sealed.pipeline, merge, [request, global()], [answer, global()]);
    let mut data = b"\x03key".to_vec();
    put(&mut data, WindowCoder::from_spec(&window).unwrap(), windows);
    Ok(run(sealed, &stage, data)?[0].data.clone())
}

#[test]
fn a_runner_can_have_windows_merged() {
    let sealed = windowed(Sessions::with_gap(Duration::from_millis(10)));
    let session = |at: i64| interval(at, at + 10);
    let (coder, mut expected) = (WindowCoder::Interval, b"\x03key".to_vec());
    put(&mut expected, coder, &[session(30)]);
    expected.extend(1u32.to_be_bytes());
    coder.put_window(&mut expected, &interval(0, 15));
    put(&mut expected, coder, &[session(0), session(5)]);
    assert_eq!(answer(&sealed, &[session(5), session(30), session(0)]).unwrap(), expected);
}

#[test]
fn a_runner_can_have_windows_of_a_users_own_merged() {
    let (coder, mut expected) = (WindowCoder::Custom, b"\x03key".to_vec());
    put(&mut expected, coder, &[parity(3)]);
    expected.extend(1u32.to_be_bytes());
    coder.put_window(&mut expected, &parity(4));
    put(&mut expected, coder, &[parity(2), parity(4)]);
    assert_eq!(answer(&by_parity(), &[2, 3, 4].map(parity)).unwrap(), expected);
}

#[test]
fn a_merging_that_fails_names_its_transform() {
    let failure = answer(&windowed(Greedy), &[interval(0, 1), interval(0, 2)]).err().unwrap();
    assert_eq!(failure.transform, "Windowed");
}

/// What the stage answers to a request about a window of another function under the nonce `key`.
fn mapped(sealed: &Sealed, main: &Window) -> Result<Bytes, Box<Failure>> {
    let interval = CoderSpec::new(urns::coders::INTERVAL_WINDOW, vec![]);
    let request = CoderSpec::kv(Bytes::coder_spec(), interval);
    let answer = CoderSpec::kv(Bytes::coder_spec(), function(sealed).window_coder());
    let mapping = WindowMapping { window_fn: Some(spec_of(sealed)), lookback: None }.to_proto();
    let urn = urns::transforms::MAP_WINDOWS.to_owned();
    let map = PTransform {
        spec: Some(FunctionSpec { urn, payload: mapping.encode_to_vec().into() }),
        inputs: [("in".to_owned(), "requests".to_owned())].into(),
        outputs: [("out".to_owned(), "answers".to_owned())].into(),
        ..PTransform::default()
    };
    let stage = stage(&sealed.pipeline, map, [request.clone(), global()], [answer, global()]);
    let mut stage = ProcessBundleDescriptor::clone(&stage);
    let coder_id = coder(&mut stage.coders, &request);
    let requests = PCollection { coder_id, ..PCollection::default() };
    stage.pcollections.insert("requests".to_owned(), requests);
    let mut data = b"\x03key".to_vec();
    WindowCoder::Interval.put_window(&mut data, main);
    Ok(run(sealed, &Arc::new(stage), data)?[0].data.clone())
}

#[test]
fn a_runner_can_have_the_windows_of_side_inputs_found() {
    let mut expected = b"\x03key".to_vec();
    WindowCoder::Custom.put_window(&mut expected, &parity(7));
    assert_eq!(mapped(&by_parity(), &interval(0, 8)).unwrap(), expected);
    let mut expected = b"\x03key".to_vec();
    WindowCoder::Interval.put_window(&mut expected, &interval(86_400_000, 2 * 86_400_000));
    let days = windowed(CalendarWindows::days(1));
    assert_eq!(mapped(&days, &interval(0, 86_400_001)).unwrap(), expected);
}

#[test]
fn a_mapping_that_fails_names_its_transform() {
    for (end, text) in [(14, "no parity"), (667, "no window for you")] {
        let failure = mapped(&by_parity(), &interval(0, end)).err().unwrap();
        assert_eq!(failure.transform, "Windowed");
        assert!(failure.to_string().contains(text), "{failure}");
    }
}

#[test]
fn a_mapping_of_another_sdk_is_unknown() {
    let python = FunctionSpec { urn: "beam:python".to_owned(), ..FunctionSpec::default() };
    let failure = by_parity().table.window_fns.of_mapping(&python).err().unwrap();
    assert!(failure.to_string().contains("`beam:python` of windows is unknown"), "{failure}");
}

#[test]
fn windows_of_a_users_own_survive_their_bytes() {
    let Window::Custom(end, encoded) = parity(3) else { panic!("it is custom") };
    assert_eq!(end, Timestamp(13));
    let read = Parity::decode(&mut Reader::shared(&encoded), Nesting::Outer).unwrap();
    assert_eq!(read, Parity { is_odd: true, last: 13 });
    assert_eq!(Parity::of_window(&parity(3)), Ok(read));
    assert!(Parity::of_window(&Window::Global).is_err());
    let mut bytes = Vec::new();
    WindowCoder::Custom.put_window(&mut bytes, &parity(3));
    let window = WindowCoder::Custom.read_window(&mut Reader::new(&bytes)).unwrap();
    assert_eq!(Windows::One(window), Windows::One(parity(3)));
}
