//! Installations in ruins.

use std::sync::Arc;

use embedded_server::clock::{Clock, ManualClock, SystemClock};
use jiff::SignedDuration;
use serde_json::json;

use super::installation::*;
use super::standin::Cluster;
use super::transcript::Transcript;

async fn repaired(cluster: &Cluster, transcript: &mut Transcript, what: &str) {
    cluster.run("certs list").await.expect(1);
    transcript.note(what);
    transcript.add("certs rotate", &rotate(cluster, "").await.expect(0));
    is_well(cluster).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_expired_is_missing_or_does_not_match_is_repaired_and_told() {
    let clock = ManualClock::at(SystemClock.now());
    let cluster = installed_at(Arc::new(clock.clone())).await;
    let mut transcript = Transcript::default();

    delete(&cluster, AUTHORITIES).await;
    delete(&cluster, SERVING).await;
    publish(&cluster, None).await;
    repaired(&cluster, &mut transcript, "both Secrets and the caBundle are gone").await;

    let key = |secret: serde_json::Value| json!({"data": {"tls.key": secret["data"]["tls.key"]}});
    let keys = [key(object(&cluster, AUTHORITIES).await), key(object(&cluster, SERVING).await)];
    meddle(&cluster, AUTHORITIES, &keys[1]).await;
    meddle(&cluster, SERVING, &keys[0]).await;
    repaired(&cluster, &mut transcript, "somebody has exchanged the keys").await;

    clock.advance(SignedDuration::from_hours(3 * 365 * 24));
    repaired(&cluster, &mut transcript, "three years later").await;
    transcript.check("rescue");
}
