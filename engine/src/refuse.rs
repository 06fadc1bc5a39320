//! What the engine does not do yet, refused by name before the first element.

use std::sync::Arc;

use purlin_proto::pipeline::Pipeline;
use purlin_sdk::Error;
use purlin_sdk::runner::Gap;

use crate::plan::{Plan, PlanError, PlanOptions, StageKind, feature, plan};
use crate::side_facts::SideFacts;

/// The features of the model that the engine lacks, for all runners that use it.
pub const GAPS: &[Gap] = &[
    gap(feature::UNKNOWN_TRANSFORM, "only transforms of Beam's model run"),
    gap(UNENDING_SIDE_INPUT, "its contents are never complete"),
];

/// A side input that neither ends nor has windows that do, or panes before.
const UNENDING_SIDE_INPUT: &str = "an unbounded side input whose windows do not end";

const fn gap(feature: &'static str, reason: &'static str) -> Gap {
    Gap { feature, reason }
}

/// Plans a pipeline for a runner that uses the engine.
///
/// # Errors
/// When the pipeline contradicts itself, or needs what the planner or the engine lacks.
pub fn plan_for(
    runner: &str,
    pipeline: &Pipeline,
    options: &PlanOptions,
) -> Result<Arc<Plan>, Error> {
    let plan = plan(pipeline, options).map_err(|error| match error {
        PlanError::Unsupported { .. } => {
            Error::Unsupported { runner: runner.to_owned(), feature: error.to_string() }
        }
        PlanError::Malformed { .. } => Error::Internal(error.to_string()),
    })?;
    refuse_unsupported(&plan, runner)?;
    Ok(Arc::new(plan))
}

/// Refuses a plan that needs what the engine lacks.
///
/// # Errors
/// With the first such feature and the transform that needs it.
pub fn refuse_unsupported(plan: &Plan, runner: &str) -> Result<(), Error> {
    for needed in plan.features() {
        refuse(needed.name, &needed.transform, runner)?;
    }
    for stage in &plan.stages {
        let StageKind::Sdk(sdk) = &stage.kind else { continue };
        for side in &sdk.side_inputs {
            let collection = &plan.collections[side.collection.0];
            if !collection.is_bounded
                && !SideFacts::of(plan, side.collection).is_ready_before_its_end()
            {
                refuse(UNENDING_SIDE_INPUT, &stage.name, runner)?;
            }
        }
    }
    Ok(())
}

fn refuse(feature: &str, transform: &str, runner: &str) -> Result<(), Error> {
    match GAPS.iter().find(|gap| gap.feature == feature) {
        None => Ok(()),
        Some(gap) => Err(Error::Unsupported {
            runner: runner.to_owned(),
            feature: format!("{feature}, which `{transform}` needs: {}", gap.reason),
        }),
    }
}

#[cfg(test)]
mod tests {
    use purlin_proto::pipeline::merge_status;
    use purlin_sdk::io::periodic_impulse;
    use purlin_sdk::{AssignContext, BoxError, IntervalWindow, Timestamp, WindowFn};

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

    fn endless() -> Pipeline {
        let p = purlin_sdk::Pipeline::new();
        let every = std::time::Duration::from_secs(1);
        let side = periodic_impulse(Timestamp(0), Timestamp::MAX, every);
        let side = p.apply(side).window_into(Own);
        drop(p.create([1i64]).with_side_input(side.as_iter()).map(|n, _| n).named("Look"));
        p.seal().expect("a pipeline").pipeline
    }

    #[test]
    fn an_endless_side_input_runs_where_a_function_maps_windows() {
        plan_for("direct", &endless(), &PlanOptions::default()).expect("it runs");
    }

    #[test]
    fn an_endless_side_input_whose_windows_merge_is_refused_by_name() {
        let mut pipeline = endless();
        let components = pipeline.components.as_mut().expect("components");
        for windowing in components.windowing_strategies.values_mut() {
            windowing.merge_status = merge_status::Enum::NeedsMerge.into();
        }
        let refused = plan_for("direct", &pipeline, &PlanOptions::default());
        let text = refused.expect_err("it would never be ready").to_string();
        assert!(text.contains(UNENDING_SIDE_INPUT) && text.contains("`Look`"), "{text}");
    }
}
