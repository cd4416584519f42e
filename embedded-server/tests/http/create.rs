//! Creating objects.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::support::{
    ALL, API_VERSION, MERGE_PATCH, RefuseCreates, Setup, TestServer, WORKFLOWS, Workflow, item, workflow,
};

#[tokio::test]
async fn a_created_object_is_answered_as_it_is_stored() {
    let server = TestServer::start().await;
    let created = server.post(WORKFLOWS, workflow("a")).await.expect(201).json();
    assert_eq!(created["apiVersion"], API_VERSION);
    assert_eq!(created["kind"], "Workflow");
    assert_eq!(created["spec"], json!({"steps": [{"name": "build", "image": "golang:1.21"}]}));
    assert_eq!(created, server.read(item("a")).await);
}

#[tokio::test]
async fn the_server_says_uid_creation_time_generation_and_version() {
    let server = TestServer::start().await;
    let sent = workflow("a")
        .with("/metadata/uid", "mine")
        .with("/metadata/creationTimestamp", "1999-01-01T00:00:00Z")
        .with("/metadata/deletionTimestamp", "1999-01-01T00:00:00Z")
        .with("/metadata/deletionGracePeriodSeconds", 7)
        .with("/metadata/selfLink", "/mine")
        .with("/metadata/generation", 9);
    let metadata = server.has(sent).await["metadata"].take();
    let uid = metadata["uid"].as_str().unwrap();
    assert_eq!((uid.len(), &uid[14..15]), (36, "4"), "{uid}");
    assert_eq!(metadata["creationTimestamp"], "2024-01-15T10:00:00Z");
    assert_eq!(metadata["generation"], 1);
    assert_eq!(metadata["resourceVersion"], "2");
    for cleared in ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        assert_eq!(metadata[cleared], Value::Null, "{cleared}");
    }
}

#[tokio::test]
async fn every_object_has_an_identity_of_its_own() {
    let server = TestServer::start().await;
    let (a, b) = (server.has(workflow("a")).await, server.has(workflow("b")).await);
    assert_ne!(a["metadata"]["uid"], b["metadata"]["uid"]);
}

#[tokio::test]
async fn one_resource_version_grows_over_all_namespaces() {
    let server = TestServer::start().await;
    let mut versions = Vec::new();
    for (name, namespace) in [("a", "x"), ("a", "y"), ("b", "x")] {
        let created = server.has(workflow(name).in_namespace(namespace)).await;
        versions.push(created["metadata"]["resourceVersion"].as_str().unwrap().parse::<u64>().unwrap());
    }
    assert_eq!(versions, [2, 3, 4]);
}

#[tokio::test]
async fn the_status_of_a_new_object_is_empty() {
    let server = TestServer::start().await;
    let created = server.has(workflow("a").with("/status", json!({"phase": "Running"}))).await;
    assert_eq!(created["status"], json!({}));
}

#[tokio::test]
async fn a_name_can_be_taken_once_in_a_namespace() {
    let server = TestServer::start().await;
    server.has(workflow("a")).await;
    server.has(workflow("a").in_namespace("other")).await;
    let status = server.post(WORKFLOWS, workflow("a")).await.failure(
        409,
        "AlreadyExists",
        "workflows.workflow.example.com \"a\" already exists",
    );
    let details = json!({"name": "a", "group": "workflow.example.com", "kind": "workflows"});
    assert_eq!(status["details"], details);
}

#[tokio::test]
async fn a_name_that_is_being_deleted_is_said_to_be() {
    let server = TestServer::start().await;
    server.has(workflow("a").with_finalizer("example.com/wait")).await;
    server.delete(item("a")).await.expect(200);
    let message = "object is being deleted: workflows.workflow.example.com \"a\" already exists";
    server.post(WORKFLOWS, workflow("a")).await.failure(409, "AlreadyExists", message);
}

#[tokio::test]
async fn a_resource_version_must_not_be_sent() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/metadata/resourceVersion", "7");
    let message = "resourceVersion should not be set on objects to be created";
    server.post(WORKFLOWS, sent.clone()).await.failure(500, "", message);
    server.post(WORKFLOWS, sent.with("/metadata/name", "A")).await.any_failure(422, "Invalid");
}

