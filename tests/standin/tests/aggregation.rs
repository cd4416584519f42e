//! The aggregation layer.

use k8s_openapi::api::core::v1::Service;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use serde_json::{Value, json};

use super::server::{GROUP, availability, certificates, deploy, is_ready, register};
use crate::standin::Cluster;

const WORKFLOWS: &str = "/apis/workflow.example.com/v1alpha1/namespaces/default/workflows";

/// Returns a client that comes in by the door.
pub(super) async fn outside(cluster: &Cluster) -> Client {
    let file = Kubeconfig::read_from(cluster.kubeconfig()).unwrap();
    let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await.unwrap();
    config.default_retry = false;
    Client::try_from(config).unwrap()
}

pub(super) async fn ask(
    client: &Client,
    method: &str,
    path: &str,
    body: &Value,
) -> Result<Value, kube::Error> {
    let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let request =
        http::Request::builder().method(method).uri(path).header("content-type", "application/json");
    client.request(request.body(body).unwrap()).await
}

async fn groups(client: &Client) -> Vec<String> {
    let groups = client.list_api_groups().await.unwrap().groups;
    groups.into_iter().map(|group| group.name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_reaches_the_server_that_an_api_service_names() {
    let cluster = Cluster::start().await;
    let authority = deploy(&cluster).await;
    cluster.until(is_ready).await;
    register(&cluster.client(), &authority).await;
    cluster.until(|contents| availability(contents) == "Passed: all checks passed").await;

    let client = outside(&cluster).await;
    let workflow = json!({
        "apiVersion": "workflow.example.com/v1alpha1", "kind": "Workflow", "metadata": {"name": "a"},
        "spec": {"steps": [{"name": "one", "image": "i"}]},
    });
    let made = ask(&client, "POST", WORKFLOWS, &workflow).await.unwrap();
    assert_eq!(made["metadata"]["managedFields"][0]["operation"], "Update");
    let found = ask(&client, "GET", &format!("{WORKFLOWS}/a"), &Value::Null).await.unwrap();
    assert_eq!(found["spec"]["steps"][0]["name"], "one");
    assert!(groups(&client).await.contains(&GROUP.to_owned()));

    let services: Api<APIService> = Api::all(cluster.client());
    services.delete("v1alpha1.workflow.example.com", &DeleteParams::default()).await.unwrap();
    assert!(!groups(&client).await.contains(&GROUP.to_owned()));
    let error = ask(&client, "GET", WORKFLOWS, &Value::Null).await.unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ca_bundle_of_somebody_else_is_available_and_useless() {
    let cluster = Cluster::start().await;
    deploy(&cluster).await;
    cluster.until(is_ready).await;
    register(&cluster.client(), &certificates().0).await;
    cluster.until(|contents| availability(contents).starts_with("Passed")).await;
    let error = ask(&outside(&cluster).await, "GET", WORKFLOWS, &Value::Null).await.unwrap_err();
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert_eq!(status.code, 503);
    let why = "x509: certificate signed by unknown authority";
    assert!(status.message.contains(why), "{status:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_api_service_says_what_is_missing() {
    let cluster = Cluster::start().await;
    register(&cluster.client(), "").await;
    let missing = r#"ServiceNotFound: service/server in "test" is not present"#;
    cluster.until(|contents| availability(contents) == missing).await;
    cluster.trouble(crate::standin::Trouble::NoImage);
    deploy(&cluster).await;
    cluster.until(|contents| availability(contents).starts_with("MissingEndpoints: ")).await;
    let services: Api<Service> = Api::namespaced(cluster.client(), "test");
    let patch = json!({"spec": {"ports": [{"name": "https", "port": 444, "targetPort": "https"}]}});
    services.patch("server", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let unheard = r#"ServicePortError: service/server in "test" is not listening on port 443"#;
    cluster.until(|contents| availability(contents) == unheard).await;
    let error = ask(&outside(&cluster).await, "GET", WORKFLOWS, &Value::Null).await.unwrap_err();
    assert!(matches!(error, kube::Error::Api(status) if status.code == 503));
}
