//! Patching objects.

use serde_json::{Value, json};

use crate::support::{ALL, JSON_PATCH, MERGE_PATCH, TestServer, item, workflow};

async fn with_a() -> (TestServer, Value) {
    let server = TestServer::start().await;
    let stored = server.has(workflow("a").with_label("app", "x").with("/spec/timeout", "1m")).await;
    (server, stored)
}

#[tokio::test]
async fn a_merge_patch_changes_what_it_names() {
    let (server, _) = with_a().await;
    let patch =
        json!({"metadata": {"labels": {"tier": "web"}}, "spec": {"timeout": null, "schedule": "@daily"}});
    let patched = server.patch(item("a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(patched["metadata"]["labels"], json!({"app": "x", "tier": "web"}));
    let step = json!({"name": "build", "image": "golang:1.21"});
    assert_eq!(patched["spec"], json!({"steps": [step], "schedule": "@daily"}));
    assert_eq!(patched["metadata"]["generation"], 2);
    assert_eq!(server.read(item("a")).await, patched);
}

#[tokio::test]
async fn a_json_patch_carries_out_its_operations() {
    let (server, _) = with_a().await;
    let patch = json!([
        {"op": "test", "path": "/spec/timeout", "value": "1m"},
        {"op": "replace", "path": "/spec/timeout", "value": "2m"},
        {"op": "add", "path": "/spec/steps/-", "value": {"name": "test", "image": "golang"}},
        {"op": "copy", "from": "/spec/steps/0/image", "path": "/spec/steps/1/image"},
        {"op": "move", "from": "/metadata/labels/app", "path": "/metadata/labels/app.kubernetes.io~1name"},
        {"op": "add", "path": "/spec/schedule", "value": "@daily"},
        {"op": "remove", "path": "/spec/schedule"},
    ]);
    let patched = server.patch(item("a"), JSON_PATCH, patch).await.expect(200).json();
    assert_eq!(patched["spec"]["timeout"], "2m");
    assert_eq!(patched["spec"]["steps"][1], json!({"name": "test", "image": "golang:1.21"}));
    assert_eq!(patched["spec"]["schedule"], Value::Null);
    assert_eq!(patched["metadata"]["labels"], json!({"app.kubernetes.io/name": "x"}));
}

#[tokio::test]
async fn an_operation_that_fails_fails_the_patch() {
    let (server, stored) = with_a().await;
    let message = "the server rejected our request due to an error in our request";
    for operation in [
        json!({"op": "test", "path": "/spec/timeout", "value": "2m"}),
        json!({"op": "replace", "path": "/spec/steps/7", "value": {}}),
        json!({"op": "remove", "path": "/spec/nothing"}),
        json!({"op": "copy", "from": "/spec/nothing/at/all", "path": "/spec/timeout"}),
        json!({"op": "jump", "path": "/spec/timeout"}),
        json!({"op": "add", "path": "/spec/steps/7", "value": {}}),
    ] {
        let patch = json!([{"op": "remove", "path": "/metadata/labels"}, operation]);
        let answer = server.patch(item("a"), JSON_PATCH, patch).await;
        let status = answer.failure(422, "Invalid", message);
        assert_eq!(status["details"], json!({}));
    }
    assert_eq!(server.read(item("a")).await, stored);
}

#[tokio::test]
async fn a_patch_that_cannot_be_read_is_refused() {
    let (server, _) = with_a().await;
    for (kind, bodies) in [
        (JSON_PATCH, &["", "{}", "{", "[1]", "[] []"][..]),
        (MERGE_PATCH, &["", "[]", "{", "\"x\"", "{} {}"][..]),
    ] {
        for body in bodies {
            let answer = server.patch(item("a"), kind, Value::Null).bytes(*body).await;
            let message = answer.any_failure(400, "BadRequest")["message"].take();
            assert!(message.as_str().unwrap().starts_with("error decoding patch: "), "{kind}: {message}");
        }
    }
    let answer = server.patch(item("a"), MERGE_PATCH, Value::Null).await;
    answer.failure(400, "BadRequest", "Invalid JSON Patch");
}

#[tokio::test]
async fn other_kinds_of_patches_are_not_understood() {
    let (server, _) = with_a().await;
    let of_the_router = "415: Unsupported Media Type";
    for kind in ["application/json", "application/apply-patch+cbor", "text/plain", ""] {
        let answer = server.patch(item("a"), kind, json!({})).await;
        answer.failure(415, "UnsupportedMediaType", of_the_router);
    }
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, \
                   application/strategic-merge-patch+json, application/apply-patch+yaml";
    let two = format!("text/plain, {MERGE_PATCH}");
    let answer = server.patch(item("a"), &two, json!({})).await;
    answer.failure(415, "UnsupportedMediaType", message);
    let answer = server.patch(item("a"), &format!("{MERGE_PATCH}; charset=utf-8"), json!({})).await;
    answer.expect(200);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_writes_nothing() {
    let (server, stored) = with_a().await;
    for (kind, patch) in [
        (MERGE_PATCH, json!({"spec": {"timeout": "1m", "schedule": null}})),
        (JSON_PATCH, json!([])),
        (JSON_PATCH, Value::Null),
        (MERGE_PATCH, json!({"kind": null, "apiVersion": null})),
        (JSON_PATCH, json!([{"op": "replace", "path": "/spec/timeout", "value": "1m"}])),
    ] {
        let answer = server.patch(item("a"), kind, patch).await.expect(200);
        assert_eq!(answer.json(), stored);
    }
    assert_eq!(server.read(ALL).await["metadata"]["resourceVersion"], "2");
}

#[tokio::test]
async fn a_patch_of_a_version_is_made_to_that_version() {
    let (server, _) = with_a().await;
    let to = |version: &str| json!({"metadata": {"resourceVersion": version}, "spec": {"timeout": "9m"}});
    let message = "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": the object has been \
                   modified; please apply your changes to the latest version and try again";
    server.patch(item("a"), MERGE_PATCH, to("77")).await.failure(409, "Conflict", message);
    server.patch(item("a"), MERGE_PATCH, to("2")).await.expect(200);
    server.patch(item("a"), MERGE_PATCH, to("2")).await.failure(409, "Conflict", message);
}

#[tokio::test]
async fn name_namespace_and_type_cannot_be_patched() {
    let (server, _) = with_a().await;
    let nameless = "the name of the object (a based on URL) was undeterminable: name must be provided";
    for (patch, message) in [
        (
            json!({"metadata": {"name": "b"}}),
            "the name of the object (b) does not match the name on the URL (a)",
        ),
        (json!({"metadata": {"name": null}}), nameless),
        (json!({"metadata": null}), nameless),
        (
            json!({"metadata": {"namespace": "other"}}),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ] {
        server.patch(item("a"), MERGE_PATCH, patch).await.failure(400, "BadRequest", message);
    }
    for (patch, why) in [
        (
            json!({"kind": "Job"}),
            "no kind \"Job\" is registered for version \"workflow.example.com/v1alpha1\"",
        ),
        (json!({"apiVersion": "v2"}), "no kind \"Workflow\" is registered for version \"v2\""),
    ] {
        let status = server.patch(item("a"), MERGE_PATCH, patch).await.any_failure(422, "Invalid");
        let cause = &status["details"]["causes"][0];
        assert_eq!(cause["field"], "patch");
        assert!(cause["message"].as_str().unwrap().ends_with(why), "{status}");
    }
}

#[tokio::test]
async fn an_identity_does_not_change() {
    let (server, _) = with_a().await;
    let patch = json!({"metadata": {"uid": "other"}});
    server.patch(item("a"), MERGE_PATCH, patch).await.causes(&[(
        "FieldValueInvalid",
        "metadata.uid",
        "Invalid value: \"other\": field is immutable",
    )]);
}

#[tokio::test]
async fn what_only_the_server_says_cannot_be_patched_away() {
    let (server, stored) = with_a().await;
    let patch = json!({"metadata": {"creationTimestamp": null, "generation": 99, "uid": null}});
    let patched = server.patch(item("a"), MERGE_PATCH, patch).await.expect(200).json();
    assert_eq!(patched, stored);
}

#[tokio::test]
async fn a_missing_object_is_not_created() {
    let server = TestServer::start().await;
    server.patch(item("a"), MERGE_PATCH, json!({})).await.any_failure(404, "NotFound");
    server.patch(item("a"), JSON_PATCH, json!([])).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn a_patch_that_makes_no_workflow_is_invalid() {
    let (server, _) = with_a().await;
    for patch in [json!({"spec": {"timeout": 1}}), json!({"spec": []}), json!({"spec": {"steps": {"a": 1}}})]
    {
        let status = server.patch(item("a"), MERGE_PATCH, patch).await.any_failure(422, "Invalid");
        assert_eq!(status["details"]["causes"][0]["field"], "patch", "{status}");
    }
}

#[tokio::test]
async fn what_a_patch_makes_is_validated() {
    let (server, _) = with_a().await;
    let patch = json!({"spec": {"timeout": "soon"}, "metadata": {"labels": {"a b": "c"}}});
    let status = server.patch(item("a"), MERGE_PATCH, patch).await.any_failure(422, "Invalid");
    let causes = status["details"]["causes"].as_array().unwrap();
    let fields: Vec<_> = causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["metadata.labels", "metadata.labels", "spec.timeout"]);
}

#[tokio::test]
async fn fields_of_a_patch_are_validated() {
    let (server, _) = with_a().await;
    let patch = json!({"spec": {"x": 1}});
    let answer = server.patch(item("a"), MERGE_PATCH, patch.clone()).await.expect(200);
    assert_eq!(answer.warnings(), [r#""unknown field \"spec.x\"""#]);
    let strict = item("a") + "?fieldValidation=Strict";
    let status = server.patch(&strict, MERGE_PATCH, patch).await.any_failure(422, "Invalid");
    let cause = &status["details"]["causes"][0];
    assert_eq!((&cause["field"], &cause["reason"]), (&json!("patch"), &json!("FieldValueInvalid")));
    let message = cause["message"].as_str().unwrap();
    assert!(
        message.starts_with(r#"Invalid value: "{\"apiVersion\":\"workflow.example.com/v1alpha1\","#),
        "{message}"
    );
    assert!(message.ends_with("}\": strict decoding error: unknown field \"spec.x\""), "{message}");
    assert_eq!(status["message"], format!(" \"\" is invalid: patch: {message}"));
    let twice = r#"{"spec":{"timeout":"1m","timeout":"1m","x":1}}"#;
    let status = server.patch(&strict, MERGE_PATCH, Value::Null).bytes(twice).await;
    let message = status.any_failure(422, "Invalid")["message"].take();
    let expected = "strict decoding error: duplicate field \"spec.timeout\", unknown field \"spec.x\"";
    assert!(message.as_str().unwrap().ends_with(expected), "{message}");
}

#[tokio::test]
async fn fields_of_operations_are_validated() {
    let (server, stored) = with_a().await;
    let patch = json!([{"op": "test", "path": "/spec/timeout", "value": "1m", "note": "x"}]);
    let answer = server.patch(item("a"), JSON_PATCH, patch.clone()).await.expect(200);
    assert_eq!(answer.warnings(), [r#""json patch unknown field \"[0].note\"""#]);
    assert_eq!(answer.json(), stored);
    let strict = item("a") + "?fieldValidation=Strict";
    let refused = server.patch(&strict, JSON_PATCH, patch.clone()).await.any_failure(422, "Invalid");
    let message = &refused["message"];
    let expected = "strict decoding error: json patch unknown field \"[0].note\"";
    assert!(message.as_str().unwrap().ends_with(expected), "{message}");
    let ignore = item("a") + "?fieldValidation=Ignore";
    assert_eq!(server.patch(&ignore, JSON_PATCH, patch).await.expect(200).warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_dry_run_answers_but_writes_nothing() {
    let (server, stored) = with_a().await;
    let patch = json!({"spec": {"timeout": "2m"}});
    let answer = server.patch(item("a") + "?dryRun=All", MERGE_PATCH, patch).await.expect(200);
    assert_eq!(answer.json()["spec"]["timeout"], "2m");
    assert_eq!(answer.json()["metadata"]["resourceVersion"], stored["metadata"]["resourceVersion"]);
    assert_eq!(server.read(item("a")).await, stored);
}

#[tokio::test]
async fn taking_the_last_finalizer_away_ends_a_deleted_object() {
    let server = TestServer::start().await;
    server.has(workflow("a").with_finalizer("example.com/wait")).await;
    server.delete(item("a")).await.expect(200);
    let patch = json!({"metadata": {"finalizers": null}});
    server.patch(item("a"), MERGE_PATCH, patch).await.expect(200);
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn too_many_operations_are_refused() {
    let (server, stored) = with_a().await;
    let test = json!({"op": "test", "path": "/spec/timeout", "value": "1m"});
    let answer = server.patch(item("a"), JSON_PATCH, vec![test.clone(); 10_000]).await.expect(200);
    assert_eq!(answer.json(), stored);
    let message =
        "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    let answer = server.patch(item("a"), JSON_PATCH, vec![test; 10_001]).await;
    answer.failure(413, "RequestEntityTooLarge", message);
}
