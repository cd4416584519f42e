//! Watches over a WebSocket.

use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Call, Client, MASTER, Protocol, STRANGER, Setup, TABLE, TestServer, WORKFLOWS, WebSocket, item, workflow,
};

fn client(server: &TestServer) -> Client {
    server.client(&MASTER, Protocol::Http1)
}

async fn open(server: &TestServer, query: &str) -> WebSocket {
    client(server).get(format!("{WORKFLOWS}?watch=true&{query}")).websocket().await
}

#[tokio::test]
async fn each_event_is_a_message_of_its_own() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    let mut socket = open(&server, "").await;
    let header = |name: &str| socket.head.headers[name].to_str().unwrap();
    assert_eq!(header("upgrade"), "websocket");
    assert_eq!(header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert!(!socket.head.headers.contains_key("sec-websocket-protocol"));
    assert_eq!([socket.spelled().await, socket.spelled().await], ["ADDED a", "ADDED b"]);
    let created = server.has(workflow("c")).await;
    let event = socket.event().await;
    assert_eq!((&event["type"], &event["object"]), (&"ADDED".into(), &created));
    server.delete(item("c")).await.expect(200);
    assert_eq!(socket.spelled().await, "DELETED c");
}

#[tokio::test]
async fn events_can_be_tables() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let client = client(&server);
    let mut socket = client.get(format!("{WORKFLOWS}?watch=true")).accept(TABLE).websocket().await;
    let event = socket.event().await;
    assert_eq!(event["object"]["kind"], "Table");
    assert_eq!(event["object"]["rows"][0]["cells"][0], "a");
}

#[tokio::test]
async fn the_end_of_its_time_closes_the_socket() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut socket = open(&server, "timeoutSeconds=1").await;
    assert_eq!(socket.spelled().await, "ADDED a");
    socket.ends().await;
}

#[tokio::test]
async fn an_error_in_the_stream_is_its_last_message() {
    let server = Setup::default().remembering(1).start().await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    let mut socket = open(&server, "resourceVersion=1").await;
    let event = socket.event().await;
    assert_eq!((&event["type"], &event["object"]["code"]), (&"ERROR".into(), &410.into()));
    socket.ends().await;
}

#[tokio::test]
async fn a_client_that_says_goodbye_is_answered_in_kind() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "").await;
    socket.say(Message::Close(None)).await;
    let goodbye = socket.next().await;
    assert!(matches!(goodbye, Some(Ok(Message::Close(_)))), "{goodbye:?}");
    let after = socket.next().await;
    assert!(after.is_none(), "{after:?}");
    server.stop().await;
}

#[tokio::test]
async fn a_server_that_leaves_says_goodbye() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut socket = open(&server, "").await;
    assert_eq!(socket.spelled().await, "ADDED a");
    tokio::join!(server.stop(), socket.ends());
}

#[tokio::test]
async fn a_ping_is_answered_and_nothing_else_is_listened_to() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "").await;
    socket.say(Message::text("hello")).await;
    socket.say(Message::binary(vec![0; 1000])).await;
    socket.say(Message::Ping("there?".into())).await;
    assert_eq!(socket.next().await.unwrap().unwrap(), Message::Pong("there?".into()));
    server.has(workflow("a")).await;
    assert_eq!(socket.spelled().await, "ADDED a");
}

#[tokio::test]
async fn a_client_that_says_too_much_is_left() {
    let server = TestServer::start().await;
    let mut socket = open(&server, "").await;
    socket.say(Message::binary(vec![0; 100 << 10])).await;
    while let Some(Ok(heard)) = socket.next().await {
        assert!(heard.is_close(), "{heard}");
    }
    server.still_answers().await;
}

#[tokio::test]
async fn what_is_refused_is_refused_before_the_connection_changes() {
    let server = TestServer::start().await;
    let stranger = server.client(&STRANGER, Protocol::Http1);
    let watch = format!("{WORKFLOWS}?watch=true");
    stranger.get(&watch).asking_for_a_websocket().await.any_failure(403, "Forbidden");
    let client = client(&server);
    let refused = |query: &str| client.get(format!("{watch}&{query}")).asking_for_a_websocket();
    refused("sendInitialEvents=true").await.any_failure(422, "Invalid");
    refused("labelSelector=(").await.any_failure(400, "BadRequest");
    refused("").accept("application/yaml").await.expect(406);
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_in_plain_text() {
    let server = TestServer::start().await;
    let client = client(&server);
    let asks = |fields: &[(&str, &str)]| -> Call<'_> {
        let call = client.get(format!("{WORKFLOWS}?watch=true")).header("connection", "Upgrade");
        fields
            .iter()
            .fold(call.header("upgrade", "websocket"), |call, (name, value)| call.header(name, value))
    };
    let key = ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
    let (version, other) = (("sec-websocket-version", "13"), ("sec-websocket-version", "8"));
    let (origin, null) = (("origin", "https://example.com"), ("origin", "null"));
    let protocols = ("sec-websocket-protocol", "a, b");
    for (fields, code, words) in [
        (&[version, origin][..], 400, "mismatch challenge/response"),
        (&[key, origin], 400, "missing or bad WebSocket Version"),
        (&[key, other, origin], 400, "missing or bad WebSocket Version"),
        (&[key, version], 403, ""),
        (&[key, version, null], 403, ""),
        (&[key, version, origin, protocols], 400, ""),
    ] {
        let answer = asks(fields).await.expect(code);
        assert_eq!(answer.text(), words, "{fields:?}");
        let told = answer.header("sec-websocket-version");
        assert_eq!(told, if words.ends_with("Version") { "13" } else { "" }, "{fields:?}");
    }
}

#[tokio::test]
async fn whatever_one_subprotocol_is_asked_for_is_agreed_to() {
    let server = TestServer::start().await;
    let client = client(&server);
    let call =
        client.get(format!("{WORKFLOWS}?watch=true")).header("sec-websocket-protocol", "binary.k8s.io");
    assert_eq!(call.websocket().await.head.headers["sec-websocket-protocol"], "binary.k8s.io");
}

#[tokio::test]
async fn only_a_watch_becomes_a_websocket() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let client = client(&server);
    for path in [WORKFLOWS.to_owned(), item("a"), "/apis".to_owned(), "/readyz".to_owned()] {
        let (asked, plain) = (client.get(&path).asking_for_a_websocket().await, client.get(&path).await);
        assert_eq!(asked.expect(200).text(), plain.expect(200).text(), "{path}");
    }
}

#[tokio::test]
async fn over_http_2_a_watch_stays_a_stream() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let mut events = server.get(format!("{WORKFLOWS}?watch=true")).asking_for_a_websocket().events().await;
    assert_eq!(events.head.status, 200);
    assert_eq!(events.spelled().await, "ADDED a@2");
}
