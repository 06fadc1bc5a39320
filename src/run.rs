//! Chooses the runner and runs.

use std::io::Write;

use purlin_sdk::runner::{Runner, start};
use purlin_sdk::{Error, Finished, Pipeline, PipelineOptions, Result, RunningPipeline, Sealed};

use crate::signals::stop_on_signal;

/// Runs pipelines on the runner that options and features choose.
///
/// `--runner=NAME` chooses, else the variable `PURLIN_RUNNER`, else the first of parallel, grpc and
/// direct that this build contains. A pipeline made by [`Pipeline::new`], without arguments, runs
/// on direct where it is built in.
pub trait Run: Sized {
    /// An empty pipeline with the options of the command line. In a worker process: with those of
    /// the job.
    ///
    /// # Errors
    /// When the arguments are malformed.
    fn from_args() -> Result<Self>;

    /// [`Run::from_args`], but `--help` prints `usage` and the runners' options, and exits.
    ///
    /// # Errors
    /// When the arguments are malformed.
    fn from_args_or_help(usage: &str) -> Result<Self>;

    /// An empty pipeline with `options`, such as [`args`] gives them; but with the option `help`
    /// it prints `usage` and the runners' options, and exits.
    fn with_options_or_help(options: PipelineOptions, usage: &str) -> Self;

    /// Starts the pipeline and returns at once.
    ///
    /// *Code before this runs once in each worker process as well; what a closure captures is
    /// rebuilt there, not sent.*
    ///
    /// # Errors
    /// When the pipeline has mistakes, needs what the runner lacks, or cannot be started.
    fn start(self) -> Result<RunningPipeline>;

    /// Runs the pipeline until it ends. Ctrl-C stops a stream in order, and cancels a bounded
    /// pipeline; a second one cancels both.
    ///
    /// # Errors
    /// As [`Run::start`]; and when the pipeline fails or is cancelled.
    fn run(self) -> Result<Finished>;
}

impl Run for Pipeline {
    fn from_args() -> Result<Self> {
        Ok(Self::with_options(args()?))
    }

    fn from_args_or_help(usage: &str) -> Result<Self> {
        Ok(Self::with_options_or_help(args()?, usage))
    }

    fn with_options_or_help(options: PipelineOptions, usage: &str) -> Self {
        if options.is_set("help") {
            help(usage);
        }
        Self::with_options(options)
    }

    fn start(self) -> Result<RunningPipeline> {
        let sealed = self.seal()?;
        serve_if_worker(&sealed)?;
        start(choose(self.options())?.as_ref(), sealed, self.options())
    }

    fn run(self) -> Result<Finished> {
        let sealed = self.seal()?;
        serve_if_worker(&sealed)?;
        let is_streaming = is_streaming(&sealed);
        let job = start(choose(self.options())?.as_ref(), sealed.clone(), self.options())?;
        stop_on_signal(&job, is_streaming);
        let finished = job.wait()?;
        finished.verify(&sealed)?;
        Ok(finished)
    }
}

fn is_streaming(sealed: &Sealed) -> bool {
    let components = sealed.pipeline.components.as_ref();
    let unbounded = i32::from(purlin_sdk::proto::is_bounded::Enum::Unbounded);
    components.is_some_and(|components| {
        components.pcollections.values().any(|collection| collection.is_bounded == unbounded)
    })
}

/// The options of the command line; in a worker process, those of the job.
///
/// # Errors
/// When the arguments are malformed, or a worker cannot reach its job.
pub fn args() -> Result<PipelineOptions> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    #[cfg(feature = "runner-grpc")]
    if let Some(worker) = purlin_runner_grpc::worker::from_environment(arguments.clone()) {
        return worker.options();
    }
    PipelineOptions::parse(arguments)
}

/// In a worker process: serves the job until it ends, and ends the process.
#[cfg(feature = "runner-grpc")]
fn serve_if_worker(sealed: &Sealed) -> Result<()> {
    if let Some(worker) = purlin_runner_grpc::worker::from_environment(std::env::args().skip(1)) {
        worker.serve(sealed.clone())?;
        std::process::exit(0);
    }
    Ok(())
}

/// In a build without worker processes, this is none.
#[cfg(not(feature = "runner-grpc"))]
#[expect(clippy::unnecessary_wraps, reason = "the other build can fail")]
fn serve_if_worker(_sealed: &Sealed) -> Result<()> {
    Ok(())
}

/// The names of the runners in this build, the most preferred first.
#[must_use]
pub fn runner_names() -> Vec<&'static str> {
    runners().iter().map(|runner| runner.name()).collect()
}

fn runners() -> Vec<Box<dyn Runner>> {
    vec![
        #[cfg(feature = "runner-parallel")]
        Box::new(purlin_runner_parallel::ParallelRunner::default()),
        #[cfg(feature = "runner-grpc")]
        Box::new(purlin_runner_grpc::GrpcRunner::default()),
        #[cfg(feature = "runner-direct")]
        Box::new(purlin_runner_direct::DirectRunner::default()),
    ]
}

/// The runner of this name.
///
/// # Errors
/// When this build does not contain it.
pub fn runner_named(name: &str) -> Result<Box<dyn Runner>> {
    runners().into_iter().find(|runner| runner.name() == name).ok_or_else(|| {
        let help = match name {
            "direct" | "parallel" | "grpc" => format!("build it with `--features runner-{name}`"),
            _ => "the runners are `direct`, `parallel` and `grpc`".to_owned(),
        };
        let names = runner_names().join("`, `");
        Error::Options(format!(
            "this program has no runner `{name}`, only `{names}`\n  help: {help}"
        ))
    })
}

fn choose(options: &PipelineOptions) -> Result<Box<dyn Runner>> {
    if let Some(name) = options.get("runner") {
        return runner_named(name);
    }
    if let Ok(name) = std::env::var("PURLIN_RUNNER") {
        return runner_named(&name);
    }
    let mut all = runners();
    let direct = all.iter().position(|runner| runner.name() == "direct");
    let position = direct.filter(|_| !options.is_from_args()).unwrap_or(0);
    if all.is_empty() {
        return Err(Error::Options(
            "this program contains no runner\n  help: build it with `--features runner-direct`"
                .to_owned(),
        ));
    }
    let runner = all.swap_remove(position);
    tracing::info!(runner = runner.name(), "no runner was asked for");
    Ok(runner)
}

const RUNNER_OPTIONS: &str = "\
Options of the runners:
  --runner=NAME        direct, parallel or grpc, where built in (else PURLIN_RUNNER)
  --seed=N             direct: vary the order of bundles and keys
  --parallelism=N      parallel: worker threads (default: one per core)
  --workers=N          grpc: worker processes (default: one per core)
  --environment=NAME   grpc: process (default) or loopback (threads of this process)
  --help               this text
";

fn help(usage: &str) -> ! {
    let text = format!("{}\n\n{RUNNER_OPTIONS}", usage.trim_end());
    // A closed pipe, as of `--help | head`, is no error.
    let _ = std::io::stdout().write_all(text.as_bytes());
    std::process::exit(0);
}
