//! Helper stages that merge windows by a function of a user's own.
//!
//! A request is the windows of one key; its answer has the windows that stay, and each new window with
//! those that it is merged from.

use bytes::Bytes;
use purlin_engine::plan::{Collection, Plan, StageKind};
use purlin_proto::pipeline::{FunctionSpec, merge_status};
use purlin_proto::urns::{coders, transforms, window_fns};
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::wire::put_count;
use purlin_sdk::coders::{CoderError, Reader, read_items};
use purlin_sdk::{Failure, Window};

use super::helper::{
    Coders, Draft, HelperStage, put_nonce, read_nonce, window_coder, window_coder_id, wrong_answer,
};

/// Any nonce does: a bundle has one request.
const NONCE: &[u8] = b"0";

/// Each new window with those that it is merged from.
pub(super) type Merging = Vec<(Window, Vec<Window>)>;

/// A stage that merges windows.
#[derive(Clone)]
pub(super) struct MergeStage {
    pub(super) window_fn: FunctionSpec,
    pub(super) helper: HelperStage,
    windows: WindowCoder,
}

/// One for each window function whose windows its runner cannot merge.
///
/// # Errors
/// When windows are of a kind that is unknown here.
pub(super) fn merge_stages(plan: &Plan) -> Result<Vec<MergeStage>, Box<Failure>> {
    let mut stages: Vec<MergeStage> = Vec::new();
    for stage in &plan.stages {
        let StageKind::GroupByKey { input, .. } = &stage.kind else { continue };
        let collection = &plan.collections[input.0];
        let windowing = &collection.windowing;
        let window_fn = windowing.window_fn.clone().unwrap_or_default();
        let is_merging = windowing.merge_status() == merge_status::Enum::NeedsMerge;
        let is_known = stages.iter().any(|other| other.window_fn == window_fn);
        if is_merging && window_fn.urn != window_fns::SESSION_WINDOWS && !is_known {
            stages.push(MergeStage::new(collection, window_fn, stages.len())?);
        }
    }
    Ok(stages)
}

impl MergeStage {
    fn new(
        collection: &Collection,
        window_fn: FunctionSpec,
        number: usize,
    ) -> Result<Self, Box<Failure>> {
        let mut coders = Coders::of([collection]);
        let window = window_coder_id(collection)?;
        let windows = coders.add("windows", coders::ITERABLE, &[window]);
        let pair = coders.add("pair", coders::KV, &[window, &windows]);
        let pairs = coders.add("pairs", coders::ITERABLE, &[&pair]);
        let answer = coders.add("merged", coders::KV, &[&windows, &pairs]);
        let helper = HelperStage::new(Draft {
            id: format!("purlin:merge:{number}"),
            environment_id: collection.windowing.environment_id.clone(),
            urn: transforms::MERGE_WINDOWS,
            function: window_fn.clone(),
            coders,
            request: windows,
            answer,
        })?;
        Ok(Self { window_fn, helper, windows: window_coder(collection)? })
    }

    /// The elements of a bundle that asks about these windows.
    pub(super) fn request(&self, windows: &[Window]) -> Result<Bytes, Box<Failure>> {
        let mut out = Vec::new();
        put_nonce(&mut out, NONCE);
        put_count(&mut out, windows.len()).map_err(|error| Failure::from_error(&error))?;
        windows.iter().for_each(|window| self.windows.put_window(&mut out, window));
        Ok(out.into())
    }

    /// What the elements of the answer say.
    pub(super) fn answer(&self, data: &Bytes) -> Result<Merging, Box<Failure>> {
        self.read(data).map_err(|error| wrong_answer(&error))
    }

    fn read(&self, data: &Bytes) -> Result<Merging, CoderError> {
        let mut input = Reader::shared(data);
        if read_nonce(&mut input)? != NONCE {
            return Err(CoderError::new("it answers another one"));
        }
        self.read_windows(&mut input)?;
        let mut merging = Vec::new();
        read_items(&mut input, |input| {
            merging.push((self.windows.read_window(input)?, self.read_windows(input)?));
            Ok(())
        })?;
        if input.is_empty() { Ok(merging) } else { Err(CoderError::new("more follows it")) }
    }

    fn read_windows(&self, input: &mut Reader<'_>) -> Result<Vec<Window>, CoderError> {
        let mut windows = Vec::new();
        read_items(input, |input| {
            windows.push(self.windows.read_window(input)?);
            Ok(())
        })?;
        Ok(windows)
    }
}
