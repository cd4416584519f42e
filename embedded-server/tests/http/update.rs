//! Replacing objects.

use serde_json::{Value, json};

use crate::support::{ALL, API_VERSION, TestServer, WORKFLOWS, Workflow, item, workflow};

fn version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
}

/// A server, and the object on it that a test is going to replace.
async fn with(workflow: Workflow) -> (TestServer, Workflow) {
    let server = TestServer::start().await;
    let stored = server.has(workflow).await;
    (server, stored.into())
}

#[tokio::test]
async fn an_update_replaces_the_object_and_raises_its_version() {
    let (server, stored) = with(workflow("a")).await;
    let updated = server.put(item("a"), stored.with("/spec/timeout", "1m")).await.expect(200).json();
    assert_eq!(updated["spec"]["timeout"], "1m");
    assert_eq!(version(&updated), 3);
    assert_eq!(server.read(item("a")).await, updated);
}

#[tokio::test]
async fn the_generation_counts_changes_of_the_spec_only() {
    let (server, stored) = with(workflow("a")).await;
    let labelled = server.put(item("a"), stored.with_label("a", "b")).await.expect(200).json();
    assert_eq!(labelled["metadata"]["generation"], 1);
    let changed = Workflow::from(labelled).with("/spec/timeout", "1m").with("/metadata/generation", 70);
    let changed = server.put(item("a"), changed).await.expect(200).json();
    assert_eq!(changed["metadata"]["generation"], 2);
}

#[tokio::test]
async fn an_update_that_changes_nothing_writes_nothing() {
    let (server, stored) = with(workflow("a")).await;
    let again = server.put(item("a"), stored.clone()).await.expect(200).json();
    assert_eq!(again, Value::from(stored));
    assert_eq!(server.read(ALL).await["metadata"]["resourceVersion"], "2");
}

#[tokio::test]
async fn an_update_of_an_old_version_conflicts() {
    let (server, stored) = with(workflow("a")).await;
    server.put(item("a"), stored.clone().with("/spec/timeout", "1m")).await.expect(200);
    let answer = server.put(item("a"), stored.with("/spec/timeout", "2m")).await;
    let message = "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": the object has been \
                   modified; please apply your changes to the latest version and try again";
    let status = answer.failure(409, "Conflict", message);
    let details = json!({"name": "a", "group": "workflow.example.com", "kind": "workflows"});
    assert_eq!(status["details"], details);
}

#[tokio::test]
async fn an_update_names_the_version_it_changes() {
    let (server, stored) = with(workflow("a")).await;
    for stored in [
        stored.clone().without("/metadata/resourceVersion"),
        stored.clone().with("/metadata/resourceVersion", "0"),
    ] {
        // The source puts the resource where the kind is due.
        let message = "workflows.workflow.example.com \"a\" is invalid: metadata.resourceVersion: Invalid value: \
                       0: must be specified for an update";
        server.put(item("a"), stored).await.failure(422, "Invalid", message);
    }
    let odd = stored.with("/metadata/resourceVersion", "abc");
    let message = "strconv.ParseUint: parsing \"abc\": invalid syntax";
    server.put(item("a"), odd).await.failure(500, "", message);
}

#[tokio::test]
async fn a_missing_object_is_not_created() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/metadata/resourceVersion", "1");
    let message = "workflows.workflow.example.com \"a\" not found";
    server.put(item("a"), sent).await.failure(404, "NotFound", message);
}

