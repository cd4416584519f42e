//! The authority of the front proxies is exchanged while they ask.

use crate::support::{ALL, Authority, Kube, Load, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn no_request_is_refused_while_the_authority_is_exchanged() {
    let (kube, old, new) = (Kube::start().await, Authority::new("front"), Authority::new("front"));
    kube.publishes(&[&old], &[]);
    let mut server = Setup::of(&kube).ready();
    let load = Load::of(server.client(&old.client("aggregator")));
    load.goes_on().await;
    kube.publishes(&[&old, &new], &[]);
    server.says("took over");
    load.goes_on().await;
    load.goes_through(server.client(&new.client("aggregator")));
    load.goes_on().await;
    kube.publishes(&[&new], &[]);
    server.says("took over");
    load.goes_on().await;
    load.ends().await;
    server.client(&old.client("aggregator")).get_as("alice", ALL).await.expect(401);
}
