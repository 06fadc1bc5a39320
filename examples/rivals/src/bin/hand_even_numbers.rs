//! `hand_even_numbers INPUT OUTPUT`

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::even_numbers)
}
