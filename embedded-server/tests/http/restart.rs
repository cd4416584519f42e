//! What a client keeps of a server that was started anew.

use std::path::Path;
use std::sync::Arc;

use embedded_server::storage::{Backend, Sled, SledOptions};
use serde_json::json;

use crate::support::{Setup, TestServer, WORKFLOWS, item, workflow};

async fn stopped(server: TestServer, store: Arc<Sled>) {
    server.stop().await;
    store.close().await;
}

fn open(path: &Path) -> Arc<Sled> {
    Arc::new(Sled::open(path, SledOptions::default()).unwrap())
}

#[tokio::test]
async fn a_watch_goes_on_from_the_version_of_the_last_list() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = open(&path);
    let server = Setup::on(store.clone()).start().await;
    server.has(workflow("a")).await;
    server.has(workflow("b")).await;
    let list = server.read(WORKFLOWS).await;
    server.delete(item("a")).await.expect(200);
    stopped(server, store).await;
    let server = Setup::on(open(&path)).start().await;
    let version = list["metadata"]["resourceVersion"].as_str().unwrap();
    let mut events = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion={version}")).events().await;
    assert_eq!(events.spelled().await, "DELETED a@4");
    server.has(workflow("c")).await;
    assert_eq!(events.spelled().await, "ADDED c@5");
}

#[tokio::test]
async fn a_watch_from_before_what_is_remembered_has_expired() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("store");
    let store = open(&path);
    let server = Setup::on(store.clone()).start().await;
    for name in ["a", "b", "c", "d"] {
        server.has(workflow(name)).await;
    }
    stopped(server, store).await;
    let server = Setup::on(open(&path)).remembering(2).start().await;
    let mut events = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=2")).events().await;
    let status = events.expect("ERROR").await;
    assert_eq!((&status["code"], &status["reason"]), (&json!(410), &json!("Expired")));
    assert_eq!(status["message"], "too old resource version: 2 (3)");
    assert!(events.next().await.is_none());
    let mut current = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=5")).events().await;
    server.has(workflow("e")).await;
    assert_eq!(current.spelled().await, "ADDED e@6");
}
