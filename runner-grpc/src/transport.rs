//! How servers and clients are connected: the one place for sizes, time limits and, one day, TLS.

use std::net::SocketAddr;
use std::time::Duration;

use purlin_proto::pipeline::ApiServiceDescriptor;
use purlin_sdk::{Error, Result};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

/// The largest message with elements or state. Senders refuse what is larger, so that only the
/// bundle fails; a receiver's refusal ends the stream.
pub(crate) const LARGEST_MESSAGE: usize = 256 << 20;
/// The largest message of control streams and of job submission.
pub(crate) const LARGEST_CONTROL: usize = 64 << 20;
/// The largest message that a caller may send before it has shown who it is, and of logs.
pub(crate) const LARGEST_GREETING: usize = 1 << 20;
/// What a message may need beside its payload: ids and lengths.
pub(crate) const MESSAGE_SLACK: usize = 64 << 10;

/// With HTTP/2's own windows of 64 KiB a stream waits for acknowledgements most of the time.
const STREAM_WINDOW: u32 = 16 << 20;
const CONNECTION_WINDOW: u32 = 32 << 20;
/// The most that HTTP/2 allows.
const LARGEST_FRAME: u32 = (1 << 24) - 1;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A listening socket and its address.
pub(crate) fn listen(bind: SocketAddr) -> Result<(TcpIncoming, SocketAddr)> {
    let failed = |error| Error::caused(format!("cannot listen on {bind}"), error);
    let incoming = TcpIncoming::bind(bind).map_err(failed)?.with_nodelay(Some(true));
    let address = incoming.local_addr().map_err(failed)?;
    Ok((incoming, address))
}

/// A server to which services are added. It tolerates keep-alive pings at any rate, as SDKs send
/// them even without calls in flight.
pub(crate) fn server() -> Server {
    Server::builder()
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(LARGEST_FRAME)
}

/// A connection to `HOST:PORT`.
pub(crate) async fn connect(address: &str) -> Result<Channel> {
    let failed = |error| Error::caused(format!("cannot connect to `{address}` by gRPC"), error);
    Endpoint::from_shared(format!("http://{address}"))
        .map_err(failed)?
        .connect_timeout(CONNECT_TIMEOUT)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_frame_size(LARGEST_FRAME)
        .tcp_nodelay(true)
        .connect()
        .await
        .map_err(failed)
}

/// The description of an address in Beam's messages.
pub(crate) fn descriptor(address: &str) -> ApiServiceDescriptor {
    ApiServiceDescriptor { url: address.to_owned(), authentication: None }
}
