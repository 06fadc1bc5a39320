//! Written by hand, as fast as we can.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::hand)
}
