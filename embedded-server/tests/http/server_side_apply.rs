//! Server-side apply, and who is said to manage what.

use async_trait::async_trait;
use embedded_server::authorization::{Authorizer, Decision, Unanswered, Verdict};
use embedded_server::meta::{Attributes, UserInfo, Verb};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::support::{API_VERSION, APPLY_PATCH as APPLY, Answer, Setup, TestServer, item, workflow};

/// Returns a configuration of the workflow `a` with the given spec.
fn config(spec: impl Into<Value>) -> Value {
    json!({"apiVersion": API_VERSION, "kind": "Workflow", "metadata": {"name": "a"}, "spec": spec.into()})
}

async fn apply(server: &TestServer, query: &str, config: Value) -> Answer {
    server.patch(format!("{}?{query}", item("a")), APPLY, config).await
}

fn managers(object: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries.iter().map(|entry| (text(entry, "manager"), text(entry, "operation"))).collect()
}

fn owned(object: &Value, manager: &str) -> Value {
    let entries = object["metadata"]["managedFields"].as_array().unwrap();
    entries.iter().find(|entry| entry["manager"] == manager).unwrap()["fieldsV1"].clone()
}

fn pair(manager: &str, operation: &str) -> (String, String) {
    (manager.to_owned(), operation.to_owned())
}

#[tokio::test]
async fn an_apply_makes_what_is_not_there() {
    let server = TestServer::start().await;
    let made = apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201).json();
    assert_eq!(made["spec"], json!({"timeout": "1m"}));
    assert_eq!(made["metadata"]["generation"], 1);
    assert_eq!(managers(&made), [pair("m", "Apply")]);
    assert_eq!(owned(&made, "m"), json!({"f:spec": {"f:timeout": {}}}));
    assert_eq!(server.read(item("a")).await, made);
}

/// Forbids to create, whoever asks.
#[derive(Debug)]
struct NoCreation;

#[async_trait]
impl Authorizer for NoCreation {
    async fn authorize(&self, _: &UserInfo, attributes: &Attributes) -> Result<Verdict, Unanswered> {
        let creates = attributes.verb() == Verb::Create;
        Ok(if creates { Decision::Deny.because("not today") } else { Decision::NoOpinion.into() })
    }
}

#[tokio::test]
async fn who_may_patch_but_not_create_makes_nothing_by_applying() {
    let server = Setup::default().asking(NoCreation).start().await;
    let refused = apply(&server, "fieldManager=m", config(json!({}))).await;
    let message = refused.any_failure(403, "Forbidden")["message"].take();
    assert!(message.as_str().unwrap().contains("cannot create resource \"workflows\""), "{message}");
    server.get(item("a")).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn a_configuration_may_be_yaml() {
    let server = TestServer::start().await;
    let yaml =
        format!("apiVersion: {API_VERSION}\nkind: Workflow\nmetadata: {{name: a}}\nspec:\n  timeout: 1m\n");
    let path = format!("{}?fieldManager=m", item("a"));
    let call = server.call(http::Method::PATCH, path).content_type(APPLY).bytes(yaml);
    assert_eq!(call.await.expect(201).json()["spec"]["timeout"], "1m");
}

#[tokio::test]
async fn applying_the_same_again_writes_nothing() {
    let server = TestServer::start().await;
    let once = apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201).json();
    server.clock.advance(SignedDuration::from_mins(5));
    let again = apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(200).json();
    assert_eq!(again, once);
}

#[tokio::test]
async fn what_is_no_longer_applied_goes() {
    let server = TestServer::start().await;
    let both = json!({"timeout": "1m", "schedule": "@daily"});
    apply(&server, "fieldManager=m", config(both)).await.expect(201);
    let less = apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(200).json();
    assert_eq!(less["spec"], json!({"timeout": "1m"}));
    assert_eq!(less["metadata"]["generation"], 2);
}

