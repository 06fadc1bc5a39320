//! Written with datafusion.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::datafusion)
}
