//! Strategic merge patches: lists merge as the type's schema says, and refusals have the codes of Kubernetes.

use serde_json::{Value, json};

use crate::support::{Answer, TestServer, item, workflow};

const STRATEGIC: &str = "application/strategic-merge-patch+json";

/// Starts a server that has the workflow `a`, with the step `build`.
async fn with_a() -> (TestServer, Value) {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    (server, stored)
}

async fn patch(server: &TestServer, query: &str, body: &'static str) -> Answer {
    server.patch(format!("{}?{query}", item("a")), STRATEGIC, Value::Null).bytes(body).await
}

#[tokio::test]
async fn a_strategic_merge_patch_merges_lists_by_their_keys() {
    let server = TestServer::start().await;
    let owner = |uid: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": uid, "uid": uid});
    server.has(workflow("a").with("/metadata/ownerReferences", json!([owner("u"), owner("v")]))).await;
    let patch = json!({
        "metadata": {"ownerReferences": [{"$patch": "delete", "uid": "u"}]},
        "spec": {"steps": [{"name": "build", "args": ["-v"]}, {"name": "test", "image": "golang"}]},
    });
    let patched = server.patch(item("a"), STRATEGIC, patch).await.expect(200).json();
    assert_eq!(patched["metadata"]["ownerReferences"], json!([owner("v")]));
    let mut steps = patched["spec"]["steps"].as_array().unwrap().clone();
    steps.sort_by_key(|step| step["name"].as_str().unwrap().to_owned());
    let build = json!({"name": "build", "image": "golang:1.21", "args": ["-v"]});
    assert_eq!(steps, [build, json!({"name": "test", "image": "golang"})]);
}

#[tokio::test]
async fn it_cannot_change_the_type_and_null_changes_nothing() {
    let (server, stored) = with_a().await;
    for nothing in ["{}", "null", r#"{"kind":"Other","apiVersion":"v1"}"#] {
        assert_eq!(patch(&server, "", nothing).await.expect(200).json(), stored, "{nothing}");
    }
}

#[tokio::test]
async fn a_malformed_directive_is_a_bad_request() {
    let (server, _) = with_a().await;
    let answer = patch(&server, "", r#"{"$retainKeys":1}"#).await;
    answer.failure(400, "BadRequest", "invalid patch format of retainKeys");
    let message = "json: cannot unmarshal array into Go value of type map[string]interface {}";
    patch(&server, "", "[]").await.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn a_list_of_lists_is_unprocessable() {
    let (server, _) = with_a().await;
    let body = r#"{"metadata":{"$setElementOrder/finalizers":[],"finalizers":[["a"]]}}"#;
    let message = "the server rejected our request due to an error in our request";
    patch(&server, "", body).await.failure(422, "Invalid", message);
}

#[tokio::test]
async fn a_missing_merge_key_is_told_without_a_class() {
    let (server, _) = with_a().await;
    let told = patch(&server, "", r#"{"spec":{"steps":[{"image":"y"}]}}"#).await.expect(500).json();
    assert_eq!(told["message"], "map: map[image:y] does not contain declared merge key: name");
    assert_eq!(told["reason"], Value::Null);
}

#[tokio::test]
async fn what_does_not_decode_is_invalid_and_shows_the_patch() {
    let (server, _) = with_a().await;
    let told = patch(&server, "", r#"{"spec":{"steps":"y"}}"#).await.any_failure(422, "Invalid");
    let message = told["message"].as_str().unwrap();
    assert!(
        message.starts_with(r#" "" is invalid: patch: Invalid value: "map[spec:map[steps:y]]": "#),
        "{message}"
    );
    let strict = patch(&server, "fieldValidation=Strict", r#"{"spec":{"nope":1,"nope":2}}"#).await;
    let told = strict.any_failure(422, "Invalid");
    let message = told["message"].as_str().unwrap();
    assert!(message.contains(r#"duplicate field "spec.nope", unknown field "spec.nope""#), "{message}");
}
