//! Written with timely.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::timely)
}
