//! A small HTTP client: one connection at a time, no magic.

use std::convert::Infallible;
use std::future::{Future, IntoFuture};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use embedded_server::authentication::Peer;
use embedded_server::endpoints::Api;
use http::response::Parts;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::combinators::{BoxBody, UnsyncBoxBody};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::{http1, http2};
use hyper::upgrade::Upgraded;
use hyper_util::rt::{TokioExecutor, TokioIo};
use parking_lot::Mutex;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{Answer, Events, Identity, authorities};

/// How long an answer may take before the test fails.
const DEADLINE: Duration = Duration::from_secs(90);

/// More than any watch lasts; under a paused clock that is no time at all.
const LONGEST_WATCH: Duration = Duration::from_secs(2 * 3600);

pub(super) type Incoming = UnsyncBoxBody<Bytes, String>;
pub(crate) type Outgoing = BoxBody<Bytes, Infallible>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http1,
    Http2,
}

/// Somebody who talks to a server.
pub(crate) struct Client {
    way: Way,
}

/// How requests get to the server.
enum Way {
    /// One connection for all requests, made when it is first needed.
    Http2(Door, Mutex<Option<http2::SendRequest<Outgoing>>>),
    /// A connection for each request.
    Http1(Door),
    /// None: the API is asked directly.
    Direct(Arc<Api>, Peer),
}

/// Where and as whom to connect.
struct Door {
    address: SocketAddr,
    /// Whether it is nobody's: the server does not keep the connections of those.
    stranger: bool,
    tls: Arc<ClientConfig>,
}

impl Door {
    fn new(address: SocketAddr, identity: &Identity, protocol: &[u8]) -> Self {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.unwrap().with_root_certificates(authorities());
        let mut tls = match identity.is_nobody() {
            true => config.with_no_client_auth(),
            false => config.with_client_auth_cert(identity.chain(), identity.key()).unwrap(),
        };
        tls.alpn_protocols = vec![protocol.to_vec()];
        Self { address, stranger: identity.is_nobody(), tls: Arc::new(tls) }
    }

    async fn open(&self) -> TokioIo<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let name = ServerName::IpAddress(self.address.ip().into());
        let stream = TlsConnector::from(Arc::clone(&self.tls)).connect(name, stream).await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&*self.tls.alpn_protocols[0]));
        TokioIo::new(stream)
    }
}

impl Client {
    /// Returns a client of the server at `address`.
    pub(crate) fn new(address: SocketAddr, identity: &Identity, protocol: Protocol) -> Self {
        let way = match protocol {
            Protocol::Http1 => Way::Http1(Door::new(address, identity, b"http/1.1")),
            Protocol::Http2 => Way::Http2(Door::new(address, identity, b"h2"), Mutex::default()),
        };
        Self { way }
    }

    /// Returns a client that asks an API directly.
    pub(super) fn without_sockets(api: Arc<Api>, identity: &Identity) -> Self {
        let peer = Peer::new(SocketAddr::from(([127, 0, 0, 1], 1)), identity.chain());
        Self { way: Way::Direct(api, peer) }
    }

