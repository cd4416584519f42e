//! What a server in a cluster shows.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::metrics::Metrics;
use embedded_server::server::{ServingCertificate, pem};

use crate::cluster;
use crate::commands::serve::certificate::{CertificateFiles, CertificateSecret};
use crate::commands::serve::server::told;
use crate::config::{ClusterConfig, Serving};
use crate::failure::Hint;
use crate::pki::{Authority, Leaf, San};

/// How long a certificate lasts that is made at the start.
const MADE_UP: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Follows the certificate where it is, or makes one that nobody has reason to trust. Waits for a Secret that is not
/// there yet.
///
/// # Errors
///
/// The files cannot be read or do not belong together; there is no cluster to find the Secret in.
pub(super) async fn certificate(
    cluster: &ClusterConfig,
    listen: IpAddr,
    metrics: &Metrics,
) -> anyhow::Result<ServingCertificate> {
    let (clock, told) = (Arc::new(SystemClock), told(metrics));
    match cluster.serving.clone() {
        Serving::Files { certificate, key } => CertificateFiles { certificate, key }
            .follow(clock, told)
            .hint("--tls-cert-file and --tls-private-key-file take PEM files that belong together"),
        Serving::Secret(name) => {
            let client = cluster::connect(cluster.core.as_deref()).await?;
            Ok(CertificateSecret::watch(client, name).follow(clock, told).await)
        }
        Serving::MadeUp => {
            tracing::warn!(
                "there is no --tls-cert-file: clients cannot verify the certificate made for this run"
            );
            served(&make_up(listen)?)
        }
    }
}

fn served(leaf: &Leaf) -> anyhow::Result<ServingCertificate> {
    let chain =
        pem::certificates(leaf.certificate.as_bytes()).context("cannot read the serving certificate")?;
    let key = pem::private_key(leaf.key.expose_pem().as_bytes()).context("cannot read the serving key")?;
    Ok(ServingCertificate::new(chain, key)?)
}

fn make_up(listen: IpAddr) -> anyhow::Result<Leaf> {
    let now = SystemClock.now();
    let names = [San::from("localhost"), San::Ip(listen)];
    let authority = Authority::generate(now, MADE_UP).context("cannot make a certificate")?;
    authority.issue_serving(now, MADE_UP, "wfctl", &names).context("cannot make a certificate")
}
