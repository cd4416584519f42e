//! Tables, as `kubectl get` asks for them.

use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{JSON_PATCH, MERGE_PATCH, TABLE, TestServer, WORKFLOWS, item, workflow};

async fn table(server: &TestServer, path: &str) -> Value {
    let answer = server.get(path).accept(TABLE).await.expect(200);
    assert_eq!(answer.header("content-type"), "application/json");
    answer.json()
}

fn cells(table: &Value) -> Vec<Value> {
    table["rows"].as_array().unwrap().iter().map(|row| row["cells"].clone()).collect()
}

#[tokio::test]
async fn a_list_as_table_has_columns_and_rows() {
    let server = TestServer::start().await;
    let nightly = workflow("nightly").with("/spec/schedule", "@daily").with("/spec/timeout", "30m");
    server.has(nightly).await;
    server.has(workflow("empty").with("/spec", json!({}))).await;
    let status = json!({"status": {
        "phase": "Running", "startTime": "2024-01-15T10:00:00Z", "message": "step build",
    }});
    server.patch(item("nightly") + "/status", MERGE_PATCH, status).await.expect(200);
    server.clock.advance(SignedDuration::from_mins(5));
    let table = table(&server, WORKFLOWS).await;
    assert_eq!((&table["kind"], &table["apiVersion"]), (&json!("Table"), &json!("meta.k8s.io/v1")));
    assert_eq!(table["metadata"], json!({"resourceVersion": "4"}));
    let none = "<none>";
    let expected = [
        json!(["empty", none, none, 0, "5m", none, none, none, none, none]),
        json!(["nightly", "Running", "@daily", 1, "5m", "30m", "5m", "5m", "golang:1.21", "step build"]),
    ];
    assert_eq!(cells(&table), expected);
}

#[tokio::test]
async fn wide_columns_have_a_priority() {
    let server = TestServer::start().await;
    let table = table(&server, WORKFLOWS).await;
    let columns = table["columnDefinitions"].as_array().unwrap();
    let spelled: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", column["name"].as_str().unwrap(), column["priority"]))
        .collect();
    let expected = [
        "Name 0",
        "Phase 0",
        "Schedule 0",
        "Steps 0",
        "Age 0",
        "Timeout 1",
        "Started 1",
        "Duration 1",
        "Images 1",
        "Message 1",
    ];
    assert_eq!(spelled, expected);
    assert_eq!(columns[0]["format"], "name");
    assert!(columns.iter().all(|column| column["description"].as_str().is_some_and(|text| !text.is_empty())));
}

#[tokio::test]
async fn rows_carry_as_much_of_the_object_as_asked_for() {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a")).await;
    let metadata = json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": stored["metadata"],
    });
    for (include, expected) in
        [("", metadata.clone()), ("Metadata", metadata), ("None", Value::Null), ("Object", stored)]
    {
        let table = table(&server, &format!("{WORKFLOWS}?includeObject={include}")).await;
        assert_eq!(table["rows"][0]["object"], expected, "{include}");
    }
    let answer = server.get(format!("{WORKFLOWS}?includeObject=All")).accept(TABLE).await;
    let message = answer.any_failure(400, "BadRequest")["message"].clone();
    assert!(message.as_str().unwrap().starts_with("Unable to convert to Table as requested: "), "{message}");
}

#[tokio::test]
async fn one_object_is_a_table_of_one_row() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let table = table(&server, &item("a")).await;
    assert_eq!(table["rows"].as_array().unwrap().len(), 1);
    assert_eq!(table["metadata"]["resourceVersion"], "2");
}

#[tokio::test]
async fn writes_can_be_answered_with_tables() {
    let server = TestServer::start().await;
    let created = server.post(WORKFLOWS, workflow("a")).accept(TABLE).await.expect(201).json();
    assert_eq!(created["rows"][0]["cells"][0], "a");
    let patched = server.patch(item("a"), JSON_PATCH, json!([])).accept(TABLE).await.expect(200).json();
    assert_eq!(patched["kind"], "Table");
}

#[tokio::test]
async fn a_page_as_table_carries_its_token() {
    let server = TestServer::start().await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    let first = table(&server, &format!("{WORKFLOWS}?limit=2")).await;
    assert_eq!(first["metadata"]["remainingItemCount"], 1);
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = table(&server, &format!("{WORKFLOWS}?limit=2&continue={token}")).await;
    assert_eq!(second["rows"][0]["cells"][0], "c");
}

#[tokio::test]
async fn an_empty_table_has_columns_and_no_rows() {
    let server = TestServer::start().await;
    let table = table(&server, WORKFLOWS).await;
    assert_eq!(table["rows"], json!([]));
    assert_eq!(table["columnDefinitions"].as_array().unwrap().len(), 10);
}

#[tokio::test]
async fn failures_are_never_tables() {
    let server = TestServer::start().await;
    server.get(item("a")).accept(TABLE).await.any_failure(404, "NotFound");
    server.has(workflow("a")).await;
    let deleted = server.delete(item("a")).accept(TABLE).await.expect(200).json();
    assert_eq!(deleted["kind"], "Status");
}

#[tokio::test]
async fn the_older_version_of_tables_is_served_too() {
    let server = TestServer::start().await;
    let accept = "application/json;as=Table;g=meta.k8s.io;v=v1beta1";
    let table = server.get(WORKFLOWS).accept(accept).await.expect(200).json();
    assert_eq!(table["apiVersion"], "meta.k8s.io/v1beta1");
}
