//! What may be made in a namespace that is not there or is going away.

use std::sync::Arc;

use async_trait::async_trait;
use embedded_server::admission::{NamespaceLifecycle, Namespaces, Phase};
use embedded_server::lookup::Failed;
use serde_json::json;

use crate::support::{Setup, TestServer, item, workflow};

/// A cluster with two namespaces; asked for another, it knows only whether it can say so.
#[derive(Clone, Copy, Debug)]
struct Cluster {
    answers: bool,
}

#[async_trait]
impl Namespaces for Cluster {
    async fn known(&self) {}

    fn last_heard(&self, name: &str) -> Option<Phase> {
        match name {
            "default" => Some(Phase::Active),
            "leaving" => Some(Phase::Terminating),
            _ => None,
        }
    }

    async fn look_up(&self, name: &str) -> Result<Option<Phase>, Failed> {
        if self.answers { Ok(self.last_heard(name)) } else { Err(Failed::lasting("out of reach")) }
    }
}

async fn server(answers: bool) -> TestServer {
    let lifecycle = NamespaceLifecycle::new(Arc::new(Cluster { answers }));
    Setup::default().guarded(Arc::new(lifecycle)).start().await
}

fn collection(namespace: &str) -> String {
    format!("/apis/workflow.example.com/v1alpha1/namespaces/{namespace}/workflows")
}

#[tokio::test]
async fn nothing_is_made_where_there_is_no_namespace() {
    let server = server(true).await;
    let answer = server.post(collection("nowhere"), workflow("a").in_namespace("nowhere")).await;
    let status = answer.failure(404, "NotFound", "namespaces \"nowhere\" not found");
    assert_eq!(status["details"], json!({"kind": "namespaces", "name": "nowhere"}));
    let invalid = workflow("a").in_namespace("nowhere").with("/spec/steps", json!([]));
    server.post(collection("nowhere"), invalid).await.any_failure(404, "NotFound");
    let applied = workflow("a").in_namespace("nowhere");
    let path = collection("nowhere") + "/a?fieldManager=m";
    server.patch(path, "application/apply-patch+yaml", applied).await.any_failure(404, "NotFound");
}

#[tokio::test]
async fn nothing_is_made_in_a_namespace_that_is_going_away() {
    let server = server(true).await;
    let why = "unable to create new content in namespace leaving because it is being terminated";
    let answer = server.post(collection("leaving"), workflow("a").in_namespace("leaving")).await;
    let message = format!("workflows.workflow.example.com \"a\" is forbidden: {why}");
    let status = answer.failure(403, "Forbidden", &message);
    let cause = json!([{
        "reason": "NamespaceTerminating",
        "message": "namespace leaving is being terminated",
        "field": "metadata.namespace",
    }]);
    assert_eq!(status["details"]["causes"], cause);
    let generated =
        workflow("").in_namespace("leaving").without("/metadata/name").with("/metadata/generateName", "a-");
    let message = format!("workflows.workflow.example.com \"a-\" is forbidden: {why}");
    server.post(collection("leaving"), generated).await.failure(403, "Forbidden", &message);
}

#[tokio::test]
async fn elsewhere_everything_goes_on() {
    let server = server(true).await;
    let made = server.has(workflow("a")).await;
    server.put(item("a"), made).await.expect(200);
    server.delete(item("a")).await.expect(200);
}

#[tokio::test]
async fn when_nobody_knows_the_namespace_nothing_is_made() {
    let server = server(false).await;
    let answer = server.post(collection("nowhere"), workflow("a").in_namespace("nowhere")).await;
    answer.failure(500, "InternalError", "Internal error occurred: out of reach");
}
