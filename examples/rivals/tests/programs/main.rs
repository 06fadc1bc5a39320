//! All programs give what a naive program gives.

#![expect(clippy::unwrap_used, reason = "a test")]

mod even_numbers;
mod generated;
mod wordcount;

use std::{
    fs,
    process::{Command, Output},
};

/// The programs of this build.
const PROGRAMS: &[&str] = &[
    env!("CARGO_BIN_EXE_hand"),
    env!("CARGO_BIN_EXE_plain"),
    #[cfg(feature = "timely")]
    env!("CARGO_BIN_EXE_timely"),
    #[cfg(feature = "renoir")]
    env!("CARGO_BIN_EXE_renoir"),
    #[cfg(feature = "polars")]
    env!("CARGO_BIN_EXE_polars"),
    #[cfg(feature = "datafusion")]
    env!("CARGO_BIN_EXE_datafusion"),
];

/// Calls `check` for each program and number of threads.
fn each(check: impl Fn(&str, usize)) {
    for program in PROGRAMS {
        [1, 2, 3].into_iter().for_each(|threads| check(program, threads));
    }
}

fn call(program: &str, workload: &str, threads: usize, input: &[&str]) -> Output {
    let threads = threads.to_string();
    let mut command = Command::new(program);
    command.env("POLARS_MAX_THREADS", &threads);
    command.args([workload, &threads]).args(input).output().unwrap()
}

/// Whether the program says that it has nothing for this workload.
fn is_refused(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stderr).starts_with("error: this program does not do")
}

/// What a program writes that reads `text`, or what it complains about; `None` if it does not do
/// this workload.
fn write(
    program: &str,
    workload: &str,
    threads: usize,
    text: &[u8],
) -> Option<Result<String, String>> {
    let folder = tempfile::tempdir().unwrap();
    let [input, output] = ["input", "output"].map(|name| folder.path().join(name));
    fs::write(&input, text).unwrap();
    let paths = [&input, &output].map(|path| path.to_str().unwrap());
    let ended = call(program, workload, threads, &paths);
    if is_refused(&ended) {
        return None;
    }
    assert_eq!(ended.status.success(), output.exists(), "{program}: {ended:?}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1 + usize::from(output.exists()));
    Some(fs::read_to_string(output).map_err(|_| String::from_utf8(ended.stderr).unwrap()))
}

/// Calls `check` with what each program gives that does this workload.
fn each_output(workload: &str, text: &[u8], check: impl Fn(&str, Result<String, String>)) {
    each(|program, threads| {
        if let Some(outcome) = write(program, workload, threads, text) {
            check(&format!("{program} on {threads}"), outcome);
        }
    });
}
