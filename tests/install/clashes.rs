//! What is in the way of an installation, and what is said of it before anything is changed.

use std::sync::Arc;

use embedded_server::clock::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;
use serde_json::json;

use super::hands::{create, delete, here};
use super::standin::Cluster;
use super::transcript::Transcript;
use super::{NAMESPACE, changes};

const NAMESPACES: &str = "/api/v1/namespaces";
const API_SERVICES: &str = "/apis/apiregistration.k8s.io/v1/apiservices";
const CLUSTER_ROLES: &str = "/apis/rbac.authorization.k8s.io/v1/clusterroles";

fn registration(service: Option<(&str, &str)>) -> serde_json::Value {
    let service = service.map(|(namespace, name)| json!({"namespace": namespace, "name": name}));
    json!({
        "metadata": {"name": "v1alpha1.workflow.example.com"},
        "spec": {
            "group": "workflow.example.com", "version": "v1alpha1", "groupPriorityMinimum": 1000,
            "versionPriority": 100, "service": service,
        },
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_belongs_to_somebody_else_is_not_taken() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    let registrations = [
        ("a Service of somebody else has the API", registration(Some(("default", "theirs")))),
        ("the API is installed in another namespace", registration(Some(("blue", "workflow-apiserver")))),
        ("a CustomResourceDefinition has the API", registration(None)),
    ];
    for (what, registration) in registrations {
        create(&cluster, API_SERVICES, &registration).await;
        told.note(what);
        told.run(&cluster, "install", 1).await;
        delete(&cluster, &format!("{API_SERVICES}/v1alpha1.workflow.example.com")).await;
    }

    create(&cluster, CLUSTER_ROLES, &json!({"metadata": {"name": "workflow-admin"}, "rules": []})).await;
    told.note("somebody has a ClusterRole of the same name");
    told.run(&cluster, "install", 1).await;
    let helm = json!({"app.kubernetes.io/managed-by": "Helm"});
    create(&cluster, CLUSTER_ROLES, &json!({"metadata": {"name": "workflow-viewer", "labels": helm}})).await;
    told.note("and Helm has another one");
    told.run(&cluster, "install", 1).await;
    assert_eq!(changes(&cluster), Vec::<String>::new());
    told.check("install-clashes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_of_somebody_else_is_used_as_it_is() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    create(&cluster, NAMESPACES, &json!({"metadata": {"name": NAMESPACE, "labels": {"whose": "theirs"}}}))
        .await;
    told.run(&cluster, "install", 0).await;
    let namespace = cluster.contents().await[&format!("/namespaces/{NAMESPACE}")].clone();
    assert_eq!(namespace["metadata"]["labels"], json!({"whose": "theirs"}));
    told.run(&cluster, "uninstall --yes --purge", 0).await;
    told.check("install-into-their-namespace");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_that_is_on_its_way_out_is_waited_for_by_nobody() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    create(&cluster, NAMESPACES, &json!({"metadata": {"name": NAMESPACE}})).await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/held"]}});
    create(&cluster, &here("v1", "configmaps", ""), &held).await;
    delete(&cluster, &format!("{NAMESPACES}/{NAMESPACE}")).await;
    told.run(&cluster, "install", 1).await;
    told.check("install-namespace-ends");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clocks_that_differ_are_told_and_certificates_go_by_the_clusters() {
    let mut told = Transcript::new();
    for (what, minutes) in
        [("the clock of the cluster is 90 minutes behind", -90), ("it is 90 minutes ahead", 90)]
    {
        let now = SystemClock.now()
            + SignedDuration::from_mins(minutes)
            + SignedDuration::from_secs(minutes.signum() * 30);
        let cluster = Cluster::at(Arc::new(ManualClock::at(now))).await;
        told.note(what);
        told.run(&cluster, "install", 0).await;
        cluster.run("status").await.expect(0);
    }
    told.check("install-clock");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_that_is_not_there_is_said_not_to_be() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    let kubeconfig = std::fs::read_to_string(cluster.kubeconfig()).unwrap();
    let mut nobody: serde_json::Value = serde_json::from_str(&kubeconfig).unwrap();
    nobody["clusters"][0]["cluster"]["server"] = json!("https://127.0.0.1:1");
    std::fs::write(cluster.kubeconfig(), nobody.to_string()).unwrap();
    told.run(&cluster, "install", 1).await;
    told.run(&cluster, "status", 1).await;
    told.run(&cluster, "uninstall --yes", 1).await;
    told.note("the kubeconfig is gone");
    std::fs::remove_file(cluster.kubeconfig()).unwrap();
    told.run(&cluster, "install", 1).await;
    told.run(&cluster, "status", 1).await;
    told.check("no-cluster");
}
