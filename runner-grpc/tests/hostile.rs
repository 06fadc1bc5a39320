//! Whatever strangers send to the port of a running job, they get an error and the job goes on.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use purlin_proto::fn_execution as api;
use purlin_proto::fn_execution::beam_fn_control_client::BeamFnControlClient;
use purlin_proto::fn_execution::beam_fn_data_client::BeamFnDataClient;
use purlin_proto::fn_execution::beam_fn_logging_client::BeamFnLoggingClient;
use purlin_proto::fn_execution::beam_fn_state_client::BeamFnStateClient;
use purlin_proto::fn_execution::provision_service_client::ProvisionServiceClient;
use purlin_proto::jobs;
use purlin_proto::jobs::job_service_client::JobServiceClient;
use purlin_runner_grpc::GrpcRunner;
use purlin_sdk::runner::JobState;
use purlin_sdk::{Pipeline, PipelineOptions, RunningPipeline};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

/// A job that goes on until it is let go.
struct Target {
    address: SocketAddr,
    token_file: tempfile::TempPath,
    go: Arc<AtomicBool>,
    running: RunningPipeline,
}

/// Counts the panics of all threads.
static PANICS: AtomicUsize = AtomicUsize::new(0);

fn start() -> Target {
    std::panic::set_hook(Box::new(|panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        let _ = writeln!(std::io::stderr(), "{panic}");
    }));
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let token_file = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let mut options = PipelineOptions::default();
    options.set("worker-bind", address.to_string());
    options.set("worker-token-file", token_file.to_str().unwrap());
    options.set("environment", "loopback");
    let p = Pipeline::with_options(options);
    let go = Arc::new(AtomicBool::new(false));
    let gate = Arc::clone(&go);
    let _ = p.create([1i64]).map(move |n| {
        while !gate.load(Ordering::Relaxed) {
            std::thread::sleep(Duration::from_millis(5));
        }
        n
    });
    let running = p.start_with(&GrpcRunner::default()).unwrap();
    Target { address, token_file, go, running }
}

impl Target {
    /// The job goes on as if nothing had happened.
    fn check(self) {
        assert_eq!(self.running.state(), JobState::Running);
        self.go.store(true, Ordering::Relaxed);
        assert_eq!(self.running.wait().unwrap().state, JobState::Done);
        assert_eq!(PANICS.load(Ordering::Relaxed), 0);
    }

    async fn channel(&self) -> Channel {
        let address = format!("http://{}", self.address);
        Channel::from_shared(address).unwrap().connect().await.unwrap()
    }
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn with_worker_id<T>(id: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("worker_id", id.parse().unwrap());
    request
}

fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    request
}

#[test]
fn bytes_that_are_no_grpc_close_their_own_connection_alone() {
    let target = start();
    let mut noise = 0x9e37_79b9_7f4a_7c15u64;
    let mut random = move || {
        noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        noise.to_be_bytes()[0]
    };
    let mut attacks: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"GET / HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
    ];
    for size in [1, 100, 100_000] {
        attacks.push((0..size).map(|_| random()).collect());
        let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
        preface.extend((0..size).map(|_| random()));
        attacks.push(preface);
    }
    for attack in attacks {
        let mut stream = TcpStream::connect(target.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        // The other side may close while this one still writes.
        let _ = stream.write_all(&attack);
        let _ = stream.read_to_end(&mut Vec::new());
    }
    target.check();
}

#[test]
fn the_job_service_answers_nobody_without_its_token() {
    let target = start();
    block_on(async {
        let client = JobServiceClient::new(target.channel().await);
        let without = client.clone().get_jobs(jobs::GetJobsRequest {}).await.unwrap_err();
        assert_eq!(without.code(), Code::Unauthenticated);
        // The token that lets workers join is not that of the job service.
        let joining = std::fs::read_to_string(&target.token_file).unwrap();
        for wrong in ["", "0", &"0".repeat(32), &joining] {
            let list = with_token(wrong, jobs::GetJobsRequest {});
            let cancel = with_token(wrong, jobs::CancelJobRequest { job_id: "job".to_owned() });
            let watch = with_token(wrong, jobs::JobMessagesRequest::default());
            let huge =
                jobs::PrepareJobRequest { job_name: "x".repeat(100 << 20), ..Default::default() };
            let mut client = client.clone();
            let codes = [
                client.get_jobs(list).await.unwrap_err().code(),
                client.cancel(cancel).await.unwrap_err().code(),
                client.get_message_stream(watch).await.unwrap_err().code(),
            ];
            assert_eq!(codes, [Code::PermissionDenied; 3]);
            assert!(client.prepare(with_token(wrong, huge)).await.is_err());
        }
    });
    target.check();
}

