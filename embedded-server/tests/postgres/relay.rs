//! A network between a store and its server that fails when it is told to.

use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What the client sends to commit, and what the server says when it has.
const COMMIT: &[u8] = b"COMMIT\0";

/// How the network is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Weather {
    /// Everything passes.
    Fair,
    /// Nothing passes, and nobody is told.
    Silent,
    /// All connections are cut.
    Broken,
    /// The connection with the next commit is cut before the commit arrives.
    LosesCommit,
    /// The connection with the next commit is cut when the server has answered it; then the network is broken.
    LosesAnswer,
}

/// Takes connections and passes them on.
pub(crate) struct Relay {
    port: u16,
    weather: Arc<watch::Sender<Weather>>,
    task: JoinHandle<()>,
}

impl Relay {
    /// Leads to `port`.
    pub(crate) async fn to(port: u16) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let weather = Arc::new(watch::Sender::new(Weather::Fair));
        let task = tokio::spawn(serve(listener, port, Arc::clone(&weather)));
        Self { port: own, weather, task }
    }

    /// Returns `url` with the relay in place of `port`.
    pub(crate) fn through(&self, url: &str, port: u16) -> String {
        url.replace(&format!(":{port}/"), &format!(":{}/", self.port))
    }

    pub(crate) fn set(&self, weather: Weather) {
        self.weather.send_replace(weather);
    }

    /// Waits until the network is as somebody else has made it.
    pub(crate) async fn becomes(&self, weather: Weather) {
        self.weather.subscribe().wait_for(|now| *now == weather).await.unwrap();
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(listener: TcpListener, port: u16, weather: Arc<watch::Sender<Weather>>) {
    loop {
        let (client, _) = listener.accept().await.unwrap();
        tokio::spawn(connect(client, port, Arc::clone(&weather)));
    }
}

async fn connect(client: TcpStream, port: u16, weather: Arc<watch::Sender<Weather>>) {
    let mut now = weather.subscribe();
    if *now.borrow() == Weather::Broken {
        return;
    }
    let Ok(server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    let answered = Arc::new(watch::Sender::new(false));
    let up = pass(from_client, to_server, Arc::clone(&weather), Arc::clone(&answered), true);
    let down = pass(from_server, to_client, Arc::clone(&weather), answered, false);
    tokio::select! {
        () = up => {}
        () = down => {}
        _ = now.wait_for(|now| *now == Weather::Broken) => {}
    }
}

/// Passes bytes on as the weather lets; returns when the connection is to be cut. `committing` says that the
/// answer to a commit is on its way.
async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    weather: Arc<watch::Sender<Weather>>,
    committing: Arc<watch::Sender<bool>>,
    upwards: bool,
) {
    let mut bytes = BytesMut::new();
    while from.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        let _ = weather.subscribe().wait_for(|now| *now != Weather::Silent).await;
        let commits = bytes.windows(COMMIT.len()).any(|window| window == COMMIT);
        let now = *weather.borrow();
        match (now, upwards) {
            (Weather::LosesCommit, true) if commits => {
                weather.send_replace(Weather::Fair);
                return;
            }
            (Weather::LosesAnswer, true) if commits => {
                committing.send_replace(true);
            }
            (Weather::LosesAnswer, false) if *committing.borrow() => {
                if commits {
                    weather.send_replace(Weather::Broken);
                    return;
                }
                // Kept back: it is not before the answer to the commit.
                continue;
            }
            _ => {}
        }
        if to.write_all_buf(&mut bytes).await.is_err() {
            return;
        }
    }
}
