//! Worker processes: the program under test is this file's own, started from a folder of its own.
//!
//! A `#[test]` cannot have worker processes, so each test starts a program: a copy of this test
//! binary that runs the one test [`program`], which does what the facade's `run` does.

#![cfg(unix)]
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a test and its program")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use purlin_runner_grpc::{GrpcRunner, worker};
use purlin_sdk::state::Value;
use purlin_sdk::{
    AssignContext, BoxError, Context, IntervalWindow, Pipeline, PipelineOptions, Result, Runner,
    Sealed, StateSpecs, StatefulDoFn, Timestamp, WindowFn,
};
use tempfile::TempDir;

/// Says which program to be, and in which folder.
const PROGRAM: &str = "PURLIN_TEST_PROGRAM";
const FOLDER: &str = "PURLIN_TEST_FOLDER";
const OPTIONS: &str = "PURLIN_TEST_OPTIONS";
const WORKER_ARGUMENTS: &str = "PURLIN_TEST_WORKER_ARGUMENTS";

/// The program under test; nothing where it is run as a test.
#[test]
fn program() {
    let Ok(name) = std::env::var(PROGRAM) else { return };
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let result = run(&name, &folder);
    if let Err(error) = &result {
        println!("ERROR {error}\nEND");
    }
    std::process::exit(i32::from(result.is_err()));
}

/// What `run` of the facade does, in the worker and in the program that submits the job.
fn run(name: &str, folder: &Path) -> Result<()> {
    let arguments = std::env::var(WORKER_ARGUMENTS).unwrap_or_default();
    let arguments = arguments.split_whitespace().map(ToOwned::to_owned);
    let setup = worker::from_environment(arguments);
    let options = match &setup {
        Some(setup) => setup.options()?,
        None => {
            let options = std::env::var(OPTIONS).unwrap();
            PipelineOptions::parse(options.split_whitespace().map(ToOwned::to_owned))?
        }
    };
    let sealed = build(name, folder, &options)?;
    if let Some(setup) = setup {
        std::fs::write(folder.join(format!("worker-{}", std::process::id())), "").unwrap();
        return setup.serve(sealed);
    }
    if name == "second" {
        GrpcRunner::default().start(sealed.clone(), &options)?.wait()?;
    }
    let finished = GrpcRunner::default().start(sealed, &options)?.wait()?;
    println!("STATE {:?}", finished.state);
    Ok(())
}

fn build(name: &str, folder: &Path, options: &PipelineOptions) -> Result<Sealed> {
    let p = Pipeline::with_options(options.clone());
    let numbers = p.create(0..20i64).named("Numbers").reshuffle();
    let folder = folder.to_owned();
    let _ = match name {
        // Notes which process sees which element.
        "pids" | "second" => numbers.map(move |n| {
            std::fs::write(folder.join(format!("n-{n}-{}", std::process::id())), "").unwrap();
            n
        }),
        "sleep" => numbers.map(|n| {
            std::thread::sleep(Duration::from_secs(60));
            n
        }),
        "panic" => numbers.map(|n| if n == 13 { panic!("an unlucky number") } else { n }),
        "error" => numbers.try_map(|n| if n == 13 { Err("unlucky") } else { Ok(n) }).main(),
        "nondeterministic" => {
            let step = format!("Step{}", std::process::id());
            numbers.map(|n| n).named(&step).map(|n| n)
        }
        "exits" if options.is_worker() => std::process::exit(7),
        "exits" => numbers.map(|n| n),
        // Goes on until a file appears.
        "waits" => numbers.map(move |n| {
            while !folder.join("go").exists() {
                std::thread::sleep(Duration::from_millis(10));
            }
            std::fs::write(folder.join(format!("n-{n}-{}", std::process::id())), "").unwrap();
            n
        }),
        // Sleeps over the third value of a key.
        "keeps" => {
            let pairs = numbers.map(|n| (n % 2, n));
            let keeps = move |specs: &mut StateSpecs| Keeps { count: specs.value("count"), folder };
            pairs.par_do_stateful(keeps).main()
        }
        "merges" => {
            // Several windows for each key.
            let timed = numbers.with_timestamps(|n| Timestamp(n * 100));
            let pairs = timed.window_into(Slow { folder }).map(|n| (n % 2, n));
            pairs.group_by_key().map(|(key, _)| key)
        }
        other => panic!("no program `{other}`"),
    }
    .named("Work");
    p.seal()
}

