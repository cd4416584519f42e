//! What is believed of who stands between the server and its users, and of who only says so.

use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    ALL, Call, Client, FOREIGNER, Identity, NOBODY, OTHER_PROXY, PROXY, Protocol, STRANGER, Setup,
    TestServer, proxies,
};

const BOTH: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

async fn server() -> TestServer {
    Setup::default().believing(proxies()).start().await
}

fn as_admin<'c>(client: &'c Client, path: &str) -> Call<'c> {
    client.get(path).header("x-remote-user", "admin").header("x-remote-group", "system:masters")
}

#[tokio::test]
async fn a_front_proxy_speaks_for_its_users() {
    let server = server().await;
    for protocol in BOTH {
        let proxy = server.client(&PROXY, protocol);
        as_admin(&proxy, ALL).await.expect(200);
        let refused = proxy.get(ALL).header("X-Remote-User", "alice").await.any_failure(403, "Forbidden");
        assert!(refused["message"].as_str().unwrap().contains("User \"alice\" cannot list"), "{refused}");
    }
}

#[tokio::test]
async fn headers_of_anybody_else_are_dropped() {
    let server = server().await;
    for protocol in BOTH {
        let user = async |identity: &Identity| {
            let client = server.client(identity, protocol);
            let refused = as_admin(&client, ALL).await.any_failure(403, "Forbidden");
            refused["message"].as_str().unwrap().to_owned()
        };
        assert!(user(&NOBODY).await.contains("User \"system:anonymous\""));
        assert!(user(&STRANGER).await.contains("User \"stranger\""));
    }
}

#[tokio::test]
async fn who_only_resembles_a_front_proxy_is_refused() {
    let server = server().await;
    for protocol in BOTH {
        for identity in [&*FOREIGNER, &*OTHER_PROXY] {
            let client = server.client(identity, protocol);
            as_admin(&client, ALL).await.failure(401, "Unauthorized", "Unauthorized");
        }
    }
}

#[tokio::test]
async fn a_front_proxy_is_nobody_by_itself() {
    let server = server().await;
    for protocol in BOTH {
        let proxy = server.client(&PROXY, protocol);
        proxy.get(ALL).await.failure(401, "Unauthorized", "Unauthorized");
        let smuggled =
            proxy.get(ALL).header("x_remote_user", "admin").header("x_remote_group", "system:masters");
        smuggled.await.failure(401, "Unauthorized", "Unauthorized");
    }
}

#[tokio::test]
async fn of_two_names_the_first_counts() {
    let server = server().await;
    for protocol in BOTH {
        let proxy = server.client(&PROXY, protocol);
        let answer = proxy.get(ALL).header("x-remote-user", "alice").header("X-REMOTE-USER", "admin").await;
        let refused = answer.any_failure(403, "Forbidden");
        assert!(refused["message"].as_str().unwrap().contains("User \"alice\""), "{refused}");
    }
}

#[tokio::test]
async fn a_line_that_is_folded_is_no_header() {
    let server = server().await;
    let mut stream = server.client(&PROXY, Protocol::Http1).raw().await;
    let request = b"GET /apis HTTP/1.1\r\nHost: x\r\nAccept: a\r\n X-Remote-User: admin\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

#[tokio::test]
async fn what_http2_has_no_form_for_ends_the_request() {
    let server = server().await;
    for (name, answered) in [("x-remote-user", true), (":x-remote-user", false), ("X-Remote-User", false)] {
        let mut stream = server.client(&PROXY, Protocol::Http2).raw().await;
        let fields = [(":method", "GET"), (":scheme", "https"), (":path", ALL), (":authority", "x")];
        let smuggled = [(name, "admin"), ("x-remote-group", "system:masters")];
        stream.write_all(&http2_request(fields.into_iter().chain(smuggled))).await.unwrap();
        assert_eq!(is_answered(&mut stream).await, answered, "{name}");
    }
}

const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

/// A connection's first bytes and a request of literal, unchecked fields.
fn http2_request<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let literal = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    let block: Vec<u8> =
        fields.flat_map(|(name, value)| [vec![0], literal(name), literal(value)].concat()).collect();
    let both_ends = 5;
    let head = frame(HEADERS, both_ends, 1, &block);
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(SETTINGS, 0, 0, &[]), head].concat()
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap();
    [&[0, 0, length, kind, flags, 0, 0, 0, stream], payload].concat()
}

/// Tells whether the request is answered, rather than reset or its connection ended.
async fn is_answered(stream: &mut (impl AsyncReadExt + Unpin)) -> bool {
    let mut head = [0; 9];
    while stream.read_exact(&mut head).await.is_ok() {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        stream.read_exact(&mut payload).await.unwrap();
        if head[5..] != [0; 4] {
            return head[3] == HEADERS;
        }
    }
    false
}

/// Asks once over a connection of its own; returns whether the server ends the connection.
async fn is_sent_away(server: &TestServer, identity: &Identity, path: &str) -> bool {
    let stream = server.client(identity, Protocol::Http2).raw().await;
    let (mut sender, connection) =
        http2::handshake::<_, _, Empty<Bytes>>(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    let mut connection = tokio::spawn(connection);
    let request = Request::get(format!("https://127.0.0.1{path}")).body(Empty::new()).unwrap();
    let answer = sender.send_request(request).await.unwrap();
    assert!(!answer.headers().contains_key("connection"));
    let again = Request::get("https://127.0.0.1/apis").body(Empty::new()).unwrap();
    tokio::select! {
        biased;
        ended = &mut connection => ended.unwrap().is_ok(),
        answer = sender.send_request(again) => { answer.is_err() && connection.await.unwrap().is_ok() }
    }
}

#[tokio::test]
async fn over_http2_strangers_are_asked_to_leave() {
    let server = server().await;
    assert!(is_sent_away(&server, &NOBODY, "/readyz").await);
    assert!(is_sent_away(&server, &FOREIGNER, ALL).await);
    assert!(!is_sent_away(&server, &STRANGER, ALL).await);
}
