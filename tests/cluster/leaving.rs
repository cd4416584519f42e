//! A server that is told to stop while a front proxy asks it, and another that stays.

use crate::support::{ALL, Authority, Kube, Load, Server, Setup};

/// Waits until a server is no longer ready.
async fn is_leaving(server: &Server) {
    while server.stranger().get("/readyz").await.code == 200 {}
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_one_server_goes_and_another_stays() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    let proxy = front.client("aggregator");
    let mut going = Setup::of(&kube).with("--shutdown-delay-duration", "3s").ready();
    let staying = Setup::of(&kube).ready();
    let load = Load::of(going.client(&proxy));
    load.goes_on().await;
    let follower = going.client(&proxy);
    let watch = tokio::spawn(async move { follower.get_as("alice", &format!("{ALL}?watch=true")).await });
    going.terminate();
    is_leaving(&going).await;
    going.stranger().get("/livez").await.expect(200);
    going.client(&proxy).get_as("alice", ALL).await.expect(200);
    load.goes_through(staying.client(&proxy));
    load.goes_on().await;
    assert!(going.ended().success());
    assert_eq!(watch.await.unwrap().expect(200).text, "", "it ends as if it had gone on long enough");
    load.goes_on().await;
    load.ends().await;
}
