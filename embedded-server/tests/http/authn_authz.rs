//! Who asks, and what he may do.

use embedded_server::clock::Clock;
use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    ALL, API_VERSION, FOREIGNER, MASTER, NOBODY, Protocol, STRANGER, TestServer, WORKFLOWS, item, workflow,
};

#[tokio::test]
async fn without_a_certificate_only_health_is_told() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let nobody = server.client(&NOBODY, protocol);
        for path in ["/healthz", "/livez", "/readyz"] {
            assert_eq!(nobody.get(path).await.expect(200).text(), "ok");
        }
        for path in ["/", "/apis", "/version", "/openapi/v2", "/readyz/ping", "/nothing"] {
            let message = format!("forbidden: User \"system:anonymous\" cannot get path \"{path}\"");
            let answer = nobody.get(path).await;
            answer.failure(403, "Forbidden", &message);
            assert_eq!(answer.header("x-content-type-options"), "nosniff");
        }
    }
}

#[tokio::test]
async fn a_refusal_names_what_was_asked_for() {
    let server = TestServer::start().await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let group = "in API group \"workflow.example.com\"";
    let of = "workflows.workflow.example.com";
    for (method, path, what) in [
        (
            "GET",
            ALL.to_owned(),
            format!(
                "{of} is forbidden: User \"stranger\" cannot list resource \"workflows\" {group} at the cluster scope"
            ),
        ),
        (
            "GET",
            WORKFLOWS.to_owned() + "?watch=1",
            format!(
                "{of} is forbidden: User \"stranger\" cannot watch resource \"workflows\" {group} in the namespace \"default\""
            ),
        ),
        (
            "DELETE",
            item("a"),
            format!(
                "{of} \"a\" is forbidden: User \"stranger\" cannot delete resource \"workflows\" {group} in the namespace \"default\""
            ),
        ),
        (
            "PATCH",
            item("a") + "/status",
            format!(
                "{of} \"a\" is forbidden: User \"stranger\" cannot patch resource \"workflows/status\" {group} in the namespace \"default\""
            ),
        ),
    ] {
        let answer = stranger.call(method.parse().unwrap(), path).await;
        answer.failure(403, "Forbidden", &what);
    }
}

#[tokio::test]
async fn nothing_is_told_of_what_exists() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let stranger = server.client(&STRANGER, Protocol::Http2);
    let (there, missing) = (stranger.get(item("a")).await, stranger.get(item("b")).await);
    assert_eq!(there.text().replace("\\\"a\\\"", "\\\"b\\\"").replace(":\"a\"", ":\"b\""), missing.text());
    let other = format!("/apis/{API_VERSION}/namespaces/default/nothing");
    stranger.get(other).await.any_failure(403, "Forbidden");
}

#[tokio::test]
async fn a_refused_write_writes_nothing() {
    let server = TestServer::start().await;
    for identity in [&*STRANGER, &*NOBODY] {
        let client = server.client(identity, Protocol::Http2);
        client.call(Method::POST, WORKFLOWS).json(workflow("a")).await.any_failure(403, "Forbidden");
        client.call(Method::POST, WORKFLOWS).json(json!([])).await.any_failure(403, "Forbidden");
    }
    assert_eq!(server.read(ALL).await["metadata"]["resourceVersion"], "1");
}

#[tokio::test]
async fn a_certificate_of_a_foreign_authority_is_not_believed() {
    let server = TestServer::start().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let foreigner = server.client(&FOREIGNER, protocol);
        for path in [ALL, "/apis", "/readyz"] {
            foreigner.get(path).await.failure(401, "Unauthorized", "Unauthorized");
        }
    }
}

#[tokio::test]
async fn a_certificate_is_believed_as_long_as_it_is_valid() {
    let server = TestServer::start().await;
    server.get(ALL).await.expect(200);
    let years = SignedDuration::from_hours(24 * 365 * 3000);
    server.clock.advance(years);
    assert!(server.clock.now().to_string().starts_with("50"));
    server.get(ALL).await.failure(401, "Unauthorized", "Unauthorized");
}

#[tokio::test]
async fn headers_of_a_front_proxy_are_believed_of_nobody() {
    let server = TestServer::start().await;
    let nobody = server.client(&NOBODY, Protocol::Http2);
    let answer =
        nobody.get(ALL).header("x-remote-user", "admin").header("x-remote-group", "system:masters").await;
    answer.any_failure(403, "Forbidden");
}

#[tokio::test]
async fn plain_http_is_told_so() {
    let server = TestServer::start().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).await.unwrap();
    assert!(text.starts_with("HTTP/1.0 400 Bad Request\r\n"), "{text}");
    assert!(text.ends_with("Client sent an HTTP request to an HTTPS server.\n"), "{text}");
    let client = server.client(&MASTER, Protocol::Http1);
    client.get(ALL).await.expect(200);
}
