//! Deleting objects.

use serde_json::{Value, json};

use crate::support::{ALL, API_VERSION, TestServer, WORKFLOWS, Workflow, item, workflow};

async fn with(workflow: Workflow) -> (TestServer, Value) {
    let server = TestServer::start().await;
    let stored = server.has(workflow).await;
    (server, stored)
}

#[tokio::test]
async fn a_deleted_object_is_gone_and_its_identity_told() {
    let (server, stored) = with(workflow("a")).await;
    let status = server.delete(item("a")).await.expect(200).json();
    let details = json!({
        "name": "a", "group": "workflow.example.com", "kind": "workflows", "uid": stored["metadata"]["uid"],
    });
    let expected = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details});
    assert_eq!(status, expected);
    server.get(item("a")).await.expect(404);
    server.delete(item("a")).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn a_delete_takes_a_version() {
    let (server, _) = with(workflow("a")).await;
    server.delete(item("a")).await.expect(200);
    assert_eq!(server.read(ALL).await["metadata"]["resourceVersion"], "3");
}

#[tokio::test]
async fn preconditions_have_to_hold() {
    let (server, stored) = with(workflow("a")).await;
    let uid = stored["metadata"]["uid"].as_str().unwrap();
    let conflict = "Operation cannot be fulfilled on Workflow.workflow.example.com \"a\": ";
    let wrong_uid = json!({"preconditions": {"uid": "other"}});
    let message = format!(
        "{conflict}the UID in the precondition (other) does not match the UID in record ({uid}). The object \
         might have been deleted and then recreated"
    );
    let status = server.delete(item("a")).json(wrong_uid).await.failure(409, "Conflict", &message);
    assert_eq!(status["details"]["kind"], "Workflow");
    let wrong_version = json!({"preconditions": {"uid": uid, "resourceVersion": "7"}});
    let message = format!(
        "{conflict}the ResourceVersion in the precondition (7) does not match the ResourceVersion in record \
         (2). The object might have been modified"
    );
    server.delete(item("a")).json(wrong_version).await.failure(409, "Conflict", &message);
    let right = json!({"preconditions": {"uid": uid, "resourceVersion": "2"}});
    server.delete(item("a")).json(right).await.expect(200);
}

#[tokio::test]
async fn finalizers_keep_an_object_that_is_marked_as_deleted() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    let dying = server.delete(item("a")).await.expect(200).json();
    assert_eq!(dying["kind"], "Workflow");
    assert_eq!(dying["metadata"]["deletionTimestamp"], "2024-01-15T10:00:00Z");
    assert_eq!(dying["metadata"]["deletionGracePeriodSeconds"], 0);
    assert_eq!(dying["metadata"]["generation"], 2);
    assert_eq!(server.read(item("a")).await, dying);
    let again = server.delete(item("a")).await.expect(200).json();
    assert_eq!(again, dying);
}

#[tokio::test]
async fn foreground_and_orphan_leave_the_object_to_the_garbage_collector() {
    for (policy, finalizer) in [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")] {
        let (server, _) = with(workflow("a")).await;
        let path = format!("{}?propagationPolicy={policy}", item("a"));
        let dying = server.delete(path).await.expect(200).json();
        assert_eq!(dying["metadata"]["finalizers"], json!([finalizer]));
        assert!(dying["metadata"]["deletionTimestamp"].is_string());
    }
}

#[tokio::test]
async fn background_takes_the_garbage_collector_s_finalizers_away() {
    let (server, _) = with(workflow("a").with("/metadata/finalizers", json!(["orphan"]))).await;
    let options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": "Background"});
    assert_eq!(server.delete(item("a")).json(options).await.expect(200).json()["status"], "Success");
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn a_later_delete_may_change_the_policy() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    server.delete(item("a") + "?propagationPolicy=Foreground").await.expect(200);
    let dying = server.delete(item("a") + "?propagationPolicy=Orphan").await.expect(200).json();
    assert_eq!(dying["metadata"]["finalizers"], json!(["example.com/wait", "orphan"]));
    assert_eq!(dying["metadata"]["generation"], 2);
}

