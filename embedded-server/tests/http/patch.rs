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
        json!({"op": "replace", "path": "/spec/nothing", "value": 1}),
        json!({"op": "remove", "path": "/spec/nothing"}),
        json!({"op": "copy", "from": "/spec/nothing", "path": "/spec/timeout"}),
        json!({"op": "add", "path": "/spec/steps/7", "value": {}}),
    ] {
        let patch = json!([{"op": "remove", "path": "/metadata/labels"}, operation]);
        let answer = server.patch(item("a"), JSON_PATCH, patch).await;
        answer.failure(422, "Invalid", message);
    }
    assert_eq!(server.read(item("a")).await, stored);
}

#[tokio::test]
async fn a_patch_that_cannot_be_read_is_refused() {
    let (server, _) = with_a().await;
    for (kind, bodies) in [
        (JSON_PATCH, &["", "{}", "{", "null", r#"[{"op":"jump"}]"#, "[1]", "[] []"][..]),
        (MERGE_PATCH, &["", "[]", "{", "null", "\"x\"", "{} {}"][..]),
    ] {
        for body in bodies {
            let answer = server.patch(item("a"), kind, Value::Null).bytes(*body).await;
            assert_eq!(answer.any_failure(400, "BadRequest")["status"], "Failure", "{kind}: {body}");
        }
    }
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
        (JSON_PATCH, json!([{"op": "replace", "path": "/spec/timeout", "value": "1m"}])),
    ] {
        let answer = server.patch(item("a"), kind, patch).await.expect(200);
        assert_eq!(answer.json(), stored);
    }
    assert_eq!(server.read(ALL).await["metadata"]["resourceVersion"], "1");
}

#[tokio::test]
async fn a_patch_of_a_version_is_made_to_that_version() {
    let (server, _) = with_a().await;
    let to = |version: &str| json!({"metadata": {"resourceVersion": version}, "spec": {"timeout": "9m"}});
    let message = "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": the object has been \
                   modified; please apply your changes to the latest version and try again";
    server.patch(item("a"), MERGE_PATCH, to("77")).await.failure(409, "Conflict", message);
    server.patch(item("a"), MERGE_PATCH, to("1")).await.expect(200);
    server.patch(item("a"), MERGE_PATCH, to("1")).await.failure(409, "Conflict", message);
}

#[tokio::test]
async fn name_namespace_and_type_cannot_be_patched() {
    let (server, _) = with_a().await;
    for patch in [
        json!({"metadata": {"name": "b"}}),
        json!({"metadata": {"name": null}}),
        json!({"metadata": null}),
        json!({"metadata": {"namespace": "other"}}),
        json!({"kind": "Job"}),
        json!({"apiVersion": "v2"}),
    ] {
        let answer = server.patch(item("a"), MERGE_PATCH, patch.clone()).await;
        assert_eq!(answer.any_failure(400, "BadRequest")["status"], "Failure", "{patch}");
    }
}

#[tokio::test]
async fn another_identity_is_a_conflict() {
    let (server, _) = with_a().await;
    let patch = json!({"metadata": {"uid": "other"}});
    server.patch(item("a"), MERGE_PATCH, patch).await.any_failure(409, "Conflict");
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
    assert_eq!(status["details"]["causes"].as_array().unwrap().len(), 2, "{status}");
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
    assert_eq!(cause["field"], "patch");
    assert!(cause["message"].as_str().unwrap().contains("strict decoding error: unknown field \"spec.x\""));
    let twice = r#"{"spec":{"timeout":"1m","timeout":"1m"}}"#;
    let answer = server.patch(&strict, MERGE_PATCH, Value::Null).bytes(twice).await;
    answer.any_failure(422, "Invalid");
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
