//! Random pipelines: whatever the graph, planning ends in a sound plan or an error.

use proptest::prelude::*;
use purlin_proto::pipeline::ParDoPayload;
use purlin_proto::urns::coders;

use super::builder::{Builder, splittable, stateful};
use super::invariants;
use crate::plan::{PlanOptions, plan};

/// A transform to add: its kind, and which of the collections so far it reads.
#[derive(Clone, Debug)]
struct Step {
    kind: u8,
    inputs: [usize; 3],
    environment: bool,
    windowed: bool,
    bounded: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (0..9_u8, any::<[usize; 3]>(), any::<bool>(), any::<bool>(), any::<bool>())
        .prop_map(|(kind, inputs, environment, windowed, bounded)| Step {
            kind,
            inputs,
            environment,
            windowed,
            bounded,
        });
    prop::collection::vec(step, 0..24)
}

fn build(steps: &[Step]) -> Builder {
    let mut b = Builder::new();
    b.coder("timer", coders::TIMER, &["bytes", "global_window"]);
    b.environment("python", "another worker");
    let start = b.impulse("start");
    let mut made = vec![b.par_do("first", start).to_owned()];
    for (index, step) in steps.iter().enumerate() {
        let name = format!("n{index}");
        let [main, second, third] = step.inputs.map(|input| made[input % made.len()].clone());
        b.environment = if step.environment { "rust" } else { "python" };
        b.is_bounded = step.bounded;
        // All windows have one coder, or Flattens would be refused.
        b.windowing = if step.windowed { "global" } else { "custom" };
        add(&mut b, step.kind, &name, [&main, &second, &third]);
        made.push(name);
    }
    b
}

fn add(b: &mut Builder, kind: u8, name: &str, [main, second, third]: [&str; 3]) {
    b.strategy("custom", "my:windows", "global_window");
    match kind {
        0 => b.par_do(name, main),
        1 => b.with_side(name, main, second),
        2 => {
            let name = b.group(name, main);
            // Keeps the values of all collections alike.
            b.components().pcollections.get_mut(name).unwrap().coder_id = "kv".to_owned();
            name
        }
        3 => b.reshuffle(name, main),
        4 => b.combine(name, main),
        5 => b.flatten(name, &[main, second, third]),
        6 => b.par_do_with(name, main, "pickled_kv", &ParDoPayload::default()),
        7 => b.par_do_with(name, main, "kv", &splittable()),
        _ => b.par_do_with(name, main, "kv", &stateful()),
    };
}

proptest! {
    // A failure prints the steps that cause it: they go into a test of their own, not into a file.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_graph_has_a_sound_plan(steps in steps()) {
        let b = build(&steps);
        for fuse in [true, false] {
            for lift_combiners in [true, false] {
                b.plan(&PlanOptions { fuse, lift_combiners, ..PlanOptions::default() });
            }
        }
    }

    #[test]
    fn plans_are_deterministic(steps in steps()) {
        let options = PlanOptions::default();
        let (first, second) = (build(&steps).plan(&options), build(&steps).plan(&options));
        prop_assert_eq!(format!("{first:?}"), format!("{second:?}"));
    }

    #[test]
    fn fusing_keeps_every_transform_once(steps in steps()) {
        let b = build(&steps);
        let count = |fuse| {
            let options = PlanOptions { fuse, ..PlanOptions::default() };
            let text = b.plan(&options).explain();
            text.lines().filter(|line| line.contains("(pardo)")).count()
        };
        prop_assert_eq!(count(true), count(false));
    }

    /// Any edge turned elsewhere, any id cut: an error or a plan, never a panic.
    #[test]
    fn broken_graphs_are_refused(steps in steps(), breaks in prop::collection::vec(any::<[usize; 3]>(), 1..4)) {
        let mut b = build(&steps);
        for [transform, side, target] in breaks {
            break_one(&mut b, transform, side, target);
        }
        if let Ok(plan) = plan(&b.pipeline, &PlanOptions::default()) {
            invariants::check(&plan);
        }
    }
}

fn break_one(b: &mut Builder, transform: usize, side: usize, target: usize) {
    let components = b.components();
    let collections: Vec<String> = components.pcollections.keys().cloned().collect();
    let ids: Vec<String> = components.transforms.keys().cloned().collect();
    let target = collections.get(target % (collections.len() + 1)).cloned().unwrap_or_default();
    let Some(broken) = components.transforms.get_mut(&ids[transform % ids.len()]) else { return };
    match side % 5 {
        0 => broken.inputs.values_mut().for_each(|id| id.clone_from(&target)),
        1 => broken.outputs.values_mut().for_each(|id| id.clone_from(&target)),
        2 => broken.spec = None,
        3 => broken.environment_id.clear(),
        _ => broken.subtransforms = ids,
    }
}
