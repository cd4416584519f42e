//! What the garbage collector, the namespace controller and the quota controller do with objects.

use serde_json::{Value, json};

use crate::support::{
    ALL, MERGE_PATCH, METADATA, METADATA_LIST, TestServer, WORKFLOWS, Workflow, item, workflow,
};

/// As the metadata client accepts answers: protobuf, which is not served, first.
fn accept(json: &str) -> String {
    let protobuf = json.replace("application/json", "application/vnd.kubernetes.protobuf");
    format!("{protobuf},{json},application/json")
}

fn owner(uid: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "name": uid, "uid": uid, "blockOwnerDeletion": true})
}

#[tokio::test]
async fn metadata_is_listed_and_followed_as_informers_do() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let query =
        "watch=true&allowWatchBookmarks=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan";
    let mut events = server.get(format!("{ALL}?{query}")).accept(&accept(METADATA)).events().await;
    let added = events.expect("ADDED").await;
    assert_eq!((&added["kind"], &added["metadata"]), (&json!("PartialObjectMetadata"), &stored["metadata"]));
    let mark = events.expect("BOOKMARK").await;
    assert_eq!(mark["metadata"]["annotations"]["k8s.io/initial-events-end"], "true");
    let list = server.get(format!("{ALL}?limit=500")).accept(&accept(METADATA_LIST)).await.expect(200);
    assert_eq!(list.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_garbage_collector_deletes_only_what_it_has_seen() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let metadata = &stored["metadata"];
    let delete = |uid: &Value, version: &Value| {
        let preconditions = json!({"uid": uid, "resourceVersion": version});
        let options = json!({
            "kind": "DeleteOptions", "apiVersion": "v1", "preconditions": preconditions,
            "propagationPolicy": "Background",
        });
        server.delete(item("a")).json(options)
    };
    delete(&json!("other"), &metadata["resourceVersion"]).await.any_failure(409, "Conflict");
    delete(&metadata["uid"], &json!("7")).await.any_failure(409, "Conflict");
    delete(&metadata["uid"], &metadata["resourceVersion"]).await.expect(200);
}

#[tokio::test]
async fn the_garbage_collector_takes_its_finalizer_away() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let dying = server.delete(item("a") + "?propagationPolicy=Foreground").await.expect(200).json();
    let patch = |version: Value| {
        let metadata = json!({"resourceVersion": version, "finalizers": []});
        server.patch(item("a"), MERGE_PATCH, json!({"metadata": metadata})).accept(METADATA)
    };
    patch(json!("1")).await.any_failure(409, "Conflict");
    patch(dying["metadata"]["resourceVersion"].clone()).await.expect(200);
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn the_garbage_collector_takes_owners_away_by_their_uid() {
    let server = TestServer::start().await;
    let owners = json!([owner("u"), owner("v")]);
    let stored = server.has(workflow("a").with("/metadata/ownerReferences", owners)).await;
    let strategic = "application/strategic-merge-patch+json";
    let patch = |references: Value| {
        let metadata = json!({"uid": stored["metadata"]["uid"], "ownerReferences": references});
        server.patch(item("a"), strategic, json!({"metadata": metadata}))
    };
    let unblocked = patch(json!([{"uid": "v", "blockOwnerDeletion": false}])).await.expect(200).json();
    assert_eq!(unblocked["metadata"]["ownerReferences"][1]["blockOwnerDeletion"], false);
    let left = patch(json!([{"$patch": "delete", "uid": "u"}])).await.expect(200).json();
    assert_eq!(left["metadata"]["ownerReferences"].as_array().unwrap().len(), 1);
    assert_eq!(left["metadata"]["ownerReferences"][0]["uid"], "v");
}

#[tokio::test]
async fn the_namespace_controller_empties_a_namespace_and_sees_what_is_left() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let kept = Workflow::from(server.has(workflow("b").with_finalizer("example.com/wait")).await);
    server.has(workflow("c").in_namespace("other")).await;
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
    server.delete(WORKFLOWS).json(options).await.expect(200);
    let left = server.get(WORKFLOWS).accept(&accept(METADATA_LIST)).await.expect(200).json();
    assert_eq!(left["items"].as_array().unwrap().len(), 1);
    let metadata = &left["items"][0]["metadata"];
    assert_eq!(metadata["uid"], Value::from(kept)["metadata"]["uid"]);
    assert!(metadata["deletionTimestamp"].is_string());
    assert_eq!(metadata["finalizers"], json!(["example.com/wait"]));
}
