//! What clients are told when the store does not do what it should.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    APPLY_PATCH, MERGE_PATCH, Mood, Moody, OTHER_UID, Setup, TestServer, WORKFLOWS, Workflow, item, workflow,
};

/// A server with a workflow, and its store.
async fn with(workflow: Workflow) -> (TestServer, Arc<Moody>, Value) {
    let store = Arc::new(Moody::default());
    let server = Setup::on(store.clone()).start().await;
    let stored = server.has(workflow).await;
    (server, store, stored)
}

#[tokio::test]
async fn a_store_that_cannot_be_reached_is_to_be_asked_later() {
    let (server, store, stored) = with(workflow("a")).await;
    store.feels(Mood::Gone);
    let update = json!({"spec": {"timeout": "1m"}});
    for (verb, answer) in [
        ("get", server.get(item("a")).await),
        ("list", server.get(WORKFLOWS).await),
        ("create", server.post(WORKFLOWS, workflow("b")).await),
        ("update", server.put(item("a"), stored).await),
        ("update", server.patch(item("a"), MERGE_PATCH, update).await),
        ("delete", server.delete(item("a")).await),
    ] {
        let message = format!(
            "The {verb} operation against workflows.workflow.example.com could not be completed at this time, \
             please try again."
        );
        let status = answer.failure(503, "ServiceUnavailable", &message);
        assert_eq!(status["details"]["retryAfterSeconds"], 2);
        assert_eq!(answer.header("retry-after"), "2");
    }
    store.feels(Mood::Well);
    server.get(item("a")).await.expect(200);
}

#[tokio::test]
async fn a_write_that_may_have_happened_is_not_answered_as_failed() {
    let (server, store, stored) = with(workflow("a")).await;
    store.feels(Mood::Unsure);
    for (verb, answer) in [
        ("create", server.post(WORKFLOWS, workflow("b")).await),
        ("update", server.put(item("a"), replaced(&stored)).await),
        ("delete", server.delete(item("a")).await),
    ] {
        let message = format!(
            "Timeout: the connection to the store broke during the {verb} operation against \
             workflows.workflow.example.com: it may have been completed or not"
        );
        answer.failure(504, "Timeout", &message);
        assert_eq!(answer.header("retry-after"), "", "clients repeat unasked what says when");
    }
}

/// Returns an object as a client changes it.
fn replaced(stored: &Value) -> Value {
    let mut changed = stored.clone();
    changed["spec"]["timeout"] = json!("7m");
    changed
}

/// Returns how many bytes an object takes in the store, with and without the record of who manages what.
fn sizes(object: &Value) -> (usize, usize) {
    let mut stored = object.clone();
    stored["metadata"].as_object_mut().unwrap().remove("resourceVersion");
    let whole = stored.to_string().len();
    stored["metadata"].as_object_mut().unwrap().remove("managedFields");
    (whole, stored.to_string().len())
}

#[tokio::test]
async fn what_is_too_large_is_stored_without_its_managers() {
    let (server, store, stored) = with(workflow("a").with("/spec/timeout", "1m")).await;
    let (whole, lean) = sizes(&stored);
    store.feels(Mood::Picky(usize::midpoint(whole, lean)));
    let created = server.post(WORKFLOWS, workflow("b").with("/spec/timeout", "1m")).await.expect(201).json();
    assert_eq!(created["metadata"]["managedFields"], Value::Null);
    assert_eq!(server.read(item("b")).await, created);
    let changed = Workflow::from(stored).with("/spec/timeout", "2m");
    let updated = server.put(item("a"), changed).await.expect(200).json();
    assert_eq!(
        (&updated["spec"]["timeout"], &updated["metadata"]["managedFields"]),
        (&json!("2m"), &Value::Null)
    );
    let patch = json!({"spec": {"timeout": "3m"}});
    let patched = server.patch(item("a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(
        (&patched["spec"]["timeout"], &patched["metadata"]["managedFields"]),
        (&json!("3m"), &Value::Null)
    );
}

#[tokio::test]
async fn what_is_too_large_even_then_is_not_stored() {
    let (server, store, stored) = with(workflow("a")).await;
    store.feels(Mood::Picky(10));
    let message = "the value is too large for the store";
    server.post(WORKFLOWS, workflow("b")).await.failure(500, "", message);
    let patch = json!({"spec": {"timeout": "3m"}});
    server.patch(item("a"), MERGE_PATCH, patch).await.failure(500, "", message);
    assert_eq!(server.read(item("a")).await, stored);
}

#[tokio::test]
async fn an_apply_is_never_stored_without_its_managers() {
    let (server, store, stored) = with(workflow("a")).await;
    let (whole, lean) = sizes(&stored);
    store.feels(Mood::Picky(usize::midpoint(whole, lean)));
    let config = json!({
        "apiVersion": stored["apiVersion"], "kind": "Workflow", "metadata": {"name": "a"},
        "spec": {"timeout": "1m"},
    });
    let path = item("a") + "?fieldManager=m";
    let message = "the value is too large for the store";
    server.patch(path, APPLY_PATCH, config).await.failure(500, "", message);
    assert_eq!(server.read(item("a")).await, stored);
}

#[tokio::test]
async fn a_precondition_that_a_race_breaks_is_told_as_the_store_tells_it() {
    let (server, store, stored) = with(workflow("a")).await;
    let uid = stored["metadata"]["uid"].as_str().unwrap();
    store.feels(Mood::Recreated);
    let answer = server.delete(item("a")).json(json!({"preconditions": {"uid": uid}})).await;
    let message = format!(
        "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": StorageError: invalid object, Code: \
         4, Key: /registry/workflow.example.com/workflows/default/a, ResourceVersion: 0, AdditionalErrorMsg: \
         Precondition failed: UID in precondition: {uid}, UID in object meta: {OTHER_UID}"
    );
    answer.failure(409, "Conflict", &message);
    assert_eq!(server.read(item("a")).await["metadata"]["uid"], OTHER_UID);
}

#[tokio::test]
async fn a_delete_without_preconditions_follows_the_name() {
    let (server, store, _) = with(workflow("a")).await;
    store.feels(Mood::Recreated);
    let deleted = server.delete(item("a")).await.expect(200).json();
    assert_eq!(deleted["details"]["uid"], OTHER_UID);
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn what_is_gone_when_its_last_finalizer_goes_is_as_good_as_deleted() {
    let (server, store, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    let dying = server.delete(item("a")).await.expect(200).json();
    store.feels(Mood::Deleted);
    let released = Workflow::from(dying).without("/metadata/finalizers");
    server.put(item("a"), released).await.expect(200);
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn an_update_of_what_is_deleted_meanwhile_finds_nothing() {
    let (server, store, stored) = with(workflow("a")).await;
    store.feels(Mood::Deleted);
    let changed = Workflow::from(stored).with("/spec/timeout", "1m");
    server.put(item("a"), changed).await.any_failure(404, "NotFound");
}
