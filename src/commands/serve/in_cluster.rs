//! Serving behind the aggregation layer of a cluster, which says who is who and who may do what.

mod admission;
mod delegation;
mod serving;

use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;

use embedded_server::metrics::Metrics;
use embedded_server::storage::Backend;
use tokio::sync::oneshot;

use self::delegation::{Delegated, Progress};
use super::announced;
use super::server::{self, Doors, Records};
use crate::config::{ClusterConfig, ServeConfig};
use crate::printer::Printer;
use crate::signals::Signals;

/// A server that has everything but its store.
pub(super) struct Prepared {
    doors: Doors,
    progress: Progress,
}

impl Prepared {
    /// Reads what the flags name, begins to ask the cluster, and waits for something to show to clients.
    ///
    /// # Errors
    ///
    /// The flags name files that cannot be used, or no cluster.
    pub(super) async fn of(
        cluster: &ClusterConfig,
        listen: IpAddr,
        metrics: &Metrics,
    ) -> anyhow::Result<Self> {
        let Delegated { authenticators, authorizer, admission, progress } =
            Delegated::to(cluster, metrics).await?;
        let certificate = serving::certificate(cluster, listen, metrics).await?;
        let checks = progress.checks();
        let doors = Doors { certificate, authenticators, authorizer, admission, checks };
        Ok(Self { doors, progress })
    }
}

/// Runs the server and says so once it is ready; ends when the server does.
pub(super) async fn serve_from(
    store: Arc<dyn Backend>,
    config: &ServeConfig,
    prepared: Prepared,
    records: Records,
    signals: &Signals,
    printer: &Printer,
) -> anyhow::Result<()> {
    let Prepared { doors, progress } = prepared;
    let (ready, bound) = oneshot::channel();
    let stop = announced(signals.reached(1), printer.clone());
    let mut server = pin!(server::run(config, doors, records, store, printer, ready, stop));
    tokio::select! {
        ended = &mut server => return ended,
        () = greet(bound, &progress, printer) => {}
    }
    server.await
}

/// Says where the server is, once it is ready.
async fn greet(bound: oneshot::Receiver<SocketAddr>, progress: &Progress, printer: &Printer) {
    let Ok(address) = bound.await else {
        return std::future::pending().await;
    };
    tracing::info!(%address, "listening; ready once the cluster has said whom to trust");
    progress.done().await;
    printer.note(format!("wfctl serves https://{address}"));
}
