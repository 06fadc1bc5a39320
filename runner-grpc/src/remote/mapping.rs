//! Helper stages that find the windows of side inputs by a function of a user's own.
//!
//! A request is a window of a main input; its answer is the window of the side input that elements in
//! it see.

use bytes::Bytes;
use purlin_engine::plan::{CollectionId, Plan, SdkStage, SideInput, StageId, StageKind};
use purlin_proto::pipeline::FunctionSpec;
use purlin_proto::urns::transforms;
use purlin_sdk::coders::windowed::WindowCoder;
use purlin_sdk::coders::{CoderError, Reader};
use purlin_sdk::{Failure, Window};

use super::helper::{
    Coders, Draft, HelperStage, put_nonce, read_nonce, window_coder, window_coder_id, wrong_answer,
};

/// A stage that maps windows.
#[derive(Clone)]
pub(super) struct MapStage {
    pub(super) helper: HelperStage,
    mapping: FunctionSpec,
    /// The id of the coder of what is asked.
    main_id: String,
    main: WindowCoder,
    side: WindowCoder,
    /// The stages that it answers for, with their side inputs.
    readers: Vec<(StageId, CollectionId)>,
}

/// One for each mapping that no runner knows, and for each kind of windows that is mapped.
///
/// # Errors
/// When windows are of a kind that is unknown here.
pub(super) fn map_stages(plan: &Plan) -> Result<Vec<MapStage>, Box<Failure>> {
    let mut stages: Vec<MapStage> = Vec::new();
    for stage in &plan.stages {
        let StageKind::Sdk(sdk) = &stage.kind else { continue };
        for side in &sdk.side_inputs {
            if !plan.collections[side.collection.0].is_mapped_by_sdk() {
                continue;
            }
            let main_id = window_coder_id(&plan.collections[sdk.input.0])?;
            let answers = |other: &&mut MapStage| {
                other.mapping == side.mapping
                    && other.main_id == main_id
                    && other.helper.environment_id == sdk.environment_id
            };
            let reader = (stage.id, side.collection);
            match stages.iter_mut().find(answers) {
                Some(known) => known.readers.push(reader),
                None => stages.push(MapStage::new(plan, sdk, side, reader, stages.len())?),
            }
        }
    }
    Ok(stages)
}

impl MapStage {
    fn new(
        plan: &Plan,
        sdk: &SdkStage,
        side: &SideInput,
        reader: (StageId, CollectionId),
        number: usize,
    ) -> Result<Self, Box<Failure>> {
        let [main, seen] = [sdk.input, side.collection].map(|id| &plan.collections[id.0]);
        let [main_id, seen_id] = [window_coder_id(main)?, window_coder_id(seen)?];
        let helper = HelperStage::new(Draft {
            id: format!("purlin:map:{number}"),
            environment_id: sdk.environment_id.clone(),
            urn: transforms::MAP_WINDOWS,
            function: side.mapping.clone(),
            coders: Coders::of([main, seen]),
            request: main_id.to_owned(),
            answer: seen_id.to_owned(),
        })?;
        Ok(Self {
            helper,
            mapping: side.mapping.clone(),
            main_id: main_id.to_owned(),
            main: window_coder(main)?,
            side: window_coder(seen)?,
            readers: vec![reader],
        })
    }

    /// Whether it knows what elements of a stage see of a side input.
    pub(super) fn answers(&self, stage: StageId, side: CollectionId) -> bool {
        self.readers.contains(&(stage, side))
    }

    /// The elements of a bundle that asks about these windows.
    pub(super) fn request(&self, windows: &[Window]) -> Bytes {
        let mut out = Vec::new();
        for (number, window) in (0u32..).zip(windows) {
            put_nonce(&mut out, &number.to_be_bytes());
            self.main.put_window(&mut out, window);
        }
        out.into()
    }

