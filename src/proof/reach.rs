//! Ways to a replica: its address, and the tunnel that kube-apiserver offers to whoever may use it.

use std::time::Duration;

use anyhow::{Context, anyhow};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Portforwarder};
use tokio::io::DuplexStream;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::replicas::Replica;
use crate::cluster::Client;

/// Longer than packets take inside a cluster, where they either arrive or are refused.
const DIRECT: Duration = Duration::from_secs(2);
/// kube-apiserver has to connect to the node first.
const FORWARD: Duration = Duration::from_secs(5);

/// A connection to the address of a pod, whoever answers there.
#[derive(Debug)]
pub(super) struct Direct(pub(super) TcpStream);

/// A connection to a pod, and to nobody else.
pub(super) struct Forwarded {
    pub(super) stream: DuplexStream,
    pub(super) _tunnel: Tunnel,
}

/// Ends the tunnel when dropped.
pub(super) struct Tunnel(Portforwarder);

impl Drop for Tunnel {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Connects to the address of a replica.
pub(super) async fn directly(replica: &Replica) -> anyhow::Result<Direct> {
    let address = replica.address.ok_or_else(|| anyhow!("it has no address yet"))?;
    let connecting = timeout(DIRECT, TcpStream::connect((address, replica.port))).await;
    let connected = connecting.map_err(anyhow::Error::from).and_then(|connected| Ok(connected?));
    let port = replica.port;
    connected.map(Direct).with_context(|| format!("cannot connect to {address} at port {port}"))
}

/// Connects to a replica through kube-apiserver.
pub(super) async fn through_the_cluster(
    client: &Client,
    namespace: &str,
    replica: &Replica,
) -> anyhow::Result<Forwarded> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let opening = timeout(FORWARD, pods.portforward(&replica.name, &[replica.port])).await;
    let opened = opening.map_err(anyhow::Error::from).and_then(|opened| Ok(opened?));
    let mut opened = opened.context("cannot forward a port through kube-apiserver")?;
    let stream =
        opened.take_stream(replica.port).ok_or_else(|| anyhow!("the forwarded port has no stream"))?;
    Ok(Forwarded { stream, _tunnel: Tunnel(opened) })
}