/// Counts the values of each key, and takes its time over the third.
#[derive(Clone)]
struct Keeps {
    count: Value<i64>,
    folder: PathBuf,
}

impl StatefulDoFn for Keeps {
    type Key = i64;
    type In = i64;
    type Out = i64;

    fn process(&mut self, _: &i64, _: i64, cx: &mut Context<i64>) -> Result<(), BoxError> {
        let count = self.count.read(cx)?.unwrap_or(0) + 1;
        self.count.write(cx, count)?;
        if count == 3 {
            std::fs::write(self.folder.join("busy"), "")?;
            std::thread::sleep(Duration::from_secs(60));
        }
        cx.output(count);
        Ok(())
    }
}

/// Windows that take long to be merged.
#[derive(Debug)]
struct Slow {
    folder: PathBuf,
}

impl WindowFn for Slow {
    type Window = IntervalWindow;

    fn assign(&self, cx: &AssignContext<'_>) -> std::result::Result<Vec<IntervalWindow>, BoxError> {
        let start = cx.timestamp;
        Ok(vec![IntervalWindow { start, end: Timestamp(start.millis() + 1000) }])
    }

    fn is_merging(&self) -> bool {
        true
    }

    fn merge(
        &self,
        _: &[IntervalWindow],
    ) -> std::result::Result<Vec<(IntervalWindow, Vec<IntervalWindow>)>, BoxError> {
        std::fs::write(self.folder.join("busy"), "")?;
        std::thread::sleep(Duration::from_secs(60));
        Ok(Vec::new())
    }
}

/// A program in a folder of its own.
struct Program {
    folder: TempDir,
    name: &'static str,
}

impl Program {
    fn new(name: &'static str) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::copy(std::env::current_exe().unwrap(), folder.path().join("program")).unwrap();
        Self { folder, name }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, options: &str) -> Command {
        let mut command = Command::new(self.path().join("program"));
        command.args(["--exact", "program", "--nocapture"]);
        command.env(PROGRAM, self.name).env(FOLDER, self.path()).env(OPTIONS, options);
        command.stdout(Stdio::piped()).stderr(Stdio::null()).stdin(Stdio::null());
        command
    }

    fn output(&self, options: &str) -> String {
        text(&self.spawn(options).wait_with_output().unwrap())
    }

    fn spawn(&self, options: &str) -> Child {
        loop {
            match self.command(options).spawn() {
                // A process that another test is starting still has the copy open.
                Err(error) if error.kind() == ErrorKind::ExecutableFileBusy => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                started => return started.unwrap(),
            }
        }
    }

