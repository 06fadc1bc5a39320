//! Running a pipeline uses it up.

use purlin_runner_direct::DirectRunner;
use purlin_sdk::Pipeline;

fn main() -> purlin_sdk::Result<()> {
    let p = Pipeline::new();
    p.run_with(&DirectRunner::default())?;
    p.run_with(&DirectRunner::default())?;
    Ok(())
}
