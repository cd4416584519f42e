//! What a server in a cluster shows.

use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use embedded_server::clock::{Clock, SystemClock};
use embedded_server::metrics::Metrics;
use embedded_server::server::{ServingCertificate, pem};

use crate::commands::serve::certificate_files::CertificateFiles;
use crate::commands::serve::server::followed;
use crate::config::ServingFiles;
use crate::failure::Hint;
use crate::pki::{Authority, Leaf, San};

/// How long a certificate lasts that is made at the start.
const MADE_UP: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Follows the files with the certificate, or makes one that nobody has reason to trust.
///
/// # Errors
///
/// The files cannot be read or do not belong together.
pub(super) fn certificate(
    files: Option<&ServingFiles>,
    listen: IpAddr,
    metrics: &Metrics,
) -> anyhow::Result<ServingCertificate> {
    match files.cloned() {
        Some(ServingFiles { certificate, key }) => {
            let certificate = followed(CertificateFiles { certificate, key }, metrics);
            certificate.hint("--tls-cert-file and --tls-private-key-file take PEM files that belong together")
        }
        None => {
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
