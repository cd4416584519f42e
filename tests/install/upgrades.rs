//! Installing over what is installed: with other settings, by another version, and with what does not come up.

use serde_json::{Value, json};

use super::hands::{create, here};
use super::standin::{Cluster, Trouble};
use super::transcript::Transcript;
use super::troubles::fails_with;
use super::{NAMESPACE, lasting};

/// No cluster has it.
const NOWHERE: &str = "--image registry.invalid/wfctl:2";

fn image(contents: &std::collections::BTreeMap<String, Value>) -> Value {
    let deployment = &contents[&format!("apps/deployments/{NAMESPACE}/workflow-apiserver")];
    deployment["spec"]["template"]["spec"]["containers"][0]["image"].clone()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_settings_are_applied_and_remembered_and_what_is_not_needed_is_pruned() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    told.run(&cluster, "install", 0).await;
    told.run(&cluster, "install", 0).await;
    told.run(&cluster, "install -o json", 0).await;
    told.run(&cluster, "install --image other:2 --dry-run", 0).await;
    told.run(&cluster, "install --image other:2 --dry-run -o json", 0).await;
    told.run(&cluster, "install --image other:2", 0).await;
    told.run(&cluster, "install --storage memory: -o json", 0).await;
    assert_eq!(image(&cluster.contents().await), "other:2");
    told.note("an earlier version had a Service more");
    add_to_the_record(&cluster).await;
    told.run(&cluster, "install", 0).await;
    assert!(!cluster.contents().await.contains_key(&format!("/services/{NAMESPACE}/workflow-metrics")));
    told.run(&cluster, "install --set colour=red", 2).await;
    told.run(&cluster, "install --replicas 3", 2).await;
    told.check("install-upgrade");
}

/// Lets the installation look like one of a version that had an object more.
async fn add_to_the_record(cluster: &Cluster) {
    use base64::Engine;
    use base64::prelude::BASE64_STANDARD;
    let record = format!("/secrets/{NAMESPACE}/workflow-apiserver-installation");
    let record = cluster.contents().await[&record].clone();
    let objects = BASE64_STANDARD.decode(record["data"]["objects.json"].as_str().unwrap()).unwrap();
    let mut objects: Vec<Value> = serde_json::from_slice(&objects).unwrap();
    let labels = json!({"app.kubernetes.io/managed-by": "wfctl", "app.kubernetes.io/part-of": "workflow"});
    let metadata = json!({"name": "workflow-metrics", "namespace": NAMESPACE, "labels": labels});
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": {"ports": [{"name": "a", "port": 80}]},
    });
    create(cluster, &here("v1", "services", ""), &service).await;
    objects.push(service);
    let encoded = BASE64_STANDARD.encode(serde_json::to_vec(&objects).unwrap());
    let patch = json!({"data": {"objects.json": encoded}});
    super::hands::patch(cluster, &here("v1", "secrets", "workflow-apiserver-installation"), &patch).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_does_not_come_up_says_why_and_can_be_gone_on_with() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    cluster.run("install").await.expect(0);
    cluster.run(&format!("install {NOWHERE} --wait=false")).await.expect(0);
    let command = format!("install {NOWHERE}");
    let output = fails_with(&cluster, &command, "ImagePullBackOff").await;
    told.add(&format!("{command} --timeout 5s"), &output);
    assert_eq!(image(&cluster.contents().await), "registry.invalid/wfctl:2");
    told.run(&cluster, "status", 1).await;
    told.note("with an image that is there, it goes on");
    told.run(&cluster, "install --image other:2", 0).await;
    told.check("install-failed-upgrade");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_that_does_not_come_up_is_taken_back_where_that_is_asked_for() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    cluster.run("install").await.expect(0);
    let before = lasting(&cluster).await;
    let command = format!("install {NOWHERE} --rollback-on-failure");
    let output = fails_with(&cluster, &command, "ImagePullBackOff").await;
    told.add(&format!("{command} --timeout 5s"), &output);
    let certificates = format!("/secrets/{NAMESPACE}/workflow-apiserver-certs");
    let after = lasting(&cluster).await;
    assert_eq!(image(&after), image(&before));
    assert_eq!(after[&certificates], before[&certificates]);
    told.run(&cluster, "install", 0).await;
    told.check("install-rollback");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_a_first_installation_that_does_not_come_up_nothing_is_left() {
    let cluster = Cluster::start().await;
    let mut told = Transcript::new();
    let before: Vec<_> = lasting(&cluster).await.into_keys().collect();
    let crash = Trouble::Crash(vec!["starting".to_owned(), "error: the store is locked".to_owned()]);
    cluster.trouble(crash);
    told.run(&cluster, "install --rollback-on-failure", 1).await;
    cluster.until(|contents| !contents.contains_key(&format!("/namespaces/{NAMESPACE}"))).await;
    let after: Vec<_> = lasting(&cluster).await.into_keys().collect();
    assert_eq!(after, before);
    told.check("install-rollback-of-the-first");
}
