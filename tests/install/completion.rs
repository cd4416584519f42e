//! What shells offer that only the cluster knows.

use super::standin::{Cluster, Output};

/// Returns what fish is told.
async fn offered(cluster: &Cluster, line: &str) -> Vec<String> {
    let words = ["--", "wfctl"].into_iter().chain(line.split(' '));
    let asked = cluster.wfctl(words).env("WFCTL_COMPLETE", "fish").spawn().unwrap();
    let output = Output::of(asked).await.expect(0);
    assert_eq!(output.stderr, "");
    output.stdout.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn namespaces_are_those_of_the_cluster() {
    let cluster = Cluster::start().await;
    assert_eq!(offered(&cluster, "status -n kube-s").await, ["kube-system"]);
    assert_eq!(offered(&cluster, "status --namespace=kube-s").await, ["--namespace=kube-system"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_see_namespaces_is_offered_none() {
    let cluster = Cluster::start().await;
    cluster.refuse("list namespaces");
    assert_eq!(offered(&cluster, "status -n ").await, [""; 0]);
}
