//! Rotations from their beginning to their end.

use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams};

use super::installation::*;
use super::running::Running;
use super::standin::{Cluster, Output};
use super::transcript::Transcript;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_replaced_and_neither_requests_nor_watches_notice() {
    let cluster = installed().await;
    scale(&cluster, 2).await;
    let before = [certificate(&cluster, AUTHORITIES).await, certificate(&cluster, SERVING).await];
    let witness = witness(&cluster);
    let mut transcript = Transcript::default();

    cluster.clear_journal();
    let output = rotate(&cluster, "--plan").await.expect(0);
    transcript.add("certs rotate --plan", &output);
    assert_eq!(writes(&cluster), [""; 0]);
    let output = rotate(&cluster, "").await.expect(0);
    transcript.add("certs rotate", &output);
    assert_eq!(writes(&cluster), [AUTHORITIES, TRUST, SERVING, AUTHORITIES, SERVING, TRUST]);

    was_trusted(witness).await;
    let after = [certificate(&cluster, AUTHORITIES).await, certificate(&cluster, SERVING).await];
    assert!(before[0] != after[0] && before[1] != after[1]);
    assert_eq!(bundle(&cluster).await, after[0]);
    is_well(&cluster).await;

    cluster.clear_journal();
    transcript.add("certs rotate --if-needed", &rotate(&cluster, "--if-needed").await.expect(0));
    assert_eq!(writes(&cluster), [""; 0]);
    transcript.add("certs rotate --serving-only", &rotate(&cluster, "--serving-only").await.expect(0));
    assert_eq!(writes(&cluster), [SERVING]);
    transcript.check("whole");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_are_one() {
    let cluster = installed().await;
    scale(&cluster, 2).await;
    let witness = witness(&cluster);
    let (one, other) = tokio::join!(report(&cluster, "", 0), report(&cluster, "", 0));
    assert_eq!(one["authority"], other["authority"]);
    for report in [one, other] {
        assert_eq!(report["requests"]["failed"], 0, "{report}");
        assert_eq!(report["watches"], serde_json::json!({"held": 4, "reconnects": 0}));
    }
    was_trusted(witness).await;
    assert_eq!(writes(&cluster).iter().filter(|name| *name == AUTHORITIES).count(), 2);
    is_well(&cluster).await;
}

/// Deletes the only pod, and waits for the next.
async fn restart(cluster: &Cluster) {
    let contents = cluster.contents().await;
    let start = format!("/pods/{NAMESPACE}/");
    let old = contents.keys().find_map(|key| key.strip_prefix(&start)).unwrap().to_owned();
    let pods: Api<Pod> = Api::namespaced(cluster.client(), NAMESPACE);
    pods.delete(&old, &DeleteParams::default()).await.unwrap();
    let key = format!("{start}{old}");
    cluster.until(|contents| !contents.contains_key(&key) && ready(contents) == 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_in_between_is_counted_in_requests_and_reconnects() {
    let cluster = Cluster::start().await;
    cluster.run("install").await.expect(0);
    let mut grip = cluster.hold("patch secrets workflow-apiserver-certs", 0);
    let rotating = Running::start(&cluster, "-o json");
    grip.reached().await.unwrap();
    restart(&cluster).await;
    grip.release();
    let output: Output = rotating.end().await.expect(1);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_ne!(report["requests"]["failed"], 0, "{report}");
    assert_eq!(report["watches"]["held"], 4);
    assert!(report["watches"]["reconnects"].as_u64() >= Some(1), "{report}");
    assert!(output.stderr.contains("requests failed while certificates were rotated"), "{}", output.stderr);
    is_well(&cluster).await;
}
