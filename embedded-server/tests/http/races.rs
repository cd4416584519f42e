//! Writers that meet.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{JSON_PATCH, MERGE_PATCH, TestServer, WORKFLOWS, Workflow, item, workflow};

#[tokio::test]
async fn of_equal_creates_one_succeeds() {
    let server = TestServer::start().await;
    let answers =
        join_all((0..20).map(|_| async { server.post(WORKFLOWS, workflow("a")).await.status })).await;
    assert_eq!(answers.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 19);
}

#[tokio::test]
async fn of_updates_of_one_version_one_succeeds() {
    let server = TestServer::start().await;
    let stored = Workflow::from(server.has(workflow("a")).await);
    let update = |number: u32| {
        let sent = stored.clone().with("/spec/timeout", format!("{}m", number + 1));
        async { server.put(item("a"), sent).await.status }
    };
    let answers = join_all((0..20).map(update)).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 409).count(), 19);
}

#[tokio::test]
async fn patches_without_a_version_all_succeed() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let label = |number: u32| {
        let patch = json!({"metadata": {"labels": {format!("l{number}"): "x"}}});
        async { server.patch(item("a"), MERGE_PATCH, patch).await.expect(200) }
    };
    join_all((0..20).map(label)).await;
    let labels = server.read(item("a")).await["metadata"]["labels"].take();
    assert_eq!(labels.as_object().unwrap().len(), 20);
}

#[tokio::test]
async fn of_patches_that_test_what_they_change_one_succeeds() {
    let server = TestServer::start().await;
    server.has(workflow("a").with("/spec/timeout", "1m")).await;
    let patch = |number: u32| {
        let patch = json!([
            {"op": "test", "path": "/spec/timeout", "value": "1m"},
            {"op": "replace", "path": "/spec/timeout", "value": format!("{}m", number + 2)},
        ]);
        async { server.patch(item("a"), JSON_PATCH, patch).await.status }
    };
    let answers = join_all((0..20).map(patch)).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 422).count(), 19);
}

#[tokio::test]
async fn of_deletes_one_finds_the_object() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let answers = join_all((0..20).map(|_| async { server.delete(item("a")).await.status })).await;
    assert_eq!(answers.iter().filter(|status| **status == 200).count(), 1);
    assert_eq!(answers.iter().filter(|status| **status == 404).count(), 19);
}

#[tokio::test]
async fn a_watcher_sees_all_that_concurrent_writers_do_in_order() {
    let server = TestServer::start().await;
    let mut watch = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=0")).events().await;
    join_all((0..50).map(|number| server.has(workflow(&format!("w{number}"))))).await;
    for revision in 2..=51 {
        let object: Value = watch.expect("ADDED").await;
        assert_eq!(object["metadata"]["resourceVersion"], revision.to_string());
    }
}
