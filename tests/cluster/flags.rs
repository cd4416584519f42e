//! The flags of Deployments that were written for servers built with `k8s.io/apiserver`.

use crate::support::{ALL, Authority, Kube, Setup};

#[tokio::test(flavor = "multi_thread")]
async fn a_usual_deployment_starts_it() {
    let (kube, front) = (Kube::start().await, Authority::new("front"));
    kube.publishes(&[&Authority::new("another")], &[]);
    let setup = Setup::without_a_subcommand(&kube);
    let bundle = setup.file("requestheader-ca.crt", &front.pem());
    let server = setup
        .with("--requestheader-client-ca-file", bundle)
        .with("--requestheader-allowed-names", "front-proxy-client")
        .with("--requestheader-extra-headers-prefix", "X-Remote-Extra-")
        .with("--requestheader-group-headers", "X-Remote-Group")
        .with("--requestheader-username-headers", "X-Remote-User")
        .with("--enable-priority-and-fairness", "false")
        .with("--feature-gates", "WatchList=true,APIResponseCompression=false")
        .with("--audit-log-maxage", "7")
        .with("-v", "2")
        .ready();
    server.client(&front.client("front-proxy-client")).get_as("alice", ALL).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flag_without_effect_says_so() {
    let kube = Kube::start().await;
    let mut starting = Setup::of(&kube).with("--profiling", "true").started();
    starting.says("--profiling changes nothing: there are no profiles");
}