fn generated(base: &str) -> Workflow {
    workflow("").without("/metadata/name").with("/metadata/generateName", base)
}

#[tokio::test]
async fn a_name_is_generated_on_request() {
    let server = TestServer::start().await;
    let created = server.has(generated("nightly-")).await;
    let name = created["metadata"]["name"].as_str().unwrap();
    let suffix = name.strip_prefix("nightly-").unwrap();
    assert_eq!(suffix.len(), 5);
    assert!(suffix.chars().all(|c| "bcdfghjklmnpqrstvwxz2456789".contains(c)), "{suffix}");
    assert_eq!(created["metadata"]["generateName"], "nightly-");
    server.get(item(name)).await.expect(200);
}

#[tokio::test]
async fn a_long_base_is_cut_to_fit() {
    let server = TestServer::start().await;
    let created = server.has(generated(&"n".repeat(100))).await;
    assert_eq!(created["metadata"]["name"].as_str().unwrap().len(), 63);
}

#[tokio::test]
async fn a_given_name_wins_over_a_generated_one() {
    let server = TestServer::start().await;
    let created = server.has(workflow("a").with("/metadata/generateName", "b-")).await;
    assert_eq!(created["metadata"]["name"], "a");
}

#[tokio::test]
async fn a_generated_name_that_is_taken_is_generated_again() {
    let backend = Arc::new(RefuseCreates::times(7));
    let server = Setup::on(backend.clone()).start().await;
    server.post(WORKFLOWS, generated("a-")).await.expect(201);
    assert_eq!(backend.left(), 0);
}

#[tokio::test]
async fn generating_a_name_is_given_up_after_eight_attempts() {
    let backend = Arc::new(RefuseCreates::times(100));
    let server = Setup::on(backend.clone()).start().await;
    let answer = server.post(WORKFLOWS, generated("a-")).await;
    let status = answer.any_failure(409, "AlreadyExists");
    let name = status["details"]["name"].as_str().unwrap();
    assert!(name.starts_with("a-") && name.len() == 7, "{name}");
    let message = format!(
        "workflows.workflow.example.com \"{name}\" already exists, the server was not able to generate a unique \
         name for the object"
    );
    assert_eq!(status["message"], message);
    assert_eq!(status["details"]["retryAfterSeconds"], 1);
    assert_eq!(answer.header("retry-after"), "1");
    assert_eq!(backend.left(), 92);
}

#[tokio::test]
async fn the_type_may_be_left_out_of_a_body() {
    let server = TestServer::start().await;
    let created = server.has(workflow("a").without("/kind").without("/apiVersion")).await;
    assert_eq!((&created["kind"], &created["apiVersion"]), (&json!("Workflow"), &json!(API_VERSION)));
}

#[tokio::test]
async fn the_namespace_may_be_left_out_of_a_body() {
    let server = TestServer::start().await;
    let created = server.has(workflow("a").without("/metadata/namespace")).await;
    assert_eq!(created["metadata"]["namespace"], "default");
}