async fn streams(channel: &Channel, id: &str) -> Vec<Status> {
    let mut control = BeamFnControlClient::new(channel.clone());
    let descriptor = api::GetProcessBundleDescriptorRequest::default();
    let mut data = BeamFnDataClient::new(channel.clone());
    let mut state = BeamFnStateClient::new(channel.clone());
    let mut logging = BeamFnLoggingClient::new(channel.clone());
    let mut provision = ProvisionServiceClient::new(channel.clone());
    let info = api::GetProvisionInfoRequest {};
    vec![
        control.control(with_worker_id(id, tokio_stream::empty())).await.unwrap_err(),
        control.get_process_bundle_descriptor(with_worker_id(id, descriptor)).await.unwrap_err(),
        data.data(with_worker_id(id, tokio_stream::empty())).await.unwrap_err(),
        state.state(with_worker_id(id, tokio_stream::empty())).await.unwrap_err(),
        logging.logging(with_worker_id(id, tokio_stream::empty())).await.unwrap_err(),
        provision.get_provision_info(with_worker_id(id, info)).await.unwrap_err(),
    ]
}

#[test]
fn workers_that_nobody_knows_are_refused_every_stream() {
    let target = start();
    block_on(async {
        let channel = target.channel().await;
        let chosen = format!("joined-{}", "0".repeat(32));
        for id in ["", "worker-1", "worker-1-00000000000000000000000000000000", &chosen] {
            for status in streams(&channel, id).await {
                assert_eq!(status.code(), Code::PermissionDenied, "{status}");
            }
        }
        let mut control = BeamFnControlClient::new(channel);
        let nameless = control.control(tokio_stream::empty()).await.unwrap_err();
        assert_eq!(nameless.code(), Code::Unauthenticated);
    });
    target.check();
}

/// A worker that joins with the right token and then misbehaves.
async fn join(channel: &Channel, token_file: &Path) -> String {
    let id = format!("joined-{}", "7".repeat(32));
    let token = std::fs::read_to_string(token_file).unwrap();
    let mut request = with_worker_id(&id, api::GetProvisionInfoRequest {});
    request.metadata_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
    ProvisionServiceClient::new(channel.clone()).get_provision_info(request).await.unwrap();
    id
}

/// Waits until the job has begun, so that its token is there and its element is given out.
fn wait_for_token(target: &Target) {
    while std::fs::read_to_string(&target.token_file).is_ok_and(|token| token.len() < 32) {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(300));
}

#[test]
fn an_oversized_message_ends_its_own_stream_alone() {
    let target = start();
    wait_for_token(&target);
    block_on(async {
        let channel = target.channel().await;
        let id = join(&channel, &target.token_file).await;
        let data = vec![0; (256 << 20) + 1].into();
        let elements = api::Elements {
            data: vec![api::elements::Data { data, ..Default::default() }],
            timers: Vec::new(),
        };
        let mut client = BeamFnDataClient::new(channel.clone());
        let sent = with_worker_id(&id, tokio_stream::once(elements));
        let result = match client.data(sent).await {
            Ok(answer) => answer.into_inner().message().await.map(drop),
            Err(status) => Err(status),
        };
        assert!(result.unwrap_err().message().contains("its data stream broke"));
        let entries = vec![api::LogEntry { message: "x".repeat(2 << 20), ..Default::default() }];
        let list = api::log_entry::List { log_entries: entries };
        let sent = with_worker_id(&id, tokio_stream::once(list));
        drop(BeamFnLoggingClient::new(channel).logging(sent).await);
    });
    target.check();
}

#[test]
fn answers_that_nobody_asked_for_and_data_of_no_bundle_are_dropped() {
    let target = start();
    wait_for_token(&target);
    block_on(async {
        let channel = target.channel().await;
        let id = join(&channel, &target.token_file).await;
        let response = api::InstructionResponse {
            instruction_id: "bundle-1".to_owned(),
            ..Default::default()
        };
        let mut control = BeamFnControlClient::new(channel.clone());
        drop(control.control(with_worker_id(&id, tokio_stream::once(response))).await);
        let twice = control.control(with_worker_id(&id, tokio_stream::empty())).await.unwrap_err();
        assert_eq!(twice.code(), Code::AlreadyExists);
        let data = api::elements::Data {
            instruction_id: "bundle-1".to_owned(),
            transform_id: "nowhere".to_owned(),
            data: vec![0xff; 100].into(),
            is_last: true,
        };
        let elements = api::Elements { data: vec![data], timers: Vec::new() };
        let mut client = BeamFnDataClient::new(channel.clone());
        drop(client.data(with_worker_id(&id, tokio_stream::once(elements))).await);
        let request = api::StateRequest { id: "1".to_owned(), ..Default::default() };
        let mut client = BeamFnStateClient::new(channel);
        let sent = with_worker_id(&id, tokio_stream::once(request));
        let answer = client.state(sent).await.unwrap().into_inner().message().await.unwrap();
        assert!(answer.unwrap().error.contains("no bundle"));
    });
    target.check();
}
