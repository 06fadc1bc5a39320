//! Answers to workers' requests for state and side inputs.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_state_server::BeamFnState;
use purlin_proto::fn_execution::{StateRequest, StateResponse};
use tokio::sync::mpsc;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};

use super::worker::Worker;
use super::{Answers, FnApi};

/// Answers that wait to be sent.
const WAITING: usize = 64;

#[tonic::async_trait]
impl BeamFnState for FnApi {
    type StateStream = Answers<StateResponse>;

    async fn state(
        &self,
        request: Request<Streaming<StateRequest>>,
    ) -> Result<Response<Self::StateStream>, Status> {
        let worker = self.workers.caller(request.metadata())?;
        let (answers, answered) = mpsc::channel(WAITING);
        tokio::spawn(answer_all(worker, request.into_inner(), answers));
        Ok(Response::new(Box::pin(ReceiverStream::new(answered).map(Ok))))
    }
}

/// Answers in the order of the requests: those about one key must take effect in that order.
async fn answer_all(
    worker: Arc<Worker>,
    mut requests: Streaming<StateRequest>,
    answers: mpsc::Sender<StateResponse>,
) {
    while let Ok(Some(request)) = requests.message().await {
        let mut response = match worker.bundle(&request.instruction_id) {
            Some(bundle) => bundle.state(&request),
            None => StateResponse {
                error: format!("no bundle `{}` is running", request.instruction_id),
                ..Default::default()
            },
        };
        response.id = request.id;
        if answers.send(response).await.is_err() {
            return;
        }
    }
}
