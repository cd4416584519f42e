//! Handshakes: who shows what, whether or not it can be believed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures::future::join_all;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;

use super::expectation::{Expectation, Rejected};
use super::reach::{self, Direct, Forwarded};
use super::replicas::Replica;
use crate::cluster::Client;
use crate::pki::inspect::Facts;

/// How long a handshake may take once there is a connection.
const PATIENCE: Duration = Duration::from_secs(5);

/// A replica, and what came of the handshake with it.
#[derive(Debug)]
pub(crate) struct Seen {
    /// Whose hand was shaken.
    pub(crate) replica: Replica,
    /// What it showed, or why it could not be asked.
    pub(crate) shown: anyhow::Result<Shown>,
}

/// What a server showed; it has proved to have the key.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Shown {
    /// What the certificate says.
    pub(crate) leaf: Facts,
    /// Whether it is as expected.
    pub(crate) verdict: Result<(), Rejected>,
}

/// Shakes hands with all `replicas` in `namespace` side by side, for some seconds at most.
///
/// A replica is called at its address. From outside the cluster that may lead nowhere, or even to somebody else: so
/// one that does not answer there as expected is called through kube-apiserver too, if that is allowed.
pub(crate) async fn shake_hands(
    client: &Client,
    namespace: &str,
    replicas: Vec<Replica>,
    expectation: &Expectation<'_>,
) -> Vec<Seen> {
    join_all(replicas.into_iter().map(async |replica| {
        let shown = shake_hand(client, namespace, &replica, expectation).await;
        Seen { replica, shown }
    }))
    .await
}

async fn shake_hand(
    client: &Client,
    namespace: &str,
    replica: &Replica,
    expectation: &Expectation<'_>,
) -> anyhow::Result<Shown> {
    let direct = directly(replica, expectation).await;
    if direct.as_ref().is_ok_and(|shown| shown.verdict.is_ok()) || replica.address.is_none() {
        return direct;
    }
    match (forwarded(client, namespace, replica, expectation).await, direct) {
        (Ok(shown), _) | (Err(_), Ok(shown)) => Ok(shown),
        (Err(forwarded), Err(direct)) => Err(anyhow!("{direct:#}; {forwarded:#}")),
    }
}

async fn directly(replica: &Replica, expectation: &Expectation<'_>) -> anyhow::Result<Shown> {
    let Direct(stream) = reach::directly(replica).await?;
    shown(stream, expectation).await
}

async fn forwarded(
    client: &Client,
    namespace: &str,
    replica: &Replica,
    expectation: &Expectation<'_>,
) -> anyhow::Result<Shown> {
    let Forwarded { stream, _tunnel } = reach::through_the_cluster(client, namespace, replica).await?;
    shown(stream, expectation).await
}

/// Shakes hands over `stream`.
///
/// # Errors
///
/// There was no handshake, or no certificate in it that can be read.
pub(super) async fn shown<S>(stream: S, expectation: &Expectation<'_>) -> anyhow::Result<Shown>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let host = ServerName::try_from(expectation.host.to_owned())?;
    let connecting = TlsConnector::from(curious()?).connect(host, stream);
    let connected = tokio::time::timeout(PATIENCE, connecting).await;
    let connected = connected.context("no TLS handshake in 5 seconds")?.context("no TLS handshake")?;
    let chain = connected.get_ref().1.peer_certificates().unwrap_or_default();
    let leaf = chain.first().and_then(|leaf| Facts::from_der(leaf));
    let leaf = leaf.ok_or_else(|| anyhow!(Rejected::Unreadable))?;
    Ok(Shown { leaf, verdict: expectation.check(chain) })
}

/// Returns the settings of a client that looks at any certificate, and sends nothing to whom it does not believe.
fn curious() -> anyhow::Result<Arc<ClientConfig>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions()?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(Curious(provider)));
    Ok(Arc::new(config.with_no_client_auth()))
}

/// Lets every certificate pass, to be judged afterwards; but not a server without its key.
#[derive(Debug)]
struct Curious(Arc<CryptoProvider>);

impl ServerCertVerifier for Curious {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
