//! Which of several failures is told: the one that the source would have found first.

use serde_json::{Value, json};

use crate::support::{MERGE_PATCH, TestServer, WORKFLOWS, Workflow, item, workflow};

/// More than a body may have.
fn too_large() -> Vec<u8> {
    vec![b' '; (3 << 20) + 1]
}

/// Something that breaks every rule at once but for the first few.
fn all_wrong() -> Workflow {
    workflow("A").in_namespace("other").with("/apiVersion", "workflow.example.com/v2")
}

#[tokio::test]
async fn of_a_create() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let odd = format!("{WORKFLOWS}?dryRun=Some&fieldValidation=Strict");
    let strict = format!("{WORKFLOWS}?fieldValidation=Strict");
    let answer =
        server.post(&odd, Value::Null).bytes(too_large()).accept("text/html").content_type("text/plain");
    answer.await.any_failure(406, "NotAcceptable");
    let answer = server.post(&odd, Value::Null).bytes(too_large()).content_type("text/plain");
    answer.await.any_failure(415, "UnsupportedMediaType");
    server.post(&odd, Value::Null).bytes(too_large()).await.any_failure(413, "RequestEntityTooLarge");
    server.post(&odd, json!([])).await.any_failure(422, "Invalid");
    let message = |answer: &crate::support::Answer| {
        let status = answer.any_failure(400, "BadRequest");
        status["message"].as_str().unwrap().to_owned()
    };
    let unknown = server.post(&strict, all_wrong().with("/spec/x", 1).with("/apiVersion", "")).await;
    assert!(message(&unknown).contains("strict decoding error"), "{}", message(&unknown));
    let version = server.post(&strict, all_wrong()).await;
    assert!(message(&version).starts_with("the API version in the data"), "{}", message(&version));
    let namespace = server.post(WORKFLOWS, workflow("A").in_namespace("other")).await;
    assert!(
        message(&namespace).starts_with("the namespace of the provided object"),
        "{}",
        message(&namespace)
    );
    let invalid = workflow("a").with("/spec/timeout", "soon").with("/metadata/resourceVersion", "7");
    server.post(WORKFLOWS, invalid).await.any_failure(422, "Invalid");
    let versioned = workflow("a").with("/metadata/resourceVersion", "7");
    server.post(WORKFLOWS, versioned).await.any_failure(500, "");
    server.post(WORKFLOWS, workflow("a")).await.any_failure(409, "AlreadyExists");
}

#[tokio::test]
async fn of_an_update() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let odd = item("missing") + "?dryRun=Some";
    let answer = server.put(&odd, Value::Null).bytes(too_large()).accept("text/html");
    answer.await.any_failure(406, "NotAcceptable");
    let answer = server.put(&odd, Value::Null).bytes(too_large()).content_type("text/plain");
    answer.await.any_failure(413, "RequestEntityTooLarge");
    server.put(&odd, json!([])).content_type("text/plain").await.any_failure(422, "Invalid");
    let answer = server.put(item("missing"), json!([])).content_type("text/plain");
    answer.await.any_failure(415, "UnsupportedMediaType");
    server.put(item("missing"), workflow("other")).await.any_failure(400, "BadRequest");
    server.put(item("missing"), workflow("missing")).await.any_failure(404, "NotFound");
    let other = workflow("a").with("/metadata/uid", "u").with("/metadata/resourceVersion", "77");
    let refused = server.put(item("a"), other).await.any_failure(409, "Conflict");
    assert!(refused["message"].as_str().unwrap().contains("UID in precondition: u"), "{refused}");
    let stale = workflow("a").with("/metadata/resourceVersion", "77").with("/spec/timeout", "soon");
    server.put(item("a"), stale).await.any_failure(409, "Conflict");
}

#[tokio::test]
async fn of_a_patch() {
    let server = TestServer::start().await;
    let odd = item("missing") + "?dryRun=Some";
    let answer = server.patch(&odd, "text/plain", Value::Null).bytes(too_large()).accept("text/html");
    answer.await.any_failure(415, "UnsupportedMediaType");
    let answer = server.patch(&odd, MERGE_PATCH, Value::Null).bytes(too_large()).accept("text/html");
    answer.await.any_failure(406, "NotAcceptable");
    let answer = server.patch(&odd, MERGE_PATCH, Value::Null).bytes(too_large());
    answer.await.any_failure(413, "RequestEntityTooLarge");
    server.patch(&odd, MERGE_PATCH, json!([])).await.any_failure(422, "Invalid");
    server.patch(item("missing"), MERGE_PATCH, json!({"kind": 1})).await.any_failure(404, "NotFound");
}
