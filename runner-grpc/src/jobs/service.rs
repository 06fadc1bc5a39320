//! The calls of the job service.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};

use purlin_engine::plan::PlanOptions;
use purlin_engine::{JobHandle, plan_for};
use purlin_proto::jobs as api;
use purlin_proto::jobs::job_service_server::JobService;
use purlin_proto::jobs::job_state::Enum as State;
use purlin_sdk::Error;
use purlin_sdk::runner::Job;
use tokio::sync::mpsc;
use tokio_stream::Stream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status};

use super::entry::{JobEntry, Prepared};
use super::log::{JobLog, is_terminal};
use super::metrics;
use super::run::{Surroundings, run};
use crate::sync::lock;
use crate::{RUNNER, failure, secret};

/// Events that wait to be sent to somebody who watches.
const WAITING: usize = 64;

/// All jobs of a server.
pub(super) struct Jobs {
    jobs: Mutex<BTreeMap<String, Arc<JobEntry>>>,
    surroundings: Surroundings,
}

impl Jobs {
    pub(super) fn new(surroundings: Surroundings) -> Self {
        Self { jobs: Mutex::default(), surroundings }
    }

    fn find(&self, id: &str) -> Result<Arc<JobEntry>, Status> {
        let found = lock(&self.jobs).get(id).cloned();
        found.ok_or_else(|| Status::not_found(format!("there is no job `{id}`")))
    }

    fn prepare_job(&self, request: api::PrepareJobRequest) -> Result<String, Status> {
        let pipeline = request.pipeline.unwrap_or_default();
        let plan = plan_for(RUNNER, &pipeline, &PlanOptions::default())
            .map_err(|error| refused(&error))?;
        let (handle, events) = JobHandle::new();
        let random = secret::random().map_err(|error| Status::internal(error.to_string()))?;
        let id = format!("job-{random}");
        let entry = JobEntry {
            id: id.clone(),
            name: request.job_name,
            pipeline,
            options: request.pipeline_options.unwrap_or_default(),
            log: Arc::new(JobLog::new()),
            handle,
            prepared: Mutex::new(Some(Prepared { plan, events })),
        };
        lock(&self.jobs).insert(id.clone(), Arc::new(entry));
        Ok(id)
    }
}

/// The status for a pipeline that cannot be run.
fn refused(error: &Error) -> Status {
    match error {
        Error::Unsupported { .. } => Status::unimplemented(error.to_string()),
        _ => Status::invalid_argument(error.to_string()),
    }
}

type Answers<T> = Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>>;

#[tonic::async_trait]
impl JobService for Jobs {
    async fn prepare(
        &self,
        request: Request<api::PrepareJobRequest>,
    ) -> Result<Response<api::PrepareJobResponse>, Status> {
        let preparation_id = self.prepare_job(request.into_inner())?;
        // Without an endpoint for artifacts, clients stage none.
        Ok(Response::new(api::PrepareJobResponse { preparation_id, ..Default::default() }))
    }

    async fn run(
        &self,
        request: Request<api::RunJobRequest>,
    ) -> Result<Response<api::RunJobResponse>, Status> {
        let job = self.find(&request.into_inner().preparation_id)?;
        let Some(prepared) = lock(&job.prepared).take() else {
            return Err(Status::failed_precondition(format!("job `{}` was run before", job.id)));
        };
        run(&job, prepared, &self.surroundings)
            .map_err(|error| Status::internal(error.to_string()))?;
        Ok(Response::new(api::RunJobResponse { job_id: job.id.clone() }))
    }

    async fn get_jobs(
        &self,
        _request: Request<api::GetJobsRequest>,
    ) -> Result<Response<api::GetJobsResponse>, Status> {
        let jobs = lock(&self.jobs);
        let info = |job: &Arc<JobEntry>| api::JobInfo {
            job_id: job.id.clone(),
            job_name: job.name.clone(),
            pipeline_options: Some(job.options.clone()),
            state: job.log.state().state,
        };
        Ok(Response::new(api::GetJobsResponse { job_info: jobs.values().map(info).collect() }))
    }

