//! Pods that cannot run, and what an installation says that waits for them.

use std::collections::BTreeMap;

use futures::StreamExt;
use futures::stream;
use serde_json::Value;

use super::hands::until_ready;
use super::standin::{Cluster, Output, Trouble};
use super::transcript::Transcript;

/// How many clusters a machine can well have at once.
const AT_ONCE: usize = 3;

/// Installs with more and more time until it is told what keeps it: how much it takes to come so far is up to the machine.
pub(crate) async fn fails_with(cluster: &Cluster, command: &str, why: &str) -> Output {
    for seconds in [5, 10, 20, 40, 80, 160] {
        let output = cluster.run(&format!("{command} --timeout {seconds}s")).await.expect(1);
        let (_, error) = output.stderr.split_once("error: ").unwrap();
        if error.contains(why) {
            let stderr = output.stderr.replace(&format!(" in {seconds}s\n"), " in 5s\n");
            return Output { stderr, ..output };
        }
    }
    panic!("{why} was never told of");
}

/// Installs over pods that have a trouble already, and expects to be told of it. Those that crash would be replaced: they
/// crash while the installation looks on.
async fn told(trouble: Trouble, sign: &str) -> Output {
    let cluster = Cluster::start().await;
    let crashes = matches!(trouble, Trouble::Crash(_));
    cluster.trouble(trouble);
    let output = if crashes {
        cluster.run("install --timeout 160s").await.expect(1)
    } else {
        cluster.run("install --wait=false").await.expect(0);
        cluster.until(|contents| says(contents, sign)).await;
        fails_with(&cluster, "install", sign).await
    };
    cluster.trouble(None);
    until_ready(&cluster, 1).await;
    cluster.run("install").await.expect(0);
    output
}

/// Tells whether somebody who knows says it of pods.
fn says(contents: &BTreeMap<String, Value>, sign: &str) -> bool {
    let kinds = ["/pods/", "/events/", "apps/replicasets/"];
    let known = contents.iter().filter(|(key, _)| kinds.iter().any(|kind| key.starts_with(kind)));
    let said = |object: &Value| {
        object["message"].as_str().map_or_else(|| object["status"].to_string(), str::to_owned)
    };
    known.map(|(_, object)| said(object)).any(|said| said.contains(sign))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pod_that_cannot_run_is_told_with_its_reason() {
    let lines = ["starting", "error: the store is locked"].map(str::to_owned);
    let quota = "exceeded quota: small, requested: pods=1, used: pods=4, limited: pods=4";
    let no_node = "0/1 nodes are available: 1 Insufficient memory.";
    let troubles = [
        ("there is no such image", Trouble::NoImage, "ImagePullBackOff"),
        ("the server crashes", Trouble::Crash(lines.into()), "the store is locked"),
        ("the server is never ready", Trouble::Unready, "HTTP probe failed"),
        ("the quota is used up", Trouble::Quota(quota.to_owned()), "exceeded quota"),
        ("no node has room", Trouble::NoNode(no_node.to_owned()), "Insufficient memory"),
        ("there is no volume", Trouble::NoVolume, "unbound immediate"),
    ];
    let outputs: Vec<_> = stream::iter(troubles)
        .map(async |(what, trouble, sign)| (what, told(trouble, sign).await))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut transcript = Transcript::new();
    for (what, output) in outputs {
        transcript.note(what);
        transcript.add("install --timeout 5s", &output);
    }
    transcript.check("install-troubles");
}