#[tokio::test]
async fn the_deprecated_orphan_dependents_still_works() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    server.delete(item("a") + "?orphanDependents=false").await.expect(202);
    let dying = server.delete(item("a") + "?orphanDependents=true").await.expect(200).json();
    assert_eq!(dying["metadata"]["finalizers"], json!(["example.com/wait", "orphan"]));
    let (server, _) = with(workflow("b")).await;
    server.delete(item("b") + "?orphanDependents=false").await.expect(200);
}

#[tokio::test]
async fn options_that_are_not_known_or_contradict_each_other_are_refused() {
    let (server, _) = with(workflow("a")).await;
    let both = "Invalid value: \"Orphan\": orphanDependents and deletionPropagation cannot be both set";
    let policies = "Unsupported value: \"Sideways\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"";
    let dry_run = "Unsupported value: [\"All\",\"x\"]: supported values: \"All\"";
    for (query, cause) in [
        ("propagationPolicy=Sideways", ("FieldValueNotSupported", "propagationPolicy", policies)),
        ("dryRun=All&dryRun=x", ("FieldValueNotSupported", "dryRun", dry_run)),
        ("orphanDependents=true&propagationPolicy=Orphan", ("FieldValueInvalid", "propagationPolicy", both)),
    ] {
        let status = server.delete(format!("{}?{query}", item("a"))).await.causes(&[cause]);
        assert_eq!(status["details"]["kind"], "DeleteOptions", "{query}");
    }
    for body in ["[]", "{", r#"{"kind":"Pod"}"#, r#"{"preconditions":{"uid":1}}"#, "x"] {
        let answer = server.delete(item("a")).content_type("application/json").bytes(body).await;
        assert_eq!(answer.any_failure(400, "BadRequest")["status"], "Failure", "{body}");
    }
    let answer = server.delete(item("a")).content_type("text/plain").bytes("{}").await;
    answer.any_failure(415, "UnsupportedMediaType");
    server.get(item("a")).await.expect(200);
}

#[tokio::test]
async fn options_may_come_in_yaml() {
    let (server, _) = with(workflow("a")).await;
    let dying = server.delete(item("a")).yaml("propagationPolicy: Foreground\n").await.expect(200).json();
    assert_eq!(dying["metadata"]["finalizers"], json!(["foregroundDeletion"]));
}

#[tokio::test]
async fn options_in_a_body_may_be_of_every_version_and_win_over_those_in_the_query() {
    for version in ["v1", "meta.k8s.io/v1", API_VERSION] {
        let (server, stored) = with(workflow("a")).await;
        let options = json!({"kind": "DeleteOptions", "apiVersion": version, "dryRun": ["All"]});
        let path = item("a") + "?propagationPolicy=Foreground";
        assert_eq!(server.delete(path).json(options).await.expect(200).json()["status"], "Success");
        assert_eq!(server.read(item("a")).await, stored);
    }
}

#[tokio::test]
async fn options_that_mean_nothing_here_are_ignored() {
    let (server, _) = with(workflow("a")).await;
    let query = "fieldValidation=Nonsense&ignoreStoreReadErrorWithClusterBreakingPotential=true";
    assert_eq!(server.delete(format!("{}?{query}", item("a"))).await.expect(200).json()["status"], "Success");
    server.has(workflow("a")).await;
    let options = json!({"ignoreStoreReadErrorWithClusterBreakingPotential": true, "unknown": 1});
    assert_eq!(server.delete(item("a")).json(options).await.expect(200).json()["status"], "Success");
    server.get(item("a")).await.expect(404);
}

#[tokio::test]
async fn a_grace_period_is_of_no_matter() {
    let (server, _) = with(workflow("a")).await;
    for seconds in [300, 0, -5] {
        server.delete(format!("{}?gracePeriodSeconds={seconds}", item("a"))).await.expect(200);
        server.get(item("a")).await.expect(404);
        server.has(workflow("a")).await;
    }
}

