//! The engine as a whole under random pipelines and random schedules, beside slow models.
//!
//! Each test runs many seeds and names the one that fails. `cargo xtask simulate --seeds 100000`
//! runs that many, and `cargo xtask simulate --from 17 --seeds 1` one of them again.
//! `cargo xtask simulate --mutants` puts bugs into a copy of the engine, and these tests must find each.

mod codec;
mod declared;
mod panes;
mod plain_cells;
mod plan;
mod program;
mod reader;
mod script;
pub(crate) mod seeds;
mod sides;
mod sorted;
mod stateful;
mod user_cells;
mod world;

use std::sync::Arc;

use self::declared::Needs;
use self::panes::{Grouping, Panes};
use self::plan::{Keyed, setup};
use self::seeds::for_each_seed;
use self::sides::{Mapped, Sides};
use self::stateful::Stateful;
use self::world::{Manner, World};
use crate::random::Random;
use crate::reduce::tests::simulation::strategy::{Assign, strategy};

/// The machine's grouping, and not the plain one for all keys at once.
fn has_keys(setup: &plan::Setup) -> bool {
    crate::state::Facts::new(Arc::clone(&setup.plan), false).unwrap().keyed[setup.stages.keyed]
        .is_some()
}

#[test]
fn simulated_groupings_put_out_the_panes_of_the_model() {
    for_each_seed(800, |seed| {
        let mut random = Random::new(seed);
        let chosen = strategy(&mut random);
        let setup = Arc::new(setup(&mut random, chosen.clone(), Keyed::Grouping));
        if !has_keys(&setup) {
            return;
        }
        let divides = random.one_in(2);
        let mut run = |crashes| -> Panes {
            let job = Grouping::new(&setup, &chosen.0, divides);
            let mut world = World::new(&setup, random.next_u64(), job);
            world.run(Manner { failures: !random.one_in(4), crashes });
            world.job.panes
        };
        let once = run(0);
        let again = run(3);
        // What one key puts out moves the output watermark, by which others say what is late.
        if !divides && setup.keys == 1 && setup.read.is_none() {
            assert_eq!(once, again, "the schedule does not matter");
        }
    });
}

#[test]
fn simulated_functions_find_the_state_and_timers_of_the_model() {
    for_each_seed(800, |seed| {
        let mut random = Random::new(seed);
        let chosen = loop {
            let chosen = strategy(&mut random);
            if chosen.1 != Assign::Sessions {
                break chosen;
            }
        };
        let needs = Needs { is_told: random.one_in(2), is_sorted: random.one_in(3) };
        let keyed = Keyed::User(Box::new(declared::payload(needs)));
        let setup = Arc::new(setup(&mut random, chosen.clone(), keyed));
        let job = Stateful::new(&setup, &chosen.0, needs);
        let mut world = World::new(&setup, random.next_u64(), job);
        let failures = !random.one_in(4);
        world.run(Manner { failures, crashes: random.below(4) });
    });
}

#[test]
fn simulated_elements_wait_for_the_windows_that_a_function_says() {
    for_each_seed(800, |seed| {
        let mut random = Random::new(seed);
        let mut mapped = Mapped::random(&mut random);
        let setup = Arc::new(sides::setup(&mut random, &mut mapped));
        let mut world = World::new(&setup, random.next_u64(), Sides::new(&setup, mapped));
        let failures = !random.one_in(4);
        world.run(Manner { failures, crashes: random.below(4) });
    });
}
