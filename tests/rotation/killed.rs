//! Rotations that are killed, and gone on with by others.

use super::installation::*;
use super::running::Running;
use super::standin::Cluster;

/// What is there when a write is about to be made: the authorities that are trusted, and whether there is a way back.
async fn stand(cluster: &Cluster) -> (usize, bool) {
    let way_back = !object(cluster, AUTHORITIES).await["data"]["previous.key"].is_null();
    (trusted(cluster).await, way_back)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_between_two_writes_is_followed_by_another() {
    let cluster = installed().await;
    scale(&cluster, 2).await;
    let witness = witness(&cluster);
    let mut about = Vec::new();
    // One write lands, and before the next one the process is gone.
    for flags in ["", "--if-needed", "--if-needed", "--if-needed", "--if-needed"] {
        let mut grip = cluster.hold("patch *", 1);
        let rotating = Running::start(&cluster, flags);
        let ask = grip.reached().await.unwrap();
        about.push((ask.name, stand(&cluster).await));
        rotating.kill().await;
        grip.release();
    }
    let (yes, no) = (true, false);
    let about: Vec<_> = about.iter().map(|(name, stand)| (name.as_str(), *stand)).collect();
    let expected = [
        (TRUST, (1, yes)),
        (SERVING, (2, yes)),
        (AUTHORITIES, (2, yes)),
        (SERVING, (2, no)),
        (TRUST, (2, no)),
    ];
    assert_eq!(about, expected);
    let report = report(&cluster, "--if-needed", 0).await;
    assert_eq!((&report["rotated"], &report["requests"]["failed"]), (&true.into(), &0.into()));
    was_trusted(witness).await;
    assert_eq!(writes(&cluster), [AUTHORITIES, TRUST, SERVING, AUTHORITIES, SERVING, TRUST]);
    is_well(&cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_killed_at_any_step_is_followed_by_another() {
    let cluster = installed().await;
    let witness = witness(&cluster);
    for step in [
        "making a new authority",
        "publishing 2 authorities",
        "waiting until every kube-apiserver",
        "issuing a new serving certificate",
        "watching every replica",
        "deleting the key",
        "shutting out",
        "leaving 1 authority",
    ] {
        // The first that dies may not have begun yet.
        let under_way = trusted(&cluster).await > 1 || stand(&cluster).await.1;
        let mut rotating = Running::start(&cluster, if under_way { "--if-needed" } else { "" });
        rotating.says(step).await;
        rotating.kill().await;
    }
    let report = report(&cluster, "--if-needed", 0).await;
    assert_eq!(report["requests"]["failed"], 0, "{report}");
    was_trusted(witness).await;
    is_well(&cluster).await;
}