#[tokio::test]
async fn another_name_or_namespace_than_the_path_s_is_refused() {
    let (server, stored) = with(workflow("a")).await;
    let message = "the name of the object (b) does not match the name on the URL (a)";
    let renamed = stored.clone().with("/metadata/name", "b");
    server.put(item("a"), renamed.clone()).await.failure(400, "BadRequest", message);
    let unnamed = stored.clone().without("/metadata/name");
    let undeterminable = "the name of the object (a based on URL) was undeterminable: name must be provided";
    server.put(item("a"), unnamed).await.failure(400, "BadRequest", undeterminable);
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    let moved = stored.with("/metadata/namespace", "other");
    server.put(item("a"), moved.clone()).await.failure(400, "BadRequest", message);
    server.put(item("missing"), moved).await.failure(400, "BadRequest", message);
    let message = "the name of the object (b) does not match the name on the URL (missing)";
    server.put(item("missing"), renamed).await.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn another_identity_is_a_conflict() {
    let (server, stored) = with(workflow("a")).await;
    let uid = Value::from(stored.clone())["metadata"]["uid"].as_str().unwrap().to_owned();
    let message = format!(
        "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": StorageError: invalid object, \
         Code: 4, Key: /registry/workflow.example.com/workflows/default/a, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: other, UID in object meta: {uid}"
    );
    let other = stored.clone().with("/metadata/uid", "other");
    server.put(item("a"), other).await.failure(409, "Conflict", &message);
    server.put(item("a"), stored.without("/metadata/uid")).await.expect(200);
}

#[tokio::test]
async fn what_only_the_server_says_is_kept() {
    let (server, stored) = with(workflow("a")).await;
    let before = Value::from(stored.clone());
    let sent = stored
        .with("/metadata/creationTimestamp", "1999-01-01T00:00:00Z")
        .with("/metadata/generation", 70)
        .with("/metadata/selfLink", "/mine")
        .without("/metadata/uid");
    assert_eq!(server.put(item("a"), sent).await.expect(200).json(), before);
}

#[tokio::test]
async fn who_updates_does_not_say_when_an_object_is_deleted() {
    let (server, stored) = with(workflow("a")).await;
    let dying = stored
        .with("/metadata/deletionTimestamp", "1999-01-01T00:00:00Z")
        .with("/metadata/deletionGracePeriodSeconds", 7);
    server.put(item("a"), dying).await.causes(&[
        (
            "FieldValueInvalid",
            "metadata.deletionTimestamp",
            "Invalid value: \"1999-01-01T00:00:00Z\": field is immutable",
        ),
        ("FieldValueInvalid", "metadata.deletionGracePeriodSeconds", "Invalid value: 7: field is immutable"),
    ]);
    let kept = server.has(workflow("b").with_finalizer("example.com/wait")).await;
    let dying = server.delete(item("b")).await.expect(200).json();
    let revived = Workflow::from(kept)
        .with("/metadata/resourceVersion", dying["metadata"]["resourceVersion"].clone())
        .with("/metadata/managedFields", dying["metadata"]["managedFields"].clone());
    assert_eq!(server.put(item("b"), revived).await.expect(200).json(), dying);
}

#[tokio::test]
async fn what_is_left_out_is_gone() {
    let (server, stored) = with(workflow("a").with_label("a", "b").with("/spec/timeout", "1m")).await;
    let sent = stored.without("/metadata/labels").without("/spec/timeout");
    let updated = server.put(item("a"), sent).await.expect(200).json();
    assert_eq!(updated["metadata"]["labels"], Value::Null);
    assert_eq!(updated["spec"]["timeout"], Value::Null);
}

#[tokio::test]
async fn fields_are_validated_as_in_a_create() {
    let (server, stored) = with(workflow("a")).await;
    let odd = stored.with("/spec/x", 1);
    let answer = server.put(item("a"), odd.clone()).await.expect(200);
    assert_eq!(answer.warnings(), [r#""unknown field \"spec.x\"""#]);
    let message = "Workflow in version \"v1alpha1\" cannot be handled as a Workflow: strict decoding error: \
                   unknown field \"spec.x\"";
    let strict = item("a") + "?fieldValidation=Strict";
    server.put(strict, odd).await.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn a_dry_run_answers_but_writes_nothing() {
    let (server, stored) = with(workflow("a")).await;
    let sent = stored.clone().with("/spec/timeout", "1m");
    let answered = server.put(item("a") + "?dryRun=All", sent).await.expect(200).json();
    assert_eq!(answered["spec"]["timeout"], "1m");
    assert_eq!(answered["metadata"]["generation"], 2);
    assert_eq!(version(&answered), 2);
    assert_eq!(server.read(item("a")).await, Value::from(stored));
}

#[tokio::test]
async fn the_last_finalizer_keeps_a_deleted_object_until_it_is_taken_away() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    let mut watch = server.get(format!("{WORKFLOWS}?watch=1&resourceVersion=2")).events().await;
    let dying = server.delete(item("a")).await.expect(200).json();
    let released = Workflow::from(dying.clone()).without("/metadata/finalizers");
    let answer = server.put(item("a"), released).await.expect(200).json();
    assert_eq!(answer["kind"], "Workflow");
    assert_eq!(version(&answer), version(&dying));
    assert_eq!(watch.spelled().await, "MODIFIED a@3");
    assert_eq!(watch.spelled().await, "DELETED a@4");
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn no_finalizer_can_be_added_to_a_deleted_object() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    let dying = Workflow::from(server.delete(item("a")).await.expect(200).json());
    let sent = dying.with("/metadata/finalizers", json!(["example.com/wait", "example.com/more"]));
    let status = server.put(item("a"), sent).await.any_failure(422, "Invalid");
    let message = status["message"].as_str().unwrap();
    let expected = "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being \
                    deleted, found new finalizers []string{\"example.com/more\"}";
    assert!(message.contains(expected), "{message}");
}

#[tokio::test]
async fn an_update_in_yaml_is_as_good() {
    let (server, stored) = with(workflow("a")).await;
    let version = version(&stored.into());
    let yaml = format!(
        "apiVersion: {API_VERSION}\nkind: Workflow\nmetadata:\n  name: a\n  resourceVersion: \"{version}\"\n\
         spec:\n  timeout: 1m\n"
    );
    let updated = server.put(item("a"), Value::Null).yaml(yaml).await.expect(200).json();
    assert_eq!(updated["spec"], json!({"timeout": "1m"}));
}
