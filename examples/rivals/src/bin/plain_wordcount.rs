//! `plain_wordcount INPUT OUTPUT`

use std::process::ExitCode;

fn main() -> ExitCode {
    rivals::run(rivals::plain_wordcount)
}
