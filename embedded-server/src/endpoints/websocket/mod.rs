//! Watches over a WebSocket: each event is a text message of its own. What the client says is not listened to,
//! except that it may ask whether somebody is there, and say goodbye.
//!
//! Source: `HandleWS` of `apiserver/pkg/endpoints/handlers/watch.go`.

mod handshake;

use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, Stream, StreamExt};
use http::{HeaderMap, Response, StatusCode};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::body::Body;

/// The largest message that is read of a client, in bytes. None of them matters.
const LARGEST: usize = 64 << 10;
/// How much is read at a time, in bytes.
const READ: usize = 4 << 10;
/// How long a client may take to make room for an event.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long both sides may take to say goodbye.
const PARTING: Duration = Duration::from_secs(5);

type Socket = WebSocketStream<TokioIo<Upgraded>>;

/// A request that asks to go on as a WebSocket, and the connection it came on.
#[derive(Debug)]
pub(super) struct Upgrade {
    headers: HeaderMap,
    connection: OnUpgrade,
}

impl Upgrade {
    /// Returns what a request with `headers` asks for, on a connection that can be taken over.
    pub(super) fn asked_for(headers: &HeaderMap, connection: Option<OnUpgrade>) -> Option<Self> {
        let connection = connection.filter(|_| handshake::is_asked_for(headers))?;
        Some(Self { headers: headers.clone(), connection })
    }

    /// Answers the request, and sends `lines` on the connection if the answer lets it go on. Keeps `pass` until
    /// the client has been told of the end.
    pub(super) fn answer<P: Send + 'static>(
        self,
        lines: impl Stream<Item = Bytes> + Send + 'static,
        pass: P,
    ) -> Response<Body> {
        let answer = handshake::answer(&self.headers);
        if answer.status() == StatusCode::SWITCHING_PROTOCOLS {
            tokio::spawn(async move {
                if let Err(error) = serve(self.connection, lines).await {
                    tracing::debug!(%error, "a watch over a WebSocket ended early");
                }
                drop(pass);
            });
        }
        answer
    }
}

async fn serve(connection: OnUpgrade, lines: impl Stream<Item = Bytes>) -> Result<(), Error> {
    let upgraded = connection.await.map_err(std::io::Error::other)?;
    let config = WebSocketConfig::default()
        .max_message_size(Some(LARGEST))
        .max_frame_size(Some(LARGEST))
        .read_buffer_size(READ);
    let stream = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await;
    let sent = send(&mut socket, lines).await;
    in_time(PARTING, part(&mut socket)).await?;
    sent
}

/// Sends `lines` until there are no more or the client has had enough.
async fn send(socket: &mut Socket, lines: impl Stream<Item = Bytes>) -> Result<(), Error> {
    let mut lines = pin!(lines);
    loop {
        tokio::select! {
            line = lines.next() => {
                let Some(line) = line else { return Ok(()) };
                let text = Utf8Bytes::try_from(line).map_err(|error| Error::Utf8(error.to_string()))?;
                in_time(PATIENCE, socket.send(Message::Text(text))).await?;
            }
            // Reading is what answers a ping.
            heard = socket.next() => match heard.transpose()? {
                Some(Message::Close(_)) | None => return Ok(()),
                Some(_) => {}
            },
        }
    }
}

/// Says goodbye, and waits until the client has done so, too.
async fn part(socket: &mut Socket) -> Result<(), Error> {
    let goodbye = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
    match socket.close(Some(goodbye)).await {
        // The latter when the client was first: reading on is what answers it.
        Ok(()) | Err(Error::Protocol(ProtocolError::SendAfterClosing)) => {}
        Err(error) => return Err(error),
    }
    while let Some(heard) = socket.next().await {
        heard?;
    }
    Ok(socket.get_mut().shutdown().await?)
}

async fn in_time(limit: Duration, step: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    timeout(limit, step).await.unwrap_or_else(|_| Err(Error::Io(std::io::ErrorKind::TimedOut.into())))
}
