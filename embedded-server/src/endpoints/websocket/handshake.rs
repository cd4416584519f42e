//! The handshake of a WebSocket: who asks for one, and what it is answered. Knows nothing of what is sent later.
//!
//! Refusals are those of the library that k8s.io/apiserver uses; they are plain text, where they say anything.
//! Source: `golang.org/x/net/websocket/{hybi,server}.go`, `k8s.io/streaming/pkg/httpstream/wsstream/conn.go`.

use bytes::Bytes;
use http::header::{
    CONNECTION, HeaderName, ORIGIN, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL,
    SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::endpoints::body::Body;
use crate::endpoints::stages::header;

/// The one version of the protocol.
const VERSION: &str = "13";

/// Why a handshake fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    NotWebSocket,
    NoKey,
    OtherVersion,
    NoOrigin,
    ManyProtocols,
}

/// Tells whether a request asks to go on as a WebSocket.
pub(super) fn is_asked_for(headers: &HeaderMap) -> bool {
    let connection = headers.get_all(CONNECTION).iter();
    header(headers, &UPGRADE).eq_ignore_ascii_case("websocket")
        && connection.filter_map(|value| value.to_str().ok()).any(names_upgrade)
}

fn names_upgrade(connection: &str) -> bool {
    connection.to_ascii_lowercase().contains("upgrade")
}

/// Returns the answer to a request for a WebSocket; 101 when there will be one.
pub(super) fn answer(headers: &HeaderMap) -> Response<Body> {
    opening(headers).unwrap_or_else(Refusal::answer)
}

fn opening(headers: &HeaderMap) -> Result<Response<Body>, Refusal> {
    // Of several such headers any could ask, but the first has to.
    if !names_upgrade(header(headers, &CONNECTION)) {
        return Err(Refusal::NotWebSocket);
    }
    let accept = accepted_key(headers)?;
    check_origin(headers)?;
    let protocol = only_protocol(headers)?;
    let mut response = Response::new(Body::Full(Bytes::new()));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let fields = response.headers_mut();
    fields.insert(UPGRADE, HeaderValue::from_static("websocket"));
    fields.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    fields.insert(SEC_WEBSOCKET_ACCEPT, accept);
    fields.extend(protocol.map(|protocol| (SEC_WEBSOCKET_PROTOCOL, protocol)));
    Ok(response)
}

/// Returns what proves to the client that its request was understood.
fn accepted_key(headers: &HeaderMap) -> Result<HeaderValue, Refusal> {
    let value = |name: &HeaderName| headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    let key = value(&SEC_WEBSOCKET_KEY);
    if key.is_empty() {
        return Err(Refusal::NoKey);
    }
    if value(&SEC_WEBSOCKET_VERSION) != VERSION.as_bytes() {
        return Err(Refusal::OtherVersion);
    }
    // Base64 is always a header value.
    HeaderValue::try_from(derive_accept_key(key)).map_err(|_| Refusal::NoKey)
}

/// Checks that the request says which site it comes from. Any will do, but there has to be one.
fn check_origin(headers: &HeaderMap) -> Result<(), Refusal> {
    let origin = header(headers, &ORIGIN);
    match origin.starts_with('/') || origin.split_once(':').is_some_and(|(scheme, _)| is_scheme(scheme)) {
        true => Ok(()),
        false => Err(Refusal::NoOrigin),
    }
}

fn is_scheme(text: &str) -> bool {
    let of_a_scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(of_a_scheme)
}

/// Returns the subprotocol that is asked for. Whatever it is, it is agreed to; between two nobody chooses.
fn only_protocol(headers: &HeaderMap) -> Result<Option<HeaderValue>, Refusal> {
    let protocol = header(headers, &SEC_WEBSOCKET_PROTOCOL).trim();
    match protocol {
        "" => Ok(None),
        _ if protocol.contains(',') => Err(Refusal::ManyProtocols),
        _ => HeaderValue::from_str(protocol).map(Some).map_err(|_| Refusal::ManyProtocols),
    }
}

impl Refusal {
    fn answer(self) -> Response<Body> {
        let mut response = Response::new(Body::Full(Bytes::from_static(self.words().as_bytes())));
        *response.status_mut() = match self {
            Self::NoOrigin => StatusCode::FORBIDDEN,
            _ => StatusCode::BAD_REQUEST,
        };
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        if self == Self::OtherVersion {
            response.headers_mut().insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static(VERSION));
        }
        response
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotWebSocket => "not websocket protocol",
            Self::NoKey => "mismatch challenge/response",
            Self::OtherVersion => "missing or bad WebSocket Version",
            Self::NoOrigin | Self::ManyProtocols => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[(HeaderName, &'static str)]) -> HeaderMap {
        fields.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn both_headers_have_to_ask() {
        let asks = |fields: &[_]| is_asked_for(&headers(fields));
        assert!(asks(&[(UPGRADE, "WebSocket"), (CONNECTION, "keep-alive, Upgrade")]));
        assert!(!asks(&[(UPGRADE, "websocket")]));
        assert!(!asks(&[(CONNECTION, "Upgrade")]));
        assert!(!asks(&[(UPGRADE, "SPDY/3.1"), (CONNECTION, "Upgrade")]));
    }

    #[test]
    fn an_origin_is_an_address() {
        let origin = |text: &'static str| check_origin(&headers(&[(ORIGIN, text)])).is_ok();
        assert!(origin("https://example.com") && origin("file://") && origin("/x") && origin("localhost:80"));
        assert!(!origin("null") && !origin("") && !origin("127.0.0.1:80"));
        assert_eq!(check_origin(&HeaderMap::new()), Err(Refusal::NoOrigin));
    }
}
