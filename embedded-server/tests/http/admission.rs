//! What admission is asked, and what becomes of its answer.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::admission::{Operation, Review, Validate};
use embedded_server::meta::ApiError;
use parking_lot::Mutex;
use serde_json::json;

use crate::support::{
    ALL, API_VERSION, APPLY_PATCH, JSON_PATCH, MERGE_PATCH, Setup, TestServer, WORKFLOWS, Workflow, item,
    workflow,
};

/// Lets everything pass but the deletion of one object, and remembers what it was asked.
#[derive(Debug, Default)]
struct Witness {
    asked: Mutex<Vec<String>>,
    keeps: &'static str,
}

#[async_trait]
impl Validate for Witness {
    async fn validate(&self, review: Review<'_>) -> Result<(), ApiError> {
        let dry = if review.dry_run { " dry" } else { "" };
        let (namespace, name) = (review.namespace, review.name);
        self.asked
            .lock()
            .push(format!("{:?} {namespace}/{name} by {}{dry}", review.operation, review.user.name));
        if review.operation == Operation::Delete && name == self.keeps {
            return Err(ApiError::forbidden("workflows.workflow.example.com", name, "it is kept"));
        }
        Ok(())
    }
}

impl Witness {
    fn asked(&self) -> Vec<String> {
        std::mem::take(&mut *self.asked.lock())
    }
}

async fn with(keeps: &'static str) -> (TestServer, Arc<Witness>) {
    let witness = Arc::new(Witness { keeps, ..Witness::default() });
    (Setup::default().admitting(witness.clone()).start().await, witness)
}

#[tokio::test]
async fn a_patch_is_an_update_and_an_apply_of_something_new_a_creation() {
    let (server, witness) = with("").await;
    let stored = server.has(workflow("a")).await;
    assert_eq!(witness.asked(), ["Create default/a by admin"]);
    let changed = Workflow::from(stored).with("/spec/timeout", "1m");
    server.put(item("a"), changed).await.expect(200);
    server.patch(item("a"), MERGE_PATCH, json!({"spec": {"timeout": "2m"}})).await.expect(200);
    assert_eq!(witness.asked(), ["Update default/a by admin", "Update default/a by admin"]);
    let config = json!({"apiVersion": API_VERSION, "kind": "Workflow", "metadata": {"name": "b"}});
    let path = item("b") + "?fieldManager=m";
    server.patch(&path, APPLY_PATCH, config.clone()).await.expect(201);
    server.patch(&path, APPLY_PATCH, config).await.expect(200);
    assert_eq!(witness.asked(), ["Create default/b by admin", "Update default/b by admin"]);
    server.delete(item("a")).await.expect(200);
    assert_eq!(witness.asked(), ["Delete default/a by admin"]);
}

#[tokio::test]
async fn a_patch_that_changes_nothing_is_looked_at_all_the_same() {
    let (server, witness) = with("").await;
    let stored = server.has(workflow("a")).await;
    witness.asked();
    let answer = server.patch(item("a"), JSON_PATCH, json!([])).await.expect(200);
    assert_eq!((answer.json(), witness.asked()), (stored, vec!["Update default/a by admin".to_owned()]));
}

#[tokio::test]
async fn a_dry_run_is_looked_at_and_known_as_one() {
    let (server, witness) = with("").await;
    let stored = server.has(workflow("a")).await;
    witness.asked();
    server.post(format!("{WORKFLOWS}?dryRun=All"), workflow("b")).await.expect(201);
    server.put(item("a") + "?dryRun=All", stored).await.expect(200);
    server.delete(item("a") + "?dryRun=All").await.expect(200);
    let expected =
        ["Create default/b by admin dry", "Update default/a by admin dry", "Delete default/a by admin dry"];
    assert_eq!(witness.asked(), expected);
}

#[tokio::test]
async fn each_object_of_a_collection_is_looked_at_and_the_first_refusal_ends_the_deletion() {
    let (server, witness) = with("b").await;
    for name in ["a", "b", "c"] {
        server.has(workflow(name)).await;
    }
    witness.asked();
    let message = "workflows.workflow.example.com \"b\" is forbidden: it is kept";
    server.delete(WORKFLOWS).await.failure(403, "Forbidden", message);
    assert_eq!(witness.asked(), ["Delete default/a by admin", "Delete default/b by admin"]);
    let left = server.read(ALL).await["items"].as_array().unwrap().len();
    assert_eq!(left, 2);
}

#[tokio::test]
async fn what_is_refused_is_not_deleted_in_a_dry_run_either() {
    let (server, _) = with("a").await;
    server.has(workflow("a")).await;
    for path in [item("a"), item("a") + "?dryRun=All"] {
        server.delete(path).await.any_failure(403, "Forbidden");
    }
    server.get(item("a")).await.expect(200);
}
