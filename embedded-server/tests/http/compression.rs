//! Large answers are compressed for clients that take it.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::json;

use crate::support::{Answer, MASTER, Protocol, TABLE, TestServer, WORKFLOWS, Workflow, item, workflow};

/// A workflow of about a hundred thousand bytes.
fn large(name: &str) -> Workflow {
    workflow(name).with("/metadata/annotations", json!({"a": "xyz".repeat(35_000)}))
}

async fn with_large() -> TestServer {
    let server = TestServer::start().await;
    for name in ["a", "b", "c", "d"] {
        server.has(large(name)).await;
    }
    server
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    assert_eq!(answer.header("content-encoding"), "gzip");
    assert_eq!(answer.header("vary"), "Accept-Encoding");
    let mut plain = Vec::new();
    GzDecoder::new(&*answer.body).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn a_large_list_is_compressed_in_every_form() {
    let server = with_large().await;
    for protocol in [Protocol::Http1, Protocol::Http2] {
        let client = server.client(&MASTER, protocol);
        let table = format!("{WORKFLOWS}?includeObject=Object");
        for (path, accept) in [
            (WORKFLOWS, "application/json"),
            (WORKFLOWS, "application/yaml"),
            (WORKFLOWS, "application/json;pretty=1"),
            (&table, TABLE),
        ] {
            let plain = client.get(path).accept(accept).await.expect(200);
            assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", ""));
            let packed = client.get(path).accept(accept).header("accept-encoding", "br, gzip").await;
            assert!(packed.body.len() * 10 < plain.body.len(), "{}", packed.body.len());
            assert!(unpacked(&packed) == plain.body, "{path} {accept}");
            assert_eq!(packed.header("content-type"), plain.header("content-type"));
        }
    }
}

#[tokio::test]
async fn what_is_not_large_is_sent_as_it_is() {
    let server = with_large().await;
    for path in [item("a"), format!("{WORKFLOWS}?limit=1"), item("missing"), "/apis".to_owned()] {
        let answer = server.get(&path).header("accept-encoding", "gzip").await;
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), ("", ""), "{path}");
        answer.json();
    }
}

#[tokio::test]
async fn one_large_object_is_compressed_whatever_the_verb() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/metadata/annotations", json!({"a": "xyz".repeat(50_000)}));
    let created = server.post(WORKFLOWS, sent).header("accept-encoding", "gzip").await.expect(201);
    let read = server.get(item("a")).header("accept-encoding", "gzip").await.expect(200);
    assert_eq!(unpacked(&created), unpacked(&read));
}

#[tokio::test]
async fn a_watch_is_never_compressed() {
    let server = with_large().await;
    let path = format!("{WORKFLOWS}?watch=1&resourceVersion=0");
    let mut events = server.get(path).header("accept-encoding", "gzip").events().await;
    assert!(!events.head.headers.contains_key("content-encoding"));
    assert_eq!(events.spelled().await, "ADDED a@2");
}
