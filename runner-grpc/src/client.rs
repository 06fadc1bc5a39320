//! A program's side of the job service: submits a pipeline and follows it to its end.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

use purlin_proto::jobs::job_message::MessageImportance;
use purlin_proto::jobs::job_messages_response::Response as Event;
use purlin_proto::jobs::job_service_client::JobServiceClient;
use purlin_proto::jobs::job_state::Enum as State;
use purlin_proto::jobs::{
    CancelJobRequest, DrainJobRequest, GetJobMetricsRequest, JobMessagesRequest,
    JobMessagesResponse, PrepareJobRequest, RunJobRequest,
};
use purlin_proto::pipeline::Pipeline;
use purlin_sdk::runner::{Job, JobState, Metrics};
use purlin_sdk::{Error, PipelineOptions, Result};
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Code, Request, Status, Streaming};
use tracing::warn;

use crate::jobs::{is_terminal, metrics_of};
use crate::runtime::{runtime, wait};
use crate::sync::lock;
use crate::transport::{self, LARGEST_CONTROL};
use crate::{RUNNER, failure, job_options};

type Client = JobServiceClient<InterceptedService<Channel, Token>>;

/// Adds the job service's token to each call, and says that failures are understood as data.
#[derive(Clone)]
struct Token(MetadataValue<Ascii>);

impl Interceptor for Token {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        request.metadata_mut().insert(failure::METADATA, MetadataValue::from_static("1"));
        Ok(request)
    }
}

/// A job that was submitted.
pub(crate) struct SubmittedJob {
    client: Client,
    job_id: String,
    progress: Arc<Progress>,
}

struct Progress {
    seen: Mutex<Seen>,
    ended: Condvar,
}

struct Seen {
    state: JobState,
    error: Option<String>,
    /// The last metrics, once the job has ended.
    metrics: Metrics,
    has_ended: bool,
}

impl SubmittedJob {
    /// Prepares and runs a pipeline on the job service at `address`. `keep` lives until the job has
    /// ended, whoever still holds its handle.
    pub(crate) fn submit(
        address: &str,
        token: &str,
        pipeline: Pipeline,
        options: &PipelineOptions,
        keep: impl Send + 'static,
    ) -> Result<Self> {
        let (client, job_id, events) = wait(async {
            let mut client = connect(address, token).await?;
            let (job_id, events) = run(&mut client, pipeline, options).await?;
            Ok((client, job_id, events))
        })?;
        let seen = Seen {
            state: JobState::Running,
            error: None,
            metrics: Metrics::default(),
            has_ended: false,
        };
        let progress = Arc::new(Progress { seen: Mutex::new(seen), ended: Condvar::new() });
        let follower = Follower {
            client: client.clone(),
            job_id: job_id.clone(),
            progress: Arc::clone(&progress),
        };
        runtime()?.spawn(async move {
            follower.follow(events).await;
            drop(keep);
        });
        Ok(Self { client, job_id, progress })
    }
}

async fn connect(address: &str, token: &str) -> Result<Client> {
    let mut bearer = MetadataValue::try_from(format!("Bearer {token}"))
        .map_err(|_| Error::Options("a token must be of visible letters".to_owned()))?;
    bearer.set_sensitive(true);
    let channel = transport::connect(address).await?;
    Ok(JobServiceClient::new(InterceptedService::new(channel, Token(bearer)))
        .max_decoding_message_size(LARGEST_CONTROL)
        .max_encoding_message_size(LARGEST_CONTROL))
}

/// Watches the job before it runs, so that nothing is missed.
async fn run(
    client: &mut Client,
    pipeline: Pipeline,
    options: &PipelineOptions,
) -> Result<(String, Streaming<JobMessagesResponse>)> {
    let name = options.get("job-name").unwrap_or("pipeline").to_owned();
    let prepare = PrepareJobRequest {
        pipeline: Some(pipeline),
        pipeline_options: Some(job_options::to_struct(options)),
        job_name: name,
    };
    let prepared = client.prepare(prepare).await.map_err(|status| refused(&status))?.into_inner();
    let watch = JobMessagesRequest { job_id: prepared.preparation_id.clone() };
    let events = client.get_message_stream(watch).await.map_err(|status| refused(&status))?;
    let run = RunJobRequest { preparation_id: prepared.preparation_id, ..Default::default() };
    let started = client.run(run).await.map_err(|status| refused(&status))?;
    Ok((started.into_inner().job_id, events.into_inner()))
}

