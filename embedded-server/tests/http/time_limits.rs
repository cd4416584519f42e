//! How long requests may take, under a paused clock.

use std::convert::Infallible;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use embedded_server::authorization::{Authorizer, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo};
use futures::stream;
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::time::Instant;

use crate::support::{ALL, MERGE_PATCH, Mood, Moody, Setup, TestServer, WORKFLOWS, item, workflow};

const GAVE_UP: &str =
    "Timeout: request did not complete within requested timeout - context deadline exceeded";
const TOO_LONG: &str = "Timeout: request did not complete within the allotted timeout";

const ALLOTTED: &str = "Timeout: request did not complete within the allotted timeout";

/// A server with the workflow `a` whose store then changes its mood.
async fn with_a_in(mood: Mood) -> (TestServer, Instant) {
    let store = Arc::new(Moody::default());
    let server = Setup::on(store.clone()).without_sockets().await;
    server.has(workflow("a")).await;
    store.feels(mood);
    (server, Instant::now())
}

async fn hanging() -> (TestServer, Instant) {
    with_a_in(Mood::Hangs).await
}

#[tokio::test(start_paused = true)]
async fn one_object_is_waited_for_for_34_seconds_and_a_collection_for_as_long_as_any_request() {
    for (method, path, message, seconds) in [
        (Method::GET, item("a"), GAVE_UP, 34),
        (Method::DELETE, item("a"), GAVE_UP, 34),
        (Method::GET, WORKFLOWS.to_owned(), ALLOTTED, 60),
        (Method::DELETE, WORKFLOWS.to_owned(), ALLOTTED, 60),
    ] {
        let (server, started) = hanging().await;
        server.call(method.clone(), &path).await.failure(504, "Timeout", message);
        assert_eq!(started.elapsed().as_secs(), seconds, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_patch_that_always_loses_is_tried_again_until_its_time_is_over() {
    let (server, started) = with_a_in(Mood::Raced).await;
    let patch = json!({"spec": {"timeout": "1m"}});
    server.patch(item("a"), MERGE_PATCH, patch).await.failure(504, "Timeout", GAVE_UP);
    assert_eq!(started.elapsed().as_secs(), 34);
}

#[tokio::test(start_paused = true)]
async fn a_write_is_given_up_after_34_seconds() {
    let (server, started) = hanging().await;
    server.post(WORKFLOWS, workflow("a")).await.failure(504, "Timeout", GAVE_UP);
    assert_eq!(started.elapsed().as_secs(), 34);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_ask_for_less_time_but_not_for_more() {
    for (asked, seconds, message) in
        [("5s", 5, TOO_LONG), ("1500ms", 1, TOO_LONG), ("10m", 34, GAVE_UP), ("0s", 34, GAVE_UP)]
    {
        let (server, started) = hanging().await;
        let answer = server.post(format!("{WORKFLOWS}?timeout={asked}"), workflow("a")).await;
        let status = answer.failure(504, "Timeout", message);
        assert_eq!(status["details"], json!({}));
        assert_eq!(started.elapsed().as_secs(), seconds, "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_cannot_be_read_is_refused() {
    let server = Setup::default().without_sockets().await;
    let message = "invalid timeout specified in the request URL - time: invalid duration \"soon\"";
    for path in [ALL, "/apis", "/nothing"] {
        server.get(format!("{path}?timeout=soon")).await.failure(400, "BadRequest", message);
    }
    server.post(format!("{WORKFLOWS}?timeout=soon"), workflow("a")).await.any_failure(400, "BadRequest");
    let watch = server.get(format!("{ALL}?watch=1&timeout=soon&timeoutSeconds=1")).events().await;
    assert_eq!(watch.head.status, 200);
}

/// Never comes to a decision.
#[derive(Debug)]
struct Undecided;

#[async_trait]
impl Authorizer for Undecided {
    async fn authorize(&self, _: &UserInfo, _: &Attributes) -> Result<Verdict, Unanswered> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_a_request_waits_for_it_is_answered_within_a_minute() {
    for (query, seconds) in [("", 60), ("?timeout=2m", 60), ("?timeout=7s", 7)] {
        let server = Setup::default().asking(Undecided).without_sockets().await;
        let started = Instant::now();
        server.get(format!("{ALL}{query}")).await.failure(504, "Timeout", TOO_LONG);
        assert_eq!(started.elapsed().as_secs(), seconds, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_never_ends_is_not_waited_for() {
    let server = Setup::default().without_sockets().await;
    let started = Instant::now();
    let frames = stream::pending::<Result<Frame<Bytes>, Infallible>>();
    let body = BodyExt::boxed(StreamBody::new(frames));
    let answer = server.call(Method::POST, WORKFLOWS).content_type("application/json").body(body).await;
    answer.any_failure(504, "Timeout");
    assert!(started.elapsed().as_secs() <= 60);
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_not_there_is_waited_for_three_seconds() {
    let server = Setup::default().without_sockets().await;
    server.has(workflow("a")).await;
    for path in [
        item("a") + "?resourceVersion=9",
        format!("{WORKFLOWS}?resourceVersion=9"),
        format!("{WORKFLOWS}?resourceVersion=9&resourceVersionMatch=Exact"),
    ] {
        let started = Instant::now();
        let answer = server.get(path).await;
        let message = "Timeout: Too large resource version: 9, current: 2";
        let status = answer.failure(504, "Timeout", message);
        let cause = json!({"reason": "ResourceVersionTooLarge", "message": "Too large resource version"});
        assert_eq!(status["details"], json!({"causes": [cause], "retryAfterSeconds": 1}));
        assert_eq!(answer.header("retry-after"), "1");
        assert_eq!(started.elapsed().as_secs(), 3);
    }
}
