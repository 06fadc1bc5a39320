//! What workers have to say, handed to this process's log.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_logging_server::BeamFnLogging;
use purlin_proto::fn_execution::log_entry::severity::Enum as Severity;
use purlin_proto::fn_execution::{LogControl, LogEntry, log_entry};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Request, Response, Status, Streaming};
use tracing::{debug, error, info, warn};

use super::worker::{Worker, WorkerStatus};
use super::{Answers, FnApi};

#[tonic::async_trait]
impl BeamFnLogging for FnApi {
    type LoggingStream = Answers<LogControl>;

    async fn logging(
        &self,
        request: Request<Streaming<log_entry::List>>,
    ) -> Result<Response<Self::LoggingStream>, Status> {
        let worker = self.workers.caller(request.metadata())?;
        // Nothing is ever sent on it; it ends once all entries were read.
        let (open, answers) = mpsc::channel(1);
        tokio::spawn(read(worker, request.into_inner(), open));
        Ok(Response::new(Box::pin(ReceiverStream::new(answers))))
    }
}

async fn read(
    worker: Arc<Worker>,
    mut lists: Streaming<log_entry::List>,
    open: mpsc::Sender<Result<LogControl, Status>>,
) {
    while let Ok(Some(list)) = lists.message().await {
        list.log_entries.iter().for_each(|entry| note(&worker, entry));
    }
    drop(open);
}

fn note(worker: &Worker, entry: &LogEntry) {
    let (label, instruction) = (&worker.label, &entry.instruction_id);
    match entry.severity() {
        Severity::Critical if *worker.status().borrow() == WorkerStatus::Starting => {
            // A worker that cannot begin has no other way to say why.
            worker.lost(&entry.message);
        }
        Severity::Critical | Severity::Error => {
            error!(worker = label, instruction, "{}", entry.message);
        }
        Severity::Warn | Severity::Notice => {
            warn!(worker = label, instruction, "{}", entry.message);
        }
        Severity::Info => info!(worker = label, instruction, "{}", entry.message),
        _ => debug!(worker = label, instruction, "{}", entry.message),
    }
}