#[tokio::test]
async fn a_field_of_another_manager_is_a_conflict_until_forced() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201);
    let conflict = apply(&server, "fieldManager=n", config(json!({"timeout": "2m"}))).await;
    let message = "Apply failed with 1 conflict: conflict with \"m\": .spec.timeout";
    let details = conflict.failure(409, "Conflict", message)["details"].take();
    let cause = json!({
        "reason": "FieldManagerConflict", "message": "conflict with \"m\"", "field": ".spec.timeout",
    });
    assert_eq!(details["causes"], json!([cause]));
    let forced = apply(&server, "fieldManager=n&force=true", config(json!({"timeout": "2m"}))).await;
    let forced = forced.expect(200).json();
    assert_eq!(forced["spec"]["timeout"], "2m");
    assert_eq!(managers(&forced), [pair("n", "Apply")]);
}

#[tokio::test]
async fn managers_of_different_steps_do_not_meet() {
    let server = TestServer::start().await;
    let step = |name: &str| json!({"steps": [{"name": name, "image": "golang"}]});
    apply(&server, "fieldManager=m", config(step("build"))).await.expect(201);
    let both = apply(&server, "fieldManager=n", config(step("test"))).await.expect(200).json();
    let names: Vec<_> = both["spec"]["steps"].as_array().unwrap().iter().map(|step| &step["name"]).collect();
    assert_eq!(names, ["build", "test"]);
    let own = apply(&server, "fieldManager=m", config(json!({}))).await.expect(200).json();
    assert_eq!(own["spec"]["steps"], step("test")["steps"]);
}

#[tokio::test]
async fn updates_own_what_they_change() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201);
    let path = format!("{}?fieldManager=hand", item("a"));
    let patch = json!({"spec": {"timeout": "5m"}});
    let changed = server.patch(path, "application/merge-patch+json", patch).await.expect(200).json();
    assert_eq!(managers(&changed), [pair("hand", "Update")]);
    apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.any_failure(409, "Conflict");
}

#[tokio::test]
async fn the_user_agent_is_the_manager_that_nobody_names() {
    let server = TestServer::start().await;
    let path = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";
    let made = server.post(path, workflow("a")).header("user-agent", "tool/1.0 (linux)").await;
    assert_eq!(managers(&made.expect(201).json()), [pair("tool", "Update")]);
}

#[tokio::test]
async fn the_status_has_managers_of_its_own() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201);
    let status = json!({
        "apiVersion": API_VERSION, "kind": "Workflow", "metadata": {"name": "a"},
        "spec": {"timeout": "9m"}, "status": {"phase": "Running"},
    });
    let path = format!("{}/status?fieldManager=controller", item("a"));
    let running = server.patch(path, APPLY, status).await.expect(200).json();
    assert_eq!((&running["spec"]["timeout"], &running["status"]["phase"]), (&json!("1m"), &json!("Running")));
    assert_eq!(owned(&running, "controller"), json!({"f:status": {"f:phase": {}}}));
    let entries = running["metadata"]["managedFields"].as_array().unwrap();
    let controller = entries.iter().find(|entry| entry["manager"] == "controller").unwrap();
    assert_eq!(controller["subresource"], "status");
}

