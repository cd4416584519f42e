//! Paths, queries, headers and connections that are not what they should be.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{is_sane, with_a};
use crate::support::{ALL, MASTER, MERGE_PATCH, Outgoing, Protocol, TABLE, WORKFLOWS, item, workflow};

#[tokio::test]
async fn odd_paths_are_answered() {
    let server = with_a().await;
    for name in [
        "%2e%2e",
        "..",
        ".",
        "%2F",
        "a%2Fb",
        "..%2F..%2Fa",
        "%00",
        "%zz",
        "%",
        "%ff",
        "a%0d%0aX-Evil:%201",
        "%F0%9F%A6%80",
        "a;b",
        "a:b",
        "a@b",
        "~",
        "'",
        "*",
        "a+b",
        "a%20b",
        &"a".repeat(8000),
    ] {
        for path in [item(name), item(name) + "/status", WORKFLOWS.replace("default", name)] {
            let answer = server.get(&path).await;
            assert!(matches!(answer.status, 200 | 400 | 404), "{path}: {}", answer.text());
            // A name of nothing but `/` is none: that is to delete all.
            is_sane(&server.delete(format!("{path}?dryRun=All")).await);
            is_sane(&server.patch(&path, MERGE_PATCH, json!({})).await);
        }
    }
    for path in [
        "//",
        "///apis//",
        "/apis/",
        "/apis//",
        "/apis/%2e%2e",
        "/.",
        "/..",
        "/openapi/v3/..",
        "/readyz/..",
        "/readyz/%00",
    ] {
        assert!(matches!(server.get(path).await.status, 200 | 404), "{path}");
    }
    assert_eq!(server.read(item("%61")).await["metadata"]["name"], "a");
    server.still_answers().await;
}

#[tokio::test]
async fn absurd_queries_are_answered() {
    let server = with_a().await;
    let long = "x".repeat(20_000);
    let parameters = [
        "limit",
        "continue",
        "resourceVersion",
        "resourceVersionMatch",
        "labelSelector",
        "fieldSelector",
        "timeoutSeconds",
        "timeout",
        "allowWatchBookmarks",
        "sendInitialEvents",
        "pretty",
        "includeObject",
        "dryRun",
        "fieldManager",
        "fieldValidation",
        "propagationPolicy",
        "gracePeriodSeconds",
        "orphanDependents",
    ];
    let values = [
        "",
        "-1",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "1e9",
        "%00",
        "%ff",
        "%",
        "null",
        "()",
        "a+in+(((((",
        "!!!",
        ",,,,",
        "%F0%9F%A6%80",
        &long,
    ];
    for parameter in parameters {
        for value in values {
            for path in [ALL.to_owned(), item("a")] {
                // A version of the future is waited for, which is another test's business.
                if parameter == "resourceVersion" && value.len() > 3 && value.starts_with(['9', '1']) {
                    continue;
                }
                is_sane(&server.get(format!("{path}?{parameter}={value}")).accept(TABLE).await);
            }
            is_sane(&server.delete(format!("{}?dryRun=All&{parameter}={value}", item("a"))).await);
            is_sane(&server.delete(format!("{WORKFLOWS}?dryRun=All&timeout=1s&{parameter}={value}")).await);
        }
    }
    let watch = format!("{ALL}?watch=1&resourceVersion=0&timeoutSeconds=9223372036854775807");
    assert_eq!(server.get(watch).events().await.spelled().await, "ADDED a@2");
    server.still_answers().await;
}

#[tokio::test]
async fn odd_headers_are_answered() {
    let server = with_a().await;
    for (name, value) in [
        ("accept", ";;;,,,;q=,*/*;q=nan"),
        ("accept", "application/json;q=-1"),
        ("accept", "\u{ff}\u{fe}"),
        ("audit-id", &"x".repeat(10_000)),
        ("audit-id", "\u{e9}"),
        ("if-none-match", "\"\"\"\"\""),
        ("user-agent", "\u{1f980}"),
        ("content-type", ";"),
        ("accept", &"application/json,".repeat(5_000)),
    ] {
        for path in [ALL, "/apis", "/openapi/v2", "/readyz"] {
            is_sane(&server.get(path).header(name, value).await);
        }
    }
    server.still_answers().await;
}

#[tokio::test]
async fn floods_of_headers_end_at_most_their_connection() {
    let server = with_a().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        for (count, length) in [(2_000, 10), (40, 50_000)] {
            let client = server.client(&MASTER, protocol);
            let mut call = client.get(ALL);
            for number in 0..count {
                call = call.header(&format!("x-{number}"), &"y".repeat(length));
            }
            if let Some(answer) = call.attempt().await {
                assert!(matches!(answer.status, 200 | 431), "{}", answer.status);
            }
        }
    }
    server.still_answers().await;
}

#[tokio::test]
async fn requests_that_are_given_up_leave_nothing_behind() {
    let server = with_a().await;
    for _ in 0..20 {
        let frames = stream::iter([Ok::<_, Infallible>(Frame::data(Bytes::from_static(b"{\"metadata\"")))]);
        let body: Outgoing = BodyExt::boxed(StreamBody::new(frames.chain(stream::pending())));
        let call = server.call(Method::POST, WORKFLOWS).content_type("application/json").body(body).attempt();
        let given_up = tokio::time::timeout(Duration::from_millis(5), call).await;
        assert!(given_up.is_err());
    }
    server.has(workflow("b")).await;
    server.still_answers().await;
}

#[tokio::test]
async fn connections_that_say_nothing_or_nonsense_disturb_nobody() {
    let server = with_a().await;
    let mut silent = Vec::new();
    for _ in 0..50 {
        silent.push(TcpStream::connect(server.address).await.unwrap());
    }
    let mut nonsense = TcpStream::connect(server.address).await.unwrap();
    nonsense.write_all(&[0x16, 3, 1, 0xff, 0xff, 1, 2, 3]).await.unwrap();
    let mut half = TcpStream::connect(server.address).await.unwrap();
    half.write_all(&[0x16]).await.unwrap();
    half.shutdown().await.unwrap();
    let mut rest = Vec::new();
    half.read_to_end(&mut rest).await.unwrap_or_default();
    server.still_answers().await;
    drop((silent, nonsense));
}