    async fn get_state(
        &self,
        request: Request<api::GetJobStateRequest>,
    ) -> Result<Response<api::JobStateEvent>, Status> {
        Ok(Response::new(self.find(&request.into_inner().job_id)?.log.state()))
    }

    async fn get_pipeline(
        &self,
        request: Request<api::GetJobPipelineRequest>,
    ) -> Result<Response<api::GetJobPipelineResponse>, Status> {
        let pipeline = Some(self.find(&request.into_inner().job_id)?.pipeline.clone());
        Ok(Response::new(api::GetJobPipelineResponse { pipeline }))
    }

    /// Cancels a job; one that has ended stays as it is.
    async fn cancel(
        &self,
        request: Request<api::CancelJobRequest>,
    ) -> Result<Response<api::CancelJobResponse>, Status> {
        let job = self.find(&request.into_inner().job_id)?;
        let mut state = job.log.state().state();
        if lock(&job.prepared).take().is_some() {
            // It was never run, so there is nobody else to end it.
            state = job.log.enter(State::Cancelled);
        } else if !is_terminal(state) {
            state = job.log.enter(State::Cancelling);
            job.handle.cancel();
        }
        Ok(Response::new(api::CancelJobResponse { state: state.into() }))
    }

    /// Drains a job: it stops reading and finishes what it has read.
    async fn drain(
        &self,
        request: Request<api::DrainJobRequest>,
    ) -> Result<Response<api::DrainJobResponse>, Status> {
        let job = self.find(&request.into_inner().job_id)?;
        if lock(&job.prepared).is_some() {
            return Err(Status::failed_precondition(format!("job `{}` does not run", job.id)));
        }
        let mut state = job.log.state().state();
        if !is_terminal(state) && state != State::Cancelling {
            state = job.log.enter(State::Draining);
            job.handle.drain();
        }
        Ok(Response::new(api::DrainJobResponse { state: state.into() }))
    }

    type GetStateStreamStream = Answers<api::JobStateEvent>;

    async fn get_state_stream(
        &self,
        request: Request<api::GetJobStateRequest>,
    ) -> Result<Response<Self::GetStateStreamStream>, Status> {
        let mut watch = self.find(&request.into_inner().job_id)?.log.watch(false);
        let (events, answers) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            while let Some(state) = watch.next_state().await {
                if events.send(Ok(state)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    type GetMessageStreamStream = Answers<api::JobMessagesResponse>;

    async fn get_message_stream(
        &self,
        request: Request<api::JobMessagesRequest>,
    ) -> Result<Response<Self::GetMessageStreamStream>, Status> {
        let is_structured = request.metadata().contains_key(failure::METADATA);
        let mut watch = self.find(&request.into_inner().job_id)?.log.watch(is_structured);
        let (events, answers) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            while let Some(event) = watch.next().await {
                let event = api::JobMessagesResponse { response: Some(event) };
                if events.send(Ok(event)).await.is_err() {
                    return;
                }
            }
        });
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }

    async fn get_job_metrics(
        &self,
        request: Request<api::GetJobMetricsRequest>,
    ) -> Result<Response<api::GetJobMetricsResponse>, Status> {
        let job = self.find(&request.into_inner().job_id)?;
        let metrics = Some(metrics::to_results(&job.handle.metrics()));
        Ok(Response::new(api::GetJobMetricsResponse { metrics }))
    }

    /// Options are described by the programs that have them.
    async fn describe_pipeline_options(
        &self,
        _request: Request<api::DescribePipelineOptionsRequest>,
    ) -> Result<Response<api::DescribePipelineOptionsResponse>, Status> {
        Ok(Response::new(api::DescribePipelineOptionsResponse::default()))
    }
}
