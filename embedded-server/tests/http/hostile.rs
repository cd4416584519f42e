//! What nobody sends who means well. The server answers it, or ends the connection where HTTP itself is broken, and
//! goes on.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::Method;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{
    ALL, Answer, JSON_PATCH, MASTER, MERGE_PATCH, Outgoing, Protocol, TABLE, TestServer, WORKFLOWS, item,
    workflow,
};

const LIMIT: usize = 3 << 20;

async fn with_a() -> TestServer {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server
}

/// Fails for an answer that says that the server broke.
#[track_caller]
fn is_sane(answer: &Answer) {
    let text = answer.text();
    let known =
        text.contains("invalid resource version") || text.contains("resourceVersion should not be set");
    assert!(answer.status != 500 || known, "{text}");
}

/// Sends a body in every way in which bodies are read.
async fn everywhere(server: &TestServer, body: &Bytes) -> Vec<Answer> {
    let mut answers = Vec::new();
    for (method, path, kind) in [
        (Method::POST, WORKFLOWS.to_owned(), "application/json"),
        (Method::POST, WORKFLOWS.to_owned(), "application/yaml"),
        (Method::PUT, item("a"), "application/json"),
        (Method::PUT, item("a") + "/status", "application/yaml"),
        (Method::PATCH, item("a"), JSON_PATCH),
        (Method::PATCH, item("a"), MERGE_PATCH),
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

/// Every field of a workflow.
const FIELDS: &[&str] = &[
    "/apiVersion",
    "/kind",
    "/metadata",
    "/metadata/name",
    "/metadata/namespace",
    "/metadata/generateName",
    "/metadata/uid",
    "/metadata/resourceVersion",
    "/metadata/generation",
    "/metadata/creationTimestamp",
    "/metadata/deletionTimestamp",
    "/metadata/deletionGracePeriodSeconds",
    "/metadata/labels",
    "/metadata/annotations",
    "/metadata/finalizers",
    "/metadata/ownerReferences",
    "/metadata/managedFields",
    "/metadata/selfLink",
    "/spec",
    "/spec/steps",
    "/spec/schedule",
    "/spec/timeout",
    "/status",
    "/status/phase",
    "/status/startTime",
    "/status/completionTime",
    "/status/message",
];

fn of_every_type() -> Vec<Value> {
    let big = "x".repeat(1000);
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1.5),
        json!(1e300),
        json!(""),
        json!("x"),
        json!(big),
        json!("\u{0}"),
        json!([]),
        json!([null]),
        json!([[]]),
        json!([{}]),
        json!(["x"]),
        json!({}),
        json!({"": ""}),
        json!({"a": null}),
        json!({"a": {"b": []}}),
    ]
}

#[tokio::test]
async fn values_of_every_type_in_every_field_are_answered() {
    let server = with_a().await;
    for field in FIELDS {
        for value in of_every_type() {
            let sent = workflow("b").with("/status", json!({})).with(field, value.clone());
            let created = server.post(WORKFLOWS, sent.clone()).await;
            is_sane(&created);
            if created.status == 201 {
                let name = created.json()["metadata"]["name"].as_str().unwrap().to_owned();
                server.get(WORKFLOWS).accept(TABLE).await.expect(200);
                server.delete(item(&name)).json(json!({"propagationPolicy": "Background"})).await.expect(200);
            }
            is_sane(&server.put(item("a"), sent).await);
            let operation = json!([{"op": "replace", "path": field, "value": value}]);
            is_sane(&server.patch(item("a"), JSON_PATCH, operation).await);
        }
    }
    server.still_answers().await;
}

#[tokio::test]
async fn a_patch_that_copies_without_bound_is_too_large() {
    let server = with_a().await;
    let mut operations = vec![json!({"op": "add", "path": "/x", "value": ["x".repeat(1000)]})];
    operations.extend((0..30).map(|_| json!({"op": "copy", "from": "/x", "path": "/x/0"})));
    let answer = server.patch(item("a"), JSON_PATCH, operations).await;
    answer.failure(413, "RequestEntityTooLarge", "Request entity too large: limit is 3145728");
    server.still_answers().await;
}

