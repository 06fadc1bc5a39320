//! The runners of this build, and which of them runs a pipeline.

use purlin_sdk::runner::Runner;
use purlin_sdk::{Error, PipelineOptions, Result};

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

/// The runner that these options choose, or the environment, or else the build.
pub(crate) fn chosen(options: &PipelineOptions) -> Result<Box<dyn Runner>> {
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