#[tokio::test]
async fn another_namespace_than_the_path_s_is_refused() {
    let server = TestServer::start().await;
    let message = "the namespace of the provided object does not match the namespace sent on the request";
    let answer = server.post(WORKFLOWS, workflow("a").in_namespace("other")).await;
    answer.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn another_kind_is_refused() {
    let server = TestServer::start().await;
    let status = server.post(WORKFLOWS, workflow("a").with("/kind", "Job")).await;
    let status = status.any_failure(400, "BadRequest");
    let message = status["message"].as_str().unwrap();
    let prefix =
        "Job in version \"v1alpha1\" cannot be handled as a Workflow: no kind \"Job\" is registered for ";
    assert!(message.starts_with(prefix), "{message}");
}

#[tokio::test]
async fn another_version_is_refused() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/apiVersion", "workflow.example.com/v2");
    let message = "the API version in the data (workflow.example.com/v2) does not match the expected API \
                   version (workflow.example.com/v1alpha1)";
    server.post(WORKFLOWS, sent).await.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn a_body_that_is_no_object_is_shown_in_part() {
    let server = TestServer::start().await;
    for (body, shown) in [
        ("", "(<empty>)"),
        ("[]", "(5b5d)"),
        ("no", "(6e6f)"),
        (r#"{"metadata": {"name": "cut off here"#, r#"({"metadata": {"name": "cut off ...)"#),
    ] {
        let answer = server.post(WORKFLOWS, Value::Null).bytes(body).await;
        let status = answer.any_failure(400, "BadRequest");
        let message = status["message"].as_str().unwrap();
        let prefix = "the object provided is unrecognized (must be of type Workflow): ";
        assert!(message.starts_with(prefix), "{message}");
        assert!(message.ends_with(shown), "{message}");
    }
}

#[tokio::test]
async fn a_value_of_the_wrong_type_is_named_by_its_path() {
    let server = TestServer::start().await;
    for (pointer, value, path) in [
        ("/spec/timeout", json!(30), "spec.timeout"),
        ("/spec/steps", json!([{"name": "a", "image": "b"}, {"name": 1}]), "spec.steps[1].name"),
        ("/spec/steps", json!([{"name": "a", "env": {"A": 1}}]), "spec.steps[0].env.A"),
        ("/metadata/labels", json!({"a": 1}), "metadata.labels.a"),
        ("/status", json!({"startTime": "yesterday"}), "status.startTime"),
        ("/spec", json!([]), "spec"),
    ] {
        let answer = server.post(WORKFLOWS, workflow("a").with(pointer, value)).await;
        let status = answer.any_failure(400, "BadRequest");
        let message = status["message"].as_str().unwrap();
        let prefix = "Workflow in version \"v1alpha1\" cannot be handled as a Workflow: ";
        assert!(message.starts_with(prefix), "{message}");
        assert!(message[prefix.len()..].contains(&format!("{path}: ")), "{path} in {message}");
    }
}

#[tokio::test]
async fn null_stands_for_nothing() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/metadata/labels", Value::Null).with("/spec/timeout", Value::Null);
    let created = server.has(sent.with("/status", Value::Null)).await;
    assert_eq!(created["metadata"]["labels"], Value::Null);
    assert_eq!(created["spec"].as_object().unwrap().len(), 1);
}

#[tokio::test]
async fn unknown_and_duplicate_fields_are_warned_of() {
    let server = TestServer::start().await;
    let body = r#"{"metadata":{"name":"a","nam":1},"spec":{"timeout":"1m","timeout":"2m","steps":[{"name":"a",
        "image":"b","x":1}]}}"#;
    let answer = server.post(WORKFLOWS, Value::Null).bytes(body).await.expect(201);
    assert_eq!(answer.json()["spec"]["timeout"], "2m");
    let mut warnings = answer.warnings();
    warnings.sort();
    let expected = [
        r#""duplicate field \"spec.timeout\"""#,
        r#""unknown field \"metadata.nam\"""#,
        r#""unknown field \"spec.steps[0].x\"""#,
    ];
    assert_eq!(warnings, expected);
}

#[tokio::test]
async fn strict_validation_refuses_them() {
    let server = TestServer::start().await;
    let body = r#"{"metadata":{"name":"a"},"spec":{"x":1,"timeout":"1m","timeout":"2m"}}"#;
    let strict = format!("{WORKFLOWS}?fieldValidation=Strict");
    let message = "Workflow in version \"v1alpha1\" cannot be handled as a Workflow: strict decoding error: \
                   unknown field \"spec.x\", duplicate field \"spec.timeout\"";
    server.post(strict, Value::Null).bytes(body).await.failure(400, "BadRequest", message);
}

#[tokio::test]
async fn ignoring_validation_says_nothing() {
    let server = TestServer::start().await;
    let sent = workflow("a").with("/spec/x", 1);
    let answer = server.post(format!("{WORKFLOWS}?fieldValidation=Ignore"), sent).await.expect(201);
    assert_eq!(answer.warnings(), Vec::<String>::new());
    assert_eq!(answer.json()["spec"]["x"], Value::Null);
}

