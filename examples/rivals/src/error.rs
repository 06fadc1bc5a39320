//! What ends a program early.

use std::{env, io, path::PathBuf, process::ExitCode};

/// Why there is no output.
pub type Error = Box<dyn std::error::Error>;

/// The result of a program.
pub type Result<T = ()> = std::result::Result<T, Error>;

/// Calls `program` with the two paths of the command line; the only thing that prints.
#[expect(clippy::print_stderr, reason = "a command line tool prints")]
pub fn run(program: fn(PathBuf, PathBuf) -> Result) -> ExitCode {
    let arguments: Vec<_> = env::args_os().skip(1).map(PathBuf::from).collect();
    let outcome = match <[PathBuf; 2]>::try_from(arguments) {
        Ok([input, output]) => program(input, output),
        Err(_) => Err("two arguments are needed: INPUT OUTPUT".into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// The failure for bytes that are not text.
pub(crate) fn not_utf8(error: std::str::Utf8Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
