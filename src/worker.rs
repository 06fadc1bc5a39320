//! What a program does in a worker process: it takes the job's options, and serves the job where it
//! would run the pipeline.

#[cfg(feature = "runner-grpc")]
use purlin_runner_grpc::worker::from_environment;
use purlin_sdk::{PipelineOptions, Result, Sealed};

/// The options of the command line; in a worker process, those of the job.
///
/// # Errors
/// When the arguments are malformed, or a worker cannot reach its job.
pub fn args() -> Result<PipelineOptions> {
    #[cfg(feature = "runner-grpc")]
    if let Some(worker) = from_environment(arguments()) {
        return worker.options();
    }
    PipelineOptions::parse(arguments())
}

/// In a worker process: serves the job until it ends, and ends the process.
#[cfg(feature = "runner-grpc")]
pub(crate) fn serve_if_worker(sealed: &Sealed) -> Result<()> {
    if let Some(worker) = from_environment(arguments()) {
        worker.serve(sealed.clone())?;
        std::process::exit(0);
    }
    Ok(())
}

/// In a build without worker processes, this is none.
#[cfg(not(feature = "runner-grpc"))]
#[expect(clippy::unnecessary_wraps, reason = "the other build can fail")]
pub(crate) fn serve_if_worker(_: &Sealed) -> Result<()> {
    Ok(())
}

fn arguments() -> impl Iterator<Item = String> {
    std::env::args().skip(1)
}
