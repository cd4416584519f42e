//! Namespaces, and what can be made in them.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::api::{Api, DeleteParams, PostParams};
use serde_json::json;

use super::server::{availability, deploy, register};
use crate::standin::{Cluster, Trouble};

const NAMESPACE: &str = "/namespaces/test";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_made_in_a_namespace_that_is_not_there() {
    let cluster = Cluster::start().await;
    let maps: Api<ConfigMap> = Api::namespaced(cluster.client(), "test");
    let map = serde_json::from_value(json!({"metadata": {"name": "a"}})).unwrap();
    let error = maps.create(&PostParams::default(), &map).await.unwrap_err();
    let kube::Error::Api(status) = error else { panic!("{error}") };
    assert_eq!((status.code, status.message.as_str()), (404, "namespaces \"test\" not found"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_goes_with_all_that_is_in_it() {
    let cluster = Cluster::start().await;
    deploy(&cluster).await;
    cluster.until(super::server::is_ready).await;
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    namespaces.delete("test", &DeleteParams::default()).await.unwrap();
    cluster.until(|contents| !contents.contains_key(NAMESPACE)).await;
    let left: Vec<_> = cluster.contents().await.into_keys().filter(|key| key.contains("/test/")).collect();
    assert_eq!(left, Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_namespace_stays_while_a_group_cannot_be_asked() {
    let cluster = Cluster::start().await;
    cluster.trouble(Trouble::NoImage);
    deploy(&cluster).await;
    register(&cluster.client(), "").await;
    cluster.until(|contents| availability(contents).starts_with("MissingEndpoints")).await;
    let namespaces: Api<Namespace> = Api::all(cluster.client());
    namespaces.delete("test", &DeleteParams::default()).await.unwrap();
    let hangs = "NamespaceDeletionDiscoveryFailure";
    cluster.until(|contents| contents[NAMESPACE]["status"]["conditions"][0]["type"] == hangs).await;
    let services: Api<APIService> = Api::all(cluster.client());
    services.delete("v1alpha1.workflow.example.com", &DeleteParams::default()).await.unwrap();
    cluster.until(|contents| !contents.contains_key(NAMESPACE)).await;
}
