//! Deployments and pods.

use serde_json::{Value, json};
use std::collections::BTreeMap;

use super::server::{deploy, is_ready};
use crate::standin::{Cluster, Trouble};
use k8s_openapi::api::apps::v1::Deployment;
use kube::api::{Api, Patch, PatchParams};

type Contents = BTreeMap<String, Value>;

fn pods(contents: &Contents) -> Vec<&Value> {
    contents.iter().filter(|(key, _)| key.starts_with("/pods/")).map(|(_, pod)| pod).collect()
}

/// Returns why the first pod's container waits.
fn waiting(contents: &Contents) -> Option<&str> {
    pods(contents).first()?["status"]["containerStatuses"][0]["state"]["waiting"]["reason"].as_str()
}

fn events(contents: &Contents) -> Vec<&str> {
    let events = contents.iter().filter(|(key, _)| key.starts_with("/events/"));
    events.filter_map(|(_, event)| event["message"].as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_not_there_is_waited_for() {
    let cluster = Cluster::start().await;
    cluster.trouble(Trouble::NoImage);
    deploy(&cluster).await;
    cluster.until(|contents| waiting(contents) == Some("ImagePullBackOff")).await;
    cluster.trouble(None);
    cluster.until(is_ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_ends_backs_off_and_leaves_its_log() {
    let cluster = Cluster::start().await;
    cluster.trouble(Trouble::Crash(vec!["no such store".to_owned()]));
    deploy(&cluster).await;
    cluster.until(|contents| waiting(contents) == Some("CrashLoopBackOff")).await;
    let contents = cluster.contents().await;
    let pod = pods(&contents)[0];
    let last = &pod["status"]["containerStatuses"][0]["lastState"]["terminated"];
    assert_eq!((&last["exitCode"], &last["message"]), (&json!(1), &json!("no such store")));
    let log = cluster.log_of("test", pod["metadata"]["name"].as_str().unwrap());
    assert_eq!(log.as_deref(), Some("no such store\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_in_the_way_of_a_pod_is_said() {
    for (trouble, said) in [
        (Trouble::Unready, "Readiness probe failed: HTTP probe failed with statuscode: 500"),
        (
            Trouble::NoNode("0/1 nodes are available: 1 Insufficient memory.".to_owned()),
            "Insufficient memory.",
        ),
        (Trouble::Quota("exceeded quota: small".to_owned()), "is forbidden: exceeded quota: small"),
    ] {
        let cluster = Cluster::start().await;
        cluster.trouble(trouble);
        deploy(&cluster).await;
        cluster.until(|contents| events(contents).iter().any(|message| message.ends_with(said))).await;
        assert!(!is_ready(&cluster.contents().await));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_template_replaces_the_pods() {
    let cluster = Cluster::start().await;
    deploy(&cluster).await;
    cluster.until(is_ready).await;
    let before = pods(&cluster.contents().await)[0]["metadata"]["uid"].clone();
    let deployments: Api<Deployment> = Api::namespaced(cluster.client(), "test");
    let patch = json!({"spec": {"template": {"metadata": {"annotations": {"restarted": "now"}}}}});
    deployments.patch("server", &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
    let replaced = |contents: &Contents| {
        let pods = pods(contents);
        pods.len() == 1 && pods[0]["metadata"]["uid"] != before && is_ready(contents)
    };
    cluster.until(replaced).await;
}
