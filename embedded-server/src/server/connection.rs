//! One connection: the TLS handshake, then requests until it ends.
//!
//! Source of the limits: `apiserver/pkg/server/secure_serving.go`.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::Watcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::stack;
use crate::authentication::Peer;
use crate::endpoints::Api;

const HANDSHAKE: Duration = Duration::from_secs(10);
const READ_HEADER: Duration = Duration::from_secs(32);
/// The most that the headers of a request may be together, in bytes.
const MAX_HEADERS: u32 = 1 << 20;
/// The most fields that the headers of a request of HTTP/1.1 may have; 431 is the answer to more.
const MAX_FIELDS: usize = 1000;
/// The largest frame that is taken, in bytes.
const MAX_FRAME: u32 = 256 << 10;
const MAX_STREAMS: u32 = 1000;
const STREAM_WINDOW: u32 = 256 << 10;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How much is read of a client that does not speak TLS, in bytes.
const MAX_PLAIN: u64 = 64 << 10;
/// The first byte of a TLS connection: a handshake record.
const TLS: u8 = 0x16;
const NOT_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Serves a connection until either side ends it.
pub(super) async fn serve(
    stream: TcpStream,
    address: SocketAddr,
    acceptor: TlsAcceptor,
    api: Arc<Api>,
    watcher: Watcher,
) -> Result<(), BoxError> {
    stream.set_nodelay(true)?;
    let mut first = [0];
    let length = timeout(HANDSHAKE, stream.peek(&mut first)).await??;
    if length == 1 && first[0] != TLS {
        return refuse_plain_http(stream).await;
    }
    let stream = timeout(HANDSHAKE, acceptor.accept(stream)).await??;
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let certificates = certificates.iter().map(|certificate| certificate.clone().into_owned()).collect();
    let peer = Arc::new(Peer::new(address, certificates));
    let service = stack::service(api, peer);
    let builder = builder();
    let connection = builder.serve_connection(TokioIo::new(stream), service);
    watcher.watch(connection.into_owned()).await
}

/// Tells a client that does not speak TLS so. What it sent is read, else the answer would be lost with it.
async fn refuse_plain_http(mut stream: TcpStream) -> Result<(), BoxError> {
    stream.write_all(NOT_TLS).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(MAX_PLAIN);
    timeout(HANDSHAKE, tokio::io::copy(&mut rest, &mut tokio::io::sink())).await??;
    Ok(())
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_HEADER)
        .max_buf_size(MAX_HEADERS as usize)
        .max_headers(MAX_FIELDS);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEADERS)
        .max_frame_size(MAX_FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(Some(Duration::from_secs(30)));
    builder
}