#[tokio::test]
async fn many_warnings_stay_within_their_budget() {
    let server = TestServer::start().await;
    let mut sent = workflow("a");
    for number in 0..100 {
        sent = sent.with(&format!("/spec/{}{number}", "x".repeat(300)), 1);
    }
    let warnings = server.post(WORKFLOWS, sent).await.expect(201).warnings();
    assert!(!warnings.is_empty());
    assert!(warnings.iter().all(|warning| warning.chars().count() <= 256 + 4));
    assert!(warnings.iter().map(|warning| warning.chars().count() - 4).sum::<usize>() <= 4096);
}

#[tokio::test]
async fn a_workflow_without_steps_is_accepted_with_a_warning() {
    let server = TestServer::start().await;
    let answer = server.post(WORKFLOWS, workflow("a").with("/spec", json!({}))).await.expect(201);
    assert_eq!(answer.warnings(), [r#""spec.steps: a workflow without steps has nothing to run""#]);
}

#[tokio::test]
async fn warnings_come_with_failures_too() {
    let server = TestServer::start().await;
    let answer = server.post(WORKFLOWS, workflow("A B").with("/spec/x", 1)).await.expect(422);
    assert_eq!(answer.warnings(), [r#""unknown field \"spec.x\"""#]);
}

#[tokio::test]
async fn equal_owners_are_reduced_to_one_with_a_warning() {
    let server = TestServer::start().await;
    let owner = json!({"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": "u"});
    let sent = workflow("a").with("/metadata/ownerReferences", json!([owner, owner, owner]));
    let answer = server.post(WORKFLOWS, sent).await.expect(201);
    assert_eq!(answer.json()["metadata"]["ownerReferences"], json!([owner]));
    let warning = |when: &str, uids: &str| {
        format!(
            "\".metadata.ownerReferences contains duplicate entries{when}; API server dedups owner references in \
             1.20+, and may reject such requests as early as 1.24; please fix your requests; duplicate UID(s) \
             observed: {uids}\""
        )
    };
    assert_eq!(answer.warnings(), [warning("", "u, u")]);
    let patch = json!({"metadata": {"ownerReferences": [owner, owner]}});
    let answer = server.patch(item("a"), MERGE_PATCH, patch).await.expect(200);
    assert_eq!(answer.warnings(), [warning(" after mutating admission happens", "u")]);
    assert_eq!(answer.json()["metadata"]["ownerReferences"], json!([owner]));
}

#[tokio::test]
async fn a_dry_run_answers_but_writes_nothing() {
    let server = TestServer::start().await;
    let dry = format!("{WORKFLOWS}?dryRun=All");
    let answered = server.post(&dry, workflow("a")).await.expect(201).json();
    assert_eq!(answered["metadata"]["resourceVersion"], Value::Null);
    assert_eq!(answered["metadata"]["uid"].as_str().unwrap().len(), 36);
    server.get(item("a")).await.expect(404);
    let list = server.read(ALL).await;
    assert_eq!(list["metadata"]["resourceVersion"], "1");
    server.has(workflow("a")).await;
    server.post(&dry, workflow("a")).await.any_failure(409, "AlreadyExists");
    server.post(&dry, workflow("A B")).await.any_failure(422, "Invalid");
    server.post(&dry, generated("g-")).await.expect(201);
}

#[tokio::test]
async fn options_that_are_not_known_are_refused_all_at_once() {
    let server = TestServer::start().await;
    let path = format!("{WORKFLOWS}?dryRun=Some&fieldValidation=Lax&fieldManager={}", "m".repeat(129));
    let status = server.post(path, workflow("a")).await.causes(&[
        ("FieldValueTooLong", "fieldManager", "Too long: may not be more than 128 bytes"),
        ("FieldValueNotSupported", "dryRun", "Unsupported value: [\"Some\"]: supported values: \"All\""),
        (
            "FieldValueNotSupported",
            "fieldValidation",
            "Unsupported value: \"Lax\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"",
        ),
    ]);
    assert_eq!(status["details"]["kind"], "CreateOptions");
    assert_eq!(status["details"]["group"], "meta.k8s.io");
}

#[tokio::test]
async fn objects_are_created_in_a_namespace_s_collection_only() {
    let server = TestServer::start().await;
    let message = "the server does not allow this method on the requested resource";
    server.post(ALL, workflow("a")).await.failure(405, "MethodNotAllowed", message);
    server.post(item("a"), workflow("a")).await.failure(405, "MethodNotAllowed", message);
}