#[tokio::test]
async fn a_patch_that_digs_without_bound_is_refused() {
    let server = with_a().await;
    let nest = |depth: usize| (0..depth).fold(json!({}), |inner, _| json!({"a": inner}));
    let path = |depth: usize| "/a".repeat(depth);
    let step = 20;
    let adds = (0..2_000).map(|n| json!({"op": "add", "path": path(n * step + 1), "value": nest(step - 1)}));
    let first = json!({"op": "add", "path": "/a", "value": nest(1)});
    let copies = std::iter::once(first.clone())
        .chain((0..20).map(|n| json!({"op": "copy", "from": "/a", "path": path(1 + (1 << n))})));
    let moves = std::iter::once(first).chain((0..5_000).flat_map(|_| {
        let build = json!({"op": "add", "path": "/b", "value": {}});
        let dig = json!({"op": "move", "from": "/a", "path": "/b/a"});
        [build, dig, json!({"op": "move", "from": "/b", "path": "/a"})]
    }));
    for operations in [adds.take(50).collect::<Vec<_>>(), copies.collect(), moves.take(9_999).collect()] {
        let answer = server.patch(item("a"), JSON_PATCH, operations).await;
        answer.any_failure(422, "Invalid");
    }
    server.still_answers().await;
}

#[tokio::test]
async fn pointers_that_point_nowhere_are_refused() {
    let server = with_a().await;
    for path in [
        "",
        "a",
        "/spec/steps/01",
        "/spec/steps/-1",
        "/spec/steps/99999999999999999999",
        "/~2",
        "/spec/steps/-/x",
    ] {
        for operation in ["add", "remove", "replace", "move", "copy", "test"] {
            let patch = json!([{"op": operation, "path": path, "from": path, "value": 1}]);
            let answer = server.patch(item("a"), JSON_PATCH, patch).await;
            is_sane(&answer);
            assert!(
                answer.status >= 400 || matches!(operation, "move" | "copy"),
                "{operation} {path}: {}",
                answer.text()
            );
        }
    }
}

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
            assert!(matches!(answer.status, 200 | 404), "{path}: {}", answer.text());
            is_sane(&server.delete(&path).await);
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
    assert_eq!(server.get(watch).events().await.spelled().await, "ADDED a@1");
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

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let token = prop_oneof![
        proptest::sample::select(vec![
            "{",
            "}",
            "[",
            "]",
            ":",
            ",",
            "\"",
            "\\u0000",
            "null",
            "true",
            "1e9",
            "metadata",
            "\"metadata\":",
            "\"name\":",
            "\"a\"",
            "spec",
            "\"spec\":",
            "\"op\":\"add\"",
            "\"path\":\"/spec\"",
            "\"value\":",
            "- ",
            "&a ",
            "*a",
            "\n",
            " ",
            "!!x ",
            "<<: ",
            "---\n",
            "\u{feff}",
            "~",
            "|",
            ">",
            "%",
            "#",
        ])
        .prop_map(|text| text.as_bytes().to_vec()),
        proptest::collection::vec(any::<u8>(), 0..4),
    ];
    proptest::collection::vec(token, 0..24).prop_map(|tokens| tokens.concat())
}

/// Text that can stand in the target of a request.
fn target() -> impl Strategy<Value = String> {
    let token = prop_oneof![
        proptest::sample::select(vec![
            "/",
            "//",
            "..",
            "%",
            "%2F",
            "%00",
            "%ff",
            "apis",
            "workflow.example.com",
            "v1alpha1",
            "namespaces",
            "default",
            "workflows",
            "a",
            "status",
            "watch",
            "openapi",
            "v3",
            "readyz",
            "=",
            "&",
            ",",
            "limit",
            "continue",
            "in",
            "(",
            ")",
            "!",
            "labelSelector",
            "fieldSelector",
            "metadata.name",
            "resourceVersionMatch",
            "Exact",
            "0",
            "-1",
        ])
        .prop_map(str::to_owned),
        "[!$'*+.:;@A-Za-z0-9_~-]{1,4}",
    ];
    proptest::collection::vec(token, 0..10).prop_map(|tokens| tokens.concat())
}

#[test]
fn arbitrary_requests_are_answered_and_break_nothing() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let server = runtime.block_on(with_a());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig {
        cases: 150,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let checked = runner.run(&(bytes(), target(), target()), |(body, path, query)| {
        runtime.block_on(async {
            everywhere(&server, &body.into()).await;
            for (method, path) in [
                (Method::GET, format!("/{path}?{query}")),
                (Method::GET, format!("{ALL}?timeoutSeconds=1&{query}")),
                (Method::GET, format!("{WORKFLOWS}/{path}?{query}")),
                (Method::DELETE, format!("{WORKFLOWS}/{path}?dryRun=All&{query}")),
            ] {
                // A watch is answered too, but does not end before its second is over.
                if !query.contains("watch") {
                    is_sane(&server.call(method, path).await);
                }
            }
        });
        Ok(())
    });
    checked.unwrap();
    runtime.block_on(server.still_answers());
}
