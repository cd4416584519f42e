//! Starts Kubernetes' sample-apiserver and its etcd, and stops them when dropped.
//!
//! It asks the cluster of the kubeconfig who its clients are, what they may do and which namespaces there are.

use std::env;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request};
use kube::Config;
use kube::config::Kubeconfig;
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::{interval, timeout};

use super::server::Server;

const PATIENCE: Duration = Duration::from_secs(30);

/// A running sample-apiserver without any objects.
pub(crate) struct Sample {
    pub(crate) server: Server,
    _processes: [Child; 2],
    _directory: TempDir,
}

impl Sample {
    /// Starts one and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (etcd, peers, port) = (free_port(), free_port(), free_port());
        let processes = [store(&directory, etcd, peers), server(&directory, etcd, port)];
        let client = client(port).await;
        timeout(PATIENCE, ready(&client)).await.expect("the sample-apiserver is ready");
        Self { server: Server::Cluster(client), _processes: processes, _directory: directory }
    }
}

/// Returns a client that shows the sample what the kubeconfig has to show.
async fn client(port: u16) -> kube::Client {
    let mut config = Config::infer().await.unwrap();
    config.cluster_url = format!("https://127.0.0.1:{port}").parse().unwrap();
    (config.root_cert, config.tls_server_name, config.accept_invalid_certs) = (None, None, true);
    kube::Client::try_from(config).unwrap()
}

async fn ready(client: &kube::Client) {
    let mut tick = interval(Duration::from_millis(200));
    let asked = || Request::builder().method(Method::GET).uri("/readyz").body(Bytes::new()).unwrap();
    while !client.send(asked().map(Into::into)).await.is_ok_and(|answer| answer.status().is_success()) {
        tick.tick().await;
    }
}

fn store(directory: &TempDir, port: u16, peers: u16) -> Child {
    let (clients, peers) = (url(port), url(peers));
    start("etcd", |etcd| {
        etcd.arg("--data-dir").arg(directory.path().join("etcd"));
        etcd.args(["--listen-client-urls", &clients, "--advertise-client-urls", &clients]);
        etcd.args(["--listen-peer-urls", &peers, "--initial-advertise-peer-urls", &peers]);
        etcd.args(["--name", "sample", "--initial-cluster", &format!("sample={peers}")]);
    })
}

fn server(directory: &TempDir, etcd: u16, port: u16) -> Child {
    let kubeconfig = kubeconfig(directory);
    start("sample-apiserver", |server| {
        server.args(["--etcd-servers", &url(etcd), "--bind-address", "127.0.0.1"]);
        server.args(["--secure-port", &port.to_string(), "--cert-dir"]).arg(directory.path().join("certs"));
        for flag in ["--kubeconfig", "--authentication-kubeconfig", "--authorization-kubeconfig"] {
            server.arg(flag).arg(&kubeconfig);
        }
    })
}

/// Writes one file of what may be several.
fn kubeconfig(directory: &TempDir) -> PathBuf {
    let file = directory.path().join("kubeconfig");
    let all = Kubeconfig::read().expect("a kubeconfig");
    std::fs::write(&file, serde_json::to_string(&all).unwrap()).unwrap();
    file
}

/// Starts a program of those that tests of Kubernetes' controllers use.
fn start(name: &str, describe: impl Fn(&mut Command)) -> Child {
    let directory =
        env::var("KUBEBUILDER_ASSETS").unwrap_or_else(|_| "/usr/local/kubebuilder/bin".to_owned());
    let program = PathBuf::from(directory).join(name);
    let mut command = Command::new(&program);
    describe(&mut command);
    command.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    command.spawn().unwrap_or_else(|error| panic!("{}: {error}", program.display()))
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}
