//! The status subresource.

use serde_json::{Value, json};

use crate::support::{JSON_PATCH, MERGE_PATCH, TestServer, Workflow, item, workflow};

async fn with_a() -> (TestServer, Value) {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    (server, stored)
}

fn status_of(name: &str) -> String {
    item(name) + "/status"
}

#[tokio::test]
async fn the_status_shows_the_whole_object() {
    let (server, stored) = with_a().await;
    assert_eq!(server.read(status_of("a")).await, stored);
}

#[tokio::test]
async fn a_write_to_the_status_touches_nothing_else() {
    let (server, stored) = with_a().await;
    let sent = Workflow::from(stored.clone())
        .with("/status", json!({"phase": "Running", "startTime": "2024-01-15T10:30:00Z"}))
        .with("/spec/timeout", "9m")
        .with_label("a", "b");
    let updated = server.put(status_of("a"), sent).await.expect(200).json();
    let mut expected = stored;
    expected["status"] = json!({"phase": "Running", "startTime": "2024-01-15T10:30:00Z"});
    expected["metadata"]["resourceVersion"] = json!("3");
    expected["metadata"]["managedFields"] = updated["metadata"]["managedFields"].clone();
    assert_eq!(updated, expected);
    assert_eq!(server.read(item("a")).await, expected);
}

#[tokio::test]
async fn a_write_to_the_object_does_not_touch_the_status() {
    let (server, _) = with_a().await;
    let patch = json!({"status": {"phase": "Running"}});
    let running = server.patch(status_of("a"), MERGE_PATCH, patch).await.expect(200).json();
    let sent = Workflow::from(running.clone()).with("/status", json!({"phase": "Failed"}));
    assert_eq!(server.put(item("a"), sent).await.expect(200).json(), running);
    let patch = json!({"status": {"phase": "Failed"}, "spec": {"timeout": "1m"}});
    let patched = server.patch(item("a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!((&patched["status"]["phase"], &patched["spec"]["timeout"]), (&json!("Running"), &json!("1m")));
}

#[tokio::test]
async fn the_status_can_be_patched_in_every_way() {
    let (server, _) = with_a().await;
    let merge = json!({"status": {"phase": "Running", "message": "m"}, "spec": {"timeout": "1m"}});
    let patched = server.patch(status_of("a"), MERGE_PATCH, merge).await.expect(200).json();
    assert_eq!(patched["status"], json!({"phase": "Running", "message": "m"}));
    assert_eq!(patched["spec"]["timeout"], Value::Null);
    assert_eq!(patched["metadata"]["generation"], 1);
    let operations = json!([{"op": "replace", "path": "/status/phase", "value": "Succeeded"}]);
    let patched = server.patch(status_of("a"), JSON_PATCH, operations).await.expect(200).json();
    assert_eq!(patched["status"], json!({"phase": "Succeeded", "message": "m"}));
}

#[tokio::test]
async fn versions_are_shared_with_the_object() {
    let (server, stored) = with_a().await;
    let status = Workflow::from(stored.clone()).with("/status", json!({"phase": "Running"}));
    server.put(status_of("a"), status.clone()).await.expect(200);
    server.put(status_of("a"), status.with("/status/message", "m")).await.any_failure(409, "Conflict");
    let spec = Workflow::from(stored).with("/spec/timeout", "1m");
    server.put(item("a"), spec).await.any_failure(409, "Conflict");
}

#[tokio::test]
async fn the_status_is_validated() {
    let (server, _) = with_a().await;
    let patch = json!({"status": {
        "phase": "Sleeping", "startTime": "2024-01-15T10:30:00Z", "completionTime": "2024-01-15T10:00:00Z",
    }});
    server.patch(status_of("a"), MERGE_PATCH, patch).await.causes(&[
        (
            "FieldValueNotSupported",
            "status.phase",
            "Unsupported value: \"Sleeping\": supported values: \"Pending\", \"Running\", \"Succeeded\", \
             \"Failed\"",
        ),
        (
            "FieldValueInvalid",
            "status.completionTime",
            "Invalid value: \"2024-01-15T10:00:00Z\": completionTime cannot be set before startTime",
        ),
    ]);
}

#[tokio::test]
async fn fields_of_a_status_are_validated() {
    let (server, stored) = with_a().await;
    let sent = Workflow::from(stored).with("/status", json!({"phase": "Running", "x": 1}));
    let answer = server.put(status_of("a"), sent.clone()).await.expect(200);
    assert_eq!(answer.warnings(), [r#""unknown field \"status.x\"""#]);
    let strict = status_of("a") + "?fieldValidation=Strict";
    server.put(strict, sent).await.any_failure(400, "BadRequest");
}

#[tokio::test]
async fn the_status_of_a_missing_object_is_not_found() {
    let server = TestServer::start().await;
    server.get(status_of("a")).await.any_failure(404, "NotFound");
    let sent = workflow("a").with("/metadata/resourceVersion", "1");
    server.put(status_of("a"), sent).await.any_failure(404, "NotFound");
    server.patch(status_of("a"), MERGE_PATCH, json!({})).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn a_status_is_not_created() {
    let (server, _) = with_a().await;
    server.post(status_of("a"), workflow("a")).await.any_failure(405, "MethodNotAllowed");
}
