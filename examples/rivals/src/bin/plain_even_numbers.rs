//! `plain_even_numbers INPUT OUTPUT`

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::plain_even_numbers)
}
