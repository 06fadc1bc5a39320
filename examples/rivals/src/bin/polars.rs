//! Written with polars.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::polars)
}