    /// The numbers that the names of files hold behind `prefix` and their first dash.
    fn pids(&self, prefix: &str) -> BTreeSet<u32> {
        let files = std::fs::read_dir(self.path()).unwrap();
        let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
        let ours = names.filter(|name| name.starts_with(prefix));
        ours.map(|name| name.rsplit('-').next().unwrap().parse().unwrap()).collect()
    }
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn wait_until(what: &str, limit: Duration, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < limit, "{what} takes longer than {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Whether a process is there and not merely waiting to be noticed by its parent.
fn lives(pid: u32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn kill(pid: u32) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

fn assert_parts(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no `{part}` in:\n{text}");
    }
}

#[test]
fn elements_are_processed_by_worker_processes_which_end_with_the_job() {
    let program = Program::new("pids");
    let output = program.output("--workers=2");
    assert_parts(&output, &["STATE Done"]);
    let elements = std::fs::read_dir(program.path()).unwrap();
    let count = elements
        .filter(|file| file.as_ref().unwrap().file_name().to_str().unwrap().starts_with("n-"))
        .count();
    assert_eq!(count, 20);
    let workers = program.pids("worker-");
    assert_eq!(workers.len(), 2);
    assert!(program.pids("n-").is_subset(&workers));
    assert!(!workers.iter().any(|worker| lives(*worker)));
}

#[test]
fn a_killed_worker_fails_the_job_and_the_message_says_what_it_ran() {
    let program = Program::new("sleep");
    let child = program.spawn("--workers=1");
    wait_until("the worker", Duration::from_secs(20), || !program.pids("worker-").is_empty());
    std::thread::sleep(Duration::from_millis(700));
    kill(*program.pids("worker-").first().unwrap());
    let output = text(&child.wait_with_output().unwrap());
    assert_parts(
        &output,
        &["ERROR worker `worker-1` (process ", "signal: 9", "it ran: stage `", "Work"],
    );
}

/// What a job says whose only worker is killed as soon as it is busy.
fn killed_when_busy(name: &'static str) -> String {
    let program = Program::new(name);
    let child = program.spawn("--workers=1");
    wait_until("the work", Duration::from_secs(20), || program.path().join("busy").exists());
    kill(*program.pids("worker-").first().unwrap());
    let killed = Instant::now();
    let output = text(&child.wait_with_output().unwrap());
    assert!(killed.elapsed() < Duration::from_secs(20), "it waited for a worker that is gone");
    output
}

#[test]
fn a_worker_killed_over_state_fails_the_job() {
    let output = killed_when_busy("keeps");
    assert_parts(&output, &["ERROR worker `worker-1` (process ", "signal: 9", "it ran: stage `"]);
}

#[test]
fn a_worker_killed_over_a_merging_fails_the_job() {
    let output = killed_when_busy("merges");
    assert_parts(&output, &["ERROR worker `worker-1` (process ", "signal: 9"]);
}

#[test]
fn workers_are_gone_five_seconds_after_their_parent_was_killed() {
    let program = Program::new("sleep");
    let mut child = program.spawn("--workers=2");
    wait_until("the start", Duration::from_secs(20), || program.pids("worker-").len() == 2);
    std::thread::sleep(Duration::from_millis(500));
    let workers = program.pids("worker-");
    assert!(workers.iter().all(|worker| lives(*worker)));
    kill(child.id());
    child.wait().unwrap();
    wait_until("the end of the workers", Duration::from_secs(5), || {
        !workers.iter().any(|worker| lives(*worker))
    });
}

#[test]
fn a_panic_in_a_worker_shows_step_element_and_place() {
    let output = Program::new("panic").output("--workers=2");
    assert_parts(
        &output,
        &[
            "transform `Work` panicked: an unlucky number",
            "element: 13",
            "applied at: runner-grpc/tests/processes.rs:",
            "attempt: 4",
            "worker: worker-",
        ],
    );
}

#[test]
fn an_error_in_a_worker_shows_the_way_to_dead_letters() {
    let output = Program::new("error").output("--workers=1");
    assert_parts(
        &output,
        &["transform `Work` failed: unlucky", "element: 13", "processes.rs:", "dead_letters"],
    );
}

#[test]
fn a_worker_that_rebuilds_another_pipeline_is_refused() {
    let output = Program::new("nondeterministic").output("--workers=1");
    assert_parts(
        &output,
        &["this worker rebuilt pipeline", "graph construction must not depend on time, randomness"],
    );
}

#[test]
fn a_worker_that_ends_before_it_begins_is_noticed() {
    let output = Program::new("exits").output("--workers=1");
    assert_parts(&output, &["ERROR worker `worker-1`", "exit status: 7"]);
}

#[test]
fn a_second_run_of_a_program_is_refused() {
    let output = Program::new("second").output("--workers=1");
    assert_parts(&output, &["a second `run()`", "--environment=loopback"]);
}

#[test]
fn a_worker_started_by_hand_joins_a_running_job() {
    let program = Program::new("waits");
    let token = program.path().join("token");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let options =
        format!("--workers=1 --worker-bind={address} --worker-token-file={}", token.display());
    let job = program.spawn(&options);
    wait_until("the token", Duration::from_secs(20), || {
        std::fs::read_to_string(&token).is_ok_and(|token| token.len() == 32)
    });
    assert_eq!(std::fs::metadata(&token).unwrap().permissions().mode() & 0o777, 0o600);
    let arguments = format!("--worker={address} --token-file={}", token.display());
    let mut joined = program.command("").env(WORKER_ARGUMENTS, arguments).spawn().unwrap();
    wait_until("both workers", Duration::from_secs(20), || program.pids("worker-").len() == 2);
    let wrong = program.path().join("wrong");
    std::fs::write(&wrong, "0".repeat(32)).unwrap();
    let arguments = format!("--worker={address} --token-file={}", wrong.display());
    let refused = program.command("").env(WORKER_ARGUMENTS, arguments).output().unwrap();
    assert_parts(&text(&refused), &["does not accept this worker: no job has a worker of this id"]);
    std::fs::write(program.path().join("go"), "").unwrap();
    assert_parts(&text(&job.wait_with_output().unwrap()), &["STATE Done"]);
    assert!(joined.wait().unwrap().success());
}