fn refused(status: &Status) -> Error {
    let message = status.message();
    let prefix = format!("the {RUNNER} runner does not support ");
    match (status.code(), message.strip_prefix(&prefix)) {
        (Code::Unimplemented, Some(feature)) => {
            Error::Unsupported { runner: RUNNER.to_owned(), feature: feature.to_owned() }
        }
        _ => Error::environment(format!("the job service refused the pipeline: {message}")),
    }
}

/// Notes what a job's message stream says.
struct Follower {
    client: Client,
    job_id: String,
    progress: Arc<Progress>,
}

impl Follower {
    async fn follow(mut self, mut events: Streaming<JobMessagesResponse>) {
        loop {
            match events.message().await {
                Ok(Some(event)) => self.note(event),
                Ok(None) => break,
                Err(status) => {
                    let mut seen = lock(&self.progress.seen);
                    seen.state = JobState::Failed;
                    let lost = format!("the job service was lost: {}", status.message());
                    seen.error.get_or_insert(lost);
                    break;
                }
            }
        }
        let metrics = fetch_metrics(&mut self.client, &self.job_id).await.unwrap_or_default();
        let mut seen = lock(&self.progress.seen);
        seen.metrics = metrics;
        seen.has_ended = true;
        self.progress.ended.notify_all();
    }

    fn note(&self, event: JobMessagesResponse) {
        let mut seen = lock(&self.progress.seen);
        match event.response {
            Some(Event::StateResponse(event)) => {
                if let Some(state) = state_of(event.state()) {
                    seen.state = state;
                }
            }
            Some(Event::MessageResponse(message)) => match message.importance() {
                MessageImportance::JobMessageError => {
                    seen.error.get_or_insert(message.message_text);
                }
                MessageImportance::JobMessageWarning => warn!("{}", message.message_text),
                _ => {}
            },
            None => {}
        }
    }
}

async fn fetch_metrics(client: &mut Client, job_id: &str) -> Option<Metrics> {
    let request = GetJobMetricsRequest { job_id: job_id.to_owned() };
    let answer = client.get_job_metrics(request).await.ok()?.into_inner();
    Some(metrics_of(&answer.metrics.unwrap_or_default()))
}

/// Beam knows states before a job runs and between others, which here are all running.
fn state_of(state: State) -> Option<JobState> {
    Some(match state {
        State::Done | State::Updated => JobState::Done,
        State::Failed => JobState::Failed,
        State::Cancelled => JobState::Cancelled,
        State::Draining => JobState::Draining,
        State::Drained => JobState::Drained,
        other if is_terminal(other) => return None,
        _ => JobState::Running,
    })
}

impl SubmittedJob {
    /// Sends a request whose effect shows in the job's state.
    fn tell(&self, what: &str, result: Result<()>) {
        if let Err(error) = result {
            warn!(job = self.job_id, %error, "the job service did not {what} the job");
        }
    }
}

impl Job for SubmittedJob {
    fn state(&self) -> JobState {
        lock(&self.progress.seen).state
    }

    fn metrics(&self) -> Metrics {
        {
            let seen = lock(&self.progress.seen);
            if seen.has_ended {
                return seen.metrics.clone();
            }
        }
        let mut client = self.client.clone();
        let fetched = wait(async { Ok(fetch_metrics(&mut client, &self.job_id).await) });
        fetched.ok().flatten().unwrap_or_default()
    }

    fn cancel(&self) {
        let mut client = self.client.clone();
        let request = CancelJobRequest { job_id: self.job_id.clone() };
        let told = wait(async move {
            client.cancel(request).await.map(drop).map_err(|status| refused(&status))
        });
        self.tell("cancel", told);
    }

    fn drain(&self) {
        let mut client = self.client.clone();
        let request = DrainJobRequest { job_id: self.job_id.clone() };
        let told = wait(async move {
            client.drain(request).await.map(drop).map_err(|status| refused(&status))
        });
        self.tell("drain", told);
    }

    fn wait(&self) -> Result<JobState> {
        let mut seen = lock(&self.progress.seen);
        while !seen.has_ended {
            seen = self.progress.ended.wait(seen).unwrap_or_else(PoisonError::into_inner);
        }
        match (seen.state, &seen.error) {
            (JobState::Cancelled, _) => Err(Error::Cancelled),
            (JobState::Failed, error) => Err(failed(error.as_deref())),
            (state, _) => Ok(state),
        }
    }
}

fn failed(error: Option<&str>) -> Error {
    let text = error.unwrap_or("the job failed, and its runner did not say why");
    let failure = failure::decode(text);
    match failure.text {
        None => Error::UserFn(failure),
        Some(text) => Error::environment(text),
    }
}
