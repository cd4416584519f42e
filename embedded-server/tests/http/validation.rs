//! What is refused with 422, rule by rule.

use serde_json::json;

use crate::support::{MERGE_PATCH, TestServer, WORKFLOWS, Workflow, item, workflow};

/// Returns the causes of the refusal of a workflow, as `reason field`.
async fn refused(server: &TestServer, workflow: Workflow) -> Vec<String> {
    let status = server.post(WORKFLOWS, workflow).await.any_failure(422, "Invalid");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let causes = status["details"]["causes"].as_array().expect("causes").iter();
    causes.map(|cause| format!("{} {}", text(&cause["reason"]), text(&cause["field"]))).collect()
}

#[tokio::test]
async fn every_failure_is_told_at_once() {
    let server = TestServer::start().await;
    let sent = workflow("Bad_Name").with("/metadata/labels", json!({"-": "x"})).with(
        "/spec",
        json!({
            "steps": [{"name": "a", "image": "b"}, {"name": "a", "image": ""}, {"name": "", "image": "B"}],
            "schedule": "often",
            "timeout": "-1s",
        }),
    );
    let causes = refused(&server, sent).await;
    let expected = [
        "FieldValueInvalid metadata.name",
        "FieldValueInvalid metadata.labels",
        "FieldValueRequired spec.steps[1].image",
        "FieldValueDuplicate spec.steps[1].name",
        "FieldValueRequired spec.steps[2].name",
        "FieldValueInvalid spec.steps[2].image",
        "FieldValueInvalid spec.schedule",
        "FieldValueInvalid spec.timeout",
    ];
    assert_eq!(causes, expected);
}

#[tokio::test]
async fn one_failure_is_told_without_brackets() {
    let server = TestServer::start().await;
    let answer = server.post(WORKFLOWS, workflow("a").with("/spec/steps", json!([{"name": "a"}]))).await;
    let message = "Workflow.workflow.example.com \"a\" is invalid: spec.steps[0].image: Required value";
    let status = answer.failure(422, "Invalid", message);
    let cause =
        json!({"reason": "FieldValueRequired", "message": "Required value", "field": "spec.steps[0].image"});
    let details =
        json!({"name": "a", "group": "workflow.example.com", "kind": "Workflow", "causes": [cause]});
    assert_eq!(status["details"], details);
}

#[tokio::test]
async fn a_name_is_required() {
    let server = TestServer::start().await;
    let answer = server.post(WORKFLOWS, workflow("")).await;
    answer.causes(&[(
        "FieldValueRequired",
        "metadata.name",
        "Required value: name or generateName is required",
    )]);
}

#[tokio::test]
async fn names_are_dns_subdomains() {
    let server = TestServer::start().await;
    for name in ["A", "a_b", "-a", "a-", "a..b", ".", "..", "a/b", "a%b", "é", &"a".repeat(254)] {
        let causes = refused(&server, workflow(name)).await;
        assert!(causes.iter().all(|cause| cause.ends_with(" metadata.name")), "{name}: {causes:?}");
    }
    for name in ["a", "a.b", "1", &"a".repeat(253)] {
        server.has(workflow(name)).await;
    }
}

#[tokio::test]
async fn namespaces_are_dns_labels() {
    let server = TestServer::start().await;
    for namespace in ["A", "a.b", "-", &"n".repeat(64)] {
        let path = WORKFLOWS.replace("default", namespace);
        let status = server.post(path, workflow("a").without("/metadata/namespace")).await;
        let status = status.any_failure(422, "Invalid");
        assert_eq!(status["details"]["causes"][0]["field"], "metadata.namespace", "{namespace}");
    }
}

#[tokio::test]
async fn metadata_is_checked() {
    let server = TestServer::start().await;
    let owner = |name: &str| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": name, "controller": true});
    for (field, value, expected) in [
        ("labels", json!({"a": "b c"}), "FieldValueInvalid metadata.labels"),
        ("labels", json!({"a": "x".repeat(64)}), "FieldValueInvalid metadata.labels"),
        ("annotations", json!({"a b": "c"}), "FieldValueInvalid metadata.annotations"),
        ("annotations", json!({"a": "x".repeat(262_144)}), "FieldValueTooLong metadata.annotations"),
        ("finalizers", json!(["a b"]), "FieldValueInvalid metadata.finalizers"),
        ("finalizers", json!(["orphan", "foregroundDeletion"]), "FieldValueInvalid metadata.finalizers"),
        ("ownerReferences", json!([{"kind": "Pod"}]), "FieldValueInvalid metadata.ownerReferences"),
        ("ownerReferences", json!([owner("a"), owner("b")]), "FieldValueInvalid metadata.ownerReferences"),
    ] {
        let causes = refused(&server, workflow("a").with(&format!("/metadata/{field}"), value.clone())).await;
        assert!(causes[0].starts_with(expected), "{field}: {causes:?}");
    }
}

#[tokio::test]
async fn steps_schedules_and_timeouts_are_checked() {
    let server = TestServer::start().await;
    let step = |name: &str, image: &str| json!({"steps": [{"name": name, "image": image}]});
    for (spec, expected) in [
        (step("Build", "golang"), "FieldValueInvalid spec.steps[0].name"),
        (step("build", "Golang:"), "FieldValueInvalid spec.steps[0].image"),
        (
            json!({"steps": [{"name": "a", "image": "b", "env": {"A=B": ""}}]}),
            "FieldValueInvalid spec.steps[0].env[A=B]",
        ),
        (json!({"schedule": "* * * *"}), "FieldValueInvalid spec.schedule"),
        (json!({"schedule": "TZ=UTC 0 0 * * *"}), "FieldValueInvalid spec.schedule"),
        (json!({"timeout": "1 hour"}), "FieldValueInvalid spec.timeout"),
        (json!({"timeout": "-1m"}), "FieldValueInvalid spec.timeout"),
    ] {
        assert_eq!(refused(&server, workflow("a").with("/spec", spec)).await, [expected]);
    }
}

#[tokio::test]
async fn updates_are_validated_as_creates_are_and_labels_twice() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    let patch = json!({"metadata": {"annotations": {"a b": "c"}}, "spec": {"timeout": "x"}});
    let status = server.patch(item("a"), MERGE_PATCH, patch).await.any_failure(422, "Invalid");
    let causes = status["details"]["causes"].as_array().unwrap();
    let fields: Vec<_> = causes.iter().map(|cause| cause["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["metadata.annotations", "metadata.annotations", "spec.timeout"]);
    let message = status["message"].as_str().unwrap();
    assert_eq!(message.matches("metadata.annotations").count(), 1, "{message}");
}

#[tokio::test]
async fn nothing_that_is_refused_is_written() {
    let server = TestServer::start().await;
    refused(&server, workflow("A")).await;
    assert_eq!(server.read(WORKFLOWS).await["metadata"]["resourceVersion"], "1");
}
