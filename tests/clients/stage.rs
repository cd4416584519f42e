//! A server, the way to it, and what can happen to both.

use std::path::{Path, PathBuf};

use kube::Client;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::config::Kubeconfig;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;

use super::follower::{MARK, MARKED, name_of};
use super::picture::to_values;
use super::relay::Relay;
use super::selection::{NAMESPACE, Selection};
use super::support::{Home, Protocol, Server, connect};
use super::writers::{manifest, phase};

pub(crate) struct Stage {
    home: Home,
    server: Option<Server>,
    pub(crate) relay: Relay,
    /// A client of the server that runs now, which does not go through the relay.
    direct: watch::Sender<Client>,
    /// Where the kubeconfig of those lies who come through the relay.
    directory: TempDir,
    marks: usize,
}

impl Stage {
    /// Starts a server that stores nothing but what is going to be marked.
    pub(crate) async fn open() -> Self {
        let (home, relay) = (Home::new(), Relay::start().await);
        let server = home.start();
        let direct = watch::Sender::new(server.client(Protocol::Http1).await);
        let directory = tempfile::tempdir().unwrap();
        let stage = Self { home, server: Some(server), relay, direct, directory, marks: 0 };
        write_kubeconfig(&stage.home.kubeconfig(), &stage.kubeconfig(), &stage.relay);
        stage.let_in();
        stage.make_marked().await;
        stage
    }

    /// Returns the path of the kubeconfig for clients that come through the relay.
    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// Returns a client that comes through the relay.
    pub(crate) async fn client(&self, protocol: Protocol) -> Client {
        connect(&self.kubeconfig(), protocol).await
    }

    /// Returns clients that do not, one after the other as servers come.
    pub(crate) fn direct_clients(&self) -> watch::Receiver<Client> {
        self.direct.subscribe()
    }

    pub(crate) fn direct(&self) -> Client {
        self.direct.borrow().clone()
    }

    pub(crate) async fn list(&self, selection: &Selection) -> Vec<Value> {
        to_values(selection.list(self.direct()).await)
    }

    /// Writes the next mark and returns it. Whoever has seen it has seen all that was written before.
    pub(crate) async fn mark(&mut self) -> String {
        self.marks += 1;
        let mark = self.marks.to_string();
        let patch = Patch::Merge(json!({ "metadata": { "labels": { MARK: mark } } }));
        let api: Api<DynamicObject> = NAMESPACE.api(self.direct());
        api.patch(name_of(MARKED), &PatchParams::default(), &patch).await.unwrap();
        mark
    }

    async fn make_marked(&self) {
        let (name, api) = (name_of(MARKED), NAMESPACE.api(self.direct()));
        api.create(&PostParams::default(), &manifest(name, &json!({ "app": "x" }), 1)).await.unwrap();
        let running = Patch::Merge(phase("Running"));
        api.patch_status(name, &PatchParams::default(), &running).await.unwrap();
    }

    /// Kills the server and starts it again.
    pub(crate) async fn kill(&mut self) {
        self.server.take().unwrap().kill();
        self.start().await;
    }

    /// Asks the server to stop and starts it again once it has.
    pub(crate) async fn stop(&mut self) {
        let server = self.server.take().unwrap();
        server.terminate();
        let (status, log) = server.ended();
        assert!(status.success(), "{status}:\n{log}");
        self.start().await;
    }

    /// Lets clients in again.
    pub(crate) fn let_in(&self) {
        self.relay.lead_to(address(&self.home.kubeconfig()));
    }

    async fn start(&mut self) {
        let server = self.home.start();
        self.direct.send_replace(server.client(Protocol::Http1).await);
        self.server = Some(server);
        self.let_in();
    }
}

fn write_kubeconfig(from: &Path, to: &Path, relay: &Relay) {
    let mut kubeconfig = Kubeconfig::read_from(from).unwrap();
    let cluster = kubeconfig.clusters[0].cluster.as_mut().unwrap();
    cluster.server = Some(format!("https://{}", relay.address));
    std::fs::write(to, serde_json::to_vec(&kubeconfig).unwrap()).unwrap();
}

/// Returns where the server listens that a kubeconfig names.
fn address(kubeconfig: &Path) -> std::net::SocketAddr {
    let kubeconfig = Kubeconfig::read_from(kubeconfig).unwrap();
    let server = kubeconfig.clusters[0].cluster.as_ref().unwrap().server.clone().unwrap();
    server.strip_prefix("https://").unwrap().parse().unwrap()
}
