//! Pods that cannot run.

use std::collections::BTreeMap;

use serde_json::Value;

use super::standin::{Cluster, Trouble};

/// Installs while pods have a trouble, and expects to be told of it.
async fn told(trouble: Trouble, reason: &str) {
    let cluster = Cluster::start().await;
    cluster.trouble(trouble);
    let output = cluster.run("install --timeout 30s").await.expect(1);
    assert!(output.stderr.contains(reason), "{}", output.stderr);
    cluster.trouble(None);
    cluster.until(|contents| !is_backing_off(contents)).await;
    cluster.run("install").await.expect(0);
}

/// Tells whether a pod waits before it is started again: whoever installs then is told why at once.
fn is_backing_off(contents: &BTreeMap<String, Value>) -> bool {
    contents.iter().filter(|(key, _)| key.starts_with("/pods/")).any(|(_, pod)| {
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_not_there_is_named() {
    told(Trouble::NoImage, "ImagePullBackOff").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_lines_of_a_crash_are_shown() {
    told(Trouble::Crash(vec!["the store is locked".to_owned()]), "the store is locked").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_probe_that_fails_is_told() {
    told(Trouble::Unready, "HTTP probe failed with statuscode: 500").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quota_is_told() {
    told(Trouble::Quota("exceeded quota: small".to_owned()), "exceeded quota: small").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_missing_is_told() {
    let why = "0/1 nodes are available: 1 Insufficient memory.";
    told(Trouble::NoNode(why.to_owned()), "Insufficient memory").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_volume_that_is_missing_is_told() {
    told(Trouble::NoVolume, "unbound immediate PersistentVolumeClaims").await;
}