    /// What the elements of the answer say about so many windows.
    pub(super) fn answer(&self, data: &Bytes, count: usize) -> Result<Vec<Window>, Box<Failure>> {
        self.read(data, count).map_err(|error| wrong_answer(&error))
    }

    /// Answers may come in any order.
    fn read(&self, data: &Bytes, count: usize) -> Result<Vec<Window>, CoderError> {
        let mut answers = vec![None; count];
        let mut input = Reader::shared(data);
        while !input.is_empty() {
            let number = read_nonce(&mut input)?.try_into().map(u32::from_be_bytes);
            let number = number.ok().and_then(|number| usize::try_from(number).ok());
            let answer = number.and_then(|number| answers.get_mut(number));
            let answer = answer.ok_or_else(|| CoderError::new("it answers another one"))?;
            if answer.replace(self.side.read_window(&mut input)?).is_some() {
                return Err(CoderError::new("it answers one twice"));
            }
        }
        let all: Option<Vec<Window>> = answers.into_iter().collect();
        all.ok_or_else(|| CoderError::new("an answer is missing"))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use purlin_engine::plan::{PlanOptions, plan};
    use purlin_sdk::{
        AssignContext, BoxError, FixedWindows, IntervalWindow, Pipeline, Timestamp, WindowFn,
    };

    use super::*;

    #[derive(Debug)]
    struct Own;

    impl WindowFn for Own {
        type Window = IntervalWindow;
        fn assign(&self, cx: &AssignContext<'_>) -> Result<Vec<IntervalWindow>, BoxError> {
            let start = cx.timestamp;
            Ok(vec![IntervalWindow { start, end: Timestamp(start.0 + 1) }])
        }
    }

    fn helper() -> MapStage {
        let p = Pipeline::new();
        let side = p.create([1i64]).window_into(Own);
        let fixed = FixedWindows::of(Duration::from_secs(1));
        for _ in 0..2 {
            let main = p.create([2i64]).window_into(fixed);
            drop(main.with_side_input(side.as_iter()).map(|n, _| n));
        }
        let known = p.create([3i64]).window_into(fixed);
        drop(p.create([4i64]).with_side_input(known.as_iter()).map(|n, _| n));
        let sealed = p.seal().expect("a pipeline");
        let plan = plan(&sealed.pipeline, &PlanOptions::default()).expect("a plan");
        let mut stages = map_stages(&plan).expect("helpers");
        assert_eq!(
            stages.len(),
            1,
            "one answers both readers, and nobody asks about known windows"
        );
        let helper = stages.pop().expect("one");
        assert_eq!(helper.readers.len(), 2);
        helper
    }

    fn window(start: i64) -> Window {
        Window::Interval(IntervalWindow { start: Timestamp(start), end: Timestamp(start + 1) })
    }

    /// Answers under these nonces, whose windows begin there.
    fn answers(numbers: &[u32]) -> Bytes {
        let mut out = Vec::new();
        for number in numbers {
            put_nonce(&mut out, &number.to_be_bytes());
            WindowCoder::Interval.put_window(&mut out, &window(i64::from(*number)));
        }
        out.into()
    }

    #[test]
    fn answers_come_in_any_order() {
        let windows = helper().answer(&answers(&[2, 0, 1]), 3).expect("answers");
        assert_eq!(windows, [0, 1, 2].map(window));
    }

    #[test]
    fn answers_that_do_not_fit_are_refused() {
        let helper = helper();
        let refused = |data: &Bytes| helper.answer(data, 2).expect_err("it is wrong").to_string();
        assert!(refused(&answers(&[0])).contains("missing"));
        assert!(refused(&answers(&[0, 1, 1])).contains("twice"));
        assert!(refused(&answers(&[0, 1, 2])).contains("another one"));
        let whole = answers(&[0, 1]);
        refused(&whole.slice(..whole.len() - 1));
        refused(&Bytes::from_static(b"\xff"));
    }
}
