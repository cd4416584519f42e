//! How connections end, under a paused clock and without sockets.

mod http1;
mod http2;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ::http::HeaderName;
use async_trait::async_trait;
use tokio::io::DuplexStream;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

use super::http::{Http, Protocol};
use super::stack::Stack;
use crate::authentication::{Authenticator, Credentials, Peer, Rejected, Union};
use crate::authorization::AlwaysAllowPaths;
use crate::endpoints::Builder;
use crate::meta::UserInfo;

/// How long a request and its answer may take in these tests.
const ANSWER: Duration = Duration::from_secs(120);

/// A connection, seen from its client.
struct Connection {
    io: DuplexStream,
    server: JoinHandle<Result<(), super::BoxError>>,
    stop: watch::Sender<bool>,
    opened: Instant,
}

/// Connects to a server that lets `buffer` bytes be under way, and draws GOAWAY with a chance.
fn connect(protocol: Protocol, buffer: usize, goaway_chance: f64) -> Connection {
    let anybody = Arc::new(AlwaysAllowPaths::new(vec!["*".to_owned()]).unwrap());
    let api = Builder::new(Union::new(vec![Arc::new(Somebody)]), anybody).build("127.0.0.1:1");
    let http = Http::new(Stack::new(Arc::new(api), goaway_chance), ANSWER, 100);
    let (io, other) = tokio::io::duplex(buffer);
    let (stop, stopped) = watch::channel(false);
    let peer = Peer::new(SocketAddr::from(([127, 0, 0, 1], 1)), Vec::new());
    let server = tokio::spawn(async move { http.serve(other, protocol, peer, stopped).await });
    Connection { io, server, stop, opened: Instant::now() }
}

/// Knows everybody: strangers are sent away over HTTP/2.
#[derive(Debug)]
struct Somebody;

#[async_trait]
impl Authenticator for Somebody {
    async fn authenticate(&self, _: Credentials<'_>) -> Result<Option<Arc<UserInfo>>, Rejected> {
        Ok(Some(Arc::new(UserInfo { name: "somebody".to_owned(), ..UserInfo::default() })))
    }

    fn reads(&self, _: &HeaderName) -> bool {
        false
    }
}

impl Connection {
    /// Waits until the server is done with the connection, and returns after how many seconds it was.
    async fn ended(self) -> u64 {
        // The client goes on to hold its end.
        let Self { io: _io, server, opened, .. } = self;
        let ended = timeout(Duration::from_secs(3600), server).await.expect("an end");
        let _ = ended.expect("no panic");
        opened.elapsed().as_secs()
    }
}
