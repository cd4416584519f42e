//! Pods that crash: what is said of them, and what becomes of them when somebody installs again.

use super::standin::{Cluster, Output, Trouble};

/// More lines than a kubelet keeps of them, and than are shown.
fn crash() -> Trouble {
    Trouble::Crash((1..=30).map(|line| format!("line {line}.")).collect())
}

/// Installs what crashes, and waits until it is given up.
async fn given_up() -> (Cluster, String) {
    let cluster = Cluster::start().await;
    cluster.trouble(crash());
    let output = cluster.run("install --timeout 60s").await.expect(1);
    (cluster, output.stderr)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_ten_lines_of_a_crash_are_shown_from_the_log_or_from_what_the_kubelet_kept() {
    let (cluster, told) = given_up().await;
    assert!(told.contains("and said:\n    line 21.\n"), "{told}");
    assert!(told.contains("    line 30.\n") && !told.contains("line 20."), "{told}");

    let status = cluster.run("status").await.expect(1).stdout;
    assert!(status.contains("Error, exit status 1: line 28. | line 29. | line 30."), "{status}");

    cluster.refuse("get pods/log");
    cluster.refuse("list events");
    let status = cluster.run("status").await.expect(1).stdout;
    assert!(status.contains("Error, exit status 1: line 28. | line 29. | line 30."), "{status}");
}

/// Installs again while pods still crash, mends them once it has asked to delete one, and returns what it says.
async fn again(cluster: &Cluster) -> String {
    cluster.clear_journal();
    let installing = cluster.wfctl(["install"]).spawn().unwrap();
    cluster.until(|_| deletions(cluster).next().is_some()).await;
    cluster.trouble(None);
    Output::of(installing).await.expect(0).stderr
}

/// Returns what was answered to those who asked to delete pods.
fn deletions(cluster: &Cluster) -> impl Iterator<Item = u16> {
    let asked =
        cluster.journal().into_iter().filter(|entry| entry.ask.to_string().starts_with("delete pods"));
    asked.map(|entry| entry.code)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_was_held_back_before_starts_anew_at_once() {
    let (cluster, _) = given_up().await;
    let told = again(&cluster).await;
    assert!(told.contains("times before this run: another takes its place at once"), "{told}");
    assert_eq!(deletions(&cluster).collect::<Vec<_>>(), [200]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_pods_may_not_be_deleted_the_node_is_waited_for() {
    let (cluster, _) = given_up().await;
    cluster.refuse("delete pods");
    let told = again(&cluster).await;
    assert!(told.contains("times before this run: it starts again when its node lets it"), "{told}");
    assert_eq!(deletions(&cluster).collect::<Vec<_>>(), [403]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_template_is_judged_by_its_own_pods() {
    let (cluster, _) = given_up().await;
    cluster.trouble(None);
    let told = cluster.run("install --set podAnnotations.a=b").await.expect(0).stderr;
    assert!(!told.contains("before this run"), "{told}");
}
