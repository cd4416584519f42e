//! Puts the library together: storage, cache, registry, endpoints, TLS.

use std::net::SocketAddr;

use tokio::sync::oneshot;

use crate::config::ServeConfig;
use crate::pki::dev::DevMaterial;
use crate::printer::Printer;

/// Serves until `stop` completes and the requests under way are answered.
///
/// Sends the address through `ready` once requests are accepted; a receiver that is gone is no error.
///
/// # Errors
///
/// The store cannot be opened or the address not be listened on.
pub(super) async fn run_server(
    config: ServeConfig,
    material: DevMaterial,
    printer: &Printer,
    ready: oneshot::Sender<SocketAddr>,
    stop: impl Future<Output = ()> + Send + 'static,
) -> anyhow::Result<()> {
    let _step = printer.step("Opening the store");
    tracing::debug!(?config, ?material, "starting");
    drop((ready, stop));
    anyhow::bail!("this build has no API server yet: {:?} cannot be opened", config.storage)
}
