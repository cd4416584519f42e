//! Where it is known from whom to trust, and what happens when it is not known.

use serde_json::json;

use crate::support::{ALL, Authority, Kube, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_let_in_before_the_configuration_could_be_read() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    kube.change(|state| state.forbids = true);
    let mut server = Setup::of(&kube).listening();
    server.says("extension-apiserver-authentication-reader");
    server.stranger().get("/livez").await.expect(200);
    let unready = server.stranger().get("/readyz").await.expect(500);
    assert!(unready.text.contains("[-]authentication-configuration failed"), "{}", unready.text);
    let proxy = server.client(&front.client("aggregator"));
    proxy.get_as("alice", ALL).await.expect(401);
    kube.change(|state| state.forbids = false);
    server.is_ready();
    server.stranger().get("/readyz").await.expect(200);
    proxy.get_as("alice", ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_is_missing_is_waited_for() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    let mut server = Setup::of(&kube).listening();
    server.says("there is no ConfigMap kube-system/extension-apiserver-authentication");
    server.stranger().get("/readyz").await.expect(500);
    kube.publishes_data(&json!({"client-ca-file": front.pem()}));
    server.says("requestheader-client-ca-file is missing");
    server.stranger().get("/readyz").await.expect(500);
    kube.publishes(&[&front], &[]);
    server.is_ready();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_good_last_counts_until_something_good_replaces_it() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&front], &[]);
    let mut server = Setup::of(&kube).ready();
    let proxy = server.client(&front.client("aggregator"));
    for garbage in [
        json!({}),
        json!({"requestheader-client-ca-file": "garbage"}),
        json!({"requestheader-client-ca-file": front.pem(), "requestheader-username-headers": "X-Remote-User"}),
    ] {
        kube.publishes_data(&garbage);
        server.says("does not say which front proxies to trust; what it said earlier still counts");
        proxy.get_as("alice", ALL).await.expect(200);
    }
    kube.change(|state| state.config_maps.remove("extension-apiserver-authentication"));
    server.says("there is no ConfigMap");
    proxy.get_as("alice", ALL).await.expect(200);
    let next = Authority::new("next");
    kube.publishes(&[&next], &[]);
    server.says("took over");
    proxy.get_as("alice", ALL).await.expect(401);
    server.client(&next.client("aggregator")).get_as("alice", ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_that_is_too_old_begins_anew() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&Authority::new("old")], &[]);
    let mut server = Setup::of(&kube).ready();
    kube.change(|state| {
        let next = json!({"data": {
            "requestheader-client-ca-file": front.pem(),
            "requestheader-username-headers": r#"["X-Remote-User"]"#,
        }});
        let name = "extension-apiserver-authentication";
        state.config_maps.behind_the_back_of_watches(|maps| maps.put(name, next));
    });
    server.says("took over");
    server.client(&front.client("any name")).get_as("alice", ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn flags_count_more_than_the_cluster() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&Authority::new("another")], &[]);
    let setup = Setup::of(&kube);
    let bundle = setup.file("requestheader-ca.crt", &front.pem());
    let server = setup
        .with("--requestheader-client-ca-file", bundle)
        .with("--requestheader-allowed-names", "front-proxy-client")
        .with("--requestheader-extra-headers-prefix", "X-Remote-Extra-")
        .with("--requestheader-group-headers", "X-Remote-Group")
        .with("--requestheader-username-headers", "X-Remote-User")
        .ready();
    server.client(&front.client("front-proxy-client")).get_as("alice", ALL).await.expect(200);
    server.client(&front.client("aggregator")).get_as("alice", ALL).await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_looked_up_when_that_is_said() {
    let (kube, clients) = (Kube::start().await, Authority::new("clients"));
    kube.change(|state| state.forbids = true);
    let setup = Setup::of(&kube);
    let bundle = setup.file("client-ca.crt", &clients.pem());
    let server = setup.with("--authentication-skip-lookup", "true").with("--client-ca-file", bundle).ready();
    server.client(&clients.client("alice")).get(ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_can_be_tolerated() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.change(|state| state.forbids = true);
    let server = Setup::of(&kube).with("--authentication-tolerate-lookup-failure", "true").ready();
    let proxy = server.client(&front.client("aggregator"));
    let refused = proxy.get_as("alice", ALL).await.expect(403).json();
    assert!(refused["message"].as_str().unwrap().contains("User \"system:anonymous\""), "{refused}");
}
