//! Written with renoir.

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::renoir)
}
