//! Runs that are stopped, and gone on with by others.

use tokio::process::Command;

use super::NAMESPACE;
use super::standin::{Cluster, Output};

/// Installs until a write that comes after `spared` others, and stops there; tells whether there was such a write.
async fn stopped_after(cluster: &Cluster, spared: usize, command: &str) -> bool {
    let mut grip = cluster.hold("patch *", spared);
    let child = cluster.wfctl(command.split(' ')).spawn().unwrap();
    let id = child.id().unwrap();
    let ended = tokio::spawn(Output::of(child));
    let mut ended = std::pin::pin!(ended);
    tokio::select! {
        _ = grip.reached() => {}
        output = &mut ended => {
            output.unwrap().expect(0);
            return false;
        }
    }
    let kill = Command::new("sh").args(["-c", &format!("kill -INT {id}")]).status().await;
    assert!(kill.unwrap().success());
    let output = ended.await.unwrap();
    assert_ne!(output.code, Some(0), "{output:?}");
    assert!(output.stderr.contains("run wfctl install again"), "{}", output.stderr);
    grip.release();
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_goes_on_after_any_interruption() {
    let cluster = Cluster::start().await;
    let mut spared = 0;
    while stopped_after(&cluster, spared, "install").await {
        spared += 3;
    }
    assert!(spared > 9, "only {spared} writes were made");
    cluster.run("install").await.expect(0);
    cluster.run("status").await.expect(0);
    let deployment = format!("apps/deployments/{NAMESPACE}/workflow-apiserver");
    assert_eq!(cluster.contents().await[&deployment]["status"]["readyReplicas"], 1);
}
