//! The machine beside the model, under random strategies and random schedules.

mod schedule;
pub(crate) mod strategy;

use crate::simulation::seeds::for_each_seed;

#[test]
fn simulated_keys_put_out_the_panes_of_the_model() {
    for_each_seed(2000, schedule::run);
}
