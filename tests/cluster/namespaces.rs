//! What may be created where.

use serde_json::{Value, json};

use crate::support::{Authority, Kube, Setup};

fn collection(namespace: &str) -> String {
    format!("/apis/workflow.example.com/v1alpha1/namespaces/{namespace}/workflows")
}

fn workflow() -> Value {
    json!({
        "apiVersion": "workflow.example.com/v1alpha1",
        "kind": "Workflow",
        "metadata": {"generateName": "a-"},
        "spec": {"steps": [{"name": "build", "image": "golang:1.21"}]},
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_need_not_be_known_to_a_server_that_does_without_them() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    kube.change(|state| state.namespaces = Default::default());
    let server = Setup::of(&kube).with("--disable-admission-plugins", "NamespaceLifecycle").ready();
    let proxy = server.client(&front.client("aggregator"));
    proxy.create_as("alice", &collection("anywhere"), workflow()).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn namespaces_are_followed() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    let server = Setup::of(&kube).ready();
    let proxy = server.client(&front.client("aggregator"));
    let create = async |namespace: &str| proxy.create_as("alice", &collection(namespace), workflow()).await;
    create("default").await.expect(201);
    let missing = create("new").await.expect(404).json();
    assert_eq!(missing["message"], "namespaces \"new\" not found");
    kube.change(|state| state.namespaces.put("new", json!({"status": {"phase": "Active"}})));
    create("new").await.expect(201);
    kube.change(|state| state.namespaces.put("new", json!({"status": {"phase": "Terminating"}})));
    let mut last = create("new").await;
    while last.code == 201 {
        last = create("new").await;
    }
    let refused = last.expect(403).json();
    assert_eq!(refused["details"]["causes"][0]["reason"], "NamespaceTerminating");
}
