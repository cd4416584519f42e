//! Sockets: accepting connections, TLS, HTTP/1.1 and HTTP/2, and an end without broken answers.
//!
//! Knows of the API only that it answers requests.

mod activity;
mod connection;
mod heard;
mod http;
mod limits;
pub mod pem;
mod stack;
mod streams;
#[cfg(test)]
mod tests;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use self::connection::Connections;
use self::http::Http;
use self::stack::Stack;
pub use self::tls::{PolicyError, ServingCertificate, ServingPair, TlsError, TlsPolicy};
use crate::endpoints::Api;

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How long connections may take to finish after they are asked to.
const DRAIN: Duration = Duration::from_secs(60);
/// How long to wait when the machine has no socket left.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);

/// How a server behaves.
#[derive(Clone, Debug)]
pub struct Config {
    /// How long requests are still accepted after the server has said that it is going to leave.
    pub shutdown_delay: Duration,
    /// How many requests may be under way at once over one connection of HTTP/2.
    pub http2_streams: u32,
    /// The chance, from 0 to 1, that an answer over HTTP/2 ends its connection, so that clients spread again over
    /// all servers that there are by now.
    pub goaway_chance: f64,
    /// What is spoken below HTTP.
    pub tls: TlsPolicy,
}

impl Default for Config {
    /// As `k8s.io/apiserver` with its recommended options.
    fn default() -> Self {
        Self {
            shutdown_delay: Duration::ZERO,
            http2_streams: 1000,
            goaway_chance: 0.0,
            tls: TlsPolicy::default(),
        }
    }
}

/// A server that listens but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    config: Config,
}

impl Server {
    /// Listens on `address`; port 0 takes a free one.
    ///
    /// # Errors
    /// When the address cannot be had.
    pub async fn bind(address: SocketAddr, config: Config) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address, config })
    }

    /// Returns the address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is done, then lets those under way finish: `/readyz` fails at once, after
    /// the shutdown delay no connection is accepted and watches end, after another minute what is left is cut.
    pub async fn run(self, api: Arc<Api>, certificate: &ServingCertificate, stop: impl Future<Output = ()>) {
        let serving = self.connections(&api, certificate);
        let mut certificate = certificate.clone();
        let watch_over = |served: &ServingCertificate| {
            api.metrics().certificates().serving(served.current().not_after());
        };
        watch_over(&certificate);
        let (stopping, _) = watch::channel(false);
        let mut connections = JoinSet::new();
        let leaving = async {
            stop.await;
            api.leave();
            sleep(self.config.shutdown_delay).await;
        };
        tokio::pin!(leaving);
        loop {
            tokio::select! {
                biased;
                () = &mut leaving => break,
                Some(_) = connections.join_next() => {}
                () = certificate.changed() => watch_over(&certificate),
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        connections.spawn(serve(serving.clone(), stream, peer, stopping.subscribe()));
                    }
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(OUT_OF_SOCKETS).await;
                    }
                },
            }
        }
        drop(self.listener);
        api.stop_watches();
        stopping.send_replace(true);
        let over = async {
            ended(&mut connections).await;
            api.watches_over().await;
        };
        if timeout(DRAIN, over).await.is_err() {
            tracing::warn!(connections = connections.len(), "some did not finish in time and are cut");
        }
    }

    fn connections(&self, api: &Arc<Api>, certificate: &ServingCertificate) -> Arc<Connections> {
        let stack = Stack::new(Arc::clone(api), self.config.goaway_chance);
        // As long again to take the answer as there was to make it.
        let answer = api.request_timeout().saturating_mul(2);
        let http = Http::new(stack, answer, self.config.http2_streams);
        let acceptor = tls::acceptor(certificate, &self.config.tls);
        Arc::new(Connections { acceptor, http, metrics: api.metrics().clone() })
    }
}

async fn serve(
    connections: Arc<Connections>,
    stream: TcpStream,
    peer: SocketAddr,
    stop: watch::Receiver<bool>,
) {
    if let Err(error) = connections.serve(stream, peer, stop).await {
        tracing::debug!(%peer, %error, "a connection ended early");
    }
}

async fn ended(connections: &mut JoinSet<()>) {
    while connections.join_next().await.is_some() {}
}
