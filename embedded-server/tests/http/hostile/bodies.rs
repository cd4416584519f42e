//! Bodies that are too large, too deep, or no text at all.

use std::convert::Infallible;

use bytes::Bytes;
use futures::stream;
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::{Value, json};

use super::{is_sane, with_a};
use crate::support::{
    ALL, Answer, JSON_PATCH, MASTER, MERGE_PATCH, Outgoing, Protocol, TestServer, WORKFLOWS, item, workflow,
};

const LIMIT: usize = 3 << 20;

/// Sends a body in every way in which bodies are read.
pub(super) async fn everywhere(server: &TestServer, body: &Bytes) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (method, path, kind) in [
        (Method::POST, WORKFLOWS.to_owned(), "application/json"),
        (Method::POST, WORKFLOWS.to_owned(), "application/yaml"),
        (Method::PUT, item("a"), "application/json"),
        (Method::PUT, item("a") + "/status", "application/yaml"),
        (Method::PATCH, item("a"), JSON_PATCH),
        (Method::PATCH, item("a"), MERGE_PATCH),
        (Method::PATCH, item("a"), "application/strategic-merge-patch+json"),
        (Method::DELETE, item("missing"), "application/json"),
        (Method::DELETE, item("missing"), "application/yaml"),
    ] {
        let answer = server.call(method, path).content_type(kind).bytes(body.clone()).await;
        is_sane(&answer);
        answers.push(answer);
    }
    answers
}

async fn refused_everywhere(body: impl Into<Bytes>) {
    let server = with_a().await;
    let before = server.read(ALL).await;
    for answer in everywhere(&server, &body.into()).await {
        assert!((400..500).contains(&answer.status), "{}", answer.text());
        assert_eq!(answer.json()["kind"], "Status");
    }
    assert_eq!(server.read(ALL).await, before);
    server.still_answers().await;
}

#[tokio::test]
async fn a_body_of_one_byte_too_many_is_too_large() {
    let server = with_a().await;
    let message = "Request entity too large: limit is 3145728";
    for answer in everywhere(&server, &Bytes::from(vec![b' '; LIMIT + 1])).await {
        answer.failure(413, "RequestEntityTooLarge", message);
    }
    let old = server.client(&MASTER, Protocol::Http1);
    let call = old.call(Method::POST, WORKFLOWS).json(json!({})).bytes(vec![b' '; LIMIT + 1]);
    call.await.failure(413, "RequestEntityTooLarge", message);
    server.still_answers().await;
}

#[tokio::test]
async fn a_body_of_just_the_limit_is_read() {
    let server = with_a().await;
    let body = Value::from(workflow("b")).to_string();
    let body = format!("{body}{}", " ".repeat(LIMIT - body.len()));
    server.post(WORKFLOWS, json!({})).bytes(body).await.expect(201);
}

#[tokio::test]
async fn a_body_without_end_is_cut() {
    let server = with_a().await;
    let frames = stream::repeat_with(|| Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b'['; 64 << 10]))));
    let body: Outgoing = BodyExt::boxed(StreamBody::new(frames));
    let answer = server.call(Method::POST, WORKFLOWS).json(json!({})).body(body).attempt().await;
    assert!(answer.is_none_or(|answer| answer.status == 413));
    server.still_answers().await;
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    for opening in ["[", "{\"a\":", "- ", "{a: ", "[{\"a\":", "{\"spec\":{\"steps\":["] {
        refused_everywhere(opening.repeat(100_000)).await;
    }
    refused_everywhere("[".repeat(100_000) + &"]".repeat(100_000)).await;
}

#[tokio::test]
async fn aliases_that_multiply_are_refused() {
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x]\n");
    for level in 1..20 {
        bomb += &format!("a{level}: &a{level} [{}]\n", vec![format!("*a{}", level - 1); 9].join(", "));
    }
    refused_everywhere(bomb).await;
    let wide = format!("a: &a \"{}\"\nb: [{}]\n", "x".repeat(100_000), vec!["*a"; 100_000].join(", "));
    refused_everywhere(wide).await;
    refused_everywhere("&a [*a]").await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    for bytes in
        [&b"\xff\xfe"[..], b"\0", b"{\0}", b"\xef\xbb\xbf", b"{\"metadata\":\xff}", b"\x1f\x8b\x08\0"]
    {
        refused_everywhere(Bytes::from_static(bytes)).await;
    }
}

#[tokio::test]
async fn bad_text_in_names_is_refused_and_in_values_replaced() {
    let server = with_a().await;
    let body = b"{\"metadata\":{\"name\":\"b\xff\"}}";
    server.post(WORKFLOWS, json!({})).bytes(&body[..]).await.any_failure(422, "Invalid");
    for name in ["a\u{0}b", "a\nb", "a\u{202e}b", "\u{0}", " ", "a/../b", "%2e%2e"] {
        server.post(WORKFLOWS, workflow(name)).await.any_failure(422, "Invalid");
    }
    let body = b"{\"metadata\":{\"name\":\"b\",\"annotations\":{\"x\":\"\xff\\u0000\"}}}";
    let stored = server.post(WORKFLOWS, json!({})).bytes(&body[..]).await.expect(201).json();
    assert_eq!(stored["metadata"]["annotations"]["x"], "\u{fffd}\u{0}");
    assert_eq!(server.read(item("b")).await, stored);
    server.get(item("b")).accept("application/yaml").await.expect(200);
}

#[tokio::test]
async fn lone_surrogates_and_huge_numbers_are_refused() {
    for body in [r#"{"metadata":{"name":"\ud800"}}"#, r#"{"spec":1e999}"#, "{\"spec\":-}", "{\"a\":01}"] {
        refused_everywhere(body).await;
    }
}
