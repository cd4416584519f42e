//! The life of an installation.

use super::standin::Cluster;
use super::{NAMESPACE, changes, lasting};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_is_proven_repeated_looked_at_renewed_and_removed() {
    let cluster = Cluster::start().await;
    let before: Vec<_> = lasting(&cluster).await.into_keys().collect();
    let output = cluster.run("install -o json").await.expect(0);
    let report: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(report["healthy"], true, "{report}");

    let installed = lasting(&cluster).await;
    cluster.run("install").await.expect(0);
    assert_eq!(lasting(&cluster).await, installed, "the second run changed something");

    cluster.run("certs rotate").await.expect(0);
    let certificates = format!("/secrets/{NAMESPACE}/workflow-apiserver-certs");
    assert_ne!(lasting(&cluster).await[&certificates]["data"], installed[&certificates]["data"]);

    cluster.run("uninstall --yes").await.expect(0);
    let left: Vec<_> = lasting(&cluster).await.into_keys().filter(|key| !before.contains(key)).collect();
    let namespace = format!("/namespaces/{NAMESPACE}");
    let volume = format!("/persistentvolumeclaims/{NAMESPACE}/workflow-apiserver-data");
    assert_eq!(left, [namespace, volume]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dry_run_asks_for_nothing_that_lasts() {
    let cluster = Cluster::start().await;
    let before = lasting(&cluster).await;
    cluster.run("install --dry-run").await.expect(0);
    assert_eq!(changes(&cluster), Vec::<String>::new());
    assert_eq!(lasting(&cluster).await, before);

    cluster.run("install --wait=false").await.expect(0);
    cluster.clear_journal();
    cluster.run("install --dry-run --set replicas=1 --image other:2").await.expect(0);
    cluster.run("uninstall --dry-run").await.expect(0);
    assert_eq!(changes(&cluster), Vec::<String>::new());
}
