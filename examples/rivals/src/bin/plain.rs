//! Written by hand, as a good programmer does in an hour.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::plain)
}