#[tokio::test]
async fn a_status_is_not_applied_to_what_is_not_there() {
    let server = TestServer::start().await;
    let path = format!("{}/status?fieldManager=m", item("a"));
    server.patch(path, APPLY, config(json!({}))).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn an_apply_says_who_applies_and_other_patches_do_not_force() {
    let server = TestServer::start().await;
    let nobody = server.patch(item("a"), APPLY, config(json!({}))).await;
    nobody.causes(&[("FieldValueRequired", "fieldManager", "Required value: is required for apply patch")]);
    let path = format!("{}?force=true", item("a"));
    let forced = server.patch(path, "application/merge-patch+json", json!({})).await;
    let why = "Forbidden: may not be specified for non-apply patch";
    forced.causes(&[("FieldValueForbidden", "force", why)]);
}

#[tokio::test]
async fn configurations_that_cannot_be_applied_are_refused() {
    let server = TestServer::start().await;
    let mut managed = config(json!({}));
    managed["metadata"]["managedFields"] = json!([{"manager": "m"}]);
    let answer = apply(&server, "fieldManager=m", managed).await;
    answer.failure(400, "BadRequest", "metadata.managedFields must be nil");
    let typeless = json!({"metadata": {"name": "a"}});
    apply(&server, "fieldManager=m", typeless).await.any_failure(400, "BadRequest");
    let mut known = config(json!({}));
    known["metadata"]["uid"] = json!("u");
    let message = "Operation cannot be fulfilled on workflows.workflow.example.com \"a\": uid mismatch: the provided \
                   object specified uid u, and no existing object was found";
    apply(&server, "fieldManager=m", known).await.failure(409, "Conflict", message);
    let invalid = config(json!({"timeout": "soon"}));
    apply(&server, "fieldManager=m", invalid).await.any_failure(422, "Invalid");
    server.get(item("a")).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn a_configuration_that_cannot_be_read_is_refused() {
    let server = TestServer::start().await;
    let call = |query: &str, body: &'static str| {
        let path = format!("{}?fieldManager=m{query}", item("a"));
        server.call(http::Method::PATCH, path).content_type(APPLY).bytes(body)
    };
    for body in ["", "a: b: c", "[1", "- a"] {
        let status = call("", body).await.any_failure(400, "BadRequest");
        assert_eq!(status["status"], "Failure", "{body}");
    }
    let unreadable = call("", "a: b: c").await.json()["message"].take();
    assert!(unreadable.as_str().unwrap().starts_with("error decoding YAML: "), "{unreadable}");
    let twice = "apiVersion: workflow.example.com/v1alpha1\nkind: Workflow\nmetadata: {name: a}\nspec:\n  timeout: \
                 1m\n  timeout: 2m\n";
    let strict = call("&fieldValidation=Strict", twice).await;
    let message = "error strict decoding YAML: duplicate field \"spec.timeout\"";
    strict.failure(400, "BadRequest", message);
    let warned = call("", twice).await.expect(201);
    assert_eq!(warned.warnings()[0], r#""duplicate field \"spec.timeout\"""#);
    assert_eq!(warned.json()["spec"]["timeout"], "2m");
}

#[tokio::test]
async fn what_the_schema_does_not_know_is_not_applied() {
    let server = TestServer::start().await;
    let unknown = apply(&server, "fieldManager=m", config(json!({"txet": "x"}))).await;
    let message = "failed to create typed patch object (/a; workflow.example.com/v1alpha1, Kind=Workflow): \
                   .spec.txet: field not declared in schema";
    unknown.failure(500, "", message);
}

#[tokio::test]
async fn an_identity_that_is_applied_has_to_be_the_stored_one() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m", config(json!({}))).await.expect(201);
    let mut other = config(json!({}));
    other["metadata"]["uid"] = json!("u");
    apply(&server, "fieldManager=m", other).await.causes(&[(
        "FieldValueInvalid",
        "metadata.uid",
        "Invalid value: \"u\": field is immutable",
    )]);
}

#[tokio::test]
async fn a_dry_run_of_an_apply_leaves_no_trace() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m&dryRun=All", config(json!({"timeout": "1m"}))).await.expect(201);
    server.get(item("a")).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn an_empty_list_forgets_the_managers() {
    let server = TestServer::start().await;
    apply(&server, "fieldManager=m", config(json!({"timeout": "1m"}))).await.expect(201);
    let patch = json!({"metadata": {"managedFields": [{}]}});
    let patched = server.patch(item("a"), "application/merge-patch+json", patch).await.expect(200).json();
    assert_eq!(patched["metadata"]["managedFields"], Value::Null);
}