    pub(crate) fn call(&self, method: Method, path: impl Into<String>) -> Call<'_> {
        Call::new(self, method, path.into())
    }

    pub(crate) fn get(&self, path: impl Into<String>) -> Call<'_> {
        self.call(Method::GET, path)
    }

    /// Opens a connection to write on by hand.
    pub(crate) async fn raw(&self) -> TlsStream<TcpStream> {
        match &self.way {
            Way::Http2(door, _) | Way::Http1(door) => door.open().await.into_inner(),
            Way::Direct(..) => panic!("there is no connection"),
        }
    }

    /// Ends the connection.
    pub(super) fn hang_up(&self) {
        if let Way::Http2(_, connection) = &self.way {
            connection.lock().take();
        }
    }

    /// Sends a request; an error says that the connection ended.
    pub(crate) async fn send(&self, request: Request<Outgoing>) -> hyper::Result<Response<Incoming>> {
        Ok(match &self.way {
            Way::Http2(door, connection) => {
                let mut sender = Self::connected(door, connection).await;
                let answer =
                    timeout(DEADLINE, sender.send_request(request)).await.expect("an answer in time")?;
                if door.stranger || answer.status() == StatusCode::UNAUTHORIZED {
                    connection.lock().take();
                }
                answer.map(boxed)
            }
            Way::Http1(door) => {
                let (mut sender, connection) = http1::handshake(door.open().await).await?;
                tokio::spawn(connection.with_upgrades());
                let (mut head, body) = request.into_parts();
                head.headers.insert("host", HeaderValue::from_static("127.0.0.1"));
                let request = Request::from_parts(head, body);
                timeout(DEADLINE, sender.send_request(request)).await.expect("an answer in time")?.map(boxed)
            }
            Way::Direct(api, peer) => api
                .handle(peer, request)
                .await
                .map(|body| body.map_err(|never| match never {}).boxed_unsync()),
        })
    }

    async fn connected(
        door: &Door,
        connection: &Mutex<Option<http2::SendRequest<Outgoing>>>,
    ) -> http2::SendRequest<Outgoing> {
        let open = connection.lock().clone().filter(|sender| !sender.is_closed());
        if let Some(sender) = open {
            return sender;
        }
        let (sender, driver) = http2::handshake(TokioExecutor::new(), door.open().await).await.unwrap();
        tokio::spawn(driver);
        connection.lock().replace(sender.clone());
        sender
    }
}

fn boxed(body: hyper::body::Incoming) -> Incoming {
    body.map_err(|error| error.to_string()).boxed_unsync()
}

/// A request that is being written; await it to send it.
pub(crate) struct Call<'c> {
    client: &'c Client,
    request: Request<Outgoing>,
}

impl<'c> Call<'c> {
    fn new(client: &'c Client, method: Method, path: String) -> Self {
        let mut request = Request::new(Full::default().boxed());
        *request.method_mut() = method;
        let authority = "https://127.0.0.1";
        let uri = match client.way {
            Way::Http2(..) => format!("{authority}{path}"),
            _ => path,
        };
        *request.uri_mut() = uri.parse().unwrap_or_else(|error| panic!("{uri}: {error}"));
        Self { client, request }
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name: HeaderName = name.parse().unwrap();
        self.request.headers_mut().append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    pub(crate) fn accept(self, media_types: &str) -> Self {
        self.header("accept", media_types)
    }

    pub(crate) fn content_type(mut self, media_type: &str) -> Self {
        self.request.headers_mut().remove("content-type");
        self.header("content-type", media_type)
    }

    pub(crate) fn json(self, body: impl Into<Value>) -> Self {
        self.content_type("application/json").bytes(body.into().to_string())
    }

    pub(crate) fn yaml(self, body: impl Into<Bytes>) -> Self {
        self.content_type("application/yaml").bytes(body)
    }

    pub(crate) fn bytes(self, body: impl Into<Bytes>) -> Self {
        self.body(Full::new(body.into()).boxed())
    }

    pub(crate) fn body(mut self, body: Outgoing) -> Self {
        *self.request.body_mut() = body;
        self
    }

    /// Sends the request and returns the answer, or none when the connection ended instead.
    pub(crate) async fn attempt(self) -> Option<Answer> {
        let (head, body) = self.client.send(self.request).await.ok()?.into_parts();
        let body = timeout(DEADLINE, body.collect()).await.expect("a whole answer in time").ok()?;
        Some(Answer { status: head.status.as_u16(), headers: head.headers, body: body.to_bytes() })
    }

    /// Sends the request and takes over the connection, which the server has to agree to.
    pub(super) async fn upgraded(self) -> (Parts, Upgraded) {
        let mut response = self.client.send(self.request).await.unwrap();
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let connection =
            timeout(DEADLINE, hyper::upgrade::on(&mut response)).await.expect("in time").unwrap();
        (response.into_parts().0, connection)
    }

    /// Sends the request and follows the answer as a stream of events.
    pub(crate) async fn events(self) -> Events {
        let (head, body) = self.client.send(self.request).await.unwrap().into_parts();
        let patience = if matches!(self.client.way, Way::Direct(..)) { LONGEST_WATCH } else { DEADLINE };
        Events::new(head, body, patience)
    }
}

impl<'c> IntoFuture for Call<'c> {
    type Output = Answer;
    type IntoFuture = Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async { self.attempt().await.expect("an answer") })
    }
}
