//! A watch over a WebSocket, message by message.

use std::time::Duration;

use futures::{SinkExt, StreamExt};
use http::response::Parts;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Call;

/// How long a message may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(90);

/// An open WebSocket.
pub(crate) struct WebSocket {
    pub(crate) head: Parts,
    stream: WebSocketStream<TokioIo<Upgraded>>,
}

impl Call<'_> {
    /// Asks for a WebSocket, with the key of the example in RFC 6455.
    pub(crate) fn asking_for_a_websocket(self) -> Self {
        self.header("connection", "keep-alive, Upgrade")
            .header("upgrade", "websocket")
            .header("origin", "https://127.0.0.1")
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    }

    /// Sends the request, which has to be answered with a WebSocket.
    pub(crate) async fn websocket(self) -> WebSocket {
        let (head, connection) = self.asking_for_a_websocket().upgraded().await;
        let stream = WebSocketStream::from_raw_socket(TokioIo::new(connection), Role::Client, None).await;
        WebSocket { head, stream }
    }
}

impl WebSocket {
    /// Waits for the next message; none when the server has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Result<Message, Error>> {
        timeout(DEADLINE, self.stream.next()).await.expect("something happens")
    }

    /// Waits for a message that is one event, and returns it.
    pub(crate) async fn event(&mut self) -> Value {
        match self.next().await {
            Some(Ok(Message::Text(text))) => {
                assert!(text.ends_with('\n'), "{text}");
                serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
            }
            other => panic!("{other:?} is no event"),
        }
    }

    /// Waits for an event and returns it as `TYPE name`.
    pub(crate) async fn spelled(&mut self) -> String {
        let event = self.event().await;
        let name = event["object"]["metadata"]["name"].as_str().unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap())
    }

    pub(crate) async fn say(&mut self, message: Message) {
        self.stream.send(message).await.unwrap();
    }

    /// Fails unless the server says goodbye now, for no special reason, and then closes the connection.
    pub(crate) async fn ends(&mut self) {
        match self.next().await {
            Some(Ok(Message::Close(Some(frame)))) => {
                assert_eq!((u16::from(frame.code), frame.reason.as_str()), (1000, ""));
            }
            other => panic!("{other:?} is no goodbye"),
        }
        let after = self.next().await;
        assert!(after.is_none(), "{after:?}");
    }
}
