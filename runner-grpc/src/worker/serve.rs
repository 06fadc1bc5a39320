//! Opens a worker's streams and keeps them until the runner ends them.

use std::sync::Arc;

use purlin_proto::fn_execution::beam_fn_control_client::BeamFnControlClient;
use purlin_proto::fn_execution::beam_fn_data_client::BeamFnDataClient;
use purlin_proto::fn_execution::beam_fn_logging_client::BeamFnLoggingClient;
use purlin_proto::fn_execution::beam_fn_state_client::BeamFnStateClient;
use purlin_proto::fn_execution::{Elements, StateResponse, log_entry};
use purlin_sdk::exec::FnTable;
use purlin_sdk::{Error, Result};
use tokio::sync::mpsc::{Receiver, channel, unbounded_channel};
use tokio_stream::wrappers::{ReceiverStream, UnboundedReceiverStream};
use tonic::{Status, Streaming};

use super::active::Active;
use super::connection::{Identity, WorkerChannel, connect};
use super::finalizers::Finalizers;
use super::harness::Harness;
use super::inputs::Inputs;
use super::log::{Log, Severity};
use super::processors::Processors;
use super::state::StateClient;
use crate::runtime::{apart, runtime, wait};
use crate::threads::Threads;
use crate::transport::{LARGEST_CONTROL, LARGEST_MESSAGE};

/// Messages that wait to be sent on the data stream, of up to a mebibyte each.
const DATA_WAITING: usize = 8;
const STATE_WAITING: usize = 64;

/// What a worker needs to begin.
pub(crate) struct WorkerConfig {
    /// Its secret id.
    pub(crate) worker_id: String,
    /// Where control, data, state and logging are served: `HOST:PORT`.
    pub(crate) control: String,
    /// Where logs go.
    pub(crate) logging: String,
    /// How many bundles run at a time.
    pub(crate) threads: usize,
    /// Whether the runner understands failures as data.
    pub(crate) is_structured: bool,
}

/// Works for a runner until it closes the control stream.
pub(crate) fn serve(config: &WorkerConfig, table: Arc<FnTable>) -> Result<()> {
    let runtime = runtime()?;
    let threads = Threads::start("bundles", config.threads)?;
    apart(|| runtime.block_on(Worker::connect(config, table))?.run(&threads))
}

/// Sends a runner the reason why a worker cannot begin.
pub(crate) fn refuse(config: &WorkerConfig, reason: &str) -> Result<()> {
    wait(async {
        let channel = connect(&config.logging, Identity::new(&config.worker_id, None)?).await?;
        let (log, entries) = Log::new();
        log.write(Severity::Critical, "", reason.to_owned());
        drop(log);
        // The runner ends the call once it has read all.
        send_log(channel, entries).await;
        Ok(())
    })
}

struct Worker {
    harness: Arc<Harness>,
    control: Streaming<purlin_proto::fn_execution::InstructionRequest>,
}

impl Worker {
    async fn connect(config: &WorkerConfig, table: Arc<FnTable>) -> Result<Self> {
        let identity = Identity::new(&config.worker_id, None)?;
        let channel = connect(&config.control, identity.clone()).await?;
        // Data has a connection of its own, so that a full window of it does not delay control.
        let bulk = connect(&config.control, identity.clone()).await?;
        let logging = connect(&config.logging, identity).await?;
        let (log, entries) = Log::new();
        tokio::spawn(send_log(logging, entries));
        let (responses, answered) = unbounded_channel();
        let (data, outgoing) = channel_of(DATA_WAITING);
        let (requests, asked) = channel_of(STATE_WAITING);
        let mut control = BeamFnControlClient::new(channel.clone())
            .max_decoding_message_size(LARGEST_CONTROL)
            .max_encoding_message_size(LARGEST_CONTROL);
        let harness = Arc::new(Harness {
            processors: Processors::new(table),
            inputs: Inputs::default(),
            data,
            state: Arc::new(StateClient::new(requests)),
            active: Active::default(),
            finalizers: Finalizers::default(),
            log,
            control: control.clone(),
            responses,
            is_structured: config.is_structured,
            runtime: tokio::runtime::Handle::current(),
        });
        // Data and state first: once control is open the runner counts on all of them.
        let incoming = open_data(bulk, outgoing).await?;
        let answers = open_state(channel, asked).await?;
        tokio::spawn(read_data(Arc::clone(&harness), incoming));
        tokio::spawn(read_state(Arc::clone(&harness), answers));
        let opened = control.control(UnboundedReceiverStream::new(answered)).await;
        let control = opened.map_err(|status| refused("control", &status))?.into_inner();
        Ok(Self { harness, control })
    }

    fn run(mut self, threads: &Threads) -> Result<()> {
        let harness = &self.harness;
        harness.log.write(Severity::Info, "", "the worker has started".to_owned());
        let ended = loop {
            match harness.runtime.block_on(self.control.message()) {
                Ok(Some(request)) => harness.instruct(threads, request),
                Ok(None) => break Ok(()),
                Err(status) => break Err(lost(&status)),
            }
        };
        harness.log.write(Severity::Info, "", "the worker stops".to_owned());
        harness.inputs.close();
        harness.state.close();
        // The streams may keep the harness for longer, or the process may end at once.
        harness.processors.close();
        ended
    }
}

fn channel_of<T>(size: usize) -> (tokio::sync::mpsc::Sender<T>, Receiver<T>) {
    channel(size)
}

fn refused(what: &str, status: &Status) -> Error {
    Error::environment(format!("the runner refused the {what} stream: {}", status.message()))
}

fn lost(status: &Status) -> Error {
    Error::environment(format!("the runner broke off: {}", status.message()))
}

async fn open_data(
    channel: WorkerChannel,
    outgoing: Receiver<Elements>,
) -> Result<Streaming<Elements>> {
    let mut client = BeamFnDataClient::new(channel)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    let opened = client.data(ReceiverStream::new(outgoing)).await;
    Ok(opened.map_err(|status| refused("data", &status))?.into_inner())
}

async fn open_state(
    channel: WorkerChannel,
    asked: Receiver<purlin_proto::fn_execution::StateRequest>,
) -> Result<Streaming<StateResponse>> {
    let mut client = BeamFnStateClient::new(channel)
        .max_decoding_message_size(LARGEST_MESSAGE)
        .max_encoding_message_size(LARGEST_MESSAGE);
    let opened = client.state(ReceiverStream::new(asked)).await;
    Ok(opened.map_err(|status| refused("state", &status))?.into_inner())
}

async fn read_data(harness: Arc<Harness>, mut incoming: Streaming<Elements>) {
    while let Ok(Some(elements)) = incoming.message().await {
        harness.inputs.accept(elements).await;
    }
    harness.inputs.close();
}

async fn read_state(harness: Arc<Harness>, mut answers: Streaming<StateResponse>) {
    while let Ok(Some(response)) = answers.message().await {
        harness.state.answered(response);
    }
    harness.state.close();
}

/// A runner without a log is no reason to stop working.
async fn send_log(channel: WorkerChannel, entries: Receiver<log_entry::List>) {
    let mut client = BeamFnLoggingClient::new(channel);
    if let Ok(answer) = client.logging(ReceiverStream::new(entries)).await {
        let mut control = answer.into_inner();
        while let Ok(Some(_)) = control.message().await {}
    }
}
