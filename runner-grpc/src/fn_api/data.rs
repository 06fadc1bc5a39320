//! Elements to and from workers.

use std::sync::Arc;

use purlin_proto::fn_execution::Elements;
use purlin_proto::fn_execution::beam_fn_data_server::BeamFnData;
use tonic::{Request, Response, Status, Streaming};

use super::control::twice;
use super::worker::Worker;
use super::{Answers, FnApi};

#[tonic::async_trait]
impl BeamFnData for FnApi {
    type DataStream = Answers<Elements>;

    async fn data(
        &self,
        request: Request<Streaming<Elements>>,
    ) -> Result<Response<Self::DataStream>, Status> {
        let worker = self.workers.caller(request.metadata())?;
        let Some(elements) = worker.data.attach() else { return Err(twice("data")) };
        tokio::spawn(read(Arc::clone(&worker), request.into_inner()));
        Ok(Response::new(worker.answers(elements)))
    }
}

/// Always reads on: a bundle that is slow to take its elements must not hold up the others.
async fn read(worker: Arc<Worker>, mut incoming: Streaming<Elements>) {
    loop {
        match incoming.message().await {
            Ok(Some(elements)) => deliver(&worker, elements),
            Ok(None) => return worker.lost("it closed its data stream"),
            Err(status) => {
                return worker.lost(&format!("its data stream broke: {}", status.message()));
            }
        }
    }
}

/// Hands parts of a message to their bundles; those of bundles that have ended are dropped.
fn deliver(worker: &Worker, elements: Elements) {
    for data in elements.data {
        if let Some(bundle) = worker.bundle(&data.instruction_id) {
            bundle.data(&data.transform_id, data.data, data.is_last);
        }
    }
    for timers in elements.timers {
        if let Some(bundle) = worker.bundle(&timers.instruction_id) {
            let family = &timers.timer_family_id;
            bundle.timers(&timers.transform_id, family, timers.timers, timers.is_last);
        }
    }
}
