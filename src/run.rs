//! Runs a pipeline.

use purlin_sdk::runner::start;
use purlin_sdk::{Finished, Pipeline, PipelineOptions, Result, RunningPipeline, Sealed};

use crate::choice::chosen;
use crate::help;
use crate::signals::stop_on_signal;
use crate::worker::{args, serve_if_worker};

/// Runs pipelines on the runner that options and features choose.
///
/// `--runner=NAME` chooses, else the variable `PURLIN_RUNNER`, else the first of parallel, grpc and
/// direct that this build contains. A pipeline made by [`Pipeline::new`], without arguments, runs
/// on direct where it is built in.
pub trait Run: Sized {
    /// An empty pipeline with the options of the command line, but with the option `help` it prints
    /// the runners' options and exits. In a worker process: with those of the job.
    ///
    /// # Errors
    /// When the arguments are malformed.
    fn from_args() -> Result<Self>;

    /// [`Run::from_args`], but `--help` prints `usage` before the runners' options.
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
    /// When the pipeline has mistakes, needs what the runner lacks, or cannot be started; and for
    /// an option of the command line that the program has not looked up and no runner knows.
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
        Self::from_args_or_help("Options of the program: see its documentation.")
    }

    fn from_args_or_help(usage: &str) -> Result<Self> {
        Ok(Self::with_options_or_help(args()?, usage))
    }

    fn with_options_or_help(options: PipelineOptions, usage: &str) -> Self {
        if options.is_set("help") {
            help::print_and_exit(usage);
        }
        Self::with_options(options)
    }

    fn start(self) -> Result<RunningPipeline> {
        launch(&self.seal()?, self.options())
    }

    fn run(self) -> Result<Finished> {
        let sealed = self.seal()?;
        let job = launch(&sealed, self.options())?;
        stop_on_signal(&job, sealed.is_streaming());
        let finished = job.wait()?;
        finished.verify(&sealed)?;
        Ok(finished)
    }
}

/// Starts a pipeline on the chosen runner; in a worker process it does not return.
fn launch(sealed: &Sealed, options: &PipelineOptions) -> Result<RunningPipeline> {
    serve_if_worker(sealed)?;
    options.check_known(&help::RUNNER_OPTIONS.map(|option| option.name))?;
    start(chosen(options)?.as_ref(), sealed.clone(), options)
}
