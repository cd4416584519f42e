//! Rotations that somebody no longer wants.

use super::installation::*;
use super::running::Running;
use super::standin::Cluster;
use super::transcript::Transcript;

/// Begins to rotate, stops before a write, and changes its mind.
async fn aborted_before(cluster: &Cluster, transcript: &mut Transcript, write: &str, spared: usize) {
    let mut grip = cluster.hold(&format!("patch * {write}"), spared);
    let rotating = Running::start(cluster, "");
    grip.reached().await.unwrap();
    let output = rotating.interrupt().await.expect(130);
    grip.release();
    transcript.add("certs rotate", &output);
    transcript.add("certs rotate --abort", &rotate(cluster, "--abort").await.expect(0));
    is_well(cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_abort_goes_back_as_long_as_there_is_a_way() {
    let cluster = installed().await;
    let (witness, mut transcript) = (witness(&cluster), Transcript::default());
    let before = certificate(&cluster, AUTHORITIES).await;
    transcript.add("certs rotate --abort", &rotate(&cluster, "--abort").await.expect(0));
    for (note, write, spared) in [
        ("stopped before it distributes", TRUST, 0),
        ("stopped before it switches", SERVING, 0),
        ("stopped before it forgets", AUTHORITIES, 1),
    ] {
        transcript.note(note);
        aborted_before(&cluster, &mut transcript, write, spared).await;
        assert_eq!(certificate(&cluster, AUTHORITIES).await, before, "{note}");
    }
    transcript.note("stopped when the way back is gone");
    aborted_before(&cluster, &mut transcript, SERVING, 1).await;
    assert_ne!(certificate(&cluster, AUTHORITIES).await, before);
    was_trusted(witness).await;
    transcript.check("abort");
}
