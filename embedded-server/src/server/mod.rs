//! Sockets: accepting connections, TLS, HTTP/1.1 and HTTP/2, and an end without broken answers.
//!
//! Knows of the API only that it answers requests.

mod connection;
pub mod pem;
mod stack;
mod tls;

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

pub use self::tls::{ServingCertificate, TlsError};
use crate::endpoints::Api;

/// How long connections may take to finish after they are asked to.
const DRAIN: Duration = Duration::from_secs(60);
/// How long to wait when the machine has no socket left.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(100);

/// How a server behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct Config {
    /// How long requests are still accepted after the server has said that it is going to leave.
    pub shutdown_delay: Duration,
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
        let acceptor = certificate.acceptor();
        let graceful = GracefulShutdown::new();
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
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, peer)) => serve(stream, peer, &acceptor, &api, &graceful),
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(OUT_OF_SOCKETS).await;
                    }
                },
            }
        }
        drop(self.listener);
        api.stop_watches();
        if timeout(DRAIN, graceful.shutdown()).await.is_err() {
            tracing::warn!("some connections did not finish in time and are cut");
        }
    }
}

/// Serves a connection in a task of its own.
fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    acceptor: &TlsAcceptor,
    api: &Arc<Api>,
    graceful: &GracefulShutdown,
) {
    let (acceptor, api, watcher) = (acceptor.clone(), Arc::clone(api), graceful.watcher());
    tokio::spawn(async move {
        if let Err(error) = connection::serve(stream, peer, acceptor, api, watcher).await {
            tracing::debug!(%peer, %error, "a connection ended early");
        }
    });
}
