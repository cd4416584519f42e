//! The serving certificate in a Secret.

use crate::support::{ALL, Authority, Identity, Kube, Load, Server, Setup, Starting};

/// A cluster with one front proxy, and a server that shows what is in a Secret.
struct Scene {
    kube: Kube,
    front: Identity,
}

impl Scene {
    async fn new() -> Self {
        let (kube, front) = (Kube::start().await, Authority::new("front"));
        kube.publishes(&[&front], &[]);
        Self { kube, front: front.client("aggregator") }
    }

    fn start(&self) -> Starting {
        Setup::bare(&self.kube).with("--tls-secret", "workflow-system/certs").started()
    }

    fn keeps(&self, issued: &Identity) {
        let (certificate, key) = issued.pem();
        self.kube.keeps("certs", &certificate, &key);
    }

    /// Starts the server with a good certificate.
    fn ready(&self) -> Server {
        let starting = self.start();
        self.keeps(&starting.authority().server());
        let mut server = starting.listening();
        server.is_ready();
        server
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_certificate_is_served_without_breaking_a_connection() {
    let scene = Scene::new().await;
    let mut server = scene.ready();
    let load = Load::of(server.client(&scene.front));
    load.goes_on().await;
    let next = Authority::new("next");
    scene.keeps(&next.server());
    server.says("serving a new certificate");
    server.client_trusting(&next, &scene.front).get_as("alice", ALL).await.expect(200);
    load.goes_on().await;
    load.ends().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_good_certificate_outlives_broken_ones() {
    let scene = Scene::new().await;
    let mut server = scene.ready();
    let next = Authority::new("next");
    let (good, over) = (next.server(), next.server_until(2002));
    let ((certificate, key), (other, _)) = (good.pem(), next.server().pem());
    let (expired, its_key) = over.pem();
    for (certificate, key) in
        [("", ""), ("garbage", key.as_str()), (&other, &key), (&certificate, ""), (&expired, &its_key)]
    {
        scene.kube.keeps("certs", certificate, key);
        server.says("keeping the serving certificate");
        server.client(&scene.front).get_as("alice", ALL).await.expect(200);
    }
    scene.kube.change(|state| state.secrets.remove("certs"));
    server.says("there is no such Secret");
    let proxy = server.client(&scene.front);
    let failures = "embedded_server_serving_certificate_reloads_total{status=\"failure\"}";
    assert_eq!(proxy.metric(failures).await, 6.0);
    let expiry = "embedded_server_serving_certificate_expiration_timestamp_seconds";
    let before = proxy.metric(expiry).await;
    scene.keeps(&next.server_until(2099));
    server.says("serving a new certificate");
    let after = server.client_trusting(&next, &scene.front).metric(expiry).await;
    assert!(after < before, "{after} {before}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_listens_before_there_is_a_certificate() {
    let scene = Scene::new().await;
    let mut starting = scene.start();
    starting.says("there is no such Secret");
    scene.kube.keeps("certs", "", "");
    starting.says("the serving certificate cannot be read");
    let issued = starting.authority().server();
    scene.keeps(&issued);
    let server = starting.listening();
    server.client(&scene.front).get("/livez").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_waits_for_its_certificate_can_be_stopped() {
    let scene = Scene::new().await;
    let mut starting = scene.start();
    starting.says("there is no such Secret");
    assert!(starting.stopped().success());
}
