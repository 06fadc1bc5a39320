//! How a program finds out that it is a worker, and becomes one.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use purlin_proto::fn_execution::ProvisionInfo;
use purlin_sdk::{Error, PipelineOptions, Result, Sealed};

use super::connection::Identity;
use super::serve::{WorkerConfig, refuse, serve};
use super::{parent, provision};
use crate::runtime::wait;
use crate::{job_options, secret};

/// The environment variable with the secret id that the parent gave this worker.
pub(crate) const ID_VARIABLE: &str = "PURLIN_WORKER_ID";
/// The environment variable with the address of the runner.
pub(crate) const ENDPOINT_VARIABLE: &str = "PURLIN_WORKER_ENDPOINT";
/// How ids begin that workers choose themselves.
pub(crate) const JOINED: &str = "joined-";

/// A process that is to be a worker of a running job.
///
/// A worker is the same program started again: it runs `main`, rebuilds the pipeline, and where
/// the program would run it, [serves](Self::serve) the job instead.
#[derive(Clone)]
pub struct WorkerSetup(Arc<Setup>);

struct Setup {
    endpoint: String,
    origin: Origin,
    joined_id: OnceLock<String>,
    info: OnceLock<ProvisionInfo>,
}

/// Who started the worker.
enum Origin {
    /// The runner, which chose its id.
    Parent { id: String },
    /// A person, who gave it the file with the job's token.
    Hand { token_file: Option<PathBuf> },
}

/// Whether this process is a worker: its parent said so by environment variables, or a person by
/// `--worker=HOST:PORT --token-file=FILE` among the arguments.
///
/// May be called any number of times. From the first call on, a worker that its parent started
/// ends with the parent.
pub fn from_environment(arguments: impl IntoIterator<Item = String>) -> Option<WorkerSetup> {
    static SETUP: OnceLock<Option<WorkerSetup>> = OnceLock::new();
    let setup = SETUP.get_or_init(|| from_parent().or_else(|| by_hand(arguments)));
    setup.clone()
}

fn from_parent() -> Option<WorkerSetup> {
    let id = std::env::var(ID_VARIABLE).ok()?;
    let endpoint = std::env::var(ENDPOINT_VARIABLE).ok()?;
    parent::watch();
    Some(WorkerSetup::new(endpoint, Origin::Parent { id }))
}

fn by_hand(arguments: impl IntoIterator<Item = String>) -> Option<WorkerSetup> {
    let (mut endpoint, mut token_file) = (None, None);
    let mut arguments = arguments.into_iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        match name.as_str() {
            "--worker" => endpoint = value.or_else(|| arguments.next()),
            "--token-file" => token_file = value.or_else(|| arguments.next()).map(PathBuf::from),
            _ => {}
        }
    }
    Some(WorkerSetup::new(endpoint?, Origin::Hand { token_file }))
}

impl WorkerSetup {
    fn new(endpoint: String, origin: Origin) -> Self {
        let (joined_id, info) = (OnceLock::new(), OnceLock::new());
        Self(Arc::new(Setup { endpoint, origin, joined_id, info }))
    }

    /// The options of the job, as the program that submitted it had them.
    ///
    /// # Errors
    /// When the runner cannot be reached, or does not accept this worker.
    pub fn options(&self) -> Result<PipelineOptions> {
        let info = self.0.info()?;
        let options = info.pipeline_options.as_ref().map(job_options::from_struct);
        Ok(options.unwrap_or_default().for_worker())
    }

    /// Works for the job until it ends.
    ///
    /// # Errors
    /// When the pipeline that was rebuilt here is not the job's, which the job is told as well;
    /// and when the runner is lost.
    #[expect(clippy::needless_pass_by_value, reason = "a worker has no further use for it")]
    pub fn serve(&self, sealed: Sealed) -> Result<()> {
        let info = self.0.info()?;
        let config = self.0.config(info)?;
        if let Some(job) = info.metadata.get(provision::FINGERPRINT)
            && let Some(mistake) = mismatch(&sealed.fingerprint(), job)
        {
            refuse(&config, &mistake)?;
            return Err(Error::environment(mistake));
        }
        serve(&config, Arc::clone(&sealed.table))
    }
}

/// What to say about a pipeline that was rebuilt as another.
fn mismatch(rebuilt: &str, job: &str) -> Option<String> {
    let short = |hash: &str| hash.chars().take(8).collect::<String>();
    (rebuilt != job).then(|| {
        format!(
            "this worker rebuilt pipeline {}…, the job is {}…: graph construction must not depend \
             on time, randomness or the environment",
            short(rebuilt),
            short(job)
        )
    })
}

impl Setup {
    fn info(&self) -> Result<&ProvisionInfo> {
        if let Some(info) = self.info.get() {
            return Ok(info);
        }
        let identity = Identity::new(self.id()?, self.token()?.as_deref())?;
        let info = wait(provision::fetch(&self.endpoint, identity))?;
        Ok(self.info.get_or_init(|| info))
    }

    fn config(&self, info: &ProvisionInfo) -> Result<WorkerConfig> {
        Ok(provision::config(self.id()?, &self.endpoint, info))
    }

    fn id(&self) -> Result<&str> {
        match &self.origin {
            Origin::Parent { id } => Ok(id),
            Origin::Hand { .. } => {
                if let Some(id) = self.joined_id.get() {
                    return Ok(id);
                }
                let id = format!("{JOINED}{}", secret::random()?);
                Ok(self.joined_id.get_or_init(|| id))
            }
        }
    }

    fn token(&self) -> Result<Option<String>> {
        let Origin::Hand { token_file } = &self.origin else { return Ok(None) };
        let Some(file) = token_file else {
            return Err(Error::Options(
                "option `--worker` needs the job's token\n  help: add `--token-file=FILE` with \
                 the file that the job wrote for `--worker-token-file`"
                    .to_owned(),
            ));
        };
        let token = std::fs::read_to_string(file).map_err(|error| {
            Error::caused(format!("the token file `{}` cannot be read", file.display()), error)
        })?;
        Ok(Some(token.trim().to_owned()))
    }
}
