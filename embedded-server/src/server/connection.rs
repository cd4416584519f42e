//! One connection until it speaks HTTP: whether it is TLS at all, and the handshake.
//!
//! Source: `apiserver/pkg/server/secure_serving.go`.

use std::net::SocketAddr;

use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::http::{Http, Protocol};
use super::{BoxError, limits};
use crate::authentication::Peer;
use crate::metrics::Metrics;

/// The first byte of a TLS connection: a handshake record.
const TLS: u8 = 0x16;
const NOT_TLS: &[u8] = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";

/// What all connections of a server have in common.
#[derive(Clone)]
pub(super) struct Connections {
    pub(super) acceptor: TlsAcceptor,
    pub(super) http: Http,
    pub(super) metrics: Metrics,
}

impl Connections {
    /// Serves a connection until either side ends it. Once `stop` turns true it ends as soon as the requests under
    /// way are answered.
    pub(super) async fn serve(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        stop: watch::Receiver<bool>,
    ) -> Result<(), BoxError> {
        stream.set_nodelay(true)?;
        let keepalive = TcpKeepalive::new().with_time(limits::TCP_KEEPALIVE);
        SockRef::from(&stream).set_tcp_keepalive(&keepalive.with_interval(limits::TCP_KEEPALIVE))?;
        let secured = tokio::select! {
            biased;
            secured = timeout(limits::HANDSHAKE, self.secure(stream)) => secured,
            () = stopped(stop.clone()) => return Ok(()),
        };
        let secured = secured.map_err(BoxError::from).flatten();
        let stream = secured.inspect_err(|_| self.metrics.certificates().handshake_failed())?;
        let (protocol, peer) = (protocol(&stream), peer(&stream, address));
        self.http.serve(stream, protocol, peer, stop).await
    }

    /// Makes the connection one of TLS, unless the client does not speak it, and was told so.
    async fn secure(&self, stream: TcpStream) -> Result<TlsStream<TcpStream>, BoxError> {
        let mut first = [0];
        let length = stream.peek(&mut first).await?;
        if length == 1 && first[0] != TLS {
            refuse_plain_http(stream).await?;
            return Err("the client does not speak TLS".into());
        }
        Ok(self.acceptor.accept(stream).await?)
    }
}

/// Returns a moment after `stop` has turned true: whoever was about to ask has done so by then.
async fn stopped(mut stop: watch::Receiver<bool>) {
    // Without a sender there is no server that could wait for this connection.
    let _ = stop.wait_for(|stop| *stop).await;
    sleep(limits::LINGER).await;
}

/// Tells a client that does not speak TLS so. What it sent is read, else the answer would be lost with it.
async fn refuse_plain_http(mut stream: TcpStream) -> Result<(), BoxError> {
    stream.write_all(NOT_TLS).await?;
    stream.shutdown().await?;
    let mut rest = stream.take(limits::PLAIN);
    tokio::io::copy(&mut rest, &mut tokio::io::sink()).await?;
    Ok(())
}

fn protocol(stream: &TlsStream<TcpStream>) -> Protocol {
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => Protocol::Http2,
        _ => Protocol::Http1,
    }
}

fn peer(stream: &TlsStream<TcpStream>, address: SocketAddr) -> Peer {
    let certificates = stream.get_ref().1.peer_certificates().unwrap_or_default();
    Peer::new(address, certificates.iter().map(|certificate| certificate.clone().into_owned()).collect())
}