#[tokio::test]
async fn a_dry_run_answers_but_deletes_nothing() {
    let (server, stored) = with(workflow("a")).await;
    assert_eq!(server.delete(item("a") + "?dryRun=All").await.expect(200).json()["status"], "Success");
    server.delete(item("a")).json(json!({"dryRun": ["All"]})).await.expect(200);
    let broken = json!({"dryRun": ["All"], "preconditions": {"uid": "other"}});
    server.delete(item("a")).json(broken).await.any_failure(409, "Conflict");
    server.delete(item("missing") + "?dryRun=All").await.any_failure(404, "NotFound");
    assert_eq!(server.read(item("a")).await, stored);
    let kept = server.has(workflow("b").with_finalizer("example.com/wait")).await;
    let answer = server.delete(item("b") + "?dryRun=All").await.expect(200).json();
    assert!(answer["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(server.read(item("b")).await, kept);
}

async fn with_many() -> TestServer {
    let server = TestServer::start().await;
    for name in ["a", "b", "c", "d"] {
        let label = if matches!(name, "a" | "b") { "x" } else { "y" };
        server.has(workflow(name).with_label("app", label)).await;
    }
    server.has(workflow("e").in_namespace("other")).await;
    server
}

async fn names(server: &TestServer) -> String {
    let list = server.read(ALL).await;
    let items = list["items"].as_array().unwrap().iter();
    items.map(|item| item["metadata"]["name"].as_str().unwrap()).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_collection_is_deleted_in_its_namespace_and_shown() {
    let server = with_many().await;
    let list = server.delete(WORKFLOWS).await.expect(200).json();
    assert_eq!(list["kind"], "WorkflowList");
    assert_eq!(list["items"].as_array().unwrap().len(), 4);
    assert_eq!(names(&server).await, "e");
}

#[tokio::test]
async fn of_a_collection_only_what_is_selected_is_deleted() {
    let server = with_many().await;
    server.delete(format!("{WORKFLOWS}?labelSelector=app%3Dx")).await.expect(200);
    assert_eq!(names(&server).await, "c d e");
    let background = json!({"propagationPolicy": "Background"});
    server.delete(format!("{WORKFLOWS}?fieldSelector=metadata.name%3Dc")).json(background).await.expect(200);
    assert_eq!(names(&server).await, "d e");
}

#[tokio::test]
async fn of_a_collection_a_limit_deletes_one_page() {
    let server = with_many().await;
    let list = server.delete(format!("{WORKFLOWS}?limit=3")).await.expect(200).json();
    assert!(list["metadata"]["continue"].is_string());
    assert_eq!(names(&server).await, "d e");
}

#[tokio::test]
async fn a_dry_run_of_a_collection_deletes_nothing() {
    let server = with_many().await;
    server.delete(format!("{WORKFLOWS}?dryRun=All")).await.expect(200);
    server.delete(WORKFLOWS).json(json!({"dryRun": ["All"]})).await.expect(200);
    assert_eq!(names(&server).await, "a b c d e");
}

#[tokio::test]
async fn finalizers_keep_members_of_a_deleted_collection() {
    let (server, _) = with(workflow("a").with_finalizer("example.com/wait")).await;
    server.has(workflow("b")).await;
    server.delete(WORKFLOWS).await.expect(200);
    assert_eq!(names(&server).await, "a");
    assert!(server.read(item("a")).await["metadata"]["deletionTimestamp"].is_string());
}

#[tokio::test]
async fn neither_all_namespaces_nor_a_status_can_be_deleted() {
    let (server, _) = with(workflow("a")).await;
    server.delete(ALL).await.any_failure(405, "MethodNotAllowed");
    server.delete(item("a") + "/status").await.any_failure(405, "MethodNotAllowed");
}
